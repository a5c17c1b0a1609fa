"""A load script travels with what it names."""

import io
import tarfile
from pathlib import Path

import pytest

from chaoslab.errors import ScriptError
from chaoslab.tools import k6_script
from chaoslab.tools.k6_script import PackedScript, pack

OURS = Path(__file__).parents[3] / "k6"


def names(packed: PackedScript) -> set[str]:
    """List an archive's files."""
    with tarfile.open(fileobj=io.BytesIO(packed.archive)) as archive:
        return set(archive.getnames())


def test_imports_are_followed_wherever_they_lead(tmp_path: Path) -> None:
    """Imports of imports, above the script's folder too, and opened data; nothing else of the folders."""
    (tmp_path / "load").mkdir()
    (tmp_path / "shared").mkdir()
    (tmp_path / "load" / "unrelated.js").write_text("secret")
    (tmp_path / "load" / "users.json").write_text("import './unrelated.js'")
    (tmp_path / "shared" / "more.js").write_text("")
    (tmp_path / "shared" / "a.js").write_text('export * from "./more.js"')
    script = tmp_path / "load" / "main.js"
    script.write_text(
        "import http from 'k6/http'\nimport { a } from '../shared/a.js'\nconst users = JSON.parse( open('users.json') )"
    )
    packed = pack(script)
    assert packed.path == "load/main.js"
    assert names(packed) == {"load/main.js", "load/users.json", "shared/a.js", "shared/more.js"}


def test_what_is_not_there_is_left_to_k6(tmp_path: Path) -> None:
    """k6 names the missing file and the script that wants it; addresses are no files."""
    script = tmp_path / "main.js"
    script.write_text("import './nosuch.js'; import x from 'https://example.org/x.js'; require('./main.js')")
    assert names(pack(script)) == {"main.js"}


def test_a_missing_script_is_the_users_error(tmp_path: Path) -> None:
    """It is named, and the exit code is that of bad input."""
    with pytest.raises(ScriptError, match=r"no load script .*gone\.js"):
        pack(tmp_path / "gone.js")


def test_what_is_packed_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that opens a huge file is refused instead of sent."""
    monkeypatch.setattr(k6_script, "MOST_BYTES", 1 << 20)
    (tmp_path / "huge.csv").write_bytes(b"x" * (2 << 20))
    (tmp_path / "main.js").write_text("open('./huge.csv')")
    with pytest.raises(ScriptError, match="more than 1 MiB"):
        pack(tmp_path / "main.js")


@pytest.mark.parametrize("script", sorted(OURS.glob("*.js")), ids=lambda path: path.stem)
def test_our_own_scripts_take_their_library_along(script: Path) -> None:
    """Each is sent with all four files of k6/lib."""
    assert names(pack(script)) == {
        script.name,
        *(f"lib/{name}.js" for name in ("config", "metrics", "requests", "summary")),
    }
