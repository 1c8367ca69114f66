"""Findings for people: findings, a width and a style in, lines out.

error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:3
   10 |   sectoins:
      |   ^^^^^^^^ help: did you mean 'sections'?

1 error
"""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Literal, NamedTuple, get_args

from promptpack.model import Finding, Severity
from promptpack.redaction import redact_finding
from promptpack.reporting.characters import reveal_line
from promptpack.reporting.plurals import pluralize

Role = Literal["error", "warning", "message", "gutter", "help"]
"""What a styled part of a line is."""
Style = Callable[[str, Role], str]
"""Returns a part of a line with what a terminal needs to color it."""

DEFAULT_WIDTH = 80
_MIN_WIDTH = 40
_NUMBER_WIDTH = 5
_MAX_PLACES = 3
_CUT = "..."
_HELP = "help: "
_WORD = re.compile(
    r"""(?: \{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}   # a template expression, a YAML mapping
        | (?<!\w)'[^']*'(?!\w) | "[^"]*" | `[^`]*` | \S )+""",
    re.VERBOSE,
)
"""What may not be broken at the end of a line: a word, and whatever is quoted or in braces."""


class _Layout(NamedTuple):
    """How wide a line and its number may be, and its colors."""

    width: int
    number_width: int
    style: Style

    @property
    def indent(self) -> int:
        """The columns before a source line: its number and a bar."""
        return self.number_width + 3


class _Excerpt(NamedTuple):
    """A source line cut to the width, and the columns before and of its caret (none: 0)."""

    text: str
    indent: int
    caret: int


def style_plain(text: str, _role: Role) -> str:
    """Return the text without colors."""
    return text


def format_findings(
    findings: Iterable[Finding],
    outcome: str = "",
    width: int = DEFAULT_WIDTH,
    style: Style = style_plain,
    *,
    all_places: bool = False,
) -> Iterator[str]:
    """Yield the lines of findings, then how many there are and the outcome; no secret is shown.

    Findings that differ only in their place become one with several places. The first few of them
    are listed, or with `all_places` all.
    """
    findings = [redact_finding(finding) for finding in findings]
    if not findings:
        return
    width = max(_MIN_WIDTH, width)
    blocks = [
        [*_format_group(group, len(group) if all_places else _MAX_PLACES, width, style)]
        for group in _group_findings(findings)
    ]
    is_spaced = any(len(block) > 1 for block in blocks)
    for block in blocks:
        yield from block
        if is_spaced:
            yield ""
    yield f"{count_findings(findings)}{outcome}"


def count_findings(findings: Iterable[Finding]) -> str:
    """Return how many errors and warnings there are, in words."""
    counts = Counter(finding.severity for finding in findings)
    severities: tuple[Severity, ...] = get_args(Severity)
    return ", ".join(pluralize(counts[name], name) for name in severities if counts[name])


def _group_findings(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.code, finding.severity, finding.message, finding.hint)
        groups.setdefault(key, []).append(finding)
    return [*groups.values()]


def _format_group(group: list[Finding], max_places: int, width: int, style: Style) -> Iterator[str]:
    """Yield the lines of findings that differ only in their place."""
    first = group[0]
    label = style(f"{first.severity}[{first.code}]", first.severity)
    yield label + style(f": {reveal_line(first.message)}", "message")
    places = [finding for finding in group if finding.path]
    shown = places[:max_places]
    number_width = max(len(str(line)) for line in (10**_NUMBER_WIDTH - 1, *(p.line for p in shown)))
    layout = _Layout(width, number_width, style)
    blocks = [(place, _cut_excerpt(place, width - layout.indent)) for place in shown]
    hint, _, quoted_lines = first.hint.partition("\n\n")
    beside = hint if len(blocks) == 1 and _fits_beside(hint, blocks[0][1], layout) else ""
    for place, excerpt in blocks:
        yield from _format_place(place, excerpt, beside, layout)
    if len(places) > max_places:
        more = pluralize(len(places) - max_places, "more place")
        yield f"{_CUT.rjust(number_width)} and {more}"
    if not beside:
        yield from _format_help(hint, layout)
    if quoted_lines:
        yield from ("", *(reveal_line(line) for line in quoted_lines.split("\n")))


def _format_place(finding: Finding, excerpt: _Excerpt, hint: str, layout: _Layout) -> Iterator[str]:
    """Yield where a finding is, the source line, and the caret with the help beside it."""
    number_width, style = layout.number_width, layout.style
    yield style("-->".rjust(number_width), "gutter") + f" {_format_location(finding)}"
    if excerpt.text:
        yield style(f"{finding.line:>{number_width}} |", "gutter") + f" {excerpt.text}"
    if excerpt.caret:
        caret = style("^" * excerpt.caret, finding.severity)
        help_text = f" {style(_HELP.strip(), 'help')} {reveal_line(hint)}" if hint else ""
        bar = style(f"{'':{number_width}} |", "gutter")
        yield f"{bar} {' ' * excerpt.indent}{caret}{help_text}"


def _format_location(finding: Finding) -> str:
    numbers = (finding.line, finding.column) if finding.line else ()
    parts = [finding.path, *(str(number) for number in numbers if number)]
    return reveal_line(":".join(parts))


def _fits_beside(hint: str, excerpt: _Excerpt, layout: _Layout) -> bool:
    """Tell whether a help text fits on the line of the caret."""
    start = layout.indent + excerpt.indent + excerpt.caret + 1
    is_one_line = bool(hint) and "\n" not in hint
    return is_one_line and bool(excerpt.caret) and start + _measure(_HELP + hint) <= layout.width


def _format_help(hint: str, layout: _Layout) -> Iterator[str]:
    """Yield a help text on its own lines."""
    bar = layout.style(f"{'':{layout.number_width}} =", "gutter")
    lead = f"{bar} {layout.style(_HELP.strip(), 'help')} "
    indent = layout.indent + len(_HELP)
    for text in hint.split("\n"):
        for line in _wrap_words(_WORD.findall(reveal_line(text)), layout.width - indent):
            yield lead + line
            lead = " " * indent


def _wrap_words(words: Iterable[str], width: int) -> Iterator[str]:
    line = ""
    for word in words:
        if line and _measure(line) + 1 + _measure(word) > width:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    if line:
        yield line


def _cut_excerpt(finding: Finding, width: int) -> _Excerpt:
    """Return the part of the source line around the finding that has at most some columns."""
    if not finding.excerpt:
        return _Excerpt("", 0, 0)
    before, marked, after = (reveal_line(part) for part in _split_excerpt(finding))
    text, start, stop = before + marked + after, len(before), len(before) + len(marked)
    edges = [0, *accumulate(_measure_character(character) for character in text)]
    left, right = 0, len(text)
    if edges[-1] > width and edges[stop] > width - len(_CUT):
        left = bisect_right(edges, max(0, edges[start] - width // 2)) - 1
    lead = _CUT if left else ""
    end = edges[left] + width - len(lead)
    if edges[-1] > end:
        right = bisect_right(edges, end - len(_CUT)) - 1
    tail = _CUT if right < len(text) else ""
    caret = max(1, edges[min(stop, right)] - edges[start]) if finding.column else 0
    return _Excerpt(lead + text[left:right] + tail, len(lead) + edges[start] - edges[left], caret)


def _split_excerpt(finding: Finding) -> tuple[str, str, str]:
    """Return the source line before, in and after the place of the finding."""
    start = max(0, finding.column - 1)
    stop = start + max(1, finding.width)
    return finding.excerpt[:start], finding.excerpt[start:stop], finding.excerpt[stop:]


def _measure(text: str) -> int:
    r"""Return how many columns of a terminal a text takes.

    >>> _measure("name"), _measure("名前"), _measure("e\u0301")
    (4, 4, 1)
    """
    return sum(map(_measure_character, text))


def _measure_character(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
