"""What a fault learns and does inside a target: shell scripts by exec as the service's own user, and what their answers say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoslab.errors import CannotInject, EngineGone, ToolError
from chaoslab.model.replica import Replica
from chaoslab.undo.shell import SERVICE

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

TOOLS = ("stress-ng", "prlimit", "fallocate", "dd", "stat", "head", "tail")
PACKAGES = {"stress-ng": "stress-ng", "prlimit": "util-linux", "fallocate": "util-linux"}
"""Which (Debian) package holds a tool; coreutils holds the others."""
FACTS = (
    SERVICE
    + """
echo "pid $p"
while read -r key value rest; do case $key in Uid:) echo "uid $value";; Gid:) echo "gid $value";; esac; done </proc/$p/status
while read -r key value rest; do [ $key = MemAvailable: ] && echo "free_kib $value"; done </proc/meminfo
for tool in $*; do command -v $tool >/dev/null 2>&1 && echo "tool $tool"; done
"""
)
"""Arguments: tools to look for. /proc/meminfo is the engine host's."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A target seen from inside: its service's process there and user (`uid:gid`), the tools of its image, the host's free memory."""

    pid: int
    user: str
    tools: frozenset[str]
    host_free_bytes: int


def facts(lab: "Lab", replica: Replica, needs: Sequence[str] = ()) -> Facts:
    """Look into a target. Raises CannotInject where there is no shell, or one of the tools it `needs` is missing."""
    try:
        code, output = lab.engine.execute(replica.id, ["sh", "-c", FACTS, "sh", *TOOLS])
    except EngineGone:
        raise
    except ToolError as error:
        code, output = -1, error.message
    return read_facts(replica, code, output, needs)


def read_facts(replica: Replica, code: int, output: str, needs: Sequence[str]) -> Facts:
    """Read the answer of FACTS."""
    said = answers(output)
    if "pid" not in said or "uid" not in said:
        raise CannotInject(
            f"nothing can be run inside {replica}: {output.strip()[:200] or f'exit code {code}'}",
            remedy="the fault needs an image with a shell",
        )
    found = Facts(
        int(said["pid"][0]),
        f"{said['uid'][0]}:{said.get('gid', said['uid'])[0]}",
        frozenset(said.get("tool", ())),
        1024 * int(said.get("free_kib", ["0"])[0]),
    )
    for tool in needs:
        if tool not in found.tools:
            raise CannotInject(
                f"the image of {replica} has no {tool}",
                remedy=f"add the package {PACKAGES.get(tool, 'coreutils')} to the image",
            )
    return found


def run(lab: "Lab", replica: Replica, user: str, script: str, *arguments: str) -> dict[str, list[str]]:
    """Run a shell script inside a target and return its answers. Raises ToolError with its words when it ends badly."""
    code, output = lab.engine.execute(replica.id, ["sh", "-c", script, "sh", *arguments], user)
    if code:
        raise ToolError(f"inside {replica}: {output.strip()[:300] or f'exit code {code}'}", code=code, output=output)
    return answers(output)


def answers(output: str) -> dict[str, list[str]]:
    """Read lines of the form `key value`; a key may come several times."""
    found: dict[str, list[str]] = {}
    for line in output.splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value.strip())
    return found
