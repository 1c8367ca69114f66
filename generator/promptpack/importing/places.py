"""Where agent files are: a folder in, the files out that clients would load from it."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from promptpack.output.manifest import MANIFEST
from promptpack.targets import TARGETS, Target

SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules", "venv"})
MARKDOWN = ".md"
_NAME = "(?P<stem>[^/]+)"
_NESTED_NAME = "(?P<stem>[^/]+(?:/[^/]+)*)"


class FoundFile(NamedTuple):
    """A file that a client loads.

    `path` is relative to the folder that was searched, `root` is the folder that the client would
    have to be started in. `stem` is what the client calls the file.
    """

    path: str
    root: str
    target: str
    stem: str


def _compile_place(place: str) -> re.Pattern[str]:
    pattern = re.escape(place)
    for name, replacement in (("name", _NAME), ("path", _NESTED_NAME)):
        pattern = pattern.replace(re.escape(f"{{{name}}}"), replacement)
    return re.compile(f"(?:(?P<root>.+?)/)?{pattern}")


_PLACES = tuple(
    (target, _compile_place(place))
    for target in TARGETS.values()
    if target.holds_policy
    for place in target.places or (target.path,)
)
"""The patterns of the places of each target whose files say what an agent may do."""


def find_agent_files(folder: Path, target: str = "") -> list[FoundFile]:
    """Return the agent files in a folder, or the one that a path names, by path.

    With a target, every file of its kind is one of its files, wherever it stands. Links are
    followed where they lead to something in the folder.
    """
    if folder.is_file():
        named_file = match_file(folder.absolute().as_posix(), target)
        return [named_file._replace(path="")] if named_file else []
    place = folder.absolute().as_posix()
    return [
        found._replace(path=path)
        for path in sorted(_iter_files(folder))
        if (found := match_file(f"{place}/{path}", target)) is not None
    ]


def match_place(path: str) -> FoundFile | None:
    """Return which client loads a file from a path, or None where none does.

    >>> match_place("shop/.claude/agents/team/critic.md")
    FoundFile(path='shop/.claude/agents/team/critic.md', root='shop', target='claude-code', \
stem='critic')
    """
    for target, pattern in _PLACES:
        match = pattern.fullmatch(path)
        if match:
            return FoundFile(path, match["root"] or "", target.name, _make_stem(target, match))
    return None


def is_walked(name: str, *, is_output: bool) -> bool:
    """Tell whether to look into a folder, which may be beside the record of an output folder."""
    return name not in SKIPPED_FOLDERS and not (is_output and name in TARGETS)


def match_file(path: str, target: str) -> FoundFile | None:
    """Return which client loads a file; with a target, that one, if it is of the right kind."""
    if not target:
        return match_place(path)
    suffix = PurePosixPath(TARGETS[target].path).suffix
    name = PurePosixPath(path).name
    if not name.endswith(suffix):
        return None
    return FoundFile(path, PurePosixPath(path).parent.as_posix(), target, name.split(".")[0])


def _make_stem(target: Target, match: re.Match[str]) -> str:
    """Return what a client calls a file: of one in a folder its last name, in OpenCode the path."""
    return match["stem"] if target.nests_names else PurePosixPath(match["stem"]).name


def _iter_files(folder: Path) -> Iterator[str]:
    """Yield the paths of files, without those of tools and of what promptpack built."""
    boundary = folder.resolve()
    pending = [(folder, "", False)]
    while pending:
        current, prefix, is_linked = pending.pop()
        names = _list_entries(current)
        is_output = MANIFEST in names
        for name, is_link in names.items():
            path = current / name
            if is_link and (is_linked or not _leads_into(path, boundary)):
                continue
            if not path.is_dir():
                yield f"{prefix}{name}"
            elif is_walked(name, is_output=is_output):
                pending.append((path, f"{prefix}{name}/", is_linked or is_link))


def _list_entries(folder: Path) -> Mapping[str, bool]:
    """Return what a folder holds, and whether it is a link; nothing of one that can't be read."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.is_symlink() for entry in entries}
    except OSError:
        return {}


def _leads_into(link: Path, boundary: Path) -> bool:
    """Tell whether a link leads to something else in a folder, and to none that holds the link."""
    try:
        end = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return end.is_relative_to(boundary) and not link.parent.resolve().is_relative_to(end)
