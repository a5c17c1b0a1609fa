"""partition: groups of replicas that cannot reach each other, by packet rules in the network namespaces of one side."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from chaoslab.errors import NotProvable
from chaoslab.faults import targets
from chaoslab.faults.cuts import Group, make_cuts, places_to_dial, ports_of, rules_of
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.packet_rules import PacketRules, replaced, rules_gone
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica
from chaoslab.model.suite import Count, HeldFaultSpec
from chaoslab.model.value import BadValues
from chaoslab.plan.targets import share_size

SHARE = re.compile(r"^(?P<service>[^:]+)(:(?P<count>[1-9]\d*|(100|[1-9]?\d)%|all))?$")
DIAL_SECONDS = 0.25
MOST_DIALS = 4


class PartitionSpec(HeldFaultSpec):
    """Cuts groups off from each other (`groups`: services or shares of one), or a share of one service from all others."""

    type: Literal["partition"] = "partition"
    groups: tuple[tuple[str, ...], ...] | None = None
    target: targets.Target | None = None
    ratio: Annotated[float, Field(gt=0, le=1)] | None = None
    direction: Literal["both", "one_way"] = "both"

    @model_validator(mode="after")
    def _fits(self) -> "PartitionSpec":
        if (self.groups is None) == (self.target is None):
            raise BadValues(((), 'give either "groups" or "target"', 'e.g. "groups": [["a"], ["b:50%", "c"]]'))
        if self.ratio is not None and self.target is None:
            raise BadValues((("ratio",), "goes with target only", 'in groups write a share, e.g. "worker:50%"'))
        groups = self.groups or ()
        if self.target is None and (len(groups) < 2 or not all(groups)):
            raise BadValues((("groups",), "must be two groups or more, none of them empty", ""))
        if self.direction == "one_way" and len(groups) > 2:
            raise BadValues((("direction",), "one_way is between two groups", ""))
        wrong = [
            (("groups", place, index), f'"{share}" must be a service, or one with a share', 'e.g. "worker:50%"')
            for place, group in enumerate(groups)
            for index, share in enumerate(group)
            if not SHARE.match(share)
        ]
        if wrong:
            raise BadValues(*wrong)
        return self

    @property
    def named_groups(self) -> tuple[tuple[tuple[str, Count | float], ...], ...]:
        """The groups as shares; of the form with `target` the one group that is named."""
        if self.target is not None:
            return (((self.target, "all" if self.ratio is None else self.ratio),),)
        return tuple(tuple(read_share(share) for share in group) for group in self.groups or ())

    @property
    def shares(self) -> tuple[tuple[str, Count | float], ...]:
        """All shares of services that are touched."""
        return tuple(share for group in self.named_groups for share in group)

    def describe(self) -> str:
        """Say who is cut off from whom."""
        sides = [" + ".join(in_words(service, count) for service, count in group) for group in self.named_groups]
        if self.target is not None:
            sides.append("every other service")
        if self.direction == "one_way":
            return f"{sides[0]} cannot open connections to {sides[1]}"
        return f"partition: {' | '.join(sides)}"

    def undoes(self) -> tuple[str, ...]:
        """Remove the rules."""
        return ("remove the packet rules of the cut-off side",)


class Partition(Fault[PartitionSpec]):
    """Rules name the other groups' addresses, so loopback, the observer and outside clients never match."""

    Spec = PartitionSpec

    def prepare(self) -> None:
        """Deal the groups, start a helper in each container that will hold rules, and see what can be reached now."""
        self.groups = self._dealt()
        proxied = self.lab.spec.toxiproxy is not None
        proxy = self.lab.toxiproxy_replica() if proxied else None
        one_way = self.spec.direction == "one_way"
        first_holds = self.spec.target is not None
        self.cuts = make_cuts(self.groups, self.lab.spec, proxy, one_way=one_way, first_holds=first_holds)
        holders = {str(cut.holder): cut.holder for cut in self.cuts}
        self.peers = {str(cut.peer): cut.peer for cut in self.cuts}
        self.rules = PacketRules(self, tuple(holders.values()))
        self.rules.prepare()
        wanted = places_to_dial(self.cuts, ports_of(self.lab.spec), MOST_DIALS)
        before = self.rules.dial(wanted, DIAL_SECONDS)
        self.places = {
            name: [place for place, outcome in zip(places, before[name], strict=True) if outcome == "ok"]
            for name, places in wanted.items()
        }

    def undos(self) -> tuple[Undo, ...]:
        """Remove the rules of every holder."""
        return self.rules.undos()

    def inject(self) -> Effect:
        """Put all rules in, at once in all holders."""
        at, error = self.rules.put(rules_of(self.cuts))
        sides = " | ".join(targets.names(group) for group in self.groups[: 1 if self.spec.target else None])
        return Effect(at, error, f"{self.spec.describe()}: {sides}")

    def prove(self) -> Proof:
        """Read the counters of the lab's own traffic, then try to cross from inside."""
        dropped = self.rules.dropped()
        dialled = self.rules.dial(self.places, DIAL_SECONDS)
        finding = cut_off(dropped, [outcome for outcomes in dialled.values() for outcome in outcomes])
        if gone := rules_gone(replaced(self.lab, self.rules.holders)):
            finding = finding.refused(gone)
        if moved := self._moved():
            finding = finding.refused(f"{', '.join(moved)} came back under another address and is not cut off")
        return self.proof(finding)

    def prove_clean(self) -> Proof:
        """No rule is left; how many of the places can be reached again is told."""
        left = self.rules.left()
        again = [outcome for outcomes in self.rules.dial(self.places, DIAL_SECONDS).values() for outcome in outcomes]
        detail = f"{again.count('ok')} of {len(again)} connections across it succeed again" if again else ""
        finding = Finding(left, "0 rules", "rules", proven=left == 0, detail=detail)
        gone = rules_gone(replaced(self.lab, self.rules.holders))
        return self.proof(finding.noted(gone) if gone else finding)

    def close(self) -> None:
        """End the helpers, and let nobody ask them any more."""
        if hasattr(self, "rules"):
            self.rules.forget()
        super().close()

    def _dealt(self) -> tuple[Group, ...]:
        """Deal replicas to the groups; shares of one service in several groups get different replicas."""
        named = self.spec.named_groups
        proxy = self.lab.spec.toxiproxy.service if self.lab.spec.toxiproxy else ""
        known = {
            service: self.lab.replicas(service)
            if service == proxy
            else self.lab.choose(service, "all", self.scenario_id)
            for service, _ in self.spec.shares
        }
        groups = deal(named, known)
        since_ns = self.lab.history.now_ns()
        down = [
            f"{replica} is {targets.describe(replica)}"
            for group in groups
            for replica in group
            if not targets.is_up(self.lab, replica, since_ns)
        ]
        if down:
            raise NotProvable(f"{', '.join(down)} before the fault", remedy="`chaoslab recover` puts it right")
        if self.spec.target is None:
            return groups
        mine = {str(replica) for replica in groups[0]}
        others = tuple(
            replica
            for service in self.lab.spec.services
            for replica in self.lab.replicas(service)
            if str(replica) not in mine
        )
        return (groups[0], others)

    def _moved(self) -> list[str]:
        """Name the peers that have other addresses than when the rules were made."""
        services = dict.fromkeys(peer.service for peer in self.peers.values())
        now = {str(replica): replica for service in services for replica in self.lab.replicas(service)}
        return [
            name
            for name, peer in self.peers.items()
            if name in now
            and now[name].address
            and not set(now[name].addresses.values()) <= set(peer.addresses.values())
        ]


def read_share(text: str) -> tuple[str, Count]:
    """Read `service` or `service:share`; without a share all of it."""
    found = SHARE.match(text)
    assert found is not None
    count = found["count"] or "all"
    return found["service"], int(count) if count.isdigit() else count


def in_words(service: str, count: Count | float) -> str:
    """Say a share."""
    if isinstance(count, float):
        return service if count == 1 else f"{100 * count:g}% of {service}"
    return service if count in ("all", "100%") else targets.of(service, count) if count != 1 else f"1 {service}"


def deal(
    named: Sequence[Sequence[tuple[str, Count | float]]], known: Mapping[str, Sequence[Replica]]
) -> tuple[Group, ...]:
    """Deal the `known` replicas of each service to the groups in order. Raises NotProvable when there are too few."""
    taken = dict.fromkeys(known, 0)
    groups = []
    for group in named:
        members: list[Replica] = []
        for service, count in group:
            start = taken[service]
            number = share_size(count, len(known[service]))
            if not number or start + number > len(known[service]):
                raise NotProvable(
                    f"the groups name more replicas of {service} than the {len(known[service])} there are"
                )
            members += known[service][start : start + number]
            taken[service] = start + number
        groups.append(tuple(members))
    return tuple(groups)


def cut_off(dropped: Mapping[str, int], outcomes: Sequence[str]) -> Finding:
    """Judge a partition: packets of the lab's own traffic met the rules, and no connection tried from inside came about.

    `dropped`: packets by the container that holds the rules. `outcomes`: of connections that came about before.
    """
    total = sum(dropped.values())
    through = list(outcomes).count("ok")
    each = ", ".join(f"{name} {packets}" for name, packets in dropped.items())
    detail = f"{each}; {len(outcomes) - through} of {len(outcomes)} connections across it fail"
    finding = Finding(total, "at least 1, none through", "packets dropped", proven=total > 0, detail=detail)
    if not total:
        finding = finding.refused("no traffic met the cut")
    return finding.refused(f"{through} connections still came about") if through else finding
