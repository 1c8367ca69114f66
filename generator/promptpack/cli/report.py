"""How things are said: findings, losses and differences in, lines for people out."""

import difflib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator

import click

from promptpack.model import Artifact, Finding, Loss, Severity
from promptpack.output.write import Plan, Status
from promptpack.reporting.plurals import count

_CROP = 100
_WORDS = {
    "exact": "✓ exact",
    "widened": "▲ accepted",
    "advisory": "! advisory",
    "narrowed": "▼ narrowed",
    "dropped": "- dropped",
}
_COLOURS = {
    "exact": "green",
    "widened": "red",
    "advisory": "yellow",
    "narrowed": "cyan",
    "dropped": "blue",
}
_SEVERITIES: dict[Severity, str] = {"error": "red", "warning": "yellow"}


def findings(found: Iterable[Finding], *, writes: bool = True) -> None:
    """Print findings to stderr, then how many; with `writes`, that nothing was written."""
    found = list(found)
    for line in finding_lines(found):
        click.echo(line, err=True)
    click.echo(f"{counted(found)}{'; nothing was written' if writes else ''}", err=True)


def finding_lines(found: Iterable[Finding]) -> Iterator[str]:
    """Yield the lines of findings, each with its source line and what to do; no secret is shown."""
    from promptpack.redaction import conceal  # noqa: PLC0415 - only where something is wrong
    from promptpack.source.text import visible  # noqa: PLC0415 - reading needs yaml, speaking does not

    for one in map(conceal, found):
        place = ":".join(str(p) for p in (one.path, one.line, one.column) if p and one.path)
        start = click.style(f"{visible(place)}: ", bold=True) if place else ""
        code = click.style(one.code, fg=_SEVERITIES[one.severity])
        kind = "" if one.severity == "error" else f" {one.severity}:"
        yield f"{start}{code}{kind} {visible(one.message)}"
        yield from (visible(line) for line in _excerpt(one))


def counted(found: Iterable[Finding]) -> str:
    """Return how many errors and warnings there are, in words."""
    kinds = Counter(one.severity for one in found)
    named = [count(kinds[kind], kind) for kind in _SEVERITIES if kinds[kind]]
    return ", ".join(named) or count(0, "error")


def summary_of_losses(artifacts: Iterable[Artifact]) -> Iterator[str]:
    """Yield a table of targets: what became of which capabilities and fields, the worst first.

    What differs between files is counted under the worst that became of it; a widening that gets
    this far was accepted.
    """
    by_target: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        by_target.setdefault(artifact.target, []).append(artifact)
    first = max((len(name) for name in by_target), default=0) + 2
    second = max(len(word) for word in _WORDS.values()) + 2
    for target, files in by_target.items():
        name = target
        for kind, names in (_groups(files) or {"exact": ["everything"]}).items():
            word = click.style(_WORDS[kind], fg=_COLOURS[kind]) + " " * (second - len(_WORDS[kind]))
            yield from wrapped(name.ljust(first) + word, ", ".join(names), first + second)
            name = ""


def losses(artifacts: Iterable[Artifact]) -> Iterator[str]:
    """Yield two lines for each way in which a client's file says less or more than was meant."""
    counted = Counter((a.target, loss) for a in artifacts for loss in a.losses)
    for (target, loss), number in sorted(counted.items(), key=_by_weight):
        kind = click.style(_WORDS[loss.kind], fg=_COLOURS[loss.kind])
        change = f"{_short(loss.wanted)} → {_short(loss.got)}"
        yield f"{target} {loss.subject}: {kind}, {change} in {count(number, 'file')}"
        yield f"    {_why(loss)}"


def _groups(files: list[Artifact]) -> dict[str, list[str]]:
    """Return the subjects by the worst that became of them, with a count where files differ."""
    kinds: dict[str, Counter[str]] = {}
    for artifact in files:
        for loss in artifact.losses:
            kinds.setdefault(loss.subject, Counter())[loss.kind] += 1
    groups: dict[str, list[str]] = {}
    for kind in _WORDS:
        for subject, counts in kinds.items():
            if next(k for k in _WORDS if counts[k]) == kind:
                share = "" if counts[kind] >= len(files) else f" {counts[kind]}/{len(files)}"
                groups.setdefault(kind, []).append(subject + share)
    return groups


def wrapped(first: str, text: str, indent: int) -> Iterator[str]:
    """Yield a text in lines as wide as the terminal, the first one led by some words."""
    width = max(40, shutil.get_terminal_size().columns) - indent
    line, length = "", len(click.unstyle(first)) - indent
    for word in text.split(" "):
        bare = len(click.unstyle(word))
        if line and length + 1 + bare > width:
            yield first + line
            first, line, length = " " * indent, "", 0
        line, length = (f"{line} {word}", length + 1 + bare) if line else (word, length + bare)
    yield first + line


def difference(status: Status) -> Iterator[str]:
    """Yield the lines of a unified diff from what is there to what should be."""
    old, new = ((c or b"").decode("utf-8", "replace") for c in (status.old, status.new))
    yield from diff_lines(old, new, f"{status.path} (now)", f"{status.path} (as built)")


def diff_lines(old: str, new: str, was: str, now: str) -> Iterator[str]:
    """Yield the lines of a unified diff in colour, with hidden characters and without secrets."""
    from promptpack.redaction import veil  # noqa: PLC0415 - only where there is a difference
    from promptpack.source.text import visible  # noqa: PLC0415 - reading needs yaml, speaking does not

    shown = veil(old, new)
    before, after = (text.removesuffix("\n").split("\n") if text else [] for text in (old, new))
    for line in difflib.unified_diff(before, after, was, now, n=2, lineterm=""):
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        yield click.style(visible(line[:1] + shown(line[1:])), fg=colour)


def leftovers(plan: Plan) -> Iterator[str]:
    """Yield a line for each file that is not built any more and was edited, and so is kept."""
    for status in plan.having("edited"):
        if status.new is None:
            yield f"  kept {status.path}: it was edited, and no pack builds it any more"


def _excerpt(found: Finding) -> Iterator[str]:
    if not found.excerpt:
        if found.hint:
            yield f"      {found.hint}"
        return
    start = max(0, found.column - 1 - _CROP // 2) if len(found.excerpt) > _CROP else 0
    shown = found.excerpt[start : start + _CROP]
    width = max(1, min(found.width, len(shown) - (found.column - 1 - start)))
    yield f"{found.line:>5} | {shown}"
    yield f"      | {' ' * (found.column - 1 - start)}{'^' * width} {found.hint}".rstrip()


def _short(text: str) -> str:
    first, *patterns = text.split("; ")
    return f"{first} + {count(len(patterns), 'pattern')}" if patterns else first


def _why(loss: Loss) -> str:
    return f"accepted: {loss.accepted}" if loss.accepted else loss.reason


def _by_weight(counted: tuple[tuple[str, Loss], int]) -> tuple[str, int, str, str]:
    (target, loss), _ = counted
    return target, list(_WORDS).index(loss.kind), loss.subject, loss.wanted
