"""What stands on the two sides of a comparison: a project or a built folder in, a `Side` out."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType

from promptpack.build import render
from promptpack.diff.attached import (
    iter_attached_outputs,
    list_comparable_sources,
    make_built_output,
)
from promptpack.diff.axes import describe_variant
from promptpack.diff.model import Origins, Output, PlacedPrompt, Side
from promptpack.diff.segments import (
    Segments,
    find_head,
    name_marks,
    split_composed,
)
from promptpack.diff.shared_build import SharedBuild
from promptpack.git.extract import open_sources
from promptpack.git.repository import Repository
from promptpack.git.revisions import Revision
from promptpack.model import Artifact, Origin, UserError
from promptpack.model.sections import make_title
from promptpack.output.plan import describe_artifact, make_key
from promptpack.output.used_sources import make_source_finder
from promptpack.reading.project import load_in_memory, load_project
from promptpack.reading.roots import OUTPUT_FOLDER
from promptpack.rendering.lines import Lines
from promptpack.session import Session
from promptpack.source.disk import (
    UnreadableFileError,
    describe_failure,
    is_executable,
    read_regular_file,
    walk_folder,
)
from promptpack.source.text import Span, make_finding
from promptpack.targets import TARGETS, Target

OUTPUT_LIMIT = 16 << 20
"""How many bytes a file of a built folder may have."""

_OWN_PREFIX = ".promptpack"
"""How the names of promptpack's own files begin: of its manifest, its lock and what it stages."""


def build_project_side(
    root: Path, label: str, name: str, shared: SharedBuild | None = None
) -> Side:
    """Return the side that a project's sources build; both sides of a comparison get one `shared`.

    Raises UserError with its findings under `name`, where it does not build.
    """
    shared = shared or SharedBuild()
    with name_findings(name):
        project = load_project(root, shared.project, shared.disk)
        return make_project_side(Session(project), label, shared)


def build_commit_side(
    repository: Repository,
    revision: Revision,
    name: str,
    shared: SharedBuild | None = None,
    tell_submodules: Callable[[Mapping[str, str]], None] = lambda _: None,
) -> Side:
    """Return the side that the sources of a project in a commit build.

    `tell_submodules` gets those among the sources, each path with its commit, before anything is
    built. Raises UserError with its findings under `name`.
    """
    shared = shared or SharedBuild()
    with ExitStack() as stack:
        with name_findings(name):
            sources = stack.enter_context(open_sources(repository, revision.commit, shared.disk))
        tell_submodules(sources.submodules)
        with name_findings(name):
            if sources.files is None:
                project = load_project(sources.folder, shared.project)
            else:
                project = load_in_memory(sources.folder, sources.files, shared.project)
            return make_project_side(Session(project), revision.label, shared)


@contextmanager
def name_findings(name: str) -> Iterator[None]:
    """Say of each finding in a UserError that the block raises on which side it is.

    So it has a place, whatever it is about, and the comparison can't pass for a wrong word.
    """
    try:
        yield
    except UserError as error:
        findings = (
            finding._replace(path=f"{name}:{finding.path}" if finding.path else name)
            for finding in error.findings
        )
        raise UserError(tuple(findings)) from None


def make_project_side(session: Session, label: str, shared: SharedBuild | None = None) -> Side:
    """Return the side that a project builds; raises UserError where it does not build."""
    shared = shared or SharedBuild()
    shared.begin(session)
    artifacts = tuple(render(session, find_known=shared.make_finder(session)))
    side = make_built_side(session, artifacts, label, shared)
    shared.keep(session, artifacts, side.outputs)
    return side


def make_built_side(
    session: Session,
    artifacts: Iterable[Artifact],
    label: str,
    shared: SharedBuild | None = None,
) -> Side:
    """Return the side of a project of which all artifacts are there."""
    outputs = _ProjectOutputs(session, artifacts, shared or SharedBuild()).make_outputs()
    texts = {**session.project.sources, **list_comparable_sources(session.project)}
    return Side(label, outputs, texts, out=session.project.out or OUTPUT_FOLDER)


def read_folder_side(folder: Path, label: str) -> Side:
    """Return the side of a built folder: the path of a file says which client it is for.

    Links are not followed, and where the lines come from is not known. Raises UserError for what
    can't be read.
    """
    outputs = {}
    findings = []
    for entry in sorted(walk_folder(folder)):
        path, key = entry.path, entry.path.relative_to(folder).as_posix()
        is_own = path.name.startswith(_OWN_PREFIX)
        if path.is_symlink() or is_own or (entry.is_folder and not entry.problem):
            continue
        try:
            if entry.problem:
                raise UnreadableFileError(entry.problem)
            content = read_regular_file(path, OUTPUT_LIMIT)
            copy = make_built_output(key, content, is_executable=is_executable(path))
            text = content.decode("utf-8", "surrogateescape")
            outputs[key] = copy or make_folder_output(key, text)
        except FileNotFoundError:
            continue  # a build may remove it at any moment
        except UnreadableFileError as error:
            reason = describe_failure(error)
            findings.append(make_finding("PP001", f"{label}/{key}", Span(1, 1), reason))
    if findings:
        raise UserError(tuple(findings))
    return Side(label, outputs, {}, origins_known=False)


class _ProjectOutputs:
    """The outputs of one project by key; their lines are split and traced when somebody asks."""

    def __init__(
        self, session: Session, artifacts: Iterable[Artifact], shared: SharedBuild
    ) -> None:
        self._shared = shared
        self.tracer = session.tracer
        self._find_sources = make_source_finder(session)
        self._artifacts = {make_key(artifact.path, artifact): artifact for artifact in artifacts}
        self._place = lru_cache(maxsize=16)(self._place_anew)
        self._trace = lru_cache(maxsize=16)(self._trace_anew)
        self._split = lru_cache(maxsize=16)(self._split_anew)
        self._trace_file = lru_cache(maxsize=16)(self._trace_file_anew)

    def make_outputs(self) -> dict[str, Output]:
        """Return the outputs."""
        outputs = {
            key: self._shared.find_output(key, one) or self._make_output(key, one)
            for key, one in self._artifacts.items()
        }
        return outputs | dict(iter_attached_outputs(self._artifacts.values()))

    def _make_output(self, key: str, artifact: Artifact) -> Output:
        uses, frame, sources = self._find_sources(artifact)
        return Output(
            key=key,
            text=artifact.text,
            target=artifact.target,
            stem=artifact.agent.stem,
            dims=MappingProxyType(describe_artifact(artifact)),
            split=lambda: self._split(key)[0],
            placed=partial(self._place, key),
            prompt=artifact.agent.prompt,
            origins=partial(self._find_origins, key),
            values=partial(self._find_values, key),
            uses=uses,
            frame=frame,
            sources=sources,
        )

    def _place_anew(self, key: str) -> PlacedPrompt | None:
        """Return the front matter and the prompt of an output that is both and nothing else."""
        artifact = self._artifacts[key]
        prompt = artifact.agent.prompt
        head = find_head(artifact.text, prompt)
        if head is None:
            return None
        lines = self.tracer.composer.place_lines(artifact.variant, artifact.target, prompt)
        return None if lines is None else PlacedPrompt(head, lines)

    def _trace_anew(self, key: str) -> tuple[Lines, str | None]:
        """Return the lines of an output's prompt, and its front matter if it is only both."""
        artifact = self._artifacts[key]
        lines = self.tracer.trace_prompt(artifact)
        return lines, find_head(artifact.text, "".join([f"{line.text}\n" for line in lines]))

    def _split_anew(self, key: str) -> tuple[Segments, int]:
        """Return the segments of an output, and the number of the first one of its prompt."""
        artifact, (lines, head) = self._artifacts[key], self._trace(key)
        return split_composed(artifact.text, head, lines, _name_marks(artifact))

    def _trace_file_anew(self, key: str) -> tuple[Origins, ...]:
        return self.tracer.trace_file(self._artifacts[key], values=False)

    def _find_origins(self, key: str, index: int) -> Origins:
        """Return the origins of a segment: in the prompt, where its text was written."""
        placed = self._place(key)
        if placed and (line := placed.lines.find_line(index - placed.start)):
            return (line.origin,)
        segments, start = self._split(key)
        lines, _ = self._trace(key)
        if 0 <= index - start < len(lines):
            return (lines[index - start].origin,)
        return self._trace_file(key)[segments[index].line]

    def _find_values(self, key: str, index: int, candidates: frozenset[Origin]) -> Origins:
        """Return which of some lines a segment of the prompt shows, or depends on."""
        artifact, offset = self._artifacts[key], index - self._split(key)[1]
        if not 0 <= offset < len(self._trace(key)[0]):
            return ()
        return self.tracer.trace_values(artifact, candidates)[offset]


def _name_marks(artifact: Artifact) -> Mapping[str, str]:
    """Return the names that a layout may mark, by the slugs of what it writes."""
    sections = artifact.variant.sections
    names = {part.name: make_title(part.name) for one in sections for part in one.parts}
    names |= {section.name: section.heading for section in sections}
    return name_marks(names, artifact.variant.pack.title)


def make_folder_output(key: str, text: str) -> Output:
    """Return a file of a built folder: `<target>/<variant>/…`, else a client's own path."""
    first, _, rest = key.partition("/")
    variant, _, inner_path = rest.partition("/")
    if first in TARGETS and (stem := TARGETS[first].find_stem(inner_path)) is not None:
        dims = {"target": first, "pack": stem or "shared", **describe_variant(variant)}
        return Output(key, text, first, stem, MappingProxyType(dims))
    for name, target in TARGETS.items():
        if not target.path.startswith("{"):
            stem = _find_inner_stem(target, key)
            if stem is not None:
                return Output(key, text, name, stem, MappingProxyType({"target": name}))
    return Output(key, text)


def _find_inner_stem(target: Target, path: str) -> str | None:
    """Return the stem of a client's file in some folder, or None where it is none of its files."""
    parts = path.split("/")
    inner_paths = ("/".join(parts[start:]) for start in range(len(parts) - 1, -1, -1))
    stems = (target.find_stem(inner_path) for inner_path in inner_paths)
    return next((stem for stem in stems if stem is not None), None)
