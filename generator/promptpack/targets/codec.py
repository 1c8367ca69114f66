"""The contract of a target, and what follows from it: losses computed from what was emitted."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from promptpack.model import Agent, Effect, Grant, Line, Mode, Model, Origin, Policy
from promptpack.policy.lattice import grant_of, list_effects
from promptpack.source import frontmatter

FRONT_MATTER_FIELDS = frozenset({"name", "description"})
TEXT_REASONS: Mapping[str, str] = {
    "advisory": "this file is plain text: it states the policy but can't enforce it",
    "description": "this format has no description field",
    "mode": "this format has no mode field",
    "model": "this format has no model field",
    "temperature": "this format has no temperature field",
}
"""The reasons of targets that are text only."""


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
    keeps: frozenset[str] = FRONT_MATTER_FIELDS
    advisory: bool = False
    tells_policy: bool = False
    block: bool = False


def grants_fully(agent: Agent, capability: str) -> bool:
    """Tell whether a client that only has a capability or not gives it to this agent.

    It does where the policy allows all of it, leaves it to the client, or the pack accepts more.
    """
    policy_effects = list_effects(agent.policy.grant(capability))
    if capability in agent.accepted and policy_effects != {Effect.DENY}:
        return True
    return policy_effects <= {Effect.ALLOW, Effect.INHERIT}


def make_switch_grant(is_on: bool) -> Grant:
    """Return the grant of a capability that is there whole, or not at all."""
    return grant_of(Effect.ALLOW if is_on else Effect.DENY)


def list_servers(policy: Policy) -> list[str]:
    """Return the MCP servers and tools that a policy names, a server before its tools."""
    return sorted(name for name in policy.grants if name.startswith("mcp:"))


def list_named_servers(agent: Agent) -> list[tuple[str, str]]:
    """Return the MCP servers and tools that an allow-list may name, as (server, tool or "").

    A server is named whole only where all of its tools that the policy names are given too.
    """
    granted_names = {name for name in list_servers(agent.policy) if grants_fully(agent, name)}
    named_servers = []
    for name in list_servers(agent.policy):
        server, _, tool = name.removeprefix("mcp:").partition("/")
        tools = {n for n in list_servers(agent.policy) if n.startswith(f"mcp:{server}/")}
        is_whole = f"mcp:{server}" in granted_names and tools <= granted_names
        if name in granted_names and (not tool) == is_whole:
            named_servers.append((server, tool))
    return named_servers


def split_lines(body: str) -> tuple[Line, ...]:
    """Return the lines of a decoded prompt, which come from no source file."""
    return tuple(Line(text, Origin("", n)) for n, text in enumerate(body.split("\n"), 1))


def make_text_agent(
    name: str, description: str, body: str, temperature: float | None = None
) -> Agent:
    """Return the agent of a file that is text only: nothing in it holds the agent back."""
    lines = split_lines(body.removesuffix("\n"))
    full_policy = Policy(Effect.ALLOW)
    return Agent(name, description, "all", Model(""), temperature, full_policy, lines)


def make_agent(  # noqa: PLR0913, PLR0917 - the parts of an agent, in one place for every client
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
        name=as_text(keys.get("name")) or stem,
        description=as_text(keys.get("description")),
        mode=mode,
        model=make_model(client, keys.get("model")),
        temperature=temperature,
        policy=policy,
        body=split_lines(body),
    )


def join_front_matter(front_matter: Mapping[str, Any], agent: Agent) -> str:
    """Return a Markdown file of a head, a blank line and the prompt."""
    return f"{frontmatter.dump_front_matter(front_matter)}\n{agent.prompt}"


def read_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return the keys and trimmed prompt of a Markdown file, read as leniently as clients do."""
    front_matter, body, _ = frontmatter.split_front_matter(text.removeprefix("\ufeff"))
    return (
        frontmatter.read_lenient(front_matter) if front_matter is not None else {}
    ), body.strip()


def check_front_matter(
    text: str, key_types: Mapping[str, type | tuple[type, ...]], required_keys: Iterable[str] = ()
) -> list[str]:
    """Return what is wrong with a file's head by its keys and their types, and an empty prompt."""
    front_matter, body, _ = frontmatter.split_front_matter(text)
    document = frontmatter.parse_front_matter(front_matter or "")
    if front_matter is None or document.findings or not isinstance(document.data, dict):
        return ["the file does not start with front matter that is a YAML mapping"]
    messages = [f"unknown key '{key}'" for key in document.data if key not in key_types]
    messages += [
        f"'{key}' can't be {value!r}"
        for key, value in document.data.items()
        if key in key_types and not _has_type(value, key_types[key])
    ]
    messages += [f"'{key}' is missing" for key in required_keys if not document.data.get(key)]
    return messages if body.strip() else [*messages, "the prompt is empty"]


def as_text(value: object) -> str:
    """Return a head value that should be text as text; nothing where there is none."""
    return "" if value is None else str(value)


def as_number(value: object) -> float | None:
    """Return a head value that should be a number, or None."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def make_model(target: str, value: object) -> Model:
    """Return the model that a file names, known by its id in this client only."""
    return Model("", ids={target: value} if isinstance(value, str) and value else {})


def _has_type(value: object, types: type | tuple[type, ...]) -> bool:
    is_unwanted_bool = isinstance(value, bool) and types is not bool
    return isinstance(value, types) and not is_unwanted_bool and value != ""
