"""The output of `docker compose config --format json` becomes a LabSpec, or every problem in it."""

import copy
import json
from typing import Any

import pytest

from chaoslab.errors import InputError
from chaoslab.model.lab import LabSpec
from chaoslab.parse import lab_spec
from unit.parse.words import RECORDED, lab


def small(**block: Any) -> dict[str, Any]:
    """Make the least project: one service, one probe, and these keys in its x-chaoslab block."""
    probes = {"up": {"service": "app", "port": 80}}
    return {
        "name": "p",
        "networks": {"default": {"name": "p_default", "ipam": {}}},
        "services": {"app": {"networks": {"default": None}}, "proxy": {"networks": {"default": None}}},
        "x-chaoslab": {"probes": probes, **block},
    }


def with_service(**keys: Any) -> dict[str, Any]:
    """Make the least project, its service with these keys."""
    config = small()
    config["services"]["app"] |= keys
    return config


def read(config: dict[str, Any]) -> LabSpec:
    """Read a project."""
    return lab_spec(config, "compose.yml")


def problems(config: dict[str, Any]) -> list[str]:
    """List what is wrong with a project."""
    with pytest.raises(InputError) as caught:
        read(config)
    return [str(problem).removeprefix("compose.yml: ") for problem in caught.value.problems]


def test_the_recorded_lab() -> None:
    """The lab as compose 2.26 resolved it: services, limits, links, probes and triggers are all there."""
    spec = lab()
    assert spec.project == "chaoslab-lab"
    assert spec.networks == ("chaoslab-lab_lab",)
    worker = spec.services["mock-worker"]
    assert (worker.replicas, worker.chaos_ready, worker.nano_cpus) == (4, True, 1_000_000_000)
    assert (worker.memory_bytes, worker.pids_limit, worker.networks) == (128 << 20, 128, ("chaoslab-lab_lab",))
    assert worker.has_healthcheck
    assert not spec.services["toxiproxy"].chaos_ready
    assert spec.default_link == "hive-proxy"
    assert (spec.links["hive-proxy"].client, spec.links["hive-proxy"].port) == ("queen-rbee", 9200)
    assert spec.links["queen-redis-proxy"].canary.kind == "redis"
    assert spec.toxiproxy is not None
    assert (spec.toxiproxy.service, spec.toxiproxy.port) == ("toxiproxy", 8474)
    assert {name for name, probe in spec.probes.items() if probe.role == "work"} == {"tasks", "orders", "login"}
    assert spec.triggers["during_registration"].restart_first


def test_dollars_are_unescaped() -> None:
    """Compose writes `$$` for every `$`; JSONPaths come out as the file's author meant them."""
    assert "$$" in json.dumps(json.loads(RECORDED.read_text())["x-chaoslab"])
    assert str(lab().probes["tasks"].capture).startswith("$.")
    assert "$$" not in lab().model_dump_json()


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        ({}, "replicas", 1),
        ({"scale": 3}, "replicas", 3),
        ({"deploy": {"replicas": 0}}, "replicas", 0),
        ({"labels": {"chaoslab.chaos-ready": "true"}}, "chaos_ready", True),
        ({"labels": ["a=b", "chaoslab.chaos-ready=true"]}, "chaos_ready", True),
        ({"labels": {"chaoslab.chaos-ready": "yes"}}, "chaos_ready", False),
        ({"labels": {"chaoslab.chaos-ready": True}}, "chaos_ready", True),
        ({}, "nano_cpus", 0),
        ({"cpus": 0.5}, "nano_cpus", 500_000_000),
        ({"deploy": {"resources": {"limits": {"cpus": "0.25"}}}}, "nano_cpus", 250_000_000),
        ({"mem_limit": "134217728"}, "memory_bytes", 128 << 20),
        ({"deploy": {"resources": {"limits": {"memory": "67108864", "pids": 50}}}}, "memory_bytes", 64 << 20),
        ({"deploy": {"resources": {"limits": {"pids": 50}}}}, "pids_limit", 50),
        ({"pids_limit": -1}, "pids_limit", 0),
        ({"networks": ["default"]}, "networks", ("p_default",)),
        ({"networks": None, "network_mode": "host"}, "networks", ()),
        ({"healthcheck": {"test": ["CMD", "true"]}}, "has_healthcheck", True),
        ({"healthcheck": {"disable": True}}, "has_healthcheck", False),
        ({"healthcheck": {"test": ["NONE"]}}, "has_healthcheck", False),
    ],
)
def test_service_keys(keys: dict[str, Any], field: str, value: Any) -> None:
    """Replicas, labels, limits, networks and health checks are read in each of compose's forms."""
    assert getattr(read(with_service(**keys)).services["app"], field) == value


def test_a_network_with_a_name_of_its_own() -> None:
    """Networks are named as the engine names them: compose's resolved name, else with the project's prefix."""
    config = small()
    config["networks"] = {"default": {"name": "shared"}, "other": None}
    assert read(config).networks == ("shared", "p_other")


def test_notes_and_work_probe() -> None:
    """x- keys are dropped, but not from what a probe sends."""
    headers = {"x-request-id": "1"}
    probe = {"service": "app", "port": 80, "headers": headers, "body": {"x-a": 1}, "x-why": "because"}
    spec = read(small(probes={"up": probe, "x-note": 1}, **{"x-owner": "me"}))
    assert (spec.probes["up"].headers, spec.probes["up"].body) == (headers, {"x-a": 1})


LINK = {"client": "out", "server": "app", "listen": "[::]:81", "upstream": "app:80"}
WITH_LINK = {"links": {"l": LINK}, "toxiproxy": {"service": "proxy"}}


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"lniks": {}}, '$.x-chaoslab.lniks: unknown key (did you mean "links"?)'),
        ({"links": []}, "$.x-chaoslab.links: must be an object of name to link, not []"),
        ({"links": {"l": 1}, "toxiproxy": {"service": "proxy"}}, "$.x-chaoslab.links.l: must be an object, not 1"),
        ({"links": {"l": LINK}}, "$.x-chaoslab.toxiproxy: links need a Toxiproxy (add toxiproxy:"),
        (
            {**WITH_LINK, "links": {"l": {**LINK, "server": "ap"}}},
            '$.x-chaoslab.links.l.server: unknown service "ap" (did you mean "app"?)',
        ),
        (
            {**WITH_LINK, "links": {"l": {**LINK, "listen": "81x"}}},
            '$.x-chaoslab.links.l.listen: must end with ":" and a port, e.g. "[::]:9200"',
        ),
        (
            {**WITH_LINK, "links": {"l": {**LINK, "canary": {"knid": "tcp"}}}},
            '$.x-chaoslab.links.l.canary.knid: unknown key (did you mean "kind"?)',
        ),
        ({**WITH_LINK, "default_link": "k"}, '$.x-chaoslab.default_link: unknown link "k" (known: l)'),
        ({**WITH_LINK, "default_link": 3}, "$.x-chaoslab.default_link: must be a link's name, not 3"),
        ({"toxiproxy": {}}, '$.x-chaoslab.toxiproxy: unknown service "toxiproxy" (did you mean "proxy"?)'),
        ({"toxiproxy": {"port": 0}}, "$.x-chaoslab.toxiproxy.port: must be at least 1, not 0"),
        ({"probes": {}}, "$.x-chaoslab.probes: no probe is declared: nothing could be measured"),
        ({"probes": {"up": {}}}, "$.x-chaoslab.probes.up: a probe asks either a service or across a link"),
        ({"probes": {"up": {"service": "app"}}}, '$.x-chaoslab.probes.up: the key "port" is missing'),
        (
            {"probes": {"up": {"service": "api", "port": 1}}},
            '$.x-chaoslab.probes.up.service: unknown service "api" (did you mean "app"?)',
        ),
        ({"probes": {"up": {"link": "x"}}}, '$.x-chaoslab.probes.up.link: unknown link "x" (none is known here)'),
        (
            {**WITH_LINK, "probes": {"up": {"link": "l", "each": True}}},
            "$.x-chaoslab.probes.up.each: a link leads to one address",
        ),
        (
            {"probes": {"up": {"name": "a", "service": "app", "port": 1}}},
            "$.x-chaoslab.probes.up.name: the name is the",
        ),
        (
            {"probes": {"up": {"service": "app", "port": 1, "expect_body": "("}}},
            "$.x-chaoslab.probes.up.expect_body: is no regular expression: missing ), unterminated",
        ),
        (
            {"probes": {"up": {"service": "app", "port": 1, "kind": "tcp", "expect_body": "a"}}},
            "$.x-chaoslab.probes.up.expect_body: an answer of kind tcp has no text (remove it)",
        ),
        (
            {"probes": {"up": {"service": "app", "port": 1, "kind": "redis", "body": "PING\nQUIT"}}},
            "$.x-chaoslab.probes.up.body: a redis probe's body is its command, one line of text",
        ),
        (
            {"triggers": {"t": {"service": "x", "port": 1, "path": "/", "open": "$"}}},
            '$.x-chaoslab.triggers.t.service: unknown service "x"',
        ),
        ({"triggers": {"t": {"service": "app", "port": 1, "open": "$"}}}, '$.x-chaoslab.triggers.t: the key "path"'),
    ],
)
def test_one_wrong_thing(block: dict[str, Any], problem: str) -> None:
    """One wrong thing in the block is one problem, with its path and remedy."""
    found = problems(small(**block))
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_no_block() -> None:
    """A project without the block is told what to write."""
    config = small()
    del config["x-chaoslab"]
    assert problems(config) == [
        (
            "$.x-chaoslab: the compose file has no x-chaoslab block"
            " (declare links, probes and triggers there: see docs/scenarios.md, section x-chaoslab)"
        )
    ]
    assert problems({"x-chaoslab": 3})[1] == (
        "$.x-chaoslab: must be an object, not 3"
        " (declare links, probes and triggers there: see docs/scenarios.md, section x-chaoslab)"
    )


def test_all_problems_at_once() -> None:
    """Everything wrong in services, links and probes comes together."""
    config = copy.deepcopy(with_service(mem_limit="lots"))
    config["x-chaoslab"] |= {"probes": {"a": {"service": "x", "port": 1}, "b": 2}, "link": {}, "default_link": "l"}
    assert [problem.split(": ")[0] for problem in problems(config)] == [
        "$.services.app.mem_limit",
        "$.x-chaoslab.link",
        "$.x-chaoslab.probes.b",
        "$.x-chaoslab.default_link",
        "$.x-chaoslab.probes.a.service",
    ]


WRITER = {"orders": {"role": "work", "service": "app", "port": 80, "method": "POST", "body": {"id": "{unique}"}}}
LEDGER = {"probe": "orders", "service": "app", "port": 80, "path": "/orders", "ids": "$[*].id"}
LOGIN = {"login": {"role": "work", "service": "app", "port": 80, "method": "POST", "capture": "$.token"}}
CHECK = {"probe": "login", "service": "app", "port": 80, "path": "/me"}


def test_metrics_bring_a_probe_that_only_watches() -> None:
    """A service's metrics are read by a probe named after it; it is no health probe."""
    spec = read(small(metrics={"app": {"port": 9100, "path": "/m", "rate_hz": 2, "keep": ["up"]}}))
    probe = spec.probes["metrics:app"]
    assert (probe.role, probe.kind, probe.service, probe.port) == ("watch", "metrics", "app", 9100)
    assert (probe.path, probe.rate_hz, probe.keep) == ("/m", 2, ("up",))
    assert spec.metrics["app"].name == "app"


def test_ledgers_tokens_vram_and_clocks_are_read() -> None:
    """Each map's entries know their own names."""
    spec = read(
        small(
            probes=WRITER | LOGIN,
            ledgers={"book": LEDGER},
            tokens={"logins": {**CHECK, "subject": "admin"}},
            vram={"app": {"port": 80, "path": "/vram"}},
            clocks={"app": {"port": 80, "path": "/clock"}},
        )
    )
    assert (spec.ledgers["book"].name, spec.ledgers["book"].probe) == ("book", "orders")
    assert (spec.tokens["logins"].claim, spec.tokens["logins"].subject) == ("sub", "admin")
    assert (spec.vram["app"].level, spec.clocks["app"].seconds) == ("$.percent", "$.unix_seconds")


def test_what_load_scripts_are_told() -> None:
    """The environment of load scripts is the lab's to say; without it they are told nothing."""
    assert read(small()).load.environment == {}
    assert read(small(load={"environment": {"BASE_URL": "http://a:1"}})).load.environment == {"BASE_URL": "http://a:1"}


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"load": {"environ": {}}}, '$.x-chaoslab.load.environ: unknown key (did you mean "environment"?)'),
        ({"load": {"environment": {"A": 1}}}, "$.x-chaoslab.load.environment.A: must be text, not 1"),
        ({"load": []}, "$.x-chaoslab.load: must be an object, not []"),
        (
            {"load": {"environment": {"A B": "1"}}},
            "$.x-chaoslab.load.environment[\"A B\"]: a variable's name is letters, digits and '_', the first no digit",
        ),
        ({"metrics": {"ap": {"port": 1}}}, '$.x-chaoslab.metrics.ap: unknown service "ap" (did you mean "app"?)'),
        ({"metrics": {"app": {}}}, '$.x-chaoslab.metrics.app: the key "port" is missing'),
        (
            {"probes": {"up": {"kind": "metrics", "service": "app", "port": 1}}},
            '$.x-chaoslab.probes.up.kind: metrics are declared by service (use the key "metrics" of x-chaoslab)',
        ),
        (
            {"probes": {"metrics:app": {"service": "app", "port": 1}}, "metrics": {"app": {"port": 1}}},
            '$.x-chaoslab.metrics.app: a probe is named "metrics:app" already (give that probe another name)',
        ),
        (
            {"ledgers": {"book": {**LEDGER, "probe": "order"}}, "probes": WRITER},
            '$.x-chaoslab.ledgers.book.probe: unknown probe "order" (did you mean "orders"?)',
        ),
        (
            {"ledgers": {"book": {**LEDGER, "probe": "up"}}},
            (
                '$.x-chaoslab.ledgers.book.probe: the writes of "up" cannot be told apart'
                ' (give it the role "work" and a body with "{unique}")'
            ),
        ),
        (
            {"ledgers": {"book": {**LEDGER, "service": "ap"}}, "probes": WRITER},
            '$.x-chaoslab.ledgers.book.service: unknown service "ap" (did you mean "app"?)',
        ),
        (
            {"tokens": {"logins": {**CHECK, "probe": "up"}}},
            '$.x-chaoslab.tokens.logins.probe: "up" captures no token (add "capture", the JSONPath of the token)',
        ),
        (
            {"tokens": {"logins": {**CHECK, "probe": "logn"}}, "probes": LOGIN},
            '$.x-chaoslab.tokens.logins.probe: unknown probe "logn" (did you mean "login"?)',
        ),
        (
            {"vram": {"ap": {"port": 1, "path": "/"}}},
            '$.x-chaoslab.vram.ap: unknown service "ap" (did you mean "app"?)',
        ),
        (
            {"clocks": {"ap": {"port": 1, "path": "/"}}},
            '$.x-chaoslab.clocks.ap: unknown service "ap" (did you mean "app"?)',
        ),
    ],
)
def test_wrong_metrics_ledgers_and_tokens(block: dict[str, Any], problem: str) -> None:
    """What could never be measured is told before anything starts."""
    assert problems(small(**block)) == [problem]
