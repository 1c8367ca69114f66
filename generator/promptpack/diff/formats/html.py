"""A review as one page: never cut, without script, and nothing in it can load or run anything.

The page is a template that escapes all it shows, and in which no character is hidden.
"""

from collections.abc import Iterator
from functools import cache
from itertools import compress
from typing import NamedTuple

from jinja2 import Environment, PackageLoader

from promptpack.diff.accepting import describe_pending
from promptpack.diff.cause_blocks import (
    CauseBlock,
    has_causes,
    iter_cause_blocks,
    list_other_sources,
    mark_source,
)
from promptpack.diff.links import make_link
from promptpack.diff.model import (
    PERMISSION_KINDS,
    Cause,
    Change,
    ChangeSeverity,
    Review,
    SourceHunk,
)
from promptpack.diff.one_line import summarize_change
from promptpack.diff.representatives import (
    Representative,
    choose_representatives,
    describe_representatives,
)
from promptpack.diff.side_by_side import LineRun, align_texts
from promptpack.diff.wording import (
    NO_CHANGES,
    ReportSection,
    count_by_section,
    describe_action,
    describe_drift,
    describe_truncation,
    format_causes,
    format_place,
    format_radius,
    format_tokens,
    format_totals,
    format_verdict,
    is_urgent,
    iter_sections,
    list_drift,
    mark_lines,
    name_subject,
)
from promptpack.diff.words import MarkedText
from promptpack.reporting.html_page import make_page_environment, render_page
from promptpack.reporting.plurals import pluralize

_TEMPLATE = "html.html.j2"

PAIR_LIMIT = 50
"""So many outputs are shown before and after; of more, only the paths are."""

_PAIR_SIZE = 1 << 20
"""The most characters of an output that is shown, before and after together."""


class ShownChange(NamedTuple):
    """A change in words; `lines` is its text, between `above` and `below` where it has context."""

    severity: ChangeSeverity
    title: str
    size: str
    fingerprint: str
    causes: str
    lines: list[list[MarkedText]]
    above: str
    below: str
    has_context: bool
    outputs: tuple[str, ...]


class ShownSection(NamedTuple):
    """A changed place of a source with its changes, or changes of one urgency.

    `link` is the address of the place and `radius` what it reaches, or "". `lines` are the text of
    the place, and `folded` the changes that are shown when asked for.
    """

    title: str
    size: str
    summary: list[str]
    changes: list[ShownChange]
    lines: list[list[MarkedText]]
    folded: list[ShownChange]
    link: str = ""
    radius: str = ""


class ShownPair(NamedTuple):
    """An output before and after; `title` is its path, `groups` the ids of its changes.

    Without runs, only these are shown.
    """

    title: str
    groups: str
    runs: list[LineRun]


class HtmlReport(NamedTuple):
    """A review in words; without a section nothing differs."""

    verdict: str
    is_urgent: bool
    gate: str
    summary: list[str]
    sections: list[ShownSection]
    causes: list[str]
    accepted: list[str]
    by_cause: bool
    drift: list[str]
    pairs: list[ShownPair]
    pairs_title: str


def render_html(review: Review) -> str:
    """Return the page, without any cut."""
    title = f"promptpack diff: {review.base} → {review.head}"
    report = _describe_review(review)
    return render_page(_get_environment(), _TEMPLATE, title, report=report, no_changes=NO_CHANGES)


@cache
def _get_environment() -> Environment:
    return make_page_environment(PackageLoader("promptpack.diff", "formats"))


def _describe_review(review: Review) -> HtmlReport:
    if not review.differs:
        drift = [*describe_drift(review), *list_drift(review)]
        return HtmlReport(
            *("", False, "", [], [], [], []),
            by_cause=False,
            drift=drift,
            pairs=[],
            pairs_title="",
        )
    summary = [describe_pending(review), format_totals(review), describe_truncation(review)]
    by_cause = has_causes(review)
    chosen = choose_representatives(review)
    return HtmlReport(
        format_verdict(review),
        is_urgent(review),
        review.failed_gate,
        [line for line in summary if line],
        [_describe_block(review, block) for block in iter_cause_blocks(review)]
        if by_cause
        else [_describe_section(section) for section in iter_sections(review)],
        [_format_source(source) for source in list_other_sources(review)]
        if by_cause
        else [_format_cause(cause) for cause in review.causes],
        [summarize_change(change) for change in review.accepted],
        by_cause,
        [*describe_drift(review), *list_drift(review)],
        [_describe_pair(review, one, n < PAIR_LIMIT) for n, one in enumerate(chosen)],
        describe_representatives(len(chosen), review),
    )


def _describe_pair(review: Review, chosen: Representative, is_whole: bool) -> ShownPair:
    title = f"{chosen.before} → {chosen.path}" if chosen.before else chosen.path
    groups = ", ".join(chosen.groups)
    pair = review.pairs.get(chosen.path)
    old, new = (one.text if one else "" for one in pair or (None, None))
    if pair is None or not is_whole or len(old) + len(new) > _PAIR_SIZE:
        return ShownPair(title, groups, [])
    return ShownPair(title, groups, [*align_texts(old, new)])


def _describe_block(review: Review, block: CauseBlock) -> ShownSection:
    is_open = [one.severity in ("critical", "major") for one in block.changes]
    changes = [_describe_change(change, block.source) for change in block.changes]
    others = f"With another cause: {', '.join(block.others)}"
    return ShownSection(
        "Without a changed source" if block.source is None else format_place(block.source),
        pluralize(len(changes), "group"),
        [others] if block.others else [],
        [*compress(changes, is_open)],
        [] if block.source is None else mark_source(block.source),
        [change for change, urgent in zip(changes, is_open, strict=True) if not urgent],
        make_link(review, block.source),
        _format_radius(block.source) if block.source else "",
    )


def _format_source(source: SourceHunk) -> str:
    return f"{format_place(source)}{_format_radius(source)}"


def _format_radius(source: SourceHunk) -> str:
    return f" → {source.reach} in {format_radius(source)}"


def _format_cause(cause: Cause) -> str:
    packs, targets = pluralize(cause.packs, "pack"), pluralize(cause.targets, "target")
    return f"{cause.origin.path}:{cause.origin.line} → {cause.reach} in {packs}, {targets}"


def _describe_section(section: ReportSection) -> ShownSection:
    return ShownSection(
        section.title,
        pluralize(len(section.changes), "group"),
        [*count_by_section(section.changes)] if section.title == "Prose" else [],
        [_describe_change(change) for change in section.changes],
        [],
        [],
    )


def _describe_change(change: Change, source: SourceHunk | None = None) -> ShownChange:
    return ShownChange(
        severity=change.severity,
        title=f"{change.id} {name_subject(change)} {describe_action(change)}",
        size=" · ".join(_iter_sizes(change)),
        fingerprint=change.fingerprint,
        causes=format_causes(change, source),
        lines=mark_lines(change),
        above=change.above,
        below=change.below,
        has_context=bool(change.above or change.below),
        outputs=change.outputs,
    )


def _iter_sizes(change: Change) -> Iterator[str]:
    """Yield how far a change reaches, and how much it is."""
    yield change.reach
    if change.kind not in PERMISSION_KINDS:
        yield pluralize(len(change.places), "hunk")
    if change.token_delta:
        yield format_tokens(change.token_delta)
