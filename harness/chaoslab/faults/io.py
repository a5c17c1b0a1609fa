"""io: stress-ng inside the container writes to one of its disks and makes every write wait until it is on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Any, Literal

from pydantic import Field

from chaoslab.errors import CannotInject, ToolError
from chaoslab.faults import cgroup, within
from chaoslab.faults.fault import Finding
from chaoslab.faults.resource import ResourceFault, ResourceSpec
from chaoslab.faults.stressor import Stressors, check_memory
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica

WORKER_BYTES = 16 << 20
"""Each worker's file: rewritten over and over, so the disk never holds more of it."""
DISK_RESERVE_BYTES = 1 << 30
LEAST_BYTES_PER_SECOND = 1 << 20
MEMORY_ONLY = frozenset({"tmpfs", "ramfs"})
FOLDER = """
stat -f -c 'type %T
block %S
available %a' -- "$1" || exit 3
if [ -w "$1" ]; then echo "writable yes"; fi
"""
WRITTEN = """
read -r up rest </proc/uptime; echo "uptime $up"
for p in /proc/[0-9]*; do
  case $(tr '\\0' ' ' <$p/cmdline) in
    stress-ng*$2$3*) while read -r key value; do [ $key = write_bytes: ] && echo "written $value"; done <$p/io;;
  esac
done 2>/dev/null
for try in 1 2 3; do
  set -- "$1" "$2" "$3" $(LC_ALL=C dd if=/dev/zero of="$1/$2$3-fsync" bs=4096 count=1 conv=fsync 2>&1 | sed -n 's/.*, \\([0-9.e-]*\\) s,.*/\\1/p')
  [ $# -gt 3 ] && echo "fsync $4"; set -- "$1" "$2" "$3"
done
rm -f -- "$1/$2$3-fsync"
"""
"""Arguments: the folder and the mark in two parts, so that these processes do not carry it. fsync: seconds of a write of one page."""


class IoSpec(ResourceSpec):
    """Loads a disk. `workers`: writing processes; `path`: a folder on that disk, by default the container's first writable volume."""

    type: Literal["io"] = "io"
    workers: Annotated[int, Field(ge=1, le=16)] = 2
    path: Annotated[str, Field(pattern="^/")] | None = None

    def describe(self) -> str:
        """Say what is loaded."""
        return f"{self.workers} processes writing to {self.path or 'the volume'} of {self.who}"

    def undoes(self) -> tuple[str, ...]:
        """End the stressor and remove its files."""
        return (f"end the I/O stressor in {self.who}", f"remove its files in {self.who}")


@dataclass(frozen=True, slots=True)
class Writing:
    """What the stressor has written to disk up to an instant, and how long an fsync takes meanwhile."""

    uptime_seconds: float
    written_bytes: int
    fsync_ms: float | None


class Io(ResourceFault[IoSpec]):
    """The size of what is written is bounded; the disk is shared with the engine's host, so it must have room."""

    Spec = IoSpec
    needs = ("stress-ng", "dd", "stat")

    def prepare(self) -> None:
        """Choose the targets, find the folder, check that it is on a disk with room, and measure an undisturbed fsync."""
        self.choose()
        self.paths: dict[str, str] = {}
        for replica in self.targets:
            path = self.spec.path or default_volume(replica, self.lab.engine.inspect_raw(replica.id) or {})
            self.paths[str(replica)] = path
            check_memory(replica, cgroup.read(self.lab, replica, self.user(replica)).working_set_bytes)
            check_folder(replica, path, self._run(replica, FOLDER, path), self.spec.workers)
        self.stressors = Stressors(self)
        self.before = {str(one): self._read(one) for one in self.targets}
        self.at_effect: dict[str, Writing] = {}

    def undos(self) -> tuple[Undo, ...]:
        """End the stressors, then remove their files (undone in reverse order)."""
        files = tuple(
            self.undo(
                "remove_files",
                one.service,
                one.number,
                paths=[f"{self.paths[str(one)]}/{self.mark}"],
                user=self.user(one),
            )
            for one in self.targets
        )
        return (*files, *self.stressors.undos())

    def inject(self) -> Effect:
        """Start a stressor in each target; returns when all run."""
        _, at, error = self.timed(self._start)
        self.at_effect = {str(one): self._read(one) for one in self.targets}
        return self.took_effect(at, error)

    def prove(self) -> Proof:
        """Compare what was written with what it was at the effect."""
        now = {}
        for replica in self.targets:
            fresh = self.now(replica)
            if fresh is not None and fresh.running:
                now[str(replica)] = self._read(replica)
        return self.judged(written(len(self.targets), self.before, self.at_effect, now))

    def prove_clean(self) -> Proof:
        """No stressor is left; one that is, is ended."""
        return self.proof(self.stressors.gone())

    def close(self) -> None:
        """End the helper."""
        if hasattr(self, "stressors"):
            self.stressors.close()
        super().close()

    def _start(self) -> None:
        arguments = ["--hdd", str(self.spec.workers), "--hdd-bytes", str(WORKER_BYTES), "--hdd-write-size", "64k"]
        for replica in self.targets:
            options = [*arguments, "--hdd-opts", "wr-seq,fsync"]
            self.stressors.start_stress_ng(replica, options, folder=self.paths[str(replica)])
        self.stressors.await_started()

    def _read(self, replica: Replica) -> Writing:
        half = len(self.mark) // 2
        return read_writing(self._run(replica, WRITTEN, self.paths[str(replica)], self.mark[:half], self.mark[half:]))

    def _run(self, replica: Replica, script: str, *arguments: str) -> dict[str, list[str]]:
        fresh = self.lab.replica(replica.service, replica.number)
        try:
            return within.run(self.lab, fresh, self.user(replica), script, *arguments)
        except ToolError as error:
            raise CannotInject(f"{arguments[0]} of {replica} cannot be looked at: {error.message}") from error


def read_writing(said: Mapping[str, list[str]]) -> Writing:
    """Read the answer of WRITTEN."""
    times = [1000 * float(text) for text in said.get("fsync", ()) if text]
    return Writing(
        float(said["uptime"][0]), sum(int(text) for text in said.get("written", ())), median(times) if times else None
    )


def default_volume(replica: Replica, raw: Mapping[str, Any]) -> str:
    """Return the container's first writable volume. Raises CannotInject where it has none."""
    paths = sorted(
        one["Destination"] for one in raw.get("Mounts") or () if one.get("RW") and one.get("Type") != "tmpfs"
    )
    if not paths:
        raise CannotInject(
            f"{replica} has no writable volume: a tmpfs is memory, not a disk",
            remedy="name a path, or give it a volume",
        )
    return str(paths[0])


def check_folder(replica: Replica, path: str, said: Mapping[str, list[str]], workers: int) -> None:
    """Raise CannotInject for what is no disk, cannot be written, or has too little room."""
    kind = said["type"][0]
    if kind in MEMORY_ONLY or "writable" not in said:
        what = f"is a {kind}: memory, not a disk" if kind in MEMORY_ONLY else "cannot be written by the service's user"
        raise CannotInject(f"{path} of {replica} {what}", remedy="name a path on a writable volume")
    free = int(said["block"][0]) * int(said["available"][0])
    if free < workers * WORKER_BYTES + DISK_RESERVE_BYTES:
        raise CannotInject(
            f"the disk of {path} of {replica} has {free >> 20} MiB free; {DISK_RESERVE_BYTES >> 20} MiB must stay",
            remedy="free disk space on the engine's host",
        )


def written(
    wanted: int, before: Mapping[str, Writing], at_effect: Mapping[str, Writing], now: Mapping[str, Writing]
) -> Finding:
    """Judge it by the bytes that reached the disk (/proc/PID/io write_bytes of the stressor). `measured`: MiB/s, the least."""
    rates, said = [], []
    for name, last in now.items():
        first = at_effect[name]
        seconds = last.uptime_seconds - first.uptime_seconds
        rates.append(max(0, last.written_bytes - first.written_bytes) / seconds if seconds > 0 else 0.0)
        text = f"{name} wrote {rates[-1] / 2**20:.1f} MiB/s"
        if last.fsync_ms is not None and before[name].fsync_ms is not None:
            text += f", an fsync took {last.fsync_ms:.1f} ms instead of {before[name].fsync_ms:.1f} ms"
        said.append(text)
    least = min(rates, default=None)
    proven = len(now) == wanted > 0 and least is not None and least >= LEAST_BYTES_PER_SECOND
    expected = f"at least {LEAST_BYTES_PER_SECOND >> 20} MiB/s"
    return Finding(
        None if least is None else least / 2**20, expected, "MiB/s written", proven=proven, detail=", ".join(said)
    )
