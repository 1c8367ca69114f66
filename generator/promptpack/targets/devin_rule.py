"""Devin rules, formerly Windsurf's: `.devin/rules/<name>.md`. A rule is text and holds no policy.

From the documentation of Devin Desktop and Devin CLI, not measured. Both also read the older
`.windsurf/rules/`. `trigger` says when a rule is used: always, for files that match its `globs`,
where its description fits, or only where a user names it. Devin CLI takes `globs` as a list only.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from promptpack.model import Agent
from promptpack.targets.codec import (
    as_text,
    check_front_matter,
    join_front_matter,
    make_text_agent,
    read_front_matter,
)
from promptpack.targets.extras import Extra, is_line_list, list_globs, make_choice, read_extra
from promptpack.targets.problems import Problem
from promptpack.targets.target import TEXT_REASONS, ClientCheck, SoftLimit, Target

TRIGGERS = ("always_on", "model_decision", "manual")
"""When a rule is used; for files that match patterns, the patterns say it."""

_BY_GLOBS = "glob"
_USUAL = "model_decision"
_KEYS: Mapping[str, type] = {"description": str}


def _is_glob_list(value: object) -> bool:
    """Tell whether a value is a list of patterns of paths that stay in the repository."""
    if not isinstance(value, list) or not is_line_list(value):
        return False
    paths = [PurePosixPath(one) for one in value]
    return not any(path.is_absolute() or ".." in path.parts for path in paths)


_EXTRAS: Mapping[str, Extra] = {
    "trigger": make_choice("says when the rule is used", *TRIGGERS)._replace(
        simplify=lambda v: None if v == _USUAL else v
    ),
    "globs": Extra(
        "a list of patterns of paths in the repository",
        _is_glob_list,
        "uses the rule for files that match one of these patterns",
        simplify=list_globs,
    ),
}


def encode(agent: Agent) -> str:
    """Return the rule file, used where its description fits unless extra keys say more."""
    trigger = _BY_GLOBS if "globs" in agent.extra else _USUAL
    front_matter: dict[str, Any] = {"trigger": trigger, "description": agent.description}
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that a rule describes."""
    keys, body = read_front_matter(text)
    extra = read_extra(keys, _EXTRAS)
    if "globs" in extra and extra.get("trigger") == _BY_GLOBS:
        del extra["trigger"]
    return make_text_agent(stem, as_text(keys.get("description")), body, extra=extra)


def find_problems(text: str) -> list[Problem]:
    """Return what Devin would take otherwise than the rule says."""
    trigger = make_choice("", *TRIGGERS, _BY_GLOBS)
    return check_front_matter(text, _KEYS, (), {**_EXTRAS, "trigger": trigger})


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield why it would not be clear when a rule is used."""
    if {"globs", "trigger"} <= agent.extra.keys():
        yield "'globs' can't stand with 'trigger': Devin goes by one of them"
    is_usual = "globs" not in agent.extra and agent.extra.get("trigger", _USUAL) == _USUAL
    if is_usual and not agent.description.strip():
        yield f"'description' is missing, and with 'trigger: {_USUAL}' Devin goes by that"


DEVIN_RULE = Target(
    name="devin-rule",
    title="Devin rule",
    synonyms=("windsurf", "cascade", "windsurf rule"),
    path=".devin/rules/{name}.md",
    places=(".devin/rules/{path}.md", ".windsurf/rules/{path}.md"),
    signs=(".devin", ".windsurf", ".windsurfrules"),
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck("documentation", "rules of Devin Desktop and CLI", day="2026-11-27"),
    reasons=TEXT_REASONS,
    keeps=frozenset({"description"}),
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    extras=_EXTRAS,
    refuse=find_refusals,
    soft_limit=SoftLimit("bytes", 12_000, "Devin Desktop reads"),
)
