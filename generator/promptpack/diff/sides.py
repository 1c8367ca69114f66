"""What stands on the two sides of a comparison: a project or a built folder in, a `Side` out."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import MappingProxyType

from promptpack.build import build_project
from promptpack.diff.model import Origins, Output, Side
from promptpack.diff.segments import split_segments
from promptpack.model import Artifact, Origin, UserError, Variant
from promptpack.output.manifest import MANIFEST
from promptpack.output.plan import describe_artifact, make_key
from promptpack.provenance.tracer import Tracer
from promptpack.reading.project import load_project
from promptpack.rendering.includes import LAYOUT
from promptpack.rendering.sandbox import Templates
from promptpack.rendering.variants import iter_uses
from promptpack.targets import TARGETS


def build_project_side(root: Path, label: str, name: str) -> Side:
    """Return the side that a project's sources build.

    Raises UserError with its findings under `name`, where it does not build.
    """
    try:
        project = load_project(root)
        artifacts = build_project(project)
    except UserError as error:
        findings = (
            finding._replace(path=f"{name}:{finding.path}" if finding.path else name)
            for finding in error.findings
        )
        raise UserError(tuple(findings)) from None
    tracer = Tracer(project)
    find_sources = _make_source_finder(tracer.composer.templates)
    outputs = [
        _make_output(tracer, artifact, find_sources(artifact.variant)) for artifact in artifacts
    ]
    return Side(label, {output.key: output for output in outputs}, project.sources)


def read_folder_side(folder: Path, label: str) -> Side:
    """Return the side of a built folder: which client a file is for is told by its path.

    Links are not followed, and where the lines come from is not known.
    """
    outputs = {}
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and not path.is_symlink() and path.name != MANIFEST:
            outputs[key] = _make_folder_output(
                key, path.read_bytes().decode("utf-8", "surrogateescape")
            )
    return Side(label, outputs, {}, origins_known=False)


OutputSources = tuple[tuple[tuple[Origin, frozenset[str]], ...], tuple[str, ...]]


def _make_output(tracer: Tracer, artifact: Artifact, output_sources: OutputSources) -> Output:
    text = artifact.content.decode()
    sections = tuple(section.name for section in artifact.variant.sections)
    origins, values = _make_origin_finders(tracer, artifact, text, sections)
    return Output(
        key=make_key(artifact.path, artifact),
        text=text,
        target=artifact.target,
        stem=artifact.agent.name,
        dims=MappingProxyType(describe_artifact(artifact)),
        sections=sections,
        origins=origins,
        values=values,
        uses=output_sources[0],
        sources=output_sources[1],
    )


def _make_origin_finders(
    tracer: Tracer, artifact: Artifact, text: str, sections: tuple[str, ...]
) -> tuple[Callable[[int], Origins], Callable[[int, frozenset[Origin]], Origins]]:
    """Return what tells where a piece's text comes from, and of what values among some it is made.

    For the prompt the first is known; for the head, and for values, that is more work.
    """

    @cache
    def find_start() -> int:
        body = [f"{line.text}\n" for line in artifact.agent.body]
        lines = [segment.text for segment in split_segments(text, sections)]
        candidates = (n for n, line in enumerate(lines) if line == body[0])
        return next((n for n in candidates if lines[n : n + len(body)] == body), len(lines))

    @cache
    def trace_lines() -> tuple[Origins, ...]:
        return tracer.lines(artifact, values=False)

    def find_offset(index: int) -> int | None:
        offset = index - find_start()
        return offset if 0 <= offset < len(artifact.agent.body) else None

    def find_origins(index: int) -> Origins:
        offset = find_offset(index)
        if offset is None:
            return trace_lines()[split_segments(text, sections)[index].line]
        return (artifact.agent.body[offset].origin,)

    def find_values(index: int, candidates: frozenset[Origin]) -> Origins:
        offset = find_offset(index)
        return () if offset is None else tracer.body(artifact, candidates)[offset]

    return find_origins, find_values


def _make_source_finder(templates: Templates) -> Callable[[Variant], OutputSources]:
    """Return a function that tells the use lines of a variant, and all files it is made of."""

    @cache
    def find_paths(name: str) -> frozenset[str]:
        return frozenset(templates.find(n).path for n in templates.dependencies.closure(name))

    sources_by_variant: dict[tuple[str, str], OutputSources] = {}

    def find_sources(variant: Variant) -> OutputSources:
        key = variant.pack.name, variant.name
        if key not in sources_by_variant:
            use_lines = tuple(
                (use.origin, find_paths(use.fragment)) for use in iter_uses(variant.sections)
            )
            layout = templates.find(f"{LAYOUT}{variant.model.layout}").path
            files = {path for _, used_paths in use_lines for path in used_paths}
            frame_paths = (variant.pack.path, variant.policy.path, variant.model.path, layout)
            sources_by_variant[key] = use_lines, (*frame_paths, *sorted(files))
        return sources_by_variant[key]

    return find_sources


def _make_folder_output(key: str, text: str) -> Output:
    """Return a file of a built folder: `<target>/<variant>/…`, else a client's own path."""
    first, _, rest = key.partition("/")
    variant, _, inner_path = rest.partition("/")
    if (
        first in TARGETS
        and (stem := _match_stem(TARGETS[first].path, inner_path, whole=True)) is not None
    ):
        model, _, policy = variant.partition(".")
        dims = {"target": first, "pack": stem or "shared", "model": model, "policy": policy}
        return Output(key, text, first, stem, MappingProxyType(dims))
    for name, target in TARGETS.items():
        if not target.path.startswith("{"):
            stem = _match_stem(target.path, key, whole=False)
            if stem is not None:
                return Output(key, text, name, stem, MappingProxyType({"target": name}))
    return Output(key, text)


def _match_stem(pattern: str, path: str, *, whole: bool) -> str | None:
    """Return the agent's name in a path, "" where that has none; None where it is another file."""
    expression = re.escape(pattern).replace(r"\{name\}", "(?P<name>[^/]+)")
    match = re.fullmatch(expression if whole else f"(?:.*/)?{expression}", path)
    return None if match is None else match.groupdict().get("name", "")
