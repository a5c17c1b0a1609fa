"""The output of `docker compose config --format json` -> LabSpec, or every problem in it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from chaoslab.errors import InputError, Problem
from chaoslab.model.lab import (
    READY_LABEL,
    ClockEndpoint,
    LabSpec,
    Ledger,
    Link,
    LoadSettings,
    Metrics,
    Probe,
    Service,
    TokenCheck,
    ToxiproxyAddress,
    Trigger,
    Vram,
)
from chaoslab.model.value import Value
from chaoslab.parse.evidence import ledger_problems, metrics_probes, metrics_problems, token_problems
from chaoslab.parse.overlays import BLOCK, block_of
from chaoslab.parse.problems import explain, unknown_keys
from chaoslab.parse.texts import text_problems
from chaoslab.parse.wording import Found, Place, json_path, nearest, printable, shown

V = TypeVar("V", bound=Value)

KEYS = (
    *("toxiproxy", "default_link", "links", "probes", "triggers", "metrics", "ledgers", "tokens", "vram", "clocks"),
    "load",
)
NO_LIMIT = ("", 0, "0", None)


def lab_spec(compose_config: Mapping[str, Any], file: str) -> LabSpec:
    """Read a compose project as compose itself resolved it (`docker compose config --format json`).

    `file` names the source in problems. Raises InputError with every problem of the x-chaoslab block.
    """
    reader = _Reader(compose_config)
    spec = reader.read()
    if reader.found or spec is None:
        name = printable(file)
        raise InputError([Problem(name, json_path(place), message, remedy) for place, message, remedy in reader.found])
    return spec


class _Reader:
    """Reads one compose project and keeps every problem it meets."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.found: list[Found] = []
        self.networks = {
            name: _engine_name(config, name, network) for name, network in _object(config.get("networks")).items()
        }

    def read(self) -> LabSpec | None:
        services = {
            name: self._service(name, _object(raw)) for name, raw in _object(self.config.get("services")).items()
        }
        if not services:
            self._add(("services",), "the compose project has no services", "name the project's compose file")
        block = block_of(self.config)
        if not isinstance(block, dict):
            problem = (
                "the compose file has no x-chaoslab block"
                if block is None
                else f"must be an object, not {shown(block)}"
            )
            self._add(
                (BLOCK,), problem, "declare links, probes and triggers there: see docs/scenarios.md, section x-chaoslab"
            )
            return None
        block = unescaped(block)
        self._add_all((BLOCK,), unknown_keys({key: 0 for key in block if not key.startswith("x-")}, KEYS))
        toxiproxy = self._toxiproxy(block, services)
        links = self._named(block, "links", Link)
        probes = self._named(block, "probes", Probe)
        triggers = self._named(block, "triggers", Trigger)
        metrics, ledgers = self._named(block, "metrics", Metrics), self._named(block, "ledgers", Ledger)
        tokens = self._named(block, "tokens", TokenCheck)
        vram, clocks = self._named(block, "vram", Vram), self._named(block, "clocks", ClockEndpoint)
        default_link = self._default_link(block, links)
        load = self._part(LoadSettings, block.get("load", {}), (BLOCK, "load"))
        self._check_links(links, services, toxiproxy)
        self._check_probes(probes, links, services)
        self._add_all((BLOCK, "probes"), text_problems(probes))
        for name, trigger in triggers.items():
            self._known((BLOCK, "triggers", name, "service"), "service", trigger.service, services)
        for key, by_service in (("metrics", metrics), ("vram", vram), ("clocks", clocks)):
            for name in by_service:
                self._known((BLOCK, key, name), "service", name, services)
        self._add_all((BLOCK, "metrics"), metrics_problems(metrics, probes))
        self._add_all((BLOCK, "ledgers"), ledger_problems(ledgers, probes, services))
        self._add_all((BLOCK, "tokens"), token_problems(tokens, probes, services))
        if self.found or load is None:
            return None
        return LabSpec(
            project=str(self.config.get("name", "")),
            services=services,
            networks=tuple(self.networks.values()),
            toxiproxy=toxiproxy,
            default_link=default_link,
            links=links,
            probes=probes | metrics_probes(metrics),
            triggers=triggers,
            metrics=metrics,
            ledgers=ledgers,
            tokens=tokens,
            vram=vram,
            clocks=clocks,
            load=load,
        )

    def _service(self, name: str, raw: dict[str, Any]) -> Service:
        deploy = _object(raw.get("deploy"))
        limits = _object(_object(deploy.get("resources")).get("limits"))
        health = raw.get("healthcheck")
        place = ("services", name)
        return Service(
            name=name,
            replicas=int(self._number(deploy.get("replicas", raw.get("scale", 1)), (*place, "deploy", "replicas"))),
            chaos_ready=_labels(raw.get("labels")).get(READY_LABEL, "").lower() == "true",
            nano_cpus=round(self._number(_first(limits.get("cpus"), raw.get("cpus")), (*place, "cpus")) * 1e9),
            memory_bytes=int(self._number(_first(limits.get("memory"), raw.get("mem_limit")), (*place, "mem_limit"))),
            pids_limit=max(
                0, int(self._number(_first(limits.get("pids"), raw.get("pids_limit")), (*place, "pids_limit")))
            ),
            networks=tuple(self.networks.get(network, network) for network in _names(raw.get("networks"))),
            has_healthcheck=isinstance(health, dict)
            and not health.get("disable")
            and health.get("test") not in (None, [], ["NONE"]),
        )

    def _number(self, raw: Any, place: Place) -> float:
        """Read what compose resolved to a number, which it writes as text for some keys and versions."""
        if raw in NO_LIMIT:
            return 0.0
        try:
            return float(raw)
        except (TypeError, ValueError):
            self._add(
                place, f"must be a number, not {shown(raw)}", "pass the output of `docker compose config --format json`"
            )
            return 0.0

    def _named(self, block: Mapping[str, Any], key: str, model: type[V]) -> dict[str, V]:
        """Read a map of name -> value; the name goes into the value."""
        raw = block.get(key, {})
        if not isinstance(raw, dict):
            self._add((BLOCK, key), f"must be an object of name to {model.__name__.lower()}, not {shown(raw)}")
            return {}
        read = {
            name: self._part(model, child, (BLOCK, key, name), name)
            for name, child in raw.items()
            if not name.startswith("x-")
        }
        return {name: value for name, value in read.items() if value is not None}

    def _part(self, model: type[V], raw: Any, place: Place, name: str | None = None) -> V | None:
        if not isinstance(raw, dict):
            self._add(place, f"must be an object, not {shown(raw)}")
            return None
        keys = {key: child for key, child in raw.items() if not key.startswith("x-")}
        if name is not None and "name" in keys:
            self._add((*place, "name"), "the name is the key above", "remove it")
        try:
            return model.model_validate_json(json.dumps({**keys, "name": name} if name is not None else keys))
        except ValidationError as error:
            self._add_all(place, explain(error, model, keys))
            return None

    def _toxiproxy(self, block: Mapping[str, Any], services: Mapping[str, Service]) -> ToxiproxyAddress | None:
        raw = block.get("toxiproxy")
        if raw is None:
            return None
        address = self._part(ToxiproxyAddress, raw, (BLOCK, "toxiproxy"))
        if address is not None:
            self._known(
                (BLOCK, "toxiproxy", "service") if "service" in raw else (BLOCK, "toxiproxy"),
                "service",
                address.service,
                services,
            )
        return address

    def _default_link(self, block: Mapping[str, Any], links: Mapping[str, Link]) -> str | None:
        name = block.get("default_link")
        if name is not None and not isinstance(name, str):
            self._add((BLOCK, "default_link"), f"must be a link's name, not {shown(name)}")
        elif name is not None and name not in _object(block.get("links")):
            self._known((BLOCK, "default_link"), "link", name, links)
        return name if isinstance(name, str) else None

    def _check_links(
        self, links: Mapping[str, Link], services: Mapping[str, Service], toxiproxy: ToxiproxyAddress | None
    ) -> None:
        if links and toxiproxy is None:
            self._add(
                (BLOCK, "toxiproxy"), "links need a Toxiproxy", 'add toxiproxy: {"service": "toxiproxy", "port": 8474}'
            )
        for name, link in links.items():
            self._known((BLOCK, "links", name, "server"), "service", link.server, services)

    def _check_probes(
        self, probes: Mapping[str, Probe], links: Mapping[str, Link], services: Mapping[str, Service]
    ) -> None:
        for name, probe in probes.items():
            place: Place = (BLOCK, "probes", name)
            if (probe.service is None) == (probe.link is None):
                self._add(
                    place,
                    "a probe asks either a service or across a link",
                    'give one of "service" (with "port") and "link"',
                )
            elif probe.kind == "metrics":
                self._add((*place, "kind"), "metrics are declared by service", 'use the key "metrics" of x-chaoslab')
            elif probe.service is not None:
                self._known((*place, "service"), "service", probe.service, services)
                if probe.port is None:
                    self._add(place, 'the key "port" is missing', "the port at which the service listens")
            elif probe.link is not None:
                self._known((*place, "link"), "link", probe.link, links)
            if probe.each and probe.link is not None:
                self._add(
                    (*place, "each"), "a link leads to one address: replicas cannot be asked one by one", "remove it"
                )
        if not probes:
            self._add(
                (BLOCK, "probes"),
                "no probe is declared: nothing could be measured",
                "declare a health probe for each service",
            )

    def _known(self, place: Place, what: str, name: str, known: Iterable[str]) -> None:
        names = list(known)
        if name not in names:
            self._add(place, f"unknown {what} {shown(name)}", nearest(name, names))

    def _add(self, place: Place, message: str, remedy: str = "") -> None:
        self.found.append((place, message, remedy))

    def _add_all(self, place: Place, found: Iterable[Found]) -> None:
        self.found += [((*place, *below), message, remedy) for below, message, remedy in found]


def unescaped(value: Any) -> Any:
    """Take back what `docker compose config` did to every `$`: it writes `$$`, so that its output can be read again."""
    if isinstance(value, dict):
        return {key: unescaped(child) for key, child in value.items()}
    if isinstance(value, list):
        return [unescaped(child) for child in value]
    return value.replace("$$", "$") if isinstance(value, str) else value


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(*values: Any) -> Any:
    return next((value for value in values if value not in NO_LIMIT), 0)


def _names(value: Any) -> tuple[str, ...]:
    """Read names that compose writes as a list or as the keys of an object."""
    return tuple(value) if isinstance(value, dict) else tuple(str(name) for name in value or ())


def _labels(value: Any) -> dict[str, str]:
    """Read labels in either of compose's forms: an object, or a list of `key=value`."""
    if isinstance(value, list):
        return dict(str(label).partition("=")[::2] for label in value)
    return {key: str(label) for key, label in _object(value).items()}


def _engine_name(config: Mapping[str, Any], name: str, network: Any) -> str:
    """Name a network as the engine does: with the project's prefix, unless compose resolved another name."""
    return str(_object(network).get("name") or f"{config.get('name', '')}_{name}")
