"""compose/lab.yml agrees with what Toxiproxy is told."""

import json
import re

from unit.services.conftest import COMPOSE

LINK = re.compile(r'^    ([a-z-]+): \{client: .*listen: "([^"]+)", upstream: "([^"]+)"', re.MULTILINE)


def test_toxiproxy_is_told_exactly_the_links_that_the_lab_declares() -> None:
    """proxies.json and x-chaoslab's links name the same proxies with the same ends."""
    declared = sorted(LINK.findall((COMPOSE / "lab.yml").read_text()))
    told = json.loads((COMPOSE / "images/toxiproxy/proxies.json").read_text())
    assert sorted((proxy["name"], proxy["listen"], proxy["upstream"]) for proxy in told) == declared
    assert all(proxy["enabled"] is True and proxy["listen"].startswith("[::]:") for proxy in told)
    assert len(declared) == 4


def test_every_client_inside_the_lab_goes_through_a_proxy() -> None:
    """The URLs that services are given name Toxiproxy and a port on which one of its proxies listens."""
    lab = (COMPOSE / "lab.yml").read_text()
    urls = re.findall(r"(HIVE|REDIS)_URL: \w+://([\w-]+):(\d+)", lab)
    ports = {listen.rpartition(":")[2] for _, listen, _ in LINK.findall(lab)}
    assert len(urls) == 3
    assert all(host == "toxiproxy" and port in ports for _, host, port in urls)
