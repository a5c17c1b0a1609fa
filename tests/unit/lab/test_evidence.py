"""What is gathered after a scenario, from doors that answer as told."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chaoslab.errors import ToolError
from chaoslab.lab import evidence
from chaoslab.lab.container_logs import Line, instant_ns, matching, parsed
from chaoslab.lab.evidence import Ended, claims, gather, wanted_ledgers
from chaoslab.lab.lab import Lab
from chaoslab.model.history import Sample
from chaoslab.model.lab import LabSpec, Ledger, Metrics, Service, TokenCheck
from chaoslab.model.plan import PlannedScenario
from chaoslab.model.suite import Expectation
from chaoslab.observe.seams import Reply
from chaoslab.store import History, RunFolder, StopFlag
from unit.faults.made import Hands, replica
from unit.verdict.made import planned

SECOND = 1_000_000_000
STAMP = "2026-01-01T00:00:0{}.500000000Z"
WALL_NS = 1_767_225_600 * SECOND


class Waiting(Hands):
    """A clock that moves by itself, so that no test waits for a deadline."""

    step_ns = SECOND

    def now_ns(self) -> int:
        """Tell the time a step later each time."""
        self.ns += self.step_ns
        return self.ns


class Doors:
    """A lab whose observer answers requests and whose engine gives logs as told."""

    def __init__(self, folder: Path) -> None:
        self.answers: dict[str, Reply | Exception] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.logs: dict[str, str | Exception] = {}
        self.history = History(RunFolder(folder), Waiting(), StopFlag())
        self.real_minus_mono_ns = WALL_NS
        book = Ledger(name="book", probe="orders", service="web", port=80, path="/orders", ids="$.orders[*].id")
        spec = LabSpec(
            project="lab", services={"web": Service(name="web")}, networks=(), toxiproxy=None, default_link=None, links={},
            probes={}, triggers={}, ledgers={"book": book}, metrics={"web": Metrics(name="web", port=80)},
            tokens={"logins": TokenCheck(name="logins", probe="login", service="web", port=80, path="/me", subject="admin")},
        )  # fmt: skip
        self.lab = cast(
            "Lab",
            SimpleNamespace(spec=spec, history=self.history, observer=self, engine=SimpleNamespace(logs=self.log)),
        )

    def request(self, method: str, url: str, *, headers: dict[str, str], timeout_seconds: float) -> Reply:
        """Answer as told."""
        assert method == "GET"
        assert timeout_seconds > 0
        self.asked.append((url, dict(headers)))
        answer = self.answers.get(headers.get("Authorization", url), self.answers.get(url))
        if isinstance(answer, Reply):
            return answer
        raise answer or ToolError("GET: refused")

    def log(self, container: str, _lines: int, *, since_seconds: float) -> str:
        """Give a container's log as told."""
        assert since_seconds == WALL_NS / SECOND
        log = self.logs.get(container, "")
        if isinstance(log, Exception):
            raise log
        return log

    def gathered(self, *asks: Expectation) -> dict[str, dict[str, Any]]:
        """Gather, and return the events' data by kind."""
        ended = Ended(
            scenario(*asks), 0, {"before": 10 * SECOND, "after": 90 * SECOND}, (replica("web"), replica("web", 2))
        )
        gather(self.lab, ended)
        return {event.kind: event.data for event in self.history.events}

    def write(self, probe: str, *details: Any, good: bool = True) -> None:
        """Take samples with these details into the history."""
        self.history.samples_in(
            [Sample(probe, 1, n, n, (n + 1) * 4 * SECOND, good, "200", one) for n, one in enumerate(details)]
        )


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    """Give the doors."""
    made = Doors(tmp_path)
    yield made
    made.history.close()


def scenario(*asks: Expectation) -> PlannedScenario:
    """Plan a scenario with these expectations."""
    return planned(*asks)


def ok(body: Any) -> Reply:
    """Make a good answer."""
    return Reply(200, json.dumps(body), 0, 0)


LOST = Expectation(measure="lost", of="book", max=0)
TOKENS = Expectation(measure="token_integrity", of="logins", equals=1)


def test_a_ledger_tells_only_what_was_written_now(doors: Doors) -> None:
    """Ids of earlier scenarios stay out of the history; one that is there twice is told twice."""
    doors.write("orders", "a", "b", "c")
    doors.answers["web:80/orders"] = ok({"orders": [{"id": one} for one in ("a", "old", "b", "b")]})
    told = doors.gathered(LOST)["ledger"]
    assert told.pop("asked_ns") > 0
    assert told == {"name": "book", "listed": ["a", "b", "b"], "total": 4}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Reply(503, "", 0, 0), "GET web:80/orders was answered with 503"),
        (Reply(200, "no json", 0, 0), "Expecting value: line 1 column 1 (char 0)"),
        (ToolError("GET web:80/orders from inside the lab: refused"), "GET web:80/orders from inside the lab: refused"),
    ],
)
def test_a_ledger_that_cannot_be_read_says_why(doors: Doors, answer: Reply | Exception, why: str) -> None:
    """It is asked until its deadline; then the last reason is told."""
    doors.answers["web:80/orders"] = answer
    assert doors.gathered(LOST)["ledger"] == {"name": "book", "error": why}
    assert len(doors.asked) > 1


@pytest.mark.parametrize(
    ("asks", "wanted"),
    [
        ((), True),
        ((Expectation(measure="lost", max=0),), True),
        ((LOST,), True),
        ((Expectation(measure="unknown", of="book", max=0),), True),
        ((Expectation(measure="lost", of="tasks", max=0),), False),
        ((Expectation(measure="recovery_seconds", max=5),), False),
    ],
)
def test_a_ledger_is_asked_only_where_somebody_wants_to_know(
    doors: Doors, asks: tuple[Expectation, ...], wanted: bool
) -> None:
    """Named, or part of everything that may be lost; else the system is left alone."""
    assert bool(wanted_ledgers(doors.lab, scenario(*asks))) is wanted


def token(subject: str) -> str:
    """Make a JWT with a subject."""
    body = base64.urlsafe_b64encode(json.dumps({"sub": subject}).encode()).decode().rstrip("=")
    return f"e30.{body}.signature-{subject}"


def test_every_token_is_sent_to_who_issued_it(doors: Doors) -> None:
    """Refused ones and those of somebody else are counted; a token captured twice is checked once, and never told."""
    good, foreign, bad = token("admin"), token("mallory"), token("admin") + "x"
    doors.write("login", good, good, foreign, bad, None)
    doors.answers = {"web:80/me": ok({}), f"Bearer {bad}": Reply(401, "", 0, 0)}
    told = doors.gathered(TOKENS)["tokens"]
    example = told.pop("example")
    assert told == {"name": "logins", "issued": 3, "checked": 3, "refused": 1, "foreign": 1}
    assert example == "one is for 'mallory', not 'admin'"


def test_many_tokens_are_checked_by_sample(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more than the limit evenly chosen ones are sent."""
    monkeypatch.setattr(evidence, "MOST_TOKENS", 10)
    doors.write("login", *(token("admin") + str(number) for number in range(95)))
    doors.answers["web:80/me"] = ok({})
    told = doors.gathered(TOKENS)["tokens"]
    assert (told["issued"], told["checked"], told["refused"]) == (95, 10, 0)


def test_tokens_that_cannot_be_checked_say_why(doors: Doors) -> None:
    """A system that does not answer leaves them unknown; without an expectation none are sent."""
    doors.write("login", token("admin"))
    assert doors.gathered(TOKENS)["tokens"] == {"name": "logins", "error": "GET: refused"}
    doors.asked.clear()
    doors.gathered(Expectation(measure="recovery_seconds", max=5))
    assert doors.asked == []


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.bnVsbA.c"])
def test_what_is_no_jwt_has_no_claims(text: str) -> None:
    """An opaque token is nobody's."""
    assert claims(text) == {}


def test_logs_are_kept_and_searched(doors: Doors, tmp_path: Path) -> None:
    """Each container's log is in the run folder; what an expectation looks for is told in lab time."""
    one, two = replica("web"), replica("web", 2)
    doors.logs = {
        one.id: f"{STAMP.format(1)} fine\n{STAMP.format(2)} Traceback (most recent call last)\n",
        two.id: f"{STAMP.format(3)} ERROR\x1b[0m what\n",
    }
    told = doors.gathered(Expectation(measure="log_matches", of="web", name="Traceback|ERROR", max=0))["log_matches"]
    assert [(line["at_ns"], line["replica"]) for line in told["lines"]] == [
        (2.5 * SECOND, "web[1]"),
        (3.5 * SECOND, "web[2]"),
    ]
    assert (told["scanned"], told["truncated"]) == (3, False)
    assert "Traceback" in (tmp_path / "logs" / "S-1" / "web-1.log").read_text()


def test_a_log_that_cannot_be_read_is_unknown(doors: Doors) -> None:
    """Nothing is said about lines that nobody saw."""
    doors.logs = {replica("web").id: ToolError("engine: logs: no such container")}
    told = doors.gathered(Expectation(measure="log_matches", of="web", name="x", max=0))["log_matches"]
    assert told["error"] == "engine: logs: no such container"


def test_of_many_matches_some_are_kept() -> None:
    """The history stays small, and says that it is not everything."""
    found = matching("x", {"web[1]": [Line(number, "x" * 1000) for number in range(1000)]})
    assert (len(found["lines"]), found["scanned"], found["truncated"]) == (200, 1000, True)
    assert len(found["lines"][0]["text"]) == 300


@pytest.mark.parametrize(
    ("stamp", "ns"),
    [
        ("2026-01-01T00:00:01.000000001Z", WALL_NS + SECOND + 1),
        ("2026-01-01T00:00:01Z", WALL_NS + SECOND),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_engines_time_stamps(stamp: str, ns: int | None) -> None:
    """Nanoseconds are kept; what is no stamp is none."""
    assert instant_ns(stamp) == ns


def test_a_line_without_a_stamp_goes_on_from_the_one_before() -> None:
    """What the engine cut in two keeps its instant."""
    lines = list(parsed(f"{STAMP.format(1)} one\nand more\n", WALL_NS))
    assert lines == [Line(1_500_000_000, "one"), Line(1_500_000_000, "and more")]


def test_metrics_are_stored_by_phase_and_replica(doors: Doors, tmp_path: Path) -> None:
    """The last good reading before each phase's end."""
    doors.write("metrics:web", {"leader": 0.0}, {"leader": 1.0}, {"leader": 2.0})
    doors.write("metrics:web", None, good=False)
    doors.gathered()
    stored = json.loads((tmp_path / "metrics" / "S-1.json").read_text())
    assert stored == {"before": {"web[1]": {"leader": 1.0}}, "after": {"web[1]": {"leader": 2.0}}}
