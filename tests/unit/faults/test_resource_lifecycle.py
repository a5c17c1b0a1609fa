"""Resource faults driven as the spine drives them, on a made-up lab whose engine and observer record."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from chaoslab.errors import CannotInject, NotProvable
from chaoslab.faults.catalog import make_fault, spec_types
from chaoslab.faults.cgroup import READ
from chaoslab.faults.fault import Fault
from chaoslab.model.history import Sample
from chaoslab.model.lab import ClockEndpoint, Vram
from chaoslab.model.replica import Replica
from unit.faults.made import MS, SPEC, MadeLab, replica, step
from unit.faults.test_cgroup import AFTER

FACTS = "pid 1\nuid 10001\ngid 10001\nfree_kib 99999999\n" + "".join(
    f"tool {tool}\n" for tool in ("stress-ng", "prlimit", "fallocate", "dd", "stat", "head", "tail")
)
LIMITED = replica(nano_cpus=500_000_000, pids_limit=64)


@dataclass
class Engine:
    """Answers scripts by what stands in them, and notes what was asked of it."""

    lab: MadeLab
    answers: dict[str, str] = field(default_factory=dict)
    updates: list[dict[str, int]] = field(default_factory=list)
    started: list[list[str]] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    users: set[str] = field(default_factory=set)
    code: int = 0

    def execute(self, _container: str, argv: list[str], user: str = "") -> tuple[int, str]:
        """Answer the first script that a key stands in."""
        script = argv[2]
        if "free_kib" in script:
            return 0, FACTS
        self.users.add(user)
        if script == READ:
            return 0, self.answers.get("cgroup", AFTER)
        found = next((answer for key, answer in self.answers.items() if key in script), None)
        return (self.code, found) if found is not None else (1, f"nobody answers {script}")

    def execute_detached(self, _container: str, argv: list[str], user: str = "") -> None:
        """Start it."""
        self.users.add(user)
        self.started.append(argv)
        self.rows.append(" ".join(argv))

    def inspect_raw(self, _container: str) -> dict[str, Any]:
        """Give a sized tmpfs and a volume."""
        return {"HostConfig": {"Tmpfs": {"/spool": "size=4m"}}, "Mounts": [{"Destination": "/data", "RW": True}]}

    def update(self, _container: str, **limits: int) -> None:
        """Set limits."""
        self.updates.append(limits)
        names = {"NanoCpus": "nano_cpus", "CpuQuota": "cpu_quota", "PidsLimit": "pids_limit", "CpuPeriod": "exit_code"}
        change: dict[str, Any] = {names[name]: value for name, value in limits.items()}
        self.lab.found = tuple(replace(one, **change) if one.service == "worker" else one for one in self.lab.found)


def made(kind: str, one: Replica = LIMITED, **keys: Any) -> tuple[Fault[Any], Engine, MadeLab]:
    """Make a fault on one worker."""
    lab = MadeLab(found=(one, replica("api")))
    engine = Engine(lab)
    lab.engine = engine
    spec = spec_types()[kind].model_validate({"type": kind, "target": "worker", **keys})
    return make_fault(step(spec), lab.as_lab(), "T"), engine, lab


def after(seconds: float, cpu_seconds: float, throttled: int) -> str:
    """Give the recorded cgroup as it would be later."""
    text = AFTER.replace("6425.19", f"{6425.19 + seconds:.2f}")
    text = text.replace("1007895780", str(1_007_895_780 + int(cpu_seconds * 1e9)))
    return text.replace("nr_throttled 9", f"nr_throttled {9 + throttled}").replace(
        "nr_periods 43", f"nr_periods {43 + throttled}"
    )


def test_cpu_is_taken_measured_and_given_back() -> None:
    """The stressor carries the mark and a time limit, runs as the service's user, and its undo names it."""
    fault, engine, lab = made("cpu", percent=100)
    fault.prepare()
    [undo] = fault.undos()
    assert (undo.verb, undo.wanted) == ("end_processes", {"mark": "chaoslab-run-T-1.1"})
    assert undo.id in lab.helpers
    assert fault.inject().injected == "100% of the CPU limit of worker taken: worker[1]"
    assert engine.started[0][4:6] == ["chaoslab-run-T-1.1", "24"]
    assert engine.users == {"10001:10001"}
    engine.answers["cgroup"] = after(4.0, 1.9, 30)
    assert (fault.prove().proven, fault.prove().measured) == (True, 95.0)
    engine.rows.clear()
    assert fault.prove_clean().proven
    fault.close()
    assert lab.helpers == {}


def test_a_restarted_target_refuses_the_proof() -> None:
    """The result says that it was restarted; its stressor went with it."""
    fault, engine, lab = made("cpu")
    fault.prepare()
    fault.inject()
    engine.answers["cgroup"] = AFTER.replace("1007895780", "5000").replace("nr_periods 43", "nr_periods 2")
    lab.found = (replace(LIMITED, started_at="t1"), replica("api"))
    proof = fault.prove()
    assert not proof.proven
    assert "worker[1] was restarted meanwhile" in proof.detail


def test_cpu_without_a_limit_is_refused() -> None:
    """It would be the host's."""
    fault, engine, _ = made("cpu", replica())
    engine.answers["cgroup"] = AFTER.replace("\n50000\n", "\n-1\n")
    with pytest.raises(CannotInject, match="no CPU limit"):
        fault.prepare()


def test_a_stressor_that_does_not_start_is_not_provable() -> None:
    """Nothing carries the mark."""
    fault, engine, _ = made("cpu")
    fault.prepare()
    engine.execute_detached = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(NotProvable, match="start of the stressor"):
        fault.inject()


def test_a_cpu_limit_is_lowered_and_set_back() -> None:
    """In the terms that it was made with; without one by a quota."""
    fault, engine, _ = made("cpu_throttle", cpus=0.1)
    fault.prepare()
    assert fault.undos()[0].wanted == {"nano_cpus": 500_000_000}
    fault.inject()
    engine.answers["cgroup"] = after(4.0, 0.3, 12).replace("\n50000\n", "\n10000\n")
    assert fault.prove().measured == 12
    assert not fault.prove_clean().proven
    engine.update("", NanoCpus=500_000_000)
    assert fault.prove_clean().proven
    assert engine.updates[0] == {"NanoCpus": 100_000_000}
    other, engine, _ = made("cpu_throttle", replica(), cpus=0.1)
    other.prepare()
    other.inject()
    assert other.undos()[0].wanted == {"cpu_quota": -1}
    assert engine.updates == [{"CpuPeriod": 100_000, "CpuQuota": 10_000}]


def test_processes_are_limited_to_what_runs() -> None:
    """The shell that counts is not counted; starting one more fails."""
    fault, engine, _ = made("pids", left=2)
    fault.prepare()
    fault.inject()
    assert engine.updates == [{"PidsLimit": 7}]
    engine.answers["sleep 5"] = "sh: 1: Cannot fork"
    engine.code = 2
    assert (fault.prove().proven, fault.prove().measured) == (True, 2)
    engine.update("", PidsLimit=64)
    assert fault.prove_clean().proven
    assert fault.undos()[0].wanted == {"pids_limit": 64}


def mount(free: int, write: str) -> str:
    """Say a file system of 1000 blocks."""
    return f"type tmpfs\nblock 4096\ntotal 1000\nfree {free}\navailable {free}\nwritable yes\nwrite {write}\n"


def test_a_mount_is_filled_and_emptied() -> None:
    """The only sized one, by a file with the mark; one byte cannot be written."""
    fault, engine, _ = made("disk")
    engine.answers |= {"stat -f": mount(1000, "works"), "fallocate": ""}
    fault.prepare()
    assert fault.undos()[0].wanted["paths"][0] == "/spool/chaoslab-run-T-1.1.fill"
    fault.inject()
    engine.answers["stat -f"] = mount(0, "fails")
    assert fault.prove().proven
    assert not fault.prove_clean().proven
    engine.answers["stat -f"] = mount(1000, "works")
    assert fault.prove_clean().proven


def opened(soft: int) -> str:
    """Say six open files under a limit."""
    return f"soft {soft}\nhard 20000\n" + "".join(f"fd {number}\n" for number in range(6))


def test_open_files_are_limited_to_what_is_open() -> None:
    """The old soft limit is in the undo; unanswered samples since are the proof."""
    fault, engine, lab = made("fds")
    engine.answers |= {"prlimit": "limit 6", "hard": opened(1024)}
    fault.prepare()
    assert fault.undos()[0].wanted == {"soft": 1024, "user": "10001:10001"}
    fault.inject()
    engine.answers["hard"] = opened(6)
    assert not fault.prove().proven
    at = lab.history.now_ns()
    lab.history.samples_in([Sample("health", 1, at, at, at + MS, good=False, outcome="timeout")])
    assert fault.prove().proven
    engine.answers["hard"] = opened(1024)
    assert fault.prove_clean().proven


@dataclass
class Reply:
    """An HTTP answer at an instant."""

    status: int
    body: str
    sent_ns: int = 0
    at_ns: int = 0


class Observer:
    """A service with a ledger and a clock."""

    real_minus_mono_ns = 1_000_000_000_000

    def __init__(self, lab: MadeLab) -> None:
        self.lab, self.level, self.moved, self.status = lab, 0.0, 0.0, 200

    def request(self, method: str, _url: str, *, body: Any = None, headers: Any = None) -> Reply:
        """Set or tell."""
        if method == "POST":
            self.level = body["percent"]
        now = self.lab.history.now_ns()
        told = (now + self.real_minus_mono_ns) / 1e9 + self.moved
        return Reply(self.status, json.dumps({"percent": self.level, "unix_seconds": told}), now, now)


def with_endpoints(kind: str, **keys: Any) -> tuple[Fault[Any], Engine, Observer]:
    """Make a fault on a lab that declares a ledger and a clock."""
    fault, engine, lab = made(kind, **keys)
    clock = ClockEndpoint(name="worker", port=1, path="/clock", file="/faketime/offset")
    lab.spec = SPEC.model_copy(
        update={"vram": {"worker": Vram(name="worker", port=1, path="/vram")}, "clocks": {"worker": clock}}
    )
    lab.observer = cast("Any", Observer(lab))
    return fault, engine, cast("Any", lab.observer)


def test_vram_is_filled_and_set_back() -> None:
    """To the level that it had."""
    fault, _, observer = with_endpoints("vram", percent=100)
    observer.level = 3.0
    fault.prepare()
    assert fault.undos()[0].wanted["body"] == {"percent": 3.0}
    fault.inject()
    assert (fault.prove().proven, fault.prove_clean().proven) == (True, False)
    observer.level = 3.0
    assert fault.prove_clean().proven


def test_a_clock_is_moved_and_put_right() -> None:
    """By the control file; the service's own time is the proof."""
    fault, engine, observer = with_endpoints("clock_skew", offset_seconds=-60)
    engine.answers["printf"] = ""
    fault.prepare()
    with pytest.raises(NotProvable, match="preload libfaketime"):
        fault.inject()
    observer.moved = -60.0
    fault.inject()
    assert fault.prove().proven
    assert fault.prove().measured == pytest.approx(-60.0, abs=0.01)
    observer.moved = 0.0
    assert fault.prove_clean().proven
    assert fault.undos()[0].wanted == {"file": "/faketime/offset", "offset": "+0", "user": "10001:10001"}


@pytest.mark.parametrize(("kind", "keys"), [("vram", {}), ("clock_skew", {"offset_seconds": 5})])
def test_without_a_declared_endpoint_it_cannot_be_injected(kind: str, keys: dict[str, Any]) -> None:
    """The remedy names the key of x-chaoslab."""
    fault, _, _ = made(kind, **keys)
    with pytest.raises(CannotInject) as raised:
        fault.prepare()
    assert "x-chaoslab" in raised.value.remedy


def test_a_hook_that_refuses_is_not_provable() -> None:
    """The port is that of the health probe; a status that was not expected is no effect."""
    fault, _, lab = made("cpu")
    spec = spec_types()["http"].model_validate(
        {"service": "worker", "path": "/x", "body": {"percent": 1}, "undo": {"path": "/y"}}
    )
    fault = make_fault(step(spec), lab.as_lab(), "T")
    observer = Observer(lab)
    lab.observer = cast("Any", observer)
    fault.prepare()
    assert fault.undos()[0].wanted["port"] == 90
    fault.inject()
    assert fault.prove().proven
    observer.status = 500
    with pytest.raises(NotProvable, match="answered 500"):
        fault.inject()
