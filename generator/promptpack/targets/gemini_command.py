"""Gemini CLI commands: `.gemini/commands/<name>.toml`. A command is text and holds no policy.

Measured on @google/gemini-cli 0.61.0: a file has `prompt` and `description`. `{{args}}` is
replaced by what a user types, `!{…}` is run and `@{…}` read; one that is not closed refuses the
command when it is called. What a user types is not looked through. Without `{{args}}`, the whole
line of the user stands below the text. A folder becomes a part of the name, with a colon.
"""

from promptpack.model import Agent
from promptpack.patterns import compile_late
from promptpack.targets.codec import as_text, make_text_agent, read_toml
from promptpack.targets.codex import quote_block, quote_string
from promptpack.targets.command_text import COMMAND_REASONS
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import (
    ClientCheck,
    CommandForm,
    Injection,
    Target,
)

NAME = "gemini-command"

_KEYS = ("description", "prompt")
_FORM = CommandForm(
    client="gemini",
    arguments="{{args}}",
    placeholder=compile_late(r"\{\{args\}\}"),
    injections=(
        Injection("execute", compile_late(r"!\{"), "Gemini CLI would run what stands after '!{'"),
        Injection("read", compile_late(r"@\{"), "Gemini CLI would read the file after '@{'"),
    ),
)


def encode(agent: Agent) -> str:
    """Return the command's file."""
    description = agent.description
    head = f"description = {quote_string(description)}\n" if description else ""
    return f"{head}prompt = {quote_block(agent.prompt)}\n"


def decode(text: str, stem: str) -> Agent:
    """Return the command that Gemini CLI makes of a file."""
    try:
        keys = read_toml(text)
    except ValueError:
        keys = {}
    prompt = as_text(keys.get("prompt"))
    return make_text_agent(stem, as_text(keys.get("description")), prompt, mode="primary")


def find_problems(text: str) -> list[Problem]:
    """Return why Gemini CLI would skip a file, or pass over something in it."""
    try:
        keys = read_toml(text)
    except ValueError:
        keys = {}
    unknown = list_unknown(f"unknown key '{key}'" for key in keys if key not in _KEYS)
    reason = find_refusal(text)
    return [*unknown, *list_misread([reason] if reason else [])]


def find_refusal(text: str) -> str:
    """Return why Gemini CLI would skip a file, or nothing."""
    try:
        keys = read_toml(text)
    except ValueError as error:
        return f"not valid TOML: {error}"
    if not isinstance(keys.get("prompt"), str):
        return "'prompt' is missing or not text"
    return "" if isinstance(keys.get("description", ""), str) else "'description' is not text"


GEMINI_COMMAND = Target(
    name=NAME,
    title="Gemini CLI command",
    synonyms=("gemini", "google", "slash command", "toml"),
    path=".gemini/commands/{name}.toml",
    user_path=".gemini/commands/{name}.toml",
    places=(".gemini/commands/{path}.toml",),
    nests_names=True,
    prompt_key="prompt",
    is_named_only=True,
    command=_FORM,
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    check=ClientCheck(
        "client",
        "its own loader of commands: the text that a called command sends",
        "gemini-cli 0.61.0",
        "2026-11-27",
    ),
    reasons=COMMAND_REASONS,
    keeps=frozenset({"description"}),
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    harmless_keys=frozenset({"prompt"}),
    prompt_grants=_FORM.list_granted,
    own_agents=frozenset(
        (
            *("?", "about", "agents", "auth", "bg", "background", "bug", "bug-memory", "chat"),
            *("checkpoint", "clear", "commands", "compact", "compress", "copy", "corgi", "dir"),
            *("directory", "docs", "editor", "exit", "export-session", "extensions", "footer"),
            *("gemma", "help", "hooks", "ide", "init", "mcp", "memory", "model", "new", "oncall"),
            *("permissions", "plan", "policies", "privacy", "quit", "restore", "resume", "rewind"),
            *("settings", "setup-github", "shells", "shortcuts", "skills", "stats", "statusline"),
            *("summarize", "tasks", "terminal-setup", "theme", "tools", "upgrade", "usage", "vim"),
            "voice",
        )
    ),
)
