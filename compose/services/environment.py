"""Reads a service's settings from environment variables; a ValueError names the variable that does not parse."""

import math
import os
import socket


def number(name: str, default: float) -> float:
    """A finite number >= 0; raises ValueError that names the variable."""
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name}: {text!r} is not a number >= 0")
    return value


def text(name: str, default: str) -> str:
    """A string; empty counts as unset, as compose passes `${NAME:-}`."""
    return os.environ.get(name) or default


def hostname() -> str:
    """What the container calls itself; `WORKER_NAME` tells apart processes that share a host."""
    return text("WORKER_NAME", socket.gethostname())
