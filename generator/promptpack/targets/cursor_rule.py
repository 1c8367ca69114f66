"""Cursor rules: `.cursor/rules/<name>.mdc`. A rule is text and holds no policy.

From Cursor's documentation, not measured.
"""

from collections.abc import Mapping

from promptpack.model import Agent
from promptpack.targets.codec import (
    as_text,
    check_front_matter,
    join_front_matter,
    make_text_agent,
    read_front_matter,
)
from promptpack.targets.problems import Problem
from promptpack.targets.target import TEXT_REASONS, Target

_KEYS: Mapping[str, type] = {"description": str, "alwaysApply": bool}


def encode(agent: Agent) -> str:
    """Return the rule file, applied where its description fits."""
    return join_front_matter({"description": agent.description, "alwaysApply": False}, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that a rule describes."""
    keys, body = read_front_matter(text)
    return make_text_agent(stem, as_text(keys.get("description")), body)


def find_problems(text: str) -> list[Problem]:
    """Return what Cursor would take otherwise than the rule says."""
    return check_front_matter(text, _KEYS)


CURSOR_RULE = Target(
    name="cursor-rule",
    title="Cursor rule",
    path=".cursor/rules/{name}.mdc",
    places=(".cursor/rules/{path}.mdc",),
    encode=encode,
    decode=decode,
    problems=find_problems,
    verified="the documentation only; Cursor can't be run for this check",
    reasons=TEXT_REASONS,
    keeps=frozenset({"description"}),
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    harmless_keys=frozenset({"alwaysApply", "globs"}),
    refused_extras={"globs": "Cursor takes patterns without quotes, which is not YAML"},
)
