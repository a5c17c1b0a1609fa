"""fds: the soft limit of open files of the running service is lowered to what it has open and a few more, so that opening one fails."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from chaoslab.errors import CannotInject
from chaoslab.faults import within
from chaoslab.faults.fault import Finding
from chaoslab.faults.headroom import HeadroomSpec, share_reached
from chaoslab.faults.resource import ResourceFault
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica
from chaoslab.undo.shell import SERVICE

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

LOOK = (
    SERVICE
    + """
while read -r a b c soft hard rest; do
  [ "$a $b $c" = "Max open files" ] && { echo "soft $soft"; echo "hard $hard"; }
done </proc/$p/limits
for fd in /proc/$p/fd/*; do echo "fd ${fd##*/}"; done
"""
)
LOWER = (
    SERVICE
    + """
left=$1 share=$2 best=
for try in 1 2 3 4 5; do
  if [ $share -gt 0 ]; then
    open=0; for fd in /proc/$p/fd/*; do open=$((open + 1)); done
    left=$((open * (1000 - share) / share))
  fi
  free=0 n=0
  while :; do
    [ -L /proc/$p/fd/$n ] || { [ $free -ge $left ] && break; free=$((free + 1)); }
    n=$((n + 1))
  done
  if [ -z "$best" ] || [ $n -lt $best ]; then best=$n; fi
  sleep 0.02
done
prlimit --pid $p --nofile=$best: && echo "limit $best"
"""
)
"""Arguments: how many more may be opened; or, in permille, which share what is open has of that and what may be opened besides.

A limit bounds the number of a descriptor, not their count: it is the lowest free number after those that are left, whatever holes
there are below it and however much is open above. Looks several times and takes the lowest limit, since connections come and go."""


class FdsSpec(HeadroomSpec):
    """Lowers the limit of open files. `left`: how many more may be opened; or `percent`: that share of what may be open is."""

    limit = "open-file limit"
    type: Literal["fds"] = "fds"


@dataclass(frozen=True, slots=True)
class Open:
    """A service's open files: its soft limit, how many are open, and how many more may be."""

    soft: int
    open: int
    left: int

    @property
    def percent(self) -> float:
        """The share that is open of all that may be."""
        return 100 * self.open / (self.open + self.left)


class Fds(ResourceFault[FdsSpec]):
    """prlimit by exec as the service's own user and group; the hard limit is never lowered."""

    Spec = FdsSpec
    needs = ("prlimit",)

    def prepare(self) -> None:
        """Choose the targets and read the limits they have."""
        self.choose()
        self.before = {str(one): self._look(one) for one in self.targets}
        self.limits: dict[str, int] = {}

    def undos(self) -> tuple[Undo, ...]:
        """Set each soft limit back to what it was."""
        return tuple(
            self.undo("set_fd_limit", one.service, one.number, soft=self.before[str(one)].soft, user=self.user(one))
            for one in self.targets
        )

    def inject(self) -> Effect:
        """Lower one after the other; the effect lies within the calls."""
        _, at, error = self.timed(self._lower)
        return self.took_effect(at + error, error)

    def prove(self) -> Proof:
        """Read the limits back, and look for connections that were not served since."""
        found = {str(one): self._look(one) for one in self.targets if (fresh := self.now(one)) and fresh.running}
        unserved = not_served(self.lab, self.targets, self.effect_ns)
        return self.judged(lowered(self.limits, found, self.spec.share, unserved))

    def prove_clean(self) -> Proof:
        """Each soft limit is what it was, or what a new process got."""
        found = {str(one): self._look(one) for one in self.targets if (fresh := self.now(one)) and fresh.running}
        low = sum(one.soft < self.before[name].soft for name, one in found.items())
        return self.proof(Finding(low, "0 lowered", "open-file limits", proven=low == 0))

    def _lower(self) -> None:
        wanted = (str(self.spec.left or 0), str(math.floor(10 * (self.spec.share or 0))))
        for replica in self.targets:
            said = within.run(self.lab, replica, self.user(replica), LOWER, *wanted)
            self.limits[str(replica)] = int(said["limit"][0])

    def _look(self, replica: Replica) -> Open:
        fresh = self.lab.replica(replica.service, replica.number)
        return read_open(replica, within.run(self.lab, fresh, self.user(replica), LOOK))


def read_open(replica: Replica, said: Mapping[str, list[str]]) -> Open:
    """Read the answer of LOOK. Raises CannotInject when the open files of the service cannot be listed."""
    numbers = {int(number) for number in said.get("fd", ()) if number.isdigit()}
    soft = said.get("soft", ["?"])[0]
    if not numbers or not soft.isdigit():
        raise CannotInject(f"the open files of {replica} cannot be listed, or have no limit ({soft})")
    free = int(soft) - sum(number < int(soft) for number in numbers)
    return Open(int(soft), len(numbers), max(0, free))


def not_served(lab: "Lab", chosen: tuple[Replica, ...], since_ns: int) -> dict[str, tuple[int, int]] | None:
    """Count each target's own probe samples since an instant: (not served, all); None when no probe dials it."""
    probes = [probe for probe in lab.spec.probes.values() if chosen and probe.service == chosen[0].service]
    if not probes:
        return None
    found = {}
    for replica in chosen:
        samples = [
            one
            for probe in probes
            for one in tuple(lab.history.series(probe.name))
            if one.replica == replica.number and one.sent_ns >= since_ns
        ]
        found[str(replica)] = (sum(not one.good for one in samples), len(samples))
    return found


def lowered(
    limits: Mapping[str, int],
    found: Mapping[str, Open],
    percent: float | None,
    unserved: Mapping[str, tuple[int, int]] | None,
) -> Finding:
    """Judge it: the limit is read back as set, and opening fails: no descriptor is left, or new connections are not served.

    With `percent` (below 100) what is open only has to be that share of what may be. `measured`: descriptors left, or the least share.
    """
    bad = unserved or {}
    said = ", ".join(
        f"{name} has {one.open} open, limit {one.soft}, {one.left} left"
        + (f", {bad[name][0]} of {bad[name][1]} new connections not served" if name in bad else "")
        for name, one in found.items()
    )
    in_force = len(found) == len(limits) > 0 and all(found[name].soft == limit for name, limit in limits.items())
    if percent is not None:
        shares = [one.percent for one in found.values()]
        return share_reached(shares, percent, "% of what may be open", in_force=in_force, detail=said)
    failing = all(bad[name][0] > 0 if name in bad else one.left == 0 for name, one in found.items())
    left = max((one.left for one in found.values()), default=None)
    finding = Finding(
        left, "opening more than that fails", "descriptors left", proven=in_force and failing, detail=said
    )
    return finding if failing or not found else finding.refused("every new connection was served")
