"""Packs a load script with the files it names, so that it runs in a container as it does where it was written."""

import io
import os
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

from chaoslab.errors import ScriptError

LOCAL = re.compile(r"""(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\(|\bopen\s*\()\s*['"]([^'"\n]+)['"]""")
"""What a script names in imports and `open`. Modules (k6/http) and addresses are no files beside it, so they drop out."""
MOST_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class PackedScript:
    """A tar archive of files, and the script's own path in it."""

    archive: bytes
    path: str


def pack(script: Path) -> PackedScript:
    """Pack a script. Raises ScriptError when it is missing or what it names is too large."""
    if not script.is_file():
        raise ScriptError(f"there is no load script {script}", remedy="check the path; `ls` its folder")
    main = _absolute(script)
    files = {main: main.read_bytes()}
    waiting = [main]
    while waiting:
        for file in _named(waiting.pop(), files):
            if file not in files:
                files[file] = file.read_bytes()
                waiting.append(file)
        if (size := sum(map(len, files.values()))) > MOST_BYTES:
            raise ScriptError(
                f"{script} and the files it names have {size >> 20} MiB, more than {MOST_BYTES >> 20} MiB",
                remedy="let it open smaller files",
            )
    root = Path(os.path.commonpath([file.parent for file in files]))
    return PackedScript(
        _tar({str(file.relative_to(root)): data for file, data in files.items()}), str(main.relative_to(root))
    )


def _named(file: Path, files: dict[Path, bytes]) -> list[Path]:
    """List the files that a script names and that exist; k6 itself says which one is missing. Data names nothing."""
    if file.suffix not in (".js", ".ts", ".mjs"):
        return []
    text = files[file].decode(errors="replace")
    found = (_absolute(file.parent / name.removeprefix("file://")) for name in LOCAL.findall(text))
    return [each for each in found if each.is_file()]


def _absolute(path: Path) -> Path:
    """Without `..`, but with symbolic links as they are: k6 looks names up by path."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve would follow the links


def _tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o444
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
