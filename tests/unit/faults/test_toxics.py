"""What a file may say about toxics, and how it is told what is wrong."""

import json

import pytest
from pydantic import ValidationError

from chaoslab.faults.toxic import ToxicSpec
from chaoslab.faults.toxics import TOXICS, checked
from chaoslab.model.value import BadValues
from chaoslab.parse.problems import explain

GOOD = {
    "latency": {"latency": 500},
    "bandwidth": {"rate": 10},
    "slow_close": {"delay": 100},
    "timeout": {},
    "reset_peer": {},
    "slicer": {"average_size": 50},
    "limit_data": {"bytes": 100},
}


@pytest.mark.parametrize("toxic", TOXICS)
def test_each_type_takes_its_attributes_and_fills_in_defaults(toxic: str) -> None:
    """Every attribute of a toxic has a value after checking."""
    assert checked(toxic, GOOD[toxic]).keys() == TOXICS[toxic].attributes.keys()


def test_every_wrong_attribute_is_told_at_once() -> None:
    """A misspelt name gets the nearest one, a missing and a wrong value are told beside it."""
    with pytest.raises(BadValues) as caught:
        checked("latency", {"latancy": 500, "jitter": -1})
    found = {place: (message, remedy) for place, message, remedy in caught.value.found}
    assert found[("attributes", "latancy")][1] == 'did you mean "latency"?'
    assert "from 0 to" in found[("attributes", "jitter")][0]
    assert 'needs the attribute "latency"' in found[("attributes",)][0]


@pytest.mark.parametrize("value", [True, "500", 1.5, None])
def test_only_whole_numbers_pass(value: object) -> None:
    """Toxiproxy's attributes are integers; it would silently take 0 for others."""
    with pytest.raises(BadValues, match="whole number"):
        checked("latency", {"latency": value})


def test_a_negative_bandwidth_which_would_crash_the_server_is_refused() -> None:
    """Toxiproxy 2.12 panics on a negative rate."""
    with pytest.raises(BadValues, match="from 0 to"):
        checked("bandwidth", {"rate": -1})


def test_slices_cannot_vary_by_more_than_their_size() -> None:
    """A variation as large as the average would make empty slices."""
    with pytest.raises(BadValues, match="less than average_size"):
        checked("slicer", {"average_size": 10, "size_variation": 10})


def test_the_place_of_a_wrong_attribute_reaches_the_file_s_problems() -> None:
    """The problem names the attribute's own place."""
    raw = {"type": "toxic", "toxic": "latency", "attributes": {"latency": 1, "jiter": 2}}
    with pytest.raises(ValidationError) as caught:
        ToxicSpec.model_validate_json(json.dumps(raw))
    [(place, message, remedy)] = explain(caught.value, ToxicSpec, raw)
    assert place == ("attributes", "jiter")
    assert "no attribute" in message
    assert remedy == 'did you mean "jitter"?'


def test_a_bandwidth_of_zero_is_called_a_stall_not_loss() -> None:
    """The literal meaning is said wherever the fault is described."""
    spec = ToxicSpec(toxic="bandwidth", attributes={"rate": 0}, link="back", for_seconds=3.0)
    assert "stall" in spec.describe()
    assert "no packet is lost" in spec.describe()


def test_share_and_direction_are_part_of_the_description() -> None:
    """What is injected is said in full."""
    spec = ToxicSpec(
        toxic="latency", attributes={"latency": 500, "jitter": 100}, link="back", stream="upstream", toxicity=0.3
    )
    assert spec.describe() == "latency of 500 ms +- 100 ms on back (upstream, on 30% of connections)"
    assert spec.undoes() == ("remove toxic latency from back",)
