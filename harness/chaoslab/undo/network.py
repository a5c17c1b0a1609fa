"""Undo verbs of the network faults: into a network again, a qdisc off, connections closed. Each is idempotent."""

from chaoslab.errors import ToolError
from chaoslab.model.history import Undo
from chaoslab.tools.attached import Attached
from chaoslab.tools.engine import Helper
from chaoslab.tools.networks import Attachment
from chaoslab.undo.helpers import HELPER_SECONDS, answered, asking
from chaoslab.undo.reach import Reach


def connect_network(undo: Undo, reach: Reach) -> str:
    """Put a container into a network again: same aliases, and the same address where the engine can give it.

    An engine refuses to be asked for an address in a network without a declared subnet, or one that is taken; then it
    chooses, mostly the same one, and the observer is told.
    """
    replica = reach.replica(undo)
    if replica is None:
        return "its container is gone, and what replaces it is connected as declared"
    network, address = str(undo.wanted["network"]), str(undo.wanted["address"])
    if network in replica.addresses:
        return "was connected"
    aliases = tuple(str(alias) for alias in undo.wanted["aliases"])
    try:
        reach.engine.connect(replica.id, Attachment(network, aliases, address))
    except ToolError:
        reach.engine.connect(replica.id, Attachment(network, aliases, ""))
    now = reach.engine.inspect(replica.id)
    got = now.addresses.get(network, "") if now else ""
    if reach.renew is not None and got:
        reach.renew(undo.service, {replica.number: got})
    return "connected" if got in ("", address) else f"connected as {got} (was {address})"


def remove_qdisc(undo: Undo, reach: Reach) -> str:
    """Take our qdisc off a container's interfaces, by the live helper or a fresh one; a new namespace holds none."""
    replica = reach.replica(undo)
    if replica is None or not replica.running:
        return "its network namespace is gone, and the qdisc with it"

    namespace = f"container:{replica.id}"

    def start_fresh() -> Attached:
        return reach.engine.start_helper(
            Helper(
                reach.project,
                reach.image,
                "traffic_control",
                (str(HELPER_SECONDS), "", "0"),
                network=namespace,
                capabilities=("NET_ADMIN", "NET_RAW"),
                labels=reach.labels,
            )
        )

    with asking(reach, undo, start_fresh) as helper:
        removed = answered(helper, {"do": "remove"})["removed"]
    return f"{removed} qdisc(s) removed"


def close_connections(undo: Undo, reach: Reach) -> str:
    """Have the helper that holds connections close them; without it, remove its container, which closes them as well."""
    if live := reach.helpers.get(undo.id):
        return f"{answered(live, {'do': 'close'})['closed']} connections closed"
    reach.engine.remove(undo.wanted["container"])
    return "the helper that held them is removed"
