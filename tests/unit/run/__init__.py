"""Tests of the spine and its rooms: preparing, manifest, closing, repeats, the self-test."""
