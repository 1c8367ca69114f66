"""A review for a terminal: one line a group, then its words, marked `[-old-]{+new+}`."""

import shutil
from collections.abc import Iterator, Mapping

from promptpack.diff.accepting import describe_pending
from promptpack.diff.cause_blocks import (
    CauseBlock,
    count_idle_sources,
    has_causes,
    is_told_by,
    iter_cause_blocks,
    list_other_sources,
    mark_source,
)
from promptpack.diff.edits import is_layout, is_moved
from promptpack.diff.model import PERMISSION_KINDS, Change, Review, SourceHunk
from promptpack.diff.one_line import summarize_change
from promptpack.diff.representatives import (
    choose_representatives,
    describe_representatives,
    list_groups,
)
from promptpack.diff.wording import (
    DRIFT_TITLE,
    NO_CHANGES,
    ReportSection,
    count_by_section,
    describe_action,
    describe_drift,
    describe_transition,
    describe_truncation,
    find_suspicious_lines,
    format_causes,
    format_place,
    format_radius,
    format_tokens,
    format_totals,
    format_verdict,
    is_urgent,
    iter_sections,
    list_drift,
    list_widened,
    mark_lines,
    measure_outputs,
    name_subject,
)
from promptpack.diff.words import MarkedText, WordStatus, wrap_line
from promptpack.reporting.characters import reveal
from promptpack.reporting.console import Color, join_lines, style
from promptpack.reporting.plurals import pluralize

_COLORS: Mapping[WordStatus, Color] = {"gone": "red", "come": "green"}
_FINGERPRINT_LENGTH = 4
_MOVED_LINE_LIMIT = 3
_SOURCE_LINE_LIMIT = 12
_OUTPUT_LIMIT = 6
_CHOSEN_LIMIT = 12
_LAYOUT_LINE_LIMIT = 6
_INDENT = 10
"""How far the second column of words begins from the left, with room for marks."""

_MIN_WIDTH = 40


def render_text(review: Review) -> str:
    """Return the report with the marks of its colors."""
    heading = f"promptpack diff  {reveal(review.base)} → {reveal(review.head)}"
    output_count = pluralize(review.built, "output")
    lines = [f"{style(heading, bold=True)}     {output_count} built on both sides", ""]
    if not review.differs:
        return join_lines([*lines[:1], *_render_drift(review), NO_CHANGES])
    notes = [note] if (note := describe_pending(review)) else []
    lines[1:] = [_render_verdict(review), *notes, "", *_render_drift(review)]
    if has_causes(review):
        for block in iter_cause_blocks(review):
            lines += [*_render_block(block), ""]
    else:
        for section in iter_sections(review):
            lines += [*_render_section(section), ""]
    lines += _render_rest(review)
    if note := describe_truncation(review):
        lines += [note, ""]
    return join_lines([*lines, f"Summary  {format_totals(review)}"])


def _render_verdict(review: Review) -> str:
    verdict = format_verdict(review)
    if review.widened and has_causes(review):
        verdict = f"PERMISSIONS WIDENED  {pluralize(len(review.widened), 'group')}: "
        verdict += list_widened(review)
    return style(f"! {verdict}", "red", bold=True) if is_urgent(review) else verdict


def _render_drift(review: Review) -> list[str]:
    """Return what is committed and not built from the sources, with an empty line after it."""
    notes, outputs = [*describe_drift(review)], list_drift(review)
    if len(outputs) > _OUTPUT_LIMIT:
        more = pluralize(len(outputs) - _OUTPUT_LIMIT, "more output")
        outputs[_OUTPUT_LIMIT:] = [f"… {more}"]
    lines = [*(f"  {note}" for note in notes), *(f"       {output}" for output in outputs)]
    return [style(DRIFT_TITLE, bold=True), *lines, ""] if lines else []


def _render_block(block: CauseBlock) -> Iterator[str]:
    """Yield a changed place of a source, then what follows from it."""
    source = block.source
    if source is None:
        yield style("Without a changed source", bold=True)
    else:
        yield f"{style(format_place(source), bold=True)} → {_render_radius(source)}"
        lines = mark_source(source)
        yield from _render_lines(lines[:_SOURCE_LINE_LIMIT])
        if len(lines) > _SOURCE_LINE_LIMIT:
            yield f"         … {len(lines) - _SOURCE_LINE_LIMIT} more lines"
    for change in block.changes:
        yield from _render_change(change, source)
    if block.others:
        yield f"  with another cause: {', '.join(block.others)}"


def _render_radius(source: SourceHunk) -> str:
    return f"{reveal(source.reach)} in {format_radius(source)}"


def _render_rest(review: Review) -> list[str]:
    """Return what the causes do not tell: accepted changes, other sources, representatives."""
    lines: list[str] = []
    if others := list_other_sources(review):
        lines += [style("Other changed sources", bold=True)]
        lines += [f"  {format_place(source)} → {_render_radius(source)}" for source in others]
    if idle_count := count_idle_sources(review):
        places = pluralize(idle_count, "changed place")
        lines += [f"{places} of sources without effect on these outputs"]
    if not has_causes(review) and review.causes:
        lines += [style("What a change reaches", bold=True), *_render_causes(review)]
    if review.accepted:
        lines += [*([""] if lines else []), style("Accepted earlier", bold=True)]
        lines += [f"  {summarize_change(change)}" for change in review.accepted]
    return [*lines, "", *_render_chosen(review)] if lines else _render_chosen(review)


def _render_chosen(review: Review) -> list[str]:
    """Return the few outputs that show every change, where these are not all."""
    chosen = choose_representatives(review)
    if len(chosen) == len(list_groups(review)):
        return []
    title = style(describe_representatives(len(chosen), review), bold=True)
    lines = [f"  {reveal(one.path)}  {', '.join(one.groups)}" for one in chosen]
    if len(lines) > _CHOSEN_LIMIT:
        lines[_CHOSEN_LIMIT:] = [f"  … {pluralize(len(lines) - _CHOSEN_LIMIT, 'more output')}"]
    return [title, *lines, ""]


def _render_section(section: ReportSection) -> Iterator[str]:
    group_count = pluralize(len(section.changes), "group")
    title = f"! {section.title.upper()}" if section.urgent else section.title
    color: Color | None = "red" if section.urgent else None
    yield f"{style(title, color, bold=True)}  {group_count}"
    if section.title == "Prose":
        yield from (f"  {line}" for line in count_by_section(section.changes))
    for change in section.changes:
        yield from _render_change(change)


def _render_change(change: Change, source: SourceHunk | None = None) -> Iterator[str]:
    color: Color | None = "red" if change.severity == "critical" else None
    name = f"  {style(change.id, color, bold=True)} {change.fingerprint[:_FINGERPRINT_LENGTH]}…"
    if change.kind in PERMISSION_KINDS or change.kind == "output-renamed":
        yield (
            f"{name}  {name_subject(change)}  {describe_action(change)}: "
            f"{describe_transition(change)}  {reveal(change.reach)}"
        )
    else:
        token_note = f"  {format_tokens(change.token_delta)}" if change.token_delta else ""
        yield (
            f"{name}  {name_subject(change)}  {describe_action(change)}  {reveal(change.reach)}"
            f"{token_note}"
        )
        if not is_told_by(change, source) or change.above or change.below:
            yield from _render_words(change)
    if causes := format_causes(change, source):
        yield f"     {'also ' if source else ''}because {causes}"


def _render_words(change: Change) -> Iterator[str]:
    if change.kind == "whitespace":
        return
    if change.kind in ("output-added", "output-removed"):
        sizes = [*measure_outputs(change)]
        yield from (f"       {output}  ({size})" for output, size in sizes[:_OUTPUT_LIMIT])
        if len(sizes) > _OUTPUT_LIMIT:
            yield f"       … {pluralize(len(sizes) - _OUTPUT_LIMIT, 'more output')}"
        return
    lines = find_suspicious_lines(change) if change.kind == "hidden" else mark_lines(change)
    if is_moved(change) and len(lines) > _MOVED_LINE_LIMIT:
        lines = [
            *lines[:_MOVED_LINE_LIMIT],
            [MarkedText("same", f"… {len(lines) - _MOVED_LINE_LIMIT} more lines")],
        ]
    if is_layout(change) and len(lines) > _LAYOUT_LINE_LIMIT:
        rest = MarkedText("same", f"… {len(lines) - _LAYOUT_LINE_LIMIT} more lines")
        lines = [*lines[:_LAYOUT_LINE_LIMIT], [rest]]
    yield from (f"         {reveal(line)}".rstrip() for line in change.above.splitlines())
    yield from _render_lines(lines)
    yield from (f"         {reveal(line)}".rstrip() for line in change.below.splitlines())


def _render_lines(lines: list[list[MarkedText]]) -> Iterator[str]:
    width = max(_MIN_WIDTH, shutil.get_terminal_size().columns) - _INDENT
    for line in lines:
        alone = len(line) == 1
        first, *rest = wrap_line(line, width)
        yield f"{_choose_sign(line):>{_INDENT - 2}} {_render_line(first, alone=alone)}"
        yield from (f"{'':{_INDENT + 1}}{_render_line(part, alone=alone)}" for part in rest)


def _render_line(line: list[MarkedText], *, alone: bool) -> str:
    return "".join(_render_word(word, alone=alone) for word in line)


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
