"""Heads of Markdown files: text in, the YAML head and the body apart out.

Two readings: a strict one for the files that authors write here, and a lenient one for agent files
in the wild, a tenth of which are not valid YAML and which real clients read all the same.
"""

import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

from promptpack.source.strict_yaml import AMBIGUOUS_SCALAR, Document, read_yaml

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?\n)??---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_KEY = re.compile(r"([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*)")


class _Dumper(yaml.CSafeDumper):
    """Quotes what PyYAML itself reads as text, but not every other reader."""


_Dumper.add_implicit_resolver(
    "!surprise", re.compile(rf"(?:{AMBIGUOUS_SCALAR.pattern})\Z", re.IGNORECASE), None
)


class SplitText(NamedTuple):
    """A head's YAML text (None where there is no head), the body, and the lines before it."""

    head: str | None
    body: str
    lines: int


def split_front_matter(text: str) -> SplitText:
    """Return a file's head and body; a head starts with `---` as the very first bytes."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        return SplitText(None, text, 0)
    return SplitText(match[1] or "", text[match.end() :], match[0].count("\n"))


@lru_cache(maxsize=1024)
def parse_front_matter(front_matter: str) -> Document:
    """Return a head as YAML, read once for all the files that have it; it is not to be changed."""
    return read_yaml(front_matter, "")


@lru_cache(maxsize=1024)
def read_document(text: str, path: str) -> Document:
    """Return the YAML of a source with its places: of a Markdown file, that of its head.

    It is read once for all who ask, and is not to be changed.
    """
    if not path.endswith(".md"):
        return read_yaml(text, path)
    return read_yaml(split_front_matter(text).head or "{}", path, first_line=2)


def read_lenient(front_matter: str) -> dict[str, Any]:
    """Return the keys of a head as a client would guess them: as YAML, else line by line.

    The last of a doubled key wins, as in the clients' own readers.
    """
    document = parse_front_matter(front_matter)
    if not any(result.code in ("PP002", "PP006") for result in document.findings):
        return {**document.data} if isinstance(document.data, dict) else {}
    result: dict[str, Any] = {}
    for line in front_matter.split("\n"):
        if match := _KEY.fullmatch(line):
            value = read_yaml(match[2], "")
            readable = all(finding.code == "PP004" for finding in value.findings)
            readable = readable and not isinstance(value.data, (dict, list))
            result[match[1]] = value.data if readable else match[2].strip()
    return result


def dump_front_matter(front_matter: Mapping[str, Any]) -> str:
    """Return a head as YAML between its `---` lines, in the order given, one key a line.

    Whatever a reader could take for something else is quoted.
    """
    text = yaml.dump(
        dict(front_matter),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=sys.maxsize >> 33,
    )
    return f"---\n{text}---\n"
