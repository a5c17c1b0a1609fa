"""Load: pattern files, plans, verdicts, reports."""
