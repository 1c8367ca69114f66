"""What is said of a run: the reports of both commands in, Markdown and annotations out.

All that comes from a checkout stands in code, where no mention, tag or link is one.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MARKER = "<!-- promptpack:diff -->"
"""The first line of every comment, by which it is found again; anywhere else it means nothing."""

_CUT = 20_000
_RUN = re.compile("`+")
_GATE = "🔴 **The gate `{}` holds this up**: {}."
_STALE = "🔴 **The outputs are not what the sources say.** {}"
_NOT_COMPARED = "🔴 **Not compared: {}.**"
_DEEPEN = "The checkout has only a part of the history: give `actions/checkout` `fetch-depth: 0`."


class Ran(NamedTuple):
    """A command that ran: its exit code and what it said."""

    code: int
    said: str


class Report(NamedTuple):
    """What `promptpack diff` reported: in full, within a comment's budget, and in numbers."""

    full: str
    cut: str
    changed: int
    widened: int
    groups: int


class Outcome(NamedTuple):
    """What a run found out; there is no report where the sides could not be compared."""

    check: Ran | None
    diff: Ran
    report: Report | None
    fail_on: str
    shallow: bool

    @property
    def code(self) -> int:
        """Return the exit code of the whole: the gravest."""
        return max(self.diff.code, self.check.code if self.check else 0)

    @property
    def news(self) -> bool:
        """Tell whether there is anything worth a comment."""
        return self.code != 0 or self.report is None or self.report.changed > 0


def comment(outcome: Outcome) -> str:
    """Return the body of the comment."""
    report = outcome.report
    return _page(report.cut if report else _not_compared(outcome), _notes(outcome))


def short(outcome: Outcome) -> str:
    """Return a body that fits anywhere."""
    report = outcome.report
    many = _sizes(report) if report else "no report"
    widened = f"; permissions are widened in {report.widened}" if report and report.widened else ""
    said = f"The report is too long to be shown here: {many}{widened}."
    return _page(f"{MARKER}\n**promptpack diff**\n\n{said}\n", _notes(outcome))


def summary(outcome: Outcome) -> str:
    """Return all that was found out, for the summary of the job."""
    report = outcome.report
    return _page(report.full if report else _not_compared(outcome), _all_notes(outcome))


def annotations(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Yield what failed, as levels and messages."""
    if outcome.report is None:
        yield "error", f"Not compared: {_why(outcome)}; the job's summary says more"
    elif outcome.diff.code == 1:
        yield "error", f"The gate '{outcome.fail_on}' holds this up: {_held(outcome.report)}"
    if _stale(outcome):
        yield "error", f"The outputs are not what the sources say. {_mend(outcome)}"


def fenced(text: str) -> str:
    """Return text in a fence that it can't leave, cut where it is very long."""
    ticks = "`" * max(3, 1 + max((len(run) for run in _RUN.findall(text)), default=0))
    left = len(text) - _CUT
    rest = f"\n… {left} more characters, in the log" if left > 0 else ""
    return f"{ticks}text\n{text[:_CUT].rstrip()}{rest}\n{ticks}\n"


def _page(body: str, notes: Iterator[str]) -> str:
    return "\n".join([body, *(f"{note}\n" for note in notes)])


def _notes(outcome: Outcome) -> Iterator[str]:
    if outcome.report is not None and outcome.diff.code == 1:
        yield _GATE.format(outcome.fail_on, _held(outcome.report))
    if _stale(outcome):
        yield _STALE.format(code(_mend(outcome)))


def _all_notes(outcome: Outcome) -> Iterator[str]:
    yield from _notes(outcome)
    if outcome.check and _stale(outcome):
        yield fenced(outcome.check.said)
    elif outcome.check and outcome.check.code and outcome.report is not None:
        yield f"🔴 `promptpack check` failed.\n\n{fenced(outcome.check.said)}"


def _not_compared(outcome: Outcome) -> str:
    deepen = f"\n{_DEEPEN}\n" if outcome.shallow and outcome.diff.code == 2 else ""
    head = f"{MARKER}\n**promptpack diff**\n\n{_NOT_COMPARED.format(_why(outcome))}\n\n"
    return f"{head}{fenced(outcome.diff.said)}{deepen}"


def _why(outcome: Outcome) -> str:
    return {2: "it can't be asked for like this", 3: "a side does not build"}.get(
        outcome.diff.code, "promptpack failed"
    )


def _held(report: Report) -> str:
    if report.widened:
        return f"{_groups(report.widened)} of widened permissions, not accepted"
    return f"{_groups(report.groups)} not accepted"


def _sizes(report: Report) -> str:
    return f"{_many(report.changed, 'output')} changed, in {_groups(report.groups)}"


def _groups(number: int) -> str:
    return _many(number, "group")


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _stale(outcome: Outcome) -> bool:
    return outcome.check is not None and outcome.check.code == 1


def _mend(outcome: Outcome) -> str:
    """Return the last line of `promptpack check`: the command that mends it."""
    said = outcome.check.said.strip() if outcome.check else ""
    return said.split("\n")[-1]


def code(text: str) -> str:
    """Return text as a code span that it can't leave."""
    ticks = "`" * (1 + max((len(run) for run in _RUN.findall(text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"
