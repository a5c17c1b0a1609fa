"""Judging of load: requests, windows and thresholds -> verdict, knee, return to calm. Pure."""

from chaoslab.verdict.load.judge import Ended, judge_pattern
from chaoslab.verdict.load.tape import Tape

__all__ = ["Ended", "Tape", "judge_pattern"]
