"""Paths of outputs: artifacts in, errors out for those that not every file system can hold.

A build on one system is read on another. So what only Windows refuses, or what only a file system
without case would mix up, is an error everywhere.
"""

import unicodedata

from promptpack.model import Artifact, AttachedFile, Finding
from promptpack.targets import TARGETS
from promptpack.targets.target import MAX_STEM, is_stem

_NUMBERED = (f"{name}{digit}" for name in ("com", "lpt") for digit in "0123456789¹²³")
RESERVED_NAMES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$", *_NUMBERED})
"""The names of devices on Windows, in any case and with any extension.

Source: "Naming Files, Paths, and Namespaces" in Microsoft's documentation of Windows.
"""

SKILL_FILE = "SKILL.md"
"""The file that makes a skill of its folder, for some clients also in a folder below another."""

MAX_BYTES = 255
"""The longest name of a file or folder on the usual file systems, in bytes of UTF-8."""


class PathProblems:
    """What is wrong with the paths of artifacts, as these come by."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}
        self._paths: dict[str, tuple[str, str]] = {}

    def add(self, artifact: Artifact) -> None:
        """Take note of an artifact's path, and of what is wrong with it."""
        source = artifact.variant.pack.path
        for name in artifact.path.split("/"):
            if reason := explain_name(name):
                message = f"an output would be at '{artifact.path}', and '{name}' {reason}"
                self._add_finding(source, message)
        for file in artifact.files:
            self._add_file(artifact, file)
        is_block = TARGETS[artifact.target].block
        place = f"{artifact.path}#{artifact.agent.stem}" if is_block else artifact.path
        path, other_source = self._paths.setdefault(fold_path(place), (place, source))
        if (path, other_source) != (place, source):
            message = f"'{place}' and '{path}' of {other_source} are one file on some systems"
            self._add_finding(source, message)

    def _add_file(self, artifact: Artifact, file: AttachedFile) -> None:
        """Take note of a file that goes beside an output."""
        hint = "rename the file"
        if reason := explain_attached(file.path):
            self._add_finding(
                file.source, f"a skill can't have the file '{file.path}': {reason}", hint
            )
        place = artifact.locate(file)
        path, other = self._paths.setdefault(fold_path(place), (place, file.source))
        if (path, other) != (place, file.source):
            message = f"'{place}' and '{path}' of {other} are one file on some systems"
            self._add_finding(file.source, message, hint)

    def list_findings(self) -> list[Finding]:
        """Return the errors."""
        return [*self._findings]

    def _add_finding(
        self, source: str, message: str, hint: str = "give the pack or the model another name"
    ) -> None:
        self._findings[Finding("PP401", "error", source, 1, 1, message, hint)] = None


def explain_name(name: str) -> str:
    """Return why a file system can't hold a name as it is, or nothing."""
    if name.partition(".")[0].rstrip(" ").casefold() in RESERVED_NAMES:
        return "is the name of a device on Windows"
    if name.endswith((".", " ")):
        return "ends with what Windows leaves out"
    if len(name.encode()) > MAX_BYTES:
        return f"is longer than {MAX_BYTES} bytes"
    return ""


def explain_attached(path: str) -> str:
    """Return why no file of this path can go beside a client's file, or nothing.

    `path` is relative to the folder of the client's file.

    >>> explain_attached("scripts/run.py")
    ''
    >>> explain_attached("../run.py") != "" and explain_attached("old/Skill.md") != ""
    True
    """
    if not is_stem(path):
        return (
            f'its path has more than {MAX_STEM} characters, or one of \\ : * ? " < > | #, '
            "or a name in it begins or ends with a dot or a blank"
        )
    names = path.split("/")
    if any(fold_path(name) == fold_path(SKILL_FILE) for name in names):
        return f"clients take every {SKILL_FILE} for a skill"
    return next((f"'{name}' {reason}" for name in names if (reason := explain_name(name))), "")


def fold_path(path: str) -> str:
    """Return what paths have in common that are one file where case or form does not count.

    >>> fold_path("Caf\u00e9.md") == fold_path("CAFE\u0301.MD")
    True
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
    return path if folded == path else folded
