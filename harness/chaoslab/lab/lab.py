"""The running lab as faults and the spine use it: its declaration, its doors, its replicas."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaoslab.errors import LabError
from chaoslab.lab.clean import MARK
from chaoslab.model.lab import LabSpec
from chaoslab.model.replica import Replica
from chaoslab.model.suite import how_many
from chaoslab.observe.observer import Observer
from chaoslab.store import History
from chaoslab.tools.attached import Attached
from chaoslab.tools.engine import Engine, Helper
from chaoslab.tools.toxiproxy import Toxiproxy
from chaoslab.undo import Process, Reach, processes

RUN_LABEL = "chaoslab.run"


@dataclass(frozen=True)
class Lab:
    """One running compose project with its observer. `seed` decides every choice of a target. `results`: where earlier runs are."""

    spec: LabSpec
    reach: Reach
    observer: Observer
    run_id: str
    seed: int
    results: Path | None = None

    @property
    def engine(self) -> Engine:
        """The engine's door."""
        return self.reach.engine

    @property
    def history(self) -> History:
        """The run's history and clock."""
        return self.reach.history

    @property
    def toxiproxy(self) -> Toxiproxy:
        """Toxiproxy's door. Raises LabError while it has none."""
        return self.reach.toxics()

    @property
    def helpers(self) -> dict[str, Attached]:
        """The live helpers by the id of the undo that they can carry out at once."""
        return self.reach.helpers

    @property
    def image(self) -> str:
        """The toolbox image that helpers run in."""
        return self.reach.image

    @property
    def mark(self) -> str:
        """What our processes and packet rules in the lab carry."""
        return f"{MARK}{self.run_id}"

    def start_helper(self, program: str, **options: Any) -> Attached:
        """Start a helper of this run (see `tools.engine.Helper` for the options)."""
        labels = {RUN_LABEL: self.run_id}
        return self.engine.start_helper(
            Helper(project=self.spec.project, image=self.image, program=program, labels=labels, **options)
        )

    def replicas(self, service: str) -> tuple[Replica, ...]:
        """Return a service's containers as they are now."""
        return self.engine.replicas(self.spec.project, service)

    def replica(self, service: str, number: int) -> Replica:
        """Return one container as it is now. Raises LabError when there is none of that number."""
        for replica in self.replicas(service):
            if replica.number == number:
                return replica
        raise LabError(f"{service}[{number}] does not exist (any more)", remedy="`chaoslab status` shows what does")

    def processes(self, replica: Replica) -> list[Process]:
        """List a container's processes as the engine's host sees them."""
        return processes(self.reach, [replica])[replica.id]

    def toxiproxy_replica(self) -> Replica:
        """Return Toxiproxy's container. Raises LabError when the lab declares none."""
        if self.spec.toxiproxy is None:
            raise LabError("this lab declares no Toxiproxy", remedy="x-chaoslab.toxiproxy names its service and port")
        return self.replicas(self.spec.toxiproxy.service)[0]

    def choose(self, target: str, count: int | str, scenario_id: str) -> tuple[Replica, ...]:
        """Choose replicas of a service, in an order that seed, scenario and service decide.

        So two faults of one scenario on the same service hit the same replicas. Raises LabError for a container that
        is not marked chaos-ready, whatever the compose file says by now.
        """
        replicas = list(self.replicas(target))
        refused = [str(replica) for replica in replicas if not replica.chaos_ready]
        if refused or not replicas:
            raise LabError(
                f"{', '.join(refused) or target} is not marked chaos-ready, so it is never a target",
                remedy='label it chaoslab.chaos-ready: "true"',
            )
        random.Random(f"{self.seed}:{scenario_id}:{target}").shuffle(replicas)  # noqa: S311 - a reproducible choice, no secret
        return tuple(replicas[: how_many(count, len(replicas))])
