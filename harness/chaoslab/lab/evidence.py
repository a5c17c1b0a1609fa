"""What is gathered once a scenario is over: what the system says it holds, whether its tokens verify, logs, metrics by phase. Judges nothing."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaoslab.errors import ChaoslabError, ToolError
from chaoslab.lab.container_logs import keep_logs
from chaoslab.lab.lab import Lab
from chaoslab.model.lab import METRICS_PROBE, Ledger, TokenCheck
from chaoslab.model.plan import PlannedScenario
from chaoslab.model.replica import Replica
from chaoslab.store import WaitTimeout

ARRIVAL_SECONDS = 0.06
ASK_SECONDS = 5.0
"""How long a system that has recovered may take until it lists what it holds."""
TOKEN_SECONDS = 2.0
MOST_TOKENS = 300
"""Checked of one scenario; of more, evenly chosen ones."""


@dataclass(frozen=True)
class Ended:
    """A scenario that is over. Instants are lab time; `phases`: the last instant of each phase, by name."""

    planned: PlannedScenario
    since_ns: int
    phases: Mapping[str, int]
    replicas: Sequence[Replica]


def gather(lab: Lab, ended: Ended) -> None:
    """Tell the history and the run folder everything; what cannot be had is told as well, never raised."""
    planned = ended.planned
    jobs: list[tuple[str, Callable[[], None]]] = [
        (f"ledger {ledger.name}", lambda ledger=ledger: ask_ledger(lab, ledger))  # type: ignore[misc]
        for ledger in wanted_ledgers(lab, planned)
    ]
    checks = {ask.of for ask in planned.scenario.expect if ask.measure == "token_integrity"}
    jobs += [
        (f"tokens {check.name}", lambda check=check: check_tokens(lab, check))  # type: ignore[misc]
        for name, check in lab.spec.tokens.items()
        if name in checks
    ]
    jobs += [
        ("container logs", lambda: keep_logs(lab, planned, ended.since_ns, ended.replicas)),
        ("metrics", lambda: keep_metrics(lab, planned, ended.phases)),
    ]
    for what, job in jobs:
        try:
            job()
        except (ChaoslabError, WaitTimeout) as error:
            lab.history.event("note", text=f"{what} could not be gathered: {error}")


def wanted_ledgers(lab: Lab, planned: PlannedScenario) -> list[Ledger]:
    """Pick the ledgers that an expectation asks about; without expectations, and for `lost` of everything, all of them."""
    asks = planned.scenario.expect
    if not asks or any(ask.measure == "lost" and ask.of is None for ask in asks):
        return list(lab.spec.ledgers.values())
    named = {ask.of for ask in asks if ask.measure in ("lost", "duplicates", "unknown")}
    return [ledger for name, ledger in lab.spec.ledgers.items() if name in named]


def ask_ledger(lab: Lab, ledger: Ledger) -> None:
    """Ask the system what it holds; only ids that were written in this scenario are told, as often as they are listed."""
    told = [""]
    asked_ns = lab.history.now_ns()

    def listed() -> list[str] | None:
        try:
            url = f"{ledger.service}:{ledger.port}{ledger.path}"
            reply = lab.observer.request("GET", url, headers=ledger.headers, timeout_seconds=ASK_SECONDS)
            if reply.status != 200:
                told[0] = f"GET {url} was answered with {reply.status}"
                return None
            return found(ledger.ids, reply.body)
        except (ChaoslabError, ValueError) as error:
            told[0] = str(error)
            return None

    try:
        ids = lab.history.wait(listed, ASK_SECONDS, f"the list of ledger {ledger.name}")
    except WaitTimeout:
        lab.history.event("ledger", name=ledger.name, error=told[0])
    else:
        lab.history.pause(ARRIVAL_SECONDS)  # an answer from before the list was asked for may still be on its way to us
        sent = {str(sample.detail) for sample in tuple(lab.history.series(ledger.probe)) if sample.detail}
        listed_ids = [one for one in ids if one in sent]
        lab.history.event("ledger", name=ledger.name, asked_ns=asked_ns, listed=listed_ids, total=len(ids))


def found(path: str, body: str) -> list[str]:
    """List what a JSONPath finds in a JSON body, as text. Raises ValueError when the body is no JSON."""
    import jsonpath  # noqa: PLC0415 - costs 30 ms, so only where a ledger is declared

    return [str(one) for one in jsonpath.compile(path).findall(json.loads(body))]


def check_tokens(lab: Lab, check: TokenCheck) -> None:
    """Send every captured token to the endpoint that wants one, and hold its subject against the one that is expected."""
    details = (sample.detail for sample in tuple(lab.history.series(check.probe)) if sample.good)
    tokens = list(dict.fromkeys(detail for detail in details if isinstance(detail, str)))
    chosen = tokens[:: max(1, -(-len(tokens) // MOST_TOKENS))]
    url = f"{check.service}:{check.port}{check.path}"
    refused, foreign, examples = 0, 0, []
    for token in chosen:
        try:
            headers = {"Authorization": f"Bearer {token}"}
            status = lab.observer.request("GET", url, headers=headers, timeout_seconds=TOKEN_SECONDS).status
        except ToolError as error:
            lab.history.event("tokens", name=check.name, error=error.message)
            return
        subject = claims(token).get(check.claim)
        if status != 200:
            refused += 1
            examples.append(f"GET {url} answered one with {status}")
        elif check.subject is not None and subject != check.subject:
            foreign += 1
            examples.append(f"one is for {subject!r}, not {check.subject!r}")
    data: dict[str, Any] = {"checked": len(chosen), "issued": len(tokens), "refused": refused, "foreign": foreign}
    lab.history.event("tokens", name=check.name, **data, example=next(iter(examples), ""))


def claims(token: str) -> dict[str, Any]:
    """Read a JWT's claims without checking its signature (the system did); empty for what is none."""
    try:
        part = token.split(".")[1]
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def keep_metrics(lab: Lab, planned: PlannedScenario, phases: Mapping[str, int]) -> None:
    """Store what each replica's metrics were at the end of each phase, as the samples have them."""
    if not lab.spec.metrics or lab.history.folder is None:
        return
    snapshot = {phase: dict(_values(lab, at_ns)) for phase, at_ns in phases.items()}
    lab.history.folder.write_json(f"metrics/{planned.key}.json", snapshot)


def _values(lab: Lab, at_ns: int) -> Iterator[tuple[str, dict[str, float]]]:
    for service in lab.spec.metrics:
        newest: dict[int, dict[str, float]] = {}
        for sample in tuple(lab.history.series(f"{METRICS_PROBE}{service}")):
            if sample.good and sample.finished_ns <= at_ns:
                newest[sample.replica] = sample.detail
        yield from ((f"{service}[{number}]", values) for number, values in sorted(newest.items()))
