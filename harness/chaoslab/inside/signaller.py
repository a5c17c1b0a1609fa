"""Runs in the engine's PID namespace: signals processes of named containers through pidfds and tells when they end.

Never signals a PID whose cgroup does not end in the container's id. Input and output: one JSON value per line.
`{"do":"open","pid":N,"container":ID}` watches a container's first process.
`{"do":"send","containers":[ID],"signal":"SIGKILL","everyone":false}` signals it (or every process of the container).
`{"do":"wait","seconds":S}` returns early when all watched processes have ended.
`{"do":"states","container":ID}` counts the container's processes by state letter (T: stopped); while it is stopped those that were
stopped, since the engine goes on starting its health checks in there.
`{"do":"list","containers":[ID]}` lists each container's processes as [pid, state letter, command line].
Every instant is CLOCK_MONOTONIC in ns. The end of input ends the program; what it stopped it sets going again.
"""

import json
import os
import re
import select
import signal
import sys
import time

CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
STOP_ROUNDS = 5
SETTLE_SECONDS = 0.5


def container_of(cgroup: str) -> str:
    """Return the id of the innermost container that a /proc/PID/cgroup file names, empty when it names none.

    Covers cgroup v1 (/docker/ID), v2 (/system.slice/docker-ID.scope), a private cgroup namespace (/../ID) and nested
    engines (/docker/OUTER/docker/ID). Lines that disagree name none.
    """
    found = {ids[-1] for line in cgroup.splitlines() if (ids := CONTAINER_ID.findall(line.split(":", 2)[-1]))}
    return found.pop() if len(found) == 1 else ""


def read(path: str) -> str:
    """Return a /proc file's text, empty when its process is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def state_of(pid: int) -> str:
    """Return a process's state letter as /proc/PID/stat gives it, empty when it is gone."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].strip()[:1]


def open_checked(pid: int, container: str) -> int:
    """Open a pidfd, then check that the process behind it belongs to the container. Raises LookupError."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError as error:
        raise LookupError(f"process {pid} is gone: {error}") from error
    # The pidfd is open: if the PID had been taken by another process since, the cgroup read below would show it.
    owner = container_of(read(f"/proc/{pid}/cgroup"))
    if owner != container:
        os.close(descriptor)
        raise LookupError(f"process {pid} belongs to container {owner[:12] or '(none)'}, not to {container[:12]}")
    return descriptor


def members(container: str) -> list[int]:
    """Return the PIDs of a container's processes."""
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return [pid for pid in pids if container_of(read(f"/proc/{pid}/cgroup")) == container]


class Signaller:
    """The watched processes, by container."""

    def __init__(self) -> None:
        self.descriptors: dict[str, int] = {}
        self.pids: dict[str, int] = {}
        self.exits: dict[str, int] = {}
        self.stopped: dict[str, set[int]] = {}
        self.poll = select.poll()

    def open(self, pid: int, container: str) -> dict[str, object]:
        """Watch a process; a container's earlier process is forgotten."""
        descriptor = open_checked(pid, container)
        if container in self.descriptors:
            self.forget(container)
        self.exits.pop(container, None)
        self.stopped.pop(container, None)
        self.descriptors[container], self.pids[container] = descriptor, pid
        self.poll.register(descriptor, select.POLLIN)
        return {"ok": True, "at_ns": time.monotonic_ns()}

    def forget(self, container: str) -> None:
        """Close a container's pidfd."""
        descriptor = self.descriptors.pop(container)
        if container not in self.exits:
            self.poll.unregister(descriptor)
        os.close(descriptor)

    def send(self, containers: list[str], name: str, everyone: bool) -> dict[str, object]:
        """Signal each container's watched process, or all of its processes; report between which instants."""
        number = signal.Signals[name]
        before = time.monotonic_ns()
        sent: dict[str, set[int]] = {}
        failed: dict[str, str] = {}
        for container in containers:
            try:
                sent[container] = self.signal_all(container, number) if everyone else self.signal_one(container, number)
            except (LookupError, OSError) as error:
                failed[container] = str(error)
        after = time.monotonic_ns()
        for container, pids in sent.items():
            if number == signal.SIGSTOP:
                self.stopped[container] = pids
            elif number == signal.SIGCONT:
                self.stopped.pop(container, None)
        counts = {container: len(pids) for container, pids in sent.items()}
        return {"at_ns": after, "error_ns": after - before, "sent": counts, "failed": failed}

    def signal_one(self, container: str, number: signal.Signals) -> set[int]:
        """Signal the watched process through its pidfd. Returns its PID."""
        if container not in self.descriptors:
            raise LookupError(f"no process of {container[:12]} is watched")
        signal.pidfd_send_signal(self.descriptors[container], number)
        return {self.pids[container]}

    def signal_all(self, container: str, number: signal.Signals) -> set[int]:
        """Signal every process of a container, and again those that appeared meanwhile. Returns their PIDs."""
        done: set[int] = set()
        for _ in range(STOP_ROUNDS):
            fresh = [pid for pid in members(container) if pid not in done]
            if not fresh:
                break
            for pid in fresh:
                done.add(pid)
                try:
                    descriptor = open_checked(pid, container)
                except LookupError:
                    continue  # it ended between the listing and now
                try:
                    signal.pidfd_send_signal(descriptor, number)
                finally:
                    os.close(descriptor)
        if not done:
            raise LookupError(f"container {container[:12]} has no process")
        if number == signal.SIGSTOP:
            deadline = time.monotonic() + SETTLE_SECONDS  # a stop is not instant: each thread stops at its next return
            while any(state_of(pid) not in ("T", "Z", "") for pid in done) and time.monotonic() < deadline:
                time.sleep(0.0005)
        return done

    def wait(self, seconds: float) -> dict[str, object]:
        """Wait until all watched processes have ended, at most `seconds`; report each end's instant."""
        deadline = time.monotonic() + seconds
        while len(self.exits) < len(self.descriptors):
            self.look(max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                break
        return {"exits": self.exits}

    def look(self, seconds: float) -> None:
        """Note which processes have ended; also called while waiting for input, so that each end is stamped as it happens."""
        for descriptor, _ in self.poll.poll(seconds * 1000):
            now = time.monotonic_ns()
            for container, known in self.descriptors.items():
                if known == descriptor:
                    self.exits[container] = now
                    self.poll.unregister(descriptor)

    def states(self, container: str) -> dict[str, object]:
        """Count a container's processes by state letter; of a stopped one those that were stopped."""
        counts: dict[str, int] = {}
        held = self.stopped.get(container)
        for pid in members(container):
            letter = state_of(pid) if held is None or pid in held else ""
            if letter:
                counts[letter] = counts.get(letter, 0) + 1
        return {"states": counts, "at_ns": time.monotonic_ns()}

    def table(self, containers: list[str]) -> dict[str, object]:
        """List the processes of containers (`docker top` needs a `ps` on the engine's host; this does not)."""
        found: dict[str, list[list[object]]] = {container: [] for container in containers}
        for name in os.listdir("/proc"):
            if name.isdigit() and (owner := container_of(read(f"/proc/{name}/cgroup"))) in found:
                command = read(f"/proc/{name}/cmdline").replace("\0", " ").strip()
                if state := state_of(int(name)):
                    found[owner].append([int(name), state, command])
        return {"processes": found}

    def answer(self, request: dict[str, object]) -> dict[str, object]:  # noqa: PLR0911 - one return per request
        """Carry out one request; what goes wrong is answered, not raised."""
        wanted = dict(request)
        do = wanted.pop("do", "")
        try:
            if do == "open":
                return self.open(int(str(wanted["pid"])), str(wanted["container"]))
            if do == "send":
                names = [str(name) for name in list(wanted["containers"])]  # type: ignore[call-overload]
                return self.send(names, str(wanted["signal"]), bool(wanted.get("everyone")))
            if do == "wait":
                return self.wait(float(str(wanted["seconds"])))
            if do == "list":
                return self.table([str(name) for name in list(wanted["containers"])])  # type: ignore[call-overload]
            if do == "states":
                return self.states(str(wanted["container"]))
        except (LookupError, OSError, ValueError, TypeError) as error:
            return {"error": str(error)}
        return {"error": f"unknown request {do!r}"}


def main() -> None:
    """Answer requests until the input ends; then set going again what was stopped."""
    signaller = Signaller()
    pending = b""
    print(json.dumps({"ready": True}), flush=True)
    try:
        while True:
            alive = [known for container, known in signaller.descriptors.items() if container not in signaller.exits]
            ready, _, _ = select.select([0, *alive], [], [])
            signaller.look(0)
            if 0 not in ready:
                continue
            chunk = os.read(0, 65_536)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                print(json.dumps(signaller.answer(json.loads(line))), flush=True)
    finally:
        signaller.send(sorted(signaller.stopped), "SIGCONT", everyone=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main()
