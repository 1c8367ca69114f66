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
from promptpack.rendering.compose import make_title

FRONT_MATTER = "head"
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

FIELD_DEPTH = 2
"""How many keys deep a head's fields are told apart."""

_FRAMES = frozenset({"---", "'''", '"""', "{", "}"})
UNBOUNDED_LEVEL = -1
"""The level of a section that no Markdown heading ends."""

_HEADING = re.compile(r"(#{1,6})[ \t]+(?:[0-9]+[.)][ \t]+)?(.*?)[ \t]*$")
_TAG = re.compile(r"</?([A-Za-z][\w-]*)>[ \t]*$")
_FENCE = re.compile(r"[ \t]*(`{3,}(?!.*`)|~{3,})")
_KEY = re.compile(r"( *)(?:'([^']+)'|\"([^\"]+)\"|([\w*./:-]+))[ \t]*[:=](?:\s|$)")
_TABLE = re.compile(r"\[([\w.]+)\]")
_CONTENT = re.compile(r'(\s*"content": ")(.*)("[,]?\n?)', re.DOTALL)
_ESCAPED = re.compile(r"(?:[^\\]|\\(?!n).)*?\\n|(?:[^\\]|\\.)+$", re.DOTALL)
_NUMBERED = re.compile(r"^(#{1,6}[ \t]+)[0-9]+[.)][ \t]+")


class Segment(NamedTuple):
    """A line as it stands in the file, its neutral text, its section and field, its line there."""

    raw: str
    text: str
    section: str
    field: str
    line: int
    spelling: Spelling = "lines"


@lru_cache(maxsize=16)
def split_segments(text: str, names: tuple[str, ...] = ()) -> tuple[Segment, ...]:
    """Return the pieces of a file with sections `names`; their raw texts joined are the file."""
    segments: list[Segment] = []
    front_matter_end, body_end = _find_front_matter(text)
    for number, raw in enumerate(_split_lines(text)):
        match = _CONTENT.fullmatch(raw) if text.startswith("{") else None
        if match:
            segments += _split_string(match, number)
        else:
            section = FRONT_MATTER if number < front_matter_end or number >= body_end else ""
            segments.append(Segment(raw, raw, section, "", number))
    return tuple(_assign_sections(_assign_fields(segments), _map_slugs(names)))


def spell_text(text: str, spelling: Spelling) -> str:
    """Return neutral text as a file of this spelling writes it."""
    return json.dumps(text, ensure_ascii=False)[1:-1] if spelling == "json" else text


def strip_number(text: str) -> str:
    """Return a line without the number of its heading."""
    return _NUMBERED.sub(r"\1", text)


def _split_lines(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=\n)", text) if part]


def _find_front_matter(text: str) -> tuple[int, int]:
    """Return where the head at the start ends, and where one at the end begins (TOML, JSON)."""
    lines = _split_lines(text)
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


def _split_string(match: re.Match[str], number: int) -> Iterator[Segment]:
    lead, content, rest = match.groups()
    yield Segment(lead, lead, FRONT_MATTER, "", number)
    for part in _ESCAPED.findall(content):
        try:
            text = json.loads(f'"{part}"')
        except ValueError:
            text = ""
        if text and spell_text(text, "json") == part:
            yield Segment(part, text, "", "", number, "json")
        else:
            yield Segment(part, part, "", "", number, "raw")
    yield Segment(rest, rest, FRONT_MATTER, "", number)


def _assign_fields(segments: list[Segment]) -> list[Segment]:
    """Return the pieces with each head line's key, the keys around it included."""
    path: list[tuple[int, str]] = []
    table, pending_count = "", 0
    result: list[Segment] = []
    for segment in segments:
        line, name = segment.raw.rstrip(), ""
        if segment.section == FRONT_MATTER and line not in _FRAMES:
            table_match = _TABLE.match(line)
            if table_match:
                table = f"{table_match[1]}."
            if match := _KEY.match(segment.raw):
                path = [step for step in path if step[0] < len(match[1])]
                path.append((len(match[1]), match[2] or match[3] or match[4]))
            name = table + ".".join(key for _, key in path[:FIELD_DEPTH])
            if table_match or not line:  # they go with the key that follows
                pending_count, name = pending_count + 1, ""
        if name and pending_count:
            result[-pending_count:] = [
                previous._replace(field=name) for previous in result[-pending_count:]
            ]
        pending_count = (
            pending_count if segment.section == FRONT_MATTER and not name and pending_count else 0
        )
        result.append(segment._replace(field=name))
    return result


def _map_slugs(names: Iterable[str]) -> dict[str, str]:
    all_names = dict.fromkeys((*SECTIONS, *names))
    slugs = {_make_slug(make_title(name)): name for name in all_names}
    return {**slugs, **{_make_slug(name): name for name in all_names}}


def _make_slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _assign_sections(segments: list[Segment], names_by_slug: dict[str, str]) -> Iterator[Segment]:
    """Yield the pieces with their sections: known headings and tags, and others of their level."""
    section, level, fence = "", 0, ""
    for segment in segments:
        if segment.section == FRONT_MATTER:
            yield segment
            continue
        line = segment.text.rstrip("\n")
        fence_match = _FENCE.match(line)
        if fence:
            if fence_match and fence_match[1].startswith(fence):
                fence = ""
        elif fence_match:
            fence = fence_match[1]
        elif start := _match_section(line, names_by_slug, level, first=not section):
            section, level = start
        yield segment._replace(section=section)
        tag = _TAG.match(line)
        if tag and line.startswith("</") and _make_slug(tag[1]) == section and not fence:
            level = 0


def _match_section(
    line: str, names_by_slug: dict[str, str], level: int, *, first: bool
) -> tuple[str, int] | None:
    """Return the section that a line begins and its heading's level, or None."""
    if heading := _HEADING.match(line):
        depth, slug = len(heading[1]), _make_slug(heading[2])
        if slug in names_by_slug and (not level or depth <= level):
            return names_by_slug[slug], depth
        if first and depth == 1:
            return "title", 0
        return (slug, depth) if slug and (not level or depth <= level) else None
    if (
        (tag := _TAG.match(line))
        and not line.startswith("</")
        and _make_slug(tag[1]) in names_by_slug
    ):
        return names_by_slug[_make_slug(tag[1])], UNBOUNDED_LEVEL
    if line.isupper() and _make_slug(line) in names_by_slug and line == line.strip():
        return names_by_slug[_make_slug(line)], UNBOUNDED_LEVEL
    return None
