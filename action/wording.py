"""What is said of a run: the reports of both commands in, Markdown and annotations out.

All that comes from a checkout stands in code, where no mention, tag or link is one.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promptpack.diff.last_run import insert_notes

MARKER = "<!-- promptpack:diff -->"
"""The first line of every comment, by which it is found again; anywhere else it means nothing."""

_MAX_FENCED = 20_000
_BACKTICKS = re.compile("`+")
_GATE_NOTE = "🔴 **Failed because of `fail-on: {}`**: {}."
_STALE_NOTE = "🔴 **The outputs do not match the sources.** {}"
_NOT_COMPARED = "🔴 **Not compared: {}.**"
_SHALLOW_NOTE = (
    "The checkout does not have the whole history: set `fetch-depth: 0` for `actions/checkout`."
)


class CommandResult(NamedTuple):
    """A command that ran: its exit code and what it said."""

    code: int
    said: str


class ReviewReport(NamedTuple):
    """What `promptpack diff` reported: in full, within a comment's budget, and in numbers."""

    full: str
    cut: str
    changed: int
    widened: int
    groups: int

    @property
    def has_changes(self) -> bool:
        """Tell whether an output changed, or a committed one is wider than its sources."""
        return self.changed > 0 or self.widened > 0


class Outcome(NamedTuple):
    """What a run found out; there is no report where the sides could not be compared."""

    check: CommandResult | None
    diff: CommandResult
    report: ReviewReport | None
    fail_on: str
    shallow: bool

    @property
    def code(self) -> int:
        """Return the exit code of the whole: the gravest."""
        return max(self.diff.code, self.check.code if self.check else 0)

    @property
    def has_news(self) -> bool:
        """Tell whether there is anything worth a comment."""
        return self.code != 0 or self.report is None or self.report.has_changes


def render_comment(outcome: Outcome) -> str:
    """Return the body of the comment."""
    report = outcome.report
    return _join_page(report.cut if report else _explain_failure(outcome), _make_notes(outcome))


def render_short(outcome: Outcome) -> str:
    """Return a body that fits anywhere."""
    report = outcome.report
    change_summary = _describe_changes(report) if report else "no report"
    widened_note = (
        f"; permissions are widened in {_count_groups(report.widened)}"
        if report and report.widened
        else ""
    )
    message = f"The report is too long to be shown here: {change_summary}{widened_note}."
    return _join_page(f"{MARKER}\n**promptpack diff**\n\n{message}\n", _make_notes(outcome))


def render_summary(outcome: Outcome) -> str:
    """Return all that was found out, for the summary of the job."""
    report = outcome.report
    body = report.full if report else _explain_failure(outcome)
    return _join_page(body, _make_notes(outcome), _make_details(outcome))


def make_annotations(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Yield what failed, as levels and messages."""
    if outcome.report is None:
        yield "error", f"Not compared: {_describe_failure(outcome)}; see the job summary"
    elif outcome.diff.code == 1:
        yield (
            "error",
            f"Failed because of 'fail-on: {outcome.fail_on}': {_describe_gate(outcome.report)}",
        )
    if _is_stale(outcome):
        yield "error", f"The outputs do not match the sources. {_find_fix(outcome)}"


def fence_text(text: str) -> str:
    """Return text in a fence that it can't leave, cut where it is very long."""
    ticks = "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    rest_length = len(text) - _MAX_FENCED
    rest_note = f"\n… {rest_length} more characters, in the log" if rest_length > 0 else ""
    return f"{ticks}text\n{text[:_MAX_FENCED].rstrip()}{rest_note}\n{ticks}\n"


def _join_page(body: str, notes: Iterator[str], details: Iterable[str] = ()) -> str:
    """Return a page: notes below its heading, details at its end."""
    return "\n".join([insert_notes(body, [*notes]), *(f"{text}\n" for text in details)])


def _make_notes(outcome: Outcome) -> Iterator[str]:
    if outcome.report is not None and outcome.diff.code == 1:
        yield _GATE_NOTE.format(outcome.fail_on, _describe_gate(outcome.report))
    if _is_stale(outcome):
        yield _STALE_NOTE.format(quote_code(_find_fix(outcome)))


def _make_details(outcome: Outcome) -> Iterator[str]:
    if outcome.check and _is_stale(outcome):
        yield fence_text(outcome.check.said)
    elif outcome.check and outcome.check.code and outcome.report is not None:
        yield f"🔴 `promptpack check` failed.\n\n{fence_text(outcome.check.said)}"


def _explain_failure(outcome: Outcome) -> str:
    shallow_note = f"\n{_SHALLOW_NOTE}\n" if outcome.shallow and outcome.diff.code == 2 else ""
    header = (
        f"{MARKER}\n**promptpack diff**\n\n{_NOT_COMPARED.format(_describe_failure(outcome))}\n\n"
    )
    return f"{header}{fence_text(outcome.diff.said)}{shallow_note}"


def _describe_failure(outcome: Outcome) -> str:
    return {
        2: "the inputs or the revisions are not valid",
        3: "one of the two revisions does not build, or can't be read",
    }.get(outcome.diff.code, "promptpack failed")


def _describe_gate(report: ReviewReport) -> str:
    if report.widened:
        return f"widened permissions in {_count_groups(report.widened)} are not accepted"
    return f"changes in {_count_groups(report.groups)} are not accepted"


def _describe_changes(report: ReviewReport) -> str:
    return f"{_pluralize(report.changed, 'output')} changed, in {_count_groups(report.groups)}"


def _count_groups(number: int) -> str:
    return _pluralize(number, "group")


def _pluralize(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _is_stale(outcome: Outcome) -> bool:
    return outcome.check is not None and outcome.check.code == 1


def _find_fix(outcome: Outcome) -> str:
    """Return the last line of `promptpack check`: the command that fixes it."""
    output = outcome.check.said.strip() if outcome.check else ""
    return output.split("\n")[-1]


def quote_code(text: str) -> str:
    """Return text as a code span that it can't leave."""
    ticks = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"
