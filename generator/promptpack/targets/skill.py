"""Agent Skills: `.agents/skills/<name>/SKILL.md`. A skill is text and holds no policy."""

import re
from collections.abc import Mapping

from promptpack.model import Agent
from promptpack.targets.codec import (
    as_text,
    check_front_matter,
    join_front_matter,
    make_text_agent,
    read_front_matter,
)
from promptpack.targets.target import TEXT_REASONS, SoftLimit, Target

_KEYS: Mapping[str, type] = {"name": str, "description": str}
_LIMITS = {"name": 64, "description": 1024}
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def encode(agent: Agent) -> str:
    """Return `SKILL.md`; `allowed-tools` would approve beforehand, so it is left out."""
    return join_front_matter({"name": agent.name, "description": agent.description}, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that a skill describes."""
    keys, body = read_front_matter(text)
    return make_text_agent(
        as_text(keys.get("name")) or stem, as_text(keys.get("description")), body
    )


def find_problems(text: str) -> list[str]:
    """Return what the Agent Skills specification does not allow."""
    keys, _ = read_front_matter(text)
    name, description = as_text(keys.get("name")), as_text(keys.get("description"))
    messages = check_front_matter(text, _KEYS)
    if not _NAME.fullmatch(name) or len(name) > _LIMITS["name"]:
        forms = "lower-case letters, digits, single hyphens"
        messages.append(f"the name '{name}' is not 1 to {_LIMITS['name']} {forms}")
    if not 1 <= len(description) <= _LIMITS["description"]:
        messages.append(f"the description is not 1 to {_LIMITS['description']:,} characters long")
    return messages


SKILL = Target(
    name="skill",
    title="Agent Skill",
    path=".agents/skills/{name}/SKILL.md",
    encode=encode,
    decode=decode,
    problems=find_problems,
    verified="the rules of the Agent Skills specification",
    reasons=TEXT_REASONS,
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    harmless_keys=frozenset({"disable-model-invocation", "user-invocable"}),
    soft_limit=SoftLimit("lines", 500, "a skill should stay below"),
    hard_limits=_LIMITS,
)
