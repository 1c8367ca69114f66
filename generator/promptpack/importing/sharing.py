"""Texts that several prompts have: split prompts in, the blocks worth a fragment out.

A block is one or more paragraphs that stand one after the other in the same prompts. A code fence
is part of one paragraph, blank lines and all.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from promptpack.importing.splitting import Piece, SplitSection, joins_to, write_fragment
from promptpack.model.sections import make_slug

LEAST_SIZE = 200
"""How many bytes a block has that is worth a fragment."""

LEAST_PROMPTS = 3
"""In how many different prompts such a block stands."""

_FENCE = re.compile(r" {0,3}(`{3,}+(?!.*`)|~{3,}+)")
_BEFORE = re.compile(r"[^\n]\n\n")
_AFTER = re.compile(r"\n(?:\n(?=[^\n])|\Z)")
_NAME_WORDS = 5

Prompts = Mapping[str, Sequence[SplitSection]]
"""The sections of each prompt, by the name of its pack."""

_Span = tuple[int, int]
_Homes = Mapping[str, frozenset[str]]


class BlockPlace(NamedTuple):
    """Where a block stands: the pack, the section, and the characters of its text."""

    pack: str
    section: SplitSection
    span: _Span


@dataclass(frozen=True)
class SharedBlock:
    """A text of several prompts: the fragment's name, where it stands, in how many packs."""

    name: str
    text: str
    places: tuple[BlockPlace, ...]
    count: int
    """In how many prompts that differ it stands."""

    @property
    def saved(self) -> int:
        """How many bytes fewer there are if the text is written once."""
        return len(self.text.encode()) * (self.count - 1)

    @property
    def packs(self) -> tuple[str, ...]:
        """The packs that have it."""
        return tuple(dict.fromkeys(place.pack for place in self.places))


def find_shared_blocks(prompts: Prompts, taken: Collection[str]) -> list[SharedBlock]:
    """Return the blocks that are worth a fragment, the most bytes first; `taken` are names in use.

    Of prompts that are the same throughout, one counts.
    """
    counted = _select_distinct(prompts)
    homes = _find_homes({pack: prompts[pack] for pack in counted})
    places: dict[str, list[BlockPlace]] = defaultdict(list)
    for pack, sections in prompts.items():
        for section in sections:
            for start, end in _list_runs(section.text, homes):
                text = f"{section.text[start:end]}\n"
                places[text].append(BlockPlace(pack, section, (start, end)))
    names = {*taken}
    blocks = []
    for text, found in places.items():
        count = len({place.pack for place in found} & counted)
        if count >= LEAST_PROMPTS and len(text.encode()) > LEAST_SIZE:
            name = _choose_name(found, text, names)
            names.add(name)
            blocks.append(SharedBlock(name, text, tuple(found), count))
    return sorted(blocks, key=lambda block: -block.saved)


def share_blocks(blocks: Iterable[SharedBlock]) -> dict[str, str]:
    """Put shared fragments into the sections; return the files of these fragments, by name."""
    cuts: dict[SplitSection, list[tuple[_Span, str]]] = defaultdict(list)
    for block in blocks:
        for place in block.places:
            cuts[place.section].append((place.span, block.name))
    shared: dict[str, str] = {}
    for section, spans in cuts.items():
        section.pieces = _cut(section.text, sorted(spans))
        shared |= {piece.shared: write_fragment(piece.text) for piece in section.pieces}
    return {name: text for name, text in shared.items() if name}


def _select_distinct(prompts: Prompts) -> set[str]:
    """Return the packs without those whose prompt another one before them has."""
    by_text = {
        tuple((one.name, one.title, one.text) for one in sections): pack
        for pack, sections in reversed([*prompts.items()])
    }
    return {*by_text.values()}


def _find_homes(prompts: Prompts) -> _Homes:
    """Return the prompts in which each paragraph, and each two neighbours, could be cut out."""
    homes: dict[str, set[str]] = defaultdict(set)
    for pack, sections in prompts.items():
        for section in sections:
            text = section.text
            spans = _list_paragraphs(text)
            for start, end in spans:
                homes[text[start:end]].add(pack)
            for (start, before), (after, end) in pairwise(spans):
                if text[before:after] == "\n\n":
                    homes[text[start:end]].add(pack)
    return {text: frozenset(packs) for text, packs in homes.items() if len(packs) >= LEAST_PROMPTS}


def _list_runs(text: str, homes: _Homes) -> list[_Span]:
    """Return the blocks of a section that stand in enough prompts, if they can be cut out."""
    runs: list[_Span] = []
    last_start = 0
    for start, end in _list_paragraphs(text):
        own = homes.get(text[start:end])
        if own is None:
            continue
        before = runs[-1] if runs else (0, 0)
        is_next = text[before[1] : start] == "\n\n"
        if is_next and own == homes.get(text[last_start : before[1]]) == homes.get(
            text[last_start:end]
        ):
            runs[-1] = (before[0], end)
        else:
            runs.append((start, end))
        last_start = start
    runs = [run for run in runs if _can_cut(text, [run])]
    return runs if _can_cut(text, runs) else []


def _can_cut(text: str, runs: Iterable[_Span]) -> bool:
    return any(piece.shared for piece in _cut(text, [(run, "x") for run in runs]))


def _cut(text: str, spans: Sequence[tuple[_Span, str]]) -> list[Piece]:
    """Return a section's text in pieces: those at the spans, which are named, and what is left.

    Where two pieces would not be put together again, the text stays in one.
    """
    pieces: list[Piece] = []
    place = 0
    for (start, end), name in spans:
        if start > place:
            pieces.append(Piece(text[place : start - 1]))
        pieces.append(Piece(f"{text[start:end]}\n", name))
        place = end + 2
    if place < len(text):
        pieces.append(Piece(text[place:]))
    return pieces if joins_to(pieces, text) else [Piece(text)]


def _list_paragraphs(text: str) -> list[_Span]:
    """Return the paragraphs that one blank line, or nothing, sets apart from the others."""
    return [
        (start, end)
        for start, end in _iter_paragraphs(text)
        if _AFTER.match(text, end) and (start == 0 or _BEFORE.match(text, start - 3))
    ]


def _iter_paragraphs(text: str) -> Iterator[_Span]:
    """Yield the runs of lines between blank ones; a blank line in a fence is not one of these."""
    fence, start, place = "", -1, 0
    for line in text.split("\n"):
        if not line and not fence:
            if start >= 0:
                yield start, place - 1
            start = -1
        elif start < 0:
            start = place
        match = _FENCE.match(line)
        if fence and match and match[1].startswith(fence) and not line.strip(f"{fence[0]} \t"):
            fence = ""
        elif not fence and match:
            fence = match[1]
        place += len(line) + 1
    if start >= 0:
        yield start, len(text)


def _choose_name(places: Iterable[BlockPlace], text: str, names: Collection[str]) -> str:
    """Return a name for a fragment: the section that has it most, the first words of its text."""
    folder, _ = Counter(place.section.name for place in places).most_common(1)[0]
    words = make_slug(" ".join(make_slug(text[:200]).split("-")[:_NAME_WORDS])) or "shared"
    candidates = [words, *(f"{words}-{number}" for number in range(2, len(names) + 3))]
    return next(f"{folder}/{one}" for one in candidates if f"{folder}/{one}" not in names)
