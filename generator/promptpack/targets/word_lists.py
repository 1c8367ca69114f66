"""Lists of words that stand for tools: an agent in, the words that it may have out, and back.

A client whose files say no more of its tools declares its words, each with all that it gives. The
rest is the same for all of them: a word is listed where the policy allows all of it.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from promptpack.model import CAPABILITIES, OTHER_MCP, Agent, Capability, Effect, Grant, Policy
from promptpack.targets.codec import (
    as_text,
    check_front_matter,
    grants_fully,
    make_switch_grant,
    read_front_matter,
)
from promptpack.targets.extras import Extras
from promptpack.targets.problems import Problem, list_unknown
from promptpack.targets.target import Reasons

Words = Mapping[str, tuple[Capability, ...]]


def list_given_words(agent: Agent, words: Words) -> list[str]:
    """Return the words for what an agent may have whole."""
    return [word for word, group in words.items() if all(grants_fully(agent, c) for c in group)]


def may_have_servers(agent: Agent) -> bool:
    """Tell whether an agent may have the tools of all MCP servers."""
    return all(grants_fully(agent, name) for name in (OTHER_MCP, *agent.policy.list_mcp_names()))


def list_capabilities(words: Words, listed: Iterable[str] | None = None) -> frozenset[Capability]:
    """Return what the listed words give, or all of them."""
    names = words if listed is None else listed
    return frozenset(c for word in names for c in words.get(word, ()))


def read_words(value: object, known: Collection[str]) -> frozenset[str] | None:
    """Return the words of a list, None where it may mean every tool.

    It may if there is no list, an empty one, or one with a word that is not known.
    """
    words = {as_text(word) for word in value} if isinstance(value, list) else set()
    return frozenset(words) if words and words <= {*known} else None


def check_words(
    text: str,
    key_types: Mapping[str, type],
    required_keys: Iterable[str],
    known: Collection[str],
    extras: Extras = MappingProxyType({}),
) -> list[Problem]:
    """Return what is wrong with a file's head, and the words of its `tools` that are not known."""
    tools = read_front_matter(text)[0].get("tools")
    words = map(as_text, tools if isinstance(tools, list) else ())
    return [
        *check_front_matter(text, key_types, required_keys, extras, held_keys=["tools"]),
        *list_unknown(f"unknown tool '{word}'" for word in words if word not in known),
    ]


@lru_cache(maxsize=256)
def make_switched_policy(given: frozenset[Capability], *, has_servers: bool) -> Policy:
    """Return the policy of an agent that has this whole and nothing else of the client's own."""
    grants: dict[str, Grant] = {c: make_switch_grant(c in given) for c in CAPABILITIES}
    return Policy(Effect.ALLOW if has_servers else Effect.DENY, grants)


def make_list_reasons(client: str, **reasons: Any) -> Reasons:  # noqa: ANN401 - those of Reasons
    """Return the reasons of a client that only has a tool or not, with its own ones."""
    end = "a tool is on or off"
    return Reasons(
        **{
            "patterns": f"{client} has no patterns for a single agent: {end}",
            "ask": f"{client} can't ask for a single agent: {end}",
            **reasons,
        }
    )
