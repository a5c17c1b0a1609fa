"""Which engine: DOCKER_HOST, DOCKER_CONTEXT or the current context, resolved once for docker-py and compose alike.

docker-py alone ignores contexts (../docs/ARCHITECTURE.md), so the resolution is done here and handed to both.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chaoslab.errors import UsageError

DEFAULT_SOCKET = "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One engine's address. `cert_dir` holds ca.pem, cert.pem and key.pem where the connection is by TLS."""

    url: str
    cert_dir: Path | None = None
    verify: bool = True
    source: str = "default"

    @property
    def local(self) -> bool:
        """Whether the engine's host is this machine, as far as its address tells."""
        return self.url.startswith(("unix://", "npipe://"))

    @property
    def host(self) -> str:
        """The name under which ports that the engine publishes on all addresses are reached."""
        return "127.0.0.1" if self.local else urlsplit(self.url).hostname or "127.0.0.1"

    def tls_config(self) -> Any:
        """Return docker-py's TLS settings, False where the connection is plain."""
        if self.cert_dir is None:
            return False
        from docker.tls import TLSConfig  # noqa: PLC0415 - docker-py costs 100 ms

        pair = (str(self.cert_dir / "cert.pem"), str(self.cert_dir / "key.pem"))
        return TLSConfig(client_cert=pair, ca_cert=str(self.cert_dir / "ca.pem"), verify=self.verify)

    def remedy(self) -> str:
        """Say what to do when this engine does not answer."""
        if self.source != "default":
            return f"the address comes from {self.source}: is that engine running? Unset it to use the local one"
        return (
            "start it with `make engine`, or set DOCKER_HOST to one that runs; `chaoslab doctor` shows what was tried"
        )


def resolve(environment: dict[str, str] | None = None, config_dir: Path | None = None) -> Endpoint:
    """Find the engine as the docker client does. Raises UsageError when the named context does not exist."""
    env = dict(os.environ) if environment is None else environment
    folder = config_dir or Path(env.get("DOCKER_CONFIG") or Path.home() / ".docker")
    if host := env.get("DOCKER_HOST"):
        verify = env.get("DOCKER_TLS_VERIFY", "") not in ("", "0")
        tls = verify or env.get("DOCKER_TLS", "") not in ("", "0")
        certs = Path(env.get("DOCKER_CERT_PATH") or folder) if tls else None
        return Endpoint(_plain(host), certs, verify, "DOCKER_HOST")
    name = env.get("DOCKER_CONTEXT") or _current_context(folder)
    if not name or name == "default":
        return Endpoint(DEFAULT_SOCKET)
    digest = hashlib.sha256(name.encode()).hexdigest()
    try:
        meta = json.loads((folder / "contexts" / "meta" / digest / "meta.json").read_text())
        docker = meta["Endpoints"]["docker"]
        host = docker["Host"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"the Docker context {name!r} cannot be read: {error}",
            remedy="see `docker context ls`, or unset DOCKER_CONTEXT",
        ) from error
    certs = folder / "contexts" / "tls" / digest / "docker"
    return Endpoint(
        _plain(host),
        certs if certs.is_dir() else None,
        not docker.get("SkipTLSVerify", False),
        f"Docker context {name!r}",
    )


def _current_context(folder: Path) -> str:
    try:
        return str(json.loads((folder / "config.json").read_text()).get("currentContext", ""))
    except (OSError, ValueError, AttributeError):
        return ""  # no client configuration: the docker client falls back the same way


def _plain(host: str) -> str:
    return host if "://" in host else f"tcp://{host}"
