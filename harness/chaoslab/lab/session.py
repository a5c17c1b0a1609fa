"""Opens and closes a session on a lab: engine, lock, observer, Toxiproxy's door, engine events."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaoslab import __version__
from chaoslab.clock import NS_PER_SECOND, Clock
from chaoslab.errors import EngineGone, LabError, ToolError
from chaoslab.lab.lab import RUN_LABEL, Lab
from chaoslab.lab.lock import await_free, lock_name, owner_labels
from chaoslab.model.lab import LabSpec
from chaoslab.observe.engine_events import EngineEvents
from chaoslab.observe.observer import Observer
from chaoslab.parse import lab_spec
from chaoslab.store import History
from chaoslab.tools.compose import Compose
from chaoslab.tools.endpoint import Endpoint, resolve
from chaoslab.tools.engine import Engine
from chaoslab.tools.image_builder import build
from chaoslab.tools.toxiproxy import Toxiproxy
from chaoslab.undo import Reach, end_helpers

TOOLBOX = f"chaoslab/toolbox:{__version__}"
UP_TIMEOUT_SECONDS = 120
HELPERS_GONE_SECONDS = 3.0


@dataclass(frozen=True)
class Project:
    """A compose project as its files declare it, and how to drive it. Needs no engine."""

    compose: Compose
    spec: LabSpec
    endpoint: Endpoint


@dataclass(frozen=True)
class Purpose:
    """Why a session is opened. `command` None takes no lock and no more than looks (status). `results`: where earlier runs are."""

    run_id: str
    command: str | None
    seed: int = 0
    results: Path | None = None


def read_project(files: Sequence[Path], project: str | None = None) -> Project:
    """Read the declared lab. Raises InputError with every problem of its x-chaoslab block, LabError for a bad compose file."""
    endpoint = resolve()
    compose = Compose(files, endpoint, project)
    return Project(compose, lab_spec(compose.config(), ", ".join(str(file) for file in files)), endpoint)


def bring_up(project: Project, engine: Engine) -> None:
    """Bring the lab up and wait until it is healthy; the toolbox image is built when it is missing (once per engine)."""
    if not engine.has_image(TOOLBOX):
        build("toolbox", project.endpoint)
    project.compose.up(UP_TIMEOUT_SECONDS)


@contextmanager
def opened(project: Project, engine: Engine, history: History, clock: Clock, purpose: Purpose) -> Iterator[Lab]:
    """Give a lab that is up, with its observer running; ends the observer in an orderly way at the end.

    Raises LockHeld when another run works on it, LabError when its project is not up.
    """
    spec = project.spec
    replicas = engine.replicas(spec.project)
    if not any(replica.running for replica in replicas):
        raise LabError(
            f"no container of the project {spec.project} is running",
            remedy="`chaoslab up` (or `make up`) starts the lab",
        )
    labels_of_run = {RUN_LABEL: purpose.run_id}
    labels = dict(labels_of_run)
    name = None
    if purpose.command is not None:
        name = lock_name(spec.project)
        await_free(engine, spec.project, clock)
        labels |= owner_labels(purpose.command, clock)
    observer = Observer.start(engine, spec, history, name=name, image=TOOLBOX, labels=labels)
    events: EngineEvents | None = None
    reach: Reach | None = None
    try:
        history.tie = observer.tie
        for service in spec.services:
            observer.set_addresses(
                service,
                {
                    replica.number: replica.address
                    for replica in replicas
                    if replica.service == service and replica.address
                },
            )
        events = EngineEvents(engine, spec.project, observer, history)
        events.start()
        if purpose.command is not None and spec.toxiproxy is not None:
            observer.arm(tuple(spec.links.values()))
        reach = Reach(
            spec.project,
            TOOLBOX,
            engine,
            project.compose,
            history,
            _toxiproxy(spec, observer),
            labels=labels_of_run,
            renew=observer.set_addresses,
            request=observer.request,
        )
        yield Lab(spec, reach, observer, purpose.run_id, purpose.seed, purpose.results)
    finally:
        if reach is not None:
            end_helpers(reach)
        if events is not None:
            events.stop()
        observer.stop()
        _await_helpers_gone(engine, spec.project, purpose.run_id, clock)


def _await_helpers_gone(engine: Engine, project: str, run_id: str, clock: Clock) -> None:
    """Wait until the engine has removed this session's helpers, which ended with their input; remove what does not end."""
    deadline = clock.now_ns() + int(HELPERS_GONE_SECONDS * NS_PER_SECOND)
    with contextlib.suppress(EngineGone):  # then there is nothing to wait for, and the caller knows already
        while ours := [one["Id"] for one in engine.helpers(project) if one["Labels"].get(RUN_LABEL) == run_id]:
            if clock.now_ns() > deadline:
                for helper in ours:
                    engine.remove(helper)
                return
            clock.sleep(0.02)


def _toxiproxy(spec: LabSpec, observer: Observer) -> Toxiproxy | None:
    """Open the door to Toxiproxy through the observer, where the lab has one and it answers."""
    if spec.toxiproxy is None:
        return None
    door = Toxiproxy(*observer.tunnel(spec.toxiproxy.service, spec.toxiproxy.port))
    try:
        door.version()
    except ToolError:
        return None
    return door
