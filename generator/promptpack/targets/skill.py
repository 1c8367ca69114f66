"""Agent Skills: `.agents/skills/<name>/SKILL.md`. A skill is text and holds no policy."""

import re

from promptpack.model import Agent
from promptpack.targets.codec import (
    TEXT_REASONS,
    Target,
    head_problems,
    read_head,
    text_of,
    told,
    with_head,
)

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def encode(agent: Agent) -> str:
    """Return `SKILL.md`; `allowed-tools` would approve beforehand, so it is left out."""
    return with_head({"name": agent.name, "description": agent.description}, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that a skill describes."""
    keys, body = read_head(text)
    return told(text_of(keys.get("name")) or stem, text_of(keys.get("description")), body)


def problems(text: str) -> list[str]:
    """Return what the Agent Skills specification does not allow."""
    keys, _ = read_head(text)
    name, description = text_of(keys.get("name")), text_of(keys.get("description"))
    said = head_problems(text, {"name": str, "description": str})
    if not _NAME.fullmatch(name) or len(name) > 64:
        said.append(f"the name '{name}' is not 1 to 64 lower-case letters, digits, single hyphens")
    if not 1 <= len(description) <= 1024:
        said.append("the description is not 1 to 1,024 characters long")
    return said


SKILL = Target(
    name="skill",
    title="Agent Skill",
    path=".agents/skills/{name}/SKILL.md",
    encode=encode,
    decode=decode,
    problems=problems,
    verified="the rules of the Agent Skills specification",
    reasons=TEXT_REASONS,
    advisory=True,
    tells_policy=True,
)
