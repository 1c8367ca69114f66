"""A review as one page: never cut, without script, and nothing in it can load or run anything."""

import base64
import hashlib
from collections.abc import Iterator
from html import escape

from promptpack.diff.model import PERMISSION_KINDS, Change, Review
from promptpack.diff.wording import (
    NO_CHANGES,
    MarkedText,
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
from promptpack.reporting.characters import reveal
from promptpack.reporting.plurals import pluralize

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
article { margin: 0 0 1rem; border-left: 4px solid #8888; padding: 0 0 0 .75rem; }
article.critical { border-color: #c22; }
article.major { border-color: #c80; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; } h3 { font-size: 1rem; margin: 0; }
pre, code { font: .875rem/1.5 ui-monospace, monospace; white-space: pre-wrap; }
pre { margin: .25rem 0; padding: .5rem; background: #8881; }
ins { background: #2a43; text-decoration: none; } del { background: #c223; }
p { margin: .25rem 0; } ul { padding-left: 1.25rem; }
"""
_TAGS = {"gone": "<del>{}</del>", "come": "<ins>{}</ins>", "same": "{}"}


def render_html(review: Review) -> str:
    """Return the page; its policy allows its own style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = f"promptpack diff: {_escape_text(review.base)} → {_escape_text(review.head)}"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{title}</h1>",
            *_render_body(review),
            "</body></html>\n",
        ]
    )


def _render_body(review: Review) -> Iterator[str]:
    if not review.differs:
        yield f"<p>{NO_CHANGES}</p>"
        return
    yield f"<p>{_escape_text(format_totals(review))}</p>"
    if note := describe_truncation(review):
        yield f"<p>{note}</p>"
    for section in iter_sections(review):
        yield f"<h2>{section.title} ({pluralize(len(section.changes), 'group')})</h2>"
        if section.title == "Prose":
            yield from _render_list(
                _escape_text(line) for line in count_by_section(section.changes)
            )
        for change in section.changes:
            yield from _render_change(change)
    if review.causes:
        yield "<h2>What a change reaches</h2>"
        yield from _render_list(
            f"<code>{_escape_text(cause.origin.path)}:{cause.origin.line}</code> → "
            f"{_escape_text(cause.reach)} in "
            f"{pluralize(cause.packs, 'pack')}, {pluralize(cause.targets, 'target')}"
            for cause in review.causes
        )


def _render_change(change: Change) -> Iterator[str]:
    heading = f"{change.id} {_escape_text(name_subject(change))} {describe_action(change)}"
    yield f'<article class="{change.severity}"><h3>{heading}</h3>'
    parts = [_escape_text(change.reach), pluralize(len(change.places), "hunk")]
    parts += [format_tokens(change.token_delta)] if change.token_delta else []
    if change.kind in PERMISSION_KINDS:
        parts.pop(1)
    yield f"<p>{' · '.join(parts)} · <code>{change.fingerprint}</code></p>"
    if change.causes:
        yield f"<p>because <code>{_escape_text(format_causes(change))}</code></p>"
    lines = "\n".join(_render_line(line) for line in mark_lines(change))
    if change.above or change.below:
        lines = f"{_escape_text(change.above)}{lines}\n{_escape_text(change.below)}"
    yield f"<pre>{lines}</pre>"
    yield f"<details><summary>{pluralize(len(change.outputs), 'output')}</summary>"
    yield from _render_list(f"<code>{_escape_text(output)}</code>" for output in change.outputs)
    yield "</details></article>"


def _render_line(line: list[MarkedText]) -> str:
    return "".join(_TAGS[word.mark].format(escape(word.text)) for word in line)


def _render_list(items: Iterator[str]) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li>{item}</li>" for item in items)
    yield "</ul>"


def _escape_text(text: str) -> str:
    return escape("\n".join(reveal(line) for line in text.split("\n")))
