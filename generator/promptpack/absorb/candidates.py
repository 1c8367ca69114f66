"""Where an edit of a prompt could be made in the sources: hunks in, edits or the reason out.

Nothing here is taken on trust: whoever uses a candidate builds the project with it and compares.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from promptpack.absorb.edits import Edit
from promptpack.absorb.hunks import OutputEdit, list_blank_slides
from promptpack.absorb.rewriting import rewrite_block, rewrite_line
from promptpack.absorb.values import propose_values
from promptpack.model import Origin, Project, split_source_path
from promptpack.model.root import LIBRARY
from promptpack.reading.roots import KIND_WORDS, parse_source_path
from promptpack.rendering.includes import escape_template
from promptpack.rendering.item_marks import strip_item_marks

Candidate = tuple[Edit, ...]
"""Edits that belong together: one place where a hunk could go."""

_GENERATED = (".yaml", ".j2")
"""How the names of sources end that set blocks apart and name sections."""


class TracedPrompt(NamedTuple):
    """A prompt's lines as built, and for each its origins, the most specific first."""

    lines: tuple[str, ...]
    origins: tuple[tuple[Origin, ...], ...]


def explain_closed_source(project: Project, path: str) -> str:
    """Return why a source takes no absorbed text, or nothing for fragments and packs."""
    source = parse_source_path(path)
    if not project.is_writable(path):
        root, own_path = project.find_root(path), split_source_path(path)[1]
        title = root.title
        if root.name != LIBRARY:
            return f"{path} belongs to the {title}, which is not changed here: change it there"
        return f"{path} belongs to the {title}: copy it to {own_path} and edit the copy"
    if source is None or source.kind in {"packs", "fragments"}:
        return ""
    return f"this line is generated from the {KIND_WORDS[source.kind]} {path}"


def _accepts_text(project: Project, path: str) -> bool:
    """Tell whether a source is a fragment that lines can be written into."""
    return path.endswith(".md") and not explain_closed_source(project, path)


def find_candidates(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> list[Candidate]:
    """Return the places where a hunk could go, each once, the most likely first.

    What a layout put on items is not in the source: such lines are tried without it before.
    """
    plain = prompt._replace(lines=tuple(map(strip_item_marks, prompt.lines)))
    plain_edit = output_edit._replace(
        old=tuple(map(strip_item_marks, output_edit.old)),
        new=tuple(map(strip_item_marks, output_edit.new)),
    )
    proposals: list[Candidate] = []
    if plain_edit != output_edit:
        proposals += _propose_edits(project, plain, plain_edit)
    proposals += _propose_edits(project, prompt, output_edit)
    return list(dict.fromkeys(proposals))


def _propose_edits(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> Iterator[Candidate]:
    """Yield the places where a hunk could go, the most likely first."""
    for slide in list_blank_slides(prompt.lines, output_edit):
        if slide.first == slide.last:
            yield from _propose_insertion(project, prompt, slide)
        elif not slide.new:
            yield from _propose_deletion(project, prompt, slide)
        elif len(slide.old) == len(slide.new) == 1:
            yield from _propose_line_change(project, prompt, slide)
            yield from _propose_replacement(project, prompt, slide)
        else:
            yield from _propose_replacement(project, prompt, slide)
    yield from propose_values(project, prompt.lines, prompt.origins, output_edit)


def _propose_line_change(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> Iterator[Candidate]:
    """Yield edits of the line that holds the text."""
    text_origin = prompt.origins[output_edit.first][0]
    (old,), (new,) = output_edit.old, output_edit.new
    if _accepts_text(project, text_origin.path):
        text = project.sources[text_origin.path]
        is_text = project.is_text(text_origin.path)
        old_line, new_line = _strip_indent(_read_line(project, text_origin), old, new)
        for line in (new,) if is_text else rewrite_line(text, text_origin.line, old_line, new_line):
            yield (_make_edit(text_origin, 1, line.split("\n")),)


def _strip_indent(source: str, old: str, new: str) -> tuple[str, str]:
    """Return an edited line and what it was without the indent that an include gave it."""
    blanks = _find_added_indent(source, old)
    if blanks and new.startswith(blanks):
        return old.removeprefix(blanks), new.removeprefix(blanks)
    return old, new


def _find_added_indent(source: str, line: str) -> str:
    """Return the indent that a line of a prompt has before that of its source."""
    own = len(source) - len(source.lstrip())
    whole = len(line) - len(line.lstrip())
    return line[: whole - own] if source.strip() and whole > own else ""


def _propose_deletion(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> Iterator[Candidate]:
    """Yield the edits that take lines out, each of which is a line of a fragment."""
    edits = []
    for number in range(output_edit.first, output_edit.last):
        origin = prompt.origins[number][0]
        if not prompt.lines[number] and origin.path.endswith(_GENERATED):
            continue  # what sets blocks apart goes with them
        if not _accepts_text(project, origin.path):
            return
        edits.append(_make_edit(origin, 1, ()))
    if edits:
        yield tuple(dict.fromkeys(edits))
        if len(edits) < output_edit.last - output_edit.first:
            yield from _propose_wider_deletion(project, edits)


def _propose_wider_deletion(project: Project, edits: list[Edit]) -> Iterator[Candidate]:
    """Yield the deletion with the blank lines of the source that it would leave at an end."""
    first, last = edits[0], edits[-1]
    for origin in (Origin(first.path, first.line - 1), Origin(last.path, last.line + 1)):
        if not _read_line(project, origin).strip():
            yield (*edits, _make_edit(origin, 1, ()))


def _propose_replacement(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> Iterator[Candidate]:
    """Yield the edits of lines of one fragment that became other lines."""
    numbers = range(output_edit.first, output_edit.last)
    places = [prompt.origins[number][0] for number in numbers]
    first, last = places[0], places[-1]
    if not _accepts_text(project, first.path) or {one.path for one in places} != {first.path}:
        return
    lines = [place.line for place in places]
    if lines != sorted(lines):
        return
    source_lines = project.sources[first.path].split("\n")[first.line - 1 : last.line]
    indent = _find_added_indent(source_lines[0], output_edit.old[0])
    old, new = (_drop_indent(one, indent) for one in (output_edit.old, output_edit.new))
    if all(_is_literal(project, prompt, number, indent) for number in numbers):
        written = _write_lines(project, first.path, new)
        if len(source_lines) == len(places):
            yield (_make_edit(first, len(places), written),)
        else:  # tags stand between them, and stay
            rest = (_make_edit(place, 1, ()) for place in dict.fromkeys(places[1:]))
            yield (_make_edit(first, 1, written), *rest)
    elif not project.is_text(first.path):
        source = "\n".join(source_lines)
        if (block := rewrite_block(source, "\n".join(old), "\n".join(new))) is not None:
            yield (_make_edit(first, len(source_lines), block.split("\n")),)


def _drop_indent(lines: Iterable[str], indent: str) -> tuple[str, ...]:
    return tuple(line.removeprefix(indent) for line in lines)


def _propose_insertion(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> Iterator[Candidate]:
    """Yield the ways to write new lines after the text before them, and before the text after."""
    yield from _propose_exact_insertion(project, prompt, output_edit)
    new = [*output_edit.new]
    while new and not new[0].strip():
        new.pop(0)
    while new and not new[-1].strip():
        new.pop()
    if not new:
        return
    number_before = _find_nearest_text(prompt, range(output_edit.first - 1, -1, -1))
    number_after = _find_nearest_text(prompt, range(output_edit.first, len(prompt.lines)))
    for number, offset in ((number_before, 1), (number_after, 0)):
        if number is None:
            continue
        origin = prompt.origins[number][0]
        if not _accepts_text(project, origin.path):
            continue
        indent = _find_added_indent(_read_line(project, origin), prompt.lines[number])
        lines = _write_lines(project, origin.path, _drop_indent(new, indent))
        for at in _list_insertion_places(project, origin, offset):
            for form in (lines, ("", *lines), (*lines, ""), ("", *lines, "")):
                yield (_make_edit(at, 0, form),)


def _list_insertion_places(project: Project, origin: Origin, offset: int) -> Iterator[Origin]:
    """Yield the places after a line, or before it and before the blank lines above it."""
    yield origin._replace(line=origin.line + offset)
    line = origin.line
    while not offset and line > 1 and not _read_line(project, origin._replace(line=line - 1)):
        line -= 1
    if line < origin.line:
        yield origin._replace(line=line)


def _propose_exact_insertion(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> Iterator[Candidate]:
    """Yield the edit that puts new lines, blank ones too, where they stand between those of a text.

    Every line of a text is one of its file, so that there is no other place.
    """
    number, offset = max(output_edit.first - 1, 0), min(output_edit.first, 1)
    origin = prompt.origins[number][0] if prompt.origins else None
    if origin and project.is_text(origin.path) and _is_literal(project, prompt, number):
        yield (Edit(origin.path, origin.line + offset, 0, output_edit.new),)


def _write_lines(project: Project, path: str, lines: Iterable[str]) -> tuple[str, ...]:
    """Return lines as a source has to hold them to give them: a text as they are."""
    return tuple(lines) if project.is_text(path) else tuple(map(escape_template, lines))


def _find_nearest_text(prompt: TracedPrompt, numbers: Iterable[int]) -> int | None:
    return next((number for number in numbers if prompt.lines[number]), None)


def _is_literal(project: Project, prompt: TracedPrompt, number: int, indent: str = "") -> bool:
    origin = prompt.origins[number][0]
    if not _accepts_text(project, origin.path):
        return False
    source = _read_line(project, origin)
    return prompt.lines[number].removeprefix(indent) in (source, source.rstrip())


def _read_line(project: Project, origin: Origin) -> str:
    """Return a line of a source, or nothing where it has no such line."""
    lines = project.sources[origin.path].split("\n")
    return lines[origin.line - 1] if 0 < origin.line <= len(lines) else ""


def _make_edit(origin: Origin, length: int, lines: Iterable[str]) -> Edit:
    return Edit(origin.path, origin.line, length, tuple(lines))


def explain_failure(project: Project, prompt: TracedPrompt, output_edit: OutputEdit) -> str:
    """Return in words why a hunk has no place to go."""
    last = len(prompt.lines) - 1
    numbers = range(output_edit.first, output_edit.last) or (
        max(0, output_edit.first - 1),
        min(output_edit.first, last),
    )
    places = [prompt.origins[number][0] for number in numbers if prompt.origins]
    if not places:
        return "the prompt has no line, so no source is known that this text could go to"
    for place in places:
        if text := explain_closed_source(project, place.path):
            return text
    location = f"{places[0].path}:{places[0].line}"
    if output_edit.first == output_edit.last:
        return f"no neighboring fragment can take these lines (nearest: {location})"
    if len(output_edit.old) != len(output_edit.new):
        names = ", ".join(
            f"{path}:{min(one.line for one in group)}" for path, group in _group(places)
        )
        return f"the edit replaces lines that come from several places or are computed ({names})"
    return f"the changed words are computed: they are not in the text of {location}"


def _group(places: Iterable[Origin]) -> Iterator[tuple[str, list[Origin]]]:
    """Yield each source that lines come from, in order of its path, with the lines."""
    for path, group in groupby(sorted(set(places)), key=lambda place: place.path):
        yield path, [*group]
