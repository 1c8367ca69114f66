"""`promptpack diff --export`: a folder with few outputs before and after, for an evaluation."""

from collections.abc import Iterable
from pathlib import Path

import click

from promptpack.cli.state import State
from promptpack.diff.export import CONFIG, export_review
from promptpack.diff.model import Review
from promptpack.output.folder_plan import plan_files
from promptpack.output.folders import find_folder_problem
from promptpack.output.manifest import EXPORTED
from promptpack.output.ownership import Ownership, claims_evaluation
from promptpack.output.status import DesiredFile
from promptpack.output.write import apply_plan
from promptpack.reading.roots import find_project_folder
from promptpack.reporting.console import print_line
from promptpack.reporting.plurals import pluralize
from promptpack.source.disk import ENTRY_LIMIT, find_real_path, walk_folder

_SIDES = ("before/", "after/")
_ADVICE = "keep the edit in a file of another name, and remove this one"


def check_export(state: State, folder: Path, inputs: Iterable[Path]) -> None:
    """Raise UsageError where nothing may be exported to a folder; `inputs` are compared folders.

    It has to be a new one, an empty one, or one with an earlier export.
    """
    root = state.directory or find_project_folder(Path.cwd()) or Path.cwd()
    problem = find_folder_problem(folder, find_real_path(root))
    if any(find_real_path(folder).is_relative_to(find_real_path(one)) for one in inputs):
        problem = "it is inside a folder that is compared"
    if not problem and folder.is_dir() and not (folder / EXPORTED).is_file():
        is_empty = not any(True for _ in walk_folder(folder, ENTRY_LIMIT))
        problem = "" if is_empty else "it contains files that are not an export of promptpack"
    if problem:
        raise click.UsageError(f"Nothing can be exported to '{folder}': {problem}.")


def write_export(state: State, review: Review, folder: Path) -> None:
    """Write the export of a review; raises UserError where a file of an earlier one was edited."""
    contents = export_review(review)
    files = {path: DesiredFile(content, {}) for path, content in contents.items()}
    ownership = Ownership(claims_evaluation, claims_evaluation, record=EXPORTED, advice=_ADVICE)
    apply_plan(plan_files(folder, files, ownership))
    if state.quiet:
        return
    if not contents:
        print_line("Nothing to export: no prompt changed.", err=True)
        return
    count = len({path.partition("/")[2] for path in contents if path.startswith(_SIDES)})
    config = f"{state.shown(folder)}/{CONFIG}"
    print_line(
        f"Exported {pluralize(count, 'output')}, before and after. "
        f"Next: promptfoo eval -c {config}",
        err=True,
    )
