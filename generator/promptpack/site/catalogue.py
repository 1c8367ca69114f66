"""What the pages look up: a project and its artifacts in, their relations and page paths out."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType

from promptpack.model import (
    Artifact,
    Effect,
    Fragment,
    Origin,
    Pack,
    Project,
    Source,
    Variant,
    is_in_project,
    split_source_path,
    split_translation,
)
from promptpack.output.rights import RightsFinder
from promptpack.provenance.tracer import Tracer
from promptpack.session import Session
from promptpack.site.abilities import Abilities, Question, find_abilities, find_answers
from promptpack.site.address import LEGEND_PAGE
from promptpack.site.client_merge import LineOrigins
from promptpack.site.shared import SharedPieces
from promptpack.site.site_parts import SiteParts
from promptpack.source.text import split_lines
from promptpack.targets import TARGETS

HOME_PAGE = "index.md"
FRAGMENT_INDEX = "fragments/index.md"
POLICY_INDEX = "reference/policies/index.md"
MODEL_INDEX = "reference/models/index.md"
TARGET_INDEX = LEGEND_PAGE
LAYOUT_INDEX = "reference/layouts/index.md"
PROJECT_PAGE = "reference/project.md"
RULE_INDEX = "reference/rules/index.md"
COMMAND_INDEX = "reference/commands/index.md"
QUESTION_INDEX = "find/index.md"
COMPARE_PAGE = "compare.md"
CHANGES_PAGE = "changes.md"

MAX_TRACED_VARIANTS = 200
"""Up to how many variants the values in a line (variables, parameters) are traced too.

Each is found by changing it and composing again. Beyond, a line has the place where it is written,
and what stands around the prompt has the files that it is made from; `explain` still tells all.
"""

_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class Catalog:
    """A project with what was built from it.

    `variants` are those of each pack, `files` the artifacts of each pack's variant in the order of
    the targets, `find_reached` the variants whose prompt holds a line of a source, by its path,
    `places` the page that shows a source, `abilities` what the file of each pack's variant lets an
    agent do, by target. `origins` tells where the lines of an artifact come from,
    `pieces` renders what pages share. `edit` is the address before a source's path where it can be
    edited; empty where that is not known. `policy_files` are the files of agents by the policy that
    they get and the target. `kept` has parts of the last site.
    """

    project: Project
    variants: Mapping[str, tuple[Variant, ...]]
    files: Mapping[tuple[str, str], tuple[Artifact, ...]]
    find_reached: Callable[[], Mapping[str, tuple[Variant, ...]]]
    places: Mapping[str, str]
    abilities: Mapping[tuple[str, str], Mapping[str, Abilities]]
    origins: Callable[[Artifact], LineOrigins]
    pieces: SharedPieces
    edit: str = ""
    policy_files: Mapping[tuple[str, str], tuple[Artifact, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    kept: SiteParts = field(default_factory=SiteParts)

    def list_files(self, variant: Variant) -> tuple[Artifact, ...]:
        """Return the files of a variant, one a target."""
        return self.files[variant.pack.name, variant.name]

    def list_policy_files(self, policy: str, target: str) -> tuple[Artifact, ...]:
        """Return the files for a client of the agents that get a policy there."""
        return self.policy_files.get((policy, target), ())

    def iter_variants(self) -> Iterator[Variant]:
        """Yield all variants, pack by pack."""
        for variants in self.variants.values():
            yield from variants

    def list_reached(self, path: str) -> tuple[Variant, ...]:
        """Return the variants whose prompt holds a line of a source."""
        return self._reached.get(path, ())

    def list_answers(self, question: Question, target: str) -> tuple[Variant, ...]:
        """Return the variants whose file for a client does what a question asks for."""
        return self._answers.get((question.name, target), ())

    def list_targets(self) -> list[str]:
        """Return the names of the clients that something is built for, in the order of targets."""
        return self._targets

    @cached_property
    def _reached(self) -> Mapping[str, tuple[Variant, ...]]:
        return self.find_reached()

    @cached_property
    def _answers(self) -> Mapping[tuple[str, str], tuple[Variant, ...]]:
        pairs = ((variant, self.list_abilities(variant)) for variant in self.iter_variants())
        return find_answers(pairs)

    @cached_property
    def _targets(self) -> list[str]:
        used = {artifact.target for files in self.files.values() for artifact in files}
        return [name for name in TARGETS if name in used]

    def list_abilities(self, variant: Variant) -> Mapping[str, Abilities]:
        """Return what an agent may do by each file of a variant, by target."""
        return self.abilities[variant.pack.name, variant.name]

    def find_default_variant(self, pack: Pack) -> Variant:
        """Return the variant that a pack names as its default."""
        return next(variant for variant in self.variants[pack.name] if variant.is_default)

    def make_edit_address(self, path: str) -> str:
        """Return where a source of the project can be edited, or nothing."""
        return f"{self.edit}{path}" if self.edit and is_in_project(path) else ""


def make_catalog(
    session: Session,
    artifacts: Iterable[Artifact],
    edit: str = "",
    kept: SiteParts | None = None,
) -> Catalog:
    """Return the relations between the artifacts of a project.

    Which sources the prompt of an artifact comes from is taken from `kept` if it is the same.
    """
    kept = kept or SiteParts()
    project, tracer = session.project, session.tracer
    kept_artifacts = tuple(artifacts)
    variants: dict[str, dict[str, Variant]] = {name: {} for name in project.packs}
    files: dict[tuple[str, str], list[Artifact]] = defaultdict(list)
    policy_files: dict[tuple[str, str], list[Artifact]] = defaultdict(list)
    for artifact in kept_artifacts:
        variant = artifact.variant
        key = variant.pack.name, variant.name
        variants[variant.pack.name][variant.name] = variant
        files[key].append(artifact)
        policy_files[artifact.agent.policy.name, artifact.target].append(artifact)
    return Catalog(
        project,
        {name: tuple(group.values()) for name, group in variants.items()},
        {key: tuple(group) for key, group in files.items()},
        partial(_find_reached, kept, tracer, kept_artifacts),
        _map_source_pages(project),
        _map_abilities(session, files, kept),
        tracer.trace_file
        if sum(map(len, variants.values())) <= MAX_TRACED_VARIANTS
        else partial(_list_composed_origins, tracer),
        SharedPieces(),
        edit,
        {key: tuple(group) for key, group in policy_files.items()},
        kept,
    )


def _find_reached(
    kept: SiteParts, tracer: Tracer, artifacts: Iterable[Artifact]
) -> Mapping[str, tuple[Variant, ...]]:
    """Return the variants whose prompt holds a line of a source, by its path."""
    reached: dict[str, dict[tuple[str, str], Variant]] = defaultdict(dict)
    for artifact in artifacts:
        variant = artifact.variant
        key = variant.pack.name, variant.name
        list_sources = partial(_list_prompt_sources, tracer, artifact)
        for path in kept.reuse(("sources", *key, artifact.target), [artifact], list_sources):
            reached[path][key] = variant
    return {path: tuple(group.values()) for path, group in reached.items()}


def _list_prompt_sources(tracer: Tracer, artifact: Artifact) -> frozenset[str]:
    return frozenset(line.origin.path for line in tracer.trace_prompt(artifact))


def locate_pack_page(pack: Pack) -> str:
    """Return the path of a pack's page."""
    return f"packs/{pack.name}/index.md"


def locate_variant_page(variant: Variant) -> str:
    """Return the path of a variant's page."""
    return f"packs/{variant.pack.name}/{variant.name}.md"


def locate_raw_file(artifact: Artifact) -> str:
    """Return the path of an artifact's own bytes in the site.

    No folder of it starts with a dot, which hosts leave out, and its name is no page's: it is saved
    under the client's own name.
    """
    variant = artifact.variant
    return f"raw/{artifact.target}/{variant.pack.name}/{variant.name}.txt"


def locate_question_page(question: str, target: str) -> str:
    """Return the path of the page that answers a question for a client."""
    return f"find/{question}/{target}.md"


def locate_data_file(pack: Pack) -> str:
    """Return the path of the script that holds the files of a pack for other scripts."""
    return f"data/{pack.name}.js"


def locate_fragment_page(fragment: Fragment) -> str:
    """Return the path of a fragment's page: a pack's own fragments lie with the pack.

    Only that of a translation has a dot before its ending, so it is no other fragment's page.
    """
    source, language = split_translation(fragment.name)
    name = (source or fragment.name).removesuffix(".md" if fragment.pack else "")
    end = f".{language}.md" if language else ".md"
    if fragment.pack:
        relative_name = split_source_path(name)[1].removeprefix(f"packs/{fragment.pack}/")
        return f"packs/{fragment.pack}/fragments/{make_slug(relative_name)}{end}"
    return f"fragments/{make_slug(name)}{end}"


def locate_text_page(path: str) -> str:
    """Return the path of the page of a text that is a prompt, by its source path."""
    _, pack, name = path.split("/", 2)
    return f"packs/{pack}/texts/{make_slug(name)}.md"


def locate_reference_page(index: str, name: str) -> str:
    """Return the path of the page of a policy, model or target beside the index of its kind."""
    return f"{index.removesuffix('index.md')}{make_slug(name)}.md"


def make_slug(name: str) -> str:
    """Return a name as a path that is safe in a link, on disk and beside an index page.

    >>> make_slug("standards/async-first")
    'standards/async-first'
    """
    return "/".join(_make_slug_part(part) for part in name.split("/"))


def shorten_source_path(path: str) -> str:
    """Return what a source file is called where there is little room.

    >>> shorten_source_path("promptpack:templates/fragments/standards/async-first.md")
    'standards/async-first'
    """
    relative_path = split_source_path(path)[1].removeprefix("templates/")
    if relative_path.startswith("fragments/"):
        return relative_path.removeprefix("fragments/").removesuffix(".md")
    return relative_path.split("/", 2)[2] if relative_path.startswith("packs/") else relative_path


def _list_composed_origins(tracer: Tracer, artifact: Artifact) -> LineOrigins:
    """Return the origins of a file's lines from composing; those of front matter by file."""
    variant, body = artifact.variant, tracer.trace_prompt(artifact)
    file_origins = tuple(
        Origin(item.path, 1) for item in (variant.pack, variant.model, artifact.agent.policy)
    )
    line_count = len(split_lines(artifact.text))
    prompt_index = artifact.text.rfind(artifact.agent.prompt)
    if prompt_index < 0:
        return (file_origins,) * line_count
    start = artifact.text.count("\n", 0, prompt_index)
    lines = tuple((line.origin,) for line in body)
    return ((file_origins,) * start + lines + (file_origins,) * line_count)[:line_count]


def _map_abilities(
    session: Session, files: Mapping[tuple[str, str], Sequence[Artifact]], kept: SiteParts
) -> dict[tuple[str, str], Mapping[str, Abilities]]:
    """Return what the files of each variant let an agent do; no prompt decides about that."""
    finder = RightsFinder(session)
    known: dict[tuple[tuple[str, Effect], ...], Abilities] = {}

    def find(artifact: Artifact) -> Abilities:
        policy = finder.find_policy(artifact.variant, TARGETS[artifact.target])
        abilities = find_abilities(policy)
        return known.setdefault(tuple(abilities.items()), abilities)

    def find_all(group: Sequence[Artifact]) -> Mapping[str, Abilities]:
        return {artifact.target: find(artifact) for artifact in group}

    abilities_by_variant = {}
    for key, group in files.items():
        variant = group[0].variant
        made_of: list[object] = [*session.project.shared.values(), variant.pack, variant.model]
        for artifact in group:
            made_of += (artifact.target, artifact.agent.policy, artifact.agent.form.head)
        abilities_by_variant[key] = kept.reuse(
            ("abilities", *key), made_of, partial(find_all, group)
        )
    return abilities_by_variant


def _map_source_pages(project: Project) -> dict[str, str]:
    indexed_items = [
        (POLICY_INDEX, project.policies),
        (MODEL_INDEX, project.models),
        (LAYOUT_INDEX, project.layouts),
    ]
    pages = {pack.path: locate_pack_page(pack) for pack in project.packs.values()}
    pages |= {
        fragment.path: locate_fragment_page(fragment) for fragment in project.fragments.values()
    }
    texts = (
        path
        for pack in project.packs.values()
        for path in sorted(pack.list_texts() | pack.list_heads())
    )
    pages |= {path: locate_text_page(path) for path in texts if path not in pages}
    pages |= dict.fromkeys((shared.path for shared in project.shared.values()), PROJECT_PAGE)
    for index, items_by_name in indexed_items:
        pages |= {
            _get_path(item): locate_reference_page(index, name)
            for name, item in items_by_name.items()
        }
    return pages


def _get_path(item: object) -> str:
    return str(item.path if isinstance(item, Source) else getattr(item, "path", ""))


def _make_slug_part(name: str) -> str:
    """Return a plain name as it is, any other as a name of its own that no plain one can be."""
    if _PLAIN_NAME.fullmatch(name) and name != "index":
        return name
    readable_part = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{readable_part or 'x'}.{digest}"
