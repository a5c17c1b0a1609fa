"""Between two patterns: wait until every service answers, so that one pattern's end does not colour the next."""

from chaoslab.errors import ChaoslabError, EngineGone, LabError
from chaoslab.lab.lab import Lab
from chaoslab.model.lab import Probe
from chaoslab.store import WaitTimeout

CALM_SECONDS = 30.0
ASK_SECONDS = 1.0


def await_calm(lab: Lab) -> None:
    """Return when each health probe over HTTP is answered as it must be. Raises LabError, Interrupted, EngineGone."""
    probes = [probe for probe in lab.spec.probes.values() if probe.role == "health" and probe.kind == "http"]
    asked = [probe for probe in probes if probe.service is not None and probe.port is not None]
    try:
        for probe in asked:
            _await_good(lab, probe)
    except WaitTimeout as error:
        raise LabError(
            f"the lab is not fit for load: {error}", remedy="`chaoslab status` shows what is wrong"
        ) from error


def _await_good(lab: Lab, probe: Probe) -> None:
    lab.history.wait(lambda: _good(lab, probe) or None, CALM_SECONDS, f"a good answer to {probe.name}")


def _good(lab: Lab, probe: Probe) -> bool:
    try:
        url = f"{probe.service}:{probe.port}{probe.path}"
        reply = lab.observer.request(probe.method, url, timeout_seconds=ASK_SECONDS)
    except EngineGone:
        raise
    except ChaoslabError:
        return False
    return reply.status in probe.expect_status
