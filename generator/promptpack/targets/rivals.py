"""Two files of one client that a user calls by one name: artifacts in, errors out.

Some clients take such files from two folders. One goes first, and the other is never called.
"""

from promptpack.model import Artifact, Finding
from promptpack.targets import ENTRIES, TARGETS, Target
from promptpack.targets.paths import fold_path

PAIRS = tuple((name, one.yields_to) for name, one in ENTRIES.items() if one.yields_to)
"""The targets of commands, each with that of the files that its client calls in their place."""

_NAMES = frozenset(name for pair in PAIRS for name in pair)


def explain_rival(command: Target, name: str, path: str) -> str:
    """Return that a client calls the file at a path in place of a command of this name."""
    client = TARGETS[command.command.client].title if command.command else command.title
    return f"{client} calls the skill '{name}' from {path} in place of the command of that name"


class Rivals:
    """Which commands a client would not call because of another artifact, as these come by."""

    def __init__(self) -> None:
        self._packs: dict[tuple[str, str], tuple[str, str]] = {}

    def add(self, artifact: Artifact) -> None:
        """Take note of an artifact's name, if it can be one of two."""
        if artifact.target not in _NAMES:
            return
        key = artifact.target, fold_path(artifact.agent.stem)
        self._packs.setdefault(key, (artifact.agent.stem, artifact.variant.pack.path))

    def list_findings(self) -> list[Finding]:
        """Return an error for each command that would not be called."""
        findings = []
        for command, rival in PAIRS:
            for (target, key), (stem, pack) in self._packs.items():
                if target == command and (rival, key) in self._packs:
                    message = explain_rival(TARGETS[command], stem, self._packs[rival, key][1])
                    names = f"{command} or {rival}"
                    hint = f"rename a pack, or leave {names} out of 'targets'"
                    findings.append(Finding("PP201", "error", pack, 1, 1, message, hint))
        return findings
