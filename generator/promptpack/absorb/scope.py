"""How far an edit reaches: a project and sources in, the packs that are made of them out.

So that nothing is built that an edit can't change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from promptpack.model import Artifact, Pack, Project, UserError
from promptpack.output.manifest import hash_content
from promptpack.output.plan import make_key
from promptpack.reading.roots import SourceName, parse_source_path
from promptpack.rendering.includes import LAYOUT
from promptpack.rendering.sandbox import Templates
from promptpack.rendering.variants import iter_uses, list_all_sections


def isolate_pack(project: Project, name: str) -> Project:
    """Return a project with one pack, which builds as before, and with what all packs use.

    What is said of other packs (where they are installed) is left out with them.
    """

    def is_kept(path: str) -> bool:
        source = parse_source_path(path)
        return source is None or source.pack in {"", name}

    return replace(
        project,
        packs={name: project.packs[name]},
        fragments={k: one for k, one in project.fragments.items() if is_kept(one.path)},
        heads={k: one for k, one in project.heads.items() if is_kept(one.path)},
        sources={path: text for path, text in project.sources.items() if is_kept(path)},
        shared={k: replace(one, installations=()) for k, one in project.shared.items()},
    )


def find_reached_packs(project: Project, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the packs that some sources are a part of, in order."""
    names = [(path, parse_source_path(path)) for path in paths]
    dependencies = Templates(project).dependencies

    def find_closure(template: str) -> frozenset[str]:
        try:
            return dependencies.list_paths(template)
        except UserError:  # a pack that uses it does not build, whatever is changed
            return frozenset()

    return tuple(
        pack.name
        for pack in project.packs.values()
        if any(
            _uses(project, pack, path, name)
            or any(path in find_closure(one) for one in _list_templates(project, pack))
            for path, name in names
        )
    )


def _uses(project: Project, pack: Pack, path: str, name: SourceName | None) -> bool:
    """Tell whether a source is a pack's own, or its policy, or nothing that is known."""
    if name is None or name.kind in {"shared", "files"}:
        return True
    if name.pack:
        return name.pack == pack.name
    if name.kind == "policies":
        settings = pack.clients.values()
        policies = {*pack.policies, *(one for each in settings for one in each.policies.values())}
        return any(project.policies[policy].path == path for policy in policies)
    return name.kind == "models"


def _list_templates(project: Project, pack: Pack) -> set[str]:
    """Return the names of the templates that a pack uses itself."""
    layouts = {f"{LAYOUT}{project.models[model].layout}" for model in pack.models}
    sections = list_all_sections(project, pack)
    return {use.fragment for use in iter_uses(sections)} | layouts


def is_recorded(artifact: Artifact, records: Mapping[str, str]) -> bool:
    """Tell whether an artifact is what the last build wrote at its path."""
    return records.get(make_key(artifact.path, artifact)) == hash_content(artifact.content)
