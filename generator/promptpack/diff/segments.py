"""A rendered file as pieces: text in, its lines out, each with its section and head field.

A prompt inside a JSON string is taken apart into the same lines as in a Markdown file, so that the
same edit is the same change in every client.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptpack.diff.model import Output, Segment, Spelling
from promptpack.model import Line
from promptpack.model.sections import SECTION_KINDS, make_title

FRONT_MATTER = "head"
TITLE_MARK, RULE_MARK = "title", "-"
"""The marks of a line that shows the title of a pack, and of one without a word."""

_LAYOUTS = "templates/layouts/"
FIELD_DEPTH = 2
"""How many keys deep the fields of front matter are distinguished."""

_FRAMES = frozenset({"---", "'''", '"""', "{", "}"})
UNBOUNDED_LEVEL = -1
"""The level of a section that no Markdown heading ends."""

_HEADING = re.compile(r"(#{1,6})[ \t]+(?:[0-9]+[.)][ \t]+)?(.*?)[ \t]*$")
_TAG = re.compile(r"</?([A-Za-z][\w-]*)(?: [\w-]+=\"([^\"]*)\")?>[ \t]*$")
_FENCE = re.compile(r"[ \t]*(`{3,}(?!.*`)|~{3,})")
_KEY = re.compile(r"( *)(?:'([^']+)'|\"([^\"]+)\"|([\w*./:-]+))[ \t]*[:=](?:\s|$)")
_TABLE = re.compile(r"\[([\w.]+)\]")
_CONTENT = re.compile(r'(\s*"content": ")(.*)("[,]?\n?)', re.DOTALL)
_ENTRY, _INDENT = "  - ", " " * 6
_ENTRY_TEXT = re.compile(r' {4}\w+: (\||"(?=\\$))')
"""How a text of several lines begins in an entry of a YAML list, and how far in its lines are."""
_WORD = re.compile(r"\w+")
_ESCAPED = re.compile(r"(?:[^\\]|\\(?!n).)*?\\n|(?:[^\\]|\\.)+$", re.DOTALL)


Segments = tuple[Segment, ...]


def split_segments(text: str) -> Segments:
    """Return the segments of a file, their sections guessed from headings and tags in its text.

    Their raw texts joined are the file.
    """
    return tuple(_guess_sections(_split_lines_of(text)))


def split_composed(
    text: str, head: str | None, lines: Sequence[Line], names: Mapping[str, str]
) -> tuple[Segments, int]:
    """Return the segments of a file whose prompt has these lines, and the number of its first one.

    `head` is what `find_head` finds. The lines know their sections. `names` are those of sections,
    parts and the title, by the slugs that a layout marks them with. A prompt that the file does not
    have begins at its end.
    """
    marks = [_find_mark(line.text, names) if _LAYOUTS in line.origin.path else "" for line in lines]
    if head is not None:
        segments = _split_lines_of(head)
        start = len(segments)
        segments += [
            Segment(raw := f"{own}\n", raw, section, "", number, "lines", origin, mark)
            for number, ((own, origin, section, _), mark) in enumerate(
                zip(lines, marks, strict=True), start
            )
        ]
        return tuple(segments), start
    segments = _split_lines_of(text)
    found = find_prompt(segments, lines)
    if found is None:
        return tuple(segments), len(segments)
    for position, (line, mark) in enumerate(zip(lines, marks, strict=True), found):
        segments[position] = segments[position]._replace(
            section=line.section, origin=line.origin, mark=mark
        )
    return tuple(segments), found


def find_head(text: str, prompt: str) -> str | None:
    """Return the front matter of a file with a prompt of whole lines below it and nothing else.

    None where it is any other file.
    """
    head = text.removesuffix(prompt)
    return head if prompt.endswith("\n") and _is_front_matter(head) else None


def _is_front_matter(head: str) -> bool:
    """Tell whether what stands above a prompt is front matter between hyphens, and blank lines."""
    lines = _split_lines(head)
    if not lines or lines[0] != "---\n":
        return False
    end, _ = _find_front_matter(head, lines)
    return end > 0 and not "".join(lines[end:]).strip()


def name_marks(names: Mapping[str, str], title: str) -> Mapping[str, str]:
    """Return the names of sections and parts, given their titles by name, by the slugs of both."""
    slugs = {_make_slug(text): name for name in names for text in (name, names[name])}
    return {_make_slug(title): TITLE_MARK, **_SLUGS, **slugs}


def split_output(output: Output) -> Segments:
    """Return the segments of an output."""
    return split_segments(output.text) if output.split is None else output.split()


def find_prompt(segments: Sequence[Segment], lines: Sequence[Line]) -> int | None:
    """Return the number of the segment with which a prompt begins, or None where none does."""
    texts = [segment.text.removesuffix("\n") for segment in segments]
    prompt = [line.text for line in lines]
    starts = (n for n, text in enumerate(texts) if prompt and text == prompt[0])
    return next((n for n in starts if texts[n : n + len(prompt)] == prompt), None)


def _split_lines_of(text: str) -> list[Segment]:
    """Return the segments of a file, those of its front matter with their fields."""
    segments: list[Segment] = []
    lines = _split_lines(text)
    if text.startswith(_ENTRY):
        return _assign_fields([*_split_entry(lines)])
    front_matter_end, body_end = _find_front_matter(text, lines)
    is_json = text.startswith("{")
    for number, raw in enumerate(lines):
        match = _CONTENT.fullmatch(raw) if is_json else None
        if match:
            segments += _split_string(match, number)
        else:
            section = FRONT_MATTER if number < front_matter_end or number >= body_end else ""
            segments.append(Segment(raw, raw, section, "", number))
    return _assign_fields(segments)


def spell_text(text: str, spelling: Spelling) -> str:
    """Return neutral text as a file of this spelling writes it."""
    if spelling == "indented":
        return re.sub("^(?=.)", _INDENT, text, flags=re.MULTILINE)
    return json.dumps(text, ensure_ascii=False)[1:-1] if spelling == "json" else text


def _split_lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [*(f"{line}\n" for line in lines), *filter(None, [last])]


def _find_front_matter(text: str, lines: Sequence[str]) -> tuple[int, int]:
    """Return where front matter ends at the start, and where it goes on at the end (TOML, JSON)."""
    if lines and lines[0].rstrip() == "---":
        end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
        return (end + 1 if end else 0), len(lines)
    if text.startswith("{"):
        return len(lines), len(lines)
    opening = next((n for n, s in enumerate(lines) if s.rstrip().endswith(("'''", '"""'))), None)
    first = next((s for s in lines if s.strip() and not s.startswith("#")), "")
    if opening is None or not re.match(r"\w+ *=", first):
        return 0, len(lines)
    quotes = lines[opening].rstrip()[-3:]
    closing = (n for n, s in enumerate(lines[opening + 1 :], opening + 1) if s.rstrip() == quotes)
    return opening + 1, next(closing, len(lines))


def _split_entry(lines: Iterable[str]) -> Iterator[Segment]:
    """Yield the segments of an entry of a YAML list: its texts of several lines, and the rest."""
    opening = ""
    for number, raw in enumerate(lines):
        if opening and (raw.startswith(_INDENT) or raw == "\n"):
            spelling: Spelling = "indented" if opening == "|" else "raw"
            text = raw.removeprefix(_INDENT)
            yield Segment(raw, text if opening == "|" else _unquote(text), "", "", number, spelling)
            continue
        match = _ENTRY_TEXT.match(raw)
        opening = match[1] if match else ""
        yield Segment(raw, raw, FRONT_MATTER, "", number)


def _unquote(line: str) -> str:
    """Return the text of a line between double quotes, as `write_text` spells it."""
    spelled = re.sub(r'(\\n)?(?:\\|")?\n?$', r"\1", re.sub(r"^\\ ", " ", line), count=1)
    try:
        return str(json.loads(f'"{spelled}"'))
    except ValueError:
        return line


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
        if segment.section != FRONT_MATTER:
            pending_count = 0
            result.append(segment)
            continue
        line, name = segment.raw.rstrip(), ""
        if line not in _FRAMES:
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
        pending_count = 0 if name else pending_count
        result.append(segment._replace(field=name))
    return result


def _map_slugs() -> Mapping[str, str]:
    names = [kind.name for kind in SECTION_KINDS]
    slugs = {_make_slug(make_title(name)): name for name in names}
    return {**slugs, **{_make_slug(name): name for name in names}}


def _make_slug(text: str) -> str:
    return "-".join(_WORD.findall(text.casefold()))


_SLUGS = _map_slugs()
"""The names of known sections by the slugs of their names and titles."""


def _find_mark(line: str, names: Mapping[str, str]) -> str:
    """Return the name that a line of a layout marks, or nothing where it is a line of text."""
    if not _WORD.search(line):
        return RULE_MARK if line.strip() else ""
    if heading := _HEADING.match(line):
        text = heading[2]
    elif tag := _TAG.match(line):
        text = tag[2] or tag[1]
    else:
        text = line if line.isupper() and line == line.strip() else ""
    slug = _make_slug(text)
    return f"{'/' if line.startswith('</') else ''}{names.get(slug, slug)}" if slug else ""


def _guess_sections(segments: list[Segment]) -> Iterator[Segment]:
    """Yield the pieces with their sections: known headings and tags, and others of their level."""
    names_by_slug = _SLUGS
    section, level, fence = "", 0, ""
    for segment in segments:
        if segment.section == FRONT_MATTER:
            yield segment
            continue
        line, mark = segment.text.rstrip("\n"), ""
        fence_match = _FENCE.match(line)
        if fence:
            if fence_match and fence_match[1].startswith(fence):
                fence = ""
        elif fence_match:
            fence = fence_match[1]
        elif start := _match_section(line, names_by_slug, level, first=not section):
            section, level = start
            mark = "" if section == TITLE_MARK else section
        tag = _TAG.match(line)
        if tag and line.startswith("</") and _make_slug(tag[1]) == section and not fence:
            level, mark = 0, f"/{section}"
        yield segment._replace(section=section, mark=mark)


def _match_section(
    line: str, names_by_slug: Mapping[str, str], level: int, *, first: bool
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
