"""Claude Code's files as it reads them: a text in, the keys of its front matter and the body out.

Measured on @anthropic-ai/claude-code 2.1.332: the front matter ends at the next three hyphens,
wherever they stand; where it is not YAML, values are quoted and it is read again.
"""

import re
from typing import Any

from promptpack.patterns import compile_late
from promptpack.source import frontmatter
from promptpack.source.client_yaml import read_client_yaml

_FRONT_MATTER = compile_late(r"---\s*\n(.*?)---\s*\n?", re.DOTALL)
_ONE_LINE_VALUE = compile_late(r"([a-zA-Z_-]+):\s+(\S[^\r\n\u2028\u2029]*)")
_SPECIAL = compile_late(r"[{}\[\]*&#!|>%@`]|: ")
_TOOL = compile_late(r"[^\s,(]+(?:\([^)]*\))?")
_TABS = compile_late(r"^\t+")


def read_file(text: str) -> tuple[dict[str, Any], str]:
    """Return the keys and the body as Claude Code finds them; a file it would skip, key by key."""
    text = text.removeprefix("\ufeff")
    match = match_front_matter(text)
    if match is None:
        return {}, text.strip()
    try:
        keys = read_keys(match[1])
    except ValueError:
        keys = frontmatter.read_lenient(match[1])
    return keys, text[match.end() :].strip()


def list_approved(text: str) -> list[str]:
    """Return the tools that a command or a skill approves before Claude Code would ask."""
    approved = read_file(text)[0].get("allowed-tools")
    names = approved if isinstance(approved, list) else _TOOL.findall(str(approved or ""))
    return [str(name).strip() for name in names]


def match_front_matter(text: str) -> re.Match[str] | None:
    """Return where the front matter is; it ends at the next three hyphens, wherever they stand."""
    has_end = "---" in text[3:]  # without one, the pattern would be tried at each line end
    return _FRONT_MATTER.match(text) if has_end else None


def read_keys(front_matter: str) -> dict[str, Any]:
    """Return the keys of front matter; where it is not YAML, its values are quoted first."""
    try:
        return frontmatter.read_mapping(front_matter, last_wins=True)
    except ValueError:
        lines = (_quote_value(line) for line in front_matter.split("\n"))
        return frontmatter.read_mapping("\n".join(lines), last_wins=True)


def _quote_value(line: str) -> str:
    """Return a line of front matter with its value quoted if YAML may take it for something else.

    Tabs that indent become spaces.
    """
    match = _ONE_LINE_VALUE.fullmatch(line)
    if match is None or not _SPECIAL.search(match[2]) or _is_quoted_or_list(match[2]):
        return _TABS.sub(lambda tabs: "  " * len(tabs[0]), line)
    value = match[2].replace("\\", "\\\\").replace('"', '\\"')
    return f'{match[1]}: "{value}"'


def _is_quoted_or_list(value: str) -> bool:
    if value[0] == value[-1] and value[0] in "\"'":
        return True
    try:
        return value[0] == "[" and value[-1] == "]" and isinstance(read_client_yaml(value), list)
    except ValueError:
        return False
