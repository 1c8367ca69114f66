"""Artifacts: an agent for a target in, its file with what was lost on the way out."""

from collections.abc import Iterator

from promptpack.model import Agent, Artifact, Finding, Loss, UserError, Variant, fields
from promptpack.model.output import OUTPUT_SIZE
from promptpack.targets import Target
from promptpack.targets.extras import is_same_extra
from promptpack.targets.heads import (
    encode_file,
    explain_kept,
    find_kept_grants,
    find_kept_problems,
    spell_file,
)
from promptpack.targets.losses import LossFinder


def encode_and_check(
    target: Target, agent: Agent, loss_finder: LossFinder | None = None
) -> tuple[str, tuple[Loss, ...], list[str]]:
    """Return the file's text, its losses, and why the client would refuse it."""
    loss_finder = loss_finder or LossFinder()
    text = encode_file(target, agent)
    file_text = spell_file(text, agent.form)
    decoded = target.decode(file_text, agent.stem)
    losses = loss_finder.find_losses(target, agent, file_text, decoded)
    if agent.form.head is None:
        return text, losses, _find_problems(target, agent, text, decoded)
    kept_losses = (*explain_kept(target, agent, losses), *find_kept_grants(target, agent))
    return text, kept_losses, find_kept_problems(target, agent)


def _find_problems(target: Target, agent: Agent, text: str, decoded: Agent) -> list[str]:
    """Return why a client would refuse a file, or read something else than the agent in it."""
    problems = [*(problem.message for problem in target.problems(text)), *target.refuse(agent)]
    problems += [
        f"{target.title} would read a different {field} from this file"
        for field in sorted(target.keeps)
        if getattr(decoded, field) != getattr(agent, field)
    ]
    problems += [
        f"{target.title} would read a different '{key}' from this file"
        for key in sorted({*decoded.extra, *agent.extra})
        if not is_same_extra(target.extras, key, decoded.extra.get(key), agent.extra.get(key))
    ]
    if decoded.prompt.replace("\r\n", "\n").strip() != agent.prompt.strip():
        problems.append(f"{target.title} would read a different prompt from this file")
    return problems


def make_artifact(
    variant: Variant, target: Target, agent: Agent, loss_finder: LossFinder | None = None
) -> Artifact:
    """Return the file of an agent; raises UserError where the client would not load it as meant."""
    loss_finder = loss_finder or LossFinder()
    text, losses, problems = encode_and_check(target, agent, loss_finder)
    if agent.name in target.own_agents and agent.form.head is None:
        raise UserError((_make_name_finding(variant, target, agent.name),))
    if len(text) > OUTPUT_SIZE:
        message = f"{target.name} file of {variant.name} has more than {OUTPUT_SIZE:,} characters"
        raise UserError((Finding("PP039", "error", variant.pack.path, 1, 1, message),))
    if problems:
        subject = f"{target.name} file of {variant.name}"
        messages = (f"{subject}: {problem}" for problem in problems)
        raise UserError(
            tuple(
                Finding("PP201", "error", variant.pack.path, 1, 1, message) for message in messages
            )
        )
    path = f"{target.name}/{variant.name}/{target.make_path(agent.stem)}"
    accepted = (_add_reason(loss, variant, target) for loss in losses)
    losses = loss_finder.share((*accepted, *_find_model_losses(variant, target)))
    content = spell_file(text, agent.form).encode()
    files = variant.pack.files if target.takes_files else ()
    return Artifact(path, content, target.name, variant, agent, losses, files)


def _make_name_finding(variant: Variant, target: Target, name: str) -> Finding:
    kind, key = ("a command", "file") if target.command else ("an agent", "name")
    client = target.title.removesuffix(" command")
    message = f"{client} has {kind} '{name}' of its own, and a file can't share that name"
    hint = (
        f"rename the pack, give it another name under 'clients: {{{target.name}: {{{key}: …}}}}', "
        f"or leave {target.name} out of 'targets'"
    )
    return Finding("PP201", "error", variant.pack.path, 1, 1, message, hint)


def _add_reason(loss: Loss, variant: Variant, target: Target) -> Loss:
    """Return the loss with the pack's reason for living with it, where it has one.

    More than was meant can be accepted, and nothing left of it; less is only reported.
    """
    if loss.kind != "widened" and not loss.is_total:
        return loss
    reasons = (
        accept.reason
        for accept in variant.accept
        if accept.covers(
            loss.reader or target.name, loss.subject, is_widened=loss.kind == "widened"
        )
    )
    return loss._replace(accepted=next(reasons, ""))


def _find_model_losses(variant: Variant, target: Target) -> Iterator[Loss]:
    """Yield what the model itself takes no part in, whatever the client."""
    for field in fields.FIELDS:
        if not field.fits(variant.model):
            value = fields.list_settings(field, variant, target.name)[-1].value
            if value is not None:
                reason = f"{variant.model.name} accepts no {field.name}"
                yield Loss(field.name, True, "dropped", str(value), "none", reason)
