"""`promptpack explain`: why a line of an output says what it says."""

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import click

from promptpack.build import render
from promptpack.cli.choice import choose_pack, choose_target, choose_variant
from promptpack.cli.choices import format_suggestion
from promptpack.cli.names import complete_rules_and_files, complete_targets
from promptpack.cli.state import State, format_option, out_option, pass_state
from promptpack.model import Artifact, Project, VariantId, is_language
from promptpack.output.locate import (
    LocatedFile,
    LocatedOutput,
    locate_attached,
    locate_outputs,
    select_recorded,
)
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.provenance.explain import Step, explain_attached_line, explain_line
from promptpack.reading.project import load_project
from promptpack.reading.root_finding import list_known_packs
from promptpack.reading.roots import OUTPUT_FOLDER
from promptpack.reading.some_packs import load_packs
from promptpack.redaction import make_redactor
from promptpack.rendering.variants import ALL, Selection, select_variant
from promptpack.reporting.console import print_json, print_line, print_text, style
from promptpack.session import Session
from promptpack.source.disk import find_real_path
from promptpack.source.text import split_lines
from promptpack.targets import TARGETS

_RULE_CODE = re.compile(r"PP[0-9]{1,4}", re.IGNORECASE)
_FILE_AND_LINE = re.compile(r"(?P<name>.+?):(?P<line>[1-9][0-9]*)")


@click.command("explain")
@click.argument("place", metavar="FILE:LINE|RULE", shell_complete=complete_rules_and_files)
@click.option(
    "--target",
    shell_complete=complete_targets,
    help="For a variant: the client; default: opencode, if the pack has it.",
)
@out_option
@format_option
@pass_state
def command(state: State, place: str, target: str | None, out: Path | None) -> None:
    """Print where a line comes from, step by step, or the page of a rule such as PP101.

    FILE is an output (its path on disk, or the path that promptpack prints), a copy that `install`
    put into a repository, or a variant: `<model>.<policy>`, `<pack>/<model>.<policy>`.
    """
    if _RULE_CODE.fullmatch(place):
        print_text(_render_rule_page(place.upper()))
        return
    match = _FILE_AND_LINE.fullmatch(place)
    if match is None:
        raise click.UsageError(f"'{place}' is not FILE:LINE. Add a line number, such as {place}:1.")
    name, number = match["name"], int(match["line"])
    project, selection = _load_named(state.root(), name, out)
    session = Session(project)
    if located := _locate_attached(state, session, name, selection, out):
        _print_line_of_copy(state, located, number)
        return
    if (variant := _match_variant(name)) is None:
        artifact, number = _find_artifact_line(state, session, (name, number), selection, out)
    else:
        artifact = _render_variant(session, variant, target)
    try:
        steps = explain_line(session.tracer, artifact, number)
    except IndexError:
        lines = len(split_lines(artifact.text))
        raise click.UsageError(f"{artifact.path} has only {lines} lines.") from None
    redact = make_redactor(artifact.text, *project.sources.values())
    steps = tuple(step._replace(text=redact(step.text)) for step in steps)
    text = redact(artifact.text.split("\n")[number - 1])
    _print_steps(state, artifact.path, number, text, steps)


def _load_named(root: Path, name: str, out: Path | None) -> tuple[Project, Selection]:
    """Return the project with the pack that is meant, and what of it; with all where it is unknown.

    What a manifest says of a file counts only as far as the packs have it still.
    """
    if variant := _match_variant(name):
        selection = Selection(packs=(variant["pack"],) if variant["pack"] else ())
    else:
        paths = find_real_path(name), find_real_path((out or root / OUTPUT_FOLDER) / name)
        path = next((path for path in paths if path.is_file()), None)
        selection = select_recorded(path) if path else ALL
    if selection.packs and {*selection.packs} <= {*list_known_packs(root)}:
        project = load_packs(root, selection.packs)
        if variant or _has_recorded(project, selection):
            return project, selection
    return load_project(root), ALL


def _has_recorded(project: Project, selection: Selection) -> bool:
    """Tell whether packs have all that a file was recorded to be made of."""
    names = product(selection.models, selection.policies, selection.languages)
    recorded = {VariantId(*one) for one in names}
    variants = [
        pack in project.packs and recorded.intersection(project.packs[pack].list_variants())
        for pack in selection.packs
    ]
    return all(variants) and TARGETS.keys() >= set(selection.targets)


def _match_variant(name: str) -> dict[str, str] | None:
    """Return the pack, "" for none, and the variant that a name says, or None for a file's."""
    word = "[a-z0-9:+-]+"
    pattern = rf"(?:(?P<pack>[a-z0-9-]+)/)?(?P<variant>{word}\.{word}(\.(?P<tag>[\w-]+))?)"
    match = re.fullmatch(pattern, name)
    is_variant = match and (not match["tag"] or is_language(match["tag"]))
    return match.groupdict("") if match and is_variant and not Path(name).exists() else None


def _render_variant(session: Session, variant: Mapping[str, str], target: str | None) -> Artifact:
    project = session.project
    pack = choose_pack(project, variant["pack"] or None)
    chosen = choose_variant(project.packs[pack], variant["variant"])
    client = choose_target(project, project.packs[pack], target)
    (artifact,) = render(session, select_variant(pack, chosen, (client,)))
    return artifact


def _locate_attached(
    state: State, session: Session, name: str, selection: Selection, out: Path | None
) -> LocatedFile | None:
    """Return the file beside a skill that is named as on disk, or as promptpack prints it."""
    if not session.project.attached:
        return None
    named = state.root() / (session.project.out or OUTPUT_FOLDER)
    folder = find_real_path(named if out is None else out)
    paths = [find_real_path(name), find_real_path(folder / name)]
    path = next((path for path in paths if path.is_file()), None)
    return locate_attached(path, render(session, selection)) if path else None


def _print_line_of_copy(state: State, located: LocatedFile, number: int) -> None:
    """Print where a line of a file beside a skill comes from; the file may have been edited."""
    file = located.file
    path = located.artifact.locate(file)
    if located.content != file.content:
        raise click.UsageError(
            f"'{path}' was edited since the build: "
            f"'promptpack absorb' moves the edit into {file.source}."
        )
    try:
        step = explain_attached_line(file, number)
    except IndexError:
        lines = len(split_lines(file.text or ""))
        raise click.UsageError(f"{path} has only {lines} lines.") from None
    redact = make_redactor(file.text or "")
    text = redact(step.text)
    _print_steps(state, path, number, text, (step._replace(text=text.strip()),))


def _print_steps(state: State, path: str, number: int, text: str, steps: tuple[Step, ...]) -> None:
    if state.format == "json":
        print_json(_make_data(path, number, steps))
        return
    print_line(style(f"{path}:{number}", bold=True))
    print_line(f"    {text}".rstrip())
    for step in steps:
        origin = style(f"{step.origin.path}:{step.origin.line}", "cyan")
        print_line(f"{step.role.rjust(11)} {origin}")
        print_line(f"            {step.text}".rstrip())


def _render_rule_page(code: str) -> str:
    """Return what there is to say of a rule; raises UsageError for an unknown code."""
    from promptpack.lint.registry import RULES, render_page  # noqa: PLC0415 - only for a rule

    if code not in RULES:
        raise click.UsageError(f"No rule '{code}'.{format_suggestion(code, RULES)}")
    return render_page(code)


def _make_data(path: str, number: int, steps: tuple[Step, ...]) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "path": path,
        "line": number,
        "origins": [
            {
                "path": step.origin.path,
                "line": step.origin.line,
                "role": step.role,
                "text": step.text,
            }
            for step in steps
        ],
    }


def _find_artifact_line(
    state: State,
    session: Session,
    place: tuple[str, int],
    selection: Selection,
    out: Path | None,
) -> tuple[Artifact, int]:
    """Return the artifact and its line that is meant; raises UsageError where there is none."""
    name, number = place
    project = session.project
    artifacts = tuple(render(session, selection))
    folder = find_real_path(state.root() / (project.out or OUTPUT_FOLDER) if out is None else out)
    path = find_real_path(name)
    if not path.exists() and (folder / name).exists():
        path = find_real_path(folder / name)
    if outputs := locate_outputs(path, artifacts):
        return _find_line_in_file(outputs, name, number)
    relative_path = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else name
    matching = [artifact for artifact in artifacts if artifact.path == relative_path]
    if len(matching) > 1:
        raise click.UsageError(f"Several packs share '{name}': build it first.")
    if not matching:
        raise click.UsageError(f"'{name}' is not an output of this project.")
    return matching[0], number


def _find_line_in_file(
    outputs: tuple[LocatedOutput, ...], name: str, number: int
) -> tuple[Artifact, int]:
    """Return the artifact and its line for a line of a file as it stands on disk."""
    matching = [output for output in outputs if output.holds(number)]
    if not matching:
        last = max(output.before + output.text.count("\n") for output in outputs)
        raise click.UsageError(
            f"promptpack did not write line {number} of '{name}' (its last line is {last})."
        )
    line = matching[0].line(number)
    if line is None:
        hint = f"'promptpack absorb {name}' moves the edit into the sources"
        raise click.UsageError(f"Line {number} of '{name}' was edited since the build: {hint}.")
    return matching[0].artifact, line
