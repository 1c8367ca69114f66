"""OpenCode commands: `.opencode/commands/<name>.md`. A command is text and holds no policy.

Measured on opencode-ai 1.18.33: `$ARGUMENTS` and `$1`, `$2` … are replaced first, then each
`` !`command` `` is run and each `@file` read. What a user types is looked through for both, too.
The agent that runs the command decides what it may do. A `name` in the head renames the command;
one wrong value refuses every command of the folder.
"""

from collections.abc import Callable, Mapping
from typing import Any

from promptpack.model import Agent
from promptpack.patterns import compile_late
from promptpack.targets.codec import (
    as_text,
    find_wrong_value,
    join_front_matter,
    make_model,
    make_text_agent,
)
from promptpack.targets.command_text import (
    check_command,
    make_command_injection,
    make_file_injection,
)
from promptpack.targets.extras import Extra, make_flag, read_extra
from promptpack.targets.opencode_file import read_file
from promptpack.targets.problems import Problem
from promptpack.targets.target import TEXT_REASONS, ClientCheck, CommandForm, Target

NAME = "opencode-command"

_KEYS: Mapping[str, type] = {"name": str, "description": str, "agent": str, "model": str}
_EXTRAS: Mapping[str, Extra] = {
    "subtask": make_flag("runs the command as a subagent, in a context of its own"),
}
_LOADED_VALUES: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_KEYS, lambda v: isinstance(v, str)),
    "subtask": lambda v: isinstance(v, bool),
}
_FORM = CommandForm(
    client="opencode",
    arguments="$ARGUMENTS",
    single="${number}",
    placeholder=compile_late(r"\$(?:ARGUMENTS|[0-9]+)"),
    injections=(make_command_injection("OpenCode"), make_file_injection("OpenCode")),
)


def encode(agent: Agent) -> str:
    """Return the command's file."""
    keys = {
        "name": agent.name if agent.name != agent.stem else "",
        "description": agent.description,
        "agent": agent.agent or "",
        "model": agent.model.ids.get(NAME, ""),
    }
    return join_front_matter(keys, agent) if any(keys.values()) or agent.extra else agent.prompt


def decode(text: str, stem: str) -> Agent:
    """Return the command that OpenCode makes of a file."""
    keys, body = read_file(text) or ({}, text)
    return make_text_agent(
        as_text(keys.get("name")) or stem,
        as_text(keys.get("description")),
        body.strip(),
        stem=stem,
        mode="primary",
        model=make_model(NAME, keys.get("model")),
        agent=as_text(keys.get("agent")) or None,
        extra=read_extra(keys, _EXTRAS),
    )


def find_problems(text: str) -> list[Problem]:
    """Return why OpenCode would refuse a file, or pass over something in it."""
    return check_command(text, _KEYS, _EXTRAS)


def find_refusal(text: str) -> str:
    """Return why OpenCode would refuse a file or pass over it, or nothing."""
    parts = read_file(text)
    if parts is None:
        return "the front matter is not YAML, even with its values quoted"
    return find_wrong_value(parts[0], _LOADED_VALUES)


OPENCODE_COMMAND = Target(
    name=NAME,
    title="OpenCode command",
    synonyms=("open code", "slash command", "prompt"),
    path=".opencode/commands/{name}.md",
    user_path=".config/opencode/commands/{name}.md",
    places=(".opencode/commands/{path}.md", ".opencode/command/{path}.md"),
    nests_names=True,
    is_named_only=True,
    command=_FORM,
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    check=ClientCheck(
        "client",
        "the text that a called command sends, its agent and model",
        "opencode-ai 1.18.33",
        "2026-11-27",
    ),
    reasons=TEXT_REASONS,
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    extras=_EXTRAS,
    prompt_grants=_FORM.list_granted,
    own_agents=frozenset(
        (
            *("agent", "agents", "compact", "connect", "copy", "debug", "diff", "editor", "exit"),
            *("export", "fork", "help", "init", "mcp", "mcps", "model", "models", "move", "new"),
            *("open", "org", "redo", "rename", "review", "sessions", "share", "skills", "status"),
            *("terminal", "themes", "thinking", "timeline", "timestamps", "undo", "unshare"),
            *("variants", "warp", "workspace", "workspaces"),
        )
    ),
)
