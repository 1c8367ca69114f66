"""Agent Skills: `.agents/skills/<name>/SKILL.md`. A skill is text and holds no policy.

Claude Code has a folder of its own for them, and looks into no other (measured with 2.1.332). It
runs commands that stand in a skill's text, so our files have none there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from promptpack.model import CAPABILITIES, Agent, Capability
from promptpack.patterns import compile_late
from promptpack.targets.claude_code_file import list_approved
from promptpack.targets.codec import (
    as_text,
    check_front_matter,
    join_front_matter,
    make_text_agent,
    read_front_matter,
)
from promptpack.targets.extras import Extra, make_flag, make_line, read_extra
from promptpack.targets.problems import Problem, list_misread
from promptpack.targets.target import TEXT_REASONS, ClientCheck, SoftLimit, Target

_KEYS: Mapping[str, type] = {"name": str, "description": str}
_EXTRAS: Mapping[str, Extra] = {
    "license": make_line("the license of the skill"),
    "compatibility": make_line("what the skill needs"),
    "disable-model-invocation": make_flag("leaves it to a user to start the skill"),
    "user-invocable": make_flag("says whether a user can start the skill"),
}
_REFUSED = {
    "allowed-tools": "it approves tools beforehand, whatever the policy says",
    "hooks": "a hook runs commands, whatever the policy says",
}
_KEPT_GRANTS: Mapping[str, tuple[Capability, ...]] = {
    "allowed-tools": CAPABILITIES,
    "hooks": ("execute",),
}
_COMMAND = compile_late(r"!`|^[ \t]*(?:`{3,}|~{3,})!", re.MULTILINE)
_LIMITS = {"name": 64, "description": 1024}
_NAME = compile_late(r"[a-z0-9]+(-[a-z0-9]+)*")


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


def find_claude_problems(text: str) -> list[Problem]:
    """Return the same for Claude Code, and each command that it would run to load the skill."""
    _, body = read_front_matter(text)
    message = "Claude Code would run what stands in the text after '!`' or '```!'"
    commands = list_misread([message], "prompt") if find_prompt_grants(body) else []
    return [*find_problems(text), *commands]


def find_prompt_grants(prompt: str) -> tuple[Capability, ...]:
    """Return what Claude Code does to load a skill: it runs commands in the text."""
    return ("execute",) if _COMMAND.search(prompt) else ()


SKILL = Target(
    name="skill",
    title="Agent Skill",
    synonyms=("SKILL.md", "agent skills"),
    path=".agents/skills/{name}/SKILL.md",
    places=(".agents/skills/{name}/SKILL.md",),
    user_path=".agents/skills/{name}/SKILL.md",
    takes_files=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck(
        "client",
        "the rules of the Agent Skills specification; the places, asked of clients",
        "opencode-ai 1.18.33, copilot 1.0.102, codex 0.171.0",
        "2026-11-26",
    ),
    reasons=TEXT_REASONS,
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    extras=_EXTRAS,
    refused_extras=_REFUSED,
    kept_grants=_KEPT_GRANTS,
    approves=list_approved,
    refuse=find_refusals,
    soft_limit=SoftLimit("lines", 500, "a skill should stay below"),
    hard_limits=_LIMITS,
)

CLAUDE_SKILL = replace(
    SKILL,
    name="claude-skill",
    title="Claude Code skill",
    synonyms=("claude", "SKILL.md", "anthropic"),
    path=".claude/skills/{name}/SKILL.md",
    places=(".claude/skills/{name}/SKILL.md",),
    user_path=".claude/skills/{name}/SKILL.md",
    is_on_request=True,
    problems=find_claude_problems,
    prompt_grants=find_prompt_grants,
    check=ClientCheck(
        "client",
        "the skills that a session lists, and the text that it loads",
        "claude-code 2.1.332",
        "2026-11-26",
    ),
)
