"""Layouts that need no Jinja: a layout's text in, what it writes around sections out.

Most layouts loop over sections and their parts, and print titles and texts. Such a layout is read
here. It gives what Jinja gives, to the byte. Any other, and any that could take much, is left to
Jinja: a tag, a name or a filter that is not known here, another way to write white space, or more
steps and characters than a small part of what a render may use.
"""

import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from promptpack.model.output import OUTPUT_SIZE
from promptpack.rendering.context import VARIABLES
from promptpack.rendering.placing import PACK_TEXTS, Placing

_MOST_TEXT = 20_000
_MOST_STEPS = 5_000
_MOST_SIZE = OUTPUT_SIZE // 16
_MOST_DEPTH = 8
_MOST_CHANGED = 1_000

_NAME = r"[a-z][a-z_0-9]*"
_VALUE = rf"{_NAME}(?:\.{_NAME})?"
_QUOTED = r"""(?:"[^"'\\{}%\n]{0,99}"|'[^"'\\{}%\n]{0,99}')"""
_FILTER = rf"(?:upper|lower|replace\( *{_QUOTED} *, *{_QUOTED} *\))"
_EXPRESSION = rf"{_VALUE}(?: *\| *{_FILTER})*"
_TAG = re.compile(r"\{%(?P<tag>[^{}%]*)%\}\n?|\{\{(?P<printed>[^{}%]*)\}\}")
_BRACES = re.compile(r"\{[{%#]")
_BLANKS = re.compile(r"\s+")
_PRINTED = re.compile(rf" *(?P<value>{_EXPRESSION}) *")
_STATEMENT = re.compile(
    rf" *(?:for +(?P<item>{_NAME}) +in +(?P<items>sections|{_NAME}\.parts)"
    rf"|if +(?P<test>{_EXPRESSION})|set +(?P<name>{_NAME}) *= *(?P<value>{_EXPRESSION})"
    r"|(?P<word>else|endif|endfor)) *"
)
_CALL = re.compile(rf"\| *(upper|lower|replace)(?:\( *({_QUOTED}) *, *({_QUOTED}) *\))?")

_RESERVED = frozenset(
    {
        *(*VARIABLES, "sections", "loop", "self", "super", "caller", "varargs", "kwargs", "range"),
        *("dict", "namespace", "and", "or", "not", "in", "is", "if", "else", "elif", "for", "set"),
        *("true", "false", "none", "recursive", "scoped", "with", "without", "context", "ignore"),
    }
)
"""Names that a layout of this kind doesn't give to anything."""

_FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "pack": (PACK_TEXTS, ()),
    "section": (("text", "body"), ("name", "title")),
    "part": (("body",), ("name", "title")),
    "loop": (("index", "index0"), ()),
    "value": ((), ("",)),
}
"""The fields by kind of value: those that are only printed, and those that filters take too."""


class _FieldValue(NamedTuple):
    """A name, a field of it or nothing, and the filters that are called on that."""

    name: str
    field: str
    calls: tuple[tuple[str, ...], ...] = ()


class _ItemLoop(NamedTuple):
    """A loop over sections, or over the parts of one, which has the name `owner`."""

    item: str
    owner: str
    body: "tuple[_Node, ...]"


class _FilledTest(NamedTuple):
    """What stands there if a value is not empty, and what else."""

    test: _FieldValue
    body: "tuple[_Node, ...]"
    others: "tuple[_Node, ...]"


class _NamedValue(NamedTuple):
    """A name that is given to a value."""

    name: str
    value: _FieldValue


_Node = str | _FieldValue | _ItemLoop | _FilledTest | _NamedValue


class _NotPlainError(Exception):
    """A layout is one for Jinja."""


class PlainLayout:
    """A layout that is read; `reads` are the variables that it names, as Jinja's tree has them."""

    placing = Placing.NOTHING

    def __init__(self, body: tuple[_Node, ...], reads: frozenset[str]) -> None:
        self._body, self.reads = body, reads

    def fill(self, values: Mapping[str, Any]) -> str | None:
        """Return what the layout writes, given what it sees; None where that may be too much."""
        try:
            return "".join(_Filler().fill(self._body, dict(values)))
        except _NotPlainError:
            return None


def read_layout(text: str) -> PlainLayout | None:
    r"""Return what a layout does, or None where it is one for Jinja.

    >>> layout = read_layout("{% for s in sections %}\n# {{ s.title | upper }}\n{% endfor %}\n")
    >>> sorted(layout.reads) if layout else None
    ['s.title', 'sections']
    >>> read_layout("{{ sections | length }}") is None
    True
    """
    if len(text) > _MOST_TEXT or "\r" in text:
        return None
    reader = _LayoutReader(text)
    try:
        return PlainLayout(reader.read(), frozenset(reader.reads))
    except _NotPlainError:
        return None


_Token = str | re.Match[str]
"""A piece of a layout: literal text, or what stands in a tag or an expression that is printed."""


class _LayoutReader:
    """Reads one layout; `reads` are the variables that were named so far."""

    def __init__(self, text: str) -> None:
        self._tokens = _iter_tokens(text)
        self._items: set[str] = set()
        self._values: set[str] = set()
        self.reads: set[str] = set()

    def read(self) -> tuple[_Node, ...]:
        """Return the nodes of the layout; raises _NotPlainError for one that is for Jinja."""
        body, end = self._read_block({"pack": "pack"}, 0)
        if end or not self._items.isdisjoint(self._values):
            raise _NotPlainError
        return body

    def _read_block(self, known: Mapping[str, str], depth: int) -> tuple[tuple[_Node, ...], str]:
        """Return the nodes before the tag that ends them, and its word; `known` are names by kind.

        What a condition sets would be known after it too; no layout for this reader relies on it.
        """
        nodes: list[_Node] = []
        known = dict(known)
        if depth > _MOST_DEPTH:
            raise _NotPlainError
        for token in self._tokens:
            if isinstance(token, str):
                nodes.append(token)
            elif token.re is _PRINTED:
                nodes.append(self._read_value(token["value"], known, is_printed=True))
            elif token["word"]:
                return tuple(nodes), token["word"]
            elif token["item"]:
                nodes.append(self._read_loop(token["item"], token["items"], known, depth))
            elif token["test"]:
                nodes.append(self._read_condition(token["test"], known, depth))
            else:
                value = self._read_value(token["value"], known, is_printed=False)
                nodes.append(_NamedValue(self._add_name(token["name"], known, self._values), value))
                known[token["name"]] = "value"
        return tuple(nodes), ""

    def _read_loop(self, item: str, items: str, known: Mapping[str, str], depth: int) -> _ItemLoop:
        owner = items.removesuffix(".parts") if items != "sections" else ""
        if (known.get(owner) if owner else known.get("loop", "section")) != "section":
            raise _NotPlainError
        self.reads.add(items)
        kind = "part" if owner else "section"
        inner = {**known, self._add_name(item, known, self._items): kind, "loop": "loop"}
        body, end = self._read_block(inner, depth + 1)
        if end != "endfor":
            raise _NotPlainError
        return _ItemLoop(item, owner, body)

    def _read_condition(self, test: str, known: Mapping[str, str], depth: int) -> _FilledTest:
        value = self._read_value(test, known, is_printed=False)
        body, end = self._read_block(known, depth + 1)
        others: tuple[_Node, ...] = ()
        if end == "else":
            others, end = self._read_block(known, depth + 1)
        if end != "endif":
            raise _NotPlainError
        return _FilledTest(value, body, others)

    def _read_value(self, text: str, known: Mapping[str, str], *, is_printed: bool) -> _FieldValue:
        path, *_ = text.partition("|")
        name, _, field = path.strip().partition(".")
        calls = tuple((word, old[1:-1], new[1:-1]) for word, old, new in _CALL.findall(text))
        printed, plain = _FIELDS.get(known.get(name, ""), ((), ()))
        if field not in plain and (calls or not is_printed or field not in printed):
            raise _NotPlainError
        self.reads.add(f"{name}.{field}" if field else name)
        return _FieldValue(name, field, calls)

    @staticmethod
    def _add_name(name: str, known: Mapping[str, str], names: set[str]) -> str:
        """Return a name that a tag gives to something, which has to be a new one there."""
        if name in known or name in _RESERVED:
            raise _NotPlainError
        names.add(name)
        return name


def _iter_tokens(text: str) -> Iterator[_Token]:
    """Yield the pieces of a layout, with the white space around tags left out as Jinja does."""
    start, begins_line = 0, True
    for match in _TAG.finditer(text):
        data = text[start : match.start()]
        if _BRACES.search(text[start : match.start() + 1]):
            raise _NotPlainError
        line_start = data.rfind("\n") + 1
        is_alone = line_start > 0 or begins_line
        if match["tag"] is not None and is_alone and _BLANKS.fullmatch(data, line_start):
            data = data[:line_start]
        yield data
        whole = (
            _PRINTED.fullmatch(match["printed"])
            if match["tag"] is None
            else _STATEMENT.fullmatch(match["tag"])
        )
        if whole is None:
            raise _NotPlainError
        yield whole
        start, begins_line = match.end(), match[0].endswith("\n")
    if _BRACES.search(text, start):
        raise _NotPlainError
    yield text[start:]


class _Filler:
    """Writes what a layout does, as long as that takes little."""

    def __init__(self) -> None:
        self._steps, self._size = _MOST_STEPS, _MOST_SIZE

    def fill(self, nodes: tuple[_Node, ...], values: dict[str, Any]) -> Iterator[str]:
        """Yield the pieces of the text; raises _NotPlainError where it takes too much."""
        for node in nodes:
            self._count("")
            if isinstance(node, str):
                yield self._count(node)
            elif isinstance(node, _FieldValue):
                yield self._find(node, values)
            elif isinstance(node, _NamedValue):
                values[node.name] = self._find(node.value, values)
            elif isinstance(node, _FilledTest):
                is_met = self._find(node.test, values)
                yield from self.fill(node.body if is_met else node.others, values)
            else:
                items = values[node.owner].parts if node.owner else values["sections"]
                for n, item in enumerate(items):
                    place = SimpleNamespace(index=n + 1, index0=n)
                    yield from self.fill(node.body, {**values, node.item: item, "loop": place})

    def _find(self, node: _FieldValue, values: Mapping[str, Any]) -> str:
        """Return the text of a value."""
        value = values[node.name]
        text = self._count(str(getattr(value, node.field) if node.field else value))
        for word, old, new in node.calls:
            if len(text) > _MOST_CHANGED:
                raise _NotPlainError
            changed = text.replace(old, new) if word == "replace" else getattr(text, word)()
            text = self._count(changed)
        return text

    def _count(self, text: str) -> str:
        """Count a step, and the characters of a text."""
        self._steps -= 1
        self._size -= len(text)
        if self._steps < 0 or self._size < 0:
            raise _NotPlainError
        return text
