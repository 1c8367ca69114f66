"""A rendered file as pieces: text in, its lines out, each with its section and head field.

A prompt inside a JSON string is taken apart into the same lines as in a Markdown file, so that the
same edit is the same change in every client.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from promptpack.diff.model import Spelling
from promptpack.rendering.compose import title_of

HEAD = "head"
SECTIONS = (
    "role",
    "responsibilities",
    "scope",
    "standards",
    "workflow",
    "interaction",
    "output",
    "ethics",
    "examples",
    "permissions",
)
"""The sections that are known by name in any file."""

DEPTH = 2
"""How many keys deep a head's fields are told apart."""

_FRAMES = frozenset({"---", "'''", '"""', "{", "}"})
INSIDE = -1
"""The level of a section that no Markdown heading ends."""

_HEADING = re.compile(r"(#{1,6})[ \t]+(?:[0-9]+[.)][ \t]+)?(.*?)[ \t]*$")
_TAG = re.compile(r"</?([A-Za-z][\w-]*)>[ \t]*$")
_FENCE = re.compile(r"[ \t]*(`{3,}(?!.*`)|~{3,})")
_KEY = re.compile(r"( *)(?:'([^']+)'|\"([^\"]+)\"|([\w*./:-]+))[ \t]*[:=](?:\s|$)")
_TABLE = re.compile(r"\[([\w.]+)\]")
_CONTENT = re.compile(r'(\s*"content": ")(.*)("[,]?\n?)', re.DOTALL)
_ESCAPED = re.compile(r"(?:[^\\]|\\(?!n).)*?\\n|(?:[^\\]|\\.)+$", re.DOTALL)
_NUMBERED = re.compile(r"^(#{1,6}[ \t]+)[0-9]+[.)][ \t]+")


class Piece(NamedTuple):
    """A line as it stands in the file, its neutral text, its section and field, its line there."""

    raw: str
    text: str
    section: str
    field: str
    line: int
    spelling: Spelling = "lines"


@lru_cache(maxsize=16)
def pieces(text: str, names: tuple[str, ...] = ()) -> tuple[Piece, ...]:
    """Return the pieces of a file with sections `names`; their raw texts joined are the file."""
    found: list[Piece] = []
    in_head, body = _head_lines(text)
    for number, raw in enumerate(_lines(text)):
        match = _CONTENT.fullmatch(raw) if text.startswith("{") else None
        if match:
            found += _unescaped(match, number)
        else:
            section = HEAD if number < in_head or number >= body else ""
            found.append(Piece(raw, raw, section, "", number))
    return tuple(_with_sections(_with_fields(found), _slugs(names)))


def spelled(text: str, spelling: Spelling) -> str:
    """Return neutral text as a file of this spelling writes it."""
    return json.dumps(text, ensure_ascii=False)[1:-1] if spelling == "json" else text


def unnumbered(text: str) -> str:
    """Return a line without the number of its heading."""
    return _NUMBERED.sub(r"\1", text)


def _lines(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=\n)", text) if part]


def _head_lines(text: str) -> tuple[int, int]:
    """Return where the head at the start ends, and where one at the end begins (TOML, JSON)."""
    lines = _lines(text)
    if lines and lines[0].rstrip() == "---":
        end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
        return (end + 1 if end else 0), len(lines)
    if text.startswith("{"):
        return len(lines), len(lines)
    opening = next((n for n, s in enumerate(lines) if s.rstrip().endswith(("'''", '"""'))), None)
    if opening is None or not re.match(r"\w+ *=", lines[0]):
        return 0, len(lines)
    quotes = lines[opening].rstrip()[-3:]
    closing = (n for n, s in enumerate(lines[opening + 1 :], opening + 1) if s.rstrip() == quotes)
    return opening + 1, next(closing, len(lines))


def _unescaped(match: re.Match[str], number: int) -> Iterator[Piece]:
    lead, content, rest = match.groups()
    yield Piece(lead, lead, HEAD, "", number)
    for part in _ESCAPED.findall(content):
        try:
            text = json.loads(f'"{part}"')
        except ValueError:
            text = ""
        if text and spelled(text, "json") == part:
            yield Piece(part, text, "", "", number, "json")
        else:
            yield Piece(part, part, "", "", number, "raw")
    yield Piece(rest, rest, HEAD, "", number)


def _with_fields(found: list[Piece]) -> list[Piece]:
    """Return the pieces with each head line's key, the keys around it included."""
    path: list[tuple[int, str]] = []
    table, waiting = "", 0
    result: list[Piece] = []
    for piece in found:
        line, name = piece.raw.rstrip(), ""
        if piece.section == HEAD and line not in _FRAMES:
            inner = _TABLE.match(line)
            if inner:
                table = f"{inner[1]}."
            if match := _KEY.match(piece.raw):
                path = [step for step in path if step[0] < len(match[1])]
                path.append((len(match[1]), match[2] or match[3] or match[4]))
            name = table + ".".join(key for _, key in path[:DEPTH])
            if inner or not line:  # they go with the key that follows
                waiting, name = waiting + 1, ""
        if name and waiting:
            result[-waiting:] = [one._replace(field=name) for one in result[-waiting:]]
        waiting = waiting if piece.section == HEAD and not name and waiting else 0
        result.append(piece._replace(field=name))
    return result


def _slugs(names: Iterable[str]) -> dict[str, str]:
    known = dict.fromkeys((*SECTIONS, *names))
    slugs = {_slug(title_of(name)): name for name in known}
    return {**slugs, **{_slug(name): name for name in known}}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _with_sections(found: list[Piece], known: dict[str, str]) -> Iterator[Piece]:
    """Yield the pieces with their sections: known headings and tags, and others of their level."""
    section, level, fence = "", 0, ""
    for piece in found:
        if piece.section == HEAD:
            yield piece
            continue
        line = piece.text.rstrip("\n")
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = ""
        elif mark:
            fence = mark[1]
        elif start := _start(line, known, level, first=not section):
            section, level = start
        yield piece._replace(section=section)
        tag = _TAG.match(line)
        if tag and line.startswith("</") and _slug(tag[1]) == section and not fence:
            level = 0


def _start(line: str, known: dict[str, str], level: int, *, first: bool) -> tuple[str, int] | None:
    """Return the section that a line begins and its heading's level, or None."""
    if heading := _HEADING.match(line):
        depth, slug = len(heading[1]), _slug(heading[2])
        if slug in known and (not level or depth <= level):
            return known[slug], depth
        if first and depth == 1:
            return "title", 0
        return (slug, depth) if slug and (not level or depth <= level) else None
    if (tag := _TAG.match(line)) and not line.startswith("</") and _slug(tag[1]) in known:
        return known[_slug(tag[1])], INSIDE
    if line.isupper() and _slug(line) in known and line == line.strip():
        return known[_slug(line)], INSIDE
    return None
