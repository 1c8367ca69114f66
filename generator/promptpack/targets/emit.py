"""Files: an agent for a target in, its text out, what is lost in it and what is wrong with it."""

from promptpack.model import Agent, Loss
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

Checked = tuple[str, tuple[Loss, ...], list[str]]
"""A file's text, what is lost in it, and why the client would refuse it."""


def encode_and_check(
    target: Target, agent: Agent, loss_finder: LossFinder | None = None
) -> Checked:
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
