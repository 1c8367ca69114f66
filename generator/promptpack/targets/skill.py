"""Agent Skills: `.agents/skills/<name>/SKILL.md`. A skill is text and holds no policy."""

import re
from collections.abc import Iterator, Mapping

from promptpack.model import Agent
from promptpack.targets.codec import (
    as_text,
    check_front_matter,
    join_front_matter,
    make_text_agent,
    read_front_matter,
)
from promptpack.targets.extras import Extra, make_flag, make_line, read_extra
from promptpack.targets.problems import Problem, list_misread
from promptpack.targets.target import TEXT_REASONS, SoftLimit, Target

_KEYS: Mapping[str, type] = {"name": str, "description": str}
_EXTRAS: Mapping[str, Extra] = {
    "license": make_line("the license of the skill"),
    "compatibility": make_line("what the skill needs"),
    "disable-model-invocation": make_flag("leaves it to a user to start the skill"),
    "user-invocable": make_flag("says whether a user can start the skill"),
}
_LIMITS = {"name": 64, "description": 1024}
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def encode(agent: Agent) -> str:
    """Return `SKILL.md`; `allowed-tools` would approve beforehand, so it is left out."""
    return join_front_matter({"name": agent.name, "description": agent.description}, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that a skill describes."""
    keys, body = read_front_matter(text)
    return make_text_agent(
        as_text(keys.get("name")) or stem,
        as_text(keys.get("description")),
        body,
        stem=stem,
        extra=read_extra(keys, _EXTRAS),
    )


def find_problems(text: str) -> list[Problem]:
    """Return what the Agent Skills specification does not allow."""
    keys, _ = read_front_matter(text)
    name, description = as_text(keys.get("name")), as_text(keys.get("description"))
    problems = check_front_matter(text, _KEYS, (), _EXTRAS)
    if not _NAME.fullmatch(name) or len(name) > _LIMITS["name"]:
        forms = "lower-case letters, digits, single hyphens"
        message = f"the name '{name}' is not 1 to {_LIMITS['name']} {forms}"
        problems += list_misread([message], "name")
    if not 1 <= len(description) <= _LIMITS["description"]:
        message = f"the description is not 1 to {_LIMITS['description']:,} characters long"
        problems += list_misread([message], "description")
    return problems


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield that the skill has another name than its folder, where it has."""
    if agent.name != agent.stem:
        yield f"the name '{agent.name}' is not the name of the skill's folder, '{agent.stem}'"


SKILL = Target(
    name="skill",
    title="Agent Skill",
    path=".agents/skills/{name}/SKILL.md",
    user_path=".agents/skills/{name}/SKILL.md",
    takes_files=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    verified="the rules of the Agent Skills specification",
    reasons=TEXT_REASONS,
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    extras=_EXTRAS,
    refused_extras={"allowed-tools": "it approves tools beforehand, whatever the policy says"},
    refuse=find_refusals,
    soft_limit=SoftLimit("lines", 500, "a skill should stay below"),
    hard_limits=_LIMITS,
)
