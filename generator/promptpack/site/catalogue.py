"""What the pages look up: a project and its artifacts in, their relations and page paths out."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from promptpack.model import Artifact, Fragment, Origin, Pack, Project, Source, Variant
from promptpack.provenance.tracer import Tracer
from promptpack.site.permissions import Permissions
from promptpack.source.text import LIBRARY

HOME = "index.md"
FRAGMENTS = "fragments/index.md"
POLICIES = "reference/policies/index.md"
MODELS = "reference/models/index.md"
TARGETS = "reference/targets/index.md"
LAYOUTS = "reference/layouts/index.md"
RULES = "reference/rules/index.md"
COMMANDS = "reference/commands/index.md"
COMPARE = "compare.md"
CHANGES = "changes.md"

TRACED = 200
"""Up to how many variants the values in a line (variables, parameters) are traced too.

Each is found by changing it and composing again. Beyond, a line has the place where it is written,
and what stands around the prompt has the files that it is made from; `explain` still tells all.
"""

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]*")

Origins = tuple[tuple[Origin, ...], ...]


@dataclass(frozen=True)
class Catalogue:
    """A project with what was built from it.

    `variants` are those of each pack, `files` the artifacts of each pack's variant in the order of
    the targets, `reached` the variants whose prompt holds a line of a source, by its path,
    `places` the page that shows a source. `origins` and `permissions` tell of one artifact where
    its lines come from, and in HTML what it allows. `edit` is the address before a source's path
    where it can be edited; empty where that is not known.
    """

    project: Project
    variants: Mapping[str, tuple[Variant, ...]]
    files: Mapping[tuple[str, str], tuple[Artifact, ...]]
    reached: Mapping[str, tuple[Variant, ...]]
    places: Mapping[str, str]
    origins: Callable[[Artifact], Origins]
    permissions: Callable[[Artifact], str]
    edit: str = ""

    def files_of(self, variant: Variant) -> tuple[Artifact, ...]:
        """Return the files of a variant, one a target."""
        return self.files[variant.pack.name, variant.name]

    def default_of(self, pack: Pack) -> Variant:
        """Return the variant that a pack names as its default."""
        return next(v for v in self.variants[pack.name] if v.is_default)

    def edit_address(self, path: str) -> str:
        """Return where a source can be edited, or nothing; the library's own can't be."""
        return f"{self.edit}{path}" if self.edit and ":" not in path else ""


def catalogue(project: Project, artifacts: Iterable[Artifact], edit: str = "") -> Catalogue:
    """Return the relations between the artifacts of a project."""
    variants: dict[str, dict[str, Variant]] = {name: {} for name in project.packs}
    files: dict[tuple[str, str], list[Artifact]] = defaultdict(list)
    reached: dict[str, dict[tuple[str, str], Variant]] = defaultdict(dict)
    for artifact in artifacts:
        variant = artifact.variant
        key = variant.pack.name, variant.name
        variants[variant.pack.name][variant.name] = variant
        files[key].append(artifact)
        for path in {line.origin.path for line in artifact.agent.body}:
            reached[path][key] = variant
    return Catalogue(
        project,
        {name: tuple(found.values()) for name, found in variants.items()},
        {key: tuple(found) for key, found in files.items()},
        {path: tuple(found.values()) for path, found in reached.items()},
        _places(project),
        Tracer(project).lines if sum(map(len, variants.values())) <= TRACED else _written,
        Permissions(),
        edit,
    )


def pack_page(pack: Pack) -> str:
    """Return the path of a pack's page."""
    return f"packs/{pack.name}/index.md"


def variant_page(variant: Variant) -> str:
    """Return the path of a variant's page."""
    return f"packs/{variant.pack.name}/{variant.name}.md"


def raw_file(artifact: Artifact) -> str:
    """Return the path of an artifact's own bytes in the site.

    No folder of it starts with a dot, which hosts leave out, and its name is no page's: it is saved
    under the client's own name.
    """
    variant = artifact.variant
    return f"raw/{artifact.target}/{variant.pack.name}/{variant.name}.txt"


def data_file(pack: Pack) -> str:
    """Return the path of the script that holds the files of a pack for other scripts."""
    return f"data/{pack.name}.js"


def fragment_page(fragment: Fragment) -> str:
    """Return the path of a fragment's page: a pack's own fragments lie with the pack."""
    if fragment.pack:
        inside = fragment.name.removeprefix(f"packs/{fragment.pack}/").removesuffix(".md")
        return f"packs/{fragment.pack}/fragments/{slug(inside)}.md"
    return f"fragments/{slug(fragment.name)}.md"


def reference_page(index: str, name: str) -> str:
    """Return the path of the page of a policy, model or target beside the index of its kind."""
    return f"{index.removesuffix('index.md')}{slug(name)}.md"


def slug(name: str) -> str:
    """Return a name as a path that is safe in a link, on disk and beside an index page.

    >>> slug("standards/async-first")
    'standards/async-first'
    """
    return "/".join(_part(part) for part in name.split("/"))


def source_name(path: str) -> str:
    """Return what a source file is called where there is little room.

    >>> source_name("promptpack:templates/fragments/standards/async-first.md")
    'standards/async-first'
    """
    inside = path.removeprefix(LIBRARY).removeprefix("templates/")
    if inside.startswith("fragments/"):
        return inside.removeprefix("fragments/").removesuffix(".md")
    return inside.split("/", 2)[2] if inside.startswith("packs/") else inside


def _written(artifact: Artifact) -> Origins:
    """Return the origins of a file's lines as composing gave them; those of a head by file."""
    variant, body = artifact.variant, artifact.agent.body
    made_of = tuple(Origin(one.path, 1) for one in (variant.pack, variant.model, variant.policy))
    count = artifact.content.count(b"\n")
    at = artifact.content.rfind(artifact.agent.prompt.encode())
    if at < 0:
        return (made_of,) * count
    start = artifact.content.count(b"\n", 0, at)
    lines = tuple((line.origin,) for line in body)
    return ((made_of,) * start + lines + (made_of,) * count)[:count]


def _places(project: Project) -> dict[str, str]:
    named = [(POLICIES, project.policies), (MODELS, project.models), (LAYOUTS, project.layouts)]
    found = {pack.path: pack_page(pack) for pack in project.packs.values()}
    found |= {fragment.path: fragment_page(fragment) for fragment in project.fragments.values()}
    for index, nouns in named:
        found |= {_path(noun): reference_page(index, name) for name, noun in nouns.items()}
    return found


def _path(noun: object) -> str:
    return str(noun.path if isinstance(noun, Source) else getattr(noun, "path", ""))


def _part(name: str) -> str:
    """Return a plain name as it is, any other as a name of its own that no plain one can be."""
    if _PLAIN.fullmatch(name) and name != "index":
        return name
    plain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain or 'x'}.{digest}"
