"""The mock system under test: queen (gateway), hive (worker pool manager), worker. Small, but with real resilience."""
