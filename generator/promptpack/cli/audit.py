"""`promptpack audit`: what hand-kept agent files really allow."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from promptpack.cli import report
from promptpack.cli.choices import Choices, check_target
from promptpack.cli.outs import outs_option, parse_outs
from promptpack.cli.progress import MANY, show_progress
from promptpack.cli.state import State, from_option, pass_state
from promptpack.git.repository import find_repository
from promptpack.importing.audit import Audit, audit_paths, make_audit_data, read_base
from promptpack.importing.changes import RightsChange, compare_files, report_widenings
from promptpack.importing.findings import report_unread
from promptpack.importing.html import format_audit_page
from promptpack.importing.import_command import find_import_command
from promptpack.importing.markdown import (
    IMPORT_LEAD,
    NOTHING_FOUND,
    NOTHING_SINCE,
    format_audit,
)
from promptpack.lint.formats import FORMATS
from promptpack.lint.rule import LintResult
from promptpack.model import Finding, UserError
from promptpack.output.replace import write_report
from promptpack.reading.project import load_project_or_none
from promptpack.reporting.console import print_data, print_line, print_lines
from promptpack.reporting.json_text import dump_json
from promptpack.reporting.plurals import pluralize

_FORMATS = ("human", "markdown", "html", *FORMATS)


@click.command("audit")
@click.argument(
    "paths", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[PATH]..."
)
@from_option
@click.option(
    "--base", metavar="REVISION", help="Report only what is allowed since this git revision."
)
@click.option("--format", "format_", type=Choices(_FORMATS), help="Output format.")
@outs_option
@click.option(
    "--fail-on",
    type=Choices(["none", "permissions"]),
    default="permissions",
    show_default=True,
    help="With --base: exit with 1 if more is allowed, or never.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if there is an error.")
@pass_state
def command(state: State, /, paths: tuple[Path, ...], **options: Any) -> int:  # noqa: ANN401 - what click gives each option
    """Report what the agent files of a repository really allow; writes nothing.

    Finds the files that OpenCode, Claude Code, Copilot, Cursor, Codex, Gemini CLI, Qwen Code,
    Kilo, Factory, Cline, Kiro, Junie and Roo Code load, below the current folder or in each PATH,
    and reads each as its client does, and as each other client does that loads it too. Needs no
    pack and no project.
    With --base it exits with 1 if a change since that revision allows more.
    """
    target, base = options["target"], options["base"]
    if target:
        check_target(target)
    files = parse_outs(options["outs"], _FORMATS[1:])
    paths = paths or (state.directory or Path(),)
    with show_progress(state, "Reading", MANY) as progress:
        audit = audit_paths(paths, target, progress=progress)
    changes: list[RightsChange] = []
    if base is not None:
        old_files = read_base(paths, base, target)
        changes = compare_files(old_files, audit.files)
        unread_findings = (report_unread(file) for file in audit.unread)
        findings = (*unread_findings, *report_widenings(changes, old_files))
        audit = replace(audit, findings=findings)
    name = options["format_"] or state.format
    is_told = base is None and ({name, *dict(files)} & {"human", "markdown", "html"})
    command = _find_import_command(audit, paths, target) if is_told else ""
    if name != "human":
        print_data(_render(name, audit, changes, base, command))
    elif not files:
        _print_human(state, audit, None if base is None else changes, command)
    for out_name, path in files:
        write_report(path, _render(out_name, audit, changes, base, command).encode())
    has_error = any(finding.severity == "error" for finding in audit.findings)
    is_gate = base is not None and options["fail_on"] == "permissions"
    return int(has_error and (options["strict"] or is_gate))


def _find_import_command(audit: Audit, paths: Iterable[Path], target: str) -> str:
    """Return the command that makes packs of the files here, or nothing where none would do."""
    try:
        project = load_project_or_none(Path())
    except UserError:
        return ""
    return find_import_command(audit.files, paths, target, project)


def _render(
    name: str, audit: Audit, changes: Iterable[RightsChange], base: str | None, import_command: str
) -> str:
    """Return the report in a format for programs or a forge."""
    if name == "json":
        return dump_json(make_audit_data(audit, changes))
    if name == "markdown":
        return format_audit(audit.findings, base, import_command)
    if name == "html":
        return format_audit_page(audit.findings, base, import_command)
    return FORMATS[name](LintResult(audit.findings), _find_prefix(audit.findings))


def _find_prefix(findings: Iterable[Finding]) -> str:
    """Return the way from the repository to here, where all findings are about files below it."""
    if any(one.path.startswith(("/", "../")) for one in findings):
        return ""
    try:
        return find_repository(Path()).prefix
    except UserError:
        return ""


def _print_human(
    state: State, audit: Audit, changes: list[RightsChange] | None, import_command: str
) -> None:
    if changes is None:
        _print_audit(state, audit)
        if import_command and not state.quiet:
            print_lines(["", f"{IMPORT_LEAD}: {import_command}"])
    else:
        _print_changes(state, audit, changes)


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
        print_line(NOTHING_SINCE)


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
        print_line(NOTHING_FOUND)


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
        yield f"{holding} of {len(audit.governed_files)} may {phrase}{note}"
    yield ""
