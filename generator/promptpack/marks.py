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

_TEMPLATE, _LINE, _COUNT = 0xF0000, 0x100000, 0xFFFD
_MARK = re.compile("([\U000f0000-\U000ffffd])([\U00100000-\U0010fffd])")
_LEADING = re.compile(rf"(?:\s|{_MARK.pattern})*")


class LineMarks(Extension):
    """Marks the lines of every template it sees; `paths` numbers the templates."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.paths: list[str] = []

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the template's tokens with a mark before each line and each expression."""
        path = stream.filename or stream.name or ""
        if path not in self.paths:
            self.paths.append(path)
        template = self.paths.index(path)
        for token in stream:
            if token.type == "data":
                yield Token(token.lineno, "data", _marked(template, token.lineno, token.value))
                continue
            if token.type == "variable_begin":
                yield Token(token.lineno, "data", _mark(template, token.lineno))
            yield token

    def read(self, text: str, fallback: Origin) -> list[Line]:
        """Return the lines of a marked render without its marks; `fallback` is where it begins."""
        lines, origin = [], fallback
        for line in text.split("\n"):
            leading = _LEADING.match(line)
            marks = _MARK.findall(leading[0]) if leading else []
            if marks:
                template, number = marks[-1]
                path = self.paths[ord(template) - _TEMPLATE]
                origin = Origin(path, ord(number) - _LINE)
            lines.append(Line(strip(line), origin))
        return lines

    def write(self, lines: Iterable[Line]) -> str:
        """Return lines as marked text, so that a template can place them and keep their origins."""
        return "\n".join(self._written(line) for line in lines)

    def _written(self, line: Line) -> str:
        if line.origin.path not in self.paths:
            self.paths.append(line.origin.path)
        return _mark(self.paths.index(line.origin.path), line.origin.line) + line.text


def strip(text: str) -> str:
    """Return a text without its marks."""
    return _MARK.sub("", text)


def _mark(template: int, line: int) -> str:
    return chr(_TEMPLATE + template % _COUNT) + chr(_LINE + line % _COUNT)


def _marked(template: int, lineno: int, text: str) -> str:
    first, *rest = text.split("\n")
    marked = [_mark(template, lineno) + first]
    marked += [_mark(template, lineno + n) + line for n, line in enumerate(rest, 1)]
    return "\n".join(marked)
