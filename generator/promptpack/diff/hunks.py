"""How one file became another: two texts in, hunks out, section by section.

Applied to the old text the hunks give the new one, byte for byte.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from promptpack.diff.align import Aligner
from promptpack.diff.framing import Framing, describe_marks, name_layout
from promptpack.diff.model import AlignedBlock, ChangeKind, Hunk, Segment, Spelling
from promptpack.diff.segments import (
    FRONT_MATTER,
    Segments,
    spell_text,
    split_segments,
)
from promptpack.model.sections import SAFETY_SECTIONS
from promptpack.reporting.characters import is_deceptive

HEADING = "heading"
"""The field of changes in which a section's heading comes or goes."""

MOVED_FROM = "from "
"""How the field of a text begins that moved to another section; that section follows."""

_LINE_MARK = re.compile(r"^\s*(?:#{1,6}\s+)?(?:[-*+]\s+)?(?:[0-9]+[.)]\s+)?")


def find_hunks(before: Segments, after: Segments, aligner: Aligner) -> tuple[Hunk, ...]:
    """Return the hunks between the segments of one file, as it was and as it is."""
    names = aligner.source_lines
    framing = Framing(before, after, names.name_old, names.name_new)
    hunks = [
        _make_hunk(before, after, block, framing) for block in aligner.find_blocks(before, after)
    ]
    headings = {hunk.section: hunk.kind for hunk in hunks if hunk.field == HEADING}
    return tuple(_join_heading(hunk, headings) for hunk in hunks)


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


def _make_hunk(
    before: Sequence[Segment], after: Sequence[Segment], block: AlignedBlock, framing: Framing
) -> Hunk:
    old, new = before[block.start : block.end], after[block.new_start : block.new_end]
    spelling = _find_spelling((*old, *new))
    old_text, new_text = _join_text(old, spelling), _join_text(new, spelling)
    first_segment = (*new, *old)[0]
    layout = _find_layout(old, new, block, framing)
    field = layout.field if layout else _find_field(old, new, block)
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
        layout=layout.name if layout and field != HEADING else None,
    )


class _ChangedLayout(NamedTuple):
    """The layout whose marks changed; `field` tells whether the title or a heading came or went."""

    name: str
    field: str


def _join_heading(hunk: Hunk, headings: Mapping[str, ChangeKind]) -> Hunk:
    """Return a hunk of blank lines as one of the heading that came or went with them."""
    is_blank = hunk.half == "whole" and not (hunk.old.strip() or hunk.new.strip())
    if not is_blank or hunk.section not in headings or hunk.section == FRONT_MATTER:
        return hunk
    return hunk._replace(kind=headings[hunk.section], field=HEADING, layout=None)


def _find_layout(
    old: Sequence[Segment], new: Sequence[Segment], block: AlignedBlock, framing: Framing
) -> _ChangedLayout | None:
    """Return the layout of a block in which only the marks of sections changed, or else None."""
    parts = (
        describe_marks(old, lambda: framing.old, block.start),
        describe_marks(new, lambda: framing.new, block.new_start),
    )
    if block.half != "whole" or None in parts or not any(parts):
        return None
    field = next((kind for kind in (HEADING, "title") if kind in parts), "")
    return _ChangedLayout(name_layout((*new, *old)), field)


def _find_field(old: Sequence[Segment], new: Sequence[Segment], block: AlignedBlock) -> str:
    """Return the field that front matter gives, or the section that a moved text comes from."""
    first_segment = (*new, *old)[0]
    if first_segment.section == FRONT_MATTER:
        return next((segment.field for segment in (*new, *old) if segment.field), "")
    is_from_elsewhere = block.half != "whole" and old[0].section != new[0].section
    return f"{MOVED_FROM}{old[0].section or 'no section'}" if is_from_elsewhere else ""


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
    """Return the words of a text, without what makes a line a heading or an item."""
    return [word for line in text.split("\n") for word in _LINE_MARK.sub("", line).split()]


def _is_only_extended(old: str, new: str) -> bool:
    """Tell whether the old text is still there, with something new after it at most."""
    return not old.strip() or new.strip().startswith(f"{old.strip()}\n")
