"""Helper containers that undo what no engine call can: packet rules and processes."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from chaoslab.errors import EngineGone, ToolError
from chaoslab.model.history import Undo
from chaoslab.model.replica import Replica
from chaoslab.tools.attached import Attached
from chaoslab.tools.engine import Helper
from chaoslab.undo.reach import Reach

HELPER_SECONDS = 8.0


class Process(NamedTuple):
    """One process of a container. `state`: its letter in /proc (T: stopped). `pid` is the engine host's."""

    pid: int
    state: str
    command: str


def count_rules(reach: Reach, replica: Replica) -> int:
    """Count the marks of packet rules of ours in a container's network namespace (a helper container: about 0.4 s)."""
    with closing(in_namespace(reach, replica)()) as helper:
        answered(helper, None)
        return len(answered(helper, {"do": "marks", "prefix": "chaoslab-"})["marks"])


def in_namespace(reach: Reach, replica: Replica) -> Callable[[], Attached]:
    """Say how to start the packet-rule helper in a container's network namespace."""
    return lambda: reach.engine.start_helper(
        Helper(
            reach.project,
            reach.image,
            "netfilter",
            ("chaoslab-undo", str(HELPER_SECONDS)),
            network=f"container:{replica.id}",
            capabilities=("NET_ADMIN", "NET_RAW"),
            labels=reach.labels,
        )
    )


def process_helper(reach: Reach) -> Attached:
    """Give the session's signalling helper, which sees the engine host's processes; it is started at the first use."""
    if reach.process_helper is None:
        helper = reach.engine.start_helper(
            Helper(
                reach.project, reach.image, "signaller", pid_mode="host", capabilities=("KILL",), labels=reach.labels
            )
        )
        answered(helper, None)
        reach.process_helper = helper
    return reach.process_helper


def processes(reach: Reach, replicas: Iterable[Replica]) -> dict[str, list[Process]]:
    """List the processes of containers, by container id."""
    request: dict[str, object] = {"do": "list", "containers": [replica.id for replica in replicas]}
    try:
        answer = answered(process_helper(reach), request)
    except EngineGone:
        raise
    except ToolError:  # the helper was ended by somebody: one more try with a fresh one
        end_helpers(reach)
        answer = answered(process_helper(reach), request)
    return {container: [Process(*row) for row in rows] for container, rows in answer["processes"].items()}


def end_helpers(reach: Reach) -> None:
    """End the session's own helper."""
    if reach.process_helper is not None:
        reach.process_helper.end_input()
        reach.process_helper.close()
        reach.process_helper = None


@contextmanager
def asking(reach: Reach, undo: Undo, start: Callable[[], Attached]) -> Iterator[Attached]:
    """Give the live helper that belongs to an undo, else a fresh one that ends with the use."""
    if live := reach.helpers.get(undo.id):
        yield live
        return
    helper = start()
    try:
        answered(helper, None)
        yield helper
    finally:
        helper.end_input()
        helper.close()


def answered(helper: Attached, request: dict[str, object] | None) -> dict[str, Any]:
    """Ask a helper (None: wait for its greeting). Raises ToolError with the helper's own error."""
    answer = helper.receive(HELPER_SECONDS) if request is None else helper.ask(request, HELPER_SECONDS)
    if not answer or "error" in answer:
        raise ToolError(f"helper {helper.name}: {answer['error'] if answer else 'ended without a word'}")
    return dict(answer)
