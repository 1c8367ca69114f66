"""`promptpack audit`: what hand-kept agent files really allow."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from promptpack.cli import report
from promptpack.cli.state import State, format_suggestion, pass_state
from promptpack.importing.audit import Audit, audit_paths, make_audit_data, read_base
from promptpack.importing.changes import RightsChange, compare_files, report_widenings
from promptpack.importing.findings import report_unread
from promptpack.lint.formats import FORMATS
from promptpack.lint.rule import LintResult
from promptpack.reporting.console import print_data, print_json, print_line
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
@click.option(
    "--base", metavar="REVISION", help="Report only what is allowed since this git revision."
)
@click.option("--format", "format_", type=click.Choice(["human", *FORMATS]), help="Output format.")
@click.option("--strict", is_flag=True, help="Exit with 1 if there is an error.")
@pass_state
def command(  # noqa: PLR0913 - one parameter an option
    state: State,
    paths: tuple[Path, ...],
    target: str,
    base: str | None,
    format_: str | None,
    *,
    strict: bool,
) -> int:
    """Report what the agent files of a repository really allow; writes nothing.

    Finds the files that OpenCode, Claude Code, Copilot, Cursor, Codex and Gemini CLI load, below
    the current folder or in each PATH, and reads each as its client does, and as each other client
    does that loads it too. Needs no pack and no project. With --base it exits with 1 if a change
    since that revision allows more.
    """
    if target and target not in TARGETS:
        raise click.UsageError(f"No target '{target}'.{format_suggestion(target, TARGETS)}")
    paths = paths or (state.directory or Path(),)
    audit = audit_paths(paths, target)
    changes: list[RightsChange] = []
    if base is not None:
        old_files = read_base(paths, base, target)
        changes = compare_files(old_files, audit.files)
        unread_findings = (report_unread(file) for file in audit.unread)
        findings = (*unread_findings, *report_widenings(changes, old_files))
        audit = replace(audit, findings=findings)
    name = format_ or state.format
    if name == "json":
        print_json(make_audit_data(audit, changes))
    elif name != "human":
        print_data(FORMATS[name](LintResult(audit.findings), ""))
    elif base is None:
        _print_audit(state, audit)
    else:
        _print_changes(state, audit, changes)
    has_error = any(finding.severity == "error" for finding in audit.findings)
    return int(has_error and (strict or base is not None))


def _print_changes(state: State, audit: Audit, changes: Iterable[RightsChange]) -> None:
    """Print what is wider, then what is narrower."""
    report.print_findings(audit.findings, verbose=state.verbose, err=False)
    narrower = [one for one in changes if one.change.kind == "narrowed"]
    if state.quiet:
        return
    if audit.findings and narrower:
        print_line()
    for line in _describe_narrower(narrower):
        print_line(line)
    if not audit.findings and not narrower:
        print_line("No permissions changed")


def _describe_narrower(changes: Iterable[RightsChange]) -> Iterator[str]:
    """Yield a line for each file and client that grants less, and how much it did and does."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for file, reading, grant in changes:
        key = file.path, reading.target.title, grant.old, grant.new
        groups.setdefault(key, []).append(grant.field)
    for (path, title, old, new), fields in groups.items():
        text = f"{path} in {title}: {', '.join(fields)} ('{new}' instead of '{old}')"
        yield from report.wrap_text("narrower: ", text, 10)


def _print_audit(state: State, audit: Audit) -> None:
    if not state.quiet:
        for line in _summarize(audit):
            print_line(line)
    if audit.findings:
        report.print_findings(audit.findings, verbose=state.verbose, err=False)
    elif audit.files and not state.quiet:
        print_line("No findings")


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
