"""A review as one page: never cut, without script, and nothing in it can load or run anything.

The page is a template that escapes all it shows, and in which no character is hidden.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from promptpack.diff.model import PERMISSION_KINDS, Cause, Change, ChangeSeverity, Review
from promptpack.diff.wording import (
    NO_CHANGES,
    MarkedText,
    ReportSection,
    count_by_section,
    describe_action,
    describe_truncation,
    format_causes,
    format_tokens,
    format_totals,
    iter_sections,
    mark_lines,
    name_subject,
)
from promptpack.reporting.characters import OLD_COMMAND, reveal
from promptpack.reporting.plurals import pluralize

_STYLE = "html.css"
_TEMPLATE = "html.html.j2"
_COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)


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
    """Changes of one urgency."""

    title: str
    size: str
    summary: list[str]
    changes: list[ShownChange]


class HtmlReport(NamedTuple):
    """A review in words; without a section nothing differs."""

    base: str
    head: str
    summary: list[str]
    sections: list[ShownSection]
    causes: tuple[Cause, ...]


def render_html(review: Review) -> str:
    """Return the page; its policy allows its own style sheet and nothing else."""
    environment = _get_environment()
    style = environment.get_template(_STYLE).render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = environment.get_template(_TEMPLATE)
    report = _describe_review(review)
    return page.render(report=report, style_digest=digest, no_changes=NO_CHANGES) + "\n"


@cache
def _get_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("promptpack.diff", "formats"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_reveal_value,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters = {"length": len, "pluralize": pluralize}
    return environment


def _reveal_value(value: object) -> object:
    """Return text in which nothing is hidden; what else a template shows is escaped as it is.

    Nor is anything in it a command, where the page is printed into a log.
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = OLD_COMMAND.sub("#&#35;", str(escape(reveal(value))))
    return Markup(_COMMAND.sub(r"\1&#58;", text))  # noqa: S704 - escaped above


def _describe_review(review: Review) -> HtmlReport:
    if not review.differs:
        return HtmlReport(review.base, review.head, [], [], ())
    summary = [format_totals(review), describe_truncation(review)]
    return HtmlReport(
        review.base,
        review.head,
        [line for line in summary if line],
        [_describe_section(section) for section in iter_sections(review)],
        review.causes,
    )


def _describe_section(section: ReportSection) -> ShownSection:
    return ShownSection(
        section.title,
        pluralize(len(section.changes), "group"),
        [*count_by_section(section.changes)] if section.title == "Prose" else [],
        [_describe_change(change) for change in section.changes],
    )


def _describe_change(change: Change) -> ShownChange:
    return ShownChange(
        severity=change.severity,
        title=f"{change.id} {name_subject(change)} {describe_action(change)}",
        size=" · ".join(_iter_sizes(change)),
        fingerprint=change.fingerprint,
        causes=format_causes(change),
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
