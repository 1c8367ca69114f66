"""Goose: `.goose/agents/<name>.md`. Enforces nothing: its agents have the tools of the session.

Read in the source of Goose's loader of agents (the extension `summon`), not run. It knows `name`,
`description` and `model`, and passes over every other key, lists of tools too. A file without front
matter, or without a name, is left out. The front matter ends at the next `---`, wherever that is.
An agent runs without being asked about, and can't start another. Claude Code's files are loaded
too, after those of Goose.
"""

from collections.abc import Mapping
from typing import Any

from promptpack.model import CAPABILITIES, Agent
from promptpack.source import frontmatter
from promptpack.targets.codec import (
    check_front_matter,
    find_head_refusal,
    join_front_matter,
    make_agent,
)
from promptpack.targets.problems import Problem, list_misread
from promptpack.targets.target import FRONT_MATTER_FIELDS, ClientCheck, Reasons, Target
from promptpack.targets.word_lists import make_switched_policy

NAME = "goose"

_KEYS: Mapping[str, type] = {"name": str, "description": str, "model": str}
_GIVEN = frozenset(CAPABILITIES) - {"task"}


def encode(agent: Agent) -> str:
    """Return the agent file; it has no word for what the policy says."""
    front_matter: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        front_matter["model"] = model
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Goose makes of a file: one that may do what its session may."""
    head, body = _split_file(text)
    keys = frontmatter.read_lenient(head)
    return make_agent(NAME, keys, stem, body, make_switched_policy(_GIVEN, has_servers=True))


def find_problems(text: str) -> list[Problem]:
    """Return what Goose would take otherwise than the file says."""
    head, _ = _split_file(text)
    whole_head, _, _ = frontmatter.split_front_matter(text)
    is_cut = head.strip() != (whole_head or "").strip()
    message = "the front matter contains '---', and Goose ends it there"
    return [
        *check_front_matter(text, _KEYS, sorted(FRONT_MATTER_FIELDS)),
        *list_misread([message] if is_cut else []),
    ]


def find_refusal(text: str) -> str:
    """Return why Goose would not load a file, or nothing; unknown keys are passed over."""
    head, _ = _split_file(text)
    optional = dict.fromkeys(("description", "model"), lambda v: v is None or isinstance(v, str))
    return find_head_refusal(head, ["name"], {"name": lambda v: isinstance(v, str), **optional})


def _split_file(text: str) -> tuple[str, str]:
    """Return the front matter and the body as Goose finds them; without front matter, no head."""
    parts = text.split("---", 2)
    return (parts[1], parts[2].strip()) if len(parts) > 2 else ("", text.strip())


GOOSE = Target(
    name=NAME,
    title="Goose",
    synonyms=("block", "aaif", "subagent"),
    path=".goose/agents/{name}.md",
    user_path=".goose/agents/{name}.md",
    places=(".goose/agents/{name}.md", ".agents/agents/{name}.md"),
    signs=(".goose", ".goosehints"),
    program="goose",
    is_named_only=True,
    prefers_own=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    check=ClientCheck(
        "documentation", "the source of its loader of agents, read and not run", day="2026-11-27"
    ),
    provides=_GIVEN,
    absent=frozenset({"task"}),
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    reasons=Reasons(
        capabilities={"task": "Goose does not let an agent start another"},
        kinds={"advisory": "Goose reads no permissions in an agent's file; the prompt states them"},
        fields={"mode": "Goose runs every agent file as a subagent"},
        foreign="Goose reads no list of tools",
    ),
)
