"""The README, the Makefile and the commands cannot drift apart."""

import re
from pathlib import Path

from chaoslab.cli import COMMANDS
from chaoslab.errors import Exit

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text()


def test_the_readme_names_every_command() -> None:
    """Each command of the program is in the README's list."""
    (listed,) = re.findall(r"`\.venv/bin/chaoslab` has `([^`]*)`", README)
    assert sorted(listed.split()) == sorted(COMMANDS)


def test_the_readme_explains_every_exit_code() -> None:
    """Each exit code has its row."""
    for code in Exit:
        assert f"| {code.value} |" in README


def test_the_readmes_two_commands_are_targets_of_the_makefile() -> None:
    """What the README says first exists, and make help explains it."""
    makefile = (ROOT / "Makefile").read_text()
    for target in ("chaos", "test"):
        assert f"make {target} " in README
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE)


def test_every_document_that_is_linked_exists() -> None:
    """No link of the README or of docs/ points at a missing file."""
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links {target}"


def test_every_port_of_the_lab_is_in_the_readme_with_its_default() -> None:
    """Each published port's variable and default are in the README, and each is on loopback."""
    published = re.findall(r'^\s+- "([^"]*):\d+"$', (ROOT / "compose" / "lab.yml").read_text(), re.MULTILINE)
    assert published
    for port in published:
        variable, default = re.fullmatch(r"127\.0\.0\.1:\$\{(\w+):-(\d+)\}", port).groups()  # type: ignore[union-attr]
        assert f"| `{variable}` | {default} |" in README


def test_version_is_the_same_everywhere() -> None:
    """The package, its metadata and the images' tag agree."""
    from chaoslab import __version__
    from chaoslab.lab.session import TOOLBOX

    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert (ROOT / "compose/images/VERSION").read_text().strip() == __version__
    assert TOOLBOX.endswith(f":{__version__}")
    assert f"CHAOSLAB_TAG:-{__version__}" in (ROOT / "compose/lab.yml").read_text()
