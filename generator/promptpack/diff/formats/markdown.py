"""A review as a comment: Markdown within a budget, in which nothing that is quoted can act.

Words from the sources stand in code only: there no mention, link or tag is one. What does not fit
is left out from the end, group by group, and the report says how many are shown.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from promptpack.diff.accepting import describe_pending, format_accept_command
from promptpack.diff.cause_blocks import (
    CauseBlock,
    has_causes,
    is_told_by,
    iter_cause_blocks,
    list_other_sources,
    mark_source,
)
from promptpack.diff.edits import list_rule_edits
from promptpack.diff.links import make_link
from promptpack.diff.model import (
    NEVER_CUT,
    PERMISSION_KINDS,
    WIDER_KINDS,
    Cause,
    Change,
    Review,
    SourceHunk,
)
from promptpack.diff.one_line import summarize_change
from promptpack.diff.representatives import (
    Representative,
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
    name_subject,
)
from promptpack.diff.words import MarkedText, wrap_line
from promptpack.reporting.code_spans import format_code
from promptpack.reporting.plurals import pluralize

BUDGET = 60_000
MARKER = "<!-- promptpack:diff -->"
"""The first line of every comment, by which it is found again; anywhere else it means nothing."""

_BACKTICKS = re.compile("`+")
_GROUP_LIMIT = 3_000
_LINE_LIMIT = 1_000
_WIDTH = 100
"""How many characters a line of a change has before it is broken: a fence would scroll."""

_HIDDEN_LINE_LIMIT = 12
_CAUSE_LIMIT = 20
_OUTPUT_LIMIT = 6
_CHOSEN_LIMIT = 12
_PATH_LIMIT = 200
_REACH_TITLE = "What a change reaches"
_FOLD = "<details><summary>{}</summary>\n\n{}\n</details>\n\n"
_REST_NOTE = "; the HTML and JSON reports contain all of them"


class _Chunk(NamedTuple):
    """A piece of the report that is shown whole or not at all; `short` is a line in its place.

    Neighbours with the same `fold` are folded together under that line.
    """

    text: str
    short: str = ""
    stays: bool = False
    groups: int = 0
    fold: str = ""

    @property
    def size(self) -> int:
        """Return how many characters it takes, folded by itself."""
        return len(self.text) + (len(_FOLD.format(self.fold, "")) if self.fold else 0)


def render_markdown(review: Review, budget: int = BUDGET) -> str:
    """Return the report in at most `budget` characters, unless what may not be cut needs more."""
    header = (
        f"{MARKER}\n**promptpack diff** {format_code(review.base)} → {format_code(review.head)}\n\n"
    )
    if not review.differs:
        drift = "".join(chunk.text for chunk in _make_drift_chunks(review))
        return f"{header}{drift}{NO_CHANGES}\n"
    header += f"{_render_verdict(review)}\n\n"
    if note := describe_pending(review, format_code):
        header += f"{note}\n\n"
    footer = f"\n{format_totals(review)}\n"
    room = budget - len(header) - len(footer) - len(_format_cut_note(10**6, 10**6, _REST_NOTE))
    body, visible_count = _fit_chunks(list(_make_chunks(review)), room)
    total = review.summary.groups
    rest = _REST_NOTE if visible_count < len(review.changes) else ""
    note = _format_cut_note(visible_count, total, rest) if visible_count < total else ""
    return f"{header}{body.rstrip()}\n{note}{footer}"


def _fit_chunks(chunks: list[_Chunk], room: int) -> tuple[str, int]:
    """Return the chunks that fit, in order, and how many groups they hold."""
    fixed_size = sum(len(chunk.text) for chunk in chunks if chunk.stays)
    tight = fixed_size > room
    remaining_room = room - sum(
        len(_choose_text(chunk, tight=tight)) for chunk in chunks if chunk.stays
    )
    texts: list[tuple[str, str]] = []
    group_count, is_full = 0, False
    for chunk in chunks:
        if chunk.stays:
            texts.append((chunk.fold, _choose_text(chunk, tight=tight)))
            group_count += chunk.groups
        elif not is_full and chunk.size <= remaining_room:
            remaining_room -= chunk.size
            texts.append((chunk.fold, chunk.text))
            group_count += chunk.groups
        else:
            is_full = True
    return "".join(_fold_texts(texts)), group_count


def _fold_texts(texts: list[tuple[str, str]]) -> Iterator[str]:
    for fold, members in groupby(texts, key=lambda pair: pair[0]):
        text = "".join(text for _, text in members)
        yield _FOLD.format(fold, text.rstrip("\n") + "\n") if fold else text


def _choose_text(chunk: _Chunk, *, tight: bool) -> str:
    return chunk.short if tight and chunk.short else chunk.text


def _format_cut_note(visible_count: int, total: int, rest: str) -> str:
    return f"\n**{visible_count} of {total} groups shown**{rest}.\n"


def _make_chunks(review: Review) -> Iterator[_Chunk]:
    yield from _make_drift_chunks(review)
    if has_causes(review):
        for block in iter_cause_blocks(review):
            yield from _make_block_chunks(block, make_link(review, block.source))
        if others := list_other_sources(review):
            lines = _render_reach("Other changed sources", map(_name_radius, others))
            yield _Chunk("".join([*lines, "\n"]))
    else:
        for section in iter_sections(review):
            yield from _make_section_chunks(section)
        if review.causes:
            yield _Chunk("".join(_render_reach(_REACH_TITLE, map(_name_reach, review.causes))))
    yield from _make_closing_chunks(review)


def _make_closing_chunks(review: Review) -> Iterator[_Chunk]:
    """Yield what is said of the changes as a whole: where to see them, how to accept them."""
    chosen = choose_representatives(review)
    if len(chosen) < len(list_groups(review)):
        lines = [_name_chosen(one) for one in chosen[:_CHOSEN_LIMIT]]
        if len(chosen) > _CHOSEN_LIMIT:
            lines.append(f"- {pluralize(len(chosen) - _CHOSEN_LIMIT, 'more output')}\n")
        title = describe_representatives(len(chosen), review)
        yield _Chunk(_FOLD.format(title, "".join(lines)), stays=True)
    if widened := next((one for one in review.changes if one.kind in WIDER_KINDS), None):
        command = format_code(format_accept_command(review, widened.fingerprint))
        yield _Chunk(f"To accept a change that was reviewed: {command}\n\n", stays=True)
    if review.accepted:
        title = f"Accepted earlier ({pluralize(len(review.accepted), 'group')})"
        for change in review.accepted:
            yield _Chunk(f"- {format_code(summarize_change(change))}\n", fold=title)


def _name_chosen(chosen: Representative) -> str:
    return f"- {format_code(_shorten(chosen.path, _PATH_LIMIT))} · {', '.join(chosen.groups)}\n"


def _make_drift_chunks(review: Review) -> Iterator[_Chunk]:
    notes = [f"- {format_code(note)}\n" for note in describe_drift(review)]
    outputs = [f"  - {format_code(_shorten(output))}\n" for output in list_drift(review)]
    if len(outputs) > _OUTPUT_LIMIT:
        more = pluralize(len(outputs) - _OUTPUT_LIMIT, "more output")
        outputs[_OUTPUT_LIMIT:] = [f"  - {more}\n"]
    if notes:
        yield _Chunk("".join([f"### {DRIFT_TITLE}\n\n", *notes, *outputs, "\n"]))


def _make_block_chunks(block: CauseBlock, link: str) -> Iterator[_Chunk]:
    """Yield a changed place of a source, with the urgent changes below it, then the others."""
    open_changes = [one for one in block.changes if one.severity in ("critical", "major")]
    folded_changes = [one for one in block.changes if one not in open_changes]
    source = block.source
    if source is None:
        lead, short_lead = "### Without a changed source\n\n", ""
    else:
        name = format_code(format_place(source))
        place = f"{f'[{name}]({link})' if link else name} → {format_code(source.reach)}"
        short_lead = f"### {place} in {format_radius(source)}\n\n"
        lead = f"{short_lead.rstrip()}\n{_render_fence(mark_source(source))}\n"
    if block.others:
        lead += f"With another cause: {', '.join(block.others)}\n\n"
    for change in open_changes:
        title = _render_title(change)
        stays = change.kind in NEVER_CUT
        text = f"{lead}{title}{_render_body(change, source)}\n"
        yield _Chunk(text, f"{short_lead}{title}", stays=stays, groups=1)
        lead = short_lead = ""
    if lead and folded_changes:
        yield _Chunk(lead)
    fold = f"{pluralize(len(folded_changes), 'more group' if open_changes else 'group')}"
    for change in folded_changes:
        title = _render_title(change)
        stays = change.kind in NEVER_CUT
        text = f"{title}{_render_body(change, source)}\n"
        yield _Chunk(text, title, stays=stays, groups=1, fold=fold)


def _make_section_chunks(section: ReportSection) -> Iterator[_Chunk]:
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


def _render_verdict(review: Review) -> str:
    if review.widened and has_causes(review):
        count = pluralize(len(review.widened), "group")
        return f"### 🔴 Permissions widened ({count})\n\n{list_widened(review)}"
    verdict = format_verdict(review)
    return f"🔴 **{verdict}**" if is_urgent(review) else verdict


def _render_title(change: Change) -> str:
    parts = [
        f"**{change.id}** {format_code(name_subject(change))} {describe_action(change)}",
        format_code(change.reach),
    ]
    if change.kind in PERMISSION_KINDS or change.kind == "output-renamed":
        edits = list_rule_edits(change.old, change.new) if change.kind in PERMISSION_KINDS else []
        transition = " → ".join(format_code(_shorten(one)) for one in (change.old, change.new))
        parts.insert(1, format_code(_shorten("; ".join(edits))) if edits else transition)
    if change.token_delta:
        parts.append(format_tokens(change.token_delta))
    parts.append(format_code(change.fingerprint[:8]))
    return f"- {' · '.join(parts)}\n"


def _render_body(change: Change, source: SourceHunk | None = None) -> str:
    causes = format_causes(change, source)
    word = "also because" if source else "because"
    reason = f"  {word} {format_code(_shorten(causes))}\n" if causes else ""
    if change.kind in PERMISSION_KINDS or change.kind in ("whitespace", "output-renamed"):
        return reason
    if change.kind in ("output-added", "output-removed"):
        names = [f"  - {format_code(_shorten(output))}\n" for output in change.outputs]
        more = pluralize(len(names) - _OUTPUT_LIMIT, "more output")
        if len(names) > _OUTPUT_LIMIT:
            names[_OUTPUT_LIMIT:] = [f"  - {more}\n"]
        return reason + "".join(names)
    if change.kind == "hidden":
        lines = find_suspicious_lines(change)
        rest = [[MarkedText("same", f"… {len(lines) - _HIDDEN_LINE_LIMIT} more lines")]]
        is_cut = len(lines) > _HIDDEN_LINE_LIMIT
        return reason + _render_fence([*lines[:_HIDDEN_LINE_LIMIT], *rest] if is_cut else lines)
    if is_told_by(change, source):
        return reason
    return reason + _render_fence(mark_lines(change))


def _render_fence(lines: list[list[MarkedText]]) -> str:
    """Return lines in a fence that is longer than any run of backticks in them."""
    rendered_lines, size = [], 0
    for number, line in enumerate(lines):
        text = _render_line(line)
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
    """Return a line of a change, as several if it is long; each begins with the sign."""
    statuses = {word.mark for word in line}
    sign = {"gone": "-", "come": "+", "same": " "}[next(iter(statuses), "same")]
    frames = {"gone": "{}", "come": "{}", "same": "{}"}
    if len(statuses) > 1:
        sign, frames = "!", {"gone": "[-{}-]", "come": "{{+{}+}}", "same": "{}"}
    texts = (
        "".join(frames[word.mark].format(word.text) for word in part)
        for part in wrap_line(_shorten_line(line), _WIDTH)
    )
    return f"{sign} " + f"\n  {sign}   ".join(texts)


def _shorten_line(line: list[MarkedText]) -> list[MarkedText]:
    """Return the first words of a long line, and how much more there is."""
    shown: list[MarkedText] = []
    size = 0
    for number, word in enumerate(line):
        if size + len(word.text) > _LINE_LIMIT:
            left = sum(len(one.text) for one in line[number:]) - (_LINE_LIMIT - size)
            rest = MarkedText("same", f"… {left} more characters")
            return [*shown, word._replace(text=word.text[: _LINE_LIMIT - size]), rest]
        shown.append(word)
        size += len(word.text)
    return shown


def _render_reach(title: str, lines: Iterable[str]) -> Iterator[str]:
    all_lines = list(lines)
    yield f"### {title}\n\n"
    yield from all_lines[:_CAUSE_LIMIT]
    if len(all_lines) > _CAUSE_LIMIT:
        yield f"- {_CAUSE_LIMIT} of {len(all_lines)} causes shown\n"


def _name_reach(cause: Cause) -> str:
    location = format_code(f"{cause.origin.path}:{cause.origin.line}")
    packs, targets = pluralize(cause.packs, "pack"), pluralize(cause.targets, "target")
    return f"- {location} → {format_code(cause.reach)} in {packs}, {targets}\n"


def _name_radius(source: SourceHunk) -> str:
    place = format_code(format_place(source))
    return f"- {place} → {format_code(source.reach)} in {format_radius(source)}\n"


def _shorten(text: str, limit: int = _LINE_LIMIT) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… {len(text) - limit} more characters"
