"""Strict reading of source text: bytes in, clean text or YAML data with positions out.

YAML is read from the parser's events, so nothing is ever constructed that the file did not spell
out: no tags, anchors, merges or dates, no key twice, and no plain scalar that YAML 1.1 and 1.2
readers understand differently.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml
from yaml.reader import ReaderError

from promptpack.model import Finding
from promptpack.source.text import FORBIDDEN, PROBLEM_LIMIT, Mark, code_point, finding, place_of

DEPTH_LIMIT = 32
UNREADABLE = frozenset({"PP001", "PP002", "PP005", "PP006"})
"""The codes after which the data of a file is not what its author meant."""

Path = tuple[str | int, ...]
_LINE_END = re.compile("[\x85\u2028\u2029]")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
SURPRISE = re.compile(
    r"(y|n|yes|no|on|off|true|false|null)|~|<<|=|[-+]?[0-9][0-9_]*(:[0-9_]+)+(\.[0-9]*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s].*)?|[-+]?0(x[0-9a-f_]+|o[0-7_]+|b[01_]+)"
    r"|[-+]?[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?|[-+]?\.[0-9_]+(e[-+]?[0-9]+)?"
    r"|[-+]?\.inf|\.nan",
    re.IGNORECASE,
)
"""Plain scalars that YAML 1.1 or 1.2 readers take for something else than text."""
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "": None}


@dataclass
class Document:
    """YAML data with the place of each key and each value, and what is wrong with the text."""

    data: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def at(self, path: Path) -> Mark:
        """Return the place of a key, else of a value, else of the nearest thing around it."""
        while path and path not in self.keys and path not in self.values:
            path = path[:-1]
        return self.keys.get(path) or self.values.get(path) or Mark(1, 1)


def read_yaml(text: str, path: str, first_line: int = 1) -> Document:
    """Return the data of one strict YAML document; all findings at once where the syntax allows.

    Lines count from `first_line`, for a document that is the head of a longer file.
    """
    return _Reader(text, path, first_line).read()


@dataclass
class _Frame:
    """A mapping or sequence being filled, where it stands, and the key that waits for a value."""

    container: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None


class _Reader:
    """Builds a document from parser events with a stack of its own, so that depth is bounded."""

    def __init__(self, text: str, path: str, first_line: int) -> None:
        self.text, self.path, self.offset = text, path, first_line - 1
        self.document = Document()
        self.stack: list[_Frame] = []

    def read(self) -> Document:
        self._check_line_ends()
        try:
            for event in self._events():
                self._take(event)
                if len(self.stack) > DEPTH_LIMIT:
                    self._say("PP006", self._mark(event), f"nested deeper than {DEPTH_LIMIT}")
                    break
                if len(self.document.findings) >= PROBLEM_LIMIT:
                    self._say("PP002", self._mark(event), "too much is wrong before this to go on")
                    break
        except yaml.MarkedYAMLError as error:
            self._syntax_error(error)
        except (ReaderError, UnicodeEncodeError):
            self._say("PP002", Mark(self.offset + 1, 1), "not valid YAML: a control character")
        return self.document

    def _check_line_ends(self) -> None:
        for match in islice(_LINE_END.finditer(self.text), PROBLEM_LIMIT):
            name, place = code_point(match), place_of(self.text, match.start())
            mark = place._replace(line=place.line + self.offset)
            hint = "delete it, or write it as an escape in double quotes"
            self._say("PP004", mark, f"{name} ends a line for some YAML readers only", hint)

    def _events(self) -> Iterator[yaml.Event]:
        documents = 0
        for event in yaml.parse(self.text, Loader=yaml.CSafeLoader):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                self._say("PP005", self._mark(event), "more than one YAML document in a file")
                return
            yield event

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._say("PP005", self._mark(event), "YAML aliases are not read", "write it out")
            self._add(None, self._mark(event))
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._plain_only(event)
            container: dict[str, Any] | list[Any] = (
                {} if isinstance(event, yaml.MappingStartEvent) else []
            )
            path = self._add(container, self._mark(event))
            self.stack.append(_Frame(container, path))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self.stack.pop()

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._plain_only(event)
        mark = self._mark(event)
        value = self._resolved(event, mark) if not event.style else event.value
        if event.style == '"' and (hidden := FORBIDDEN.search(event.value)):
            name = code_point(hidden)
            self._say("PP301", mark, f"escape for the hidden or control character {name}")
        frame = self.stack[-1] if self.stack else None
        if frame is None or isinstance(frame.container, list) or frame.key is not None:
            self._add(value, mark)
            return
        key = str(event.value)
        path = (*frame.path, key)
        if path in self.document.keys:
            first = self.document.keys[path].line
            self._say("PP003", mark, f"key '{key}' is given twice", f"first given in line {first}")
        self.document.keys[path] = mark
        frame.key = key

    def _resolved(self, event: yaml.ScalarEvent, mark: Mark) -> Any:  # noqa: ANN401 - YAML data
        value = event.value
        if value in _WORDS:
            return _WORDS[value]
        if _INTEGER.fullmatch(value):
            return int(value)
        shown = value if len(value) <= 40 else f"{value[:39]}…"
        if _FLOAT.fullmatch(value):
            if value.endswith("0") and not value.endswith(".0"):
                hint = f'write "{shown}" for the text, {float(value)} for the number'
                self._say("PP004", mark, f"'{shown}' loses its last zero as a number", hint)
            return float(value)
        if SURPRISE.fullmatch(value):
            hint = f'write "{shown}" for the text, or true, false or a plain decimal number'
            self._say("PP004", mark, f"'{shown}' is not text to every YAML reader", hint)
        return value

    def _add(self, value: Any, mark: Mark) -> Path:  # noqa: ANN401 - YAML data
        path: Path = ()
        if not self.stack:
            self.document.data = value
        else:
            frame = self.stack[-1]
            if isinstance(frame.container, list):
                path = (*frame.path, len(frame.container))
                frame.container.append(value)
            elif frame.key is None:
                self._say("PP002", mark, "a key must be plain text")
                frame.key, path = "", (*frame.path, "")
            else:
                path = (*frame.path, frame.key)
                frame.container[frame.key] = value
                frame.key = None
        self.document.values[path] = mark
        return path

    def _plain_only(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor:
            self._say("PP005", self._mark(event), "YAML anchors are not read", "write it out")
        if event.tag:
            self._say("PP005", self._mark(event), f"YAML tag '{event.tag}' is not read")

    def _mark(self, event: yaml.Event) -> Mark:
        start, end = event.start_mark, event.end_mark
        assert start is not None and end is not None  # noqa: S101 - both parsers set them
        width = end.column - start.column if end.line == start.line else 1
        return Mark(start.line + 1 + self.offset, start.column + 1, width)

    def _say(self, code: str, mark: Mark, message: str, hint: str = "") -> None:
        text = "\n" * self.offset + self.text
        self.document.findings.append(finding(code, self.path, mark, message, hint, text))

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> None:
        place = error.problem_mark or error.context_mark
        mark = Mark(place.line + 1 + self.offset, place.column + 1) if place else Mark(1, 1)
        problem = error.problem or "not readable as YAML"
        hint = 'quote a value that starts with * or holds ": "' if _wants_quotes(error) else ""
        self._say("PP002", mark, f"not valid YAML: {problem}", hint)


def _wants_quotes(error: yaml.MarkedYAMLError) -> bool:
    said = f"{error.context} {error.problem}"
    return "alias" in said or "mapping values are not allowed" in said
