"""The running compose project: finding it, its declared state, what differs from it, the lock on it."""
