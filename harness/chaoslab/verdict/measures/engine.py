"""Measures of what engine and logs say of a service: restarts, out-of-memory kills, matching log lines."""

from chaoslab.model.history import Event
from chaoslab.model.suite import Expectation
from chaoslab.verdict.findings import Findings
from chaoslab.verdict.intervals import NS_PER_SECOND
from chaoslab.verdict.measures.entry import Measured, phased, whole, window_of

KILLED = 137
OOM_WINDOW_NS = 2 * NS_PER_SECOND
"""The engine tells a kill's `oom` and its `die` apart by no more than this, in either order."""


def _restarts(findings: Findings, ask: Expectation) -> Measured:
    """Add up how restart counts grew; a replica that was recreated counts from 0 again."""
    counts = {
        event.data.get("phase"): event.data.get("restarts", {}) for event in findings.recorded.of_kind("replicas")
    }
    before, after = counts.get("before"), counts.get("after")
    if before is None or after is None:
        return Measured(None, 0, "restart counts were not recorded")
    own = [replica for replica in after if replica.partition("[")[0] == ask.of]
    grown = sum(max(0, after[replica] - before.get(replica, 0)) for replica in own)
    return Measured(grown, len(own)) if own else Measured(None, 0, "no replicas")


def _oom_kills(findings: Findings, ask: Expectation) -> Measured:
    """Count ends by SIGKILL with an `oom` of the same container beside them; an `oom` alone took another process, such as a stressor."""
    own = [event for event in findings.recorded.of_kind("engine") if event.data.get("service") == ask.of]
    ooms = [event for event in own if event.data.get("action") == "oom"]
    kills = 0
    for die in own:
        if die.data.get("action") != "die" or die.data.get("exit_code") != KILLED:
            continue
        beside = [oom for oom in ooms if _together(oom, die)]
        kills += bool(beside)
        ooms = [oom for oom in ooms if oom not in beside]
    return Measured(kills, len(own), f"{len(ooms)}x out of memory without the service's end" if ooms else "")


def _together(oom: Event, die: Event) -> bool:
    same = oom.data.get("replica") == die.data.get("replica")
    return same and abs(oom.at_ns - die.at_ns) <= OOM_WINDOW_NS


def _log_matches(findings: Findings, ask: Expectation) -> Measured:
    window = window_of(findings, ask.phase or "during")
    told = [
        event.data
        for event in findings.recorded.of_kind("log_matches")
        if (event.data.get("service"), event.data.get("pattern")) == (ask.of, ask.name)
    ]
    if not told or window is None:
        return Measured(None, 0, "its log was not read")
    data = told[-1]
    if data.get("error"):
        return Measured(None, 0, f"its log could not be read: {data['error']}")
    found = [line for line in data.get("lines", ()) if window.start_ns <= line["at_ns"] < window.end_ns]
    notes = [f"first: {found[0]['text']}"] if found else []
    notes += ["only the newest lines were read"] if data.get("truncated") else []
    return Measured(len(found), int(data.get("scanned", 0)), "; ".join(notes))


MEASURES = (
    whole("restarts", "Restarts of the service's containers.", _restarts, needs_of=True, of_kind="service"),
    whole(
        "oom_kills",
        "How often the service was killed for want of memory.",
        _oom_kills,
        needs_of=True,
        of_kind="service",
    ),
    phased(
        "log_matches",
        "Count of the service's log lines that match the regular expression `name`.",
        _log_matches,
        of_kind="service",
        needs_name=True,
        takes=("regex",),
    ),
)
"""The catalogue's entries that this module owns."""
