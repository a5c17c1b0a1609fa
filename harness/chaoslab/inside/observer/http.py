"""HTTP answers: when one is whole, and what it says."""

NO_BODY = (204, 304)


def http_answer(data: bytes, ended: bool = False) -> tuple[int, bytes, int] | None:
    """Return (status, body, length of the whole answer), or None while it is incomplete. ValueError: not HTTP."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        if data[:7] != b"HTTP/1."[: len(data)]:
            raise ValueError("not HTTP")
        return None
    status, lower, start = int(data[9:12]), data[:head].lower() + b"\r\n", head + 4
    if status in NO_BODY:
        return status, b"", start
    at = lower.find(b"\r\ncontent-length:")
    if at >= 0:
        end = start + int(lower[at + 17 : lower.find(b"\r\n", at + 17)])
        return (status, data[start:end], end) if len(data) >= end else None
    if lower.find(b"\r\ntransfer-encoding: chunked") >= 0:
        body, end = chunks(data, start)
        return None if end < 0 else (status, body, end)
    return (status, data[start:], len(data)) if ended else None


def chunks(data: bytes, at: int) -> tuple[bytes, int]:
    """Join a chunked body that starts at `at`. Returns it with the offset after it, -1 while incomplete."""
    body = b""
    while (line := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line].split(b";")[0], 16)
        at = line + 2 + size + 2
        if len(data) < at:
            break
        if size == 0:
            return body, at
        body += data[line + 2 : at - 2]
    return body, -1
