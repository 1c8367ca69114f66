"""A review as a comment: Markdown within a budget, in which nothing that is quoted can act.

Words from the sources stand in code only: there no mention, link or tag is one. What does not fit
is left out from the end, group by group, and it is said how many are shown.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from promptpack.diff.model import NEVER_CUT, PERMISSIONS, Change, Review
from promptpack.diff.wording import (
    NOTHING,
    Words,
    because,
    blocks,
    counted,
    marked,
    subject,
    suspicious,
    tokens,
    totals,
    verb,
)
from promptpack.reporting.characters import shown
from promptpack.reporting.plurals import count

BUDGET = 60_000
MARKER = "<!-- promptpack:diff -->"
"""The first line of every comment, by which it is found again; anywhere else it means nothing."""

_GROUP = 3_000
_LINE = 1_000
_URGENT_LINES = 12
_CAUSES = 20
_REST = "; all of them are in the html and the JSON"
_RUN = re.compile("`+")


class _Chunk(NamedTuple):
    """A piece of the report that is shown whole or not at all; `short` is a line in its place."""

    text: str
    short: str = ""
    stays: bool = False
    groups: int = 0


def markdown(review: Review, budget: int = BUDGET) -> str:
    """Return the report in at most `budget` characters, unless what may not be cut needs more."""
    head = f"{MARKER}\n**promptpack diff** {_code(review.base)} → {_code(review.head)}\n\n"
    if not review.differs:
        return f"{head}{NOTHING}\n"
    end = f"\n{totals(review)}\n"
    room = budget - len(head) - len(end) - len(_cut(10**6, 10**6, _REST))
    body, here = _fitted(list(_chunks(review)), room)
    total = review.summary.groups
    rest = _REST if here < len(review.changes) else ""
    note = _cut(here, total, rest) if here < total else ""
    return f"{head}{body}{note}{end}"


def _fitted(chunks: list[_Chunk], room: int) -> tuple[str, int]:
    """Return the chunks that fit, in order, and how many groups they hold."""
    fixed = sum(len(chunk.text) for chunk in chunks if chunk.stays)
    tight = fixed > room
    left = room - sum(len(_kept(chunk, tight=tight)) for chunk in chunks if chunk.stays)
    text, groups, full = [], 0, False
    for chunk in chunks:
        if chunk.stays:
            text.append(_kept(chunk, tight=tight))
            groups += chunk.groups
        elif not full and len(chunk.text) <= left:
            left -= len(chunk.text)
            text.append(chunk.text)
            groups += chunk.groups
        else:
            full = True
    return "".join(text), groups


def _kept(chunk: _Chunk, *, tight: bool) -> str:
    return chunk.short if tight and chunk.short else chunk.text


def _cut(here: int, total: int, rest: str) -> str:
    return f"\n**{here} of {total} groups shown**{rest}.\n"


def _chunks(review: Review) -> Iterator[_Chunk]:
    for block in blocks(review):
        stays = block.changes[0].kind in NEVER_CUT
        many = count(len(block.changes), "group")
        sign = "🔴 " if block.urgent else ""
        lead = f"### {sign}{block.title} ({many})\n\n"
        if block.title == "Prose":
            said = "; ".join(_code(line) for line in counted(block.changes))
            lead += f"{said}\n\n" if len(said) < _GROUP else ""
        for change in block.changes:
            title = f"{lead}{_title(change)}"
            yield _Chunk(f"{title}{_body(change)}\n", title, stays=stays, groups=1)
            lead = ""
    if review.causes:
        yield _Chunk("".join(_causes(review)))


def _title(change: Change) -> str:
    said = [f"**{change.id}** {_code(subject(change))} {verb(change)}", _code(change.reach)]
    if change.kind in PERMISSIONS or change.kind == "output-renamed":
        said.insert(1, f"{_code(_short(change.old))} → {_code(_short(change.new))}")
    if change.token_delta:
        said.append(tokens(change.token_delta))
    said.append(_code(change.fingerprint[:8]))
    return f"- {' · '.join(said)}\n"


def _body(change: Change) -> str:
    because_of = f"  because {_code(_short(because(change)))}\n" if change.causes else ""
    if change.kind in PERMISSIONS or change.kind in ("whitespace", "output-renamed"):
        return because_of
    if change.kind in ("output-added", "output-removed"):
        names = "".join(f"  - {_code(_short(output))}\n" for output in change.outputs)
        return because_of + names
    if change.kind == "hidden":
        lines = suspicious(change)
        rest = [[Words("same", f"… {len(lines) - _URGENT_LINES} more lines")]]
        cut = len(lines) > _URGENT_LINES
        return because_of + _fence([*lines[:_URGENT_LINES], *rest] if cut else lines)
    return because_of + _fence(marked(change))


def _fence(lines: list[list[Words]]) -> str:
    """Return lines in a fence that is longer than any run of backticks in them."""
    told, size = [], 0
    for number, line in enumerate(lines):
        said = _short(_diffed(line))
        size += len(said)
        if size > _GROUP:
            told.append(f"  … {len(lines) - number} more lines")
            break
        told.append(said)
    runs = [len(run) for said in told for run in _RUN.findall(said)]
    ticks = "`" * max(3, 1 + max(runs, default=0))
    inner = "".join(f"  {said}\n" for said in told)
    return f"\n  {ticks}diff\n{inner}  {ticks}\n"


def _diffed(line: list[Words]) -> str:
    marks = {word.mark for word in line}
    if len(marks) <= 1:
        sign = {"gone": "-", "come": "+", "same": " "}[next(iter(marks), "same")]
        return f"{sign} {''.join(word.text for word in line)}"
    frames = {"gone": "[-{}-]", "come": "{{+{}+}}", "same": "{}"}
    return "! " + "".join(frames[word.mark].format(word.text) for word in line)


def _causes(review: Review) -> Iterator[str]:
    yield "### What reaches how far\n\n"
    for cause in review.causes[:_CAUSES]:
        where = _code(f"{cause.origin.path}:{cause.origin.line}")
        packs, targets = count(cause.packs, "pack"), count(cause.targets, "target")
        yield f"- {where} → {_code(cause.reach)} in {packs}, {targets}\n"
    if len(review.causes) > _CAUSES:
        yield f"- {_CAUSES} of {len(review.causes)} causes shown\n"


def _short(text: str) -> str:
    return text if len(text) <= _LINE else f"{text[:_LINE]}… {len(text) - _LINE} more characters"


def _code(text: str) -> str:
    """Return text as a code span that it can't leave."""
    clean = " ".join(shown(text).split()) or " "
    ticks = "`" * (1 + max((len(run) for run in _RUN.findall(clean)), default=0))
    pad = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{ticks}{pad}{clean}{pad}{ticks}"
