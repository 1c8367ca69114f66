"""The build on one page: a project in, every artifact out, or everything that is wrong with it."""

from collections.abc import Callable, Iterator

from promptpack.compose import Composer
from promptpack.diagnose import did_you_mean
from promptpack.model import (
    Accept,
    Agent,
    Artifact,
    Finding,
    Loss,
    Project,
    UserError,
    Variant,
)
from promptpack.resolve import ALL, Selection, resolve
from promptpack.targets import TARGETS, Target
from promptpack.targets.codec import emit

Progress = Callable[[int, int], None]


def build(
    project: Project, selection: Selection = ALL, progress: Progress = lambda _done, _all: None
) -> tuple[Artifact, ...]:
    """Return the artifacts of all selected variants and targets, in a stable order.

    A pure function of the project. `progress` is told how many variants of how many are done.
    Raises UserError with every finding of every variant; then there is nothing to write.
    """
    targets = _targets(project, selection)
    variants = resolve(project, selection)
    composer = Composer(project)
    artifacts: list[Artifact] = []
    findings: dict[Finding, None] = {}
    for done, variant in enumerate(variants, 1):
        for target in targets:
            try:
                artifact = _artifact(variant, target, composer.agent(variant, target.name))
            except UserError as error:
                findings.update(dict.fromkeys(error.findings))
            else:
                artifacts.append(artifact)
                findings.update(dict.fromkeys(_widened(artifact)))
        progress(done, len(variants))
    if findings:
        raise UserError(
            tuple(sorted(findings, key=lambda f: (f.path, f.line, f.column, f.message)))
        )
    return tuple(artifacts)


def _artifact(variant: Variant, target: Target, agent: Agent) -> Artifact:
    text, losses, problems = emit(target, agent)
    if problems:
        where = f"{target.name} file of {variant.pack.name} {variant.name}"
        raise UserError(
            tuple(
                Finding("PP201", "error", variant.pack.path, 1, 1, f"{where}: {problem}")
                for problem in problems
            )
        )
    path = f"{target.name}/{variant.name}/{target.path.format(name=agent.name)}"
    losses = (*(_accepted(loss, variant, target) for loss in losses), *_refused(variant))
    return Artifact(path, text.encode(), target.name, variant, agent, losses)


def _accepted(loss: Loss, variant: Variant, target: Target) -> Loss:
    """Return the loss with the pack's reason for living with it, where it has one."""
    if loss.kind != "widened":
        return loss
    reasons = (a.reason for a in variant.accept if _covers(a, target, loss.subject))
    return loss._replace(accepted=next(reasons, ""))


def _covers(accept: Accept, target: Target, capability: str) -> bool:
    return accept.target == target.name and accept.capability == capability


def _refused(variant: Variant) -> Iterator[Loss]:
    """Yield what the model itself takes no part in, whatever the client."""
    wanted = variant.pack.temperature
    if wanted is not None and not variant.model.temperature:
        reason = f"{variant.model.name} accepts no temperature"
        yield Loss("temperature", True, "dropped", str(wanted), "none", reason)


def _widened(artifact: Artifact) -> Iterator[Finding]:
    pack, target = artifact.variant.pack, artifact.target
    for loss in artifact.losses:
        if loss.kind == "widened" and not loss.accepted:
            yield Finding(
                "PP101",
                "error",
                artifact.variant.policy.path,
                1,
                1,
                f"{target} can't hold '{loss.subject}' to '{loss.wanted}': it would be "
                f"'{loss.got}' in {pack.name}",
                f"{loss.reason}; allow less, leave {target} out, or accept it with a reason",
            )


def _targets(project: Project, selection: Selection) -> list[Target]:
    """Return the selected targets; raises UserError for a name that no target has."""
    findings = [
        Finding("PP023", "error", path, line, 1, f"unknown target '{name}'", hint)
        for name, path, line in _named_targets(project, selection)
        if name not in TARGETS
        for hint in [did_you_mean(name, TARGETS)]
    ]
    if findings:
        raise UserError(tuple(findings))
    return [t for t in TARGETS.values() if not selection.targets or t.name in selection.targets]


def _named_targets(project: Project, selection: Selection) -> Iterator[tuple[str, str, int]]:
    yield from ((name, "", 0) for name in selection.targets)
    for pack in project.packs.values():
        yield from ((a.target, a.origin.path, a.origin.line) for a in pack.accept)
