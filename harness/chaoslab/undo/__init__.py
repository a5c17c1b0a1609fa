"""Puts things back: undo records (data) and the one interpreter that runs them.

Normal reverts, Ctrl-C, the guard and `chaoslab recover` all come through here. Nothing here looks at the stop flag; a
failed undo is collected, never swallowed.
"""

from chaoslab.undo.helpers import Process, count_rules, end_helpers, processes
from chaoslab.undo.interpreter import UndoStack, carry_out
from chaoslab.undo.reach import Reach
from chaoslab.undo.verbs import VERBS

__all__ = ["VERBS", "Process", "Reach", "UndoStack", "carry_out", "count_rules", "end_helpers", "processes"]
