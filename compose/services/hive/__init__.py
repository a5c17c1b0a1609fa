"""Hive: knows the workers, and gives each task to the one with the least to do."""
