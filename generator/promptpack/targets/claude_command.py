"""Claude Code commands: `.claude/commands/<name>.md`. A command is text and holds nothing back.

Measured on @anthropic-ai/claude-code 2.1.332: `$ARGUMENTS`, `$ARGUMENTS[0]`, `$0` (the first)
and `$name` for the names of `arguments:` are replaced (by nothing where a user writes fewer words;
`$0` stays then), `` !`command` `` and fences that begin with `!` are run, `@file` is read,
and `${CLAUDE_…}` stands for facts of the session. A folder is a part of the name, with a colon
behind it; a `name` in the head is not. `allowed-tools` approves tools before a user is asked, and
takes none away; `disallowed-tools` left all tools in the request. So what the policy allows is
approved, and the rest is said in the prompt. Copilot CLI takes the files for skills
(copilot 1.0.102). A skill in a folder of that name goes before a command, and what is in the user's
home folder before what is in the project.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpack.model import CAPABILITIES, EFFORTS, Agent, Capability, Effect
from promptpack.patterns import compile_late
from promptpack.policy.lattice import list_effects
from promptpack.targets.claude_code import TOOLS
from promptpack.targets.claude_code_file import list_approved, read_file
from promptpack.targets.codec import (
    as_effort,
    as_text,
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
from promptpack.targets.problems import Problem, list_misread
from promptpack.targets.target import (
    TEXT_REASONS,
    ClientCheck,
    CommandForm,
    Injection,
    Target,
)

NAME = "claude-command"

_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "description": str,
    "argument-hint": str,
    "arguments": list,
    "context": str,
    "agent": str,
    "model": str,
    "effort": str,
    "allowed-tools": list,
}
_EXTRAS: Mapping[str, Extra] = {
    "disable-model-invocation": make_flag("leaves it to a user to call the command"),
}
_EFFORTS = EFFORTS[EFFORTS.index("low") :]
_KNOWN_TOOLS = tuple(tool for tools in TOOLS.values() for tool in tools)
_VARIABLE = compile_late(r"\$\{CLAUDE_")
_FORM = CommandForm(
    client="claude-code",
    arguments="$ARGUMENTS",
    single="${name}",
    names_single=True,
    yields_to="claude-skill",
    placeholder=compile_late(r"\\?\$(?:ARGUMENTS(?:\[[0-9]+\])?|[0-9]+)"),
    injections=(
        make_command_injection("Claude Code"),
        make_file_injection("Claude Code"),
        Injection("read", _VARIABLE, "Claude Code would put a value for '${CLAUDE_…}'"),
    ),
)


def encode(agent: Agent) -> str:
    """Return the command's file; its head approves what the policy allows without asking."""
    keys: dict[str, Any] = {
        "description": agent.description,
        "argument-hint": agent.argument_hint or "",
        "arguments": [*agent.arguments] or "",
    }
    if agent.agent:
        keys |= {"context": "fork", "agent": agent.agent}
    keys["model"] = agent.model.ids.get(NAME, "")
    keys["effort"] = as_effort(agent.effort, _EFFORTS) or ""
    keys["allowed-tools"] = [*_iter_approved(agent)] or ""
    return join_front_matter(keys, agent) if any(keys.values()) or agent.extra else agent.prompt


def _iter_approved(agent: Agent) -> Iterator[str]:
    """Yield the tools of what the policy allows whole, and does not only leave to the client."""
    for capability, tools in TOOLS.items():
        if list_effects(agent.policy.grant(capability)) == {Effect.ALLOW}:
            yield from tools


def decode(text: str, stem: str) -> Agent:
    """Return the command that Claude Code makes of a file; what it approves is not told."""
    keys, body = read_file(text)
    is_forked = keys.get("context") == "fork"
    return make_text_agent(
        stem,
        as_text(keys.get("description")),
        body.strip(),
        mode="primary",
        model=make_model(NAME, keys.get("model")),
        effort=as_effort(keys.get("effort"), _EFFORTS),
        argument_hint=as_text(keys.get("argument-hint")) or None,
        agent=(as_text(keys.get("agent")) or None) if is_forked else None,
        extra=read_extra(keys, _EXTRAS),
    )


def find_problems(text: str) -> list[Problem]:
    """Return what of a file Claude Code would take otherwise, or promptpack would not write."""
    keys, _ = read_file(text)
    approved = keys.get("allowed-tools")
    tools = approved if isinstance(approved, list) else []
    unknown = (f"'allowed-tools' has {one!r}" for one in tools if one not in _KNOWN_TOOLS)
    return [*check_command(text, _KEYS, _EXTRAS), *list_misread(unknown, "allowed-tools")]


_APPROVES = "it approves tools beforehand, whatever the policy says"
_KEPT_GRANTS: Mapping[str, tuple[Capability, ...]] = {
    "allowed-tools": CAPABILITIES,
    "hooks": ("execute",),
}

CLAUDE_COMMAND = Target(
    name=NAME,
    title="Claude Code command",
    synonyms=("claude", "anthropic", "slash command"),
    path=".claude/commands/{name}.md",
    user_path=".claude/commands/{name}.md",
    places=(".claude/commands/{path}.md",),
    nests_names=True,
    is_named_only=True,
    command=_FORM,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck(
        "client",
        "the text that a called command sends, its model",
        "claude-code 2.1.332",
        "2026-11-27",
    ),
    reasons=TEXT_REASONS,
    keeps=frozenset({"description"}),
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    harmless_keys=frozenset({"argument-hint", "context"}),
    extras=_EXTRAS,
    refused_extras={
        "allowed-tools": _APPROVES,
        "hooks": "a hook runs commands, whatever the policy says",
    },
    kept_grants=_KEPT_GRANTS,
    prompt_grants=_FORM.list_granted,
    approves=list_approved,
    field_keys={"argument_hint": ("argument-hint",), "agent": ("context", "agent")},
    own_agents=frozenset(
        (
            *("access", "add-dir", "advisor", "agents", "artifacts", "auto-mode-setup"),
            *("autocompact", "autofix-pr", "background", "batch", "branch", "brief", "btw", "bug"),
            *("cd", "claude-api", "clear", "cloud-plugins", "code-review", "color", "compact"),
            *("config", "context", "copy", "daemon", "dataviz", "debug", "deep-research"),
            *("desktop", "diff", "doctor", "effort", "exit", "export", "extra-usage", "fast"),
            *("feedback", "fewer-permission-prompts", "focus", "fork", "goal", "heapdump", "help"),
            *("hooks", "ide", "import", "init", "insights", "install", "install-github-app"),
            *("install-slack-app", "list-agents", "login", "logout", "loop", "mcp", "memory"),
            *("mobile", "model", "output-style", "passes", "pause-memory", "permissions", "plan"),
            *("plugin", "plugin-authoring", "powerup", "privacy-settings", "project", "radio"),
            *("rate-limit-options", "recap", "reload-plugins", "reload-skills", "remote-control"),
            *("remote-env", "rename", "restart", "resume", "review", "run", "run-skill-generator"),
            *("scroll-speed", "security-review", "session", "setup-bedrock", "setup-vertex"),
            *("simplify", "skill-doctor", "skills", "status", "stickers", "stop", "subtask"),
            *("tasks", "team-onboarding", "teleport", "terminal-setup", "theme", "tui"),
            *("ultraplan", "ultrareview", "update-config", "upgrade", "usage", "usage-credits"),
            *("use-case", "verify", "version", "voice", "web-setup", "wellbeing"),
            *("workflow-authoring", "workflow-launch-exec", "workflows"),
        )
    ),
)
