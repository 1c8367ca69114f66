"""Which tools of MCP servers each client gives an agent by its file, as the real clients do it.

Written from what the clients did (`clients/test_mcp_names.py`), without the codecs: the names that
a client makes of server and tool, and how it looks those up in a file.
"""

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import yaml

Effects = Callable[[Mapping[str, Any], str, str], str]
"""From a file's front matter, a server and a tool to allow, ask or deny."""


def ask_opencode(head: Mapping[str, Any], server: str, tool: str) -> str:
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", f"{server}_{tool}")
    effects = [e for key, e in head.get("permission", {}).items() if fnmatchcase(name, key)]
    return str(effects[-1]) if effects else "allow"


def ask_claude_code(head: Mapping[str, Any], server: str, tool: str) -> str:
    if "tools" not in head:
        return "allow"
    name = f"mcp__{server}__{tool}"
    whole = name if "__" in f"{server}_" else f"mcp__{server}"
    listed, denied = (_split(head.get(key)) for key in ("tools", "disallowedTools"))
    is_given = {name, whole} & listed and not {name, whole} & denied
    return "allow" if is_given else "deny"


def ask_copilot(head: Mapping[str, Any], server: str, tool: str) -> str:
    if "tools" not in head:
        return "allow"
    listed = [name.lower() for name in head["tools"]]
    names = {f"{server}/{tool}".lower(), f"{server}/*".lower()}
    joined = f"{server}-{tool}".lower()
    is_given = any(name in names or name.rpartition("/")[2] == joined for name in listed)
    return "allow" if is_given else "deny"


def ask_gemini(head: Mapping[str, Any], server: str, tool: str) -> str:
    if "tools" not in head:
        return "allow"
    names = {"*", "mcp_*", f"mcp_{server}_*", f"mcp_{server}_{tool}"}
    return "allow" if names & {*head["tools"]} else "deny"


def ask_qwen(head: Mapping[str, Any], server: str, tool: str) -> str:
    name = f"mcp__{server}__{tool}"
    denied = head.get("disallowedTools", [])
    if "tools" in head:
        return "allow" if name in head["tools"] else "deny"
    return "deny" if {name, f"mcp__{server}"} & {*denied} else "allow"


ASKED: Mapping[str, Effects] = {
    "opencode": ask_opencode,
    "claude-code": ask_claude_code,
    "copilot": ask_copilot,
    "gemini": ask_gemini,
    "qwen": ask_qwen,
    "kilo": ask_opencode,
}


def ask(target: str, text: str, server: str, tool: str) -> str:
    """Return what the client of a target grants of a tool by a Markdown file."""
    return ASKED[target](yaml.safe_load(text.split("---\n")[1]), server, tool)


def _split(names: object) -> set[str]:
    return set(names.split(", ")) if isinstance(names, str) else set()
