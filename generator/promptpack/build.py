"""The build on one page: a project in, every artifact out, or everything that is wrong with it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptpack.model import Artifact, Finding, Pack, Project, UserError, Variant
from promptpack.reading.validation import suggest
from promptpack.rendering.compose import Composer, Warn
from promptpack.rendering.variants import ALL, Selection, resolve_variants
from promptpack.source.strict_yaml import DataPath, read_yaml
from promptpack.source.text import make_finding
from promptpack.targets import TARGETS, Target
from promptpack.targets.emit import find_widened, make_artifact

Progress = Callable[[int, int], None]


def build_project(
    project: Project,
    selection: Selection = ALL,
    progress: Progress = lambda _done, _all: None,
    warn: Warn = lambda _: None,
) -> tuple[Artifact, ...]:
    """Return the artifacts of all selected variants and targets, in a stable order.

    A pure function of the project. `progress` is told how many variants of how many are done, and
    `warn` each finding that is no reason to stop.
    Raises UserError with every finding of every variant; then there is nothing to write.
    """
    findings = list(_find_unknown_targets(project, selection))
    if findings:
        raise UserError(tuple(findings))
    variants = resolve_variants(project, selection)
    warnings: dict[Finding, None] = {}
    composer = Composer(project, warnings.setdefault)
    artifacts: list[Artifact] = []
    for done_count, variant in enumerate(variants, 1):
        for target in _select_targets(variant.pack, selection):
            try:
                artifacts.append(_render_artifact(composer, variant, target))
            except UserError as error:
                findings += error.findings
        progress(done_count, len(variants))
    findings += find_widened(artifacts)
    if findings:
        raise UserError(tuple(sorted(set(findings), key=_make_sort_key)))
    for warning in sorted(warnings, key=_make_sort_key):
        warn(warning)
    return tuple(artifacts)


def _render_artifact(composer: Composer, variant: Variant, target: Target) -> Artifact:
    agent = composer.agent(variant, target.name, tells_policy=target.tells_policy)
    return make_artifact(variant, target, agent)


def _select_targets(pack: Pack, selection: Selection) -> list[Target]:
    """Return the targets that a pack is rendered for and that were asked for."""
    return [
        target
        for name, target in TARGETS.items()
        if not pack.targets or name in pack.targets
        if not selection.targets or name in selection.targets
    ]


def _find_unknown_targets(project: Project, selection: Selection) -> Iterator[Finding]:
    for name in selection.targets:
        if name not in TARGETS:
            hint = suggest(name, TARGETS)
            yield Finding("PP023", "error", "", 0, 0, f"unknown target '{name}'", hint)
    names_by_path = [
        (p.path, {*p.targets, *(a.target for a in p.accept)}) for p in project.packs.values()
    ]
    names_by_path += [(model.path, set(model.ids)) for model in project.models.values()]
    for path, names in names_by_path:
        if names <= TARGETS.keys():
            continue
        source = project.sources[path]
        document = read_yaml(source, path)
        for place, name in _iter_target_places(document.data):
            if name not in TARGETS:
                span = (document.keys if place[0] == "ids" else document.values)[place]
                message, hint = f"unknown target '{name}'", suggest(name, TARGETS)
                yield make_finding("PP023", path, span, message, hint, source)


def _iter_target_places(data: Mapping[str, Any]) -> Iterator[tuple[DataPath, str]]:
    """Yield each target that a pack or a model names, and where."""
    yield from ((("targets", n), name) for n, name in enumerate(data.get("targets", ())))
    for number, accept in enumerate(data.get("accept", ())):
        yield ("accept", number, "target"), accept["target"]
    yield from ((("ids", name), name) for name in data.get("ids", ()))


def _make_sort_key(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line, finding.column, finding.message
