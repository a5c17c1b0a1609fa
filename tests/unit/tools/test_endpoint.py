"""Which engine is meant."""

import hashlib
import json
from pathlib import Path

import pytest

from chaoslab.errors import UsageError
from chaoslab.tools.endpoint import DEFAULT_SOCKET, resolve


def context(folder: Path, name: str, host: str, *, tls: bool = False) -> None:
    """Write a Docker context as the docker client does."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / digest
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(
        json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}})
    )
    if tls:
        (folder / "contexts" / "tls" / digest / "docker").mkdir(parents=True)


def test_without_any_setting_it_is_the_local_socket(tmp_path: Path) -> None:
    """No variable, no context: the default socket."""
    assert resolve({}, tmp_path).url == DEFAULT_SOCKET


def test_docker_host_wins_over_a_context(tmp_path: Path) -> None:
    """DOCKER_HOST is taken first, as the docker client does."""
    context(tmp_path, "far", "tcp://10.0.0.9:2376")
    found = resolve({"DOCKER_HOST": "tcp://dind:2375", "DOCKER_CONTEXT": "far"}, tmp_path)
    assert (found.url, found.host, found.local, found.cert_dir) == ("tcp://dind:2375", "dind", False, None)


def test_tls_comes_from_the_variables_of_the_docker_client(tmp_path: Path) -> None:
    """DOCKER_TLS_VERIFY and DOCKER_CERT_PATH make a verified TLS endpoint."""
    found = resolve({"DOCKER_HOST": "tcp://far:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs"}, tmp_path)
    assert (found.cert_dir, found.verify) == (Path("/certs"), True)


def test_the_current_context_of_the_client_configuration_is_used(tmp_path: Path) -> None:
    """A context that `docker context use` chose is resolved with its TLS material."""
    context(tmp_path, "far", "tcp://10.0.0.9:2376", tls=True)
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "far"}))
    found = resolve({}, tmp_path)
    assert found.url == "tcp://10.0.0.9:2376"
    assert found.cert_dir is not None
    assert found.source == "Docker context 'far'"


def test_a_context_that_does_not_exist_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """A named but missing context is not silently replaced by the local engine."""
    with pytest.raises(UsageError, match="nowhere") as caught:
        resolve({"DOCKER_CONTEXT": "nowhere"}, tmp_path)
    assert "docker context ls" in caught.value.remedy
