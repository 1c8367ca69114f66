"""How one file became another: two texts in, hunks out, section by section.

Applied to the old text the hunks give the new one, byte for byte.
"""

from collections.abc import Iterable, Sequence

from promptpack.diff.align import Block, blocks
from promptpack.diff.model import Hunk, Kind, Spelling
from promptpack.diff.segments import HEAD, Piece, pieces, spelled, unnumbered
from promptpack.reporting.characters import deceptive

SAFETY = frozenset({"ethics", "scope", "permissions"})
"""The sections of which nothing should go unnoticed."""


def hunks(old: str, new: str, names: Iterable[str] = ()) -> tuple[Hunk, ...]:
    """Return the hunks between two texts of one file; `names` are the sections it may have."""
    if old == new:
        return ()
    known = tuple(dict.fromkeys(names))
    before, after = pieces(old, known), pieces(new, known)
    return tuple(_hunk(before, after, block) for block in blocks(before, after))


def applied(old: str, found: Iterable[Hunk]) -> str:
    """Return the text that hunks make of the old one, each spelled as its file spells text."""
    before = [piece.raw for piece in pieces(old)]
    text: list[str] = []
    at = 0
    for hunk in sorted(found, key=lambda h: (h.start, h.new_start, h.end)):
        text += before[at : hunk.start]
        if hunk.half != "from":
            text.append(spelled(hunk.new, hunk.spelling))
        at = max(at, hunk.end)
    return "".join([*text, *before[at:]])


def _hunk(before: Sequence[Piece], after: Sequence[Piece], block: Block) -> Hunk:
    old, new = before[block.start : block.end], after[block.new_start : block.new_end]
    spelling = _spelling((*old, *new))
    was, now = _text(old, spelling), _text(new, spelling)
    first = (*new, *old)[0]
    head = first.section == HEAD
    field = next((p.field for p in (*new, *old) if p.field), "") if head else ""
    start, end = (block.at, block.at) if block.half == "to" else (block.start, block.end)
    return Hunk(
        kind=_kind(block, first.section, field, was, now),
        section=first.section,
        field=field,
        old=was,
        new=now,
        start=start,
        end=end,
        new_start=block.new_start,
        new_end=block.new_end,
        spelling=spelling,
        half=block.half,
    )


def _spelling(found: Iterable[Piece]) -> Spelling:
    spellings = {piece.spelling for piece in found}
    return next(iter(spellings)) if len(spellings) == 1 else "raw"


def _text(found: Iterable[Piece], spelling: Spelling) -> str:
    return "".join(p.raw if spelling == "raw" else p.text for p in found)


def _kind(block: Block, section: str, field: str, old: str, new: str) -> Kind:
    if deceptive(old, new):
        return "hidden"
    if section == HEAD:
        return "model" if field == "model" else "mode" if field == "mode" else "head"
    same = _bare(old) == _bare(new)
    if block.half != "whole" and (same or section not in SAFETY):
        return "moved"
    if same:
        return "whitespace" if old.split() == new.split() else "prose"
    if section in SAFETY and not _only_added(old, new):
        return "safety"
    return "prose"


def _bare(text: str) -> list[str]:
    return [word for line in text.split("\n") for word in unnumbered(line).split()]


def _only_added(old: str, new: str) -> bool:
    """Tell whether the old text is still there, with something new after it at most."""
    return not old.strip() or new.strip().startswith(f"{old.strip()}\n")
