"""disconnect: its proofs, and its life on a made-up lab."""

from dataclasses import dataclass, field

import pytest

from chaoslab.errors import NotProvable
from chaoslab.faults.disconnect import Disconnect, DisconnectSpec, back, out
from chaoslab.tools.networks import Attachment
from unit.faults.made import MadeLab, replica, step

WORKER = replica()
PLACE = Attachment("lab", ("worker", "worker-1"), "10.0.0.1")


@pytest.mark.parametrize(
    ("left", "samples", "proven"),
    [([], (9, 0), True), ([], (9, 1), False), ([], (0, 0), False), (["lab"], (9, 0), False), (["other"], None, True), (["lab"], None, False)],
)  # fmt: skip
def test_a_disconnect_is_proven_by_inspect_and_silence(
    left: list[str], samples: tuple[int, int] | None, proven: bool
) -> None:
    """Out of the network, and no sample was answered; without a probe that can tell, inspect decides."""
    assert out({"worker[1]": ["lab"]}, {"worker[1]": left}, samples).proven is proven


def test_a_reconnected_container_may_have_another_address() -> None:
    """That is told; a network that is missing is not clean."""
    places = {"worker[1]": [PLACE]}
    assert back(places, [WORKER]).detail == "same addresses"
    moved = back(places, [replica(addresses={"lab": "10.0.0.9"})])
    assert moved.proven
    assert "came back as 10.0.0.9" in moved.detail
    assert not back(places, [replica(addresses={})]).proven


@dataclass
class Networks:
    """Records what was disconnected."""

    disconnected: list[tuple[str, str]] = field(default_factory=list)

    def attachments(self, _container: str) -> tuple[Attachment, ...]:
        """Give one."""
        return (PLACE,)

    def disconnect(self, container: str, network: str) -> None:
        """Record it."""
        self.disconnected.append((container, network))


def test_a_disconnect_remembers_names_and_address() -> None:
    """They are in the undo before anything happens; a network that the target is not in cannot be taken away."""
    lab = MadeLab(engine=Networks())
    fault = Disconnect(step(DisconnectSpec(target="worker", network="lab")), lab.as_lab(), "T-1")
    fault.prepare()
    [undo] = fault.undos()
    assert undo.wanted == {"network": "lab", "aliases": ["worker", "worker-1"], "address": "10.0.0.1"}
    fault.inject()
    assert lab.engine.disconnected == [(WORKER.id, "lab")]
    assert not fault.prove().proven
    assert fault.prove_clean().proven
    with pytest.raises(NotProvable, match="not on moon"):
        Disconnect(step(DisconnectSpec(target="worker", network="moon")), lab.as_lab(), "T-1").prepare()
