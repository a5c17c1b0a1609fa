"""proxy_down: the link's proxy is disabled: new connections are refused, those that exist are closed."""

from collections.abc import Sequence
from typing import Literal

from chaoslab.errors import NotProvable
from chaoslab.faults import traffic
from chaoslab.faults.canary import RATE_HZ, SHORT_TIMEOUT_SECONDS, Canaries
from chaoslab.faults.crossing import Crossing
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.toxic_effect import CONTROL_SHARE, FEWEST, STEADY_SHARE
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.suite import DEFAULT_LINK, HeldFaultSpec
from chaoslab.observe.rows import CanaryRequest


class ProxyDownSpec(HeldFaultSpec):
    """Disables a link's proxy and enables it again."""

    type: Literal["proxy_down"] = "proxy_down"
    link: str = DEFAULT_LINK

    def describe(self) -> str:
        """Say what is done to which link."""
        return f"proxy of {self.link} disabled: connections refused"

    def undoes(self) -> tuple[str, ...]:
        """Enable it."""
        return (f"enable the proxy of {self.link}",)


class ProxyDown(Fault[ProxyDownSpec]):
    """Disables a proxy."""

    Spec = ProxyDownSpec

    def prepare(self) -> None:
        """Start counting the client's connection attempts, and canaries."""
        self.link = self.lab.spec.links[self.spec.link]
        self.effect_ns = 0
        proxy = self.lab.toxiproxy.proxies().get(self.link.name)
        if proxy is None or not proxy.enabled:
            raise NotProvable(f"the proxy of {self.link.name} is {'disabled' if proxy else 'missing'} before the fault")
        self.traffic = traffic.ClientTraffic(self, self.link, traffic.ATTEMPT)
        self.traffic.prepare()
        request = CanaryRequest(link=self.link.name, rate_hz=RATE_HZ, timeout_seconds=SHORT_TIMEOUT_SECONDS)
        self.canaries = Canaries(self.lab, self.link, request)
        self.canaries.start()

    def undos(self) -> tuple[Undo, ...]:
        """Enable the proxy."""
        service = self.lab.spec.toxiproxy.service if self.lab.spec.toxiproxy else ""
        return (self.undo("enable_proxy", service, link=self.link.name),)

    def inject(self) -> Effect:
        """Disable it."""
        self.traffic.mark_effect()
        _, at, error = self.timed(lambda: self.lab.toxiproxy.set_enabled(self.link.name, enabled=False))
        self.effect_ns = at + error
        return Effect(at, error, self.spec.describe())

    def prove(self) -> Proof:
        """Canaries are refused, and the client tried."""
        control = self.canaries.control
        compared = self.canaries.during(self.effect_ns, control) if control else []
        finding = refused(self.canaries.before(self.effect_ns), self.canaries.during(self.effect_ns), compared)
        return self.proof(self.traffic.judge(finding, self.effect_ns))

    def prove_clean(self) -> Proof:
        """The proxy is enabled."""
        proxy = self.lab.toxiproxy.proxies().get(self.link.name)
        up = int(proxy is not None and proxy.enabled)
        return self.proof(Finding(up, "1 enabled", "proxies", proven=up == 1))

    def close(self) -> None:
        """End canaries and counting."""
        if hasattr(self, "canaries"):
            self.canaries.stop()
        super().close()


def refused(before: Sequence[Crossing], during: Sequence[Crossing], control: Sequence[Crossing]) -> Finding:
    """Judge a closed proxy: canaries crossed before and are refused now. `measured`: the share refused, in percent."""
    crossed = sum(one.answered for one in before)
    hits = sum(one.close == "refused" for one in during)
    share = 100 * hits / len(during) if during else None
    enough = crossed >= FEWEST and len(during) >= FEWEST
    detail = f"{hits} of {len(during)} canaries refused, {crossed} crossed before"
    proven = enough and hits >= STEADY_SHARE * len(during)
    finding = Finding(share, f"at least {100 * STEADY_SHARE:g} % refused", "% refused", proven=proven, detail=detail)
    if not control:
        return finding.noted("no other link to compare with")
    also = sum(one.close == "refused" for one in control)
    note = f"control link: {also} of {len(control)} refused"
    return finding.refused(note) if also > CONTROL_SHARE * len(control) else finding.noted(note)
