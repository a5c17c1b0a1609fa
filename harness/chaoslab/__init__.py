"""A local resilience lab for Docker Compose applications."""

__version__ = "0.3.0"
