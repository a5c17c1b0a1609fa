"""Answers of Redis and PostgreSQL: when enough has come, and whether it is good. Both take the bytes so far and how many answers are due."""

from collections.abc import Iterator

from chaoslab.inside.observer.answer import Answer


def redis_answer(data: bytes, answers: int) -> Answer | None:
    """An error reply is bad under its own word (LOADING, NOAUTH): the server is there but does not serve. ValueError: not Redis."""
    if data[:1] not in (b"+", b"-", b"$"):
        raise ValueError("not Redis")
    if data[:1] != b"-" and data.count(b"\r\n") < answers:
        return None
    if data[:1] == b"-":
        if not data.endswith(b"\r\n"):
            return None
        return False, data[1:].split(None, 1)[0].decode(errors="replace"), b""
    if data[:1] == b"$" and answers == 1:
        start = data.index(b"\r\n") + 2
        end = start + int(data[1 : start - 2])
        return (True, "ok", data[start:end]) if len(data) >= end + 2 else None
    return True, "ok", b""


def sql_answer(data: bytes, answers: int) -> Answer | None:
    """Good once the server was ready for queries as often as expected; an error is bad under its SQLSTATE, a password asked for as `auth`.

    ValueError: not PostgreSQL.
    """
    if data[:1] not in (b"R", b"E", b"N", b"S", b"v"):
        raise ValueError("not PostgreSQL")
    ready = 0
    for kind, body in postgres_messages(data):
        if kind == b"E":
            fields = {field[:1]: field[1:] for field in body.split(b"\0")}
            return False, fields.get(b"C", b"error").decode(errors="replace"), b""
        if kind == b"R" and body[:4] != b"\0\0\0\0":
            return False, "auth", b""
        ready += kind == b"Z"
    return (True, "ok", b"") if ready >= answers else None


def postgres_messages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Cut a PostgreSQL server's bytes into whole messages: type, body."""
    at = 0
    while len(data) - at >= 5:
        end = at + 1 + int.from_bytes(data[at + 1 : at + 5], "big")
        if len(data) < end or end < at + 5:
            return
        yield data[at : at + 1], data[at + 5 : end]
        at = end
