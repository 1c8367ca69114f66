"""The contract of a target, and what follows from it: losses computed from what was emitted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from promptpack.model import (
    Agent,
    Effect,
    Grant,
    Line,
    Loss,
    LossKind,
    Mode,
    Model,
    Origin,
    Policy,
)
from promptpack.policy import compare, compared_names, describe, resolve

INHERIT_ALL = Policy(Effect.INHERIT)


@dataclass(frozen=True, eq=False)
class Target:
    """A client that promptpack compiles for.

    `path` is the file's place in a repository, `{name}` the agent's. `encode` gives the file's
    text; `decode` reads any such text (and the file's stem) back into an agent with its effective
    policy, the client's defaults included. `problems` says why the client would not load a text as
    meant. `reasons` explains losses: by capability or field, else by what became of it.
    """

    name: str
    title: str
    path: str
    encode: Callable[[Agent], str]
    decode: Callable[[str, str], Agent]
    problems: Callable[[str], list[str]]
    absent: frozenset[str]
    reasons: Mapping[str, str]


def emit(target: Target, agent: Agent) -> tuple[str, tuple[Loss, ...], list[str]]:
    """Return the file's text, its losses, and why the client would refuse it."""
    text = target.encode(agent)
    decoded = target.decode(text, agent.name)
    problems = target.problems(text)
    for field in ("name", "description", "prompt"):
        if getattr(decoded, field) != getattr(agent, field):
            problems.append(f"the {field} does not survive: {target.title} reads something else")
    losses = (*_policy_losses(target, agent, decoded), *_field_losses(target, agent, decoded))
    return text, losses, problems


@lru_cache
def client_default(target: Target, mode: Mode) -> Policy:
    """Return what the client lets an agent do whose file says nothing of it."""
    body = (Line("x", Origin("", 1)),)
    bare = Agent("x", "x", mode, Model(""), None, INHERIT_ALL, body)
    return target.decode(target.encode(bare), "x").policy


def _policy_losses(target: Target, agent: Agent, decoded: Agent) -> list[Loss]:
    wanted = resolve(agent.policy, client_default(target, agent.mode))
    losses = []
    for capability in compared_names(agent.policy, decoded.policy):
        want, got = wanted.grant(capability), decoded.policy.grant(capability)
        order = compare(got, want)
        if order.name == "EQUAL":
            continue
        kind: LossKind = "narrowed" if order.at_most else "widened"
        if kind == "narrowed" and capability in target.absent:
            kind = "dropped"
        reason = _reason(target, capability, kind, want)
        losses.append(Loss(capability, False, kind, describe(want), describe(got), reason))
    return losses


def _field_losses(target: Target, agent: Agent, decoded: Agent) -> list[Loss]:
    losses = []
    model = agent.model.ids.get(target.name)
    if model is None or model != decoded.model.ids.get(target.name):
        reason = f"{agent.model.name} has no id for {target.title}"
        losses.append(
            ("model", model or agent.model.name, decoded.model.ids.get(target.name), reason)
        )
    for field in ("mode", "temperature"):
        wanted, got = getattr(agent, field), getattr(decoded, field)
        if wanted != got:
            losses.append((field, str(wanted), got, target.reasons[field]))
    return [Loss(f, True, "dropped", w, str(g or "client's own"), r) for f, w, g, r in losses]


def lines_of(body: str) -> tuple[Line, ...]:
    """Return the lines of a decoded prompt, which come from no source file."""
    return tuple(Line(text, Origin("", n)) for n, text in enumerate(body.split("\n"), 1))


def _reason(target: Target, capability: str, kind: str, wanted: Grant) -> str:
    """Return the most specific explanation that the target has."""
    asks = any(rule.effect is Effect.ASK for rule in wanted)
    keys = (capability, "patterns" if len(wanted) > 1 else "", "ask" if asks else "", kind)
    return next((target.reasons[key] for key in keys if key in target.reasons), "")
