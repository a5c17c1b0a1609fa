"""The mock system under test: queen (gateway), hive (worker pool manager), worker, trader. Small, but with real resilience."""
