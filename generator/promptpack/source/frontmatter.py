"""The front matter of Markdown files: text in, its YAML and the body apart out.

Two readings: a strict one for the files that authors write here, and a lenient one for agent files
in the wild, a tenth of which are not valid YAML and which real clients read all the same.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

from promptpack.source.strict_yaml import AMBIGUOUS_SCALAR, DEPTH_LIMIT, Document, read_yaml

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?\n)??---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_MERGE = "tag:yaml.org,2002:merge"
_NODE_LIMIT = 10_000
_KEY = re.compile(r"([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*)")


class _Dumper(yaml.CSafeDumper):
    """Quotes what PyYAML itself reads as text, but not every other reader."""


_Dumper.add_implicit_resolver(
    "!surprise", re.compile(rf"(?:{AMBIGUOUS_SCALAR.pattern})\Z", re.IGNORECASE), None
)


class SplitText(NamedTuple):
    """The YAML of front matter (None where there is none), the body, the lines before it."""

    head: str | None
    body: str
    lines: int


def split_front_matter(text: str) -> SplitText:
    """Return a file's front matter and body; it starts with `---` as the very first bytes."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        return SplitText(None, text, 0)
    return SplitText(match[1] or "", text[match.end() :], match[0].count("\n"))


@lru_cache(maxsize=8)
def parse_front_matter(front_matter: str) -> Document:
    """Return a file's front matter as YAML; it is not to be changed.

    The last few are kept, because one file is decoded and checked in one go.
    """
    return read_yaml(front_matter, "")


class Documents:
    """The YAML of a project's sources with its places, each read once; not to be changed."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._documents: dict[str, Document] = {}

    def read(self, path: str) -> Document:
        """Return the YAML of a source; raises KeyError where the project has no such source."""
        if path not in self._documents:
            self._documents[path] = read_document(self._sources[path], path)
        return self._documents[path]


def read_document(text: str, path: str) -> Document:
    """Return the YAML of a source with its places: of a Markdown file, that of its front matter."""
    if not path.endswith(".md"):
        return read_yaml(text, path)
    return read_yaml(split_front_matter(text).head or "{}", path, first_line=2)


def read_lenient(front_matter: str) -> dict[str, Any]:
    """Return the keys of front matter as a client would guess them: as YAML, else line by line.

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


def read_merged(front_matter: str) -> dict[str, Any] | None:
    """Return the keys as `read_lenient` does, with `<<` and aliases written out.

    As in JavaScript's reader, a key keeps its first place, and a merged key never replaces another.
    None is for a key given twice, for a merge of something else than mappings, and for too many.
    """
    document = parse_front_matter(front_matter)
    codes = {finding.code for finding in document.findings}
    if "PP006" in codes or not ("PP005" in codes or "<<" in front_matter):
        return None if "PP003" in codes else read_lenient(front_matter)
    try:
        node = yaml.compose(front_matter, yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            return read_lenient(front_matter)
        text = yaml.serialize(_NodeCopier().copy(node), Dumper=_NoAliases)
    except (ValueError, OverflowError):
        return None
    except (yaml.YAMLError, RecursionError):
        return None if "PP003" in codes else read_lenient(front_matter)
    return read_lenient(text)


class _NoAliases(yaml.SafeDumper):
    """Writes equal scalars twice instead of an alias."""


class _NodeCopier:
    """Copies a node with what it merges; raises OverflowError where that is very much.

    Raises ValueError for a key given twice, and for a merge of something else than mappings.
    """

    def __init__(self) -> None:
        self._count = 0

    def copy(self, node: yaml.Node, depth: int = 0) -> yaml.Node:
        self._take_step(depth)
        if isinstance(node, yaml.MappingNode):
            pairs = self._list_pairs(node, depth)
            copies = [(self.copy(k, depth + 1), self.copy(v, depth + 1)) for k, v in pairs]
            return yaml.MappingNode(node.tag, copies)
        if isinstance(node, yaml.SequenceNode):
            return yaml.SequenceNode(node.tag, [self.copy(one, depth + 1) for one in node.value])
        style = node.style if isinstance(node, yaml.ScalarNode) else None
        return yaml.ScalarNode(node.tag, node.value, style=style)

    def _list_pairs(self, node: yaml.MappingNode, depth: int) -> list[tuple[yaml.Node, yaml.Node]]:
        """Return the keys and values of a mapping in order, merged ones where their `<<` stands."""
        pairs: dict[object, tuple[yaml.Node, yaml.Node]] = {}
        own_keys = set()
        for key, value in node.value:
            self._take_step(depth)
            if key.tag == _MERGE:
                for pair in self._list_merged(value, depth):
                    pairs.setdefault(_identify(pair[0]), pair)
                continue
            identity = _identify(key)
            if identity in own_keys:
                raise ValueError
            own_keys.add(identity)
            pairs[identity] = key, value
        return list(pairs.values())

    def _list_merged(self, value: yaml.Node, depth: int) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if not isinstance(source, yaml.MappingNode):
                raise ValueError
            yield from self._list_pairs(source, depth + 1)

    def _take_step(self, depth: int) -> None:
        self._count += 1
        if self._count > _NODE_LIMIT or depth > DEPTH_LIMIT:
            raise OverflowError


def _identify(key: yaml.Node) -> object:
    """Return what makes two keys the same: the text of a scalar."""
    return key.value if isinstance(key, yaml.ScalarNode) else id(key)


def dump_front_matter(front_matter: Mapping[str, Any]) -> str:
    """Return front matter as YAML between its `---` lines, in the order given, one key a line.

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
