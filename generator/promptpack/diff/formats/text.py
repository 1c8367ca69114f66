"""A review for a terminal: one line a group, then its words, marked `[-old-]{+new+}`."""

from collections.abc import Iterator

import click

from promptpack.diff.model import PERMISSIONS, Change, Review
from promptpack.diff.wording import (
    NOTHING,
    Block,
    Words,
    because,
    blocks,
    counted,
    left_out,
    marked,
    subject,
    suspicious,
    tokens,
    totals,
    verb,
)
from promptpack.reporting.characters import shown
from promptpack.reporting.plurals import count

_COLOURS = {"gone": "red", "come": "green"}
_SHORT = 4
_MOVED = 3


def text(review: Review) -> str:
    """Return the report with colours, which `click.echo` leaves out where there is no terminal."""
    head = f"promptpack diff  {shown(review.base)} → {shown(review.head)}"
    built = count(review.built, "output")
    lines = [f"{click.style(head, bold=True)}     {built} built on both sides", ""]
    if not review.differs:
        return "\n".join([*lines[:1], NOTHING]) + "\n"
    for block in blocks(review):
        lines += [*_block(block), ""]
    if review.causes:
        lines += [click.style("What reaches how far", bold=True), *_causes(review), ""]
    if said := left_out(review):
        lines += [said, ""]
    return "\n".join([*lines, f"Summary  {totals(review)}"]) + "\n"


def _block(block: Block) -> Iterator[str]:
    many = count(len(block.changes), "group")
    title = f"! {block.title.upper()}" if block.urgent else block.title
    colour = "red" if block.urgent else None
    yield f"{click.style(title, fg=colour, bold=True)}  {many}"
    if block.title == "Prose":
        yield from (f"  {line}" for line in counted(block.changes))
    for change in block.changes:
        yield from _change(change)


def _change(change: Change) -> Iterator[str]:
    name = f"  {click.style(change.id, bold=True)} {change.fingerprint[:_SHORT]}…"
    if change.kind in PERMISSIONS or change.kind == "output-renamed":
        effect = f"{shown(change.old)} → {shown(change.new)}"
        yield f"{name}  {subject(change)}  {verb(change)}: {effect}  {shown(change.reach)}"
    else:
        size = f"  {tokens(change.token_delta)}" if change.token_delta else ""
        yield f"{name}  {subject(change)}  {verb(change)}  {shown(change.reach)}{size}"
        yield from _words(change)
    if change.causes:
        yield f"     because {because(change)}"


def _words(change: Change) -> Iterator[str]:
    if change.kind == "whitespace":
        return
    if change.kind in ("output-added", "output-removed"):
        size = count(len(marked(change)), "line")
        yield from (f"       {shown(output)}  ({size})" for output in change.outputs)
        return
    lines = suspicious(change) if change.kind == "hidden" else marked(change)
    if change.kind == "moved" and len(lines) > _MOVED:
        lines = [*lines[:_MOVED], [Words("same", f"… {len(lines) - _MOVED} more lines")]]
    yield from (f"         {shown(line)}".rstrip() for line in change.above.splitlines())
    for line in lines:
        yield f"       {_sign(line)} {''.join(_word(word, alone=len(line) == 1) for word in line)}"
    yield from (f"         {shown(line)}".rstrip() for line in change.below.splitlines())


def _sign(line: list[Words]) -> str:
    marks = {word.mark for word in line}
    signs = {"gone": "-", "come": "+", "same": " "}
    return signs[next(iter(marks), "same")] if len(marks) <= 1 else "~"


def _word(word: Words, *, alone: bool) -> str:
    if word.mark == "same":
        return word.text
    frame = "{}" if alone else "[-{}-]" if word.mark == "gone" else "{{+{}+}}"
    return click.style(frame.format(word.text), fg=_COLOURS[word.mark])


def _causes(review: Review) -> Iterator[str]:
    for cause in review.causes:
        where = f"{shown(cause.origin.path)}:{cause.origin.line}"
        packs, targets = count(cause.packs, "pack"), count(cause.targets, "target")
        yield f"  {where} → {shown(cause.reach)} in {packs}, {targets}"
