"""What an absorbed edit does to all other outputs: new texts of sources in, changed outputs out."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from promptpack.absorb.scope import find_reached_packs, is_recorded
from promptpack.build import build_project
from promptpack.model import Artifact, Finding, Policy, Project, UserError
from promptpack.output.plan import make_key
from promptpack.policy.lattice import compare_grants, describe_grant, list_compared
from promptpack.reading.project import replace_sources
from promptpack.rendering.variants import Selection
from promptpack.targets import TARGETS

Direction = Literal["narrowed", "widened"]


class PermissionEffect(NamedTuple):
    """What an output grants otherwise than before; what is not proven narrower is widened."""

    artifact: Artifact
    capability: str
    direction: Direction
    old: str
    new: str


class Effects(NamedTuple):
    """The other outputs that change, and what all outputs that change grant otherwise."""

    siblings: tuple[Artifact, ...]
    """Of the same variant, for other clients."""
    others: tuple[Artifact, ...]
    """Of other variants."""
    permissions: tuple[PermissionEffect, ...]


def find_effects(
    project: Project,
    texts: Mapping[str, str],
    own: Artifact,
    records: Mapping[str, str],
    *,
    has_policy: bool,
) -> Effects:
    """Return what new texts of sources change, in the packs that are made of those.

    `own` is the edited output as it was built with the new texts. `records` are the SHA-256 of what
    the last build wrote, by path: an output that is in them is compared with that, and any other
    with what the sources give as they are. What outputs grant is compared only with `has_policy`.
    Raises UserError where a pack would not build any more.
    """
    names = find_reached_packs(project, texts)
    new = build_project(replace_sources(project, texts), Selection(names))
    differing = [one for one in new if not is_recorded(one, records)]
    is_known = all(make_key(one.path, one) in records for one in differing) and not has_policy
    old: Mapping[tuple[str, str, str], Artifact] = {}
    if not is_known:
        packs = tuple(dict.fromkeys(one.variant.pack.name for one in differing))
        built = build_project(project, Selection(packs)) if packs else ()
        old = {_make_key(one): one for one in built}
        differing = [one for one in new if _is_changed(old.get(_make_key(one)), one)]
    own_key = _make_key(own)
    if [one.content for one in new if _make_key(one) == own_key] != [own.content]:
        message = "a build of all packs gives another file than a build of this one"
        raise UserError((Finding("PP405", "error", own.path, 0, 0, message),))
    others = [one for one in differing if _make_key(one) != own_key]
    permissions = tuple(_list_effects(old, differing)) if has_policy else ()
    siblings = tuple(one for one in others if _make_key(one)[:2] == own_key[:2])
    return Effects(
        siblings, tuple(one for one in others if _make_key(one)[:2] != own_key[:2]), permissions
    )


def _is_changed(old: Artifact | None, new: Artifact) -> bool:
    return old is None or old.content != new.content


def _list_effects(
    old: Mapping[tuple[str, str, str], Artifact], changed: Iterable[Artifact]
) -> Iterator[PermissionEffect]:
    """Yield what each changed output grants otherwise, by what its client reads in it."""
    for artifact in changed:
        before, after = _decode(old[_make_key(artifact)]), _decode(artifact)
        for name in list_compared(before, after):
            order = compare_grants(after.grant(name), before.grant(name))
            if order.name == "EQUAL":
                continue
            direction: Direction = "narrowed" if order.name == "NARROWER" else "widened"
            descriptions = describe_grant(before.grant(name)), describe_grant(after.grant(name))
            yield PermissionEffect(artifact, name, direction, *descriptions)


def _decode(artifact: Artifact) -> Policy:
    return TARGETS[artifact.target].decode(artifact.text, artifact.agent.stem).policy


def _make_key(artifact: Artifact) -> tuple[str, str, str]:
    """Return what tells an output from all others: packs share some files."""
    return artifact.variant.pack.name, artifact.variant.name, artifact.target
