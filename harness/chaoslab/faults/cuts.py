"""Where a partition's packet rules go: who holds them, against whom. Pure functions of groups, links and addresses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from chaoslab.faults.packet_rules import Rule
from chaoslab.model.lab import LabSpec, Link
from chaoslab.model.replica import Replica

Group = tuple[Replica, ...]
DROP = ["-j", "DROP"]
INPUT_KINDS, OUTPUT_KINDS = ("REPLY", "ORIGINAL"), ("ORIGINAL", "REPLY")


@dataclass(frozen=True, slots=True)
class Cut:
    """`holder`'s namespace drops what goes to and comes from `peer`.

    `outward`: only connections that the holder opens (True) or the peer (False); None: all. `port`: only the link's
    connections to that port of the peer.
    """

    holder: Replica
    peer: Replica
    outward: bool | None = None
    port: int | None = None


def crossing_links(client_side: Group, server_side: Group, spec: LabSpec) -> tuple[Link, ...]:
    """Return the links from one group to the other: their traffic goes through Toxiproxy, whose packets name neither.

    A link counts when every replica of its server is on the other side; else it may lead to one that is not cut off.
    """
    clients = {replica.service for replica in client_side}
    counts: dict[str, int] = {}
    for replica in server_side:
        counts[replica.service] = counts.get(replica.service, 0) + 1
    return tuple(
        link
        for link in spec.links.values()
        if link.client in clients
        and link.server in counts
        and counts[link.server] >= spec.services[link.server].replicas
    )


def make_cuts(
    groups: Sequence[Group], spec: LabSpec, proxy: Replica | None, *, one_way: bool, first_holds: bool = False
) -> tuple[Cut, ...]:
    """Return the cuts between every two groups; `one_way`: only connections that the first group opens.

    Between two groups the rules stand in the one that has clients of links to the other, else in the smaller one; never
    in one with a container that is not chaos-ready (Toxiproxy). `first_holds`: in the first, whatever the sizes.
    Where Toxiproxy is in a group itself, it stands for its links.
    """
    found: list[Cut] = []
    for first, second in combinations(groups, 2):
        relayed = proxy is not None and str(proxy) not in {str(replica) for replica in (*first, *second)}
        there = crossing_links(first, second, spec) if relayed else ()
        back = crossing_links(second, first, spec) if relayed and not one_way else ()
        chosen = choose_holders(first, second, first_clients=bool(there), second_clients=bool(back))
        holders, peers = (first, second) if first_holds else chosen
        outward = (holders is first) if one_way else None
        found += [Cut(holder, peer, outward) for holder in holders for peer in peers]
        if proxy is not None:
            found += [
                Cut(client, proxy, None, link.port)
                for side, links in ((first, there), (second, back))
                for link in links
                for client in side
                if client.service == link.client
            ]
    return tuple(found)


def choose_holders(first: Group, second: Group, *, first_clients: bool, second_clients: bool) -> tuple[Group, Group]:
    """Choose which of two groups holds the rules between them; returns holders and peers."""
    may = [all(replica.chaos_ready for replica in group) for group in (first, second)]
    if may[0] != may[1]:
        wins = may[0]
    elif first_clients != second_clients:
        wins = first_clients
    else:
        wins = len(first) <= len(second)
    return (first, second) if wins else (second, first)


def rules_of(cuts: Iterable[Cut]) -> dict[str, list[Rule]]:
    """Return the rules by holder."""
    made: dict[str, list[Rule]] = {}
    for cut in cuts:
        mine = made.setdefault(str(cut.holder), [])
        for address in filter(None, dict.fromkeys(cut.peer.addresses.values())):
            mine += _rules(cut, address)
    return made


def _rules(cut: Cut, address: str) -> list[Rule]:
    inward, outward = ["-s", address], ["-d", address]
    if cut.port is not None:
        inward += ["-p", "tcp", "--sport", str(cut.port)]
        outward += ["-p", "tcp", "--dport", str(cut.port)]
    if cut.outward is not None:
        place = 0 if cut.outward else 1
        inward += ["-m", "conntrack", "--ctdir", INPUT_KINDS[place]]
        outward += ["-m", "conntrack", "--ctdir", OUTPUT_KINDS[place]]
    return [
        {"chain": "INPUT", "match": inward, "target": DROP},
        {"chain": "OUTPUT", "match": outward, "target": DROP},
    ]


def ports_of(spec: LabSpec) -> Mapping[str, int]:
    """Return a TCP port at which each service listens, as far as the lab declares one."""
    known: dict[str, int] = {}
    for probe in spec.probes.values():
        if probe.service and probe.port:
            known.setdefault(probe.service, probe.port)
    for link in spec.links.values():
        host, _, port = link.upstream.rpartition(":")
        known.setdefault(host, int(port))
    if spec.toxiproxy is not None:
        known.setdefault(spec.toxiproxy.service, spec.toxiproxy.port)
    return known


def places_to_dial(cuts: Iterable[Cut], ports: Mapping[str, int], most: int) -> dict[str, list[tuple[str, int]]]:
    """Return, by holder, places that its namespace can no longer connect to: at most so many, of different services first."""
    by_holder: dict[str, dict[tuple[str, int], str]] = {}
    for cut in cuts:
        port = cut.port or ports.get(cut.peer.service)
        if cut.outward is not False and port is not None and cut.peer.address:
            by_holder.setdefault(str(cut.holder), {}).setdefault((cut.peer.address, port), cut.peer.service)
    chosen: dict[str, list[tuple[str, int]]] = {}
    for holder, places in by_holder.items():
        seen: dict[str, int] = {}
        ranked: list[tuple[int, int, tuple[str, int]]] = []
        for place, service in places.items():
            seen[service] = seen.get(service, 0) + 1
            ranked.append((seen[service], len(ranked), place))
        chosen[holder] = [place for _, _, place in sorted(ranked)[:most]]
    return chosen
