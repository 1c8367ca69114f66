"""A review as a comment: Markdown within a budget, in which nothing that is quoted can act.

Words from the sources stand in code only: there no mention, link or tag is one. What does not fit
is left out from the end, group by group, and the report says how many are shown.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from promptpack.diff.model import NEVER_CUT, PERMISSION_KINDS, WIDER_KINDS, Change, Review
from promptpack.diff.wording import (
    NO_CHANGES,
    MarkedText,
    count_by_section,
    describe_action,
    find_suspicious_lines,
    format_causes,
    format_tokens,
    format_totals,
    iter_sections,
    mark_lines,
    name_subject,
)
from promptpack.reporting.code_spans import format_code
from promptpack.reporting.plurals import pluralize

BUDGET = 60_000
MARKER = "<!-- promptpack:diff -->"
"""The first line of every comment, by which it is found again; anywhere else it means nothing."""

_BACKTICKS = re.compile("`+")
_GROUP_LIMIT = 3_000
_LINE_LIMIT = 1_000
_HIDDEN_LINE_LIMIT = 12
_CAUSE_LIMIT = 20
_REST_NOTE = "; the HTML and JSON reports contain all of them"


class _Chunk(NamedTuple):
    """A piece of the report that is shown whole or not at all; `short` is a line in its place."""

    text: str
    short: str = ""
    stays: bool = False
    groups: int = 0


def render_markdown(review: Review, budget: int = BUDGET) -> str:
    """Return the report in at most `budget` characters, unless what may not be cut needs more."""
    header = (
        f"{MARKER}\n**promptpack diff** {format_code(review.base)} → {format_code(review.head)}\n\n"
    )
    if not review.differs:
        return f"{header}{NO_CHANGES}\n"
    footer = f"\n{format_totals(review)}\n"
    room = budget - len(header) - len(footer) - len(_format_cut_note(10**6, 10**6, _REST_NOTE))
    body, visible_count = _fit_chunks(list(_make_chunks(review)), room)
    total = review.summary.groups
    rest = _REST_NOTE if visible_count < len(review.changes) else ""
    note = _format_cut_note(visible_count, total, rest) if visible_count < total else ""
    return f"{header}{body}{note}{footer}"


def _fit_chunks(chunks: list[_Chunk], room: int) -> tuple[str, int]:
    """Return the chunks that fit, in order, and how many groups they hold."""
    fixed_size = sum(len(chunk.text) for chunk in chunks if chunk.stays)
    tight = fixed_size > room
    remaining_room = room - sum(
        len(_choose_text(chunk, tight=tight)) for chunk in chunks if chunk.stays
    )
    texts, group_count, is_full = [], 0, False
    for chunk in chunks:
        if chunk.stays:
            texts.append(_choose_text(chunk, tight=tight))
            group_count += chunk.groups
        elif not is_full and len(chunk.text) <= remaining_room:
            remaining_room -= len(chunk.text)
            texts.append(chunk.text)
            group_count += chunk.groups
        else:
            is_full = True
    return "".join(texts), group_count


def _choose_text(chunk: _Chunk, *, tight: bool) -> str:
    return chunk.short if tight and chunk.short else chunk.text


def _format_cut_note(visible_count: int, total: int, rest: str) -> str:
    return f"\n**{visible_count} of {total} groups shown**{rest}.\n"


def _make_chunks(review: Review) -> Iterator[_Chunk]:
    for section in iter_sections(review):
        stays = section.changes[0].kind in NEVER_CUT
        group_count = pluralize(len(section.changes), "group")
        sign = "🔴 " if section.urgent else ""
        lead = f"### {sign}{section.title} ({group_count})\n\n"
        if section.title == "Prose":
            counts = "; ".join(format_code(line) for line in count_by_section(section.changes))
            lead += f"{counts}\n\n" if len(counts) < _GROUP_LIMIT else ""
        for change in section.changes:
            title = f"{lead}{_render_title(change)}"
            yield _Chunk(f"{title}{_render_body(change)}\n", title, stays=stays, groups=1)
            lead = ""
        if section.changes[0].kind in WIDER_KINDS:
            command = f'promptpack accept {section.changes[0].fingerprint[:8]} --reason "…"'
            yield _Chunk(f"To accept a change that was reviewed: `{command}`\n\n")
    if review.causes:
        yield _Chunk("".join(_render_causes(review)))


def _render_title(change: Change) -> str:
    parts = [
        f"**{change.id}** {format_code(name_subject(change))} {describe_action(change)}",
        format_code(change.reach),
    ]
    if change.kind in PERMISSION_KINDS or change.kind == "output-renamed":
        parts.insert(
            1, f"{format_code(_shorten(change.old))} → {format_code(_shorten(change.new))}"
        )
    if change.token_delta:
        parts.append(format_tokens(change.token_delta))
    parts.append(format_code(change.fingerprint[:8]))
    return f"- {' · '.join(parts)}\n"


def _render_body(change: Change) -> str:
    reason = f"  because {format_code(_shorten(format_causes(change)))}\n" if change.causes else ""
    if change.kind in PERMISSION_KINDS or change.kind in ("whitespace", "output-renamed"):
        return reason
    if change.kind in ("output-added", "output-removed"):
        names = "".join(f"  - {format_code(_shorten(output))}\n" for output in change.outputs)
        return reason + names
    if change.kind == "hidden":
        lines = find_suspicious_lines(change)
        rest = [[MarkedText("same", f"… {len(lines) - _HIDDEN_LINE_LIMIT} more lines")]]
        is_cut = len(lines) > _HIDDEN_LINE_LIMIT
        return reason + _render_fence([*lines[:_HIDDEN_LINE_LIMIT], *rest] if is_cut else lines)
    return reason + _render_fence(mark_lines(change))


def _render_fence(lines: list[list[MarkedText]]) -> str:
    """Return lines in a fence that is longer than any run of backticks in them."""
    rendered_lines, size = [], 0
    for number, line in enumerate(lines):
        text = _shorten(_render_line(line))
        size += len(text)
        if size > _GROUP_LIMIT:
            rendered_lines.append(f"  … {len(lines) - number} more lines")
            break
        rendered_lines.append(text)
    runs = [len(run) for text in rendered_lines for run in _BACKTICKS.findall(text)]
    ticks = "`" * max(3, 1 + max(runs, default=0))
    inner = "".join(f"  {text}\n" for text in rendered_lines)
    return f"\n  {ticks}diff\n{inner}  {ticks}\n"


def _render_line(line: list[MarkedText]) -> str:
    statuses = {word.mark for word in line}
    if len(statuses) <= 1:
        sign = {"gone": "-", "come": "+", "same": " "}[next(iter(statuses), "same")]
        return f"{sign} {''.join(word.text for word in line)}"
    frames = {"gone": "[-{}-]", "come": "{{+{}+}}", "same": "{}"}
    return "! " + "".join(frames[word.mark].format(word.text) for word in line)


def _render_causes(review: Review) -> Iterator[str]:
    yield "### What a change reaches\n\n"
    for cause in review.causes[:_CAUSE_LIMIT]:
        location = format_code(f"{cause.origin.path}:{cause.origin.line}")
        packs, targets = pluralize(cause.packs, "pack"), pluralize(cause.targets, "target")
        yield f"- {location} → {format_code(cause.reach)} in {packs}, {targets}\n"
    if len(review.causes) > _CAUSE_LIMIT:
        yield f"- {_CAUSE_LIMIT} of {len(review.causes)} causes shown\n"


def _shorten(text: str) -> str:
    return (
        text
        if len(text) <= _LINE_LIMIT
        else f"{text[:_LINE_LIMIT]}… {len(text) - _LINE_LIMIT} more characters"
    )
