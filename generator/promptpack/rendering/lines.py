"""Lines of a prompt: rendered lines in, clean lines out, and blocks of them put together."""

from collections.abc import Iterable, Iterator, Sequence

from promptpack.model import Line, Origin
from promptpack.patterns import compile_late

ITEM = compile_late(r"([-*+]|[0-9]+[.)]) ")
_FENCE = compile_late(r"\s*+(`{3,}+(?!.*`)|~{3,})")

Lines = tuple[Line, ...]
TITLE = "title"
"""The section of the lines above the first one."""


def join_text(lines: Lines) -> str:
    """Return lines as one text, without a newline at its end."""
    return "\n".join(line.text for line in lines)


def clean_text(text: str) -> str:
    """Return a text without trailing white space, doubled blank lines, or blank ends.

    What stands inside a code fence is kept as it is.
    """
    inner = text.strip("\n")
    if _is_clean(inner):
        return inner
    return "\n".join(line for _, line in _select_lines(text.split("\n")))


def clean_lines(lines: Sequence[Line]) -> Lines:
    """Return the lines that `clean_text` leaves of a text, each with its origin."""
    selected = _select_lines([line.text for line in lines])
    chosen = ((lines[index], text) for index, text in selected)
    return tuple(one if one.text == text else one._replace(text=text) for one, text in chosen)


def drop_last_blank(lines: Lines) -> Lines:
    """Return lines without the empty one after the newline at their end."""
    return lines if lines and lines[-1].text else lines[:-1]


def join_blocks(blocks: Iterable[tuple[Origin, str]]) -> str:
    """Return blocks one after the other: lists of one kind run on, all else is set apart."""
    texts = [text for _, text in blocks]
    gaps = _find_gaps([text.split("\n") for text in texts])
    return "\n".join(f"\n{text}" if gap else text for text, gap in zip(texts, gaps, strict=True))


def join_traced_blocks(blocks: Iterable[tuple[Origin, Lines]]) -> Lines:
    """Return blocks joined as `join_blocks` joins them.

    The origin with a block is the line that put it there; from there comes what sets it apart.
    """
    blocks = tuple(blocks)
    gaps = _find_gaps([[line.text for line in lines] for _, lines in blocks])
    joined: list[Line] = []
    for (origin, lines), gap in zip(blocks, gaps, strict=True):
        joined += [Line("", origin), *lines] if gap else lines
    return tuple(joined)


def name_title(lines: Lines) -> Lines:
    """Return lines of which those above the first section are of the title."""
    count = next((index for index, line in enumerate(lines) if line.section), 0)
    return (*(line._replace(section=TITLE) for line in lines[:count]), *lines[count:])


def find_code(texts: Iterable[str]) -> Iterator[bool]:
    """Tell of each line whether it stands in a code fence, or ends one."""
    fence = ""
    for text in texts:
        yield bool(fence)
        match = _FENCE.match(text)
        if not fence:
            fence = match[1] if match else ""
        elif match and match[1].startswith(fence) and not text.strip(fence[0] + " \t"):
            fence = ""


def _is_clean(text: str) -> bool:
    """Tell that nothing has to be cleaned of a text, in a fence or out of one.

    Its ends are not looked at; they may not be newlines.
    """
    lines = text.split("\n")
    return "\n\n\n" not in text and [line.rstrip() for line in lines] == lines


def _select_lines(texts: Sequence[str]) -> list[tuple[int, str]]:
    """Return the numbers of the lines that stay, from 0, each with its text."""
    selected: list[tuple[int, str]] = []
    for index, (text, is_code) in enumerate(zip(texts, find_code(texts), strict=True)):
        stripped = text if is_code else text.rstrip()
        if is_code or stripped or (selected and selected[-1][1]):
            selected.append((index, stripped))
    while selected and not selected[-1][1]:
        selected.pop()
    return selected


def _find_gaps(blocks: Iterable[Sequence[str]]) -> list[bool]:
    """Tell for each block whether a blank line sets it apart from the one before."""
    gaps: list[bool] = []
    last_kind: str | None = None
    for texts in blocks:
        kind = _find_list_kind(texts)
        gaps.append(bool(gaps) and (kind is None or kind != last_kind))
        last_kind = kind
    return gaps


def _find_list_kind(texts: Iterable[str]) -> str | None:
    """Return the marker of a block that is a list and nothing else, or None."""
    kind = None
    for text in texts:
        if text and not text.startswith((" ", "\t")):
            match = ITEM.match(text)
            if match is None:
                return None
            marker = match[1] if match[1] in "-*+" else "1"
            if kind not in (None, marker):
                return None
            kind = marker
    return kind
