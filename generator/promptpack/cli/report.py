"""Reports on the terminal: findings, losses and differences in, lines for people out."""

import difflib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import click

from promptpack.model import Artifact, Finding, Loss
from promptpack.output.write import Plan, Status
from promptpack.reporting.plurals import pluralize

NOTHING_WRITTEN = "; nothing was written"
_LOSS_WORDS = {
    "exact": "✓ exact",
    "widened": "▲ accepted",
    "advisory": "! advisory",
    "narrowed": "▼ narrowed",
    "dropped": "- dropped",
}
_LOSS_COLORS = {
    "exact": "green",
    "widened": "red",
    "advisory": "yellow",
    "narrowed": "cyan",
    "dropped": "blue",
}
_FINDING_STYLES: dict[str, dict[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "message": {"bold": True},
    "gutter": {"fg": "blue", "bold": True},
    "help": {"fg": "cyan", "bold": True},
}


def print_findings(
    findings: Iterable[Finding], outcome: str = "", *, verbose: bool = False, err: bool = True
) -> None:
    """Print findings as wide as the terminal, then how many there are and the outcome."""
    from promptpack.reporting.findings import format_findings  # noqa: PLC0415 - only where something is wrong

    width = shutil.get_terminal_size().columns
    for line in format_findings(findings, outcome, width, _style_finding, all_places=verbose):
        click.echo(line, err=err)


def _style_finding(text: str, role: str) -> str:
    return click.style(text, **_FINDING_STYLES[role])


def summarize_losses(artifacts: Iterable[Artifact]) -> Iterator[str]:
    """Yield a table of targets: what became of which capabilities and fields, the worst first.

    What differs between files is counted under the worst that became of it; a widening that gets
    this far was accepted.
    """
    by_target: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        by_target.setdefault(artifact.target, []).append(artifact)
    name_width = max((len(name) for name in by_target), default=0) + 2
    word_width = max(len(word) for word in _LOSS_WORDS.values()) + 2
    for target, files in by_target.items():
        name = target
        for kind, names in (_group_by_loss(files) or {"exact": ["everything"]}).items():
            word = click.style(_LOSS_WORDS[kind], fg=_LOSS_COLORS[kind]) + " " * (
                word_width - len(_LOSS_WORDS[kind])
            )
            yield from wrap_text(
                name.ljust(name_width) + word, ", ".join(names), name_width + word_width
            )
            name = ""


def format_losses(artifacts: Iterable[Artifact]) -> Iterator[str]:
    """Yield two lines for each way in which a client's file says less or more than was meant."""
    counts = Counter((a.target, loss) for a in artifacts for loss in a.losses)
    for (target, loss), number in sorted(counts.items(), key=_make_sort_key):
        kind = click.style(_LOSS_WORDS[loss.kind], fg=_LOSS_COLORS[loss.kind])
        change = f"{_shorten(loss.wanted)} → {_shorten(loss.got)}"
        yield f"{target} {loss.subject}: {kind}, {change} in {pluralize(number, 'file')}"
        yield f"    {_explain_loss(loss)}"


def _group_by_loss(files: list[Artifact]) -> dict[str, list[str]]:
    """Return the subjects by the worst that became of them, with a count where files differ."""
    kinds: dict[str, Counter[str]] = {}
    for artifact in files:
        for loss in artifact.losses:
            kinds.setdefault(loss.subject, Counter())[loss.kind] += 1
    groups: dict[str, list[str]] = {}
    for kind in _LOSS_WORDS:
        for subject, counts in kinds.items():
            if next(k for k in _LOSS_WORDS if counts[k]) == kind:
                share = "" if counts[kind] >= len(files) else f" {counts[kind]}/{len(files)}"
                groups.setdefault(kind, []).append(subject + share)
    return groups


def wrap_text(lead: str, text: str, indent: int) -> Iterator[str]:
    """Yield a text in lines as wide as the terminal, the first one led by some words."""
    width = max(40, shutil.get_terminal_size().columns) - indent
    line, length = "", len(click.unstyle(lead)) - indent
    for word in text.split(" "):
        word_width = len(click.unstyle(word))
        if line and length + 1 + word_width > width:
            yield lead + line
            lead, line, length = " " * indent, "", 0
        line, length = (
            (f"{line} {word}", length + 1 + word_width) if line else (word, length + word_width)
        )
    yield lead + line


def format_difference(status: Status) -> Iterator[str]:
    """Yield the lines of a unified diff from what is there to what should be."""
    old, new = ((c or b"").decode("utf-8", "replace") for c in (status.old, status.new))
    yield from format_diff(old, new, f"{status.path} (now)", f"{status.path} (as built)")


def format_diff(old: str, new: str, old_label: str, new_label: str) -> Iterator[str]:
    """Yield the lines of a unified diff in colour, with hidden characters and without secrets."""
    from promptpack.redaction import make_redactor  # noqa: PLC0415 - only where there is a difference
    from promptpack.source.text import escape_controls  # noqa: PLC0415 - reading needs yaml, speaking does not

    redact = make_redactor(old, new)
    before, after = (text.removesuffix("\n").split("\n") if text else [] for text in (old, new))
    for line in difflib.unified_diff(before, after, old_label, new_label, n=2, lineterm=""):
        color = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        yield click.style(escape_controls(line[:1] + redact(line[1:])), fg=color)


def format_leftovers(plan: Plan) -> Iterator[str]:
    """Yield a line for each file that is not built any more and was edited, and so is kept."""
    for status in plan.filter_statuses("edited"):
        if status.new is None:
            yield f"  kept {status.path}: it was edited, and no pack builds it any more"


def _shorten(text: str) -> str:
    first, *patterns = text.split("; ")
    return f"{first} + {pluralize(len(patterns), 'pattern')}" if patterns else first


def _explain_loss(loss: Loss) -> str:
    return f"accepted: {loss.accepted}" if loss.accepted else loss.reason


def _make_sort_key(item: tuple[tuple[str, Loss], int]) -> tuple[str, int, str, str]:
    (target, loss), _ = item
    return target, list(_LOSS_WORDS).index(loss.kind), loss.subject, loss.wanted
