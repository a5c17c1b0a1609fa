"""Programs that run inside containers: standard library only, each a standalone script; they import nothing of the rest."""
