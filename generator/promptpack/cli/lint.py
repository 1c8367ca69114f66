"""`promptpack lint`: report weak, risky or contradictory parts of packs and templates."""

import click

from promptpack.build import load_whole, render
from promptpack.cli import report
from promptpack.cli.choices import Choices, format_suggestion
from promptpack.cli.names import complete_rules
from promptpack.cli.state import State, pass_state
from promptpack.git.repository import find_repository
from promptpack.lint.engine import lint_session
from promptpack.lint.formats import FORMATS
from promptpack.lint.registry import RULES
from promptpack.lint.rule import LintResult
from promptpack.model import UserError
from promptpack.redaction import redact_finding
from promptpack.reporting.console import print_data, print_line, print_lines
from promptpack.session import Session


@click.command("lint")
@click.option("--format", "format_", type=Choices(["human", *FORMATS]), help="Output format.")
@click.option(
    "--rule",
    "codes",
    multiple=True,
    metavar="CODE",
    shell_complete=complete_rules,
    help="Only this rule; may be repeated.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@pass_state
def command(state: State, format_: str | None, codes: tuple[str, ...], *, strict: bool) -> int:
    """Report weak, risky or contradictory parts of packs, templates and prompts; writes nothing.

    The exit code is 0 if there are only warnings, and 1 if there is an error or, with --strict, any
    finding. If the project does not build, only the errors that stop the build are reported.
    `promptpack explain CODE` prints a rule's page. To ignore a finding, use `ignore:` in the pack,
    or a comment on its line or the line before (`promptpack: ignore CODE - reason`). Both need a
    reason.
    """
    for code in codes:
        if code not in RULES:
            raise click.UsageError(f"No rule '{code}'.{format_suggestion(code, RULES)}")
    lint_result = _run_lint(state, codes)
    name = format_ or state.format
    if name == "human":
        _print_result(state, lint_result)
    else:
        print_data(FORMATS[name](lint_result, _find_prefix(state, name)))
    return int(any(strict or finding.severity == "error" for finding in lint_result.findings))


def _run_lint(state: State, codes: tuple[str, ...]) -> LintResult:
    session = None
    try:
        session = Session(load_whole(state.root()))
        return lint_session(session, render(session), codes)
    except UserError as error:
        findings = tuple(redact_finding(finding) for finding in error.findings)
        return LintResult(findings, (), session.expectations.summarize() if session else None)


def _print_result(state: State, lint_result: LintResult) -> None:
    note = f", {len(lint_result.suppressed)} suppressed" if lint_result.suppressed else ""
    if state.verbose:
        for finding, reason in lint_result.suppressed:
            print_line(f"suppressed {finding.code} at {finding.path}:{finding.line}: {reason}")
        if lint_result.suppressed and lint_result.findings:
            print_line()
    report.print_findings(lint_result.findings, note, verbose=state.verbose, err=False)
    if not lint_result.findings and not state.quiet:
        print_line(f"No findings{note}")
    if not state.quiet:
        print_lines(report.format_expectations(lint_result.expectations))


def _find_prefix(state: State, name: str) -> str:
    """Return the way from the repository to the project, for a format that is read by a forge."""
    if name == "json":
        return ""
    try:
        return find_repository(state.root()).prefix
    except UserError:
        return ""
