"""Every fault type and measure that this installation knows: what the parser is handed."""

from chaoslab.faults.catalog import spec_types
from chaoslab.model.vocabulary import Vocabulary
from chaoslab.verdict.measures import measure_specs


def vocabulary() -> Vocabulary:
    """Gather the catalogues."""
    return Vocabulary(faults=spec_types(), measures=measure_specs())
