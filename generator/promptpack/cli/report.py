"""How things are said: findings, losses and differences in, lines for people out."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator

import click

from promptpack.model import Artifact, Finding, Loss
from promptpack.write import Plan, Status

_CROP = 100
_COLOURS = {"widened": "red", "advisory": "yellow", "narrowed": "cyan", "dropped": "yellow"}


def findings(found: Iterable[Finding]) -> None:
    """Print findings to stderr, each with its source line and what to do, then how many."""
    from promptpack.source import visible  # noqa: PLC0415 - reading needs yaml, speaking does not

    found = list(found)
    for one in found:
        place = ":".join(str(p) for p in (one.path, one.line, one.column) if p and one.path)
        start = f"{visible(place)}: " if place else ""
        head = click.style(start, bold=True) + click.style(one.code, fg="red")
        click.echo(f"{head} {visible(one.message)}", err=True)
        for line in _excerpt(one):
            click.echo(visible(line), err=True)
    errors = sum(one.severity == "error" for one in found)
    click.echo(f"{_count(errors, 'error')}; nothing was written", err=True)


def losses(artifacts: Iterable[Artifact]) -> Iterator[str]:
    """Yield a line for each way in which a client's file says less or more than was meant."""
    counted = Counter((a.target, loss) for a in artifacts for loss in a.losses)
    if not counted:
        return
    rows = [
        (target, loss.subject, loss.kind, f"{_short(loss.wanted)} → {_short(loss.got)}", loss, n)
        for (target, loss), n in counted.items()
    ]
    widths = [max(len(str(row[column])) for row in rows) for column in range(4)]
    for target, subject, kind, change, loss, n in sorted(rows, key=_by_weight):
        cells = [target, subject, click.style(kind.ljust(widths[2]), fg=_COLOURS[kind]), change]
        padded = [cells[0].ljust(widths[0]), cells[1].ljust(widths[1]), cells[2]]
        yield "  ".join(("", *padded, cells[3].ljust(widths[3]), _count(n, "file")))
        yield f"      {_why(loss)}"


def difference(status: Status) -> Iterator[str]:
    """Yield the lines of a unified diff from what is there to what should be."""
    from promptpack.source import visible  # noqa: PLC0415 - reading needs yaml, speaking does not

    old, new = (_lines(content) for content in (status.old, status.new))
    now, built = f"{status.path} (now)", f"{status.path} (as built)"
    for line in difflib.unified_diff(old, new, now, built, n=2, lineterm=""):
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        yield click.style(visible(line), fg=colour)


def leftovers(plan: Plan) -> Iterator[str]:
    """Yield a line for each file that is not built any more and was edited, and so is kept."""
    for status in plan.having("edited"):
        if status.new is None:
            yield f"  kept {status.path}: it was edited, and no pack builds it any more"


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode("utf-8", "replace").splitlines()


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
    return f"{first} + {_count(len(patterns), 'pattern')}" if patterns else first


def _why(loss: Loss) -> str:
    return f"accepted: {loss.accepted}" if loss.accepted else loss.reason


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _by_weight(row: tuple[str, str, str, str, Loss, int]) -> tuple[str, int, str, str]:
    return row[0], list(_COLOURS).index(row[2]), row[1], row[3]
