"""The proofs of toxics: proven on canaries that show the effect, refused on those that do not."""

import pytest

from chaoslab.faults.crossing import Crossing
from chaoslab.faults.toxic_effect import Declared, judge
from unit.faults.made import crossing, unanswered

BEFORE = [crossing() for _ in range(20)]
LONG = [crossing(sent=4000, received=4000) for _ in range(20)]


def declared(toxic: str, stream: str = "downstream", toxicity: float = 1.0, **attributes: int) -> Declared:
    """Declare a toxic."""
    return Declared(toxic, stream, toxicity, {"jitter": 0, "size_variation": 0, "delay": 0, "timeout": 0, **attributes})


def many(**changes: float) -> list[Crossing]:
    """Give twenty alike."""
    return [crossing(**changes)] * 20


CASES = {
    "latency": (declared("latency", latency=500), BEFORE, many(first_ms=505.0, answer_ms=505.0), 503.0),
    "latency upstream": (
        declared("latency", "upstream", latency=500),
        BEFORE,
        many(first_ms=505.0, answer_ms=505.0),
        503.0,
    ),
    "bandwidth": (declared("bandwidth", rate=100), LONG, many(sent=4000, received=4000, answer_ms=43.0), 97.561),
    "bandwidth upstream": (
        declared("bandwidth", "upstream", rate=100),
        LONG,
        many(sent=4000, first_ms=43.0, answer_ms=43.0),
        97.561,
    ),
    "bandwidth 0": (declared("bandwidth", rate=0), BEFORE, [unanswered()] * 20, 100.0),
    "timeout": (declared("timeout"), BEFORE, [unanswered("closed")] * 20, 100.0),
    "reset_peer": (declared("reset_peer"), BEFORE, [unanswered("reset")] * 20, 100.0),
    "slow_close": (declared("slow_close", delay=300), BEFORE, many(close_ms=303.0), 300.5),
    "slicer": (declared("slicer", average_size=50, delay=20_000), BEFORE, many(chunks=5, answer_ms=82.0), 20.0),
    "slicer upstream": (
        declared("slicer", "upstream", average_size=30, delay=10_000),
        BEFORE,
        many(first_ms=52.0),
        12.5,
    ),
    "slicer without delay": (declared("slicer", average_size=40), BEFORE, many(chunks=5), 40.0),
    "limit_data": (declared("limit_data", bytes=100), BEFORE, many(received=100), 100.0),
    "limit_data upstream": (declared("limit_data", "upstream", bytes=20), BEFORE, [unanswered("closed")] * 20, 100.0),
}


@pytest.mark.parametrize("name", CASES)
def test_the_declared_effect_is_proven_with_its_number(name: str) -> None:
    """Canaries that behave as declared prove the toxic, whose effect is a number."""
    asked, before, during, measured = CASES[name]
    finding = judge(asked, before, during, (before, before))
    assert finding.proven, finding.detail
    assert finding.measured == pytest.approx(measured)


@pytest.mark.parametrize("name", CASES)
def test_canaries_as_before_prove_nothing(name: str) -> None:
    """Without an effect no toxic is proven."""
    asked, before, _during, _measured = CASES[name]
    assert not judge(asked, before, before, None).proven


@pytest.mark.parametrize("name", CASES)
def test_a_control_link_that_suffers_too_refuses_the_proof(name: str) -> None:
    """Where an untouched link shows the same, the toxic is not the cause."""
    asked, before, during, _measured = CASES[name]
    finding = judge(asked, before, during, (before, during))
    assert not finding.proven
    assert "control link: 20 of 20" in finding.detail


@pytest.mark.parametrize("first_ms", [300.0, 900.0])
def test_a_latency_outside_the_declared_range_is_refused(first_ms: float) -> None:
    """Half of the declared delay, or nearly twice it, is not what was declared."""
    assert not judge(declared("latency", latency=500), BEFORE, many(first_ms=first_ms), None).proven


def test_a_tenth_of_the_connections_may_behave_otherwise() -> None:
    """Chance costs no proof, a third of unaffected canaries does."""
    slow = crossing(first_ms=502.0)
    asked = declared("latency", latency=500)
    assert judge(asked, BEFORE, [slow] * 18 + [crossing()] * 2, None).proven
    assert not judge(asked, BEFORE, [slow] * 13 + [crossing()] * 7, None).proven


@pytest.mark.parametrize(("affected", "proven"), [(30, True), (0, False), (100, False)])
def test_a_share_of_connections_is_judged_by_chance(affected: int, proven: bool) -> None:
    """At a toxicity of 0.3, thirty of a hundred prove it; none and all refuse it."""
    during = [unanswered("reset")] * affected + [crossing()] * (100 - affected)
    finding = judge(declared("reset_peer", toxicity=0.3), BEFORE, during, None)
    assert finding.proven is proven
    assert finding.measured == affected


@pytest.mark.parametrize(
    ("before", "during", "reason"),
    [
        (BEFORE[:3], many(first_ms=500.0), "only 3 of 3 canaries crossed before"),
        ([unanswered()] * 20, [unanswered()] * 20, "only 0 of 20 canaries crossed before"),
        (BEFORE, [], "only 0 canaries ended during"),
    ],
)
def test_too_few_canaries_prove_nothing(before: list[Crossing], during: list[Crossing], reason: str) -> None:
    """No data is no proof."""
    finding = judge(declared("latency", latency=500), before, during, None)
    assert not finding.proven
    assert reason in finding.detail


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (declared("latency", latency=2), "cannot be told from noise"),
        (declared("latency", latency=0, jitter=400), "cannot be told from noise"),
        (declared("slow_close", delay=1), "cannot be told from noise"),
        (declared("slow_close", "upstream", delay=300), "cannot be seen from the client's side"),
        (declared("bandwidth", rate=10_000), "takes only 0.0 ms"),
        (declared("limit_data", bytes=5000), "not longer than the limit"),
        (declared("slicer", average_size=5000), "too short to be sliced"),
    ],
)
def test_an_effect_that_canaries_cannot_show_is_not_proven(asked: Declared, reason: str) -> None:
    """What cannot be measured is said, never assumed."""
    finding = judge(asked, BEFORE, BEFORE, None)
    assert not finding.proven
    assert reason in finding.detail


def test_without_another_link_the_proof_says_so() -> None:
    """A lab of one link is judged without a control, and told."""
    finding = judge(declared("latency", latency=500), BEFORE, many(first_ms=502.0), None)
    assert finding.proven
    assert "no other link" in finding.detail
