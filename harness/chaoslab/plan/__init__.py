"""Suites and a lab -> what a run will do, step by step. Pure: names services and counts, never containers."""

from chaoslab.plan.describe import describe, text_rows
from chaoslab.plan.make import NO_OVERLAYS, Overlaid, Selection, make_plan

__all__ = ["NO_OVERLAYS", "Overlaid", "Selection", "describe", "make_plan", "text_rows"]
