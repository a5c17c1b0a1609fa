"""compose/lab.yml agrees with what Toxiproxy is told."""

import json
import re

from services.redis_client import MASTER

from unit.services.conftest import COMPOSE

LINK = re.compile(r'^    ([a-z-]+): \{client: .*listen: "([^"]+)", upstream: "([^"]+)"', re.MULTILINE)


def test_toxiproxy_is_told_exactly_the_links_that_the_lab_declares() -> None:
    """proxies.json and x-chaoslab's links name the same proxies with the same ends."""
    declared = sorted(LINK.findall((COMPOSE / "lab.yml").read_text()))
    told = json.loads((COMPOSE / "images/toxiproxy/proxies.json").read_text())
    assert sorted((proxy["name"], proxy["listen"], proxy["upstream"]) for proxy in told) == declared
    assert all(proxy["enabled"] is True and proxy["listen"].startswith("[::]:") for proxy in told)
    assert len(declared) == 7


def test_every_client_inside_the_lab_goes_through_a_proxy() -> None:
    """The URLs that services are given name Toxiproxy and a port on which one of its proxies listens."""
    lab = (COMPOSE / "lab.yml").read_text()
    urls = re.findall(r"(HIVE|REDIS|POSTGRES)_URL: \w+://(?:lab@)?([\w-]+):(\d+)", lab)
    ports = {listen.rpartition(":")[2] for _, listen, _ in LINK.findall(lab)}
    assert len(urls) == 6
    assert all(host == "toxiproxy" and port in ports for _, host, port in urls)


def test_sentinel_watches_the_master_that_the_services_ask_for() -> None:
    """The overlay's Sentinels know the master by the name that the clients use, and every service that uses Redis asks them."""
    overlay = (COMPOSE / "redis-ha.yml").read_text()
    assert f"sentinel monitor {MASTER} redis 6379" in overlay
    users = re.findall(
        r"^  ([a-z-]+):\n(?:    .*\n)*?      REDIS_URL:", (COMPOSE / "lab.yml").read_text(), re.MULTILINE
    )
    assert sorted(users) == ["queen-rbee", "trader"]
    assert all(re.search(rf"^  {user}: [&*]asks-sentinel$", overlay, re.MULTILINE) for user in users)


def test_what_the_harness_is_told_to_keep_is_there() -> None:
    """Each metric that x-chaoslab keeps is one that a service tells."""
    kept = re.findall(r"keep: \[([^\]]*)\]", (COMPOSE / "lab.yml").read_text())
    sources = "".join(path.read_text() for path in (COMPOSE / "services").glob("*/service.py"))
    assert len(kept) == 3
    assert all(f'"{name}"' in sources for names in kept for name in names.split(", "))
