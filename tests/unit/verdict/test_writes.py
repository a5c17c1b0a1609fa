"""Ledgers, tokens, kills and log lines: what was acknowledged must be there, and what happened is counted from events."""

from typing import Any

import pytest

from chaoslab.model.history import Event, Sample
from chaoslab.model.lab import Ledger, Probe, TokenCheck
from chaoslab.model.result import FoundExpectation
from chaoslab.model.suite import Expectation
from chaoslab.verdict.judge import judge_scenario
from unit.verdict.made import MS, START, WEB, bad, event, events, good, lab, planned, series, stream

ORDERS = Probe(
    name="orders", role="work", service="web", port=80, rate_hz=1, timeout_seconds=4, body={"id": "{unique}"}
)
LEDGER = Ledger(name="book", probe="orders", service="web", port=80, path="/orders", ids="$[*]")
TOKENS = TokenCheck(name="logins", probe="orders", service="web", port=80, path="/me")
HEALTHY = stream(START, 30_000, 5)


def written(at: float, name: str, outcome: str = "201") -> Sample:
    """Make a write of an id with an outcome."""
    if outcome == "201":
        return good(at, probe="orders", detail=name)
    return bad(at, at + 10, probe="orders", outcome=outcome)._replace(detail=name)


WRITES = [
    written(6000, "a"),
    written(12_000, "b"),
    written(13_000, "c", "timeout"),
    written(14_000, "d", "503"),
    written(15_000, "e", "500"),
    written(16_000, "f", "refused"),
    written(17_000, "g"),
]


def found(ask: Expectation, *told: Event, writes: list[Sample] = WRITES) -> FoundExpectation:
    """Judge one expectation on a lab with a ledger and a token check."""
    spec = lab(WEB, ORDERS).model_copy(update={"ledgers": {"book": LEDGER}, "tokens": {"logins": TOKENS}})
    result = judge_scenario(planned(ask), spec, events(*told), series(HEALTHY, writes))
    [expectation] = result.expectations
    return expectation


def told_of(kind: str, **data: Any) -> Event:
    """Make an event of the end of the scenario."""
    return Event(29_000 * MS, kind, "S-1", data)


def listed(*names: str) -> Event:
    """Make the event of a ledger that lists these ids."""
    return told_of("ledger", name="book", listed=list(names), total=100)


def ask(measure: str, of: str = "book", **keys: Any) -> Expectation:
    """Ask for a count that must be 0."""
    return Expectation(measure=measure, of=of, **{"max": 0, **keys})


def test_acknowledged_writes_must_be_listed() -> None:
    """What was acknowledged and is not there is lost, also what was written before the fault; the rest is not."""
    assert found(ask("lost"), listed("a", "b", "g")).met is True
    taken = found(ask("lost"), listed("b"))
    assert (taken.observed, taken.n, taken.note) == (2, 3, "a, g")


def test_without_a_list_nothing_is_known() -> None:
    """A ledger that could not be read, or was never asked, never passes; nor one into which nothing was written."""
    failed = told_of("ledger", name="book", error="GET web:80/orders was answered with 503")
    assert found(ask("lost"), failed).note == "GET web:80/orders was answered with 503"
    for measure in ("lost", "duplicates"):
        assert found(ask(measure), failed).met is None
        assert found(ask(measure)).met is None
        assert found(ask(measure), listed(), writes=[]).met is None
    assert found(ask("unknown"), writes=[]).met is None


def test_duplicates_are_further_listings() -> None:
    """An id that is there three times is two too many."""
    taken = found(ask("duplicates"), listed("a", "b", "b", "g", "g", "g"))
    assert (taken.observed, taken.note) == (3, "b, g")
    assert found(ask("duplicates"), listed("a", "b", "g")).met is True


def test_what_was_turned_away_is_not_unknown() -> None:
    """A time-out and a 500 leave the write's fate open; a refusal does not. How many were done is told."""
    taken = found(ask("unknown"), listed("a", "b", "c", "g"))
    assert (taken.observed, taken.n, taken.note) == (2, 7, "1 of them are listed")
    assert found(ask("unknown")).observed == 2


def test_lost_of_everything_counts_unanswered_work_and_missing_writes() -> None:
    """Without `of` both are lost; a ledger that was not read adds nothing."""
    both = Expectation(measure="lost", max=0)
    taken = found(both, listed("a", "g"))
    assert (taken.observed, taken.note) == (2, "1 acknowledged: b")
    assert found(both).observed == 1


def checked(**data: Any) -> Event:
    """Make the event of a token check."""
    return told_of("tokens", name="logins", **data)


@pytest.mark.parametrize(
    ("told", "observed", "note"),
    [
        ([checked(checked=10, refused=0, foreign=0)], 1.0, ""),
        (
            [checked(checked=10, refused=1, foreign=1, example="one with 401")],
            0.8,
            "1 refused, 1 with a foreign subject; one with 401",
        ),
        ([checked(checked=0, refused=0, foreign=0)], None, "no token was issued"),
        ([checked(error="refused")], None, "refused"),
        ([], None, "the tokens were not checked"),
    ],
)
def test_every_issued_token_must_verify(told: list[Event], observed: float | None, note: str) -> None:
    """The share of tokens that verify for the right subject; nothing checked is nothing known."""
    taken = found(Expectation(measure="token_integrity", of="logins", equals=1), *told)
    assert (taken.observed, taken.note) == (observed, note)
    assert taken.met == (None if observed is None else observed == 1)


def engine(action: str, at: float, replica: int = 1, **data: Any) -> Event:
    """Make an event of the engine about `web`."""
    return event("engine", at, action=action, **{"service": "web", "replica": replica, **data})


def test_only_the_services_own_end_is_an_oom_kill() -> None:
    """A killed stressor tells `oom` without an end, a crash ends with 137 without `oom`; each kill counts once."""
    told = [
        engine("oom", 12_000),
        engine("oom", 12_001),
        engine("die", 12_020, exit_code=137),
        engine("oom", 13_000, replica=2),
        engine("die", 18_000, exit_code=137, replica=2),
        engine("oom", 19_000, service="other"),
        engine("die", 19_001, exit_code=137, service="other"),
    ]
    taken = found(ask("oom_kills", "web", max=1), *told)
    assert (taken.observed, taken.met) == (1, True)
    assert taken.note == "1x out of memory without the service's end"
    assert found(ask("oom_kills", "web")).observed == 0


def test_log_lines_are_counted_in_their_phase() -> None:
    """Matching lines under the fault count, those after it do not; a log that was not read is unknown."""
    lines = [
        {"at_ns": at * 1_000_000, "replica": "web[1]", "text": f"ERROR {at}"} for at in (9000, 12_000, 13_000, 25_000)
    ]
    told = told_of("log_matches", service="web", pattern="ERROR", lines=lines, scanned=77, truncated=False)
    taken = found(ask("log_matches", "web", name="ERROR"), told)
    assert (taken.observed, taken.n, taken.note, taken.met) == (2, 77, "first: ERROR 12000", False)
    assert found(ask("log_matches", "web", name="ERROR", phase="after"), told).observed == 1
    assert found(ask("log_matches", "web", name="other"), told).met is None
    failed = told_of("log_matches", service="web", pattern="ERROR", error="gone")
    assert found(ask("log_matches", "web", name="ERROR"), failed).note == "its log could not be read: gone"


def test_what_was_acknowledged_after_the_list_was_asked_for_is_not_lost() -> None:
    """An acknowledgement later than the question need not be in its answer; an earlier one must."""
    told = told_of("ledger", name="book", asked_ns=15_500 * MS, listed=["a"], total=1)
    late = [one for one in WRITES if one.finished_ns > 15_500 * MS]
    assert [one.detail for one in late if one.good] == ["g"]
    assert found(ask("lost"), told).observed == 1
