"""In: a target and a policy. Out: whether an agent gets a tool that its client added later on.

No client has tomorrow's tool, so one of today's stands for it: the codec writes the file as if it
did not know that tool yet, and the file is read with all that is known.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from unittest import mock

from promptpack.model import Agent, Capability, Effect, Model, Policy
from promptpack.policy.lattice import grant_of
from promptpack.targets import (
    TARGETS,
    claude_code,
    cline,
    copilot,
    factory,
    gemini,
    junie,
    kiro,
    opencode,
    qwen,
    roo,
)


class NewTool(NamedTuple):
    """A capability, the client's tool for it, and the table by which the codec writes it."""

    capability: Capability
    tool: str
    module: Any = None
    table: str = ""


NEW_TOOLS: Mapping[str, NewTool] = {
    "opencode": NewTool("web_search", "websearch", opencode, "KEYS"),
    "claude-code": NewTool("web_search", "WebSearch", claude_code, "TOOLS"),
    "copilot": NewTool("todo", "update_todo", copilot, "ALIASES"),
    "cursor": NewTool("web_search", ""),
    "codex": NewTool("web_search", "web_search"),
    "factory": NewTool("web_search", "WebSearch", factory, "TOOLS"),
    "gemini": NewTool("web_search", "google_web_search", gemini, "TOOLS"),
    "cline": NewTool("web_fetch", "fetch_web_content", cline, "TOOLS"),
    "kiro": NewTool("task", "subagent", kiro, "GROUPS"),
    "junie": NewTool("web_search", "WebSearch", junie, "TOOLS"),
    "roo": NewTool("execute", "command", roo, "TOOLS"),
    "kilo": NewTool("web_search", "websearch", opencode, "KEYS"),
    "qwen": NewTool("web_fetch", "web_fetch", qwen, "TOOLS"),
}
"""The tool that stands for a new one. Codex and Cursor have no list of tools to leave it out of."""

POLICIES: Mapping[str, Policy] = {
    "`default: deny`": Policy(Effect.DENY, {"read": grant_of(Effect.ALLOW)}),
    "`default: inherit`, something is denied": Policy(
        Effect.INHERIT, {"execute": grant_of(Effect.DENY)}
    ),
    "`default: inherit`, nothing is denied": Policy(Effect.INHERIT),
}


def encode_unaware(target: str, policy: Policy, name: str = "asker") -> str:
    """Return the file of a codec that does not know the new tool."""
    new = NEW_TOOLS[target]
    agent = Agent(name, "Asks.", "all", Model(""), None, policy, "Ask them all.\n")
    if new.module is None:
        return TARGETS[target].encode(agent)
    table = getattr(new.module, new.table)
    kept = {key: value for key, value in table.items() if not _is_about(key, value, new)}
    assert len(kept) == len(table) - 1
    with mock.patch.object(new.module, new.table, kept):
        return TARGETS[target].encode(agent)


def is_offered(target: str, text: str) -> bool:
    """Tell whether the agent of a file gets the new tool, as far as today's codec knows."""
    policy = TARGETS[target].decode(text, "asker").policy
    return policy.grant(NEW_TOOLS[target].capability)[-1].effect is not Effect.DENY


def _is_about(key: str, value: object, new: NewTool) -> bool:
    """Tell whether an entry is about the new capability; Copilot's tables go from names to them."""
    return key == new.capability or (isinstance(value, tuple) and new.capability in value)
