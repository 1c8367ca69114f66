"""Agent Skills: `.agents/skills/<name>/SKILL.md`. A skill is text and holds no policy."""

import re

from promptpack.model import Agent
from promptpack.targets.codec import (
    TEXT_REASONS,
    Target,
    as_text,
    check_front_matter,
    join_front_matter,
    make_text_agent,
    read_front_matter,
)

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
    messages = check_front_matter(text, {"name": str, "description": str})
    if not _NAME.fullmatch(name) or len(name) > 64:
        messages.append(
            f"the name '{name}' must be 1 to 64 lower-case letters, digits and single hyphens"
        )
    if not 1 <= len(description) <= 1024:
        messages.append("the description must be 1 to 1,024 characters long")
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
)
