"""The door to the container engine (docker-py): what runs, what happened, and the few calls that change it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaoslab.errors import EngineGone, ToolError
from chaoslab.model.lab import READY_LABEL
from chaoslab.model.replica import Replica
from chaoslab.tools.attached import Attached
from chaoslab.tools.endpoint import Endpoint
from chaoslab.tools.networks import Networks
from chaoslab.tools.program_source import program_source
from chaoslab.tools.programs import Programs

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
ONEOFF = "com.docker.compose.oneoff"
HELPER_LABEL = "chaoslab.helper"
"""Every container that the harness starts carries this label with the lab's project as its value."""
CALL_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Helper:
    """A container of ours to start: a program of `inside/` run by the toolbox's Python, all capabilities dropped but those named."""

    project: str
    image: str
    program: str
    arguments: Sequence[str] = ()
    name: str | None = None
    network: str = "none"
    more_networks: Sequence[str] = ()
    pid_mode: str | None = None
    capabilities: Sequence[str] = ()
    user: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    cpu_shares: int | None = None


class Engine(Networks, Programs):
    """One connection to one engine. Every call has a deadline; an engine that is gone raises EngineGone."""

    def __init__(self, endpoint: Endpoint) -> None:
        import docker  # noqa: PLC0415 - costs 100 ms, so only where an engine is needed

        self.endpoint = endpoint
        try:
            self._api: Any = docker.APIClient(
                base_url=endpoint.url, tls=endpoint.tls_config(), timeout=CALL_TIMEOUT_SECONDS, version="auto"
            )
        except Exception as error:  # docker-py wraps refusals in several types
            raise EngineGone(
                f"the Docker engine at {endpoint.url} does not answer: {error}", remedy=endpoint.remedy()
            ) from error

    def version(self) -> dict[str, Any]:
        """Return the engine's own version report."""
        with self._calling("version"):
            return dict(self._api.version())

    def info(self) -> dict[str, Any]:
        """Return the engine's own description of its host."""
        with self._calling("info"):
            return dict(self._api.info())

    def replicas(self, project: str, service: str | None = None) -> tuple[Replica, ...]:
        """List the compose project's containers, running or not, by service and number."""
        labels = [f"{PROJECT}={project}", f"{ONEOFF}=False"] + ([f"{SERVICE}={service}"] if service else [])
        with self._calling("list containers"):
            found = self._api.containers(all=True, filters={"label": labels})
        replicas = (self.inspect(item["Id"]) for item in found)
        return tuple(
            sorted((replica for replica in replicas if replica), key=lambda replica: (replica.service, replica.number))
        )

    def inspect(self, container: str) -> Replica | None:
        """Return what the engine knows of one container, None when there is no such container."""
        raw = self.inspect_raw(container)
        return None if raw is None else to_replica(raw)

    def inspect_raw(self, container: str) -> dict[str, Any] | None:
        """Return the engine's inspect document, None when there is no such container."""
        from docker.errors import NotFound  # noqa: PLC0415 - as above

        with self._calling(f"inspect {container[:12]}"):
            try:
                return dict(self._api.inspect_container(container))
            except NotFound:
                return None

    def kill(self, container: str, signal: str = "SIGKILL") -> None:
        """Send a signal through the engine: counts as a manual stop, so no restart policy acts."""
        with self._calling(f"kill {container[:12]}"):
            self._api.kill(container, signal)

    def stop(self, container: str, grace_seconds: int) -> None:
        """Stop a container, killing it after the grace period."""
        with self._calling(f"stop {container[:12]}"):
            self._api.stop(container, timeout=grace_seconds)

    def start(self, container: str) -> None:
        """Start a container; starting a running one does nothing."""
        with self._calling(f"start {container[:12]}"):
            self._api.start(container)

    def restart(self, container: str, grace_seconds: int) -> None:
        """Restart a container."""
        with self._calling(f"restart {container[:12]}"):
            self._api.restart(container, timeout=grace_seconds)

    def pause(self, container: str) -> None:
        """Freeze a container's processes."""
        with self._calling(f"pause {container[:12]}"):
            self._api.pause(container)

    def unpause(self, container: str) -> None:
        """Thaw a container's processes."""
        with self._calling(f"unpause {container[:12]}"):
            self._api.unpause(container)

    def remove(self, container: str) -> None:
        """Remove a container of ours, running or not; one that is gone is fine."""
        try:
            with self._calling(f"remove {container[:12]}"):
                self._api.remove_container(container, force=True, v=True)
        except ToolError as error:
            if error.code not in (404, 409):  # 409: the engine is removing it already
                raise

    def execute(self, container: str, argv: Sequence[str], user: str = "") -> tuple[int, str]:
        """Run a command in a container and return its exit code and output (both streams)."""
        with self._calling(f"exec {argv[0]} in {container[:12]}"):
            created = self._api.exec_create(container, list(argv), user=user)
            output = self._api.exec_start(created["Id"])
            code = self._api.exec_inspect(created["Id"])["ExitCode"]
        return (-1 if code is None else int(code)), output.decode(errors="replace")

    def execute_detached(self, container: str, argv: Sequence[str], user: str = "") -> None:
        """Start a command in a container and do not wait for it."""
        with self._calling(f"exec {argv[0]} in {container[:12]}"):
            created = self._api.exec_create(container, list(argv), user=user, stdout=False, stderr=False)
            self._api.exec_start(created["Id"], detach=True)

    def execute_attached(self, container: str, argv: Sequence[str], user: str = "") -> Attached:
        """Start a command in a container and return its output as a stream of lines; letting go of it does not end the command."""
        with self._calling(f"exec {argv[0]} in {container[:12]}"):
            created = self._api.exec_create(container, list(argv), user=user)
            return Attached(f"{argv[0]} in {container[:12]}", self._api.exec_start(created["Id"], socket=True))

    def update(self, container: str, **limits: int) -> None:
        """Change limits of a container, by the API's own names (NanoCpus, CpuQuota, PidsLimit): docker-py cannot set NanoCpus."""
        with self._calling(f"update {container[:12]}"):
            url = self._api._url("/containers/{0}/update", container)  # noqa: SLF001 - its own update has no NanoCpus
            self._api._raise_for_status(self._api._post_json(url, data=limits))  # noqa: SLF001 - the same

    def stats(self, container: str) -> dict[str, Any]:
        """Return the engine's own measurement of a container. It may be a second old, and take as long."""
        with self._calling(f"stats {container[:12]}"):
            return dict(self._api.stats(container, stream=False, one_shot=True))

    def logs(self, container: str, lines: int = 20, since_seconds: float | None = None) -> str:
        """Return the last log lines of a container; with `since_seconds` (Unix time) those since then, each with its time stamp."""
        since: dict[str, Any] = {} if since_seconds is None else {"since": since_seconds, "timestamps": True}
        with self._calling(f"logs {container[:12]}"):
            return str(self._api.logs(container, tail=lines, **since).decode(errors="replace"))

    def helpers(self, project: str) -> tuple[dict[str, Any], ...]:
        """List the containers of ours that belong to a project (the engine's list documents)."""
        with self._calling("list helpers"):
            return tuple(self._api.containers(all=True, filters={"label": [f"{HELPER_LABEL}={project}"]}))

    def has_image(self, image: str) -> bool:
        """Whether the engine holds an image."""
        from docker.errors import ImageNotFound, NotFound  # noqa: PLC0415 - as above

        with self._calling(f"inspect image {image}"):
            try:
                self._api.inspect_image(image)
            except (ImageNotFound, NotFound):
                return False
            return True

    def registry_answers(self) -> str:
        """Ask, through the engine, the registry for the base image. Raises ToolError or EngineGone when it does not answer."""
        image = "debian:trixie-slim"
        with self._calling(f"look {image} up in the registry"):
            self._api.inspect_distribution(image)
        return f"{image} can be pulled"

    def events(self, project: str) -> Iterator[dict[str, Any]]:
        """Yield the engine's container events of a project as they happen, until the connection ends."""
        return iter(self._api.events(decode=True, filters={"type": ["container"], "label": [f"{PROJECT}={project}"]}))

    def start_helper(self, helper: Helper) -> Attached:
        """Start a helper container and attach to it; it is removed by the engine when it ends.

        Raises ToolError; its code is 409 when a container of that name exists (the lab's lock is held).
        """
        from docker.errors import APIError  # noqa: PLC0415 - as above

        with self._calling(f"start helper {helper.program}"):
            host_config = self._api.create_host_config(
                auto_remove=True,
                cap_drop=["ALL"],
                cap_add=list(helper.capabilities),
                network_mode=helper.network,
                pid_mode=helper.pid_mode,
                cpu_shares=helper.cpu_shares,
                read_only=True,
                security_opt=["no-new-privileges"],
                log_config={"Type": "none"},
            )
            try:
                created = self._api.create_container(
                    helper.image,
                    ["python3", "-u", "-c", program_source(helper.program), *helper.arguments],
                    name=helper.name,
                    stdin_open=True,
                    detach=False,
                    host_config=host_config,
                    user=helper.user,
                    labels={HELPER_LABEL: helper.project, "chaoslab.program": helper.program, **helper.labels},
                )["Id"]
            except APIError as error:
                if error.status_code == 409:
                    raise ToolError(f"a container named {helper.name} exists already", code=409) from error
                raise
            try:
                for network in helper.more_networks:
                    self._api.connect_container_to_network(created, network)
                raw = self._api.attach_socket(created, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
                self._api.start(created)
            except BaseException:
                self.remove(created)
                raise
        return Attached(helper.name or f"{helper.program} {created[:12]}", raw)

    @contextlib.contextmanager
    def _calling(self, what: str) -> Iterator[None]:
        """Turn docker-py's and requests' errors into ours."""
        import requests  # noqa: PLC0415 - comes with docker-py
        from docker.errors import APIError, DockerException, NotFound  # noqa: PLC0415 - as above

        try:
            yield
        except NotFound as error:
            raise ToolError(f"engine: {what}: {error.explanation or error}", code=404) from error
        except APIError as error:
            raise ToolError(f"engine: {what}: {error.explanation or error}", code=error.status_code) from error
        except (requests.exceptions.RequestException, DockerException, OSError) as error:
            raise EngineGone(
                f"the Docker engine at {self.endpoint.url} stopped answering ({what}): {error}",
                remedy=self.endpoint.remedy(),
            ) from error


def to_replica(raw: Mapping[str, Any]) -> Replica:
    """Read an inspect document."""
    state, config, host = raw["State"], raw["Config"], raw["HostConfig"]
    labels = config.get("Labels") or {}
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    return Replica(
        id=raw["Id"],
        name=raw["Name"].lstrip("/"),
        service=labels.get(SERVICE, ""),
        number=int(labels.get(NUMBER, "1")),
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status", "none"),
        pid=state.get("Pid", 0),
        hostname=config.get("Hostname", ""),
        image=config.get("Image", ""),
        chaos_ready=labels.get(READY_LABEL, "").lower() == "true",
        restart_count=raw.get("RestartCount", 0),
        oom_killed=bool(state.get("OOMKilled")),
        exit_code=state.get("ExitCode", 0),
        started_at=state.get("StartedAt", ""),
        nano_cpus=host.get("NanoCpus") or 0,
        memory_bytes=host.get("Memory") or 0,
        pids_limit=host.get("PidsLimit") or 0,
        cpu_quota=host.get("CpuQuota") or 0,
        user=config.get("User", ""),
        addresses={name: (network or {}).get("IPAddress") or "" for name, network in networks.items()},
    )
