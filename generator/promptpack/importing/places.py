"""Where agent files are: a folder in, the files out that clients would load from it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from promptpack.output.manifest import MANIFEST
from promptpack.source.disk import Entry, find_real_path, walk_folder
from promptpack.targets import TARGETS, Target

SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules", "venv"})
MARKDOWN = ".md"
_NAME = "(?P<stem>[^/]+)"
_NESTED_NAME = "(?P<stem>[^/]+(?:/[^/]+)*)"


class FoundFile(NamedTuple):
    """A file that a client loads.

    `path` is relative to the folder that was searched, `root` is the folder that the client would
    have to be started in. `stem` is what the client calls the file. A `problem` is why a folder was
    not looked into.
    """

    path: str
    root: str
    target: str
    stem: str
    problem: str = ""


def _compile_place(place: str) -> re.Pattern[str]:
    pattern = re.escape(place)
    for name, replacement in (("name", _NAME), ("path", _NESTED_NAME)):
        pattern = pattern.replace(re.escape(f"{{{name}}}"), replacement)
    return re.compile(f"(?:(?P<root>.+?)/)?{pattern}")


_PLACES = tuple(
    (target, _compile_place(place))
    for target in TARGETS.values()
    for place in target.places or ((target.path,) if target.holds_policy else ())
)
"""The patterns of the places of each target whose files can be told by their path."""


def find_agent_files(folder: Path, target: str = "", *, texts: bool = False) -> list[FoundFile]:
    """Return the agent files in a folder, or the one that a path names, by path.

    With a target, every file of its kind is one of its files, wherever it stands; with `texts`,
    files that say nothing about permissions count too, besides skills and commands. Links are
    followed where they lead to something in the folder.
    """
    if folder.is_file():
        named_file = match_file(folder.absolute().as_posix(), target, texts=texts)
        return [named_file._replace(path="")] if named_file else []
    found = [_examine(entry, folder, target, texts=texts) for entry in _iter_entries(folder)]
    return sorted(one for one in found if one is not None)


def _examine(entry: Entry, folder: Path, target: str, *, texts: bool) -> FoundFile | None:
    """Return a file that a client loads, or a folder that can't be looked into, or None."""
    path = entry.path.relative_to(folder).as_posix()
    if entry.problem:
        return FoundFile(path, "", "", "", entry.problem)
    if entry.is_folder:
        return None
    file = match_file(entry.path.absolute().as_posix(), target, texts=texts)
    return file and file._replace(path=path)


def match_place(path: str, *, texts: bool = False) -> FoundFile | None:
    """Return which client loads a file from a path, or None where none does.

    A file of a client that reads no permissions in it, such as a Cursor rule, is one of `texts`.

    >>> found = match_place("shop/.claude/agents/team/critic.md")
    >>> found.root, found.target, found.stem
    ('shop', 'claude-code', 'critic')
    """
    for target, pattern in _PLACES:
        is_meant = texts or target.holds_policy or target.takes_files or target.command
        match = pattern.fullmatch(path) if is_meant else None
        if match:
            return FoundFile(path, match["root"] or "", target.name, _make_stem(target, match))
    return None


def is_walked(name: str, *, is_output: bool) -> bool:
    """Tell whether to look into a folder, which may be beside the record of an output folder."""
    return name not in SKIPPED_FOLDERS and not (is_output and name in TARGETS)


def match_file(path: str, target: str, *, texts: bool = False) -> FoundFile | None:
    """Return which client loads a file; with a target, that one, if it is of the right kind."""
    if not target:
        return match_place(path, texts=texts)
    suffix = PurePosixPath(TARGETS[target].path).suffix
    name = PurePosixPath(path).name
    if not name.endswith(suffix):
        return None
    return FoundFile(path, PurePosixPath(path).parent.as_posix(), target, name.split(".")[0])


def _make_stem(target: Target, match: re.Match[str]) -> str:
    """Return what a client calls a file: of one in a folder its last name, in OpenCode the path.

    A file that agents share has no name.
    """
    if "stem" not in match.re.groupindex:
        return ""
    return match["stem"] if target.nests_names else PurePosixPath(match["stem"]).name


def _iter_entries(folder: Path) -> Iterator[Entry]:
    """Yield what is in a folder, without the folders of tools and of what promptpack built.

    What a link leads to stands where the link does; in there, no other link is followed.
    """
    boundary = find_real_path(folder)
    for entry in walk_folder(folder, skips=_is_skipped):
        if not entry.path.is_symlink() or entry.path == folder:
            yield entry
        elif _leads_into(entry.path, boundary):
            yield from _iter_linked(entry)


def _iter_linked(link: Entry) -> Iterator[Entry]:
    end = find_real_path(link.path)
    if not link.is_folder:
        yield link
    elif not _is_skipped(link.path):
        for entry in walk_folder(end, skips=_is_skipped):
            if not entry.path.is_symlink():
                yield entry._replace(path=link.path / entry.path.relative_to(end))


def _is_skipped(folder: Path) -> bool:
    is_output = os.path.lexists(folder.parent / MANIFEST)
    return not is_walked(folder.name, is_output=is_output)


def _leads_into(link: Path, boundary: Path) -> bool:
    """Tell whether a link leads to something else in a folder, and to none that holds the link."""
    end = find_real_path(link)
    is_inside = end.exists() and end.is_relative_to(boundary)
    return is_inside and not find_real_path(link.parent).is_relative_to(end)
