"""One pattern's verdict."""

from typing import Any

import pytest

from chaoslab.model.load import SHED
from chaoslab.model.load_pattern import Breaks
from chaoslab.model.load_plan import PlannedPattern, PlannedWindow
from chaoslab.model.result import ScenarioResult
from chaoslab.verdict.load import Ended, Tape, judge_pattern
from chaoslab.verdict.load.tape import Recording
from chaoslab.verdict.load.thresholds import MEASURES, WHOLE
from unit.load.made import LOGIN, TASK, Answer, pattern, recording, tape

DROP = (("base", 5), ("peak", 5), ("drop", 1), ("rest", 6))


def judged(planned: PlannedPattern, made: Recording, **ended: Any) -> ScenarioResult:
    """Judge with a harmless end unless told otherwise."""
    return judge_pattern(planned, made, Ended("2026-01-01T00:00:00.000Z", 20.0, 0, **ended))


def test_within_bounds_it_passes_with_its_numbers() -> None:
    """Every threshold is a number against bounds, with the whole run's beside it; every window has its own numbers."""
    planned = pattern([("ramp", 2), ("steady", 8)], [{"measure": "p95_ms", "during": ["steady"], "max": 60}])
    result = judged(planned, recording(10, 100, lambda at: (50 if at >= 2 else 500, 200)))
    assert (result.verdict, result.reasons) == ("PASS", ())
    (found,) = result.expectations
    assert (found.observed, found.n, found.phase, found.note) == (50.0, 800, "steady", "whole run 500")
    assert result.pattern is not None
    ramp, steady = result.pattern.windows
    assert (ramp.p50_ms, steady.p99_ms, steady.kind) == (500.0, 50.0, "steady")
    assert steady.rate == pytest.approx(100, rel=0.01)
    assert result.pattern.environment == {"BASE_URL": "http://lab", "ADMIN_PASSWORD": "(hidden)"}
    assert (result.success_count, result.error_count) == (1000, 0)


def test_a_ramp_does_not_spoil_the_steady_window() -> None:
    """What is slow only while load grows breaks no bound that is judged in the steady window."""
    slow_ramp = recording(10, 100, lambda at: (900 if at < 2 else 50, 200))
    bound = {"measure": "p95_ms", "max": 200}
    parts = [("ramp", 2.0), ("steady", None)]
    assert judged(pattern(parts, [bound | {"during": ["steady"]}]), slow_ramp).verdict == "PASS"
    assert judged(pattern(parts, [bound]), slow_ramp).verdict == "FAIL"


@pytest.mark.parametrize(
    ("threshold", "verdict", "said"),
    [
        ({"measure": "error_rate", "max": 0.01}, "FAIL", "error_rate was 0.2"),
        ({"measure": "error_rate", "max": 0.3}, "PASS", ""),
        ({"measure": "shed_rate", "max": 0.1}, "FAIL", "shed_rate was 0.4"),
        ({"measure": "accepted_share", "min": 0.5}, "FAIL", "accepted_share was 0.4"),
        ({"measure": "requests", "min": 1000}, "PASS", ""),
        ({"measure": "rate", "min": 100}, "FAIL", "rate was 40"),
        ({"measure": "p50_ms", "max": 50}, "PASS", ""),
        ({"measure": "p95_ms", "max": 49}, "FAIL", "p95_ms was 50 ms, must be at most 49 (of the 40% accepted)"),
        ({"measure": "p99_ms", "max": 100, "warn_above": 40}, "WARN", "p99_ms was 50 ms"),
        ({"measure": "max_ms", "max": 100}, "PASS", ""),
        ({"measure": "p95_ms", "of": LOGIN, "max": 100}, "INCONCLUSIVE", f"p95_ms of {LOGIN} could not be measured"),
        ({"measure": "recovery_seconds", "max": 5}, "INCONCLUSIVE", "no drop of the load was watched"),
        ({"measure": "knee_rate", "min": 5}, "INCONCLUSIVE", "no knee was looked for"),
        ({"measure": "restarts", "max": 0}, "PASS", ""),
        ({"measure": "oom_kills", "max": 0}, "PASS", ""),
    ],
)
def test_every_measure(threshold: dict[str, Any], verdict: str, said: str) -> None:
    """Of ten requests four are served, four shed, two fail."""

    def answer(at: float) -> Answer:
        number = round(at * 100) % 10
        return 50, 200 if number < 4 else SHED if number < 8 else 500

    result = judged(pattern([("steady", None)], [threshold]), recording(10, 100, answer))
    assert result.verdict == verdict
    assert said in " ".join(result.reasons)
    assert threshold["measure"] in {*MEASURES, *WHOLE}


def test_thresholds_of_one_request_look_at_it_alone() -> None:
    """A slow log-in does not spoil the tasks' percentile, nor the other way round."""
    made = tape(5, 50)
    slow = tape(5, 50, lambda _at: (400, 200), name=LOGIN)
    both = Tape()
    for one in (made, slow):
        both.names = [TASK, LOGIN]
        both.sent_ns += one.sent_ns
        both.duration_us += one.duration_us
        both.outcome += one.outcome
    both.name.extend([0] * len(made.name) + [1] * len(slow.name))
    thresholds = [{"measure": "p95_ms", "of": name, "max": 100} for name in (TASK, LOGIN)]
    result = judged(pattern([], thresholds), Recording(both))
    assert result.reasons == (f"p95_ms of {LOGIN} was 400 ms, must be at most 100",)


def test_no_request_is_inconclusive() -> None:
    """k6's own thresholds pass without samples; ours do not."""
    result = judged(pattern([("steady", 5)], [{"measure": "error_rate", "max": 0}]), Recording(Tape()))
    assert result.verdict == "INCONCLUSIVE"
    assert result.reasons == ("no request was sent, so nothing was measured",)


def test_restarts_and_memory_are_the_patterns_failure() -> None:
    """A process that ends under load is named."""
    planned = pattern([], [{"measure": "restarts", "max": 0}, {"measure": "oom_kills", "max": 0}])
    result = judged(planned, recording(2, 50), restarts={"queen[1]": 2}, oom_kills={"queen[1]": 1})
    assert result.verdict == "FAIL"
    assert result.reasons == (
        "restarts was 2, must be at most 0 (queen[1] 2x)",
        "oom_kills was 1, must be at most 0 (queen[1] 1x)",
    )


def test_what_broke_the_run_is_an_error() -> None:
    """A killed k6 is an ERROR, an interrupted run INCONCLUSIVE; a broken bound outranks both."""
    fine = recording(2, 50)
    assert judged(pattern(), fine, error="k6 was killed").verdict == "ERROR"
    assert judged(pattern(), fine, interrupted="SIGINT").reasons == ("interrupted: SIGINT",)
    broken = pattern([], [{"measure": "p95_ms", "max": 1}])
    assert judged(broken, fine, error="k6 was killed").verdict == "FAIL"


def test_a_foreign_scripts_own_thresholds_decide() -> None:
    """Crossed ones FAIL; so does a process that ends meanwhile; else it passes."""
    planned = pattern(own_thresholds=True)
    assert judged(planned, recording(2, 50)).verdict == "PASS"
    assert judged(planned, recording(2, 50), failures=["crossed"]).verdict == "FAIL"
    assert judged(planned, recording(2, 50), oom_kills={"hive[1]": 1}).reasons == (
        "hive[1] ran out of memory 1x under load",
    )


def test_the_return_to_calm_counts_from_the_end_of_the_drop() -> None:
    """Answers are slow until 1.5 s after the load has fallen."""
    made = recording(17, 60, lambda at: (700 if 5 <= at < 12.5 else 60, 200))
    result = judged(pattern(DROP, [{"measure": "recovery_seconds", "max": 5}]), made)
    (found,) = result.expectations
    assert result.verdict == "PASS"
    assert found.observed == pytest.approx(1.5, abs=0.11)


def test_the_first_second_is_no_baseline() -> None:
    """Users who all begin at once are slow once; calm is what follows, so that what stays slow is seen."""
    made = recording(17, 60, lambda at: (400 if at < 1 or at >= 5 else 60, 200))
    result = judged(pattern(DROP, [{"measure": "recovery_seconds", "max": 5}]), made)
    assert result.verdict == "FAIL"
    assert result.pattern is not None
    assert result.pattern.returns[0].baseline_p95_ms == 60.0


def test_shed_requests_after_the_drop_are_not_calm() -> None:
    """Quick answers to the accepted do not help while others are turned away."""
    made = recording(17, 60, lambda at: (60, SHED if 11 <= at < 13 and int(at * 60) % 2 else 200))
    (found,) = judged(pattern(DROP, [{"measure": "recovery_seconds", "max": 5}]), made).expectations
    assert found.observed == pytest.approx(2.0, abs=0.11)


def test_no_return_is_a_failure_only_when_it_was_watched_for() -> None:
    """Never calm again: FAIL; cut short before the bound: INCONCLUSIVE."""
    planned = pattern(DROP, [{"measure": "recovery_seconds", "max": 5}])
    result = judged(planned, recording(17, 60, lambda at: (60 if at < 5 else 700, 200)))
    assert result.verdict == "FAIL"
    assert "not as quick as before within" in result.reasons[0]
    assert judged(planned, recording(14, 60, lambda at: (60 if at < 5 else 700, 200))).verdict == "INCONCLUSIVE"


def test_beyond_what_a_pattern_is_known_by_shedding_is_shown_not_judged() -> None:
    """With an overload window the shed share is left out of its threshold, the percentiles are not."""
    planned = pattern(
        [("base", 2), ("steady", 8)],
        [
            {"measure": "shed_rate", "during": ["base", "steady"], "max": 0.01},
            {"measure": "p95_ms", "during": ["steady"], "max": 20},
        ],
    )
    shedding = recording(10, 100, lambda at: (50, SHED if at > 2 and int(at * 100) % 2 else 200))
    assert [one.met for one in judged(planned, shedding).expectations] == [False, False]
    base, steady = planned.windows
    beyond = PlannedWindow(steady.name, steady.kind, steady.start_seconds, steady.end_seconds, overload=True)
    more = pattern(breaks=Breaks(p95_ms=200))
    planned = PlannedPattern(
        **{key: getattr(more, key) for key in ("suite", "name", "title", "script", "environment")},
        windows=(base, beyond),
        thresholds=planned.thresholds,
    )
    assert [one.met for one in judged(planned, shedding).expectations] == [True, False]


def test_the_breaking_point_is_told() -> None:
    """Where it broke and how stands beside the verdict."""
    planned = pattern([("ramp", 8), ("drop", 2)], breaks=Breaks(p95_ms=200))
    made = recording(10, 100, lambda at: (300 if at >= 5 else 60, 200))
    assert judged(planned, made).notes == ("broke at 100 answers/s with 10 users, after 5 s: p95 300 ms, limit 200 ms",)
    assert judged(planned, recording(10, 100)).notes == ("did not break: up to 100 answers/s",)
