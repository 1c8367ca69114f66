"""Marks on the items of lists: a text in, the same with a mark or a bold term at each item out.

A layout asks for them, so that a fragment says the same words in every layout.
"""

import re
from collections.abc import Callable, Iterator

from promptpack.patterns import compile_late
from promptpack.rendering.line_markers import MARKS, strip_markers
from promptpack.rendering.lines import ITEM, find_code

_TERM = compile_late(r"(?P<term>[^\s*_`:,;.!?][^*_`:,;!?]{0,44}): (?=\S)")
_SENTENCE = compile_late(r"[.!?]\s")
_MARKED = compile_late(r"((?:[-*+]|[0-9]+[.)]) )(?:[✅❌] )?(?:\*\*([^*\n]+:)\*\*(?= ))?")
_BOLD = "**"

Insertions = list[tuple[int, str]]
"""Texts, each with the index of the character that it goes before."""


def mark_items(text: object, mark: object) -> str:
    r"""Return a text with a mark at the beginning of each item of its outermost lists.

    >>> mark_items("- one\n  - two\n", "✅")
    '- ✅ one\n  - two\n'
    """
    return _edit_items(str(text), lambda _, start: [(start, f"{mark} ")])


def bold_terms(text: object) -> str:
    """Return a text in which the term that an item of an outermost list begins with is bold.

    A term is what stands before a colon: one clause without code or emphasis, 45 characters at
    most.

    >>> bold_terms("- Type safety: hints everywhere.")
    '- **Type safety:** hints everywhere.'
    """
    return _edit_items(str(text), _find_term)


def strip_item_marks(line: str) -> str:
    """Return an item as it was before ✅, ❌ or a bold term; any other line as it is."""
    match = _MARKED.match(line)
    return f"{match[1]}{match[2] or ''}{line[match.end() :]}" if match else line


def _find_term(line: str, start: int) -> Insertions:
    match = _TERM.match(line, start)
    if match is None or _SENTENCE.search(match["term"]):
        return []
    return [(start, _BOLD), (match.end("term") + 1, _BOLD)]


def _edit_items(text: str, edit: Callable[[str, int], Insertions]) -> str:
    """Return a text with insertions in each line that begins an item outside of code fences."""
    marked_lines = text.split("\n")
    plain_lines = [*map(strip_markers, marked_lines)]
    lines = zip(marked_lines, plain_lines, find_code(plain_lines), strict=True)
    return "\n".join(
        "".join(_insert_texts(marked_line, edit(line, item.end())))
        if not is_code and (item := ITEM.match(line))
        else marked_line
        for marked_line, line, is_code in lines
    )


def _insert_texts(marked_line: str, insertions: Insertions) -> Iterator[str]:
    """Yield the pieces of a line with texts put into it; indices do not count its marks."""
    index, waiting = 0, [*insertions]
    for piece in re.split(f"({MARKS})", marked_line):
        if re.fullmatch(MARKS, piece):
            yield piece
            continue
        start = 0
        while waiting and waiting[0][0] <= index + len(piece):
            at, text = waiting.pop(0)
            yield f"{piece[start : at - index]}{text}"
            start = at - index
        yield piece[start:]
        index += len(piece)
