"""The door to Docker Compose (python-on-whales): the declared configuration, up, down, recreate."""

import os
import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from chaoslab.errors import LabError, ToolError
from chaoslab.tools.endpoint import Endpoint

PORT_TAKEN = re.compile(r"(?:[Bb]ind for|listen tcp4?|exposing port TCP)\s+([\d.:\[\]]+)", re.IGNORECASE)
TAKEN_WORDS = ("port is already allocated", "address already in use", "ports are not available")
MISSING_IMAGE_WORDS = (
    "no such image",
    "pull access denied",
    "pull policy",
    "not found: manifest",
    "requires image to be present",
)
OUTPUT_KEPT = 2000


class Compose:
    """One compose project, as a list of files."""

    def __init__(self, files: Sequence[Path], endpoint: Endpoint, project: str | None = None) -> None:
        self.files = tuple(files)
        self._endpoint = endpoint
        self._project = project
        self._client: Any = None

    def config(self) -> dict[str, Any]:
        """Return the merged, interpolated configuration. Needs the client and its compose plugin, but no engine.

        Raises LabError with compose's own words for a bad file.
        """
        missing = [str(file) for file in self.files if not file.is_file()]
        if missing:
            raise LabError(
                f"no compose file {', '.join(missing)}",
                remedy="run in the project's folder, or name it with --compose-file",
            )
        return dict(self._run("read the compose file", lambda compose: compose.config(return_json=True)))

    def up(self, timeout_seconds: int, services: Sequence[str] = ()) -> None:
        """Bring the project up and wait until it is healthy. Raises LabError with the reason and the remedy."""
        self._run(
            "bring the lab up",
            lambda compose: compose.up(
                list(services) or None,
                detach=True,
                wait=True,
                wait_timeout=timeout_seconds,
                quiet=True,
                remove_orphans=not services,
            ),
        )

    def recreate(self, services: Collection[str], timeout_seconds: int) -> None:
        """Make services' containers anew, all at once, and wait until they are healthy."""
        self._run(
            f"recreate {', '.join(sorted(services))}",
            lambda compose: compose.up(
                sorted(services),
                detach=True,
                wait=True,
                wait_timeout=timeout_seconds,
                quiet=True,
                force_recreate=True,
                dependencies=False,
            ),
        )

    def down(self, *, volumes: bool) -> None:
        """Stop and remove the project's containers and networks."""
        self._run(
            "take the lab down",
            lambda compose: compose.down(volumes=volumes, remove_orphans=True, timeout=5, quiet=True),
        )

    def version(self) -> str:
        """Return compose's version."""
        return str(self._run("ask compose for its version", lambda compose: compose.version()))

    def _run(self, what: str, call: Callable[[Any], Any]) -> Any:
        from python_on_whales.exceptions import DockerException  # noqa: PLC0415 - costs 180 ms

        try:
            return call(self._compose())
        except DockerException as error:
            raise _explain(what, error) from error
        except FileNotFoundError as error:
            raise ToolError(
                f"cannot {what}: the docker client is not installed", remedy="`make engine` installs what is missing"
            ) from error

    def _compose(self) -> Any:
        from python_on_whales import DockerClient  # noqa: PLC0415 - as above

        if self._client is None:
            tls: dict[str, Any] = {}
            if self._endpoint.cert_dir:
                certs = self._endpoint.cert_dir
                tls = {"tlscacert": certs / "ca.pem", "tlscert": certs / "cert.pem", "tlskey": certs / "key.pem"}
                tls["tlsverify" if self._endpoint.verify else "tls"] = True
            # The address goes by the environment: compose is a plugin, and some versions ignore --host.
            os.environ["DOCKER_HOST"] = self._endpoint.url
            os.environ.pop("DOCKER_CONTEXT", None)
            self._client = DockerClient(
                compose_files=list(self.files), compose_project_name=self._project, host=self._endpoint.url, **tls
            )
        return self._client.compose


def _explain(what: str, error: Any) -> LabError | ToolError:
    """Turn compose's output into one message with a remedy."""
    output = ((error.stderr or "") + (error.stdout or "")).strip()
    lowered = output.lower()
    if any(words in lowered for words in TAKEN_WORDS):
        port = PORT_TAKEN.search(output)
        where = f" ({port[1].rstrip(':')})" if port else ""
        return LabError(
            f"cannot {what}: a port of the lab is taken by another program{where}",
            remedy=f'`ss -ltnp` names it; stop it, or give the lab another port (README, "Ports"). Compose said: {_last_line(output)}',
        )
    if any(words in lowered for words in MISSING_IMAGE_WORDS):
        return LabError(
            f"cannot {what}: an image is missing: {_last_line(output)}", remedy="`make images` builds the lab's images"
        )
    if "unknown command" in lowered or "is not a docker command" in lowered or "unknown shorthand flag" in lowered:
        return ToolError(f"cannot {what}: the docker client has no compose plugin", remedy="`make engine` installs it")
    if "has active endpoints" in lowered:
        return ToolError(
            f"cannot {what}: {_last_line(output)}",
            remedy="`docker network inspect` names who is attached: remove that; if nobody is, the engine has lost track of an endpoint and "
            "must be restarted",
        )
    return ToolError(
        f"cannot {what}: compose ended with {error.return_code}: {output[-OUTPUT_KEPT:]}",
        argv=error.docker_command,
        code=error.return_code,
        output=output,
        remedy="the lines above are compose's own; `chaoslab doctor` checks the host",
    )


def _last_line(text: str) -> str:
    return text.splitlines()[-1].strip() if text else "nothing"
