"""The contract of a target, and what follows from it: losses computed from what was emitted."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from promptpack import frontmatter
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
from promptpack.policy import compare, compared_names, describe, effects, plain, resolve
from promptpack.source import DEPTH_LIMIT

HEAD_FIELDS = frozenset({"name", "description"})
TEXT_REASONS: Mapping[str, str] = {
    "advisory": "this file is text: it can say what is allowed, not hold it",
    "description": "this file has no description",
    "mode": "this file has no mode",
    "model": "this file names no model",
    "temperature": "this file has no temperature",
}
"""The reasons of targets that are text only."""
_DEEP = f"nested deeper than {DEPTH_LIMIT}"


@dataclass(frozen=True, eq=False)
class Target:
    """A client that promptpack compiles for.

    `path` is the file's place in a repository, `{name}` the agent's. `encode` gives the file's
    text; `decode` reads any such text (and the file's stem) back into an agent with its effective
    policy, the client's defaults included. `problems` says why the client would not load a text as
    meant. `absent` names the capabilities for which the client has no tool. `reasons` explains
    losses: by capability or field, else `patterns`, `ask`, or what became of it. `verified` says
    with what all this was checked.

    `keeps` names the fields that have to survive to the letter, besides the prompt. An `advisory`
    target enforces little or nothing: what it can't hold is told in the prompt, as it is wherever
    `tells_policy`. A `block` target shares its file with others, of any author.
    """

    name: str
    title: str
    path: str
    encode: Callable[[Agent], str]
    decode: Callable[[str, str], Agent]
    problems: Callable[[str], list[str]]
    reasons: Mapping[str, str]
    verified: str
    absent: frozenset[str] = frozenset()
    keeps: frozenset[str] = HEAD_FIELDS
    advisory: bool = False
    tells_policy: bool = False
    block: bool = False


def emit(target: Target, agent: Agent) -> tuple[str, tuple[Loss, ...], list[str]]:
    """Return the file's text, its losses, and why the client would refuse it."""
    text = target.encode(agent)
    decoded = target.decode(text, agent.name)
    problems = target.problems(text)
    problems += [
        f"the {field} does not survive: {target.title} reads something else"
        for field in (*sorted(target.keeps), "prompt")
        if getattr(decoded, field) != getattr(agent, field)
    ]
    losses = (*_policy_losses(target, agent, decoded), *_field_losses(target, agent, decoded))
    return text, losses, problems


@lru_cache
def client_default(target: Target, mode: Mode) -> Policy:
    """Return what the client lets an agent do whose file says nothing of it."""
    body = (Line("x", Origin("", 1)),)
    bare = Agent("x", "x", mode, Model(""), None, Policy(Effect.INHERIT), body)
    return target.decode(target.encode(bare), "x").policy


def kept(agent: Agent, capability: str) -> bool:
    """Tell whether a client that only has a capability or not gives it to this agent.

    It does where the policy allows all of it, leaves it to the client, or the pack accepts more.
    """
    said = effects(agent.policy.grant(capability))
    if capability in agent.accepted and said != {Effect.DENY}:
        return True
    return said <= {Effect.ALLOW, Effect.INHERIT}


def granted(there: bool) -> Grant:
    """Return the grant of a capability that is there whole, or not at all."""
    return plain(Effect.ALLOW if there else Effect.DENY)


def servers(policy: Policy) -> list[str]:
    """Return the MCP servers and tools that a policy names, a server before its tools."""
    return sorted(name for name in policy.grants if name.startswith("mcp:"))


def listed_servers(agent: Agent) -> list[tuple[str, str]]:
    """Return the MCP servers and tools that an allow-list may name, as (server, tool or "").

    A server is named whole only where all of its tools that the policy names are given too.
    """
    had = {name for name in servers(agent.policy) if kept(agent, name)}
    listed = []
    for name in servers(agent.policy):
        server, _, tool = name.removeprefix("mcp:").partition("/")
        tools = {n for n in servers(agent.policy) if n.startswith(f"mcp:{server}/")}
        whole = f"mcp:{server}" in had and tools <= had
        if name in had and (not tool) == whole:
            listed.append((server, tool))
    return listed


def lines_of(body: str) -> tuple[Line, ...]:
    """Return the lines of a decoded prompt, which come from no source file."""
    return tuple(Line(text, Origin("", n)) for n, text in enumerate(body.split("\n"), 1))


def told(name: str, description: str, body: str, temperature: float | None = None) -> Agent:
    """Return the agent of a file that is text only: nothing in it holds the agent back."""
    lines = lines_of(body.removesuffix("\n"))
    everything = Policy(Effect.ALLOW)
    return Agent(name, description, "all", Model(""), temperature, everything, lines)


def read_toml(text: str) -> dict[str, Any]:
    """Return the keys of a text; raises ValueError where it is not TOML or nested too deeply."""
    try:
        keys = tomllib.loads(text)
    except RecursionError:
        raise ValueError(_DEEP) from None
    level: list[Any] = [keys]
    for _ in range(DEPTH_LIMIT):  # dotted keys nest without recursion, and printing them recurses
        level = [*chain.from_iterable(_list_values(one) for one in level)]
    if any(isinstance(one, (dict, list)) for one in level):
        raise ValueError(_DEEP)
    return keys


def _list_values(data: object) -> Iterable[Any]:
    if isinstance(data, dict):
        return data.values()
    return data if isinstance(data, list) else ()


def agent_of(  # noqa: PLR0913, PLR0917 - the parts of an agent, in one place for every client
    client: str,
    keys: Mapping[str, Any],
    stem: str,
    body: str,
    policy: Policy,
    mode: Mode = "subagent",
    temperature: float | None = None,
) -> Agent:
    """Return the agent of a file's keys; it has the file's stem for a name where none is given."""
    return Agent(
        name=text_of(keys.get("name")) or stem,
        description=text_of(keys.get("description")),
        mode=mode,
        model=model_of(client, keys.get("model")),
        temperature=temperature,
        policy=policy,
        body=lines_of(body),
    )


def with_head(head: Mapping[str, Any], agent: Agent) -> str:
    """Return a Markdown file of a head, a blank line and the prompt."""
    return f"{frontmatter.dump(head)}\n{agent.prompt}"


def read_head(text: str) -> tuple[dict[str, Any], str]:
    """Return the keys and trimmed prompt of a Markdown file, read as leniently as clients do."""
    head, body, _ = frontmatter.split(text.removeprefix("\ufeff"))
    return (frontmatter.lenient(head) if head is not None else {}), body.strip()


def head_problems(
    text: str, known: Mapping[str, type | tuple[type, ...]], needed: Iterable[str] = ()
) -> list[str]:
    """Return what is wrong with a file's head by its keys and their types, and an empty prompt."""
    head, body, _ = frontmatter.split(text)
    document = frontmatter.parsed(head or "")
    if head is None or document.findings or not isinstance(document.data, dict):
        return ["the file does not start with a head that is a YAML mapping"]
    said = [f"unknown key '{key}'" for key in document.data if key not in known]
    said += [
        f"'{key}' can't be {value!r}"
        for key, value in document.data.items()
        if key in known and not _is(value, known[key])
    ]
    said += [f"'{key}' is missing" for key in needed if not document.data.get(key)]
    return said if body.strip() else [*said, "the prompt is empty"]


def text_of(value: object) -> str:
    """Return a head value that should be text as text; nothing where there is none."""
    return "" if value is None else str(value)


def number_of(value: object) -> float | None:
    """Return a head value that should be a number, or None."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def model_of(target: str, value: object) -> Model:
    """Return the model that a file names, known by its id in this client only."""
    return Model("", ids={target: value} if isinstance(value, str) and value else {})


def _is(value: object, types: type | tuple[type, ...]) -> bool:
    numeric = isinstance(value, bool) and types is not bool
    return isinstance(value, types) and not numeric and value != ""


def _policy_losses(target: Target, agent: Agent, decoded: Agent) -> list[Loss]:
    wanted = resolve(agent.policy, client_default(target, agent.mode))
    losses = []
    for capability in compared_names(agent.policy, decoded.policy):
        want, got = wanted.grant(capability), decoded.policy.grant(capability)
        order = compare(got, want)
        if order.name == "EQUAL":
            continue
        kind: LossKind = "dropped" if capability in target.absent else "narrowed"
        if not order.at_most:
            kind = "advisory" if target.advisory else "widened"
        reason = _reason(target, capability, kind, want)
        losses.append(Loss(capability, False, kind, describe(want), describe(got), reason))
    return losses


def _field_losses(target: Target, agent: Agent, decoded: Agent) -> list[Loss]:
    lost = []
    wanted, got = agent.model.ids.get(target.name), decoded.model.ids.get(target.name)
    if wanted is None or wanted != got:
        missing = f"{agent.model.name} has no id for {target.title}"
        lost.append(
            ("model", wanted or agent.model.name, got, target.reasons.get("model", missing))
        )
    for field in ("name", "description", "mode", "temperature"):
        value, back = getattr(agent, field), getattr(decoded, field)
        if value != back:
            lost.append((field, str(value), back, target.reasons[field]))
    return [Loss(f, True, "dropped", w, str(g or "client's own"), r) for f, w, g, r in lost]


def _reason(target: Target, capability: str, kind: str, wanted: Grant) -> str:
    """Return the most specific explanation that the target has."""
    asks = any(rule.effect is Effect.ASK for rule in wanted)
    keys = (
        *(f"{capability} {kind}", capability),
        *("patterns" if len(wanted) > 1 else "", "ask" if asks else ""),
        *("mcp" if capability.startswith("mcp:") else "", kind),
    )
    return next((target.reasons[key] for key in keys if key in target.reasons), "")
