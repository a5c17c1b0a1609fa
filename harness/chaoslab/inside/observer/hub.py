"""The loop: due samples, answers, time-outs, commands, batches."""

import base64
import os
import resource
import select
import sys
import time
from time import monotonic_ns as now_ns
from typing import Any

from chaoslab.inside.observer.exchange import Exchange
from chaoslab.inside.observer.question import Question
from chaoslab.inside.observer.schedule import Deadlines, Schedule
from chaoslab.inside.observer.stream import Stream
from chaoslab.inside.observer.tunnel import Tunnel


class Hub:
    """Everything that is open, by file descriptor, and what each command does."""

    def __init__(self, silence_seconds: float) -> None:
        self.silence_ns = int(silence_seconds * 1e9)
        self.poll = select.epoll()
        self.stream = Stream(self.poll)
        self.schedule = Schedule()
        self.deadlines = Deadlines()
        self.handlers: dict[int, Exchange | Tunnel] = {}
        self.tunnels: dict[int, Tunnel] = {}
        self.armed: dict[str, Any] | None = None
        self.running, self.orderly = True, False
        self.nonce, self.ids = os.urandom(5).hex(), 0
        self.unsendable = 0
        self.heard_ns = self.began_ns = now_ns()

    def run(self) -> bool:
        """Serve until `stop`, the end of input, or silence. Returns whether the end was orderly."""
        if not self.stream.open():
            return False
        while self.running and not self.stream.ended:
            for fd, mask in self.poll.poll(self.idle_seconds()):
                if handler := self.handlers.get(fd):
                    handler.ready(mask)
                elif fd == 0:
                    self.obey()
                elif fd == 1:
                    self.stream.write()
            now = now_ns()
            self.deadlines.expire(now)
            self.schedule.send_due(now, self.send)
            if now >= self.stream.due_ns:
                self.stream.flush()
            if now - self.heard_ns > self.silence_ns:
                print("nobody pings any more", file=sys.stderr)
                self.running = False
        return self.orderly

    def idle_seconds(self) -> float:
        """Until the next thing is due; epoll rounds up to milliseconds."""
        wake = min(self.heard_ns + self.silence_ns, self.schedule.next_ns, self.deadlines.next_ns, self.stream.due_ns)
        return max(0, wake - now_ns()) / 1e9

    def send(self, question: Question, due_ns: int) -> None:
        """Ask a question that is due."""
        Exchange(self, question, due_ns).start()

    def fresh_id(self, length: int) -> bytes:
        """Return an id of that many letters that nobody ever used: ten of chance, then a number."""
        self.ids += 1
        return f"{self.nonce}-{self.ids:0{length - len(self.nonce) - 1}d}".encode()

    def obey(self) -> None:
        """Carry out the commands that came."""
        for command in self.stream.commands():
            getattr(self, f"on_{command['c']}")(command)

    def on_ping(self, command: dict[str, Any]) -> None:
        """Answer with both clocks, read as closely together as can be."""
        self.heard_ns = before = now_ns()
        real = time.time_ns()
        self.stream.say({"p": command["id"], "mono": (before + now_ns()) // 2, "real": real})

    def on_ask(self, command: dict[str, Any]) -> None:
        """Ask these rows from now on."""
        self.schedule.ask(command["rows"])

    def on_boost(self, command: dict[str, Any]) -> None:
        """Raise the rate of the rows that follow it; null: each back to its own."""
        self.schedule.boost(command["hz"])

    def on_request(self, command: dict[str, Any]) -> None:
        """Send one request; its reply carries the body."""
        row = {"id": -1, "rate": 1, **command["row"]}
        Exchange(self, Question(row, 0), now_ns(), reply=command["id"]).start()

    def on_open(self, command: dict[str, Any]) -> None:
        """Open a tunnel."""
        self.tunnels[command["id"]] = Tunnel(self, command)

    def on_data(self, command: dict[str, Any]) -> None:
        """Pass bytes into a tunnel."""
        if tunnel := self.tunnels.get(command["id"]):
            tunnel.send(base64.b64decode(command["d"]))

    def on_close(self, command: dict[str, Any]) -> None:
        """End a tunnel."""
        if tunnel := self.tunnels.get(command["id"]):
            tunnel.close(tell=False)

    def on_arm(self, command: dict[str, Any]) -> None:
        """{host, port, proxies: [{name, listen, upstream}]} of Toxiproxy; host None disarms."""
        self.armed = command if command["host"] else None

    def on_stats(self, command: dict[str, Any]) -> None:
        """Tell how this program fares."""
        usage, schedule = resource.getrusage(resource.RUSAGE_SELF), self.schedule
        cpu_ns = int((usage.ru_utime + usage.ru_stime) * 1e9)
        self.stream.say({"r": command["id"], "cpu_ns": cpu_ns, "wall_ns": now_ns() - self.began_ns, "samples": self.stream.samples,
                         "late": schedule.late, "missed": schedule.missed, "capped": schedule.capped, "unsendable": self.unsendable,
                         "worst_late_ns": schedule.worst_late_ns})  # fmt: skip

    def on_stop(self, command: dict[str, Any]) -> None:
        """End in an orderly way."""
        self.stream.flush()
        self.stream.say({"r": command["id"]})
        self.running, self.orderly = False, True
