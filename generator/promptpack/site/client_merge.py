"""The files of a variant as one: the artifacts in, runs of lines with the clients they are for out.

Clients share most of a prompt, so a page holds each line once and shows those of one client. The
lines of a client, in order, are its file.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple, TypeVar

from promptpack.model import Artifact, Origin
from promptpack.site.catalogue import Origins

Clients = frozenset[int]
"""The clients that something is for, by their number among the files of a variant."""

Item = TypeVar("Item", bound=Hashable)


class Row(NamedTuple):
    """A line of a file, without its newline, and where it comes from."""

    text: str
    origins: tuple[Origin, ...]


class Run(NamedTuple):
    """Lines that stand together, are for the same clients and come from the same files."""

    rows: tuple[Row, ...]
    clients: Clients


class Cut(NamedTuple):
    """A file in three: what the client wants before the prompt, the prompt, what comes after."""

    before: tuple[Row, ...]
    body: tuple[Row, ...]
    after: tuple[Row, ...]


def cut(artifact: Artifact, origins: Origins) -> Cut:
    """Return a file in three; one that spells the prompt in its own way has no body."""
    content = artifact.content.decode()
    rows = tuple(map(Row, content.split("\n")[:-1], origins))
    prompt = artifact.agent.prompt
    at = content.rfind(prompt)
    if at < 0 or (at and content[at - 1] != "\n"):
        return Cut(rows, (), ())
    start = content.count("\n", 0, at)
    end = start + prompt.count("\n")
    return Cut(rows[:start], rows[start:end], rows[end:])


def merged(files: Sequence[Sequence[Item]]) -> list[tuple[Item, Clients]]:
    """Return sequences as one: those items whose number is in the set give the sequence back."""
    distinct: dict[tuple[Item, ...], set[int]] = {}
    for number, file in enumerate(files):
        distinct.setdefault(tuple(file), set()).add(number)
    found: list[tuple[Item, Clients]] = []
    for file, numbers in distinct.items():
        found = list(_joined(found, file, frozenset(numbers)))
    return found


def runs(cuts: Sequence[Cut]) -> list[Run]:
    """Return the files of a variant as runs: all that stands before, the prompts, all after."""
    rows = [
        *_apart(cut.before for cut in cuts),
        *merged([cut.body for cut in cuts]),
        *_apart(cut.after for cut in cuts),
    ]
    return [
        Run(tuple(row for row, _ in group), clients)
        for (clients, _), group in groupby(rows, key=_kind)
    ]


def grouped(items: Iterable[Item]) -> dict[Item, Clients]:
    """Return each distinct item with the numbers at which it stands."""
    found: dict[Item, set[int]] = {}
    for number, item in enumerate(items):
        found.setdefault(item, set()).add(number)
    return {item: frozenset(numbers) for item, numbers in found.items()}


def _joined(
    known: list[tuple[Item, Clients]], file: Sequence[Item], numbers: Clients
) -> Iterator[tuple[Item, Clients]]:
    """Yield what is known with a further sequence worked in."""
    matcher = SequenceMatcher(None, [item for item, _ in known], file, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            yield from ((item, clients | numbers) for item, clients in known[start:end])
        else:
            yield from known[start:end]
            yield from ((item, numbers) for item in file[new_start:new_end])


def _apart(parts: Iterable[Sequence[Row]]) -> Iterator[tuple[Row, Clients]]:
    for rows, clients in grouped(tuple(part) for part in parts).items():
        yield from ((row, clients) for row in rows)


def _kind(pair: tuple[Row, Clients]) -> tuple[Clients, tuple[str, ...]]:
    row, clients = pair
    return clients, tuple(dict.fromkeys(origin.path for origin in row.origins))
