"""One text as fragments: a prompt in, its sections out, each with the texts that make it.

The model `as-written` puts them together again to the byte. A place where it would not is no place
to cut: what follows stays in the section before.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from promptpack.model import Origin
from promptpack.rendering.lines import clean_text, join_blocks
from promptpack.source.frontmatter import dump_front_matter
from promptpack.source.headings import split_sections

_TEMPLATE_SYNTAX = re.compile(r"\{[{%#]")
_NOWHERE = Origin("", 0)


class Piece(NamedTuple):
    """A fragment's text below its front matter, and the fragment's name where it is shared."""

    text: str
    shared: str = ""


@dataclass(eq=False)
class SplitSection:
    """A section: its name, the words of its heading unless these stand in the text, its pieces."""

    name: str
    title: str
    text: str
    pieces: list[Piece]


def split_prompt(text: str) -> list[SplitSection]:
    """Return the sections of a prompt; the last one ends as the prompt does."""
    passages: list[tuple[str, str, str]] = []
    for section in split_sections(text, ""):
        assert section.passage is not None  # noqa: S101 - sections of a text are passages
        if passages and not passages[-1][2].endswith("\n\n"):
            name, title, before = passages.pop()
            passages.append((name, title, before + section.passage.text))
        else:
            passages.append((section.name, section.passage.title, section.passage.text))
    sections = []
    for number, (name, title, own) in enumerate(passages, 1):
        if number < len(passages) and not own.endswith("\n\n\n"):
            own = own.removesuffix("\n")  # noqa: PLW2901 - one newline ends a file
        words, body = _take_heading_off(title, own)
        sections.append(SplitSection(name, words, body, [Piece(body)]))
    return sections


def joins_to(pieces: Iterable[Piece], text: str) -> bool:
    """Tell whether pieces are put together to a text as fragments of one section are."""
    pieces = [*pieces]
    blocks = [(_NOWHERE, piece.text.removesuffix("\n")) for piece in pieces]
    if not all(block for _, block in blocks):
        return False
    end = "\n" if pieces[-1].text.endswith("\n") else ""
    return join_blocks(blocks) + end == text


def write_fragment(text: str) -> str:
    r"""Return the file of a fragment with this text, as data if it would not stay as it is.

    >>> write_fragment("Call {{ it }}.\n")
    '---\nverbatim: true\n---\nCall {{ it }}.\n'
    """
    is_clean = f"{clean_text(text)}\n" == text and not text.startswith("---")
    if is_clean and not _TEMPLATE_SYNTAX.search(text):
        return text
    return f"{dump_front_matter({'verbatim': True})}{text}"


def make_section_data(
    sections: Sequence[SplitSection], taken: Iterable[str]
) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Return what a pack says of its sections, and the files of their fragments beside it.

    No file is named as one of those that are `taken`.
    """
    contents: dict[str, str] = {}
    used = {*taken}
    data: dict[str, list[str]] = {}
    for section in sections:
        uses = []
        for piece in section.pieces:
            if piece.shared:
                uses.append(piece.shared)
                continue
            file = _find_free_file(section.name, used)
            used.add(file)
            contents[file] = write_fragment(piece.text)
            uses.append(f"./{file}")
        data[section.name] = uses
    titles = {section.name: section.title for section in sections if section.title}
    uses_data = {name: uses[0] if len(uses) == 1 else uses for name, uses in data.items()}
    return {"sections": uses_data, **({"titles": titles} if titles else {})}, contents


def _take_heading_off(title: str, text: str) -> tuple[str, str]:
    """Return the words of a heading and the text below it, or none and all of the text."""
    heading = f"## {title}\n\n"
    body = text.removeprefix(heading)
    if not title or body == text or not body.strip() or body.startswith("\n"):
        return "", text
    return title, body


def _find_free_file(name: str, used: set[str]) -> str:
    candidates = (f"{name}.md", *(f"{name}-{number}.md" for number in range(2, 10_000)))
    return next(file for file in candidates if file not in used)
