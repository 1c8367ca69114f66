"""Kiro: `.kiro/agents/<name>.md`. Enforces which groups of its tools there are.

From Kiro's documentation of custom agents (IDE 1, CLI 3), not measured. `tools` lists words that
each stand for some tools; a tool that Kiro adds to a group later comes with it. Of what a missing
or an empty list gives, and whether a list takes away the to-do list, skills and questions, the
documentation says nothing: so nothing takes those away, and no empty list is written. Kiro's
permission rules, which can ask and match patterns, are not written, and not counted when read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpack.model import FILE_CHANGES, Agent, Capability, Effect
from promptpack.targets.codec import (
    join_front_matter,
    make_agent,
    read_front_matter,
)
from promptpack.targets.problems import Problem
from promptpack.targets.target import ClientCheck, Reasons, Target
from promptpack.targets.word_lists import (
    Words,
    check_words,
    list_capabilities,
    list_given_words,
    make_switched_policy,
    may_have_servers,
    read_words,
)

NAME = "kiro"

GROUPS: Words = {
    "read": ("read", "list", "glob", "grep"),
    "write": FILE_CHANGES,
    "shell": ("execute",),
    "web": ("web_fetch", "web_search"),
    "subagent": ("task",),
}
"""The words that a list may have, and what each gives."""

SERVERS = "@mcp"
"""The word for the tools of all MCP servers."""

ALWAYS: tuple[Capability, ...] = ("todo", "skill", "question")
"""What no list is known to take away."""

_KNOWN = (*GROUPS, SERVERS)
_HARMLESS = ("context",)
_KEYS: Mapping[str, type] = {"description": str, "tools": list, "model": str}


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the groups there are, unless all are meant."""
    front_matter: dict[str, Any] = {"description": agent.description}
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    given = _list_given(agent)
    if agent.policy.default is Effect.DENY or len(given) <= len(GROUPS):
        front_matter["tools"] = given
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Kiro makes of a file; what is not known to be denied is there."""
    keys, body = read_front_matter(text)
    named = {key: value for key, value in keys.items() if key != "name"}
    words = read_words(keys.get("tools"), (*_KNOWN, *_HARMLESS))
    given = list_capabilities(GROUPS, words).union(ALWAYS)
    policy = make_switched_policy(given, has_servers=words is None or SERVERS in words)
    return make_agent(NAME, named, stem, body, policy, mode="all")


def find_problems(text: str) -> list[Problem]:
    """Return what Kiro could take otherwise than the file says."""
    return check_words(text, _KEYS, ["description"], _KNOWN)


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield why an agent can't be written: its name, or an empty list of tools."""
    if agent.name != agent.stem:
        yield f"the name '{agent.name}' can't be written: Kiro names an agent by its file"
    if not _list_given(agent):
        yield "no tool would be listed: it is not known what an empty list gives in Kiro"


def _list_given(agent: Agent) -> list[str]:
    """Return the words for what an agent may have whole."""
    given = list_given_words(agent, GROUPS)
    return [*given, SERVERS] if may_have_servers(agent) else given


KIRO = Target(
    name=NAME,
    title="Kiro",
    synonyms=("amazon", "aws"),
    path=".kiro/agents/{name}.md",
    user_path=".kiro/agents/{name}.md",
    places=(".kiro/agents/{path}.md",),
    nests_names=True,
    signs=(".kiro",),
    program="kiro-cli",
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck("documentation", "custom agents", day="2026-11-27"),
    keeps=frozenset({"description"}),
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools"}),
    refuse=find_refusals,
    refused_extras={
        "permissions": "the policy decides what an agent may do",
        "mcpServers": "the client starts a server that an agent brings; add it to the settings",
        "hooks": "a hook runs commands, whatever the policy says",
    },
    kept_grants={"hooks": ("execute",)},
    reasons=Reasons(
        capabilities={
            **dict.fromkeys(ALWAYS, "it is not known that a list of tools takes this away in Kiro"),
            **{
                c: f"Kiro has one word, '{word}', for {', '.join(group)}: all of it or nothing"
                for word, group in GROUPS.items()
                for c in group
                if len(group) > 1
            },
        },
        patterns="Kiro's permission rules are not written: a group of tools is on or off",
        ask="Kiro's permission rules are not written: a group of tools is on or off",
        mcp="Kiro has one word for the tools of all MCP servers",
        fields={
            "effort": "it was not checked what Kiro does with an effort",
            "mode": "Kiro offers every agent to the user, and to other agents",
        },
    ),
)
