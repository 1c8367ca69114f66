"""What a lint rule is: its code, page and check, and what a check reports."""

import inspect
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from promptpack.lint.context import LintContext
from promptpack.model import Finding, Severity
from promptpack.rendering.expectations import ExpectationSummary

Family = Literal["input", "policy", "client", "text", "paths", "prompt", "audit"]


class Diagnostic(NamedTuple):
    """What a check says of one place in a source; with no width it means the whole line."""

    path: str
    line: int
    message: str
    hint: str = ""
    column: int = 1
    width: int = 0


Check = Callable[[LintContext], Iterator[Diagnostic]]


class Rule(NamedTuple):
    """One thing that promptpack can say.

    `page` is Markdown: a sentence, why it matters, how to fix it, a bad and a good example.
    `check` finds it in a project that builds; what the pipeline says itself has none. What there
    may be many of in one file is reported `once_per_file`, with their number.
    """

    code: str
    name: str
    severity: Severity
    family: Family
    page: str
    check: Check | None = None
    once_per_file: bool = False

    @property
    def summary(self) -> str:
        """The first sentence of the page."""
        return self.page.partition("\n")[0]

    @property
    def stops_build(self) -> bool:
        """Tell whether this finding stops the build, so that it can't be ignored."""
        return self.check is None and self.severity == "error" and self.family != "audit"


class SuppressedFinding(NamedTuple):
    """A finding that somebody decided to live with, and why."""

    finding: Finding
    reason: str


class LintResult(NamedTuple):
    """What the rules say of a project, in the order of its files.

    `expectations` says what became of those of the packs, unless there is no project.
    """

    findings: tuple[Finding, ...]
    suppressed: tuple[SuppressedFinding, ...] = ()
    expectations: ExpectationSummary | None = None


def make_rule(  # noqa: PLR0913 - the columns of a table of rules
    code: str,
    name: str,
    family: Family,
    check: Check,
    severity: Severity = "warning",
    *,
    once_per_file: bool = False,
) -> Rule:
    """Return the entry of a check; its docstring is the page."""
    page = inspect.getdoc(check) or ""
    return Rule(code, name, severity, family, page, check, once_per_file)
