"""toxic: one of Toxiproxy's seven toxics on a link, proven by canaries and by the client's own traffic."""

import math
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, model_validator

from chaoslab.errors import NotProvable
from chaoslab.faults import traffic
from chaoslab.faults.canary import RATE_HZ, SHORT_TIMEOUT_SECONDS, Canaries
from chaoslab.faults.crossing import Normal, normal
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.toxic_effect import FEWEST, Declared, judge
from chaoslab.faults.toxics import checked, in_words
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.suite import DEFAULT_LINK, HeldFaultSpec
from chaoslab.observe.rows import CanaryRequest
from chaoslab.tools.toxiproxy import ToxicState

COMFORTABLE_MS = 120
ENOUGH_MS = 15
"""A canary is made so long that the declared bandwidth keeps it this long: the second where the first takes many requests."""
FEW_ANSWERS = 10
PAD_BYTES = 2000
MOST_ANSWERS = 100
ANSWERS_PER_SECOND = 100
LEAST_HZ = 4.0
LONGEST_TIMEOUT_SECONDS = 30.0
FIRST_SECONDS = 3.0
SLOW_MS = 2000
"""A canary that is later than this needs a longer hold than the quick profile's."""
PROOF_SECONDS = 3.0


class ToxicSpec(HeldFaultSpec):
    """A toxic: which, where, in which direction, on which share of connections."""

    type: Literal["toxic"] = "toxic"
    link: str = DEFAULT_LINK
    toxic: Literal["latency", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data"]
    attributes: dict[str, Any] = Field(default_factory=dict)
    stream: Literal["upstream", "downstream"] = "downstream"
    toxicity: float = Field(default=1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _attributes_fit(self) -> "ToxicSpec":
        checked(self.toxic, self.attributes)
        return self

    @property
    def values(self) -> dict[str, int]:
        """The attributes with the toxic's defaults."""
        return checked(self.toxic, self.attributes)

    def describe(self) -> str:
        """Say what is injected, literally."""
        share = "" if self.toxicity == 1 else f", on {100 * self.toxicity:g}% of connections"
        return f"{in_words(self.toxic, self.values)} on {self.link} ({self.stream}{share})"

    def least_hold_seconds(self) -> float:
        """Give canaries the time to be late in."""
        closing_ms = self.values["delay"] if self.toxic == "slow_close" else 0
        late_ms = self.values.get("latency", 0) + self.values.get("jitter", 0) + closing_ms
        return max(self.least_seconds, late_ms / 1000 + PROOF_SECONDS if late_ms > SLOW_MS else 0.0)

    def undoes(self) -> tuple[str, ...]:
        """The toxic is taken off."""
        return (f"remove toxic {self.toxic} from {self.link}",)


class Toxic(Fault[ToxicSpec]):
    """One toxic of Toxiproxy."""

    Spec = ToxicSpec

    def prepare(self) -> None:
        """Start counting the client's packets, and canaries large enough to show the effect."""
        self.link = self.lab.spec.links[self.spec.link]
        self.declared = Declared(self.spec.toxic, self.spec.stream, self.spec.toxicity, self.spec.values)
        self.effect_ns = 0
        self.name = f"chaoslab-{self.id}"
        proxy = self.lab.toxiproxy.proxies().get(self.link.name)
        if proxy is None or not proxy.enabled or proxy.toxics:
            state = (
                "missing"
                if proxy is None
                else "disabled"
                if not proxy.enabled
                else f"already under {proxy.toxics[0].type}"
            )
            raise NotProvable(f"the proxy of {self.link.name} is {state} before the fault")
        self.traffic = traffic.ClientTraffic(self, self.link)
        self.traffic.prepare()
        timeout = timeout_seconds(self.declared)
        self.canaries = Canaries(
            self.lab, self.link, CanaryRequest(link=self.link.name, rate_hz=RATE_HZ, timeout_seconds=timeout)
        )
        started = self.lab.history.now_ns()
        self.canaries.start()
        usual = self._first_normal(started)
        request = long_enough(
            self.declared, usual, self.canaries.request, pad_returns=self.link.canary.kind in ("redis", "sql")
        )
        if request != self.canaries.request:
            self.canaries.stop()
            self.canaries.request = request
            started = self.lab.history.now_ns()
            self.canaries.start()
            self._first_normal(started, FEWEST)
        self.canaries_since = started

    def undos(self) -> tuple[Undo, ...]:
        """Remove the toxic."""
        service = self.lab.spec.toxiproxy.service if self.lab.spec.toxiproxy else ""
        return (self.undo("remove_toxic", service, link=self.link.name, toxic=self.name),)

    def inject(self) -> Effect:
        """Add the toxic; what the server reads back is compared with what was asked for."""
        wanted = ToxicState(
            self.name, self.spec.toxic, self.spec.stream, self.spec.toxicity, dict(self.declared.attributes)
        )
        self.traffic.mark_effect()
        _, at, error = self.timed(lambda: self.lab.toxiproxy.add_toxic(self.link.name, wanted))
        self.effect_ns = at + error
        return Effect(at, error, self.spec.describe())

    def prove(self) -> Proof:
        """Judge the canaries, then the client's traffic."""
        horizon = int(self.canaries.request.timeout_seconds * 1e9) if self.spec.toxicity < 1 else 0
        before = [one for one in self.canaries.before(self.effect_ns) if one.sent_ns >= self.canaries_since]
        during = self.canaries.during(self.effect_ns, horizon_ns=horizon)
        finding = judge(self.declared, before, during, self._control(horizon))
        return self.proof(self.traffic.judge(finding, self.effect_ns))

    def prove_clean(self) -> Proof:
        """No such toxic is left; the canaries tell how the link is since."""
        proxy = self.lab.toxiproxy.proxies().get(self.link.name)
        left = sum(toxic.name == self.name for toxic in proxy.toxics) if proxy else 0
        last = self.canaries.latest(FEWEST)
        crossed = sum(one.answered for one in last)
        return self.proof(
            Finding(
                left,
                "0 toxics",
                "toxics",
                proven=left == 0,
                detail=f"{crossed} of the last {len(last)} canaries crossed",
            )
        )

    def close(self) -> None:
        """End canaries and counting."""
        if hasattr(self, "canaries"):
            self.canaries.stop()
        super().close()

    def _first_normal(self, since_ns: int, fewest: int = 1) -> Normal:
        """Wait for the first canaries: how long their requests and answers are. Raises NotProvable when none crosses."""

        def seen() -> Normal | None:
            found = normal([one for one in self.canaries.latest(FEWEST) if one.sent_ns >= since_ns])
            return found if found.answered >= fewest else None

        try:
            return self.lab.history.wait(seen, FIRST_SECONDS, f"a canary across {self.link.name}")
        except TimeoutError as error:
            raise NotProvable(f"no canary crosses {self.link.name} before the fault: {error}") from error

    def _control(self, horizon: int) -> Any:
        """The control link's canaries, unless it has a fault of its own."""
        control = self.canaries.control
        if control is None:
            return None
        proxy = self.lab.toxiproxy.proxies().get(control.name)
        if proxy is None or not proxy.enabled or proxy.toxics:
            return None
        return self.canaries.before(self.effect_ns, control), self.canaries.during(self.effect_ns, control, horizon)


def timeout_seconds(declared: Declared) -> float:
    """How long a canary waits: long enough to see the effect, short enough that many end while it is held."""
    values = declared.attributes
    effect_ms = {
        "latency": values.get("latency", 0) + values.get("jitter", 0),
        "slow_close": values.get("delay", 0),
        "timeout": values.get("timeout", 0),
        "reset_peer": values.get("timeout", 0),
        "bandwidth": 1000,
        "slicer": 2000,
    }.get(declared.toxic, 0)
    spare = SHORT_TIMEOUT_SECONDS if declared.stalls else 1.0
    if declared.toxic == "bandwidth" and declared.stalls:
        effect_ms = 0
    return min(LONGEST_TIMEOUT_SECONDS, effect_ms / 1000 + spare)


def long_enough(declared: Declared, usual: Normal, request: CanaryRequest, *, pad_returns: bool) -> CanaryRequest:
    """Make a canary long enough for the toxics that act on bytes; fewer per second the more answers it takes.

    `pad_returns`: the answer carries the request's padding (a Redis PING does).
    """
    down = declared.stream == "downstream"
    size = usual.received if down else usual.sent
    needed = bytes_needed(declared, size)
    if size >= needed or size <= 0:
        return request
    pad = PAD_BYTES if pad_returns or not down else 0
    answers = max(1, min(MOST_ANSWERS, math.ceil(needed / (size + pad))))
    return replace(
        request, rate_hz=max(LEAST_HZ, min(RATE_HZ, ANSWERS_PER_SECOND / answers)), pad_bytes=pad, answers=answers
    )


def bytes_needed(declared: Declared, size: float) -> float:
    """How many bytes a canary must carry to show a toxic that acts on bytes; 0 for the others."""
    values = declared.attributes
    if declared.toxic == "bandwidth" and values["rate"]:
        comfortable = values["rate"] * COMFORTABLE_MS
        return comfortable if comfortable <= FEW_ANSWERS * size else values["rate"] * ENOUGH_MS
    if declared.toxic == "slicer":
        return 3.0 * (values["average_size"] + values["size_variation"])
    return 2.0 * values["bytes"] if declared.toxic == "limit_data" else 0.0
