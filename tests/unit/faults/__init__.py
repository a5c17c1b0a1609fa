"""The faults, without an engine: proofs on hand-made data, lifecycles on a made-up lab."""
