"""Repeated canaries across a faulted link and across a control link, and their samples before and during the fault."""

from dataclasses import replace
from typing import TYPE_CHECKING

from chaoslab.faults.crossing import Crossing, crossing
from chaoslab.model.lab import Link
from chaoslab.observe.rows import CanaryRequest

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

RATE_HZ = 20.0
SHORT_TIMEOUT_SECONDS = 0.5
FIRST_ANSWERS_SECONDS = 1.5
BEFORE_SECONDS = 5


class Canaries:
    """What is sent across `link`, and across the control link if the lab has another one."""

    def __init__(self, lab: "Lab", link: Link, request: CanaryRequest) -> None:
        self.lab = lab
        self.link = link
        self.request = request
        self.control = control_link(tuple(lab.spec.links.values()), link)

    def start(self) -> None:
        """Send them from now on, beside those of other faults; across a link both want, the larger wish wins."""
        wanted = {one.link: one for one in self.lab.observer.canaries_sent}
        mine = [self.request]
        if self.control is not None:
            mine.append(replace(self.request, link=self.control.name))
        for one in mine:
            wanted[one.link] = larger(wanted[one.link], one) if one.link in wanted else one
        self.lab.observer.canaries(tuple(wanted.values()))

    def stop(self) -> None:
        """Send them no more."""
        mine = {self.link.name, self.control.name if self.control else ""}
        self.lab.observer.canaries(tuple(one for one in self.lab.observer.canaries_sent if one.link not in mine))

    def before(self, effect_ns: int, link: Link | None = None) -> list[Crossing]:
        """Canaries that ended in the last seconds before the fault took effect."""
        return [
            one
            for one in self._all(link)
            if effect_ns - BEFORE_SECONDS * 10**9 <= one.sent_ns and one.finished_ns < effect_ns
        ]

    def during(self, effect_ns: int, link: Link | None = None, horizon_ns: int = 0) -> list[Crossing]:
        """Canaries sent after the effect that have ended. `horizon_ns`: leave out those sent later than this before now.

        Where only some connections are affected, those end late: counting the last ones would favour the others.
        """
        latest = self.lab.history.now_ns() - horizon_ns
        return [one for one in self._all(link) if effect_ns <= one.sent_ns <= latest]

    def latest(self, count: int) -> list[Crossing]:
        """Return the last canaries that ended."""
        return self._all(None)[-count:]

    def _all(self, link: Link | None) -> list[Crossing]:
        name = (link or self.link).name
        return [crossing(sample) for sample in tuple(self.lab.history.series(f"canary:{name}"))]


def control_link(links: tuple[Link, ...], faulted: Link) -> Link | None:
    """Choose a link to compare with: one to the same server before others, then by name."""
    others = sorted(
        (link for link in links if link.name != faulted.name),
        key=lambda link: (link.server != faulted.server, link.name),
    )
    return others[0] if others else None


def larger(one: CanaryRequest, other: CanaryRequest) -> CanaryRequest:
    """Merge two wishes for the same link."""
    return CanaryRequest(
        link=one.link,
        rate_hz=min(one.rate_hz, other.rate_hz),
        timeout_seconds=max(one.timeout_seconds, other.timeout_seconds),
        pad_bytes=max(one.pad_bytes, other.pad_bytes),
        answers=max(one.answers, other.answers),
    )
