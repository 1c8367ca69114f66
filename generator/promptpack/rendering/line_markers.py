"""Origins of rendered lines: a Jinja extension that marks template lines, and how to read them.

A mark is two private-use characters, one for the template and one for the line, put before each
line of literal text and each expression. A layout's text and expressions also get a mark of one
character for the section that is being laid out. Sources may not hold such characters, so a mark in
a rendered text is always ours.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest

from jinja2.environment import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from promptpack.model import Line, Origin
from promptpack.patterns import compile_late
from promptpack.rendering.includes import LAYOUT

_TEMPLATE, _SECTION, _LINE = 0xF0000, 0xF8000, 0x100000
_MOST, _END = 0x7FFE, 0xFFFE
_SECTION_MARKER = "[\U000f8000-\U000ffffd]"
_MARKER = compile_late("([\U000f0000-\U000f7ffd])([\U00100000-\U0010fffd])")
MARKS = "[\U000f0000-\U000ffffd][\U00100000-\U0010fffd]?"
"""What matches each mark in a text."""
_ANY = compile_late(f"{_MARKER.pattern}|{_SECTION_MARKER}")
_LETTERS = compile_late(r"(?<=\S)(?=.*\S)")
LINES_KEPT = 1 << 15
"""How many lines are kept as they were read: most outputs are made of the same ones."""

_LEADING = compile_late(rf"(?:\s|{_ANY.pattern})*")


class SectionEnd:
    """What a layout's last `endfor` prints, in a marked render: the sections are over."""


SECTION_END = SectionEnd()


class LineMarkers(Extension):
    """Marks the lines of every template it sees, and numbers templates and sections as they come.

    `section` is the one that is being laid out; whoever renders a layout sets it as it goes.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.section = ""
        self._paths: dict[str, int] = {}
        self._sections: dict[str, int] = {}
        self._read_line = lru_cache(maxsize=LINES_KEPT)(self._read_line_anew)
        self._write_origin = lru_cache(maxsize=LINES_KEPT)(self._write_origin_anew)

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the template's tokens with a mark before each line and each expression."""
        template = _assign_number(self._paths, stream.filename or stream.name or "")
        is_layout = (stream.name or "").startswith(LAYOUT)
        depth = 0
        for token in stream:
            if token.type == "data":
                if is_layout:
                    yield from _print_expression(Token(token.lineno, "string", ""))
                yield Token(token.lineno, "data", _add_markers(template, token.lineno, token.value))
                continue
            if token.type == "variable_begin":
                yield Token(token.lineno, "data", _make_marker(template, token.lineno))
            depth += {"for": 1, "endfor": -1}.get(token.value, 0) if token.type == "name" else 0
            ends = is_layout and not depth and token.value == "endfor"
            yield token
            if ends:
                yield next(stream)
                yield from _print_expression(Token(token.lineno, "name", "_section_end"))

    def mark_section(self, value: object) -> str:
        """Return what a layout prints, as text with the mark of the section it belongs to."""
        if isinstance(value, SectionEnd):
            self.section, value = "", ""
        number = _assign_number(self._sections, self.section)
        return f"{chr(_SECTION + min(number, _MOST))}{value}"

    def read(self, text: str, fallback: Origin) -> list[Line]:
        """Return the lines of a marked render without its marks; `fallback` is where it begins."""
        lines: list[Line] = []
        origin, section = fallback, ""
        for marked_line in text.split("\n"):
            line, origin, section = self._read_line(marked_line, origin, section)
            lines.append(line)
        return lines

    def _read_line_anew(
        self, marked_line: str, origin: Origin, section: str
    ) -> tuple[Line, Origin, str]:
        """Return a line without its marks, given what stood before it, and what stands at its end.

        Numbers of templates and sections are never given anew, so the same line reads the same.
        """
        paths, sections = list(self._paths), list(self._sections)
        leading = _LEADING.match(marked_line)
        origins = [_read_marker(paths, *mark) for mark in _MARKER.findall(marked_line)]
        own_section = section
        for mark in re.finditer(_SECTION_MARKER, marked_line):
            section = sections[ord(mark[0]) - _SECTION]
            before, after = marked_line[: mark.start()], marked_line[mark.end() :]
            if strip_markers(after) or not strip_markers(before):
                own_section = section  # what ends the sections may stand after their last line
        leading_count = len(_MARKER.findall(leading[0])) if leading else 0
        own = origins[leading_count - 1] if leading_count else origin
        shown = _find_shown(marked_line, paths) if len(origins) > 1 else ()
        more = tuple(origin for origin in shown if origin != own)
        line = Line(strip_markers(marked_line), own, own_section, more)
        last = origins[-1] if origins else origin  # a value may go on in the next line
        return line, last, section

    def write(self, lines: Iterable[Line]) -> str:
        """Return lines as marked text, so that a template can place them and keep their origins."""
        return "\n".join(self._write_line(line) for line in lines)

    def _write_line(self, line: Line) -> str:
        """Return a line after its mark; those of what else is in it stand before later letters."""
        if not line.more:
            return f"{self._write_origin(line.origin)}{line.text}"
        marks = [self._write_origin(origin) for origin in line.origins]
        pieces = _LETTERS.split(line.text, len(line.more))
        pairs = zip_longest(marks[: len(pieces)], pieces, fillvalue="")
        return "".join(f"{mark}{piece}" for mark, piece in pairs)

    def _write_origin_anew(self, origin: Origin) -> str:
        return _make_marker(_assign_number(self._paths, origin.path), origin.line)


def _read_marker(paths: Sequence[str], template: str, number: str) -> Origin:
    return Origin(paths[ord(template) - _TEMPLATE], ord(number) - _LINE)


def _find_shown(line: str, paths: Sequence[str]) -> dict[Origin, None]:
    """Return where the visible texts of a marked line are written, in order."""
    _, *pieces = _MARKER.split(line)  # template, number and text in turn
    triples = zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
    return {
        _read_marker(paths, template, number): None
        for template, number, text in triples
        if strip_markers(text).strip()
    }


def strip_markers(text: str) -> str:
    """Return a text without its marks."""
    return _ANY.sub("", text)


def _assign_number(numbers: dict[str, int], name: str) -> int:
    return numbers.setdefault(name, len(numbers))


def _print_expression(token: Token) -> Iterator[Token]:
    """Yield the tokens that print a value."""
    yield Token(token.lineno, "variable_begin", "{{")
    yield token
    yield Token(token.lineno, "variable_end", "}}")


def _make_marker(template: int, line: int) -> str:
    """Return a mark; past the range it is none that is read, and so the fragment has one origin."""
    return chr(_TEMPLATE + min(template, _MOST)) + chr(_LINE + min(line, _END))


def _add_markers(template: int, lineno: int, text: str) -> str:
    first, *rest = text.split("\n")
    marked_lines = [_make_marker(template, lineno) + first]
    marked_lines += [
        _make_marker(template, lineno + offset) + line for offset, line in enumerate(rest, 1)
    ]
    return "\n".join(marked_lines)
