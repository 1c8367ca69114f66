"""Which value of a pack or a fragment a changed line of a prompt shows: a hunk in, edits out."""

from collections.abc import Iterator, Sequence

from promptpack.absorb.edits import Edit
from promptpack.absorb.hunks import OutputEdit
from promptpack.absorb.rewriting import rewrite_value
from promptpack.absorb.scalars import edit_value
from promptpack.model import Origin, Project
from promptpack.reading.roots import parse_source_path
from promptpack.source.frontmatter import read_document
from promptpack.source.strict_yaml import DataPath
from promptpack.source.yaml_entries import read_yaml


def propose_values(
    project: Project,
    lines: Sequence[str],
    origins: Sequence[tuple[Origin, ...]],
    output_edit: OutputEdit,
) -> Iterator[tuple[Edit, ...]]:
    """Yield the edits of values behind the changed lines, or behind those around new ones."""
    numbers: Sequence[int] = range(output_edit.first, output_edit.last)
    if not numbers:
        around = (output_edit.first - 1, output_edit.first)
        numbers = [number for number in around if 0 <= number < len(lines)]
    shown = dict.fromkeys(origin for number in numbers for origin in origins[number])
    for origin in shown:
        source = parse_source_path(origin.path)
        is_open = source and source.kind in {"packs", "fragments"}
        if is_open and project.is_writable(origin.path) and origin.path in project.sources:
            yield from _propose_value(project, origin, lines, output_edit)


def _propose_value(
    project: Project, origin: Origin, lines: Sequence[str], output_edit: OutputEdit
) -> Iterator[tuple[Edit, ...]]:
    text = project.sources[origin.path]
    document = read_document(text, origin.path)
    for place, span in document.values.items():
        if span.line != origin.line and document.keys.get(place, span).line != origin.line:
            continue
        value = _read_value(document.data, place)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            for new_text in _rewrite(str(value), lines, output_edit):
                if edit := edit_value(text, origin.path, place, _type_value(value, new_text)):
                    yield (edit,)


def _rewrite(value: str, lines: Sequence[str], output_edit: OutputEdit) -> Iterator[str]:
    """Yield what a value could become, which stands in the changed lines, or around new ones."""
    old, new = "\n".join(output_edit.old), "\n".join(output_edit.new)
    inner = value.rstrip("\n")
    end = value[len(inner) :]
    if output_edit.old and (rewritten := rewrite_value(inner, old, new)) is not None:
        yield rewritten + end
    value_lines = inner.split("\n")
    if len(value_lines) == 1:
        return
    for number in _find_run(value_lines, lines, output_edit):
        stop = number + len(output_edit.old)
        yield "\n".join([*value_lines[:number], *output_edit.new, *value_lines[stop:]]) + end
    if len(output_edit.old) == 1:
        for number, line in enumerate(value_lines):
            rewritten = rewrite_value(line, old, new)
            if rewritten is not None and line != old:
                yield (
                    "\n".join([*value_lines[:number], rewritten, *value_lines[number + 1 :]]) + end
                )


def _find_run(
    value_lines: Sequence[str], lines: Sequence[str], output_edit: OutputEdit
) -> Iterator[int]:
    """Yield where the changed lines stand in a value of several lines, or where new ones go."""
    size = len(output_edit.old)
    before = lines[output_edit.first - 1] if output_edit.first else None
    for number in range(len(value_lines) - size + 1):
        is_after = number and before is not None and before.endswith(value_lines[number - 1])
        if is_after if not size else tuple(value_lines[number : number + size]) == output_edit.old:
            yield number
    if not size and before is not None and before.endswith(value_lines[-1]):
        yield len(value_lines)


def _type_value(value: object, text: str) -> object:
    """Return a new text as a value of the type that the old one has, where it is one."""
    if isinstance(value, str):
        return text
    typed = read_yaml(text, "").data
    return typed if type(typed) is type(value) and str(typed) == text else text


def _read_value(data: object, place: DataPath) -> object:
    for step in place:
        data = data[step]  # type: ignore[index]  # a path of this very document
    return data
