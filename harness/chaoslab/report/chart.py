"""Axes and marks of a picture in SVG. Knows nothing of load; every text is escaped by ElementTree."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree as ET

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from `low` to `high` onto pixels from `start` to `end`; what lies beyond is drawn at the edge."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        low, high, value = (self._shape(one) for one in (self.low, self.high, value))
        share = (min(max(value, low), high) - low) / (high - low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Choose round values to write at the axis."""
        return _decades(self.low, self.high) if self.logarithmic else _rounds(self.high)

    def _shape(self, value: float) -> float:
        return math.log10(max(value, 1e-9)) if self.logarithmic else value


def _decades(low: float, high: float) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [
        digit * 10.0**exponent for exponent in exponents for digit in (1, 2, 5) if low <= digit * 10.0**exponent <= high
    ]


def _rounds(high: float, most: int = 6) -> list[float]:
    rough = high / most
    size = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    step = next((digit * size for digit in (1, 2, 5, 10) if digit * size >= rough), 10 * size)
    return [number * step for number in range(int(high / step + 1e-9) + 1)]


def line(parent: ET.Element, start: tuple[float, float], end: tuple[float, float], kind: str) -> None:
    """Draw a straight line; `kind` is its CSS class."""
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    ET.SubElement(parent, "line", {**{name: f"{value:g}" for name, value in ends.items()}, "class": kind})


def text(parent: ET.Element, at: tuple[float, float], said: str, kind: str = "", anchor: str = "start") -> None:
    """Write a text."""
    place = {"x": f"{at[0]:g}", "y": f"{at[1]:g}", "text-anchor": anchor}
    ET.SubElement(parent, "text", {**place, **({"class": kind} if kind else {})}).text = said


def box(parent: ET.Element, corner: tuple[float, float], size: tuple[float, float], kind: str, hint: str = "") -> None:
    """Fill a rectangle; `hint` is shown when it is pointed at."""
    numbers = {"x": corner[0], "y": corner[1], "width": max(size[0], 0.0), "height": size[1]}
    drawn = ET.SubElement(parent, "rect", {**{name: f"{value:g}" for name, value in numbers.items()}, "class": kind})
    if hint:
        ET.SubElement(drawn, "title").text = hint


def curve(parent: ET.Element, points: Sequence[tuple[float, float] | None], kind: str) -> None:
    """Draw a line through points in pixels; None interrupts it, a single point becomes a dot."""
    for stretch in _stretches(points):
        if len(stretch) == 1:
            ((x, y),) = stretch
            ET.SubElement(parent, "circle", {"cx": f"{x:g}", "cy": f"{y:g}", "r": "1.5", "class": f"{kind} dot"})
        else:
            ET.SubElement(parent, "polyline", {"points": _joined(stretch), "class": kind})


def area(parent: ET.Element, lower: Points, upper: Points, kind: str) -> None:
    """Fill what lies between two lines in pixels."""
    if lower and upper and any(below[1] != above[1] for below, above in zip(lower, upper, strict=True)):
        ET.SubElement(parent, "polygon", {"points": _joined([*upper, *reversed(lower)]), "class": kind})


def stairs(edges: Sequence[float], heights: Sequence[float]) -> list[tuple[float, float]]:
    """Turn one height per step into the corners of its line; `edges` has one more entry."""
    return [
        corner
        for (left, right), height in zip(pairwise(edges), heights, strict=True)
        for corner in ((left, height), (right, height))
    ]


def _stretches(points: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    stretch: list[tuple[float, float]] = []
    for point in (*points, None):
        if point is not None:
            stretch.append(point)
        elif stretch:
            yield stretch
            stretch = []


def _joined(points: Points) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
