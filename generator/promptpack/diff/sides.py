"""What stands on the two sides of a comparison: a project or a built folder in, a `Side` out."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import MappingProxyType

from promptpack.build import build
from promptpack.diff.model import Origins, Output, Side
from promptpack.diff.segments import pieces
from promptpack.model import Artifact, Origin, UserError, Variant
from promptpack.output.manifest import MANIFEST
from promptpack.output.plan import about, key_of
from promptpack.provenance.tracer import Tracer
from promptpack.reading.project import load
from promptpack.rendering.includes import LAYOUT
from promptpack.rendering.sandbox import Templates
from promptpack.rendering.variants import uses
from promptpack.targets import TARGETS


def project_side(root: Path, label: str, name: str) -> Side:
    """Return the side that a project's sources build.

    Raises UserError with its findings under `name`, where it does not build.
    """
    try:
        project = load(root)
        artifacts = build(project)
    except UserError as error:
        told = (f._replace(path=f"{name}:{f.path}" if f.path else name) for f in error.findings)
        raise UserError(tuple(told)) from None
    tracer = Tracer(project)
    made_of = _made_of(tracer.composer.templates)
    outputs = [_output(tracer, artifact, made_of(artifact.variant)) for artifact in artifacts]
    return Side(label, {output.key: output for output in outputs}, project.sources)


def folder_side(folder: Path, label: str) -> Side:
    """Return the side of a built folder: which client a file is for is told by its path.

    Links are not followed, and where the lines come from is not known.
    """
    outputs = {}
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and not path.is_symlink() and path.name != MANIFEST:
            outputs[key] = _found(key, path.read_bytes().decode("utf-8", "surrogateescape"))
    return Side(label, outputs, {}, origins_known=False)


Uses = tuple[tuple[tuple[Origin, frozenset[str]], ...], tuple[str, ...]]


def _output(tracer: Tracer, artifact: Artifact, uses: Uses) -> Output:
    text = artifact.content.decode()
    sections = tuple(section.name for section in artifact.variant.sections)
    origins, values = _traced(tracer, artifact, text, sections)
    return Output(
        key=key_of(artifact.path, artifact),
        text=text,
        target=artifact.target,
        stem=artifact.agent.name,
        dims=MappingProxyType(about(artifact)),
        sections=sections,
        origins=origins,
        values=values,
        uses=uses[0],
        sources=uses[1],
    )


def _traced(
    tracer: Tracer, artifact: Artifact, text: str, sections: tuple[str, ...]
) -> tuple[Callable[[int], Origins], Callable[[int, frozenset[Origin]], Origins]]:
    """Return what tells where a piece's text comes from, and of what values among some it is made.

    For the prompt the first is known; for the head, and for values, that is more work.
    """

    @cache
    def start() -> int:
        body = [f"{line.text}\n" for line in artifact.agent.body]
        lines = [piece.text for piece in pieces(text, sections)]
        begins = (n for n, line in enumerate(lines) if line == body[0])
        return next((n for n in begins if lines[n : n + len(body)] == body), len(lines))

    @cache
    def by_line() -> tuple[Origins, ...]:
        return tracer.lines(artifact, values=False)

    def inside(piece: int) -> int | None:
        offset = piece - start()
        return offset if 0 <= offset < len(artifact.agent.body) else None

    def origins(piece: int) -> Origins:
        offset = inside(piece)
        if offset is None:
            return by_line()[pieces(text, sections)[piece].line]
        return (artifact.agent.body[offset].origin,)

    def values(piece: int, among: frozenset[Origin]) -> Origins:
        offset = inside(piece)
        return () if offset is None else tracer.body(artifact, among)[offset]

    return origins, values


def _made_of(templates: Templates) -> Callable[[Variant], Uses]:
    """Return a function that tells the use lines of a variant, and all files it is made of."""

    @cache
    def paths(name: str) -> frozenset[str]:
        return frozenset(templates.find(n).path for n in templates.dependencies.closure(name))

    found: dict[tuple[str, str], Uses] = {}

    def made_of(variant: Variant) -> Uses:
        key = variant.pack.name, variant.name
        if key not in found:
            lines = tuple((use.origin, paths(use.fragment)) for use in uses(variant.sections))
            layout = templates.find(f"{LAYOUT}{variant.model.layout}").path
            files = {path for _, some in lines for path in some}
            first = (variant.pack.path, variant.policy.path, variant.model.path, layout)
            found[key] = lines, (*first, *sorted(files))
        return found[key]

    return made_of


def _found(key: str, text: str) -> Output:
    """Return a file of a built folder: `<target>/<variant>/…`, else a client's own path."""
    first, _, rest = key.partition("/")
    variant, _, inside = rest.partition("/")
    if first in TARGETS and (stem := _stem(TARGETS[first].path, inside, whole=True)) is not None:
        model, _, policy = variant.partition(".")
        dims = {"target": first, "pack": stem or "shared", "model": model, "policy": policy}
        return Output(key, text, first, stem, MappingProxyType(dims))
    for name, target in TARGETS.items():
        if not target.path.startswith("{"):
            stem = _stem(target.path, key, whole=False)
            if stem is not None:
                return Output(key, text, name, stem, MappingProxyType({"target": name}))
    return Output(key, text)


def _stem(pattern: str, path: str, *, whole: bool) -> str | None:
    """Return the agent's name in a path, "" where that has none; None where it is another file."""
    found = re.escape(pattern).replace(r"\{name\}", "(?P<name>[^/]+)")
    match = re.fullmatch(found if whole else f"(?:.*/)?{found}", path)
    return None if match is None else match.groupdict().get("name", "")
