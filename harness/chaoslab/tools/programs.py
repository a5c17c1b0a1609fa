"""The engine's calls that run an image's own program as a container of ours: the part of the engine's door that knows of k6."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from chaoslab.errors import ToolError
from chaoslab.model.replica import Replica
from chaoslab.tools.attached import Attached

PIDS = 512
SCRATCH = "size=64m,mode=1777"


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. `files`: a tar archive, unpacked into `folder`; the rest of the root is read-only, but for a /tmp in memory."""

    image: str
    network: str
    argv: Sequence[str]
    files: bytes
    folder: str
    memory_bytes: int
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


class Programs:
    """What `Engine` can do about programs; connection and errors are `Engine`'s own."""

    _api: Any

    def remove(self, container: str) -> None:
        """Remove a container of ours."""
        raise NotImplementedError

    def inspect(self, container: str) -> Replica | None:
        """Return what the engine knows of one container."""
        raise NotImplementedError

    def _calling(self, what: str) -> AbstractContextManager[None]:
        raise NotImplementedError

    def start_program(self, program: Program, hear: Callable[[str], object]) -> tuple[str, Attached]:
        """Start it; returns its container and its streams. `hear` is handed what it says on standard error.

        Its input ends when this process does. The container stays when it ends, to tell how; whoever started it removes it.
        """
        with self._calling(f"start {program.image}"):
            container = self._created(program)
            try:
                # A read-only root takes no files, not even before the start; a volume does.
                self._api.put_archive(container, program.folder, program.files)
                raw = self._api.attach_socket(container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
                self._api.start(container)
            except BaseException:
                self.remove(container)
                raise
        return container, Attached(f"{program.image} {container[:12]}", raw, hear)

    def ended(self, container: str, timeout_seconds: float) -> Replica | None:
        """Wait until a container has ended and return it, None when somebody removed it. Raises EngineGone when it goes on."""
        try:
            with self._calling(f"wait for the end of {container[:12]}"):
                self._api.wait(container, timeout=timeout_seconds)
        except ToolError as error:
            if error.code != 404:
                raise
        return self.inspect(container)

    def _created(self, program: Program) -> str:
        host_config = self._api.create_host_config(
            cap_drop=["ALL"],
            network_mode=program.network,
            read_only=True,
            security_opt=["no-new-privileges"],
            log_config={"Type": "none"},
            mem_limit=program.memory_bytes,
            memswap_limit=program.memory_bytes,
            pids_limit=PIDS,
            tmpfs={"/tmp": SCRATCH},  # noqa: S108 - the container's own
        )
        created = self._api.create_container(
            program.image,
            list(program.argv),
            stdin_open=True,
            detach=False,
            host_config=host_config,
            volumes=[program.folder],
            environment=dict(program.environment),
            labels=dict(program.labels),
        )
        return str(created["Id"])
