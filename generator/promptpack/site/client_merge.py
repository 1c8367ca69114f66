"""The files of a variant as one: the artifacts in, runs of lines with the clients they are for out.

Clients share most of a prompt, so a page holds each line once and shows those of one client. The
lines of a client, in order, are its file.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple, TypeVar

from promptpack.model import Artifact, Origin
from promptpack.source.text import split_lines
from promptpack.targets import TARGETS
from promptpack.targets.heads import encode_file

LineOrigins = tuple[tuple[Origin, ...], ...]
"""Where each line of a file comes from."""

ClientNumbers = frozenset[int]
"""The clients that something is for, by their number among the files of a variant."""

RunKey = tuple[ClientNumbers, tuple[str, ...]]
"""The clients of a run, and the files that its lines come from."""

Item = TypeVar("Item", bound=Hashable)

DOTS = "…"
"""What stands for a prompt where it is shown elsewhere."""


class Row(NamedTuple):
    """A line of a file, without its newline, and where it comes from."""

    text: str
    origins: tuple[Origin, ...]


class Run(NamedTuple):
    """Lines that stand together, are for the same clients and come from the same files.

    Empty lines after them belong to the same run, wherever they come from.
    """

    rows: tuple[Row, ...]
    clients: ClientNumbers


class FileParts(NamedTuple):
    """A file in three: what the client wants before the prompt, the prompt, what comes after."""

    before: tuple[Row, ...]
    body: tuple[Row, ...]
    after: tuple[Row, ...]


def split_file(artifact: Artifact, origins: LineOrigins) -> FileParts:
    """Return a file in three; one that spells the prompt in its own way has no body."""
    content = artifact.text
    rows = tuple(map(Row, split_lines(content), origins))
    prompt = artifact.agent.prompt
    prompt_index = content.rfind(prompt)
    if prompt_index < 0 or (prompt_index and content[prompt_index - 1] != "\n"):
        return FileParts(rows, (), ())
    start = content.count("\n", 0, prompt_index)
    end = start + len(split_lines(prompt))
    return FileParts(rows[:start], rows[start:end], rows[end:])


def cut_prompt(artifact: Artifact) -> str:
    """Return a file that spells its prompt in its own way, with dots in the prompt's place."""
    agent = artifact.agent
    end = "\n" if agent.prompt.endswith("\n") else ""
    return encode_file(TARGETS[artifact.target], replace(agent, prompt=f"{DOTS}{end}"))


def merge_sequences(files: Sequence[Sequence[Item]]) -> list[tuple[Item, ClientNumbers]]:
    """Return sequences as one: those items whose number is in the set give the sequence back."""
    numbers_by_file: dict[tuple[Item, ...], set[int]] = {}
    for number, file in enumerate(files):
        numbers_by_file.setdefault(tuple(file), set()).add(number)
    merged_items: list[tuple[Item, ClientNumbers]] = []
    for file, numbers in numbers_by_file.items():
        merged_items = list(_merge_sequence(merged_items, file, frozenset(numbers)))
    return merged_items


def make_runs(file_parts: Sequence[FileParts]) -> list[Run]:
    """Return the files of a variant as runs: all that stands before, the prompts, all after."""
    rows = [
        *_iter_distinct_rows(parts.before for parts in file_parts),
        *merge_sequences([parts.body for parts in file_parts]),
        *_iter_distinct_rows(parts.after for parts in file_parts),
    ]
    return [
        Run(tuple(row for row, _ in group), clients)
        for (clients, _), group in groupby(rows, key=_RunKeys().find)
    ]


def group_positions(items: Iterable[Item]) -> dict[Item, ClientNumbers]:
    """Return each distinct item with the numbers at which it stands."""
    positions: dict[Item, set[int]] = {}
    for number, item in enumerate(items):
        positions.setdefault(item, set()).add(number)
    return {item: frozenset(numbers) for item, numbers in positions.items()}


def _merge_sequence(
    merged_items: list[tuple[Item, ClientNumbers]], file: Sequence[Item], numbers: ClientNumbers
) -> Iterator[tuple[Item, ClientNumbers]]:
    """Yield what is known with a further sequence worked in."""
    matcher = SequenceMatcher(None, [item for item, _ in merged_items], file, autojunk=False)
    for operation, start, end, new_start, new_end in matcher.get_opcodes():
        if operation == "equal":
            yield from ((item, clients | numbers) for item, clients in merged_items[start:end])
        else:
            yield from merged_items[start:end]
            yield from ((item, numbers) for item in file[new_start:new_end])


def _iter_distinct_rows(parts: Iterable[Sequence[Row]]) -> Iterator[tuple[Row, ClientNumbers]]:
    for rows, clients in group_positions(tuple(part) for part in parts).items():
        yield from ((row, clients) for row in rows)


class _RunKeys:
    """Finds what the rows of a run have in common; an empty line belongs to the line before it."""

    def __init__(self) -> None:
        self._last: RunKey | None = None

    def find(self, numbered_row: tuple[Row, ClientNumbers]) -> RunKey:
        """Return the clients and the sources of a row, which comes after the one asked for last."""
        row, clients = numbered_row
        if row.text or self._last is None or self._last[0] != clients:
            self._last = clients, tuple(dict.fromkeys(origin.path for origin in row.origins))
        return self._last
