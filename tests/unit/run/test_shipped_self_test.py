"""The shipped definition of the self-test fits the shipped suites and the lab's bugs."""

from pathlib import Path

from services.bugs import NAMES

from chaoslab.parse import parse_suites
from chaoslab.parse.selftest import parse_self_test
from chaoslab.vocabulary import vocabulary

ROOT = Path(__file__).parents[3]


def test_every_bug_of_the_definition_is_one_of_the_lab() -> None:
    """Names and scenarios exist; each bug has five bystanders, fixed there."""
    folders = [folder for name in ("scenarios", "stress") if (folder := ROOT / name).is_dir()]
    ids = {scenario.id for suite in parse_suites(folders, vocabulary()) for scenario in suite.scenarios}
    test = parse_self_test(ROOT / "compose" / "selftest.json", ids)
    assert {bug.name for bug in test.bugs} <= set(NAMES)
    assert all(len(bug.bystanders) >= 5 for bug in test.bugs)
