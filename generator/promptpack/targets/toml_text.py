"""TOML files that are kept: a text in, its prompt and the rest out, and back.

The rest is TOML too: the string that held the prompt is empty in it. Where that stands is found by
the tokens of TOML (v1.0.0); what a text means is what `tomllib` reads.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

from promptpack.patterns import compile_late
from promptpack.targets.codec import read_toml

_TOKEN = compile_late(
    r"\"\"\"(?:\\.|(?!\"\"\")[^\\])*\"{3,5}|'''(?:(?!''').)*'{3,5}"
    r"|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'|#[^\n]*|[^\s\"'#\[\]{}]+|.",
    re.DOTALL,
)
_NAME = compile_late(r"""\[{0,2}[ \t]*(?:([\w-]+)|"([^"\n]*)"|'([^'\n]*)')""")
_BLOCK = '"""'
_DELIMITER = compile_late(r"\"\"\"|'''|\"|'")


class TomlSpan(NamedTuple):
    """A top-level key, or a table with all of its keys: its name, and its lines from 0.

    `end` is the line after its last one; blank lines and comments may stand before the next span.
    """

    name: str
    is_table: bool
    start: int
    end: int


class _TomlLines(NamedTuple):
    start: int
    end: int
    text: str


def split_toml(text: str, key: str) -> tuple[str, str]:
    """Return a file with the string of a key emptied, and what stood in that string.

    Raises ValueError where the file can't be put together again from these to the character.
    """
    try:
        prompt = read_toml(text).get(key)
    except ValueError as error:
        raise ValueError(f"not valid TOML: {error}") from None
    place = _find_string(text, key)
    if not isinstance(prompt, str) or place is None:
        raise ValueError(f"it has no '{key}' at the top that is a text")
    start, end = place
    opening, delimiter = _read_opening(text[start:end])
    head = f"{text[:start]}{opening}{delimiter}{text[end:]}"
    if insert_text(head, key, prompt) != text:
        raise ValueError(f"'{key}' is spelled in a way that promptpack does not write")
    return head, prompt


def explain_empty_toml(head: str, key: str) -> str:
    """Return why a file is none in which the string of a key is empty, or nothing."""
    try:
        value = read_toml(head).get(key)
    except ValueError as error:
        return f"not valid TOML: {error}"
    if value != "" or _find_string(head, key) is None:
        return f"'{key}' has to be an empty text in it, where the prompt goes"
    return ""


def find_hole(head: str, key: str) -> int | None:
    """Return where in a text with an empty string the string's content goes, None without one."""
    place = _find_string(head, key)
    return None if place is None else place[0] + len(_read_opening(head[slice(*place)])[0])


def insert_text(head: str, key: str, text: str) -> str:
    """Return a file with a text in the empty string of a key, in its quotes where they can hold it.

    A file without such a string stays as it is.
    """
    place = _find_string(head, key)
    if place is None:
        return head
    start, end = place
    opening, delimiter = _read_opening(head[start:end])
    value = f"{opening}{_escape(text, delimiter)}{delimiter}"
    if _read_value(value) != text:
        value = "\n".join((_BLOCK, _escape(text, _BLOCK) + _BLOCK))
    return f"{head[:start]}{value}{head[end:]}"


def list_toml_spans(text: str) -> list[TomlSpan]:
    """Return the top-level keys and the tables of a text, in order; none where it is not TOML."""
    spans: list[TomlSpan] = []
    if _is_broken(text):
        return spans
    for statement in _iter_statements(text):
        words = statement.text.lstrip()
        if not words or words.startswith("#"):
            continue
        start = text.count("\n", 0, statement.start)
        end = start + statement.text.rstrip("\n").count("\n") + 1
        if spans and spans[-1].is_table and not words.startswith("["):
            spans[-1] = spans[-1]._replace(end=end)
            continue
        match = _NAME.match(words)
        name = next(filter(None, match.groups()), "") if match else ""
        spans.append(TomlSpan(name, words.startswith("["), start, end))
    return spans


def _is_broken(text: str) -> bool:
    try:
        read_toml(text)
    except ValueError:
        return True
    return False


def _iter_statements(text: str) -> Iterator[_TomlLines]:
    """Yield a TOML text cut after each line on which no string and no bracket is left open."""
    start = depth = 0
    for match in _TOKEN.finditer(text):
        word = match[0]
        depth += (word in "[{") - (word in "]}")
        if word == "\n" and depth <= 0:
            yield _TomlLines(start, match.end(), text[start : match.end()])
            start, depth = match.end(), 0
    if start < len(text):
        yield _TomlLines(start, len(text), text[start:])


def _find_string(text: str, key: str) -> tuple[int, int] | None:
    """Return where the string of a top-level key begins and ends, its quotes included."""
    pattern = re.compile(rf"""[ \t]*(?:{re.escape(key)}|"{key}"|'{key}')[ \t]*=[ \t]*(?=["'])""")
    for statement in _iter_statements(text):
        if statement.text.lstrip().startswith("["):
            return None
        if match := pattern.match(statement.text):
            start = statement.start + match.end()
            token = _TOKEN.match(text, start)
            return (start, token.end()) if token else None
    return None


def _read_opening(value: str) -> tuple[str, str]:
    """Return what a string begins with, the newline that TOML passes over included, and its end."""
    match = _DELIMITER.match(value)
    delimiter = match[0] if match else ""
    is_block = len(delimiter) == len(_BLOCK) and value[len(delimiter) :].startswith("\n")
    return delimiter + ("\n" if is_block else ""), delimiter


def _escape(text: str, delimiter: str) -> str:
    if delimiter == _BLOCK:
        return text.replace("\\", "\\\\").replace(_BLOCK, '""\\"')
    return json.dumps(text, ensure_ascii=False)[1:-1] if delimiter == '"' else text


def _read_value(value: str) -> object:
    try:
        return tomllib.loads(f"x = {value}")["x"]
    except ValueError:
        return None
