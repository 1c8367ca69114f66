"""Reports on the terminal: findings and differences in, lines for people out."""

from collections.abc import Iterable, Iterator
from typing import Any

from promptpack.model import Finding, UserError
from promptpack.output.folder_plan import Plan
from promptpack.output.status import Status
from promptpack.rendering.expectations import ExpectationSummary
from promptpack.reporting.characters import reveal_line
from promptpack.reporting.console import Color, drop_styles, measure_width, print_lines, style
from promptpack.reporting.plurals import pluralize

NOTHING_WRITTEN = "; nothing was written"
_FINDING_STYLES: dict[str, dict[str, Any]] = {
    "error": {"color": "red", "bold": True},
    "warning": {"color": "yellow", "bold": True},
    "message": {"bold": True},
    "gutter": {"color": "blue", "bold": True},
    "help": {"color": "cyan", "bold": True},
}

_DIFF_COLORS: dict[str, Color] = {"+": "green", "-": "red", "@": "cyan"}


def print_findings(
    findings: Iterable[Finding], outcome: str = "", *, verbose: bool = False, err: bool = True
) -> None:
    """Print findings as wide as the terminal, then how many there are and the outcome."""
    from promptpack.reporting.findings import format_findings  # noqa: PLC0415 - only where something is wrong

    width = measure_width()
    lines = format_findings(findings, outcome, width, _style_finding, all_places=verbose)
    print_lines(lines, err=err)


def print_user_error(error: UserError, outcome: str = "", *, verbose: bool = False) -> None:
    """Print the findings of an error, and what was noted besides."""
    print_findings(error.findings, outcome, verbose=verbose)
    print_lines(getattr(error, "__notes__", ()), err=True)


def _style_finding(text: str, role: str) -> str:
    return style(text, **_FINDING_STYLES[role])


def wrap_text(lead: str, text: str, indent: int) -> Iterator[str]:
    """Yield a text in lines as wide as the terminal, the first one led by some words."""
    width = max(40, measure_width()) - indent
    line, length = "", len(drop_styles(lead)) - indent
    for word in reveal_line(text).split(" "):
        word_width = len(word)
        if line and length + 1 + word_width > width:
            yield lead + line
            lead, line, length = " " * indent, "", 0
        line, length = (
            (f"{line} {word}", length + 1 + word_width) if line else (word, length + word_width)
        )
    yield lead + line


def format_difference(status: Status) -> Iterator[str]:
    """Yield the lines of a unified diff from what is there to what should be."""
    if status.chmod:
        yield f"the file's mode is to be changed: {status.chmod}"
        return
    if b"\0" in (status.old or b"") + (status.new or b""):
        now, built = map(_describe_size, (status.old, status.new))
        yield f"binary file: {now} now, {built} as built"
        return
    old, new = ((c or b"").decode("utf-8", "replace") for c in (status.old, status.new))
    yield from format_diff(old, new, f"{status.path} (now)", f"{status.path} (as built)")


def _describe_size(content: bytes | None) -> str:
    return "none" if content is None else f"{len(content):,} bytes"


def format_diff(old: str, new: str, old_label: str, new_label: str) -> Iterator[str]:
    """Yield the lines of a unified diff in colour, with hidden characters and without secrets."""
    from promptpack.redaction import make_redactor  # noqa: PLC0415 - only where there is a difference

    redact = make_redactor(old, new)
    before, after = (text.removesuffix("\n").split("\n") if text else [] for text in (old, new))
    import difflib  # noqa: PLC0415 - most calls show no difference

    for line in difflib.unified_diff(before, after, old_label, new_label, n=2, lineterm=""):
        color = _DIFF_COLORS.get(line[:1])
        yield style(line[:1] + redact(line[1:]), color)


def format_expectations(expectations: ExpectationSummary | None) -> Iterator[str]:
    """Yield the line that says how many expectations hold, where there are any."""
    held, broken, prompts = expectations or (0, 0, 0)
    if broken:
        yield f"{broken} of {pluralize(held + broken, 'expectation')} broken"
    elif held:
        verb = "holds" if held == 1 else "hold"
        yield f"{pluralize(held, 'expectation')} {verb} in {pluralize(prompts, 'prompt')}"


def format_leftovers(plan: Plan) -> Iterator[str]:
    """Yield a line for each file that no pack builds, and that is kept, with the reason."""
    reasons = {
        "edited": "it was edited, and no pack builds it any more",
        "foreign": "no pack builds it, and promptpack has no record of it",
    }
    for status in plan.filter_statuses("edited", "foreign"):
        if status.new is None:
            yield f"  kept {status.path}: {reasons[status.state]}"
