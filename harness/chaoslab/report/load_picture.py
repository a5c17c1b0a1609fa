"""A pattern's course as SVG: latency of what was accepted, and what became of the requests; windows shaded, knee marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from chaoslab.model.load_result import FoundPattern, FoundWindow
from chaoslab.report.chart import Scale, area, box, curve, line, stairs, text

WIDTH = 960
LEFT, RIGHT, TOP = 58, 58, 34
LATENCY_HEIGHT, RATE_HEIGHT, GAP = 190, 150, 30
HEIGHT = TOP + LATENCY_HEIGHT + GAP + RATE_HEIGHT + 46
LEAST_LABEL = 30
"""A window narrower than this has its name only in its hint."""
QUICKEST_MS, SLOWEST_MS = 1.0, 1000.0

STYLE = """
svg { font: 11px system-ui, sans-serif; background: #fff }
text { fill: #333 } .small { font-size: 10px; fill: #555 } .name { font-size: 11px; fill: #333 } .title { font-weight: 600 }
.grid { stroke: #ddd; stroke-width: 1 } .frame { stroke: #888; stroke-width: 1 }
.base, .rest { fill: #2b7bba; fill-opacity: .07 } .steady { fill: #2e8b57; fill-opacity: .13 } .peak { fill: #d9730d; fill-opacity: .15 }
.ramp, .drop { fill: #777; fill-opacity: .07 }
.p50, .p95, .p99, .users { fill: none; stroke-width: 1.6; stroke-linejoin: round }
.p50 { stroke: #8fc1e3 } .p95 { stroke: #1f6fb2; stroke-width: 2.2 } .p99 { stroke: #6a3d9a } .users { stroke: #444; stroke-dasharray: 2 3 }
.dot { stroke: none } .p50.dot { fill: #8fc1e3 } .p95.dot { fill: #1f6fb2 } .p99.dot { fill: #6a3d9a }
.accepted { fill: #4c9bd6; fill-opacity: .75 } .shed { fill: #f0a830; fill-opacity: .9 } .errors { fill: #c8323c }
.limit { stroke: #c8323c; stroke-dasharray: 6 4 } .knee { stroke: #c8323c; stroke-width: 1.6 }
.kneerate { stroke: #c8323c; stroke-dasharray: 2 3 } .kneetext { fill: #a01822; font-weight: 600 }
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the two fields, with its scales."""

    x: Scale
    y: Scale

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.y.end

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y.start


def picture(pattern: FoundPattern, title: str) -> ET.Element:
    """Draw a pattern."""
    series = pattern.series
    seconds = max(series.step_seconds * len(series.users), series.step_seconds)
    x = Scale(0, seconds, LEFT, WIDTH - RIGHT)
    below = TOP + LATENCY_HEIGHT + GAP
    latency = Panel(x, Scale(*_latency_range(pattern), TOP + LATENCY_HEIGHT, TOP, logarithmic=True))
    totals = [sum(one) for one in zip(series.accepted_rate, series.shed_rate, series.error_rate, strict=True)]
    rates = Panel(x, Scale(0, max([*totals, 1.0]) * 1.05, below + RATE_HEIGHT, below))
    size = {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "width": str(WIDTH), "height": str(HEIGHT), "role": "img"}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size})
    ET.SubElement(svg, "title").text = title
    ET.SubElement(svg, "style").text = STYLE
    for panel in (latency, rates):
        _windows(svg, panel, pattern.windows, named=panel is latency)
        _axes(svg, panel, "ms" if panel is latency else "")
    _latencies(svg, latency, pattern)
    _rates(svg, rates, pattern)
    _knee(svg, (latency, rates), pattern)
    _legend(svg, pattern, HEIGHT - 8)
    return svg


def _latency_range(pattern: FoundPattern) -> tuple[float, float]:
    """Cover every percentile and the limit, in whole decades' thirds."""
    values = [value for course in (pattern.series.p50_ms, pattern.series.p99_ms) for value in course if value]
    values += [pattern.limit_p95_ms] if pattern.limit_p95_ms else []
    low, high = min(values, default=QUICKEST_MS), max(values, default=SLOWEST_MS)
    return max(low * 0.8, 0.01), max(high * 1.25, low * 4)


def _windows(svg: ET.Element, panel: Panel, windows: Sequence[FoundWindow], *, named: bool) -> None:
    for window in windows:
        left, right = panel.x.at(window.start_seconds), panel.x.at(window.end_seconds)
        hint = f"{window.name} ({window.kind}): {window.start_seconds:.1f} s to {window.end_seconds:.1f} s"
        box(svg, (left, panel.top), (right - left, panel.bottom - panel.top), window.kind, hint)
        if named and right - left >= max(LEAST_LABEL, 6 * len(window.name)):
            text(svg, ((left + right) / 2, panel.top - 5), window.name, "name", "middle")


def _axes(svg: ET.Element, panel: Panel, unit: str) -> None:
    left, right = panel.x.start, panel.x.end
    for value in panel.y.ticks():
        y = panel.y.at(value)
        line(svg, (left, y), (right, y), "grid")
        text(svg, (left - 6, y + 3), f"{value:g}", "small", "end")
    for value in panel.x.ticks():
        text(svg, (panel.x.at(value), panel.bottom + 13), f"{value:g} s", "small", "middle")
    line(svg, (left, panel.bottom), (right, panel.bottom), "frame")
    line(svg, (left, panel.top), (left, panel.bottom), "frame")
    text(svg, (8, panel.top - 8), unit or "per s", "small title")


def _latencies(svg: ET.Element, panel: Panel, pattern: FoundPattern) -> None:
    series = pattern.series
    if pattern.limit_p95_ms:
        y = panel.y.at(pattern.limit_p95_ms)
        line(svg, (panel.x.start, y), (panel.x.end, y), "limit")
        text(svg, (panel.x.end + 4, y + 3), f"{pattern.limit_p95_ms:g} ms", "small")
    for kind, course in (("p99", series.p99_ms), ("p50", series.p50_ms), ("p95", series.p95_ms)):
        points = [
            None if value is None else (panel.x.at((number + 0.5) * series.step_seconds), panel.y.at(value))
            for number, value in enumerate(course)
        ]
        curve(svg, points, kind)


def _rates(svg: ET.Element, panel: Panel, pattern: FoundPattern) -> None:
    """Stack accepted, shed and failed; users are a line against an axis of their own, on the right."""
    series = pattern.series
    edges = [panel.x.at(number * series.step_seconds) for number in range(len(series.users) + 1)]
    below = [0.0] * len(series.users)
    for kind, course in (("accepted", series.accepted_rate), ("shed", series.shed_rate), ("errors", series.error_rate)):
        above = [low + value for low, value in zip(below, course, strict=True)]
        corners = [stairs(edges, [panel.y.at(value) for value in heights]) for heights in (below, above)]
        area(svg, corners[0], corners[1], kind)
        below = above
    if pattern.knee_rate and pattern.knee_rate <= panel.y.high:
        y = panel.y.at(pattern.knee_rate)
        line(svg, (panel.x.start, y), (panel.x.end, y), "kneerate")
        text(svg, (panel.x.start + 4, y - 4), f"knee {pattern.knee_rate:.0f}/s", "small kneetext")
    if not pattern.peak_users:
        return
    users = Scale(0, pattern.peak_users * 1.05, panel.bottom, panel.top)
    curve(svg, stairs(edges, [users.at(value) for value in series.users]), "users")
    for value in users.ticks():
        text(svg, (panel.x.end + 6, users.at(value) + 3), f"{value:g}", "small")
    text(svg, (WIDTH - 4, panel.top - 6), "users", "small title", "end")


def _knee(svg: ET.Element, panels: Sequence[Panel], pattern: FoundPattern) -> None:
    found = pattern.breaking
    if found is None or not found.broke:
        return
    x = panels[0].x.at(found.at_seconds)
    for panel in panels:
        line(svg, (x, panel.top), (x, panel.bottom), "knee")
    right = x < WIDTH / 2
    place = (x + 5 if right else x - 5, panels[0].top + 14)
    text(svg, place, f"knee: {found.knee_rate:.0f} answers/s", "kneetext", "start" if right else "end")


def _legend(svg: ET.Element, pattern: FoundPattern, y: float) -> None:
    marks = [("p50", "p50"), ("p95", "p95"), ("p99 of accepted", "p99")]
    marks += [("accepted", "accepted"), ("shed (503 with Retry-After)", "shed"), ("errors", "errors")]
    marks += [("users", "users")] if pattern.peak_users else []
    marks += [("limit of the p95", "limit")] if pattern.limit_p95_ms else []
    x = float(LEFT)
    for said, kind in marks:
        if kind in ("accepted", "shed", "errors"):
            box(svg, (x, y - 8), (14, 9), kind)
        else:
            line(svg, (x, y - 4), (x + 14, y - 4), kind)
        text(svg, (x + 18, y), said, "small")
        x += 30 + 5.6 * len(said)
