"""The clean state, compared."""

from dataclasses import replace

import pytest

from chaoslab.lab.clean import Difference, Inside, Seen, compare
from chaoslab.model.lab import ClockEndpoint, LabSpec, Link, Service, ToxiproxyAddress, Vram
from chaoslab.model.replica import Replica
from chaoslab.tools.toxiproxy import ProxyState, ToxicState
from chaoslab.undo import VERBS

SPEC = LabSpec(
    project="lab",
    services={
        "web": Service(
            name="web",
            replicas=2,
            chaos_ready=True,
            memory_bytes=100,
            pids_limit=64,
            networks=("lab_net",),
            has_healthcheck=True,
        )
    },
    networks=("lab_net",),
    toxiproxy=ToxiproxyAddress(),
    default_link="front",
    links={"front": Link(name="front", client="out", server="web", listen="[::]:80", upstream="web:8080")},
    probes={},
    triggers={},
    vram={"web": Vram(name="web", port=80, path="/vram")},
    clocks={"web": ClockEndpoint(name="web", port=80, path="/clock", file="/faketime/offset")},
)
PROXY = ProxyState("front", "[::]:80", "web:8080", enabled=True, toxics=())


def web(number: int = 1) -> Replica:
    """Make a replica that is as declared."""
    return Replica(
        id=f"id{number}",
        name=f"lab-web-{number}",
        service="web",
        number=number,
        state="running",
        health="healthy",
        pid=7,
        hostname="h",
        image="i",
        chaos_ready=True,
        restart_count=0,
        oom_killed=False,
        exit_code=0,
        started_at="",
        nano_cpus=0,
        memory_bytes=100,
        pids_limit=64,
        cpu_quota=0,
        user="",
        addresses={"lab_net": "10.0.0.2"},
    )


def differences(seen: Seen) -> list[str]:
    """List what differs, each with its undo's verb; every verb must be one that the interpreter knows."""
    found: tuple[Difference, ...] = compare(SPEC, seen)
    assert all(difference.undo.verb in VERBS for difference in found)
    return [f"{difference.where}: {difference.what}: {difference.undo.verb}" for difference in found]


def seen(first: Replica, **more: object) -> Seen:
    """The declared lab but for one replica, and what else is named."""
    return replace(Seen((first, web(2)), proxies={"front": PROXY}), **more)  # type: ignore[arg-type]


def test_a_lab_as_declared_has_no_differences() -> None:
    """The clean state compares clean."""
    assert differences(seen(web())) == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (seen(replace(web(), state="paused")), "web[1]: paused: unpause"),
        (seen(replace(web(), state="exited", exit_code=137)), "web[1]: exited, exit code 137: start"),
        (seen(replace(web(), memory_bytes=50)), "web[1]: memory limit is 50, declared 100: recreate"),
        (seen(replace(web(), pids_limit=5)), "web[1]: pids limit is 5, declared 64: set_limits"),
        (seen(replace(web(), cpu_quota=5000)), "web[1]: cpu quota is 5000, declared 0: set_limits"),
        (seen(replace(web(), nano_cpus=5)), "web[1]: cpu limit is 5, declared 0: recreate"),
        (
            seen(web(), inside={"web[1]": Inside(nofile=9, nofile_declared=1024)}),
            "web[1]: open-file limit is 9, declared 1024: set_fd_limit",
        ),
        (
            seen(web(), inside={"web[1]": Inside(files=("/spool/chaoslab-x.fill",))}),
            "web[1]: 1 file(s) of ours: /spool/chaoslab-x.fill: remove_files",
        ),
        (seen(web(), inside={"web[1]": Inside(clock="+3600")}), "web[1]: its clock is moved by +3600: write_clock"),
        (seen(web(), vram={"web[1]": 40.0}), "web[1]: its VRAM is filled to 40%: http_request"),
        (seen(replace(web(), addresses={})), "web[1]: not on network lab_net: recreate"),
        (seen(replace(web(), health="unhealthy")), "web[1]: health is unhealthy: wait_healthy"),
        (seen(web(), stopped={"web[1]": (7,)}), "web[1]: 1 process(es) stopped by a signal: continue_process"),
        (seen(web(), marked={"web[1]": (8, 9)}), "web[1]: 2 process(es) of ours still run: end_processes"),
        (seen(web(), rules={"web[1]": 2}), "web[1]: 2 packet rule(s) of ours: remove_rules"),
        (
            seen(web(), helpers={"abc": "old-helper"}),
            "old-helper: a helper container of an earlier run is left: remove_helper",
        ),
        (seen(web(), proxies={}), "front: the proxy is missing: create_proxy"),
        (seen(web(), proxies={"front": replace(PROXY, enabled=False)}), "front: the proxy is disabled: enable_proxy"),
        (
            seen(
                web(), proxies={"front": replace(PROXY, toxics=(ToxicState("slow", "latency", "upstream", 1.0, {}),))}
            ),
            "front: toxic slow (latency, upstream): remove_toxic",
        ),
        (
            seen(web(), proxies={"front": replace(PROXY, upstream="other:1")}),
            "front: the proxy is [::]:80 -> other:1, declared [::]:80 -> web:8080: create_proxy",
        ),
        (seen(web(), proxies=None, proxies_error="gone"), "toxiproxy: does not answer: gone: wait_healthy"),
    ],
)
def test_each_way_of_not_being_clean_is_one_difference_with_its_undo(state: Seen, expected: str) -> None:
    """Every kind of difference is found, alone, and names the verb that mends it."""
    assert differences(state) == [expected]


def test_a_missing_replica_is_a_difference() -> None:
    """Fewer containers than declared are recreated."""
    assert differences(Seen((web(),), proxies={"front": PROXY})) == ["web: 1 of 2 replicas exist: recreate"]


def test_between_scenarios_the_engines_health_check_is_not_awaited() -> None:
    """With health=False an unhealthy replica is no difference: the probes have shown that it answers."""
    assert compare(SPEC, seen(replace(web(), health="starting")), health=False) == ()


def test_undos_carry_what_mends_exactly() -> None:
    """Each limit its declared value, each file its path, each as the service's own user."""
    inside = {"web[1]": Inside(9, 1024, ("/a",), "+5", "7:7")}
    state = seen(replace(web(), pids_limit=5, cpu_quota=10), inside=inside, vram={"web[1]": 9.0})
    wanted = [difference.undo.wanted for difference in compare(SPEC, state)]
    assert wanted == [
        {"cpu_quota": -1},
        {"pids_limit": 64},
        {"soft": 1024, "user": "7:7"},
        {"paths": ["/a"], "user": "7:7"},
        {"file": "/faketime/offset", "offset": "+0", "user": "7:7"},
        {"method": "POST", "port": 80, "path": "/vram", "body": {"percent": 0}},
    ]
    assert len({difference.undo.id for difference in compare(SPEC, state)}) == len(wanted)


@pytest.mark.parametrize("clock", ["", "+0", "+0.000"])
def test_what_a_resource_fault_left_clean_is_no_difference(clock: str) -> None:
    """The declared limit, a clock put right, an empty ledger; a service may also raise its own limit."""
    inside = {"web[1]": Inside(2048, 1024, (), clock, "7:7")}
    assert compare(SPEC, seen(replace(web(), cpu_quota=-1), inside=inside, vram={"web[1]": 0.0})) == ()
