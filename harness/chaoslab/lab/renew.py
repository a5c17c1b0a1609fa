"""Containers made anew between repeats: the engine restarts what crashed often with a growing back-off, which is not the system's recovery."""

from collections.abc import Callable, Collection

from chaoslab.lab.lab import Lab

RENEW_SECONDS = 60


def renew(lab: Lab, services: Collection[str], say: Callable[[str], None]) -> None:
    """Recreate those of these services that the engine restarted since they were made. Raises ToolError, LabError."""
    replicas = lab.engine.replicas(lab.spec.project)
    restarted = {replica.service for replica in replicas if replica.restart_count and replica.service in services}
    for service in sorted(restarted):
        say(f"{service} was restarted in an earlier repeat: recreating it")
        lab.reach.compose.recreate(service, RENEW_SECONDS)
