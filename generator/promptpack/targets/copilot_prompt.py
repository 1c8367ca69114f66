"""Copilot prompt files: `.github/prompts/<name>.prompt.md`, called in VS Code by `/<name>`.

From VS Code's documentation, not measured: `tools` lists the tools that there are while the prompt
runs, and goes before those of its agent. `${…}` is a variable, `#name` adds a file or a tool to the
context, and so does a link to a file. Names of tools are those of agents (`copilot.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from promptpack.model import Agent
from promptpack.patterns import compile_late
from promptpack.targets.codec import (
    as_text,
    join_front_matter,
    make_agent,
)
from promptpack.targets.command_text import check_command
from promptpack.targets.copilot import (
    COPILOT,
    find_unknown_tools,
    list_tools,
    make_effective_policy,
    read_file,
)
from promptpack.targets.problems import Problem
from promptpack.targets.target import ClientCheck, CommandForm, Injection

NAME = "copilot-prompt"

_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "description": str,
    "argument-hint": str,
    "agent": str,
    "model": str,
    "tools": list,
}
_MENTION = compile_late(r"(?:^|[\s(])[#@][A-Za-z]", re.MULTILINE)
_LINK = compile_late(r"\](?:\(|:[ \t])[ \t]*<?(?!https?://|mailto:|#)", re.IGNORECASE)
_VARIABLE = compile_late(r"\$\{(?!input:)")
_FORM = CommandForm(
    client="copilot",
    arguments="${input:arguments}",
    single="${{input:{name}}}",
    placeholder=compile_late(r"\$\{input:[^}]*\}"),
    injections=(
        Injection("read", _MENTION, "Copilot would look up what is named by '#' or '@'"),
        Injection("read", _LINK, "Copilot would read the file that a link leads to"),
        Injection("read", _VARIABLE, "VS Code would put a value for '${…}'"),
    ),
)


def encode(agent: Agent) -> str:
    """Return the prompt file; its head lists the tools there are, unless all are meant."""
    keys: dict[str, Any] = {
        "name": agent.name if agent.name != agent.stem else "",
        "description": agent.description,
        "argument-hint": agent.argument_hint or "",
        "agent": agent.agent or "",
        "model": agent.model.ids.get(NAME, ""),
    }
    tools = list_tools(agent)
    head = {key: value for key, value in keys.items() if value}
    head |= {} if tools is None else {"tools": tools}
    return join_front_matter(head, agent) if head else agent.prompt


def decode(text: str, stem: str) -> Agent:
    """Return the command that Copilot makes of a file; what its list does not name is denied."""
    keys, body = read_file(text)
    stem = stem.removesuffix(".prompt")
    return make_agent(
        NAME,
        keys,
        stem,
        body,
        make_effective_policy(keys),
        mode="primary",
        argument_hint=as_text(keys.get("argument-hint")) or None,
        agent=as_text(keys.get("agent")) or None,
    )


def find_problems(text: str) -> list[Problem]:
    """Return what of a file Copilot would take otherwise, or promptpack would not write."""
    keys, _ = read_file(text)
    return [*check_command(text, _KEYS, held_keys=["tools"]), *find_unknown_tools(keys)]


COPILOT_PROMPT = replace(
    COPILOT,
    name=NAME,
    title="Copilot prompt file",
    synonyms=("prompt.md", "slash command"),
    path=".github/prompts/{name}.prompt.md",
    user_path="",
    signs=(),
    program="",
    places=(".github/prompts/{name}.prompt.md",),
    is_named_only=True,
    command=_FORM,
    is_fillable=False,
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=lambda _text: "",
    check=ClientCheck("documentation", "VS Code can't be run for this check", day="2026-11-27"),
    keys=frozenset(_KEYS),
    extras={},
    refused_extras={},
    tool_names={},
    harmless_keys=frozenset({"argument-hint"}),
    main_session_gives=frozenset(),
    kept_grants={},
    prompt_grants=_FORM.list_granted,
    field_keys={"argument_hint": ("argument-hint",)},
    hard_limits={},
    read_by=(),
    reasons=replace(
        COPILOT.reasons,
        fields={},
        any_field="this file has no {field}",
    ),
    own_agents=frozenset(
        (
            *("clear", "compact", "create-agent", "create-instruction", "create-prompt"),
            *("create-skill", "debug", "doc", "explain", "fix", "fixTestFailure", "fork"),
            *("generate", "help", "init", "new", "newNotebook", "plan", "search", "setupTests"),
            *("startDebugging", "tests"),
        )
    ),
)
