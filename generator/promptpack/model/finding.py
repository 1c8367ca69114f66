"""Findings: what is wrong at a place in a source file, and the error that carries them."""

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """Something a rule says about one place in one source file; line and column count from 1.

    The hint may have several lines. What follows an empty line is to be copied as it stands.
    """

    code: str
    severity: Severity
    path: str
    line: int
    column: int
    message: str
    hint: str = ""
    excerpt: str = ""
    width: int = 1


class UserError(Exception):
    """The one exception for what the user can fix: it carries every finding, not one only."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(f"{f.path}:{f.line}: {f.message}" for f in findings))
        self.findings = findings
