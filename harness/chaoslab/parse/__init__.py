"""Files -> frozen values. Every problem of all of them is told at once."""

from chaoslab.parse.files import parse_suites
from chaoslab.parse.lab import lab_spec
from chaoslab.parse.schema import pattern_schema, result_schema, scenario_schema
from chaoslab.parse.variables import Given

__all__ = ["Given", "lab_spec", "parse_suites", "pattern_schema", "result_schema", "scenario_schema"]
