"""Artifacts: an agent for a target in, its file with what was lost on the way out."""

from collections.abc import Hashable, Iterator

from promptpack.model import Accept, Agent, Artifact, Finding, Loss, UserError, Variant, fields
from promptpack.model.output import OUTPUT_SIZE
from promptpack.targets import Target
from promptpack.targets.file_forms import FileForms
from promptpack.targets.heads import spell_file
from promptpack.targets.losses import LossFinder

LOSSES_KEPT = 4_096
"""Of how many files' losses it is kept which of them are accepted; most files lose the same."""


class ArtifactMaker:
    """Makes the artifacts of one project; what their files have in common is worked out once."""

    def __init__(self, loss_finder: LossFinder) -> None:
        self.loss_finder = loss_finder
        self._forms = FileForms(loss_finder)
        self._judged: dict[Hashable, tuple[tuple[Loss, ...], tuple[Loss, ...]]] = {}
        self._accept: tuple[tuple[Accept, ...], Hashable] = ((), ())

    def make(self, variant: Variant, target: Target, agent: Agent) -> Artifact:
        """Return an agent's file; raises UserError where the client would not load it as meant."""
        text, losses, problems = self._forms.encode_and_check(target, agent)
        if agent.name in target.own_agents and agent.form.head is None:
            raise UserError((_make_name_finding(variant, target, agent.name),))
        if len(text) > OUTPUT_SIZE:
            message = (
                f"{target.name} file of {variant.name} has more than {OUTPUT_SIZE:,} characters"
            )
            raise UserError((Finding("PP039", "error", variant.pack.path, 1, 1, message),))
        if problems:
            subject = f"{target.name} file of {variant.name}"
            messages = (f"{subject}: {problem}" for problem in problems)
            raise UserError(
                tuple(
                    Finding("PP201", "error", variant.pack.path, 1, 1, message)
                    for message in messages
                )
            )
        path = f"{target.name}/{variant.name}/{target.make_path(agent.stem)}"
        losses = self._judge(losses, variant, target)
        content = spell_file(text, agent.form).encode()
        files = variant.pack.files if target.takes_files else ()
        return Artifact(path, content, target.name, variant, agent, losses, files)

    def _judge(
        self, losses: tuple[Loss, ...], variant: Variant, target: Target
    ) -> tuple[Loss, ...]:
        """Return losses with why they are accepted, and what the model itself takes no part in."""
        key = id(losses), target.name, self._make_accept_key(variant.accept)
        if key not in self._judged:
            if len(self._judged) >= LOSSES_KEPT:
                self._judged.clear()
            accepted = tuple(_add_reason(loss, variant, target) for loss in losses)
            self._judged[key] = losses, self.loss_finder.share(accepted)
        accepted = self._judged[key][1]
        own = (*_find_model_losses(variant, target),)
        return self.loss_finder.share((*accepted, *own)) if own else accepted

    def _make_accept_key(self, accept: tuple[Accept, ...]) -> Hashable:
        """Return what is accepted, and why, wherever that is written."""
        if self._accept[0] is not accept:
            key = tuple([(one.target, one.capability, one.reason) for one in accept])
            self._accept = accept, key
        return self._accept[1]


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
