"""Pattern files: read, checked, sized."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from chaoslab.errors import InputError
from chaoslab.model.load_pattern import PatternFile
from chaoslab.model.load_plan import Asked, PlannedPattern
from chaoslab.parse import pattern_schema
from chaoslab.parse.load_file import parse_patterns
from chaoslab.plan.load import chosen, foreign, needs_knee, planned

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "k6" / "patterns.json"
LAB = {"BASE_URL": "http://lab", "ADMIN_PASSWORD": "hush"}
KNEE = {
    "name": "knee",
    "title": "Knee",
    "script": "knee.js",
    "breaks": {"p95_ms": 200},
    "sizes": {"full": {"TOP": 2000}, "quick": {"TOP": 1000}},
}
CROWD = {
    "name": "crowd",
    "title": "Crowd",
    "script": "crowd.js",
    "users": {"USERS": 1, "FEW": 0.05},
    "sizes": {
        "full": {"USERS": 1000, "FEW": 50, "UP": 30, "HOLD": 60},
        "quick": {"USERS": {"of_knee": 0.6, "seconds_each": 1.3}, "FEW": 10, "UP": 2.5, "HOLD": 10},
    },
    "windows": [
        {"name": "up", "kind": "ramp", "seconds": "UP"},
        {"name": "hold", "kind": "steady", "seconds": "HOLD"},
        {"name": "on", "kind": "rest"},
    ],
    "thresholds": [{"measure": "p95_ms", "during": ["steady"], "max": 500}],
}
WHOLE = {
    "name": "mine",
    "calibration": "knee",
    "thresholds": [{"measure": "shed_rate", "during": ["steady"], "max": 0.01}],
    "patterns": [KNEE, CROWD],
}


def read(folder: Path, value: Any = WHOLE) -> PatternFile:
    """Read a pattern file whose scripts are there."""
    for script in ("knee.js", "crowd.js"):
        (folder / script).touch()
    path = folder / "patterns.json"
    path.write_text(json.dumps(value))
    return parse_patterns(path)


def sized(folder: Path, asked: Asked, knee: float | None = 500) -> PlannedPattern:
    """Size the crowd."""
    file = read(folder)
    return planned(file, file.patterns[1], asked, LAB, knee)


def test_sizes_become_environment_and_windows(tmp_path: Path) -> None:
    """The script and the windows are told the same numbers."""
    crowd = sized(tmp_path, Asked("full"), None)
    assert crowd.environment == {**LAB, "USERS": "1000", "FEW": "50", "UP": "30", "HOLD": "60"}
    assert [(one.name, one.start_seconds, one.end_seconds) for one in crowd.windows] == [
        ("up", 0, 30),
        ("hold", 30, 90),
        ("on", 90, None),
    ]
    assert crowd.script == tmp_path / "crowd.js"
    assert [one.measure for one in crowd.thresholds] == ["p95_ms", "shed_rate"]
    assert crowd.seconds is None


def test_sizes_follow_from_the_knee(tmp_path: Path) -> None:
    """60% of 500 answers a second, 1.3 s for each: 390 users."""
    assert sized(tmp_path, Asked("quick")).environment["USERS"] == "390"
    assert sized(tmp_path, Asked("quick"), 0.1).environment["USERS"] == "1"


def test_a_number_of_users_needs_no_knee(tmp_path: Path) -> None:
    """--users sets every size of users by its share; more than the pattern is known by is an overload."""
    crowd = sized(tmp_path, Asked("quick", users=2000), None)
    assert (crowd.environment["USERS"], crowd.environment["FEW"]) == ("2000", "100")
    assert [one.overload for one in crowd.windows] == [False, True, False]
    assert not any(one.overload for one in sized(tmp_path, Asked("quick", users=1000), None).windows)


def test_settings_go_above_everything(tmp_path: Path) -> None:
    """A size that is set moves the windows with it; other names just reach the script."""
    settings = {"HOLD": "7", "UP": "0", "BASE_URL": "http://elsewhere", "NEW": "x"}
    crowd = sized(tmp_path, Asked("quick", settings=settings))
    assert [(one.name, one.start_seconds, one.end_seconds) for one in crowd.windows] == [
        ("hold", 0, 7),
        ("on", 7, None),
    ]
    assert (crowd.environment["BASE_URL"], crowd.environment["NEW"], crowd.environment["HOLD"]) == (
        "http://elsewhere",
        "x",
        "7",
    )


def test_the_calibration_goes_first_where_it_is_needed(tmp_path: Path) -> None:
    """Patterns run in the file's order; the knee only when a size follows from it, or by name."""
    file = read(tmp_path)
    for names, asked, order in (
        ((), Asked("quick"), ["knee", "crowd"]),
        (("crowd",), Asked("quick"), ["knee", "crowd"]),
        (("crowd",), Asked("quick", users=5), ["crowd"]),
        (("crowd",), Asked("full"), ["crowd"]),
        (("knee",), Asked("full"), ["knee"]),
        (("crowd",), Asked("quick", settings={"USERS": "5"}), ["crowd"]),
    ):
        assert [pattern.name for pattern in chosen(file, names, asked)] == order
    assert needs_knee(file.patterns[1], Asked("quick"))


@pytest.mark.parametrize(
    ("names", "asked", "said"),
    [
        (("croud",), Asked(), 'croud: there is no such pattern or script (did you mean "crowd"?)'),
        (("knee",), Asked(users=5), "knee: has no users to set (--set one of TOP)"),
        ((), Asked(settings={"HOLD": "long"}), "--set: HOLD: must be a number"),
        ((), Asked(settings={"HOLD": "-1"}), "--set: HOLD: must be a number"),
        ((), Asked(settings={"HOLD": "nan"}), "--set: HOLD: must be a number"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, names: tuple[str, ...], asked: Asked, said: str) -> None:
    """Every problem is told before anything starts."""
    with pytest.raises(InputError) as caught:
        chosen(read(tmp_path), names, asked)
    assert said in str(caught.value)


def test_a_foreign_script_is_told_where_the_lab_is() -> None:
    """It needs no pattern file; its own thresholds decide."""
    script = foreign(Path("their/own.js"), Asked(users=7, settings={"X": "1"}), LAB)
    assert script.environment == {**LAB, "USERS": "7", "X": "1"}
    assert (script.suite, script.name, script.own_thresholds, script.windows) == ("load", "own", True, ())


def changed(**keys: Any) -> dict[str, Any]:
    """Change the second pattern."""
    return {**WHOLE, "patterns": [KNEE, {**CROWD, **keys}]}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({**WHOLE, "pattern": []}, "$.pattern: unknown key"),
        ({**WHOLE, "patterns": []}, "$.patterns: must hold at least 1"),
        ({**WHOLE, "calibration": "kne"}, '$.calibration: there is no pattern "kne" (did you mean "knee"?)'),
        ({**WHOLE, "calibration": "crowd"}, "$.calibration: "),
        ({**WHOLE, "calibration": None}, "$.patterns[1].sizes.quick.USERS: of_knee without a calibration"),
        ({**WHOLE, "thresholds": [{"measure": "p95_ms"}]}, "$.thresholds[0]: neither min nor max"),
        (changed(name="knee"), '$.patterns[1].name: the name "knee" is taken'),
        (changed(script="no.js"), "$.patterns[1].script: there is no file"),
        (changed(users={"USER": 1}), '$.patterns[1].users.USER: unknown size "USER" (did you mean "USERS"?)'),
        (changed(sizes={**CROWD["sizes"], "full": {"USERS": 1}}), "$.patterns[1].sizes.full: the size"),  # type: ignore[dict-item]
        (changed(windows=[{"name": "a", "kind": "stedy"}]), "$.patterns[1].windows[0].kind: must be base, ramp"),
        (changed(windows=[{"name": "a", "kind": "base", "seconds": "USERS"}]), "a time cannot follow from the knee"),
        (changed(windows=[{"name": "a", "kind": "base", "seconds": "HOLDS"}]), 'unknown size "HOLDS"'),
        (changed(windows=[{"name": "a", "kind": "base"}] * 2), "only the last window goes on to the end"),
        (
            changed(thresholds=[{"measure": "p95_ms", "during": ["peak"], "max": 1}]),
            "$.patterns[1].thresholds[0].during: no window of the pattern is of these kinds",
        ),
        (changed(thresholds=[{"measure": "p95ms", "max": 1}]), "$.patterns[1].thresholds[0].measure: must be"),
        (
            changed(thresholds=[{"measure": "restarts", "of": "x", "max": 1}]),
            "$.patterns[1].thresholds[0].of: restarts is of the pattern as a whole",
        ),
    ],
)
def test_every_problem_has_its_path(tmp_path: Path, value: Any, problem: str) -> None:
    """A bad pattern file is told with the JSON path of each problem."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, value)
    assert problem in str(caught.value)


def test_what_is_no_file_and_no_json(tmp_path: Path) -> None:
    """Missing and broken files are told alike."""
    with pytest.raises(InputError, match="cannot be read"):
        parse_patterns(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text('{"name": ')
    with pytest.raises(InputError, match="bad JSON"):
        parse_patterns(tmp_path / "bad.json")


@pytest.mark.parametrize("profile", ["quick", "full"])
def test_the_shipped_patterns_can_be_planned(profile: Any) -> None:
    """Knee first, then the six, each with its script and its windows."""
    file = parse_patterns(SHIPPED)
    asked = Asked(profile)
    order = chosen(file, (), asked)
    assert [pattern.name for pattern in order] == [
        *("knee", "inference-load", "stress-test", "spike-test", "sustained-load", "spike-load", "jwt-stress"),
    ]
    plans = [planned(file, pattern, asked, LAB, 600) for pattern in order]
    assert all(plan.windows for plan in plans[1:])
    assert all({"restarts", "oom_kills"} <= {one.measure for one in plan.thresholds} for plan in plans)


def test_the_shipped_patterns_fit_the_schema() -> None:
    """An editor that checks with the printed schema finds nothing wrong, and finds a misspelt key."""
    schema, shipped = pattern_schema(), json.loads(SHIPPED.read_text())
    jsonschema.validate(shipped, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**shipped, "pattern": []}, schema)


def test_quick_is_quick() -> None:
    """The windows of the quick profile leave room for knee, start and end within six minutes."""
    file = parse_patterns(SHIPPED)
    plans = [planned(file, pattern, Asked("quick"), LAB, 600) for pattern in chosen(file, (), Asked("quick"))]
    assert sum(plan.seconds or 20 for plan in plans[1:]) <= 220


def test_full_is_what_the_patterns_are_known_by() -> None:
    """1000, 5000, 2000 and 3000 users, 100 requests a second, 500 in a burst, 200 log-ins."""
    sizes = {pattern.name: pattern.sizes.full for pattern in parse_patterns(SHIPPED).patterns}
    assert sizes["inference-load"]["USERS"] == 1000
    assert sizes["stress-test"]["USERS"] == 5000
    assert (sizes["spike-test"]["PEAK_USERS"], sizes["spike-test"]["SECOND_PEAK_USERS"]) == (2000, 3000)
    assert sizes["sustained-load"]["RATE"] == 100
    assert sizes["spike-load"]["PEAK_RATE"] == 500
    assert sizes["jwt-stress"]["USERS"] == 200
