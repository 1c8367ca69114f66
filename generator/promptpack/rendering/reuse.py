"""What a change of sources reaches: two projects in, the packs whose artifacts may differ out.

Includes name their fragments as plain strings, so a template's text tells all that it is made of.
"""

from collections.abc import Iterable, Mapping

from promptpack.model import Artifact, Fragment, Pack, Project, UserError
from promptpack.rendering.includes import LAYOUT
from promptpack.rendering.sandbox import Templates
from promptpack.rendering.variants import iter_uses

ArtifactKey = tuple[str, str, str]
"""What an artifact is called in a project: its pack, its variant and its target."""


def select_reusable(
    old: Project, new: Project, artifacts: Iterable[Artifact]
) -> Mapping[ArtifactKey, Artifact]:
    """Return those of some artifacts of a project that the other one gives just as they are.

    None are where a source came or went, or where one has changed that is no fragment and is in no
    pack's folder.
    """
    reached = _find_reached(old, new)
    if reached is None:
        return {}
    return {
        (one.variant.pack.name, one.variant.name, one.target): one
        for one in artifacts
        if one.variant.pack.name not in reached
    }


def _find_reached(old: Project, new: Project) -> set[str] | None:
    """Return the packs that something reaches in which two projects differ; None for all."""
    before, after = _list_contents(old), _list_contents(new)
    if before.keys() != after.keys() or (old.roots, old.unread) != (new.roots, new.unread):
        return None
    changed = {path for path, content in after.items() if content != before[path]}
    in_packs = {path for path in changed if path.startswith("packs/")}
    fragments = {one.name: one for one in new.fragments.values() if one.path in changed - in_packs}
    if changed - in_packs != {one.path for one in fragments.values()}:
        return None
    reached = {path.split("/")[1] for path in in_packs}
    templates = Templates(new)
    return reached | {
        pack.name for pack in new.packs.values() if _uses_any(new, templates, pack, fragments)
    }


def _list_contents(project: Project) -> dict[str, object]:
    """Return what each source of a project holds; of a file beside a skill, all about it."""
    return {**project.sources, **project.attached}


def _uses_any(
    project: Project, templates: Templates, pack: Pack, fragments: Mapping[str, Fragment]
) -> bool:
    """Tell whether any of some fragments may be in a prompt of a pack."""
    if not fragments:
        return False
    layouts = {f"{LAYOUT}{project.models[name].layout}" for name in pack.models}
    names = layouts | {use.fragment for use in iter_uses(pack.sections)}
    paths = {one.path for one in fragments.values()}
    if pack.list_texts() & (paths | fragments.keys()):
        return True
    try:
        closures = [templates.dependencies.closure(name) for name in names]
    except UserError:
        return True
    return any(name in fragments for closure in closures for name in closure)
