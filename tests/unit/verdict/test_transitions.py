"""The course of a scenario as key and value, and the counts beside it."""

from chaoslab.model.lab import Probe
from unit.verdict.made import START, TASKS, WEB, bad, between, events, good, judged, planned, series, stream

READY = Probe(name="web-ready", role="watch", service="web", port=80)
READER = Probe(name="metrics:web", role="watch", kind="metrics", service="web", port=80)


def test_every_phase_is_told_for_every_probe() -> None:
    """Ready, not ready, ready again; the metrics of each replica; what was injected and measured."""
    readings = [
        good(at, probe="metrics:web", replica=replica, detail={"leader": float(replica == 1), 'age{loop="scan"}': 0.25})
        for at in range(6000, 30_000, 500)
        for replica in (1, 2)
    ]
    result = judged(
        planned(),
        events(),
        series(
            stream(START, 30_000, 5, between(12_000, 13_000)),
            stream(START, 30_000, 100, between(11_000, 20_500), probe="web-ready"),
            stream(START, 30_000, 500, between(12_000, 13_000), probe="tasks"),
            readings,
        ),
        WEB, READY, READER, TASKS,
    )  # fmt: skip
    told = result.transitions
    assert (told["fault_1"], told["proof_1"]) == ("500 ms", "512 ms")
    assert [told[f"web-ready_{phase}"] for phase in ("before", "after_held", "after_recovery")] == [
        "ready",
        "not_ready",
        "ready",
    ]
    assert [told[f"web_{phase}"] for phase in ("before", "after_held", "after_recovery")] == [
        "up",
        "down 1.001 s",
        "up",
    ]
    assert (told["leader[1]_after_held"], told["leader[2]_after_held"]) == ("1", "0")
    assert told["age_scan[2]_after_recovery"] == "0.25"
    assert not any(key.startswith("tasks") for key in told)
    assert (result.success_count, result.error_count) == (48, 2)


def test_a_probe_that_only_watches_is_no_outage() -> None:
    """It was never good again, and still the lab rode it out; no outage is listed, and MTTR has nothing to tell."""
    samples = series(stream(START, 30_000, 5), stream(START, 30_000, 100, between(11_000, 99_000), probe="web-ready"))
    result = judged(planned(), events(), samples, WEB, READY)
    assert (result.verdict, result.recovery, result.outages, result.mttr) == ("PASS", "rode_out", (), None)
    assert result.transitions["web-ready_after_recovery"] == "not_ready"


def test_a_watching_probe_counts_where_its_recovery_is_expected() -> None:
    """Asked for by name it has an outage and a time to recover, and the lab is not recovered before it is."""
    from chaoslab.model.suite import Expectation

    ask = Expectation(measure="recovery_seconds", of="web-ready", max=10)
    samples = series(stream(START, 30_000, 5), stream(START, 30_000, 100, between(11_000, 24_000), probe="web-ready"))
    result = judged(planned(ask), events(), samples, WEB, READY)
    assert (result.recovery, result.mttr) == ("recovered", 4.001)
    assert result.expectations[0].observed == 4.001


def test_a_metrics_sample_that_is_bad_tells_nothing() -> None:
    """Phases without a good reading have no metrics in the course."""
    readings = [
        good(8000, probe="metrics:web", replica=1, detail={"leader": 1.0}),
        bad(12_000, probe="metrics:web", replica=1),
    ]
    told = judged(planned(), events(), series(stream(START, 30_000, 5), readings), WEB, READER).transitions
    assert [key for key in told if key.startswith("leader")] == ["leader_before"]
