"""Why a line of an output says what it says: a project, an artifact and a line in, a chain out.

The chain goes outwards: the line that holds the text, the includes that brought it in, the pack
line that used it, the values behind it, and last the conditions, loops and macros that put it
there.
"""

from collections.abc import Iterator
from typing import NamedTuple

from promptpack.model import Artifact, AttachedFile, Origin, Project
from promptpack.provenance.tracer import Tracer
from promptpack.reading.roots import KIND_WORDS, parse_source_path
from promptpack.rendering.sandbox import Templates
from promptpack.rendering.variants import choose_sections, iter_uses
from promptpack.source.text import split_lines


class Step(NamedTuple):
    """One place in a chain of origins, and what it did."""

    origin: Origin
    role: str
    text: str


def explain_line(tracer: Tracer, artifact: Artifact, number: int) -> tuple[Step, ...]:
    """Return the chain of a line, counted from 1; raises IndexError where there is no such line."""
    project = tracer.composer.project
    origins = tracer.trace_file(artifact)
    if not 1 <= number <= len(origins):
        raise IndexError(number)
    steps: dict[Origin, Step] = {}
    for origin in origins[number - 1]:
        steps.setdefault(origin, _make_step(project, origin, _find_role(origin)))
        for outer, role in _trace_outwards(tracer.composer.templates, artifact, origin):
            steps.setdefault(outer, _make_step(project, outer, role))
    for origin in tracer.trace_tags(artifact)[number - 1]:
        steps.setdefault(origin, _make_step(project, origin, "placed by"))
    return tuple(steps.values())


def explain_attached_line(file: AttachedFile, number: int) -> Step:
    """Return where a line of a copied file comes from; raises IndexError where there is no such.

    A file that is no text has one line, which is empty.
    """
    lines = split_lines(file.text or "") or [""]
    if not 1 <= number <= len(lines):
        raise IndexError(number)
    return Step(Origin(file.source, number), _find_role(Origin(file.source, 1)), lines[number - 1])


def _make_step(project: Project, origin: Origin, role: str) -> Step:
    lines = project.sources[origin.path].split("\n")
    text = lines[origin.line - 1] if origin.line <= len(lines) else ""
    return Step(origin, role, text.strip())


def _find_role(origin: Origin) -> str:
    source = parse_source_path(origin.path)
    return KIND_WORDS[source.kind] if source else ""


def _trace_outwards(
    templates: Templates, artifact: Artifact, origin: Origin
) -> Iterator[tuple[Origin, str]]:
    """Yield the includes between a fragment and the pack, then the pack's own line."""
    for use in iter_uses(choose_sections(artifact.variant, artifact.target)):
        chain = _find_chain(templates, use.fragment, origin.path)
        if chain is not None:
            yield from ((place, "included by") for place in reversed(chain))
            yield use.origin, "used by"


def _find_chain(templates: Templates, name: str, path: str) -> tuple[Origin, ...] | None:
    """Return the include lines that lead from a template to a file, or None where none do."""
    source = templates.find(name)
    if source.path == path:
        return ()
    for included, line in templates.dependencies.read_facts(name).includes:
        inner = _find_chain(templates, included, path)
        if inner is not None:
            return (Origin(source.path, line), *inner)
    return None
