"""One pack and one variant by name; a wrong name is a usage error."""

from collections.abc import Collection, Iterable
from pathlib import Path

import click

from promptpack.cli.choices import format_suggestion
from promptpack.model import Pack, Project, VariantId, parse_variant_id
from promptpack.model.root import PROJECT
from promptpack.output.status import Status
from promptpack.reading.root_finding import find_roots
from promptpack.rendering.variants import ALL, Selection
from promptpack.source.closest import list_variants_with
from promptpack.source.disk import find_real_path
from promptpack.starting.library import (
    TEMPLATE_WORDS,
    NamedSource,
    find_sources,
    list_sources,
)
from promptpack.targets import TARGETS
from promptpack.targets.built import list_built_targets

_START = "Write one with 'promptpack new', or start with 'promptpack init'."
NO_PACKS = f"There are no packs yet. {_START}"


def choose_pack(project: Project, name: str | None) -> str:
    """Return the pack's name; where none is given, the project has to have only one."""
    if name is None:
        if not project.packs:
            raise click.UsageError(f"The project has no packs yet. {_START}")
        if len(project.packs) > 1:
            raise click.UsageError(f"Name one of the packs: {', '.join(project.packs)}.")
        return next(iter(project.packs))
    if name not in project.packs:
        raise click.UsageError(f"No pack '{name}'.{_suggest_pack(project, name)}")
    return name


def _suggest_pack(project: Project, name: str) -> str:
    """Return the closest pack, else the variants of which a name is a part, as a sentence."""
    variants = [
        f"{pack.name} {variant}"
        for pack in project.packs.values()
        for variant in list_variants_with(name, map(str, pack.list_variants()))
    ]
    closest = format_suggestion(name, project.packs)
    return closest or (f" Variants with that name: {', '.join(variants)}." if variants else "")


def choose_variant(pack: Pack, name: str | None) -> VariantId:
    """Return the variant of a name, else the pack's default."""
    if name is None:
        return VariantId(*pack.default)
    variants = [*map(str, pack.list_variants())]
    if str(parse_variant_id(name)) not in variants:
        raise click.UsageError(
            f"No variant '{name}' of {pack.name}.{suggest_variant(name, variants)}"
        )
    return parse_variant_id(name)


def suggest_variant(name: str, variants: Iterable[str]) -> str:
    """Return the variants of which a name is a part, else the closest one, as a sentence, or ""."""
    if matching := list_variants_with(name, variants):
        return f" With that name: {', '.join(matching)}."
    return format_suggestion(name, variants)


def choose_target(project: Project, pack: Pack, name: str | None) -> str:
    """Return the client's name, else OpenCode or the first that the pack is rendered for.

    What no client is called is left to the build to say.
    """
    targets = list_built_targets(project, pack)
    if name is None:
        return "opencode" if "opencode" in targets else targets[0]
    if name in TARGETS and name not in targets:
        raise click.UsageError(
            f"The pack {pack.name} is not built for '{name}', only for {_join_names(targets)}."
        )
    return name


def choose_source(project: Project, name: str, *, with_packs: bool = False) -> NamedSource:
    """Return the one template of a name; `with_packs` is whether a pack may have been meant."""
    sources = find_sources(project, name)
    if len(sources) == 1:
        return sources[0]
    if sources:
        names = " and ".join(source.full_name for source in sources)
        raise click.UsageError(f"'{name}' is the name of {names}; write one of these.")
    has_word = name.partition(":")[0] in TEMPLATE_WORDS
    known = [one.full_name if has_word else one.name for one in list_sources(project)]
    packs = [*project.packs] if with_packs else []
    words = ["pack", *TEMPLATE_WORDS] if with_packs else TEMPLATE_WORDS
    kinds = f"{', '.join(words[:-1])} or {words[-1]}"
    message = f"No {kinds} '{name}'.{format_suggestion(name, [*packs, *known])}"
    raise click.UsageError(f"{message} See 'promptpack list'.")


def resolve_source(sources: Collection[str], root: Path, name: str) -> str:
    """Return a source's path as the project has it, for one that is relative to where we are."""
    if name in sources:
        return name
    path = find_real_path(name)
    for own in reversed(find_roots(root)):  # a library may lie in the project
        if path.is_relative_to(own.path) and not own.is_missing:
            found = own.make_source_path(path.relative_to(own.path).as_posix())
            if own.name == PROJECT or found in sources:
                return found
    return name


def refuse_empty_selection(
    project: Project, statuses: Collection[Status], selection: Selection
) -> None:
    """Raise UsageError where known names that were asked for are of no file, built or left over.

    It says what the packs have instead. A project without packs is fine, unless one is asked for.
    """
    if statuses or selection == ALL:
        return
    if not project.packs:
        raise click.UsageError(NO_PACKS)
    descriptions = [
        f"{pack.name} has the models {_join_names(pack.models)}, the policies "
        f"{_join_names(pack.policies)} and"
        f" the clients {_join_names(list_built_targets(project, pack))}"
        for pack in project.packs.values()
        if not selection.packs or pack.name in selection.packs
    ]
    raise click.UsageError(f"No variant matches: {'; '.join(descriptions)}.")


def _join_names(names: Collection[str]) -> str:
    return ", ".join(names)
