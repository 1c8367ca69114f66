"""Strict reading of source text: bytes in, clean text or YAML data with positions out.

YAML is read from the parser's events, so nothing is ever constructed that the file did not spell
out: no tags, anchors, merges or dates, no key twice, and no plain scalar that YAML 1.1 and 1.2
readers understand differently.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import yaml
from yaml.reader import ReaderError

from promptpack.model import Finding

LIBRARY = "promptpack:"
"""How the paths of the standard library begin, which a project can't mend."""
SIZE_LIMIT = 1 << 20
DEPTH_LIMIT = 32
PROBLEM_LIMIT = 100
"""How much is said about one file: a hostile one could hold a mistake in each of its bytes."""
UNREADABLE = frozenset({"PP001", "PP002", "PP005", "PP006"})
"""The codes after which the data of a file is not what its author meant."""

Path = tuple[str | int, ...]

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
    "\U000e0000-\U000e01ef\U000f0000-\U0010ffff]"
)
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


class Mark(NamedTuple):
    """A place in a source file, counted from 1, and how many characters it covers."""

    line: int
    column: int
    width: int = 1


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


def decode(data: bytes, path: str) -> tuple[str, list[Finding]]:
    """Return the text of a source file with LF line ends, and findings on what may not be in it.

    A byte-order mark at the start is dropped. Text is empty where it could not be decoded.
    """
    if len(data) > SIZE_LIMIT:
        return "", [finding("PP001", path, Mark(1, 1), "file is larger than 1 MiB")]
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        return "", [
            finding("PP001", path, Mark(line, column), "file is not UTF-8", "save it as UTF-8")
        ]
    shown = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
    hidden = islice(_FORBIDDEN.finditer(text), PROBLEM_LIMIT)
    return text, [_forbidden(shown, path, match) for match in hidden]


def visible(text: str) -> str:
    """Return a text that can't act on a terminal or deceive a reader: hidden characters by name."""
    return _FORBIDDEN.sub(lambda match: f"<U+{ord(match.group()):04X}>", text.replace("\t", " "))


def finding(  # noqa: PLR0913, PLR0917 - the parts of a message, each named at the call
    code: str, path: str, mark: Mark, message: str, hint: str = "", text: str = ""
) -> Finding:
    """Return an error at a place, with its source line from `text` for the excerpt."""
    lines = text.split("\n", mark.line)
    excerpt = lines[mark.line - 1] if mark.line <= len(lines) else ""
    return Finding(
        code, "error", path, mark.line, mark.column, message, hint, excerpt, max(1, mark.width)
    )


def read_yaml(text: str, path: str, first_line: int = 1) -> Document:
    """Return the data of one strict YAML document; all findings at once where the syntax allows.

    Lines count from `first_line`, for a document that is the head of a longer file.
    """
    return _Reader(text, path, first_line).read()


def _forbidden(shown: str, path: str, match: re.Match[str]) -> Finding:
    message = f"hidden or control character {_code_point(match)}"
    hint = "delete it: a reader cannot see it, a model can"
    return finding("PP301", path, _place(shown, match.start()), message, hint, shown)


def _place(text: str, index: int) -> Mark:
    return Mark(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def _code_point(match: re.Match[str]) -> str:
    return f"U+{ord(match.group()):04X}"


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
            name, place = _code_point(match), _place(self.text, match.start())
            mark = place._replace(line=place.line + self.offset)
            hint = "delete it, or write it as an escape in double quotes"
            self._say("PP004", mark, f"{name} ends a line for some YAML readers only", hint)

    def _events(self) -> Iterator[yaml.Event]:
        documents = 0
        for event in _parse(self.text):
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
        if event.style == '"' and (hidden := _FORBIDDEN.search(event.value)):
            name = _code_point(hidden)
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


def _parse(text: str) -> Iterator[yaml.Event]:
    """Yield the events of a YAML text, also those that lead to where it is nested too deeply.

    libyaml reads ahead, and from 0.2.6 on it stops at 1000 levels, even before the first event.
    What stands before that place is read again, so that all versions find the same place.
    """
    taken = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            yield event
            taken += 1
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark
        if place is None or "nesting depth" not in (error.problem or ""):
            raise
        yield from islice(yaml.parse(text[: place.index], Loader=yaml.CSafeLoader), taken, None)
        raise


def _wants_quotes(error: yaml.MarkedYAMLError) -> bool:
    said = f"{error.context} {error.problem}"
    return "alias" in said or "mapping values are not allowed" in said
