"""fds: the soft limit of open files of the running service is lowered to what it has open and a few more, so that opening one fails."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from chaoslab.errors import CannotInject
from chaoslab.faults import within
from chaoslab.faults.fault import Finding
from chaoslab.faults.resource import ResourceFault, ResourceSpec
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica
from chaoslab.model.value import BadValues
from chaoslab.undo.shell import SERVICE

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

REACHED = 0.9
"""Connections come and go: nine tenths of the asked share is there."""
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
  free=0 n=0
  if [ $share -gt 0 ]; then
    for fd in /proc/$p/fd/*; do n=$((n + 1)); done; n=$((n * 1000 / share))
  else
    while :; do
      [ -L /proc/$p/fd/$n ] || { [ $free -ge $left ] && break; free=$((free + 1)); }
      n=$((n + 1))
    done
  fi
  if [ -z "$best" ] || [ $n -lt $best ]; then best=$n; fi
  sleep 0.02
done
prlimit --pid $p --nofile=$best: && echo "limit $best"
"""
)
"""Arguments: how many more may be opened; or what is open as permille of the limit. Looks several times and takes the lowest limit,
since connections come and go. A limit bounds the number of a descriptor: free ones below it can still be used."""


class FdsSpec(ResourceSpec):
    """Lowers the limit of open files. `left`: how many more may be opened; or `percent`: what is open is that share of the limit."""

    type: Literal["fds"] = "fds"
    left: Annotated[int, Field(ge=0, le=100_000)] | None = None
    percent: Annotated[float, Field(ge=1, le=100)] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "FdsSpec":
        if self.left is not None and self.percent is not None:
            raise BadValues((("percent",), "left and percent exclude each other", "remove one"))
        return self

    @property
    def amount(self) -> str:
        """Say how far the limit is lowered."""
        return f"{self.percent:g}% in use" if self.percent is not None else f"{self.left or 0} left"

    def describe(self) -> str:
        """Say what is lowered."""
        return f"open-file limit of {self.who} lowered: {self.amount}"

    def undoes(self) -> tuple[str, ...]:
        """Give it back."""
        return (f"set the open-file limit of {self.who} back",)


@dataclass(frozen=True, slots=True)
class Open:
    """A service's open files: its soft limit, how many are open, and how many more may be."""

    soft: int
    open: int
    left: int


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
        share = self.spec.percent if self.spec.percent is not None and self.spec.percent < 100 else None
        unserved = not_served(self.lab, self.targets, self.effect_ns)
        return self.judged(lowered(self.limits, found, share, unserved))

    def prove_clean(self) -> Proof:
        """Each soft limit is what it was, or what a new process got."""
        found = {str(one): self._look(one) for one in self.targets if (fresh := self.now(one)) and fresh.running}
        low = sum(one.soft < self.before[name].soft for name, one in found.items())
        return self.proof(Finding(low, "0 lowered", "open-file limits", proven=low == 0))

    def _lower(self) -> None:
        share = 0 if self.spec.percent is None else math.floor(10 * self.spec.percent)
        left = 0 if share >= 1000 else self.spec.left or 0
        for replica in self.targets:
            wanted = (str(left), str(share if share < 1000 else 0))
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

    With `percent` (below 100) what is open only has to be that share of the limit. `measured`: descriptors left, or the least share.
    """
    bad = unserved or {}
    said = ", ".join(
        f"{name} has {one.open} open, limit {one.soft}"
        + (f", {bad[name][0]} of {bad[name][1]} new connections not served" if name in bad else "")
        for name, one in found.items()
    )
    in_force = len(found) == len(limits) > 0 and all(found[name].soft == limit for name, limit in limits.items())
    if percent is not None:
        shares = [100 * one.open / one.soft if one.soft else 0.0 for one in found.values()]
        proven = in_force and all(share >= REACHED * percent for share in shares)
        return Finding(
            min(shares, default=None),
            f"at least {REACHED * percent:g} %",
            "% of the open-file limit",
            proven=proven,
            detail=said,
        )
    failing = all(bad[name][0] > 0 if name in bad else one.left == 0 for name, one in found.items())
    left = max((one.left for one in found.values()), default=None)
    finding = Finding(
        left, "opening more than that fails", "descriptors left", proven=in_force and failing, detail=said
    )
    return finding if failing or not found else finding.refused("every new connection was served")
