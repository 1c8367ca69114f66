"""Installations as the project file has them: one in, each agent with its client and name out."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from promptpack.model import (
    DEFAULT_VARIANT,
    USER,
    Finding,
    Installation,
    Pack,
    Project,
    VariantId,
    parse_variant_id,
)
from promptpack.source.closest import suggest
from promptpack.source.frontmatter import read_document
from promptpack.source.text import make_finding
from promptpack.targets import TARGETS, Target
from promptpack.targets.built import list_built_targets, stands_for

Problem = tuple[str, str, str]
"""The key of the entry that is wrong, "" for all of it, then the message and the hint."""


class Placement(NamedTuple):
    """One agent for one client: a variant, and what the pack is called where it is installed.

    `name` is "" for the pack's own name.
    """

    pack: str
    model: str
    policy: str
    target: str
    name: str = ""
    language: str = ""

    @property
    def id(self) -> VariantId:
        """What tells the variant from others of its pack."""
        return VariantId(self.model, self.policy, self.language)

    @property
    def variant(self) -> str:
        """The variant's name."""
        return str(self.id)


def list_placements(project: Project, installation: Installation) -> tuple[Placement, ...]:
    """Return what an installation places, in the order of packs, then targets."""
    return tuple(
        make_placement(
            pack.name,
            _choose_variant(pack, target, installation.variants),
            target,
            installation.name,
        )
        for pack in _list_packs(project, installation)
        for target in _list_targets(project, pack, installation)
    )


def make_placement(pack: str, variant: VariantId, target: str, name: str) -> Placement:
    """Return the placement of a variant of a pack for a client, under a name or its own ("")."""
    return Placement(pack, variant.model, variant.policy, target, name, variant.language)


def make_stem(pack: Pack, target: str, name: str = "") -> str:
    """Return the stem of a pack's file for a client, installed under a name or its own ("")."""
    settings = pack.clients.get(target)
    return name or (settings.file if settings else "") or pack.name


def make_installed_path(target: Target, stem: str, into: str) -> str:
    """Return the place of an agent's file in a repository, or in the home folder for `USER`."""
    return target.make_user_path(stem) if into == USER else target.make_path(stem)


def find_installation_problems(project: Project) -> Iterator[Finding]:
    """Yield what is wrong with the installations of the project file, names aside.

    That is a variant that a pack has not, a name for several packs, a client that has no place
    there, and two agents at one place. Nothing is found where some packs were not read.
    """
    owners: dict[tuple[str, str], Placement] = {}
    for index, installation in enumerate(() if project.other_packs else project.installations):
        for key, message, hint in _find_problems(project, installation, owners):
            path = installation.origin.path
            text = project.sources[path]
            span = read_document(text, path).at(("installations", index, *filter(None, [key])))
            yield make_finding("PP014", path, span, message, hint, text)


def _find_problems(
    project: Project, installation: Installation, owners: dict[tuple[str, str], Placement]
) -> Iterator[Problem]:
    packs = _list_packs(project, installation)
    if installation.name and len(packs) != 1:
        message = f"'as' gives a name to one pack, and this installs {len(packs)}"
        yield "as", message, "name one pack with 'packs: [name]'"
        return
    yield from _find_wrong_targets(project, installation)
    for placement in list_placements(project, installation):
        pack = project.packs[placement.pack]
        problems = [
            *_find_unknown_variant(pack, placement),
            *_find_rival(pack, placement, installation, owners),
        ]
        yield from problems[:1]
        if problems:
            return


def _find_unknown_variant(pack: Pack, placement: Placement) -> Iterator[Problem]:
    if placement.id not in pack.list_variants():
        variants = [*map(str, pack.list_variants())]
        message = f"the pack '{pack.name}' has no variant '{placement.variant}'"
        hint = suggest(placement.variant, variants) or f"it has {', '.join(variants)}"
        yield "variant", message, hint


def _find_rival(
    pack: Pack,
    placement: Placement,
    installation: Installation,
    owners: dict[tuple[str, str], Placement],
) -> Iterator[Problem]:
    """Yield a problem where another agent goes to the same place."""
    target, stem = TARGETS[placement.target], make_stem(pack, placement.target, placement.name)
    path = make_installed_path(target, stem, installation.into)
    place = f"{path}#{stem}" if target.block else path
    other = owners.setdefault((installation.into, place.casefold()), placement)
    if other != placement:
        message = f"'{place}' would be both {_describe(other)} and {_describe(placement)}"
        yield "", message, "give one of them another name with 'as'"


def _find_wrong_targets(project: Project, installation: Installation) -> Iterator[Problem]:
    """Yield a problem for each named client that a named pack is not built for, or has no place."""
    for name in installation.targets:
        if installation.into == USER and not TARGETS[name].user_path:
            message = f"{TARGETS[name].title} has no folder for the agents of a user"
            yield "targets", message, "leave this target out"
        for pack in installation.packs:
            targets = list_built_targets(project, project.packs[pack])
            if name not in targets:
                message = f"the pack '{pack}' is not built for '{name}'"
                hint = f"it is built for {', '.join(targets)}"
                yield "targets", message, hint


def _describe(placement: Placement) -> str:
    return f"{placement.pack} ({placement.variant})"


def _list_packs(project: Project, installation: Installation) -> tuple[Pack, ...]:
    names = installation.packs or tuple(project.packs)
    return tuple(project.packs[name] for name in names)


def _list_targets(project: Project, pack: Pack, installation: Installation) -> list[str]:
    """Return the clients of a pack that an installation is for."""
    built = list_built_targets(project, pack)
    is_for_user = installation.into == USER
    return [
        name
        for name in TARGETS
        if name in built
        if _is_meant(installation, TARGETS[name])
        if TARGETS[name].user_path or not is_for_user
    ]


def _is_meant(installation: Installation, target: Target) -> bool:
    """Tell whether an installation is for a target."""
    if not installation.targets:
        return not target.is_on_request
    return any(stands_for(one, target.name) for one in installation.targets)


def _choose_variant(pack: Pack, target: str, variants: Mapping[str, str]) -> VariantId:
    """Return the variant that a pack has for a client."""
    name = variants.get(target) or variants.get(DEFAULT_VARIANT)
    return parse_variant_id(name) if name else VariantId(*pack.default)
