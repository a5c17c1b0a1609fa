"""manifest.json of a run of load: what is needed to understand it, written before anything is touched."""

from typing import Any

from chaoslab import __version__
from chaoslab.load.rejudge import KIND
from chaoslab.load.request import LoadRequest, PreparedLoad
from chaoslab.manifest import circumstances
from chaoslab.tools.engine import Engine


def load_manifest(request: LoadRequest, prepared: PreparedLoad, engine: Engine) -> dict[str, Any]:
    """Gather inputs, versions, revision and host. Values that are set are named, not told: one may be a password."""
    return {
        "schema_version": 1,
        "kind": KIND,
        "chaoslab": __version__,
        "profile": request.asked.profile,
        "users": request.asked.users,
        "set": sorted(request.asked.settings),
        "strict": request.strict,
        **circumstances(prepared.project, engine, request.compose_files),
        "patterns": [piece.pattern.model_dump(mode="json") for piece in prepared.pieces if piece.pattern],
        "scripts": [str(piece.script) for piece in prepared.pieces if not piece.pattern],
        "lab": prepared.project.spec.model_dump(mode="json"),
    }
