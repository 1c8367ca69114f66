"""What changed since a record: the record in, the sources and outputs with another content out.

Only the content of some files may be another one. Where a name appeared or went, a file became
another kind of file, or anything else is not as the record has it, nothing can be told.
"""

import stat
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from promptpack.output.kept import KeptPacks
from promptpack.output.record import (
    MISSING,
    Look,
    Record,
    has_same_surroundings,
    hash_names,
    hash_place,
)
from promptpack.reading.files import TOTAL_LIMIT

_TREES = ("packs/", "templates/")


class Changes(NamedTuple):
    """The files with another content, or that were touched: sources and outputs, by their paths."""

    sources: frozenset[str]
    outputs: frozenset[str]


def find_changes(record: Record, look: Look, root: Path, folder: str) -> Changes | None:
    """Return what changed in a project and in its output folder; None where that is not certain.

    `look` is at the places of the record. Raises OSError or ValueError where something can't be
    looked at, or is not in the record.
    """
    pairs = [*zip(record.paths, record.states, look.states, strict=True)]
    is_same = has_same_surroundings(record, look.time)
    if not is_same or _measure_sources(pairs, folder) > TOTAL_LIMIT:
        return None
    changed = {path for path, old, new in pairs if old != new}
    fresh = zip(record.fresh[::2], record.fresh[1::2], strict=True)
    changed |= {path for path, digest in fresh if hash_place(path) != digest}
    kinds = {path: _find_kind(old, new) for path, old, new in pairs if path in changed}
    folders = {path for path, kind in kinds.items() if kind == "folder"}
    if None in kinds.values() or not _have_same_names(folders, record):
        return None
    return _sort_places(kinds.keys() - folders, root, folder)


def find_reached(kept: KeptPacks, sources: Iterable[str]) -> frozenset[str] | None:
    """Return the packs about whose files some sources decide; None where that is not certain."""
    packs: set[str] = set()
    for path in sources:
        top, name, *inner = path.split("/")
        if top == "packs" and (not inner or name not in kept.facts):
            return None
        readers = (pack for pack, paths in kept.reads.items() if path in paths)
        packs |= {name} if top == "packs" else {*readers}
    before: set[str] = set()
    while packs != before:
        before = {*packs}
        packs |= {pack for pack, paths in kept.reads.items() if _has_any(paths, before)}
    return frozenset(packs)


def _has_any(paths: Iterable[str], packs: Collection[str]) -> bool:
    """Tell whether any of some sources is in the folder of one of some packs."""
    parts = (path.split("/", 2) for path in paths if path.startswith("packs/"))
    return any(name in packs for _, name, _ in parts)


def _find_kind(old: str, new: str) -> str | None:
    """Return what stands at a place, before and now: "file", "folder", or None for all else."""
    if MISSING in (old, new):
        return None
    (old_mode, *_, old_number, old_device), (mode, *_, number, device) = old.split(), new.split()
    if old_mode != mode:
        return None
    if stat.S_ISREG(int(mode)):
        return "file"
    return "folder" if (old_number, old_device) == (number, device) else None


def _have_same_names(folders: Collection[str], record: Record) -> bool:
    """Tell whether some folders hold what a record has in them, whatever became of that."""
    names: dict[str, list[str]] = defaultdict(list)
    for path, state in zip(record.paths, record.states, strict=True) if folders else ():
        parent, _, name = path.rpartition("/")
        if parent in folders and state != MISSING:
            names[parent].append(name)
    return all(hash_place(one) == hash_names(names[one]) for one in folders)


def _measure_sources(pairs: Iterable[tuple[str, str, str]], folder: str) -> int:
    """Return how many bytes all files have outside the output folder: no less than all sources."""
    return sum(
        int(state.split(" ")[1])
        for path, _, state in pairs
        if state != MISSING and not path.startswith(f"{folder}/")
    )


def _sort_places(paths: Iterable[str], root: Path, folder: str) -> Changes | None:
    sources, outputs = set(), set()
    trees = tuple(f"{root}/{tree}" for tree in _TREES)
    for path in paths:
        if path.startswith(trees):
            sources.add(path.removeprefix(f"{root}/"))
        elif path.startswith(f"{folder}/"):
            outputs.add(path.removeprefix(f"{folder}/"))
        else:
            return None
    return Changes(frozenset(sources), frozenset(outputs))
