"""What the doctor says of a lack."""

import json
import re

import pytest

from chaoslab.faults.catalog import FAULTS, spec_types, type_of
from chaoslab.inside import abilities
from chaoslab.lab.doctor import COSTS


@pytest.mark.parametrize("tool", ["stress-ng", "prlimit"])
def test_the_lack_of_a_tool_costs_the_faults_that_need_it(tool: str) -> None:
    """Those and no others are named."""
    named = set(re.findall(r"[a-z_]+", COSTS[tool])) & set(spec_types())
    assert named == {type_of(fault) for fault in FAULTS if tool in fault.needs} != set()


def test_every_ability_that_is_tried_has_its_cost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No lack is named without what it costs. Nothing is tried here: this is the host, not a namespace of its own."""
    monkeypatch.setattr(abilities, "tried", lambda *_argv: "")
    abilities.main()
    assert set(COSTS) == set(json.loads(capsys.readouterr().out)["abilities"])
