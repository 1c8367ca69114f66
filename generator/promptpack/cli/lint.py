"""`promptpack lint`: what is weak, risky or contradictory in packs and templates."""

import click

from promptpack.build import build
from promptpack.cli import report
from promptpack.cli.state import State, closest, pass_state
from promptpack.diff import git
from promptpack.lint.engine import lint
from promptpack.lint.formats import FORMATS
from promptpack.lint.registry import RULES
from promptpack.lint.rule import Verdict
from promptpack.model import Finding, UserError
from promptpack.reading.project import load
from promptpack.redaction import conceal


@click.command("lint")
@click.option("--format", "format_", type=click.Choice(["human", *FORMATS]), help="How to report.")
@click.option(
    "--rule", "codes", multiple=True, metavar="CODE", help="Only this rule; may be repeated."
)
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@pass_state
def command(state: State, format_: str | None, codes: tuple[str, ...], *, strict: bool) -> int:
    """Say what is weak, risky or contradictory in packs, templates and prompts; writes nothing.

    The exit code is 0 where there are only warnings, and 1 where there is an error, or with
    --strict any finding. While the project does not build, only what stops it is said.
    `promptpack explain CODE` prints a rule's page. A finding is ignored with `ignore:` in the pack,
    or in a comment on its line or the line before (`promptpack: ignore CODE - reason`), always with
    a reason.
    """
    for code in codes:
        if code not in RULES:
            raise click.UsageError(f"No rule '{code}'.{closest(code, RULES)}")
    verdict = _verdict(state, codes)
    name = format_ or state.format
    if name == "human":
        _print(state, verdict)
    else:
        click.echo(FORMATS[name](verdict, _prefix(state, name)), nl=False)
    return int(any(strict or one.severity == "error" for one in verdict.findings))


def _verdict(state: State, codes: tuple[str, ...]) -> Verdict:
    warned: list[Finding] = []
    root = state.root()
    try:
        project = load(root)
        return lint(project, build(project, warn=warned.append), warned, codes)
    except UserError as error:
        return Verdict(tuple(conceal(one) for one in error.findings))


def _print(state: State, verdict: Verdict) -> None:
    for line in report.finding_lines(verdict.findings):
        click.echo(line)
    ignored = f", {len(verdict.suppressed)} ignored" if verdict.suppressed else ""
    if state.verbose:
        for one, reason in verdict.suppressed:
            click.echo(f"ignored {one.code} at {one.path}:{one.line}: {reason}")
    if verdict.findings or not state.quiet:
        said = report.counted(verdict.findings) if verdict.findings else "Nothing to say"
        click.echo(f"{said}{ignored}")


def _prefix(state: State, name: str) -> str:
    """Return the way from the repository to the project, for a format that is read by a forge."""
    if name == "json":
        return ""
    try:
        return git.prefix(state.root())
    except UserError:
        return ""
