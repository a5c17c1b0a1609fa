"""An independent poller: plain blocking requests every millisecond, on threads. Runs in the lab's network.

Shares nothing with the observer but the kernel's clock. Arguments: address, port, seconds, `fresh` (each poll connects) or
`kept` (each thread keeps its connection until it fails: a thousand connections a second would saturate a proxy on two
cores, and then be what is measured). Prints `ready`, then one JSON list of [sent ns, finished ns, good], by sending.
"""

import json
import queue
import socket
import sys
import threading
import time

TICK_NS = 1_000_000
TIMEOUT_SECONDS = {"fresh": 0.1, "kept": 0.5}
THREADS = {"fresh": 128, "kept": 8}
"""So many polls may hang at once; a tick that finds no free thread is left out. Kept ones need few: a toxic that is removed
ends the connections that it held up, so their threads are free that instant.
"""


class Poller:
    """One thread's way of asking."""

    def __init__(self, address: tuple[str, int], keep: bool) -> None:
        self.address, self.keep = address, keep
        self.timeout_seconds = TIMEOUT_SECONDS["kept" if keep else "fresh"]
        self.sock: socket.socket | None = None

    def poll(self) -> bool:
        """Ask once and say whether the whole answer came."""
        got = b""
        try:
            self.sock = self.sock or socket.create_connection(self.address, self.timeout_seconds)
            self.sock.sendall(
                b"GET / HTTP/1.1\r\nHost: web\r\n%s\r\n" % (b"" if self.keep else b"Connection: close\r\n")
            )
            while not got.endswith(b"\r\n\r\nok"):
                part = self.sock.recv(4096)
                if not part:
                    break
                got += part
        except OSError:
            got = b""
        good = got.startswith(b"HTTP/1.1 200") and got.endswith(b"ok")
        if self.sock is not None and not (good and self.keep):
            self.sock.close()
            self.sock = None
        return good


def main() -> None:
    """Poll on schedule, then print everything."""
    address, seconds, manner = (sys.argv[1], int(sys.argv[2])), float(sys.argv[3]), sys.argv[4]
    due: queue.SimpleQueue[int] = queue.SimpleQueue()
    rows: list[tuple[int, int, bool]] = []

    def work() -> None:
        poller = Poller(address, manner == "kept")
        while at := due.get():
            sent = time.monotonic_ns()
            if sent - at < 2 * TICK_NS:
                good = poller.poll()
                rows.append((sent, time.monotonic_ns(), good))

    threads = [threading.Thread(target=work) for _ in range(THREADS[manner])]
    for thread in threads:
        thread.start()
    print("ready", flush=True)  # noqa: T201 - this program's output
    at = time.monotonic_ns()
    for _ in range(int(seconds * 1000)):
        at += TICK_NS
        time.sleep(max(0, at - time.monotonic_ns()) / 1e9)
        due.put(at)
    for _ in threads:
        due.put(0)
    for thread in threads:
        thread.join()
    print(json.dumps(sorted(rows)), flush=True)  # noqa: T201 - this program's output


if __name__ == "__main__":
    main()
