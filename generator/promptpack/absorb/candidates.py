"""Where an edit of a prompt could be made in the sources: hunks in, edits or the reason out.

Nothing here is taken on trust: whoever uses a candidate builds the project with it and compares.
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from promptpack.absorb.edits import Edit, as_template, line_edits, scalar_edit, value_edit
from promptpack.model import Origin, Project
from promptpack.source.frontmatter import document
from promptpack.source.strict_yaml import read_yaml
from promptpack.source.text import LIBRARY

Candidate = tuple[Edit, ...]
"""Edits that belong together: one place where a hunk could go."""


class Hunk(NamedTuple):
    """Lines `first` to `last` (from 0, `last` left out) of a prompt, and what they became."""

    first: int
    last: int
    old: tuple[str, ...]
    new: tuple[str, ...]


class Prompt(NamedTuple):
    """A prompt's lines as built, and for each its origins, the most specific first."""

    lines: tuple[str, ...]
    origins: tuple[tuple[Origin, ...], ...]


def hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[Hunk]:
    """Yield the differences between two texts; lines that became as many lines go one by one."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            continue
        if j - i == m - k:
            for offset in range(j - i):
                if old[i + offset] != new[k + offset]:
                    pair = (old[i + offset],), (new[k + offset],)
                    yield Hunk(i + offset, i + offset + 1, *pair)
        else:
            yield Hunk(i, j, tuple(old[i:j]), tuple(new[k:m]))


def closed(path: str) -> str:
    """Return why a source takes no absorbed text, or nothing for fragments and packs."""
    if path.startswith(LIBRARY):
        own = path.removeprefix(LIBRARY)
        return f"{path} is the standard library's: copy it to {own} to have it your own"
    if path.startswith(("packs/", "templates/fragments/")):
        return ""
    kind = {"layouts": "layout", "models": "model", "policies": "policy"}[path.split("/")[1]]
    return f"this line is computed from the {kind} {path}"


def _takes_text(path: str) -> bool:
    """Tell whether a source is a fragment that lines can be written into."""
    return path.endswith(".md") and not closed(path)


def candidates(project: Project, prompt: Prompt, hunk: Hunk) -> list[Candidate]:
    """Return the places where a hunk could go, each once."""
    if hunk.first == hunk.last:
        found = _inserted(prompt, hunk)
    elif not hunk.new:
        found = _deleted(project, prompt, hunk)
    elif len(hunk.old) == len(hunk.new) == 1:
        found = _changed(project, prompt, hunk)
    else:
        found = _replaced(project, prompt, hunk)
    return list(dict.fromkeys(found))


def _changed(project: Project, prompt: Prompt, hunk: Hunk) -> Iterator[Candidate]:
    """Yield edits of the line that holds the text, then of the values that it shows."""
    own, *values = prompt.origins[hunk.first]
    (old,), (new,) = hunk.old, hunk.new
    if _takes_text(own.path):
        for line in line_edits(project.sources[own.path], own.line, old, new):
            yield (Edit(own.path, own.line, 1, (line,)),)
    for origin in (own, *values):
        if origin.path.endswith("pack.yaml"):
            yield from _value(project, origin, old, new)


def _value(project: Project, origin: Origin, old: str, new: str) -> Iterator[Candidate]:
    text = project.sources[origin.path]
    for mark in document(text, origin.path).values.values():
        if mark.line != origin.line:
            continue
        value = _scalar(text.split("\n")[mark.line - 1][mark.column - 1 :][: mark.width])
        wanted = value_edit(str(value), old, new)
        if wanted is None:
            continue
        typed = _scalar(wanted) if isinstance(value, (int, float)) else wanted
        same = typed if type(typed) is type(value) and str(typed) == wanted else wanted
        if edit := scalar_edit(text, origin.path, mark, same):
            yield (edit,)


def _scalar(written: str) -> str | float:
    """Return the value of a scalar in one line of YAML; for anything else an empty text."""
    data = read_yaml(written, "").data
    return data if isinstance(data, (str, int, float)) else ""


def _deleted(project: Project, prompt: Prompt, hunk: Hunk) -> Iterator[Candidate]:
    """Yield the edits that take lines out, where each is a fragment's own literal line."""
    edits = []
    for number in range(hunk.first, hunk.last):
        origin = prompt.origins[number][0]
        if not prompt.lines[number] and origin.path.endswith((".yaml", ".j2")):
            continue  # what sets blocks apart goes with them
        if not _is_literal(project, prompt, number):
            return
        edits.append(Edit(origin.path, origin.line, 1, ()))
    yield tuple(edits)


def _replaced(project: Project, prompt: Prompt, hunk: Hunk) -> Iterator[Candidate]:
    """Yield the edit of consecutive literal lines of one fragment that became other lines."""
    places = [prompt.origins[number][0] for number in range(hunk.first, hunk.last)]
    first = places[0]
    consecutive = [Origin(first.path, first.line + n) for n in range(len(places))]
    literal = all(_is_literal(project, prompt, n) for n in range(hunk.first, hunk.last))
    if places == consecutive and literal:
        lines = tuple(as_template(line) for line in hunk.new)
        yield (Edit(first.path, first.line, len(places), lines),)


def _inserted(prompt: Prompt, hunk: Hunk) -> Iterator[Candidate]:
    """Yield the ways to write new lines after the text before them, and before the text after."""
    new = [*hunk.new]
    while new and not new[0]:
        new.pop(0)
    while new and not new[-1]:
        new.pop()
    lines = tuple(as_template(line) for line in new)
    before = _nearest(prompt, range(hunk.first - 1, -1, -1))
    after = _nearest(prompt, range(hunk.first, len(prompt.lines)))
    for number, offset, forms in (
        (before, 1, (lines, ("", *lines))),
        (after, 0, (lines, (*lines, ""))),
    ):
        if number is None:
            continue
        origin = prompt.origins[number][0]
        if _takes_text(origin.path):
            for form in forms:
                yield (Edit(origin.path, origin.line + offset, 0, form),)


def _nearest(prompt: Prompt, numbers: Iterable[int]) -> int | None:
    return next((number for number in numbers if prompt.lines[number]), None)


def _is_literal(project: Project, prompt: Prompt, number: int) -> bool:
    origin = prompt.origins[number][0]
    if not _takes_text(origin.path):
        return False
    source = project.sources[origin.path].split("\n")[origin.line - 1]
    return source.rstrip() == prompt.lines[number]


def reason(prompt: Prompt, hunk: Hunk) -> str:
    """Return in words why a hunk has no place to go."""
    last = len(prompt.lines) - 1
    numbers = range(hunk.first, hunk.last) or (max(0, hunk.first - 1), min(hunk.first, last))
    places = [prompt.origins[number][0] for number in numbers]
    for place in places:
        if text := closed(place.path):
            return text
    shown = f"{places[0].path}:{places[0].line}"
    if hunk.first == hunk.last:
        return f"no fragment beside it takes it up (nearest: {shown})"
    if len(hunk.old) != len(hunk.new):
        return f"{len(hunk.old)} lines from several places, or computed ones, became other lines"
    return f"the changed words are computed, and not written in {shown}"
