"""Makes the services importable: they are the lab's program, no part of the chaoslab package."""

import sys
from pathlib import Path

COMPOSE = Path(__file__).parents[3] / "compose"
sys.path.insert(0, str(COMPOSE))
