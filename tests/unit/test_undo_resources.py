"""The verbs that give resources back, on made-up doors."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from chaoslab.errors import ToolError
from chaoslab.model.history import Undo
from chaoslab.model.replica import Replica
from chaoslab.undo import Reach, carry_out
from unit.faults.made import Past, replica

MEMORY = replica(nano_cpus=50, pids_limit=3)


@dataclass
class Engine:
    """One container whose limits can be set, and what is run in it."""

    one: Replica | None = MEMORY
    stubborn: bool = False
    code: int = 0
    dies: bool = False
    ran: list[tuple[str, ...]] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    def replicas(self, _project: str, _service: str) -> tuple[Replica, ...]:
        """List it."""
        return (self.one,) if self.one else ()

    def update(self, _container: str, **limits: int) -> None:
        """Set its limits, unless it is stubborn."""
        names = {"NanoCpus": "nano_cpus", "CpuQuota": "cpu_quota", "PidsLimit": "pids_limit"}
        if not self.stubborn and self.one:
            self.one = replace(self.one, **{names[name]: value for name, value in limits.items()})  # type: ignore[arg-type]

    def execute(self, _container: str, argv: list[str], user: str = "") -> tuple[int, str]:
        """Note it; the container may die of it."""
        self.ran.append(tuple(argv[4:]))
        self.users.append(user)
        if self.dies and self.one:
            self.one = replace(self.one, started_at="t1")
            raise ToolError("it is restarting")
        return self.code, "its words"


@dataclass
class Reply:
    """An HTTP answer."""

    status: int
    body: str = ""


def reach(engine: Engine, request: Any = None) -> Reach:
    """Give the interpreter doors."""
    return Reach("lab", "image", cast("Any", engine), cast("Any", None), Past(), request=request)


def undo(verb: str, **wanted: Any) -> Undo:
    """Make an undo of the container."""
    return Undo("id", verb, "worker", 1, wanted)


@pytest.mark.parametrize(
    ("name", "value"), [("nano_cpus", 500), ("pids_limit", 64), ("pids_limit", -1), ("cpu_quota", -1)]
)
def test_limits_are_set_and_read_back(name: str, value: int) -> None:
    """Also twice; the engine's silence is no evidence."""
    engine = Engine()
    for _ in range(2):
        assert carry_out(undo("set_limits", **{name: value}), reach(engine)).clean
    assert getattr(engine.one, name) == value


def test_a_limit_that_the_engine_ignores_is_not_clean() -> None:
    """The remedy is said."""
    result = carry_out(undo("set_limits", nano_cpus=500), reach(Engine(stubborn=True)))
    assert not result.clean
    assert "recreate" in result.note


@pytest.mark.parametrize(
    ("verb", "wanted", "arguments"),
    [
        ("set_fd_limit", {"soft": 1024, "user": "1:2"}, ("1024",)),
        ("remove_files", {"paths": ["/a", "/b"], "user": "1:2"}, ("/a", "/b")),
        ("write_clock", {"file": "/f", "offset": "+0", "user": "1:2"}, ("/f", "+0")),
    ],
)
def test_what_is_put_back_inside_is_done_as_the_services_user(
    verb: str, wanted: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    """Its words are the note when it fails; a target that restarts meanwhile took it along."""
    engine = Engine()
    assert carry_out(undo(verb, **wanted), reach(engine)).clean
    assert (engine.ran, engine.users) == ([arguments], ["1:2"])
    failed = carry_out(undo(verb, **wanted), reach(Engine(code=1)))
    assert (failed.clean, failed.note) == (False, "inside worker[1]: its words")
    assert carry_out(undo(verb, **wanted), reach(Engine(dies=True))).clean


@pytest.mark.parametrize(
    ("verb", "clean"), [("set_fd_limit", True), ("write_clock", True), ("remove_files", False), ("set_limits", True)]
)
def test_a_stopped_target_has_no_limit_but_may_have_files(verb: str, clean: bool) -> None:
    """Files may lie on a volume; a limit of the process is gone; the container's limits can still be set."""
    down = Engine(replace(MEMORY, state="exited"))
    wanted = {"soft": 1, "paths": ["/a"], "file": "/f", "offset": "+0", "pids_limit": 64}
    assert carry_out(undo(verb, **wanted), reach(down)).clean is clean


@pytest.mark.parametrize("verb", ["set_fd_limit", "write_clock", "remove_files", "set_limits"])
def test_a_target_that_is_gone_took_everything_along(verb: str) -> None:
    """Nothing is left to put back."""
    result = carry_out(undo(verb, pids_limit=1), reach(Engine(None)))
    assert result.clean
    assert "gone" in result.note


def test_an_undo_request_is_sent_until_it_is_answered_well() -> None:
    """Errors and bad answers are tried again; the address names the replica."""
    answers: list[Any] = [ToolError("refused"), Reply(503), Reply(200)]
    asked: list[tuple[str, str]] = []

    def request(method: str, url: str, **_options: Any) -> Reply:
        asked.append((method, url))
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return cast("Reply", answer)

    door = reach(Engine(), request)
    waited: Any = door.history
    waited.wait = patient
    result = carry_out(undo("http_request", method="POST", port=80, path="/unhook"), door)
    assert (result.clean, result.note) == (True, "answered 200")
    assert asked == [("POST", "worker[1]:80/unhook")] * 3


def patient(condition: Any, *_rest: Any, **_options: Any) -> Any:
    """Wait without a deadline."""
    while (found := condition()) is None:
        pass
    return found


def test_an_undo_request_that_is_never_answered_well_is_not_clean() -> None:
    """The last answer is told; so is that there is nobody to send it."""
    result = carry_out(
        undo("http_request", method="POST", port=80, path="/x"), reach(Engine(), lambda *_, **__: Reply(500, "broken"))
    )
    assert not result.clean
    assert "last: 500 broken" in result.note
    assert not carry_out(undo("http_request", method="POST", port=80, path="/x"), reach(Engine())).clean
