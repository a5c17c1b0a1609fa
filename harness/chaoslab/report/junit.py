"""junit.xml: what a CI system shows. One test case per scenario; INCONCLUSIVE is an error, never a pass."""

import re
from itertools import groupby
from xml.etree import ElementTree as ET

from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.report.load_wording import told
from chaoslab.report.wording import outage_text, proof_text, recovery_text

ELEMENTS = {
    "FAIL": "failure",
    "ERROR": "error",
    "INCONCLUSIVE": "error",
    "SKIPPED": "skipped",
    "NOT RUN": "skipped",
}
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot carry, not even escaped (its section 2.2)."""


def junit_xml(result: RunResult) -> str:
    """Write the run as JUnit XML, one test suite per scenario file."""
    root = ET.Element("testsuites", _counts(result.scenarios), name=f"chaoslab {_clean(result.run_id)}")
    for name, group in groupby(result.scenarios, key=lambda scenario: scenario.suite):
        scenarios = tuple(group)
        suite = ET.SubElement(root, "testsuite", _counts(scenarios), name=_clean(name))
        suite.set("timestamp", _clean(result.started))
        for scenario in scenarios:
            suite.append(_case(scenario))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(scenario: ScenarioResult) -> ET.Element:
    name = _clean(f"{scenario.id} {scenario.name}")
    case = ET.Element("testcase", classname=_clean(scenario.suite), name=name, time=f"{scenario.wall_seconds:.3f}")
    element = ELEMENTS.get(scenario.verdict)
    if element:
        reasons = [_clean(reason) for reason in scenario.reasons]
        cause = ET.SubElement(case, element, message=reasons[0] if reasons else scenario.verdict)
        if element != "skipped":
            cause.set("type", scenario.verdict)
        cause.text = "\n".join(reasons)
    if scenario.pattern is not None:
        lines = [told(scenario)]
    else:
        lines = [f"verdict: {scenario.verdict}", f"proof: {proof_text(scenario)}"]
        lines += [f"longest outage: {outage_text(scenario)}", f"time to recover: {recovery_text(scenario)}"]
    lines += [*scenario.reasons, *scenario.notes] if not element else scenario.notes
    ET.SubElement(case, "system-out").text = _clean("\n".join(lines))
    return case


def _counts(scenarios: tuple[ScenarioResult, ...]) -> dict[str, str]:
    elements = [ELEMENTS.get(scenario.verdict) for scenario in scenarios]
    return {
        "tests": str(len(scenarios)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{sum(scenario.wall_seconds for scenario in scenarios):.3f}",
    }


def _clean(text: str) -> str:
    """Spell out characters that XML cannot carry."""
    return NOT_XML.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
