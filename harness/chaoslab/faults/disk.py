"""disk: a file of ours fills a sized mount of the container to a share of its size, or until nothing more can be written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from chaoslab.errors import CannotInject, ToolError
from chaoslab.faults import cgroup, within
from chaoslab.faults.fault import Finding
from chaoslab.faults.resource import ResourceFault, ResourceSpec, check_host_memory
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica

MEMORY_SHARE = 0.95
"""tmpfs pages count against the writer's memory limit: a fill that comes nearer to it gets a process killed instead."""
SLACK_PERCENT = 0.5
SIZE = """
stat -f -c 'type %T
block %S
total %b
free %f
available %a' -- "$1" || exit 3
if [ -w "$1" ]; then echo "writable yes"; fi
"""
"""Arguments: folder, file name."""
FILL = """
if [ $3 -gt 0 ]; then fallocate -l $3 "$1/$2"; else dd if=/dev/zero of="$1/$2" bs=65536 2>/dev/null; fi
[ -s "$1/$2" ]
"""
"""Arguments: folder, file name, bytes (0: until it is full). fallocate beyond the size leaves an empty file."""
WRITE = """
if ( printf x >"$1/$2-write" ) 2>/dev/null; then echo "write works"; else echo "write fails"; fi
rm -f -- "$1/$2-write"
"""


class DiskSpec(ResourceSpec):
    """Fills a mount. `path`: a folder on it; by default the container's only tmpfs with a size besides /tmp."""

    type: Literal["disk"] = "disk"
    path: Annotated[str, Field(pattern="^/")] | None = None
    percent: Annotated[float, Field(ge=1, le=100)] = 100.0

    def describe(self) -> str:
        """Say what is filled."""
        return f"{self.path or 'the sized mount'} of {self.who} filled to {self.percent:g}%"

    def undoes(self) -> tuple[str, ...]:
        """Remove the file."""
        return (f"remove the fill file in {self.who}",)


@dataclass(frozen=True, slots=True)
class Mount:
    """A file system as statvfs tells it. `write`: what a write of one byte did (works, fails; empty: not tried)."""

    kind: str
    block_bytes: int
    total: int
    free: int
    available: int
    writable: bool = True
    write: str = ""

    @property
    def percent(self) -> float:
        """How much of it is used."""
        return 100 * (self.total - self.free) / self.total if self.total else 0.0

    def fill_bytes(self, percent: float) -> int:
        """How much brings it to that share; never more than an ordinary user may have."""
        wanted = int(self.total * percent / 100) - (self.total - self.free)
        return max(0, min(wanted, self.available)) * self.block_bytes


class Disk(ResourceFault[DiskSpec]):
    """Only ever on a tmpfs with a size: what is not one is the engine host's disk."""

    Spec = DiskSpec
    needs = ("stat", "fallocate", "dd")

    def prepare(self) -> None:
        """Choose the targets; find the mount and check that filling it hurts nobody else."""
        self.choose()
        self.paths: dict[str, str] = {}
        for replica in self.targets:
            path = self.spec.path or default_mount(replica, self.lab.engine.inspect_raw(replica.id) or {})
            self.paths[str(replica)] = path
            mount = self._look(replica)
            used = cgroup.read(self.lab, replica, self.user(replica)).working_set_bytes
            host_free = self.within[str(replica)].host_free_bytes
            check_mount(replica, path, mount, self.spec.percent, used, host_free)

    @property
    def file(self) -> str:
        """The name of the file that fills."""
        return f"{self.mark}.fill"

    def undos(self) -> tuple[Undo, ...]:
        """Remove the files."""
        return tuple(
            self.undo(
                "remove_files",
                one.service,
                one.number,
                paths=[f"{self.paths[str(one)]}/{self.file}", f"{self.paths[str(one)]}/{self.file}-write"],
                user=self.user(one),
            )
            for one in self.targets
        )

    def inject(self) -> Effect:
        """Fill each mount; the effect lies within the calls."""
        _, at, error = self.timed(self._fill)
        return self.took_effect(at, error)

    def prove(self) -> Proof:
        """Ask the file system, and try to write one byte."""
        found = {str(one): self._look(one, write=True) for one in self.targets if self._is_up(one)}
        return self.judged(full(self.spec.percent, len(self.targets), found))

    def prove_clean(self) -> Proof:
        """The mounts have room again."""
        found = {str(one): self._look(one, write=True) for one in self.targets if self._is_up(one)}
        return self.proof(room_again(self.spec.percent, found))

    def _is_up(self, replica: Replica) -> bool:
        fresh = self.now(replica)
        return fresh is not None and fresh.running

    def _fill(self) -> None:
        for replica in self.targets:
            count = 0 if self.spec.percent >= 100 else self._look(replica).fill_bytes(self.spec.percent)
            if count or self.spec.percent >= 100:
                within.run(self.lab, replica, self.user(replica), FILL, self.paths[str(replica)], self.file, str(count))

    def _look(self, replica: Replica, *, write: bool = False) -> Mount:
        fresh = self.lab.replica(replica.service, replica.number)
        path, user = self.paths[str(replica)], self.user(replica)
        try:
            said = within.run(self.lab, fresh, user, SIZE + WRITE * write, path, self.file)
        except ToolError as error:
            raise CannotInject(f"{path} of {replica} cannot be looked at: {error.message}") from error
        return read_mount(said)


def read_mount(said: Mapping[str, list[str]]) -> Mount:
    """Read the answer of SIZE."""
    block, total, free, available = (int(said[key][0]) for key in ("block", "total", "free", "available"))
    write = said.get("write", [""])[0]
    return Mount(said["type"][0], block, total, free, available, writable="writable" in said, write=write)


def default_mount(replica: Replica, raw: Mapping[str, Any]) -> str:
    """Return the container's only tmpfs with a size besides /tmp, else /tmp if it has one. Raises CannotInject."""
    declared = (raw.get("HostConfig") or {}).get("Tmpfs") or {}
    sized = sorted(path for path, options in declared.items() if "size=" in options)
    chosen = [path for path in sized if path != "/tmp"] or sized  # noqa: S108 - a container's own
    if len(chosen) != 1:
        raise CannotInject(
            f"{replica} has {len(chosen) or 'no'} tmpfs mounts with a size",
            remedy="name its path" if chosen else "declare one, e.g. tmpfs: /spool:size=32m",
        )
    return str(chosen[0])


def check_mount(replica: Replica, path: str, mount: Mount, percent: float, used_bytes: int, host_free: int) -> None:
    """Raise CannotInject when filling would reach beyond the mount: the host's disk, the memory limit, the host's memory."""
    if mount.kind != "tmpfs":
        raise CannotInject(
            f"{path} of {replica} is no mount of its own but on the engine host's disk ({mount.kind})",
            remedy=f"declare a sized one, e.g. tmpfs: {path}:size=32m",
        )
    if not mount.writable:
        raise CannotInject(f"the service's user may not write to {path} of {replica}")
    needed = mount.fill_bytes(percent)
    if replica.memory_bytes and used_bytes + needed > MEMORY_SHARE * replica.memory_bytes:
        raise CannotInject(
            f"filling {path} of {replica} takes {needed >> 20} MiB of memory (it is a tmpfs), beside {used_bytes >> 20} MiB in use:"
            f" its limit of {replica.memory_bytes >> 20} MiB would get it killed",
            remedy="a smaller mount, or a higher mem_limit",
        )
    check_host_memory(needed, host_free, f"filling {path} of {replica}")


def full(percent: float, wanted: int, found: Mapping[str, Mount]) -> Finding:
    """Judge it by statvfs; at 100% a write of one byte must fail (ENOSPC) as well. `measured`: the least share used."""
    said = ", ".join(f"{name} {one.percent:.1f}% used, a write {one.write}" for name, one in found.items())
    least = min((one.percent for one in found.values()), default=None)
    there = least is not None and least >= percent - SLACK_PERCENT
    refused = percent < 100 or all(one.write == "fails" for one in found.values())
    expected = f"at least {percent - SLACK_PERCENT:g} %" + (", no byte can be written" if percent >= 100 else "")
    return Finding(
        least, expected, "% of the mount", proven=len(found) == wanted > 0 and there and refused, detail=said
    )


def room_again(percent: float, found: Mapping[str, Mount]) -> Finding:
    """Judge the clean state: below the level, and a write works. `measured`: the largest share used."""
    most = max((one.percent for one in found.values()), default=0.0)
    works = all(one.write == "works" for one in found.values())
    return Finding(most, f"below {percent:g} %, a write works", "% of the mount", proven=most < percent and works)
