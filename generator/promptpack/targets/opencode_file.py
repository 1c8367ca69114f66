"""A file as OpenCode's own reader takes it apart: text in, front matter keys and body out.

Measured on opencode-ai 1.18.33: the reader is lenient, and remembers a text it could not read.
"""

import re
from typing import Any

from promptpack.patterns import compile_late
from promptpack.source import frontmatter

_OPENING = compile_late(r"---(?!-)[ \t]*([^\r\n]*?)[ \t]*(?=\r?\n|\Z)")
_FRONT_MATTER = compile_late(r"---\r?\n(.*?)\r?\n---", re.DOTALL)
_COLON_VALUE = compile_late(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*:\s*(?![\"'\s])(?=.*:)(.*\S)\s*")


def read_file(text: str) -> tuple[dict[str, Any], str] | None:
    """Return the keys and the body, or None where OpenCode passes over the file.

    Front matter that is not YAML is read once more with its values quoted. Where there was nothing
    to quote, the whole file is the prompt: that is what its reader has remembered of such a text.
    """
    text = text.removeprefix("\ufeff")
    try:
        return _read_parts(text)
    except ValueError:
        quoted_text = _quote_values(text)
    if quoted_text == text:
        return {}, text
    try:
        return _read_parts(quoted_text)
    except ValueError:
        return None


def _read_parts(text: str) -> tuple[dict[str, Any], str]:
    match = _OPENING.match(text)
    if match is None:
        return {}, text
    if match[1].lower() not in ("", "yaml", "yml", "json"):
        raise ValueError(f"unknown language '{match[1]}'")
    front_matter, _, body = text[match.end() :].partition("\n---")
    return frontmatter.read_mapping(front_matter), body


def _quote_values(text: str) -> str:
    """Return a file whose one-line values with a colon are block scalars."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        return text
    lines = []
    for line in re.split(r"\r?\n", match[1]):
        value = _COLON_VALUE.fullmatch(line)
        lines.append(f"{value[1]}: |-\n  {value[2]}" if value else line)
    return text.replace(match[1], "\n".join(lines), 1)
