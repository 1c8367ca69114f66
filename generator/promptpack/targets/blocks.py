"""Blocks in a shared file: a text and an agent's name in, the text with or without its block out.

A `SharedForm` is how a file holds them. In Markdown a block stands between two marker lines, and
blocks of several agents stand in the order of their names. What is not a block is never touched:
taking a block out again gives back the very bytes that were there before, also where the last line
had no newline (then the block's last line has none).
"""

import re
from collections.abc import Callable
from typing import NamedTuple

MARKER = "<!-- promptpack:"


class SharedForm(NamedTuple):
    """How a file holds blocks of several agents: by name they are listed, found, put and removed.

    `explain_unfit` says why a file of this text can't take another block, or nothing.
    `split` is how others read the file: the names of its agents, each with the text of its block.
    """

    list_names: Callable[[str], list[str]]
    find: Callable[[str, str], str | None]
    put: Callable[[str, str, str], str]
    remove: Callable[[str, str], str]
    explain_unfit: Callable[[str], str] = lambda _text: ""
    split: Callable[[str], dict[str, str]] = lambda _text: {}


def make_markers(name: str) -> tuple[str, str]:
    """Return the lines that begin and end an agent's block."""
    return f"{MARKER}begin {name} -->", f"{MARKER}end {name} -->"


def wrap_block(name: str, body: str) -> str:
    """Return a block: a body that ends with a newline, between its markers.

    The blank lines keep the markers from being part of a paragraph or a list, for formatters too.
    """
    begin, end = make_markers(name)
    return f"{begin}\n\n{body}\n{end}\n"


def unwrap_block(block: str) -> str:
    """Return the body of a block; the blank lines beside its markers are not part of it."""
    lines = block.splitlines(keepends=True)[1:-1]
    if lines and not lines[0].strip():
        del lines[0]
    if lines and not lines[-1].strip():
        del lines[-1]
    return "".join(lines)


def find_block(text: str, name: str) -> str | None:
    """Return an agent's block in a text, ended by a newline, or None where there is none."""
    span = _find_span(text, name)
    return None if span is None else text[slice(*span)].removesuffix("\n") + "\n"


def put_block(text: str, name: str, block: str) -> str:
    """Return the text with an agent's block in its place, in place of an older one."""
    if span := _find_span(text, name):
        start, end = span
        replacement = block if text[end - 1] == "\n" else block.removesuffix("\n")
        return text[:start] + replacement + text[end:]
    later_spans = [s for n in list_names(text) if n > name if (s := _find_span(text, n))]
    if later_spans:
        start = min(later_spans)[0]
        return f"{text[:start]}{block}\n{text[start:]}"
    if not text:
        return block
    return f"{text}\n{block}" if text.endswith("\n") else f"{text}\n\n{block.removesuffix(chr(10))}"


def remove_block(text: str, name: str) -> str:
    """Return the text without an agent's block and the line that set it apart."""
    span = _find_span(text, name)
    if span is None:
        return text
    text_before, text_after = text[: span[0]], text[span[1] :]
    if not text[: span[1]].endswith("\n"):
        return text_before.removesuffix("\n\n")
    if text_before.endswith("\n"):
        return text_before.removesuffix("\n") + text_after
    return text_before + text_after.removeprefix("\n")


def _find_span(text: str, name: str) -> tuple[int, int] | None:
    begin, end = (re.escape(marker) for marker in make_markers(name))
    match = re.search(rf"^{begin}\r?\n.*?^{end}(?:\r?\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return match.span() if match else None


def list_names(text: str) -> list[str]:
    """Return the names of the agents that have a block in a text, in its order."""
    return re.findall(rf"^{re.escape(MARKER)}begin (\S+) -->", text, re.MULTILINE)


MARKED_BLOCKS = SharedForm(list_names, find_block, put_block, remove_block)
"""Blocks between two comments of Markdown."""
