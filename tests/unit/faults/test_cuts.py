"""Where a partition's rules go: pure functions of groups, links and addresses."""

from typing import Any

import pytest
from pydantic import ValidationError

from chaoslab.errors import NotProvable
from chaoslab.faults.cuts import Cut, choose_holders, make_cuts, places_to_dial, ports_of, rules_of
from chaoslab.faults.partition import PartitionSpec, cut_off, deal, read_share
from unit.faults.made import LINKS, SPEC, replica

API, PROXY = replica("api", addresses={"lab": "10.0.0.20"}), replica("toxiproxy", chaos_ready=False)
WORKERS = tuple(replica(number=number) for number in (1, 2, 3))
ONE_WORKER = WORKERS[:1]


def pairs(cuts: tuple[Cut, ...]) -> list[tuple[str, str, int | None]]:
    """List holder, peer and port."""
    return [(str(cut.holder), str(cut.peer), cut.port) for cut in cuts]


def test_the_smaller_group_holds_the_rules_when_no_link_crosses() -> None:
    """One helper does for both ways."""
    cuts = make_cuts((WORKERS, (API,)), SPEC.model_copy(update={"links": {}}), PROXY, one_way=False)
    assert pairs(cuts) == [("api[1]", f"worker[{number}]", None) for number in (1, 2, 3)]


def test_a_link_between_the_groups_is_cut_at_its_client() -> None:
    """What Toxiproxy relays carries its own address: only at the client can it be told apart."""
    cuts = make_cuts((WORKERS, (API,)), SPEC, PROXY, one_way=False)
    assert ("api[1]", "toxiproxy[1]", 9000) in pairs(cuts)
    assert {str(cut.holder) for cut in cuts} == {"api[1]"}


def test_a_link_that_leads_to_a_replica_outside_the_group_stays() -> None:
    """Toxiproxy may still reach the others of that service."""
    spec = SPEC.model_copy(
        update={"services": {**SPEC.services, "worker": SPEC.services["worker"].model_copy(update={"replicas": 3})}}
    )
    cuts = make_cuts((ONE_WORKER, (API,)), spec, PROXY, one_way=False)
    assert pairs(cuts) == [("worker[1]", "api[1]", None)]


def test_toxiproxy_in_a_group_stands_for_its_links_and_never_holds_rules() -> None:
    """It is not chaos-ready: the other side holds them, however large."""
    cuts = make_cuts((WORKERS, (PROXY,)), SPEC, PROXY, one_way=False)
    assert pairs(cuts) == [(f"worker[{number}]", "toxiproxy[1]", None) for number in (1, 2, 3)]


def test_a_link_whose_server_side_opens_nothing_is_not_cut_one_way() -> None:
    """The workers may not connect to the api; the api's own link to them stays."""
    cuts = make_cuts((ONE_WORKER, (API,)), SPEC, PROXY, one_way=True)
    assert all(cut.port is None for cut in cuts)
    back = make_cuts(((API,), ONE_WORKER), SPEC, PROXY, one_way=True)
    assert ("api[1]", "toxiproxy[1]", 9000) in pairs(back)


def test_the_target_holds_the_rules_even_when_the_rest_is_smaller() -> None:
    """Nothing but the target is touched."""
    cuts = make_cuts((WORKERS, (API,)), SPEC.model_copy(update={"links": {}}), None, one_way=False, first_holds=True)
    assert {cut.holder.service for cut in cuts} == {"worker"}


def test_equal_groups_and_clients_of_links_decide_who_holds() -> None:
    """The first of two equal ones; the side with the links' clients before the smaller one."""
    one, two = (API,), ONE_WORKER
    assert choose_holders(one, two, first_clients=False, second_clients=False) == (one, two)
    assert choose_holders(one, two, first_clients=False, second_clients=True) == (two, one)
    assert choose_holders(WORKERS, one, first_clients=True, second_clients=False) == (WORKERS, one)


def test_rules_name_the_peer_both_ways() -> None:
    """Nothing else can match: neither loopback nor the observer."""
    assert rules_of([Cut(API, WORKERS[0])]) == {
        "api[1]": [
            {"chain": "INPUT", "match": ["-s", "10.0.0.1"], "target": ["-j", "DROP"]},
            {"chain": "OUTPUT", "match": ["-d", "10.0.0.1"], "target": ["-j", "DROP"]},
        ]
    }
    [inward, outward] = rules_of([Cut(API, PROXY, port=9000)])["api[1]"]
    assert inward["match"][2:] == ["-p", "tcp", "--sport", "9000"]
    assert outward["match"][2:] == ["-p", "tcp", "--dport", "9000"]


@pytest.mark.parametrize(("outward", "kinds"), [(True, ["REPLY", "ORIGINAL"]), (False, ["ORIGINAL", "REPLY"])])
def test_one_way_rules_tell_connections_by_who_opened_them(outward: bool, kinds: list[str]) -> None:
    """Packets of the connections that the other side opened pass, in both directions."""
    made = rules_of([Cut(API, WORKERS[0], outward)])["api[1]"]
    assert [rule["match"][-1] for rule in made] == kinds


def test_a_peer_without_an_address_makes_no_rule() -> None:
    """A rule without an address would match everybody."""
    assert rules_of([Cut(API, replica(addresses={"lab": ""}))]) == {"api[1]": []}


def test_places_to_dial_are_of_different_services_first() -> None:
    """Few connections show much; those that the peer opens cannot be tried from here."""
    cuts = [*(Cut(API, worker) for worker in WORKERS), Cut(API, PROXY)]
    assert ports_of(SPEC) == {"worker": 90, "api": 80, "toxiproxy": 8474}
    assert places_to_dial(cuts, ports_of(SPEC), 2) == {"api[1]": [("10.0.0.1", 90), ("10.0.0.1", 8474)]}
    assert places_to_dial([Cut(API, WORKERS[0], outward=False)], ports_of(SPEC), 2) == {}


def test_shares_are_dealt_without_replacement() -> None:
    """Two shares of one service are different replicas; more than there are cannot be dealt."""
    known = {"worker": WORKERS, "api": (API,)}
    first, second = deal([[("worker", "50%")], [("worker", 1), ("api", "all")]], known)
    assert [str(one) for one in first] == ["worker[1]", "worker[2]"]
    assert [str(one) for one in second] == ["worker[3]", "api[1]"]
    with pytest.raises(NotProvable, match="more replicas of worker than the 3"):
        deal([[("worker", "all")], [("worker", 1)]], known)


@pytest.mark.parametrize(
    ("text", "share"), [("worker", ("worker", "all")), ("worker:50%", ("worker", "50%")), ("worker:2", ("worker", 2))]
)
def test_a_share_is_a_service_with_or_without_a_count(text: str, share: tuple[str, Any]) -> None:
    """Without one it is all of the service."""
    assert read_share(text) == share


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, 'either "groups" or "target"'),
        ({"target": "a", "groups": (("a",), ("b",))}, 'either "groups" or "target"'),
        ({"groups": (("a",),)}, "two groups or more"),
        ({"groups": (("a",), ())}, "two groups or more"),
        ({"groups": (("a",), ("b",)), "ratio": 0.5}, "goes with target"),
        ({"groups": (("a",), ("b",), ("c",)), "direction": "one_way"}, "between two groups"),
        ({"groups": (("a:0",), ("b:x",))}, '"a:0" must be a service.*"b:x" must be a service'),
    ],
)
def test_a_partition_that_cannot_be_meant_is_refused(keys: dict[str, Any], words: str) -> None:
    """Every wrong thing is named."""
    with pytest.raises(ValidationError, match=words):
        PartitionSpec.model_validate({"type": "partition", **keys})


def test_a_partition_says_who_is_cut_off_from_whom() -> None:
    """In services and shares, for plans; the plan counts its shares."""
    groups = PartitionSpec(groups=(("api", "redis:1"), ("worker:50%",)))
    assert groups.describe() == "partition: api + 1 redis | 50% of worker"
    assert groups.shares == (("api", "all"), ("redis", 1), ("worker", "50%"))
    target = PartitionSpec(target="worker", ratio=0.3, direction="one_way")
    assert target.describe() == "30% of worker cannot open connections to every other service"
    assert target.shares == (("worker", 0.3),)


@pytest.mark.parametrize(
    ("dropped", "outcomes", "proven", "words"),
    [
        ({"a": 7, "b": 0}, ["timeout", "timeout"], True, "2 of 2 connections across it fail"),
        ({"a": 7}, [], True, "a 7"),
        ({"a": 0}, ["timeout"], False, "no traffic met the cut"),
        ({}, [], False, "no traffic met the cut"),
        ({"a": 7}, ["timeout", "ok"], False, "1 connections still came about"),
    ],
)
def test_a_partition_is_proven_by_dropped_traffic_and_failing_connections(
    dropped: dict[str, int], outcomes: list[str], proven: bool, words: str
) -> None:
    """Neither counters without traffic nor a connection that came about will do."""
    finding = cut_off(dropped, outcomes)
    assert finding.proven is proven
    assert finding.measured == sum(dropped.values())
    assert words in finding.detail


def test_links_of_the_made_up_lab_are_as_these_tests_think() -> None:
    """The api is a client of the link to the worker."""
    assert (LINKS["back"].client, LINKS["back"].server, LINKS["back"].port) == ("api", "worker", 9000)
