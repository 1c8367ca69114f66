"""Source text: the bytes of a file in, clean text or findings with their places out."""

import re
from itertools import islice, pairwise
from typing import NamedTuple

from promptpack.model import Finding
from promptpack.patterns import compile_late

SIZE_LIMIT = 1 << 20
PROBLEM_LIMIT = 100
"""How many findings one file can have: a hostile one could hold a mistake in each of its bytes."""

FORBIDDEN = compile_late(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
    "\U000e0000-\U000e01ef\U000f0000-\U0010ffff]"
)

_CONFLICT = compile_late(r"^(?:<{7}|>{7})(?: .*)?$", re.MULTILINE)
_DIVIDER = compile_late(r"^(?:={7}|\|{7}(?: .*)?)$", re.MULTILINE)


class Span(NamedTuple):
    """A place in a source file, counted from 1, and how many characters it covers."""

    line: int
    column: int
    width: int = 1


def decode_source(data: bytes, path: str) -> tuple[str, list[Finding]]:
    """Return the text of a source file with LF line ends, and findings on what may not be in it.

    A byte-order mark at the start is dropped. Text is empty where it could not be decoded.
    """
    if len(data) > SIZE_LIMIT:
        return "", [make_finding("PP001", path, Span(1, 1), "file is larger than 1 MiB")]
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        return "", [
            make_finding("PP001", path, Span(line, column), "file is not UTF-8", "save it as UTF-8")
        ]
    if FORBIDDEN.search(text) is None:
        return text, []
    safe_text = FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
    matches = islice(FORBIDDEN.finditer(text), PROBLEM_LIMIT)
    return text, [_report_forbidden(safe_text, path, match) for match in matches]


def find_conflict_markers(text: str, path: str) -> list[Finding]:
    """Return an error for each line that git writes around the two sides of a merge conflict.

    Seven `<` or `>` at the start of a line are one anywhere. Seven `=` or `|` are one only between
    those: elsewhere they underline a heading, or are the empty cells of a table.
    """
    if "<<<<<<<" not in text and ">>>>>>>" not in text:
        return []
    ends = [match.span() for match in islice(_CONFLICT.finditer(text), PROBLEM_LIMIT)]
    between = [
        match.span()
        for (begin, start), (stop, _) in pairwise(ends)
        for match in islice(_DIVIDER.finditer(text, start, stop), PROBLEM_LIMIT)
        if (text[begin], text[stop]) == ("<", ">")
    ]
    message, hint = "merge conflict marker", "keep one of the two sides, and remove the markers"
    return [
        make_finding(
            "PP008",
            path,
            locate_index(text, start)._replace(width=stop - start),
            message,
            hint,
            text,
        )
        for start, stop in sorted([*ends, *between])[:PROBLEM_LIMIT]
    ]


def split_lines(text: str) -> list[str]:
    """Return the lines of a text without their newlines; the last one need not have had one."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def make_finding(  # noqa: PLR0913, PLR0917 - the parts of a message, each named at the call
    code: str, path: str, span: Span, message: str, hint: str = "", text: str = ""
) -> Finding:
    """Return an error at a place, with its source line from `text` for the excerpt."""
    lines = text.split("\n", span.line)
    excerpt = lines[span.line - 1] if span.line <= len(lines) else ""
    return Finding(
        code, "error", path, span.line, span.column, message, hint, excerpt, max(1, span.width)
    )


def _report_forbidden(safe_text: str, path: str, match: re.Match[str]) -> Finding:
    message = f"hidden or control character {format_code_point(match)}"
    hint = "delete it: a model reads it, but a person can't see it"
    return make_finding(
        "PP301", path, locate_index(safe_text, match.start()), message, hint, safe_text
    )


def locate_index(text: str, index: int) -> Span:
    """Return the place of an index in a text."""
    return Span(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def format_code_point(match: re.Match[str]) -> str:
    """Return the code point of a matched character, such as `U+200B`."""
    return f"U+{ord(match.group()):04X}"
