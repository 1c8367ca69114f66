"""What the pages look up: a project and its artifacts in, their relations and page paths out."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from promptpack.model import Artifact, Fragment, Pack, Project, Variant

HOME = "index.md"
FRAGMENTS = "fragments/index.md"
POLICIES = "reference/policies/index.md"
MODELS = "reference/models/index.md"
TARGETS = "reference/targets/index.md"

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class Catalogue:
    """A project with what was built from it.

    `variants` are those of each pack, `files` the artifacts of each pack's variant in the order of
    the targets, and `reached` the variants whose prompt holds a line of a source, by its path.
    """

    project: Project
    variants: Mapping[str, tuple[Variant, ...]]
    files: Mapping[tuple[str, str], tuple[Artifact, ...]]
    reached: Mapping[str, tuple[Variant, ...]]

    def files_of(self, variant: Variant) -> tuple[Artifact, ...]:
        """Return the files of a variant, one a target."""
        return self.files[variant.pack.name, variant.name]


def catalogue(project: Project, artifacts: Iterable[Artifact]) -> Catalogue:
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
    )


def pack_page(pack: Pack) -> str:
    """Return the path of a pack's page."""
    return f"packs/{pack.name}/index.md"


def variant_page(variant: Variant) -> str:
    """Return the path of a variant's page."""
    return f"packs/{variant.pack.name}/{variant.name}.md"


def fragment_page(fragment: Fragment) -> str:
    """Return the path of a fragment's page: a pack's own fragments lie with the pack."""
    if fragment.pack:
        inside = fragment.name.removeprefix(f"packs/{fragment.pack}/").removesuffix(".md")
        return f"packs/{fragment.pack}/fragments/{address(inside)}.md"
    return f"fragments/{address(fragment.name)}.md"


def reference_page(index: str, name: str) -> str:
    """Return the path of the page of a policy, model or target beside the index of its kind."""
    return f"{index.removesuffix('index.md')}{address(name)}.md"


def address(name: str) -> str:
    """Return a name as a path that is safe in a link, on disk and beside an index page.

    >>> address("standards/async-first")
    'standards/async-first'
    """
    return "/".join(_part(part) for part in name.split("/"))


def _part(name: str) -> str:
    """Return a plain name as it is, any other as a name of its own that no plain one can be."""
    if _PLAIN.fullmatch(name) and name != "index":
        return name
    slug = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{slug or 'x'}.{digest}"
