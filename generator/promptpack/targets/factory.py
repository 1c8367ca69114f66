"""Factory: `.factory/droids/<name>.md`. Enforces which of its tools there are, and no more.

From Factory's documentation of custom droids, not measured. A missing `tools` key means every tool;
a list names them, in their own case, and a word stands for some (`read-only`). The to-do list is
always there; a droid can't start others or ask the user. Of what a list means for skills and for
tools of MCP servers, and of what an empty list gives, the documentation says nothing: so nothing
takes those away, and no empty list is written. A list with one tool that changes files may give the
others too, whichever the model uses.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpack.model import FILE_CHANGES, Agent, Capability, Effect
from promptpack.patterns import compile_late
from promptpack.targets.codec import (
    as_text,
    join_front_matter,
    make_agent,
    read_front_matter,
)
from promptpack.targets.problems import Problem, list_misread
from promptpack.targets.target import FRONT_MATTER_FIELDS, ClientCheck, Target
from promptpack.targets.word_lists import (
    Words,
    check_words,
    list_capabilities,
    list_given_words,
    make_list_reasons,
    make_switched_policy,
    read_words,
)

NAME = "factory"

TOOLS: Words = {
    "Read": ("read",),
    "LS": ("list",),
    "Glob": ("glob",),
    "Grep": ("grep",),
    **dict.fromkeys(("Edit", "Create", "ApplyPatch"), FILE_CHANGES),
    "Execute": ("execute",),
    "FetchUrl": ("web_fetch",),
    "WebSearch": ("web_search",),
}

GROUPS: Words = {
    "read-only": ("read", "list", "glob", "grep"),
    "edit": FILE_CHANGES,
    "execute": ("execute",),
    "web": ("web_fetch", "web_search"),
}
"""The words that stand for some tools, where they are the whole value of `tools`."""

ALWAYS: tuple[Capability, ...] = ("todo", "skill")
"""What no list takes away, or is not known to."""

_KEYS: Mapping[str, type] = {
    "name": str,
    "description": str,
    "tools": list,
    "model": str,
}
_NAME = compile_late(r"[a-z0-9_-]+")
_LIMIT = 500


def encode(agent: Agent) -> str:
    """Return the agent file; its head lists the tools there are, unless all are meant."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    given = list_given_words(agent, TOOLS)
    if agent.policy.default is Effect.DENY or len(given) < len(TOOLS):
        front_matter["tools"] = given
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Factory makes of a file; what is not known to be denied is there."""
    keys, body = read_front_matter(text)
    tools = keys.get("tools")
    words = [tools] if isinstance(tools, str) and tools in GROUPS else read_words(tools, TOOLS)
    given = list_capabilities({**TOOLS, **GROUPS}, words).union(ALWAYS)
    return make_agent(NAME, keys, stem, body, make_switched_policy(given, has_servers=True))


def find_problems(text: str) -> list[Problem]:
    """Return what Factory would refuse, or take otherwise than the file says."""
    keys, _ = read_front_matter(text)
    problems = check_words(text, _KEYS, sorted(FRONT_MATTER_FIELDS), TOOLS)
    if not _NAME.fullmatch(name := as_text(keys.get("name"))):
        message = f"the name '{name}' may only contain lower-case letters, digits, - and _"
        problems += list_misread([message], "name")
    if len(as_text(keys.get("description"))) > _LIMIT:
        message = f"Factory accepts at most {_LIMIT} characters of a description"
        problems += list_misread([message], "description")
    return problems


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield why an agent can't be written: its list of tools would be empty."""
    if not list_given_words(agent, TOOLS):
        yield "no tool would be listed: it is not known what an empty list gives in Factory"


FACTORY = Target(
    name=NAME,
    title="Factory",
    synonyms=("droid", "factory ai"),
    path=".factory/droids/{name}.md",
    user_path=".factory/droids/{name}.md",
    signs=(".factory",),
    program="droid",
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    is_fillable=True,
    check=ClientCheck("documentation", "custom droids", day="2026-11-27"),
    provides=list_capabilities(TOOLS).union(ALWAYS),
    absent=frozenset({"task", "question"}),
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"tools"}),
    tool_names=TOOLS,
    refuse=find_refusals,
    hard_limits={"description": _LIMIT},
    refused_extras={"mcpServers": "it is not known what it gives an agent"},
    reasons=make_list_reasons(
        "Factory",
        capabilities={
            "todo": "Factory gives every agent the to-do list",
            "skill": "it is not known that a list of tools takes skills away in Factory",
            "task": "Factory does not let an agent start another",
            "question": "Factory gives agents no tool to ask questions",
            **dict.fromkeys(FILE_CHANGES, "Factory may give all tools that change files at once"),
        },
        mcp="it is not known that a list of tools takes those of MCP servers away in Factory",
        fields={
            "effort": "it was not checked what Factory does with an effort",
            "mode": "Factory runs every agent file as a subagent",
        },
    ),
)
