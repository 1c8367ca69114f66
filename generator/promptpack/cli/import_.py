"""`promptpack import`: hand-kept agent files become packs that build the same files."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from promptpack.cli.choices import Choices, check_target
from promptpack.cli.import_screen import format_screen
from promptpack.cli.outs import outs_option, parse_outs
from promptpack.cli.progress import MANY, show_progress
from promptpack.cli.state import State, from_option, pass_state
from promptpack.importing.audit import Audit, audit_paths, list_strangers
from promptpack.importing.html import format_import_page
from promptpack.importing.importer import (
    ImportForm,
    ImportPlan,
    make_import_data,
    plan_import,
    write_contents,
)
from promptpack.importing.markdown import format_import
from promptpack.importing.overview import make_import_overview
from promptpack.importing.placing import place_files
from promptpack.output.replace import write_report
from promptpack.reading.project import load_project_or_none
from promptpack.reading.roots import PROJECT_FILE
from promptpack.reporting.console import (
    ask_to_go_on,
    is_terminal,
    print_data,
    print_line,
    print_lines,
)
from promptpack.reporting.json_text import dump_json
from promptpack.reporting.plurals import pluralize
from promptpack.source.disk import find_real_path
from promptpack.source.yaml_writer import write_compact_mapping

_FORMATS = ("human", "json", "markdown", "html")


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@from_option
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="The project to write packs into; default: the current folder.",
)
@click.option("--join", is_flag=True, help="Make one pack of copies whose prompts differ in part.")
@click.option("--split", is_flag=True, help="Make a fragment of each section of a prompt.")
@click.option("--dedupe", is_flag=True, help="Make shared fragments of what 3 prompts or more say.")
@click.option("--dry-run", is_flag=True, help="Print what would be done; write nothing.")
@click.option("-y", "--yes", is_flag=True, help="Write without asking.")
@click.option("--strict", is_flag=True, help="Exit with 1 if a file is refused.")
@click.option("--format", "format_", type=Choices(_FORMATS), help="Output format.")
@outs_option
@pass_state
def command(state: State, /, paths: tuple[Path, ...], **options: Any) -> int:  # noqa: ANN401 - what click gives each option
    """Turn hand-kept agent files into packs that build the same files, to the byte.

    Each PATH is a file, or a folder such as `.`, in which every client's agent files are found.
    They are only read. Each file is built again before a pack is written; one that would not come
    out as it is now is refused, with the reason.
    """
    target = options["target"]
    if target:
        check_target(target)
    outs = parse_outs(options["outs"], _FORMATS[1:])
    folder = options["into"] or state.directory or Path()
    form = ImportForm(join=options["join"], split=options["split"], dedupe=options["dedupe"])
    state.format = options["format_"] or state.format
    with show_progress(state, "Reading", MANY) as progress:
        audit = audit_paths(paths, target, texts=True, progress=progress)
    project = load_project_or_none(folder)
    strangers = list_strangers(paths, target)
    with show_progress(state, "Building", MANY) as progress:
        plan = plan_import(audit.with_unread(strangers), project, form, progress)
    place_files(audit, plan, project)
    if state.format != "human":
        print_data(_render(state.format, audit, plan))
    elif not state.quiet:
        overview = make_import_overview(audit, plan)
        print_lines(format_screen(overview, is_whole=state.verbose))
        print_lines(_describe_additions(plan))
    for name, path in outs:
        write_report(path, _render(name, audit, plan).encode())
    if plan.packs and not options["dry_run"] and not _write(state, plan, folder, options["yes"]):
        return 1
    return int(options["strict"] and bool(plan.refused))


def _render(name: str, audit: Audit, plan: ImportPlan) -> str:
    """Return the whole report in a format for programs, an issue or a browser."""
    if name == "json":
        return dump_json(make_import_data(audit, plan))
    overview = make_import_overview(audit, plan)
    return format_import(overview) if name == "markdown" else format_import_page(overview)


def _write(state: State, plan: ImportPlan, folder: Path, is_sure: bool) -> bool:
    """Write the packs if the user agrees, and say so; return whether they were written."""
    is_talking = state.format == "human" and not state.quiet
    if is_talking:
        print_line()
    if not is_sure and not _confirm(state, plan, folder):
        return False
    write_contents(folder, plan.contents, plan.attached)
    if is_talking:
        place = f"{pluralize(len(plan.packs), 'pack')} into {state.shown(folder / 'packs')}"
        is_elsewhere = find_real_path(folder) != Path.cwd()
        words = ("-C", str(folder)) if is_elsewhere else ()
        name = "install" if plan.installations else "build"
        print_line(f"Wrote {place}. Next: {shlex.join(['promptpack', *words, name])}")
    return True


def _describe_additions(plan: ImportPlan) -> Iterator[str]:
    """Yield what has to be added by hand to a project file that is there already."""
    if plan.installations and PROJECT_FILE not in plan.contents:
        yield ""
        yield f"For promptpack install, add this to {PROJECT_FILE}:"
        yield ""
        yield from write_compact_mapping({"installations": plan.installations}).splitlines()


def _confirm(state: State, plan: ImportPlan, folder: Path) -> bool:
    """Return whether to write; raises UsageError where nobody can be asked."""
    if state.format != "human" or not is_terminal("stdin"):
        raise click.UsageError("Nothing was written: add --yes to write the packs, or --dry-run.")
    count = pluralize(len(plan.packs), "pack")
    return ask_to_go_on(f"Write {count} into {state.shown(folder / 'packs')}?")
