"""Judging of load: requests, windows and thresholds -> verdict, knee, return to calm. Pure."""

from chaoslab.verdict.load.judge import Ended, hidden, judge_pattern
from chaoslab.verdict.load.tape import Recording, Tape

__all__ = ["Ended", "Recording", "Tape", "hidden", "judge_pattern"]
