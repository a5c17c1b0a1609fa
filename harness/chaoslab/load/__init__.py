"""Runs of load: patterns of users against the lab, one after the other, each with a verdict."""

from chaoslab.load.rejudge import KIND, rejudge_load
from chaoslab.load.request import LoadRequest, prepare_load
from chaoslab.load.run import run_load

__all__ = ["KIND", "LoadRequest", "prepare_load", "rejudge_load", "run_load"]
