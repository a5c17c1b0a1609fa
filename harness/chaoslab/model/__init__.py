"""Frozen values: what the program knows, without how it came to know it. Imports nothing above itself."""
