"""Measures what the design promises: accuracy of recovery, cost of the observer, start-up. Run: `python -m bench` with PYTHONPATH=tests."""
