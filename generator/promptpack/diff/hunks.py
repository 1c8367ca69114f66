"""How one file became another: two texts in, hunks out, section by section.

Applied to the old text the hunks give the new one, byte for byte.
"""

from collections.abc import Iterable, Sequence

from promptpack.diff.align import AlignedBlock, find_blocks
from promptpack.diff.model import ChangeKind, Hunk, Spelling
from promptpack.diff.segments import FRONT_MATTER, Segment, spell_text, split_segments, strip_number
from promptpack.reporting.characters import is_deceptive

SAFETY_SECTIONS = frozenset({"ethics", "scope", "permissions"})
"""The sections of which nothing should go unnoticed."""


def find_hunks(old: str, new: str, names: Iterable[str] = ()) -> tuple[Hunk, ...]:
    """Return the hunks between two texts of one file; `names` are the sections it may have."""
    if old == new:
        return ()
    unique_names = tuple(dict.fromkeys(names))
    before, after = split_segments(old, unique_names), split_segments(new, unique_names)
    return tuple(_make_hunk(before, after, block) for block in find_blocks(before, after))


def apply_hunks(old: str, hunks: Iterable[Hunk]) -> str:
    """Return the text that hunks make of the old one, each spelled as its file spells text."""
    raw_segments = [segment.raw for segment in split_segments(old)]
    parts: list[str] = []
    position = 0
    for hunk in sorted(hunks, key=lambda h: (h.start, h.new_start, h.end)):
        parts += raw_segments[position : hunk.start]
        if hunk.half != "from":
            parts.append(spell_text(hunk.new, hunk.spelling))
        position = max(position, hunk.end)
    return "".join([*parts, *raw_segments[position:]])


def _make_hunk(before: Sequence[Segment], after: Sequence[Segment], block: AlignedBlock) -> Hunk:
    old, new = before[block.start : block.end], after[block.new_start : block.new_end]
    spelling = _find_spelling((*old, *new))
    old_text, new_text = _join_text(old, spelling), _join_text(new, spelling)
    first_segment = (*new, *old)[0]
    in_front_matter = first_segment.section == FRONT_MATTER
    field = next((p.field for p in (*new, *old) if p.field), "") if in_front_matter else ""
    start, end = (block.at, block.at) if block.half == "to" else (block.start, block.end)
    return Hunk(
        kind=_classify_change(block, first_segment.section, field, old_text, new_text),
        section=first_segment.section,
        field=field,
        old=old_text,
        new=new_text,
        start=start,
        end=end,
        new_start=block.new_start,
        new_end=block.new_end,
        spelling=spelling,
        half=block.half,
    )


def _find_spelling(segments: Iterable[Segment]) -> Spelling:
    spellings = {segment.spelling for segment in segments}
    return next(iter(spellings)) if len(spellings) == 1 else "raw"


def _join_text(segments: Iterable[Segment], spelling: Spelling) -> str:
    return "".join(segment.raw if spelling == "raw" else segment.text for segment in segments)


def _classify_change(
    block: AlignedBlock, section: str, field: str, old: str, new: str
) -> ChangeKind:
    if is_deceptive(old, new):
        return "hidden"
    if section == FRONT_MATTER:
        return "model" if field == "model" else "mode" if field == "mode" else "head"
    has_same_words = _split_words(old) == _split_words(new)
    if block.half != "whole" and (has_same_words or section not in SAFETY_SECTIONS):
        return "moved"
    if has_same_words:
        return "whitespace" if old.split() == new.split() else "prose"
    if section in SAFETY_SECTIONS and not _is_only_extended(old, new):
        return "safety"
    return "prose"


def _split_words(text: str) -> list[str]:
    return [word for line in text.split("\n") for word in strip_number(line).split()]


def _is_only_extended(old: str, new: str) -> bool:
    """Tell whether the old text is still there, with something new after it at most."""
    return not old.strip() or new.strip().startswith(f"{old.strip()}\n")
