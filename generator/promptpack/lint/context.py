"""What rules look at: a project and its artifacts in, the questions that rules ask of them out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from promptpack.lint.prose import Sentence, SentenceSplitter, skip_code_fences
from promptpack.model import (
    Artifact,
    Finding,
    Line,
    Model,
    Pack,
    Policy,
    Project,
    Section,
    Source,
    Variant,
)
from promptpack.model.root import find_prefix
from promptpack.rendering.includes import LAYOUT, Dependencies
from promptpack.rendering.permissions import Permissions
from promptpack.rendering.variants import list_all_sections
from promptpack.session import Session
from promptpack.source.strict_yaml import Document


@dataclass(frozen=True)
class RenderedPrompt:
    """The prompt of one variant, as some of its targets are given it."""

    variant: Variant
    lines: tuple[Line, ...]
    targets: list[str] = field(default_factory=list)

    @cached_property
    def prose(self) -> tuple[Line, ...]:
        """The lines that stand in no code fence."""
        return tuple(skip_code_fences(self.lines))

    @cached_property
    def paths(self) -> frozenset[str]:
        """The files that lines come from."""
        return frozenset(line.origin.path for line in self.lines)


@dataclass(frozen=True)
class LintContext:
    """A project that builds, and all of its artifacts."""

    session: Session
    artifacts: tuple[Artifact, ...]

    @property
    def project(self) -> Project:
        """The project."""
        return self.session.project

    @property
    def dependencies(self) -> Dependencies:
        """What each template depends on."""
        return self.session.templates.dependencies

    @cached_property
    def own_texts(self) -> dict[str, str]:
        """The texts of the files that the project may change, by path."""
        texts = self.project.sources.items()
        return {path: text for path, text in texts if self.project.is_writable(path)}

    @cached_property
    def checked_texts(self) -> dict[str, str]:
        """The same, and the texts that packs use of libraries of other people, by path."""
        texts = self.project.sources.items()
        used = {path: text for path, text in texts if path in self.packs_by_path}
        return self.own_texts | {path: text for path, text in used.items() if find_prefix(path)}

    @cached_property
    def attached_texts(self) -> dict[str, str]:
        """The texts of the files that go beside skills, by path; other files have none."""
        files = self.project.attached.items()
        return {path: file.text for path, file in files if file.text is not None}

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        return {}

    def list_lines(self, path: str) -> list[str]:
        """Return the lines of a source, or of a file that goes beside a skill; split once."""
        if path not in self._lines:
            text = self.project.sources.get(path) or self.attached_texts.get(path, "")
            self._lines[path] = text.split("\n")
        return self._lines[path]

    @cached_property
    def prompts(self) -> tuple[RenderedPrompt, ...]:
        """The different prompts, in the order of the artifacts."""
        prompts: dict[tuple[str, str, tuple[Line, ...]], RenderedPrompt] = {}
        for artifact in self.artifacts:
            variant, lines = artifact.variant, self.session.tracer.trace_prompt(artifact)
            key = variant.pack.name, variant.name, lines
            prompts.setdefault(key, RenderedPrompt(variant, lines)).targets.append(artifact.target)
        return tuple(prompts.values())

    @cached_property
    def prompts_by_pack(self) -> Mapping[str, list[RenderedPrompt]]:
        """The different prompts of each pack, by its name."""
        prompts: dict[str, list[RenderedPrompt]] = defaultdict(list)
        for prompt in self.prompts:
            prompts[prompt.variant.pack.name].append(prompt)
        return prompts

    @cached_property
    def prose_lines(self) -> tuple[Line, ...]:
        """The different lines of all prompts that stand in no code fence."""
        return tuple(dict.fromkeys(line for prompt in self.prompts for line in prompt.prose))

    def split_sentences(self, prompt: RenderedPrompt) -> Iterator[Sentence]:
        """Yield the sentences of a prompt."""
        return self._splitter.split(prompt.prose)

    @cached_property
    def _splitter(self) -> SentenceSplitter:
        return SentenceSplitter()

    def find_permissions(self, variant: Variant, target: str) -> Permissions:
        """Return a variant's policy, and what is left of it in a target's file."""
        return self.session.composer.permissions.find(variant, target)

    @cached_property
    def untraced(self) -> tuple[Finding, ...]:
        """The findings on templates whose lines can't be traced."""
        assert self.prompts is not None  # noqa: S101 - they are traced first
        return tuple(self.session.untraced)

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """The policies that some pack uses."""
        return tuple(p for p in self.project.policies.values() if p.path in self.packs_by_path)

    @cached_property
    def packs_by_path(self) -> Mapping[str, frozenset[str]]:
        """The packs that a file is used by, by the file's path; none for what no pack uses."""
        names_by_path: dict[str, set[str]] = defaultdict(set)
        for pack in self.project.packs.values():
            for path in self._iter_paths(pack):
                names_by_path[path].add(pack.name)
        return {path: frozenset(names) for path, names in names_by_path.items()}

    def templates(self, section: Section) -> Iterator[Source]:
        """Yield the fragments of a section and all that they include."""
        for part in section.parts:
            for use in part.uses:
                yield from self.closure(use.fragment)

    def closure(self, name: str) -> Iterator[Source]:
        """Yield a template and all that it includes."""
        yield from (
            self.dependencies.find(template) for template in self.dependencies.closure(name)
        )

    def list_models(self, pack: Pack) -> Iterable[Model]:
        """Return the models of a pack."""
        return [self.project.models[name] for name in pack.models]

    def document(self, path: str) -> Document:
        """Return the YAML of a file with its places; of a fragment, that of its front matter."""
        return self.session.documents.read(path)

    def _iter_paths(self, pack: Pack) -> Iterator[str]:
        yield pack.path
        yield from (file.source for file in pack.files)
        yield from (shared.path for shared in self.project.shared.values())
        for section in list_all_sections(self.project, pack):
            yield from (source.path for source in self.templates(section))
        for model in self.list_models(pack):
            yield model.path
            yield from (source.path for source in self.closure(LAYOUT + model.layout))
        settings = pack.clients.values()
        names = {name for one in settings for name in one.policies.values()}.union(pack.policies)
        yield from (self.project.policies[name].path for name in sorted(names))
        yield from sorted(pack.list_texts() | pack.list_heads())
