"""The build on one page: a project in, every artifact out, or everything that is wrong with it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptpack.model import Artifact, Finding, Pack, Project, UserError, Variant
from promptpack.reading.validation import did_you_mean
from promptpack.rendering.compose import Composer, Warn
from promptpack.rendering.variants import ALL, Selection, resolve
from promptpack.source.strict_yaml import Path, read_yaml
from promptpack.source.text import finding
from promptpack.targets import TARGETS, Target
from promptpack.targets.emit import make_artifact, widened

Progress = Callable[[int, int], None]


def build(
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
    findings = list(_unknown_targets(project, selection))
    if findings:
        raise UserError(tuple(findings))
    variants = resolve(project, selection)
    warnings: dict[Finding, None] = {}
    composer = Composer(project, warnings.setdefault)
    artifacts: list[Artifact] = []
    for done, variant in enumerate(variants, 1):
        for target in _targets(variant.pack, selection):
            try:
                artifacts.append(_rendered(composer, variant, target))
            except UserError as error:
                findings += error.findings
        progress(done, len(variants))
    findings += widened(artifacts)
    if findings:
        raise UserError(tuple(sorted(set(findings), key=_by_place)))
    for found in sorted(warnings, key=_by_place):
        warn(found)
    return tuple(artifacts)


def _rendered(composer: Composer, variant: Variant, target: Target) -> Artifact:
    agent = composer.agent(variant, target.name, tells_policy=target.tells_policy)
    return make_artifact(variant, target, agent)


def _targets(pack: Pack, selection: Selection) -> list[Target]:
    """Return the targets that a pack is rendered for and that were asked for."""
    return [
        target
        for name, target in TARGETS.items()
        if not pack.targets or name in pack.targets
        if not selection.targets or name in selection.targets
    ]


def _unknown_targets(project: Project, selection: Selection) -> Iterator[Finding]:
    for name in selection.targets:
        if name not in TARGETS:
            hint = did_you_mean(name, TARGETS)
            yield Finding("PP023", "error", "", 0, 0, f"unknown target '{name}'", hint)
    named = [(p.path, {*p.targets, *(a.target for a in p.accept)}) for p in project.packs.values()]
    named += [(model.path, set(model.ids)) for model in project.models.values()]
    for path, names in named:
        if names <= TARGETS.keys():
            continue
        source = project.sources[path]
        document = read_yaml(source, path)
        for place, name in _places_of_targets(document.data):
            if name not in TARGETS:
                mark = (document.keys if place[0] == "ids" else document.values)[place]
                text, hint = f"unknown target '{name}'", did_you_mean(name, TARGETS)
                yield finding("PP023", path, mark, text, hint, source)


def _places_of_targets(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield each target that a pack or a model names, and where."""
    yield from ((("targets", n), name) for n, name in enumerate(data.get("targets", ())))
    for number, accept in enumerate(data.get("accept", ())):
        yield ("accept", number, "target"), accept["target"]
    yield from ((("ids", name), name) for name in data.get("ids", ()))


def _by_place(found: Finding) -> tuple[str, int, int, str]:
    return found.path, found.line, found.column, found.message
