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

TRIGGERS = ("always_on", "model_decision", "glob", "manual")
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
        "names the files for which the rule is used, with `trigger: glob`",
        simplify=list_globs,
    ),
}


def encode(agent: Agent) -> str:
    """Return the rule file, used where its description fits unless extra keys say more."""
    front_matter: dict[str, Any] = {"trigger": _USUAL, "description": agent.description}
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that a rule describes."""
    keys, body = read_front_matter(text)
    description = as_text(keys.get("description"))
    return make_text_agent(stem, description, body, extra=read_extra(keys, _EXTRAS))


def find_problems(text: str) -> list[Problem]:
    """Return what Devin would take otherwise than the rule says."""
    return check_front_matter(text, _KEYS, (), _EXTRAS)


def find_refusals(agent: Agent) -> Iterator[str]:
    """Yield why nothing would say when a rule is used."""
    trigger = agent.extra.get("trigger", _USUAL)
    if ("globs" in agent.extra) != (trigger == "glob"):
        yield "'globs' and 'trigger: glob' go together: one does nothing without the other"
    if trigger == _USUAL and not agent.description.strip():
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
