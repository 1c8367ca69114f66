"""`promptpack audit`: what hand-kept agent files really allow."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from promptpack.cli import report
from promptpack.cli.state import State, format_suggestion, pass_state
from promptpack.importing.audit import Audit, audit_paths, make_audit_data
from promptpack.lint.formats import FORMATS
from promptpack.lint.rule import LintResult
from promptpack.reporting.plurals import pluralize
from promptpack.targets import TARGETS


@click.command("audit")
@click.argument(
    "paths", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[PATH]..."
)
@click.option(
    "--from",
    "target",
    default="",
    metavar="TARGET",
    help="Take every file there for one of this client, wherever it stands.",
)
@click.option("--format", "format_", type=click.Choice(["human", *FORMATS]), help="Output format.")
@click.option("--strict", is_flag=True, help="Exit with 1 if there is an error.")
@pass_state
def command(
    state: State, paths: tuple[Path, ...], target: str, format_: str | None, *, strict: bool
) -> int:
    """Report what the agent files of a repository really allow; writes nothing.

    Finds the files that OpenCode, Claude Code, Copilot, Cursor, Codex and Gemini CLI load, below
    the current folder or in each PATH, and reads each as its client does, and as each other client
    does that loads it too. Needs no pack and no project.
    """
    if target and target not in TARGETS:
        raise click.UsageError(f"No target '{target}'.{format_suggestion(target, TARGETS)}")
    audit = audit_paths(paths or (state.directory or Path(),), target)
    name = format_ or state.format
    if name == "json":
        click.echo(json.dumps(make_audit_data(audit), indent=2))
    elif name == "human":
        _print_audit(state, audit)
    else:
        click.echo(FORMATS[name](LintResult(audit.findings), ""), nl=False)
    return int(strict and any(finding.severity == "error" for finding in audit.findings))


def _print_audit(state: State, audit: Audit) -> None:
    if not state.quiet:
        for line in _summarize(audit):
            click.echo(line)
    if audit.findings:
        report.print_findings(audit.findings, verbose=state.verbose, err=False)
    elif audit.files and not state.quiet:
        click.echo("No findings")


def _summarize(audit: Audit) -> Iterator[str]:
    """Yield how many files and agents there are, and how many of them may do harm."""
    if not audit.files:
        yield "No agent files found."
        return
    clients = ", ".join(f"{title} {count}" for title, count in audit.count_targets().items())
    yield from report.wrap_text("", f"{pluralize(len(audit.files), 'agent file')}: {clients}", 2)
    agents, copied = audit.count_copies()
    if copied:
        yield f"{pluralize(agents, 'agent')}, {copied} of them in several clients"
    for phrase, (holding, asking) in audit.count_powers().items():
        note = f", {asking} of them only after asking" if asking else ""
        yield f"{holding} of {len(audit.files)} may {phrase}{note}"
    yield ""
