"""Runs in a container's network namespace: puts netfilter rules in, reads their counters, takes them out again.

Arguments: MARK LIMIT_SECONDS. Every rule carries the comment `MARK:N`. The rules are removed on request, at the end of
input, on SIGTERM and at the time limit. Input and output: one JSON value per line.
`{"do":"put","rules":[{"chain":"INPUT","match":["-s","10.0.0.2"],"target":["-j","DROP"]}]}` puts rules in front, in this order, in one step.
`{"do":"read"}` returns `{"rules":[[packets,bytes],...]}` in the order in which they were put.
`{"do":"remove"}` removes this mark's rules; with `"prefix":"chaoslab-"` those of every mark that begins so.
`{"do":"marks","prefix":"chaoslab-"}` lists the marks of rules that are in.
Every instant is CLOCK_MONOTONIC in ns; an answer's `at_ns` lies within `error_ns` of the change.
"""

import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time

TOOL_SECONDS = 10
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
            commands.append(shlex.join([*words, *rule.get("target", [])]))
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
        return {"marks": sorted({comment.rpartition(":")[0] for comment, *_ in saved() if self.owns(comment, prefix)})}

    def remove(self, prefix: str = "") -> dict[str, object]:
        """Take this mark's rules out, and count what is left of them."""
        found = [words for comment, _, _, words in saved() if self.owns(comment, prefix)]
        answer = self.timed([shlex.join(["-D", *words[1:]]) for words in found])
        left = sum(self.owns(comment, prefix) for comment, *_ in saved())
        return {**answer, "removed": len(found) - left, "left": left}

    def answer(self, request: dict[str, object]) -> dict[str, object]:
        """Carry out one request; what goes wrong is answered, not raised."""
        do, prefix = request.get("do"), str(request.get("prefix", ""))
        try:
            if do == "put":
                return self.put(request["rules"])  # type: ignore[arg-type]
            if do == "read":
                return self.read()
            if do == "remove":
                return self.remove(prefix)
            if do == "marks":
                return self.marks(prefix)
        except (ToolError, subprocess.TimeoutExpired, OSError, KeyError, ValueError) as error:
            return {"error": str(error)}
        return {"error": f"unknown request {do!r}"}


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
