"""What x-chaoslab says of metrics, ledgers and tokens: whether it fits the probes and services, and the probes it brings."""

import json
from collections.abc import Iterator, Mapping

from chaoslab.model.lab import METRICS_PROBE, UNIQUE, Ledger, Metrics, Probe, Service, TokenCheck
from chaoslab.parse.wording import Found, nearest, shown


def metrics_probes(metrics: Mapping[str, Metrics]) -> dict[str, Probe]:
    """Make the probe that reads each service's metrics; it only watches."""
    return {
        f"{METRICS_PROBE}{name}": Probe(
            name=f"{METRICS_PROBE}{name}",
            role="watch",
            kind="metrics",
            service=name,
            port=one.port,
            path=one.path,
            rate_hz=one.rate_hz,
            keep=one.keep,
        )
        for name, one in metrics.items()
    }


def metrics_problems(metrics: Mapping[str, Metrics], probes: Mapping[str, Probe]) -> Iterator[Found]:
    """Find probes that stand where the metrics' own will; places below `metrics`."""
    for name in metrics:
        if f"{METRICS_PROBE}{name}" in probes:
            yield (name,), f'a probe is named "{METRICS_PROBE}{name}" already', "give that probe another name"


def ledger_problems(
    ledgers: Mapping[str, Ledger], probes: Mapping[str, Probe], services: Mapping[str, Service]
) -> Iterator[Found]:
    """Find ledgers whose probe writes nothing that could be found again; places below `ledgers`."""
    for name, ledger in ledgers.items():
        yield from _unknown(name, ledger, probes, services)
        probe = probes.get(ledger.probe)
        if probe and (probe.role != "work" or UNIQUE not in json.dumps(probe.body)):
            remedy = f'give it the role "work" and a body with "{UNIQUE}"'
            yield (name, "probe"), f"the writes of {shown(ledger.probe)} cannot be told apart", remedy


def token_problems(
    tokens: Mapping[str, TokenCheck], probes: Mapping[str, Probe], services: Mapping[str, Service]
) -> Iterator[Found]:
    """Find token checks whose probe captures no token; places below `tokens`."""
    for name, check in tokens.items():
        yield from _unknown(name, check, probes, services)
        probe = probes.get(check.probe)
        if probe and probe.capture is None:
            yield (name, "probe"), f"{shown(check.probe)} captures no token", 'add "capture", the JSONPath of the token'


def _unknown(
    name: str, one: Ledger | TokenCheck, probes: Mapping[str, Probe], services: Mapping[str, Service]
) -> Iterator[Found]:
    if one.service not in services:
        yield (name, "service"), f"unknown service {shown(one.service)}", nearest(one.service, services)
    if one.probe not in probes:
        yield (name, "probe"), f"unknown probe {shown(one.probe)}", nearest(one.probe, probes)
