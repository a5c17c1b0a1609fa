"""Runs a program of several modules that travels as one text (`tools/program_source.py`). Modules stay modules: tracebacks name them."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType


class Carried:
    """Finds and loads modules in `sources`, by their full names."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = sources

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Say whether a module is here; it is a package when others lie below it."""
        if name not in self.sources:
            return None
        is_package = any(other.startswith(f"{name}.") for other in self.sources)
        return ModuleSpec(name, self, is_package=is_package)  # type: ignore[arg-type] # a loader by shape

    def create_module(self, _spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's source."""
        code = compile(self.sources[module.__name__], f"<{module.__name__}>", "exec")
        exec(code, module.__dict__)  # noqa: S102 - what is carried is ours


def run(sources: Mapping[str, str], program: str) -> None:
    """Run the `main` of a package's `__main__`; what is carried goes before what is installed."""
    sys.meta_path.insert(0, Carried(sources))
    import_module(f"{program}.__main__").main()
