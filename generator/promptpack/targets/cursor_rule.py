"""Cursor rules: `.cursor/rules/<name>.mdc`. A rule is text and holds no policy.

From Cursor's documentation, not measured.
"""

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


def encode(agent: Agent) -> str:
    """Return the rule file, applied where its description fits."""
    return with_head({"description": agent.description, "alwaysApply": False}, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that a rule describes."""
    keys, body = read_head(text)
    return told(stem, text_of(keys.get("description")), body)


def problems(text: str) -> list[str]:
    """Return what Cursor would take otherwise than the rule says."""
    return head_problems(text, {"description": str, "alwaysApply": bool})


CURSOR_RULE = Target(
    name="cursor-rule",
    title="Cursor rule",
    path=".cursor/rules/{name}.mdc",
    encode=encode,
    decode=decode,
    problems=problems,
    verified="documentation only: Cursor can't be run here",
    reasons=TEXT_REASONS,
    advisory=True,
    tells_policy=True,
)
