"""Where an edit of a prompt could be made in the sources: hunks in, edits or the reason out.

Nothing here is taken on trust: whoever uses a candidate builds the project with it and compares.
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from promptpack.absorb.edits import Edit, edit_scalar, rewrite_line, rewrite_value
from promptpack.model import Origin, Project, split_source_path
from promptpack.reading.roots import KIND_WORDS, parse_source_path
from promptpack.rendering.includes import escape_template
from promptpack.source.frontmatter import read_document
from promptpack.source.strict_yaml import read_yaml

Candidate = tuple[Edit, ...]
"""Edits that belong together: one place where a hunk could go."""


class OutputEdit(NamedTuple):
    """Lines `first` to `last` (from 0, `last` left out) of a prompt, and what they became."""

    first: int
    last: int
    old: tuple[str, ...]
    new: tuple[str, ...]


class TracedPrompt(NamedTuple):
    """A prompt's lines as built, and for each its origins, the most specific first."""

    lines: tuple[str, ...]
    origins: tuple[tuple[Origin, ...], ...]


def find_output_edits(old: Sequence[str], new: Sequence[str]) -> Iterator[OutputEdit]:
    """Yield the differences between two texts; lines that became as many lines go one by one."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        if old_end - old_start == new_end - new_start:
            for offset in range(old_end - old_start):
                if old[old_start + offset] != new[new_start + offset]:
                    pair = (old[old_start + offset],), (new[new_start + offset],)
                    yield OutputEdit(old_start + offset, old_start + offset + 1, *pair)
        else:
            yield OutputEdit(
                old_start, old_end, tuple(old[old_start:old_end]), tuple(new[new_start:new_end])
            )


def explain_closed_source(project: Project, path: str) -> str:
    """Return why a source takes no absorbed text, or nothing for fragments and packs."""
    source = parse_source_path(path)
    if not project.is_writable(path):
        title = project.find_root(path).title
        own_path = split_source_path(path)[1]
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
    """Return the places where a hunk could go, each once."""
    if output_edit.first == output_edit.last:
        proposals = _propose_insertion(project, prompt, output_edit)
    elif not output_edit.new:
        proposals = _propose_deletion(project, prompt, output_edit)
    elif len(output_edit.old) == len(output_edit.new) == 1:
        proposals = _propose_line_change(project, prompt, output_edit)
    else:
        proposals = _propose_replacement(project, prompt, output_edit)
    return list(dict.fromkeys(proposals))


def _propose_line_change(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> Iterator[Candidate]:
    """Yield edits of the line that holds the text, then of the values that it shows."""
    text_origin, *value_origins = prompt.origins[output_edit.first]
    (old,), (new,) = output_edit.old, output_edit.new
    if _accepts_text(project, text_origin.path):
        text = project.sources[text_origin.path]
        is_text = project.is_text(text_origin.path)
        for line in (new,) if is_text else rewrite_line(text, text_origin.line, old, new):
            yield (Edit(text_origin.path, text_origin.line, 1, (line,)),)
    for origin in (text_origin, *value_origins):
        source_name = parse_source_path(origin.path)
        if source_name and source_name.kind == "packs":
            yield from _propose_value_change(project, origin, old, new)


def _propose_value_change(
    project: Project, origin: Origin, old: str, new: str
) -> Iterator[Candidate]:
    text = project.sources[origin.path]
    for span in read_document(text, origin.path).values.values():
        if span.line != origin.line:
            continue
        value = _read_scalar(text.split("\n")[span.line - 1][span.column - 1 :][: span.width])
        new_text = rewrite_value(str(value), old, new)
        if new_text is None:
            continue
        typed_value = _read_scalar(new_text) if isinstance(value, (int, float)) else new_text
        new_value = (
            typed_value
            if type(typed_value) is type(value) and str(typed_value) == new_text
            else new_text
        )
        if edit := edit_scalar(text, origin.path, span, new_value):
            yield (edit,)


def _read_scalar(text: str) -> str | float:
    """Return the value of a scalar in one line of YAML; for anything else an empty text."""
    data = read_yaml(text, "").data
    return data if isinstance(data, (str, int, float)) else ""


def _propose_deletion(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> Iterator[Candidate]:
    """Yield the edits that take lines out, where each is a fragment's own literal line."""
    edits = []
    for number in range(output_edit.first, output_edit.last):
        origin = prompt.origins[number][0]
        if not prompt.lines[number] and origin.path.endswith((".yaml", ".j2")):
            continue  # what sets blocks apart goes with them
        if not _is_literal(project, prompt, number):
            return
        edits.append(Edit(origin.path, origin.line, 1, ()))
    yield tuple(edits)


def _propose_replacement(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> Iterator[Candidate]:
    """Yield the edit of consecutive literal lines of one fragment that became other lines."""
    places = [prompt.origins[number][0] for number in range(output_edit.first, output_edit.last)]
    first = places[0]
    consecutive_places = [Origin(first.path, first.line + n) for n in range(len(places))]
    all_literal = all(
        _is_literal(project, prompt, n) for n in range(output_edit.first, output_edit.last)
    )
    if places == consecutive_places and all_literal:
        lines = _write_lines(project, first.path, output_edit.new)
        yield (Edit(first.path, first.line, len(places), lines),)


def _propose_insertion(
    project: Project, prompt: TracedPrompt, output_edit: OutputEdit
) -> Iterator[Candidate]:
    """Yield the ways to write new lines after the text before them, and before the text after."""
    yield from _propose_exact_insertion(project, prompt, output_edit)
    new = [*output_edit.new]
    while new and not new[0]:
        new.pop(0)
    while new and not new[-1]:
        new.pop()
    number_before = _find_nearest_text(prompt, range(output_edit.first - 1, -1, -1))
    number_after = _find_nearest_text(prompt, range(output_edit.first, len(prompt.lines)))
    for number, offset in ((number_before, 1), (number_after, 0)):
        if number is None:
            continue
        origin = prompt.origins[number][0]
        if _accepts_text(project, origin.path):
            lines = _write_lines(project, origin.path, new)
            for form in (lines, ("", *lines) if offset else (*lines, "")):
                yield (Edit(origin.path, origin.line + offset, 0, form),)


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


def _is_literal(project: Project, prompt: TracedPrompt, number: int) -> bool:
    origin = prompt.origins[number][0]
    if not _accepts_text(project, origin.path):
        return False
    source = project.sources[origin.path].split("\n")[origin.line - 1]
    return prompt.lines[number] in (source, source.rstrip())


def explain_failure(project: Project, prompt: TracedPrompt, output_edit: OutputEdit) -> str:
    """Return in words why a hunk has no place to go."""
    last = len(prompt.lines) - 1
    numbers = range(output_edit.first, output_edit.last) or (
        max(0, output_edit.first - 1),
        min(output_edit.first, last),
    )
    places = [prompt.origins[number][0] for number in numbers]
    for place in places:
        if text := explain_closed_source(project, place.path):
            return text
    location = f"{places[0].path}:{places[0].line}"
    if output_edit.first == output_edit.last:
        return f"no neighboring fragment can take these lines (nearest: {location})"
    if len(output_edit.old) != len(output_edit.new):
        return "the edit replaces lines that come from several places or are computed"
    return f"the changed words are computed: they are not in the text of {location}"
