"""Helper containers that undo what no engine call can: packet rules and processes."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from chaoslab.errors import ToolError
from chaoslab.model.history import Undo
from chaoslab.model.replica import Replica
from chaoslab.tools.attached import Attached
from chaoslab.tools.engine import Helper
from chaoslab.undo.reach import Reach

HELPER_SECONDS = 8.0


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


def in_pid_namespace(reach: Reach) -> Callable[[], Attached]:
    """Say how to start the signalling helper, which sees the engine host's processes."""
    return lambda: reach.engine.start_helper(
        Helper(
            reach.project,
            reach.image,
            "signaller",
            pid_mode="host",
            capabilities=("KILL",),
            labels=reach.labels,
        )
    )


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
