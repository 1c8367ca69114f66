"""A review as one page: never cut, without script, and nothing in it can load or run anything."""

import base64
import hashlib
from collections.abc import Iterator
from html import escape

from promptpack.diff.model import PERMISSIONS, Change, Review
from promptpack.diff.wording import (
    NOTHING,
    Words,
    because,
    blocks,
    counted,
    left_out,
    marked,
    subject,
    tokens,
    totals,
    verb,
)
from promptpack.reporting.characters import shown
from promptpack.reporting.plurals import count

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


def html(review: Review) -> str:
    """Return the page; its policy allows its own style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = f"promptpack diff: {_text(review.base)} → {_text(review.head)}"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{title}</h1>",
            *_body(review),
            "</body></html>\n",
        ]
    )


def _body(review: Review) -> Iterator[str]:
    if not review.differs:
        yield f"<p>{NOTHING}</p>"
        return
    yield f"<p>{_text(totals(review))}</p>"
    if said := left_out(review):
        yield f"<p>{said}</p>"
    for block in blocks(review):
        yield f"<h2>{block.title} ({count(len(block.changes), 'group')})</h2>"
        if block.title == "Prose":
            yield from _list(_text(line) for line in counted(block.changes))
        for change in block.changes:
            yield from _change(change)
    if review.causes:
        yield "<h2>What reaches how far</h2>"
        yield from _list(
            f"<code>{_text(c.origin.path)}:{c.origin.line}</code> → {_text(c.reach)} in "
            f"{count(c.packs, 'pack')}, {count(c.targets, 'target')}"
            for c in review.causes
        )


def _change(change: Change) -> Iterator[str]:
    head = f"{change.id} {_text(subject(change))} {verb(change)}"
    yield f'<article class="{change.severity}"><h3>{head}</h3>'
    said = [_text(change.reach), count(len(change.places), "hunk")]
    said += [tokens(change.token_delta)] if change.token_delta else []
    if change.kind in PERMISSIONS:
        said.pop(1)
    yield f"<p>{' · '.join(said)} · <code>{change.fingerprint}</code></p>"
    if change.causes:
        yield f"<p>because <code>{_text(because(change))}</code></p>"
    lines = "\n".join(_line(line) for line in marked(change))
    if change.above or change.below:
        lines = f"{_text(change.above)}{lines}\n{_text(change.below)}"
    yield f"<pre>{lines}</pre>"
    yield f"<details><summary>{count(len(change.outputs), 'output')}</summary>"
    yield from _list(f"<code>{_text(output)}</code>" for output in change.outputs)
    yield "</details></article>"


def _line(line: list[Words]) -> str:
    return "".join(_TAGS[word.mark].format(escape(word.text)) for word in line)


def _list(items: Iterator[str]) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li>{item}</li>" for item in items)
    yield "</ul>"


def _text(text: str) -> str:
    return escape("\n".join(shown(line) for line in text.split("\n")))
