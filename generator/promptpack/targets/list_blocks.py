"""Blocks that are the entries of a list in a YAML file: a text and a name in, the same out.

The list stands under a key at the top of the file, and each entry is two spaces in, as the writers
of YAML put it. What is not an agent's entry is never touched, comments and blank lines included.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from textwrap import indent
from typing import Any, NamedTuple

from promptpack.patterns import compile_late
from promptpack.source.yaml_writer import write_mapping, write_text
from promptpack.targets.blocks import SharedForm

_LINE = compile_late(r"[^\n]*\n|[^\n]+")
_ENTRY = compile_late(r"  -(?:[ \t]|\r?\n|\Z)")
_CONTENT = compile_late(r"    [ \t]*[^ \t\r\n]")
_SKIPPED = compile_late(r"[ \t]*(?:#.*)?\r?\n?", re.DOTALL)


class _BlockEntry(NamedTuple):
    """An entry of the list, and where it begins and ends."""

    name: str
    start: int
    end: int


class _ListReader(NamedTuple):
    """Finds the entries under a key; `read_names` gives the names in a text, however written."""

    key: str
    read_names: Callable[[str], list[str] | None]

    def find_start(self, text: str) -> int | None:
        """Return where the list begins, below its key, or None where that has no line alone."""
        match = re.search(rf"^{self.key}:[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)", text, re.MULTILINE)
        return match.end() if match else None

    def iter_entries(self, text: str) -> Iterator[_BlockEntry]:
        """Yield the entries of the list in a text."""
        position = self.find_start(text)
        spans: list[tuple[int, int]] = []
        for match in _LINE.finditer(text, position or 0) if position is not None else ():
            if _ENTRY.match(match[0]):
                spans.append(match.span())
            elif spans and _CONTENT.match(match[0]):
                spans[-1] = spans[-1][0], match.end()
            elif not _SKIPPED.fullmatch(match[0]):
                break
        for start, end in spans:
            names = self.read_names(text[start:end]) or [""]
            yield _BlockEntry(names[0], start, end)

    def find_entry(self, text: str, name: str) -> _BlockEntry | None:
        """Return the first entry of a name."""
        return next((one for one in self.iter_entries(text) if one.name == name), None)


def write_entry(values: Mapping[str, Any], escaped: Collection[str] = ()) -> str:
    """Return an entry of such a list; what is an empty text is left out.

    A text is written so that none of the characters that are to be `escaped` stands in it.
    """
    spelled = (
        f"{key}: {write_text(value, escaped)}\n"
        if isinstance(value, str)
        else write_mapping({key: value})
        for key, value in values.items()
        if value != ""
    )
    lines = indent("".join(spelled), "    ", lambda line: line != "\n")
    return f"  - {lines.removeprefix('    ')}"


def make_list_blocks(
    key: str,
    read_names: Callable[[str], list[str] | None],
    split: Callable[[str], dict[str, str]],
) -> SharedForm:
    """Return the form of a file in which agents are the entries of a list under a key.

    `read_names` gives the names of the entries in a text, which may be of one entry alone, or None
    where it can't be read; `split` the text of each entry of a file that is written otherwise.
    """
    reader = _ListReader(key, read_names)
    return SharedForm(
        partial(_list_names, reader),
        partial(_find_block, reader),
        partial(_put_block, reader),
        partial(_remove_block, reader),
        partial(_explain_unfit, reader),
        partial(_split_blocks, reader, split),
    )


def _list_names(reader: _ListReader, text: str) -> list[str]:
    return [entry.name for entry in reader.iter_entries(text)]


def _find_block(reader: _ListReader, text: str, name: str) -> str | None:
    entry = reader.find_entry(text, name)
    return None if entry is None else text[entry.start : entry.end].removesuffix("\n") + "\n"


def _put_block(reader: _ListReader, text: str, name: str, block: str) -> str:
    """Return the text with an agent's entry in its place, after those with lesser names."""
    if entry := reader.find_entry(text, name):
        replacement = block if text[entry.end - 1] == "\n" else block.removesuffix("\n")
        return text[: entry.start] + replacement + text[entry.end :]
    start = reader.find_start(text)
    if start is None:
        return f"{reader.key}:\n{block}"
    place = max((one.end for one in reader.iter_entries(text) if one.name < name), default=start)
    if not text[:place].endswith("\n"):
        return f"{text[:place]}\n{block.removesuffix(chr(10))}"
    return text[:place] + block + text[place:]


def _remove_block(reader: _ListReader, text: str, name: str) -> str:
    """Return the text without an agent's entry; nothing where the list had no other."""
    entry = reader.find_entry(text, name)
    if entry is None:
        return text
    text_before, text_after = text[: entry.start], text[entry.end :]
    if not text[: entry.end].endswith("\n"):
        text_before = text_before.removesuffix("\n")
    rest = text_before + text_after
    return "" if rest in (f"{reader.key}:\n", f"{reader.key}:") else rest


def _explain_unfit(reader: _ListReader, text: str) -> str:
    """Return why no entry can be put into a text, or nothing.

    What the lines say has to be what the whole file means: then an entry more is one more.
    """
    if not text.strip():
        return ""
    if reader.find_start(text) is None or _list_names(reader, text) != reader.read_names(text):
        return f"'{reader.key}' is not a list of YAML in it with each entry two spaces in"
    return ""


def _split_blocks(
    reader: _ListReader, split: Callable[[str], dict[str, str]], text: str
) -> dict[str, str]:
    if _explain_unfit(reader, text):
        return split(text)
    names = dict.fromkeys(_list_names(reader, text))
    return {name: _find_block(reader, text, name) or "" for name in names}
