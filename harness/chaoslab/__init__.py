"""A local resilience lab for Docker Compose applications."""

__version__ = "0.2.0"
