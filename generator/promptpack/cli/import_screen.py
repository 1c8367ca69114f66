"""An import on one screen: an overview in, lines out that a person can take in at once."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from promptpack.cli.report import wrap_text
from promptpack.importing.overview import ImportEntry, ImportList, ImportOverview
from promptpack.reporting.console import style

_ROWS = 19
"""The lines of a screen of 24, less one that says what is left out, and what is said at the end."""

_ENTRY_ROWS = 2
_SUBJECT_WIDTH = 44


class _Block(NamedTuple):
    """A list as it is printed: the lines of each entry or group, and how many entries that is."""

    title: str
    rows: list[list[str]]
    sizes: list[int]


def format_screen(overview: ImportOverview, *, is_whole: bool = False) -> Iterator[str]:
    """Yield the facts, and of each list as much as there is room for, the worst first.

    What is left out is counted; the packs are shown where there is room for all of them.
    """
    facts = [line for fact in overview.facts for line in wrap_text("", fact, 2)]
    packs = overview.list_packs()
    if is_whole:
        blocks = [_list_whole(one) for one in (*overview.lists, packs) if one.entries]
        counts = [len(block.rows) for block in blocks]
    else:
        blocks = [_list_groups(one) for one in overview.lists]
        counts, left = _choose_counts(blocks, _ROWS - len(facts) - 1)
        pack_block = _list_whole(packs)
        if packs.entries and 1 + sum(map(len, pack_block.rows)) <= left:
            blocks, counts = [*blocks, pack_block], [*counts, len(pack_block.rows)]
    yield from facts
    yield from [""] if blocks else []
    for block, count in zip(blocks, counts, strict=True):
        yield from [style(f"{block.title}:", bold=True)] if count else []
        yield from (line for rows in block.rows[:count] for line in rows)
    pairs = zip(blocks, counts, strict=True)
    if hidden := sum(sum(block.sizes[count:]) for block, count in pairs):
        yield f"... and {hidden} more: --format json"


def _choose_counts(blocks: Sequence[_Block], left: int) -> tuple[list[int], int]:
    """Return how much of each block there is room for, and how many lines are left.

    Each block in turn gets its next entry; the first one brings the title with it.
    """
    counts = [0] * len(blocks)
    pending = [*range(len(blocks))]
    while pending:
        number = pending.pop(0)
        block, count = blocks[number], counts[number]
        if count < len(block.rows):
            rows = len(block.rows[count]) + (not count)
            if rows <= left:
                counts[number] += 1
                left -= rows
                pending.append(number)
    return counts, left


def _list_whole(one: ImportList) -> _Block:
    rows = [[*wrap_text("  ", f"{entry.subject}: {entry.text}", 4)] for entry in one.entries]
    return _Block(one.title, rows, [1] * len(rows))


def _list_groups(one: ImportList) -> _Block:
    """Return a list in which what is said of several is one entry, of two lines at most."""
    groups: dict[str, list[ImportEntry]] = {}
    for entry in one.entries:
        groups.setdefault(entry.text, []).append(entry)
    rows = []
    for text, entries in groups.items():
        is_one = len(entries) == 1
        words = f"{_shorten(entries[0].subject)}: {text}" if is_one else _name_some(text, entries)
        lines = [*wrap_text("  ", words, 4)]
        if len(lines) > _ENTRY_ROWS:
            lines = [*lines[: _ENTRY_ROWS - 1], f"{lines[_ENTRY_ROWS - 1][:-4]} ..."]
        rows.append(lines)
    return _Block(one.title, rows, [len(entries) for entries in groups.values()])


def _name_some(text: str, entries: Iterable[ImportEntry]) -> str:
    """Return a text with the names of the first two that it is about, and how many more."""
    names = list(dict.fromkeys(PurePosixPath(entry.subject).name for entry in entries))
    names = [name.partition(":")[0] for name in names]
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return f"{text} ({', '.join(names[:2])}{more})"


def _shorten(subject: str) -> str:
    """Return a path without its first folders, where it is long."""
    parts = subject.split("/")
    while len(parts) > 1 and len("/".join(parts)) > _SUBJECT_WIDTH:
        parts = parts[1:]
    shown = "/".join(parts)
    return shown if shown == subject else f".../{shown}"
