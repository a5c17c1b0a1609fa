"""Measuring: the observer's driver, the addresses it dials, the clock's tie, tunnels, and the engine's own events."""
