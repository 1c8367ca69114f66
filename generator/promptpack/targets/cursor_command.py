"""Cursor commands: `.cursor/commands/<name>.md`. A command is text and holds no policy.

From Cursor's documentation, not measured: a file is plain Markdown without front matter, and what
a user types after the name is added to it. What an `@` does in a command is not said.
"""

from promptpack.model import Agent
from promptpack.targets.codec import make_text_agent
from promptpack.targets.command_text import (
    COMMAND_REASONS,
    make_command_injection,
    make_file_injection,
)
from promptpack.targets.problems import Problem, list_misread
from promptpack.targets.target import ClientCheck, CommandForm, Target

NAME = "cursor-command"

_FORM = CommandForm(
    client="cursor",
    arguments="(the words that the user added to this command)",
    placeholder=None,
    injections=(make_command_injection("Cursor"), make_file_injection("Cursor")),
)


def encode(agent: Agent) -> str:
    """Return the command's file: the prompt alone."""
    return agent.prompt


def decode(text: str, stem: str) -> Agent:
    """Return the command that Cursor makes of a file."""
    return make_text_agent(stem, "", text.removeprefix("\ufeff").strip(), mode="primary")


def find_problems(text: str) -> list[Problem]:
    """Return what of a file Cursor would take otherwise."""
    return list_misread(["the prompt is empty"] if not text.strip() else [])


CURSOR_COMMAND = Target(
    name=NAME,
    title="Cursor command",
    synonyms=("cursor", "slash command"),
    path=".cursor/commands/{name}.md",
    user_path=".cursor/commands/{name}.md",
    places=(".cursor/commands/{path}.md",),
    is_named_only=True,
    command=_FORM,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck("documentation", "Cursor can't be run for this check", day="2026-11-27"),
    reasons=COMMAND_REASONS,
    keeps=frozenset(),
    advisory=True,
    tells_policy=True,
    prompt_grants=_FORM.list_granted,
    own_agents=frozenset(
        (
            *("agents", "ask", "auto-run", "clear", "compact", "debug", "goal", "help", "logs"),
            *("mcp", "model", "plan", "resume", "rules", "run-everything", "summarize", "usage"),
        )
    ),
)
