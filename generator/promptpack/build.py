"""The build on one page: a project in, every artifact out, or everything that is wrong with it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from promptpack.model import Artifact, Finding, Project, UserError, Variant
from promptpack.policy.prose import describe_policy
from promptpack.provenance.reuse import ArtifactFinder, find_nothing
from promptpack.reading.project import UnreadableProjectError, load_project
from promptpack.reading.root_finding import list_known_packs
from promptpack.reading.some_packs import load_packs
from promptpack.rendering.arguments import Arguments, find_unmeant
from promptpack.rendering.contradictions import Contradictions
from promptpack.rendering.shards import Chooser, choose_all
from promptpack.rendering.variants import ALL, Selection, resolve_variants
from promptpack.session import Session
from promptpack.source.text import Span, make_finding
from promptpack.targets import TARGETS, Target
from promptpack.targets.built import find_idle_packs, list_built_targets
from promptpack.targets.other_clients import suggest_target
from promptpack.targets.paths import PathProblems
from promptpack.targets.rivals import Rivals
from promptpack.targets.unaccepted import UnacceptedLosses

Progress = Callable[[int, int], None]


def build_project(project: Project, selection: Selection = ALL) -> tuple[Artifact, ...]:
    """Return the artifacts of all selected variants and targets, in a stable order.

    A pure function of the project. Raises UserError with every finding of every variant; then
    there is nothing to write.
    """
    return tuple(render(Session(project), selection))


def render(
    session: Session,
    selection: Selection = ALL,
    progress: Progress = lambda _done, _all: None,
    is_chosen: Chooser = choose_all,
    find_known: ArtifactFinder = find_nothing,
) -> Iterator[Artifact]:
    """Yield the artifacts of all selected variants and targets, in a stable order.

    What `find_known` returns is only checked. Nothing of them is kept here. `progress` is called
    with how many variants of how many are done. `is_chosen` tells the artifacts of a shard. Raises
    UserError with every finding of every variant: at once where the selection is wrong, else after
    the last artifact. So whoever writes files first takes all of them.
    """
    findings = list(_find_unknown_targets(selection))
    if findings:
        raise UserError(tuple(findings))
    variants = resolve_variants(session.project, selection)
    unaccepted = UnacceptedLosses(session.project, session.documents)
    contradictions = Contradictions()
    checkers = unaccepted, session.expectations, PathProblems(), Rivals()
    findings += find_idle_packs(session.project, variants)
    for done, variant in enumerate(variants, 1):
        for target in _select_targets(session.project, variant, selection, is_chosen):
            try:
                artifact = find_known(variant, target) or _render_artifact(session, variant, target)
            except UserError as error:
                findings += error.findings
                with suppress(UserError):  # what a policy becomes doesn't depend on the prompt
                    unaccepted.add(_render_artifact(session, variant, target, "x\n"))
                continue
            for checker in checkers:
                checker.add(artifact)
            if target.is_common:
                told = tell_permissions(session, artifact)
                contradictions.add(artifact.path, variant.pack.name, told, variant.pack.path)
            yield artifact
        session.composer.release_variant()
        if done == len(variants) or variants[done].pack is not variant.pack:
            session.composer.release_pack()
        progress(done, len(variants))
    for one in (*checkers, contradictions):
        findings += one.list_findings()
    if findings:
        raise UserError(tuple(sorted(set(findings), key=_make_sort_key)))


def load_whole(
    folder: Path, selection: Selection = ALL, previous: Project | None = None
) -> Project:
    """Return the project in a folder, as `load_project` does.

    What is as in the previous project, if one is given, is not parsed again. Raises UserError where
    a file can't be read, with what has to be accepted besides: what can be said at once is said at
    once.
    """
    try:
        return load_project(folder, previous)
    except UnreadableProjectError as error:
        raise UserError(_add_unaccepted(error, selection)) from None


def load_selected(folder: Path, selection: Selection, previous: Project | None = None) -> Project:
    """Return the project in a folder with the packs that a selection names, if it names any.

    All packs are read where that is needed: if one of the names is unknown, and for the list of
    permissions. Raises UserError as `load_whole` does, for the files that are read.
    """
    if not selection.packs or not {*selection.packs} <= {*list_known_packs(folder)}:
        return load_whole(folder, selection, previous)
    try:
        project = load_packs(folder, selection.packs)
    except UnreadableProjectError as error:
        raise UserError(_add_unaccepted(error, selection)) from None
    return load_whole(folder, selection, previous) if project.permissions else project


def _add_unaccepted(error: UnreadableProjectError, selection: Selection) -> tuple[Finding, ...]:
    findings = {*error.findings, *_find_unaccepted(error.rest, selection)}
    return tuple(sorted(findings, key=_make_sort_key))


def _find_unaccepted(project: Project, selection: Selection) -> list[Finding]:
    """Return what no pack accepts of what its files would grant, whatever their prompts are."""
    session = Session(project)
    unaccepted = UnacceptedLosses(project, session.documents)
    with suppress(UserError):
        for variant in resolve_variants(project, selection):
            for target in _select_targets(project, variant, selection):
                with suppress(UserError):
                    unaccepted.add(_render_artifact(session, variant, target, "x\n"))
    return unaccepted.list_findings()


def tell_permissions(session: Session, artifact: Artifact) -> str:
    """Return what an artifact's prompt says of permissions where its target tells them."""
    permissions = session.composer.permissions.find(artifact.variant, artifact.target)
    return "\n".join(describe_policy(permissions.told))


def _render_artifact(
    session: Session, variant: Variant, target: Target, prompt: str = ""
) -> Artifact:
    """Return the file of a variant for a target, with this in place of its prompt if given."""
    composer, name = session.composer, target.name
    agent = (
        composer.make_agent(variant, name, prompt)
        if prompt
        else composer.compose_agent(variant, name)
    )
    if target.command and not prompt and agent.form.head is None:
        _check_command(session, variant, target, agent.prompt)
    return session.artifacts.make(variant, target, agent)


def _check_command(session: Session, variant: Variant, target: Target, prompt: str) -> None:
    """Raise UserError where a client would make something else of a command's prompt."""

    def compose(arguments: Arguments) -> str:
        return session.composer.compose_text(variant, target.name, arguments=arguments)

    findings = []
    for one in find_unmeant(compose, variant, target.name, prompt):
        lines = session.composer.trace_lines(variant, target.name, prompt)
        origin = lines[min(one.line, len(lines) - 1)].origin
        message, _, hint = f"{target.name}: {one.message}".partition("; ")
        text = session.project.sources[origin.path]
        span = Span(origin.line, 1)
        findings.append(make_finding("PP201", origin.path, span, message, hint, text))
    if findings:
        raise UserError(tuple(findings))


def _select_targets(
    project: Project, variant: Variant, selection: Selection, is_chosen: Chooser = choose_all
) -> list[Target]:
    """Return the targets that a variant is rendered for and that were asked for."""
    built = list_built_targets(project, variant.pack)
    return [
        TARGETS[name]
        for name in TARGETS
        if name in built
        if not selection.targets or name in selection.targets
        if is_chosen(variant.pack.name, variant.name, name)
    ]


def _find_unknown_targets(selection: Selection) -> Iterator[Finding]:
    for name in selection.targets:
        if name not in TARGETS:
            hint = suggest_target(name)
            yield Finding("PP023", "error", "", 0, 0, f"unknown target '{name}'", hint)


def _make_sort_key(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line, finding.column, finding.message
