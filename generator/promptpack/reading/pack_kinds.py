"""What the kind of a pack rules out: the file of a pack in, what is for the other kind out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from promptpack.model import Finding
from promptpack.reading.files import SourceFile
from promptpack.source.strict_yaml import DataPath, Document
from promptpack.source.text import make_finding
from promptpack.targets import TARGETS
from promptpack.targets.built import COMMAND_TARGETS, takes_kind

if TYPE_CHECKING:
    from promptpack.reading.schema import PackFile

_COMMAND_KEYS = ("argument_hint", "arguments", "agent")


def find_wrong_kinds(
    pack_file: PackFile, document: Document, file: SourceFile
) -> Iterator[Finding]:
    """Yield an error for each key and target that a pack of this kind can't have."""
    if pack_file.kind == "command" and ("mode",) in document.keys:
        message = "a command has no 'mode': a user calls it"
        yield make_finding("PP040", file.path, document.keys["mode",], message, "", file.text)
    for key in _COMMAND_KEYS if pack_file.kind == "agent" else ():
        if (key,) in document.keys:
            message, hint = f"'{key}' is for commands", "write 'kind: command' for a command"
            yield make_finding("PP040", file.path, document.keys[key,], message, hint, file.text)
    for place, name, is_key in _iter_targets(pack_file):
        stands_for = COMMAND_TARGETS.get(name) if pack_file.kind == "command" else None
        if takes_kind(name, pack_file.kind) or (place[0] == "targets" and stands_for):
            continue
        span = document.keys[place] if is_key else document.values[place]
        message, hint = _explain(name, pack_file.kind, stands_for)
        yield make_finding("PP040", file.path, span, message, hint, file.text)


def _iter_targets(pack_file: PackFile) -> Iterator[tuple[DataPath, str, bool]]:
    """Yield where a pack names a target, which, and whether as a key."""
    for number, name in enumerate(pack_file.targets):
        yield ("targets", number), name, False
    for name in pack_file.clients:
        yield ("clients", name), name, True
    for number, accept in enumerate(pack_file.accept):
        yield ("accept", number, "target"), accept.target, False
    for number, expect in enumerate(pack_file.expect):
        place: DataPath = ("expect", number, "when", "target")
        named = expect.when.target
        if isinstance(named, str):
            yield place, named, False
        for index, name in enumerate(named if isinstance(named, list) else ()):
            yield (*place, index), name, False


def _explain(name: str, kind: str, stands_for: str | None) -> tuple[str, str]:
    if kind == "agent":
        return f"'{name}' is for commands", "write 'kind: command' for a command"
    if stands_for:
        return f"'{name}' is for agents", f"write '{stands_for}'"
    known = ", ".join(COMMAND_TARGETS)
    title = TARGETS[name].title
    return f"{title} has no commands", f"these have: {known}"
