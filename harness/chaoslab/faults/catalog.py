"""Every fault type, in the order in which they are listed to people."""

from typing import TYPE_CHECKING, Any

from chaoslab.faults.clock_skew import ClockSkew
from chaoslab.faults.connections import Connections
from chaoslab.faults.corrupt import Corrupt
from chaoslab.faults.cpu import Cpu
from chaoslab.faults.cpu_throttle import CpuThrottle
from chaoslab.faults.crash import Crash
from chaoslab.faults.delay import Delay
from chaoslab.faults.disconnect import Disconnect
from chaoslab.faults.disk import Disk
from chaoslab.faults.dns_failure import DnsFailure
from chaoslab.faults.duplicate import Duplicate
from chaoslab.faults.fault import Fault
from chaoslab.faults.fds import Fds
from chaoslab.faults.hang import Hang
from chaoslab.faults.http import Http
from chaoslab.faults.io import Io
from chaoslab.faults.kill import Kill
from chaoslab.faults.loss import Loss
from chaoslab.faults.memory import Memory
from chaoslab.faults.oom import Oom
from chaoslab.faults.packet_loss import PacketLoss
from chaoslab.faults.partition import Partition
from chaoslab.faults.pause import Pause
from chaoslab.faults.pids import Pids
from chaoslab.faults.proxy_down import ProxyDown
from chaoslab.faults.reorder import Reorder
from chaoslab.faults.restart import Restart
from chaoslab.faults.send_signal import Signal
from chaoslab.faults.stop import Stop
from chaoslab.faults.toxic import Toxic
from chaoslab.faults.vram import Vram
from chaoslab.model.plan import Step
from chaoslab.model.suite import FaultSpec

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

FAULTS: tuple[type[Fault[Any]], ...] = (
    Toxic,
    ProxyDown,
    PacketLoss,
    Crash,
    Signal,
    Hang,
    Kill,
    Stop,
    Pause,
    Restart,
    Oom,
    Partition,
    DnsFailure,
    Disconnect,
    Connections,
    Delay,
    Loss,
    Duplicate,
    Corrupt,
    Reorder,
    Cpu,
    Memory,
    Io,
    Pids,
    CpuThrottle,
    Disk,
    Fds,
    ClockSkew,
    Vram,
    Http,
)


def type_of(fault: type[Fault[Any]]) -> str:
    """Return the name under which scenario files ask for a fault."""
    return str(fault.Spec.model_fields["type"].default)


def spec_types() -> dict[str, type[FaultSpec]]:
    """Return what each fault type may say in a file, by type."""
    return {type_of(fault): fault.Spec for fault in FAULTS}


def make_fault(step: Step, lab: "Lab", scenario_id: str) -> Fault[Any]:
    """Make the fault that a step of the plan asks for."""
    return {type_of(fault): fault for fault in FAULTS}[step.fault.type](step, lab, scenario_id)
