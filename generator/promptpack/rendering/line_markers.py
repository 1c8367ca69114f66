"""Origins of rendered lines: a Jinja extension that marks template lines, and how to read them.

A mark is two private-use characters, one for the template and one for the line, put before each
line of literal text and each expression. Sources may not hold such characters, so a mark in a
rendered text is always ours.
"""

import re
from collections.abc import Iterable, Iterator

from jinja2.environment import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from promptpack.model import Line, Origin

_TEMPLATE, _LINE, _END = 0xF0000, 0x100000, 0xFFFE
_MARKER = re.compile("([\U000f0000-\U000ffffd])([\U00100000-\U0010fffd])")
_LEADING = re.compile(rf"(?:\s|{_MARKER.pattern})*")


class LineMarkers(Extension):
    """Marks the lines of every template it sees, and numbers the templates as they come."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.numbers: dict[str, int] = {}

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the template's tokens with a mark before each line and each expression."""
        template = self._assign_number(stream.filename or stream.name or "")
        for token in stream:
            if token.type == "data":
                yield Token(token.lineno, "data", _add_markers(template, token.lineno, token.value))
                continue
            if token.type == "variable_begin":
                yield Token(token.lineno, "data", _make_marker(template, token.lineno))
            yield token

    def read(self, text: str, fallback: Origin) -> list[Line]:
        """Return the lines of a marked render without its marks; `fallback` is where it begins."""
        lines, origin, paths = [], fallback, list(self.numbers)
        for line in text.split("\n"):
            leading = _LEADING.match(line)
            origins = [
                Origin(paths[ord(template) - _TEMPLATE], ord(number) - _LINE)
                for template, number in _MARKER.findall(line)
            ]
            leading_count = len(_MARKER.findall(leading[0])) if leading else 0
            lines.append(
                Line(strip_markers(line), origins[leading_count - 1] if leading_count else origin)
            )
            origin = origins[-1] if origins else origin  # a value may go on in the next line
        return lines

    def write(self, lines: Iterable[Line]) -> str:
        """Return lines as marked text, so that a template can place them and keep their origins."""
        return "\n".join(self._write_line(line) for line in lines)

    def _write_line(self, line: Line) -> str:
        return _make_marker(self._assign_number(line.origin.path), line.origin.line) + line.text

    def _assign_number(self, path: str) -> int:
        return self.numbers.setdefault(path, len(self.numbers))


def strip_markers(text: str) -> str:
    """Return a text without its marks."""
    return _MARKER.sub("", text)


def _make_marker(template: int, line: int) -> str:
    """Return a mark; past the range it is none that is read, and so the fragment has one origin."""
    return chr(_TEMPLATE + min(template, _END)) + chr(_LINE + min(line, _END))


def _add_markers(template: int, lineno: int, text: str) -> str:
    first, *rest = text.split("\n")
    marked_lines = [_make_marker(template, lineno) + first]
    marked_lines += [
        _make_marker(template, lineno + offset) + line for offset, line in enumerate(rest, 1)
    ]
    return "\n".join(marked_lines)
