"""Packet rules, counters, shares: what is counted and what chance allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoslab.faults import binomial
from chaoslab.faults.fault import Finding
from chaoslab.faults.packet_loss import counted, lost, rules
from chaoslab.faults.proxy_down import refused
from chaoslab.faults.traffic import with_traffic
from unit.faults.made import LINKS, crossing, unanswered


@given(st.integers(1, 5000), st.floats(0, 1))
def test_the_share_that_was_seen_always_fits_itself(trials: int, part: float) -> None:
    """A count's own share lies in its interval, and the interval within 0..1."""
    hits = round(trials * part)
    low, high = binomial.interval(hits, trials)
    assert 0 <= low <= hits / trials + 1e-9
    assert hits / trials - 1e-9 <= high <= 1
    assert binomial.fits(hits, trials, hits / trials)


def test_the_interval_is_wilson_s() -> None:
    """At two sigmas, 10 of 100 give 5.5..17.5 percent (Wilson 1927)."""
    low, high = binomial.interval(10, 100, sigmas=1.96)
    assert (low, high) == pytest.approx((0.0552, 0.1744), abs=1e-4)


def test_nothing_fits_no_trials() -> None:
    """Without a trial there is no share."""
    assert not binomial.fits(0, 0, 0.5)


@pytest.mark.parametrize(
    ("percent", "seen", "dropped", "payload", "proven"),
    [
        (30, 1000, 300, 200, True),
        (30, 1000, 0, 200, False),
        (30, 1000, 600, 200, False),
        (30, 0, 0, 0, False),
        (30, 1000, 300, 0, False),
        (1, 50, 0, 20, False),
        (100, 40, 40, 0, True),
        (100, 40, 39, 5, False),
    ],
)
def test_a_loss_is_proven_by_the_dropped_share(
    percent: float, seen: int, dropped: int, payload: int, proven: bool
) -> None:
    """The share fits the declared one, something was dropped, and it could carry payload."""
    finding = lost(percent, seen, dropped, payload)
    assert finding.proven is proven
    assert finding.measured == (pytest.approx(100 * dropped / seen) if seen else None)


def test_rules_match_the_clients_and_the_link_s_port_alone() -> None:
    """Every rule names a client's address and the link's port: neither loopback nor the observer can match."""
    made = rules(("10.0.0.7", "10.0.0.8"), 9000, 30)
    assert len(made) == 10
    for rule in made:
        assert {"10.0.0.7", "10.0.0.8"} & set(rule["match"])
        assert rule["match"][rule["match"].index("-p") + 2 :][:2] in (["--dport", "9000"], ["--sport", "9000"])
    assert [rule for rule in made if "target" in rule and "0.3000" not in rule["match"]] == []


def test_a_complete_loss_needs_no_chance() -> None:
    """At 100 percent every packet is dropped, not one in a random draw."""
    assert all("statistic" not in rule["match"] for rule in rules(("10.0.0.7",), 9000, 100))


def test_counters_are_summed_up_by_what_their_rule_counts() -> None:
    """Seen and dropped are those of both ways and all clients, payload is the client's own."""
    client = [[10, 1], [4, 1], [3, 1], [8, 1], [2, 1]]
    assert counted([*client, *client]) == (36, 8, 10)
    assert counted([None] * 5) == (0, 0, 0)


def test_a_fault_that_no_client_met_is_not_proven() -> None:
    """The canary's word is not enough: the link's own client must have crossed it."""
    finding = Finding(500.0, "", "ms", proven=True)
    met = with_traffic(finding, 12, LINKS["back"], "payload packets")
    assert met.proven
    assert met.detail == "12 payload packets of api"
    missed = with_traffic(finding, 0, LINKS["back"], "payload packets")
    assert not missed.proven
    assert missed.detail.startswith("no client traffic crossed back")


def test_a_disabled_proxy_is_proven_by_refused_canaries() -> None:
    """Refused now, answered before, and the control link untouched."""
    before, during = [crossing()] * 20, [unanswered("refused")] * 20
    assert refused(before, during, [crossing()] * 20).proven
    assert refused(before, during, []).proven
    assert not refused(before, before, []).proven
    assert not refused([], during, []).proven
    assert not refused(before, during, during).proven
