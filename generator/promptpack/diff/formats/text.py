"""A review for a terminal: one line a group, then its words, marked `[-old-]{+new+}`."""

from collections.abc import Iterator, Mapping

from promptpack.diff.model import PERMISSION_KINDS, Change, Review
from promptpack.diff.wording import (
    NO_CHANGES,
    MarkedText,
    ReportSection,
    WordStatus,
    count_by_section,
    describe_action,
    describe_truncation,
    find_suspicious_lines,
    format_causes,
    format_tokens,
    format_totals,
    iter_sections,
    mark_lines,
    name_subject,
)
from promptpack.reporting.characters import reveal
from promptpack.reporting.console import Color, join_lines, style
from promptpack.reporting.plurals import pluralize

_COLORS: Mapping[WordStatus, Color] = {"gone": "red", "come": "green"}
_FINGERPRINT_LENGTH = 4
_MOVED_LINE_LIMIT = 3


def render_text(review: Review) -> str:
    """Return the report with the marks of its colors."""
    heading = f"promptpack diff  {reveal(review.base)} → {reveal(review.head)}"
    output_count = pluralize(review.built, "output")
    lines = [f"{style(heading, bold=True)}     {output_count} built on both sides", ""]
    if not review.differs:
        return join_lines([*lines[:1], NO_CHANGES])
    for section in iter_sections(review):
        lines += [*_render_section(section), ""]
    if review.causes:
        lines += [style("What a change reaches", bold=True), *_render_causes(review), ""]
    if note := describe_truncation(review):
        lines += [note, ""]
    return join_lines([*lines, f"Summary  {format_totals(review)}"])


def _render_section(section: ReportSection) -> Iterator[str]:
    group_count = pluralize(len(section.changes), "group")
    title = f"! {section.title.upper()}" if section.urgent else section.title
    color: Color | None = "red" if section.urgent else None
    yield f"{style(title, color, bold=True)}  {group_count}"
    if section.title == "Prose":
        yield from (f"  {line}" for line in count_by_section(section.changes))
    for change in section.changes:
        yield from _render_change(change)


def _render_change(change: Change) -> Iterator[str]:
    name = f"  {style(change.id, bold=True)} {change.fingerprint[:_FINGERPRINT_LENGTH]}…"
    if change.kind in PERMISSION_KINDS or change.kind == "output-renamed":
        transition = f"{reveal(change.old)} → {reveal(change.new)}"
        yield (
            f"{name}  {name_subject(change)}  {describe_action(change)}: {transition}  "
            f"{reveal(change.reach)}"
        )
    else:
        token_note = f"  {format_tokens(change.token_delta)}" if change.token_delta else ""
        yield (
            f"{name}  {name_subject(change)}  {describe_action(change)}  {reveal(change.reach)}"
            f"{token_note}"
        )
        yield from _render_words(change)
    if change.causes:
        yield f"     because {format_causes(change)}"


def _render_words(change: Change) -> Iterator[str]:
    if change.kind == "whitespace":
        return
    if change.kind in ("output-added", "output-removed"):
        size = pluralize(len(mark_lines(change)), "line")
        yield from (f"       {reveal(output)}  ({size})" for output in change.outputs)
        return
    lines = find_suspicious_lines(change) if change.kind == "hidden" else mark_lines(change)
    if change.kind == "moved" and len(lines) > _MOVED_LINE_LIMIT:
        lines = [
            *lines[:_MOVED_LINE_LIMIT],
            [MarkedText("same", f"… {len(lines) - _MOVED_LINE_LIMIT} more lines")],
        ]
    yield from (f"         {reveal(line)}".rstrip() for line in change.above.splitlines())
    for line in lines:
        yield (
            f"       {_choose_sign(line)} "
            f"{''.join(_render_word(word, alone=len(line) == 1) for word in line)}"
        )
    yield from (f"         {reveal(line)}".rstrip() for line in change.below.splitlines())


def _choose_sign(line: list[MarkedText]) -> str:
    statuses = {word.mark for word in line}
    signs = {"gone": "-", "come": "+", "same": " "}
    return signs[next(iter(statuses), "same")] if len(statuses) <= 1 else "~"


def _render_word(word: MarkedText, *, alone: bool) -> str:
    if word.mark == "same":
        return word.text
    frame = "{}" if alone else "[-{}-]" if word.mark == "gone" else "{{+{}+}}"
    return style(frame.format(word.text), _COLORS[word.mark])


def _render_causes(review: Review) -> Iterator[str]:
    for cause in review.causes:
        location = f"{reveal(cause.origin.path)}:{cause.origin.line}"
        packs, targets = pluralize(cause.packs, "pack"), pluralize(cause.targets, "target")
        yield f"  {location} → {reveal(cause.reach)} in {packs}, {targets}"
