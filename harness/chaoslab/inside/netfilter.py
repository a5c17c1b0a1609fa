"""Runs in a container's network namespace: puts netfilter rules in, reads their counters, tries from there what they cut, takes them out again.

Arguments: MARK LIMIT_SECONDS. Every rule carries the comment `MARK:N`. The rules are removed on request, at the end of
input, on SIGTERM and at the time limit. Input and output: one JSON value per line.
`{"do":"put","rules":[{"chain":"INPUT","match":["-s","10.0.0.2"],"target":["-j","DROP"]}]}` puts rules in front, in this order, in one step.
`{"do":"read"}` returns `{"rules":[[packets,bytes],...]}` in the order in which they were put.
`{"do":"remove"}` removes this mark's rules; with `"prefix":"chaoslab-"` those of every mark that begins so.
`{"do":"marks","prefix":"chaoslab-"}` lists the marks of rules that are in. With a prefix, netem qdiscs of ours (their handle tells) count as rules.
`{"do":"dial","places":[["10.0.0.2",8080]],"seconds":0.3}` tries a TCP connection to each place, all at once: ok, timeout, or why not.
`{"do":"lookup","names":["redis"],"server":"127.0.0.11","seconds":0.3}` asks a name server for each name: ok, timeout, refused, nxdomain.
Every instant is CLOCK_MONOTONIC in ns; an answer's `at_ns` lies within `error_ns` of the change.
"""

import errno
import json
import os
import re
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable

TOOL_SECONDS = 10
HANDLE = "c4a0:"
"""The handle of our qdiscs (inside/traffic_control.py): they can carry no comment."""
QDISC_MARK = "chaoslab-netem"
DNS_PORT = 53
SAVED_RULE = re.compile(r"^\[(\d+):(\d+)\] (-A .*)$")


class ToolError(Exception):
    """An iptables program refused."""


def run(argv: list[str], text: str = "") -> str:
    """Run one of iptables' programs and return its output. Raises ToolError with its words."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    if done.returncode:
        raise ToolError(f"{argv[0]} exit {done.returncode}: {done.stderr.strip()[:300]}")
    return done.stdout


def restore(commands: list[str]) -> None:
    """Carry out changes of the filter table in one step: all or none."""
    if commands:
        run(["iptables-restore", "--wait", "5", "--noflush"], "*filter\n" + "\n".join(commands) + "\nCOMMIT\n")


def joined(words: list[str]) -> str:
    """Join a rule's words as iptables-restore reads them: it knows double quotes only."""
    return " ".join(word if word and not set(word) & set(" \t\"'\\") else json.dumps(word) for word in words)


def comment_of(words: list[str]) -> str:
    """Return a rule's comment, empty when it has none."""
    return words[words.index("--comment") + 1] if "--comment" in words else ""


def saved() -> list[tuple[str, int, int, list[str]]]:
    """List the filter table's rules that have a comment: comment, packets, bytes, the rule's words."""
    rules = []
    for line in run(["iptables-save", "--counters", "--table", "filter"]).splitlines():
        if found := SAVED_RULE.match(line):
            words = shlex.split(found[3])
            if comment := comment_of(words):
                rules.append((comment, int(found[1]), int(found[2]), words))
    return rules


def qdiscs() -> list[str]:
    """List the interfaces whose root qdisc is ours."""
    try:
        found = json.loads(run(["tc", "-j", "qdisc", "show"]) or "[]")
    except (ToolError, OSError):  # without tc nothing of ours can be there
        return []
    return [str(one["dev"]) for one in found if one.get("root") and one.get("handle") == HANDLE]


def dial(places: list[list[object]], seconds: float) -> list[str]:
    """Try a TCP connection to each place, all at once, and say what came of it."""
    pending: dict[socket.socket, int] = {}
    outcomes = ["timeout"] * len(places)
    for place, (host, port) in enumerate(places):
        one = socket.socket()
        one.settimeout(0)
        outcomes[place] = named(one.connect_ex((str(host), int(str(port)))))
        pending[one] = place
    deadline = time.monotonic() + seconds
    waiting = {one for one, place in pending.items() if outcomes[place] == "EINPROGRESS"}
    while waiting and (left := deadline - time.monotonic()) > 0:
        for one in select.select([], waiting, [], left)[1]:
            outcomes[pending[one]] = named(one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            waiting.discard(one)
    for one, place in pending.items():
        outcomes[place] = "timeout" if one in waiting else outcomes[place]
        one.close()
    return outcomes


def named(code: int) -> str:
    """Name an error number; `ok` for none."""
    known = {0: "ok", errno.ECONNREFUSED: "refused", errno.ETIMEDOUT: "timeout"}
    return known.get(code) or errno.errorcode.get(code, str(code))


def query(number: int, name: str) -> bytes:
    """Return a DNS question for a name's IPv4 address (RFC 1035, section 4)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)


def lookup(names: list[str], server: str, seconds: float) -> list[str]:
    """Ask a name server for each name, all at once; the answer's code in a word."""
    outcomes = ["timeout"] * len(names)
    codes = {0: "ok", 2: "servfail", 3: "nxdomain"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for number, name in enumerate(names):
            try:
                asking.sendto(query(number, name), (server, DNS_PORT))
            except OSError as error:  # a rule in OUTPUT shows at once, as EPERM
                outcomes[number] = "refused" if error.errno == errno.EPERM else str(error)
        deadline = time.monotonic() + seconds
        while "timeout" in outcomes and (left := deadline - time.monotonic()) > 0:
            if not select.select([asking], [], [], left)[0]:
                break
            answer = asking.recv(4096)
            number, flags = struct.unpack(">2H", answer[:4])
            if number < len(names):
                outcomes[number] = codes.get(flags & 15, f"rcode {flags & 15}")
    return outcomes


class Rules:
    """Our rules in the namespace it runs in."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.count = 0

    def put(self, rules: list[dict[str, list[str]]]) -> dict[str, object]:
        """Insert rules before all others, in the order given."""
        places: dict[str, int] = {}
        commands = []
        for rule in rules:
            chain = str(rule["chain"])
            places[chain] = places.get(chain, 0) + 1
            words = [
                "-I",
                chain,
                str(places[chain]),
                *rule["match"],
                "-m",
                "comment",
                "--comment",
                f"{self.mark}:{self.count}",
            ]
            commands.append(joined([*words, *rule.get("target", [])]))
            self.count += 1
        return self.timed(commands)

    def timed(self, commands: list[str]) -> dict[str, object]:
        """Change the table and say when."""
        before = time.monotonic_ns()
        restore(commands)
        after = time.monotonic_ns()
        return {"ok": True, "at_ns": after, "error_ns": after - before}

    def read(self) -> dict[str, object]:
        """Read the counters of this mark's rules, in the order in which they were put."""
        mine = {comment: [packets, size] for comment, packets, size, _ in saved() if self.owns(comment, "")}
        counters = [mine.get(f"{self.mark}:{number}") for number in range(self.count)]
        return {"rules": counters, "at_ns": time.monotonic_ns()}

    def owns(self, comment: str, prefix: str) -> bool:
        """Whether a comment is of this mark, or of any mark that begins with `prefix`."""
        mark = comment.rpartition(":")[0]
        return mark.startswith(prefix) if prefix else mark == self.mark

    def marks(self, prefix: str) -> dict[str, object]:
        """List the marks that are in."""
        marks = {comment.rpartition(":")[0] for comment, *_ in saved() if self.owns(comment, prefix)}
        if prefix and QDISC_MARK.startswith(prefix) and qdiscs():
            marks.add(QDISC_MARK)
        return {"marks": sorted(marks)}

    def remove(self, prefix: str = "") -> dict[str, object]:
        """Take this mark's rules out, and count what is left of them."""
        found = [words for comment, _, _, words in saved() if self.owns(comment, prefix)]
        answer = self.timed([joined(["-D", *words[1:]]) for words in found])
        left = sum(self.owns(comment, prefix) for comment, *_ in saved())
        if prefix and QDISC_MARK.startswith(prefix):
            for interface in qdiscs():
                run(["tc", "qdisc", "del", "dev", interface, "root", "handle", HANDLE])
        return {**answer, "removed": len(found) - left, "left": left}

    def lookup(self, request: dict[str, object]) -> dict[str, object]:
        """Look names up."""
        names: list[str] = request["names"]  # type: ignore[assignment]
        return {"outcomes": lookup(names, str(request["server"]), float(str(request["seconds"])))}

    def answer(self, request: dict[str, object]) -> dict[str, object]:
        """Carry out one request; what goes wrong is answered, not raised."""
        prefix = str(request.get("prefix", ""))
        known: dict[object, Callable[[], dict[str, object]]] = {
            "put": lambda: self.put(request["rules"]),  # type: ignore[arg-type]
            "read": self.read,
            "remove": lambda: self.remove(prefix),
            "marks": lambda: self.marks(prefix),
            "dial": lambda: {"outcomes": dial(request["places"], float(str(request["seconds"])))},  # type: ignore[arg-type]
            "lookup": lambda: self.lookup(request),
        }
        do = known.get(request.get("do"))
        if do is None:
            return {"error": f"unknown request {request.get('do')!r}"}
        try:
            return do()
        except (ToolError, subprocess.TimeoutExpired, OSError, KeyError, ValueError, TypeError) as error:
            return {"error": str(error)}


def main(mark: str, limit_seconds: float) -> None:
    """Answer requests until the input ends or the time limit passes; then remove the rules."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    rules = Rules(mark)
    deadline = time.monotonic() + limit_seconds
    pending = b""
    try:
        run(["iptables-save", "--table", "filter"])
    except (ToolError, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    print(json.dumps({"ready": True}), flush=True)
    try:
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([0], [], [], left)[0]:
                continue
            chunk = os.read(0, 65_536)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                print(json.dumps(rules.answer(json.loads(line))), flush=True)
    finally:
        if rules.count:
            rules.remove()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
