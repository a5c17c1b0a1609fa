"""Runs of load: patterns of users against the lab, one after the other, each with a verdict."""

from chaoslab.load.request import LoadRequest
from chaoslab.load.run import run_load

__all__ = ["LoadRequest", "run_load"]
