"""dns_failure: its proof, its rules, and its life on a made-up lab."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chaoslab.errors import NotProvable
from chaoslab.faults.dns_failure import DnsFailure, DnsFailureSpec, rules, unresolved
from unit.faults.made import MadeLab, step


@pytest.mark.parametrize(
    ("dropped", "outcomes", "control", "proven"),
    [
        ({"a": 2}, {"a": ["timeout"]}, False, True),
        ({"a": 2, "b": 0}, {"a": ["timeout"], "b": ["timeout"]}, False, False),
        ({"a": 2}, {"a": ["ok"]}, False, False),
        ({"a": 2}, {"a": ["refused"]}, False, False),
        ({}, {}, False, False),
        ({"a": 2}, {"a": ["timeout", "ok"]}, True, True),
        ({"a": 2}, {"a": ["timeout", "timeout"]}, True, False),
    ],
)
def test_a_dns_failure_is_proven_by_drops_and_lookups(
    dropped: dict[str, int], outcomes: dict[str, Sequence[str]], control: bool, proven: bool
) -> None:
    """Every target dropped and failed the declared way; where one name was meant, another is still found."""
    assert unresolved(dropped, outcomes, "timeout", with_control=control).proven is proven


def test_lookups_that_fail_at_once_are_refused_on_their_way_out() -> None:
    """OUTPUT shows at once, INPUT is silence; one name is matched as a question writes it."""
    assert [rule["chain"] for mode in ("refuse", "timeout") for rule in rules(mode, None)] == ["OUTPUT", "INPUT"]
    [rule] = rules("timeout", "db.lab")
    assert rule["match"][-2:] == ["--hex-string", "|026462036c616200|"]


def dns(outcome: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answer as the packet-rule helper does; lookups come out that way."""
    known: dict[str, dict[str, Any]] = {"put": {"at_ns": 9, "error_ns": 4}, "read": {"rules": [[3, 0]]}}
    return lambda request: known.get(request["do"]) or {"outcomes": [outcome] * len(request["names"])}


def test_a_dns_failure_lives_and_ends() -> None:
    """Lookups work before, fail during; the undo removes rules by mark; the proof tells the service's own."""
    lab = MadeLab(dns("ok"))
    fault = DnsFailure(step(DnsFailureSpec(target="worker", for_seconds=3.0)), lab.as_lab(), "T-1")
    fault.prepare()
    [undo] = fault.undos()
    assert (undo.verb, undo.wanted) == ("remove_rules", {"mark": "chaoslab-run-T-1.1"})
    assert undo.id in lab.helpers
    assert fault.inject().at_ns == 7
    assert not fault.prove().proven
    lab.started[0][2].answers = dns("timeout")
    proof = fault.prove()
    assert proof.proven
    assert "3 of the service's own" in proof.detail
    assert not fault.prove_clean().proven
    lab.found = tuple(replace(one, started_at="t1") for one in lab.found)
    assert "worker[1] was restarted meanwhile" in fault.prove().detail
    fault.close()
    assert lab.helpers == {}


def test_a_name_that_cannot_be_looked_up_before_cannot_be_taken_away() -> None:
    """What fails already shows nothing."""
    lab = MadeLab(dns("nxdomain"))
    fault = DnsFailure(step(DnsFailureSpec(target="worker", name="nobody")), lab.as_lab(), "T-1")
    with pytest.raises(NotProvable, match="nobody cannot be looked up"):
        fault.prepare()
