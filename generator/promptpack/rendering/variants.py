"""Resolution: packs in, their variants out - every model x policy x language but the excluded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from promptpack.model import (
    Accept,
    Finding,
    Pack,
    Part,
    Project,
    Section,
    Use,
    UserError,
    Variant,
    VariantId,
)
from promptpack.model.fields import find_client_settings
from promptpack.model.sections import PERSONAL_SECTIONS
from promptpack.source.closest import suggest
from promptpack.targets import TARGETS


class Selection(NamedTuple):
    """What was asked for, by name; an empty tuple asks for all.

    A language is a tag, or "" for the one that a pack is written in.
    """

    packs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def contains(self, pack: str, variant: VariantId, language: str, target: str = "") -> bool:
        """Tell whether a variant (for a target, where one is given) was asked for.

        `language` is the tag of its language also where that is the one the pack is written in.
        """
        chosen = (self.packs, pack), (self.models, variant.model), (self.policies, variant.policy)
        languages = {variant.language, language}
        return (
            (not target or not self.targets or target in self.targets)
            and (not self.languages or not languages.isdisjoint(self.languages))
            and all(not names or name in names for names, name in chosen)
        )


ALL = Selection()


def select_variant(pack: str, variant: VariantId, targets: tuple[str, ...]) -> Selection:
    """Return what asks for one variant of a pack, for some targets."""
    names = (variant.model,), (variant.policy,)
    return Selection((pack,), *names, targets, (variant.language,))


def resolve_variants(project: Project, selection: Selection = ALL) -> tuple[Variant, ...]:
    """Return the selected variants, in the order of packs, models, policies and languages.

    Raises UserError where a selected name is not known.
    """
    kinds = (
        ("pack", selection.packs, project.packs),
        ("model", selection.models, project.models),
        ("policy", selection.policies, project.policies),
    )
    findings = [
        finding
        for kind, names, existing_names in kinds
        for finding in _find_unknown(kind, names, tuple(existing_names))
    ]
    findings += _find_unknown_languages(project, selection)
    if findings:
        raise UserError(tuple(findings))
    return tuple(
        variant
        for pack in project.packs.values()
        for variant in _iter_variants(project, pack)
        if selection.contains(pack.name, variant.id, variant.language)
    )


def choose_sections(variant: Variant, target: str) -> tuple[Section, ...]:
    """Return the sections that a target's file has: of one that all sessions read, the rules."""
    if tells_persona(variant, target):
        return variant.sections
    return tuple(one for one in variant.sections if one.name not in PERSONAL_SECTIONS)


def tells_persona(variant: Variant, target: str) -> bool:
    """Tell whether a target's file has all of a variant: it is its own, or the pack says so."""
    return not TARGETS[target].is_common or find_client_settings(variant.pack, target).persona


def list_all_sections(project: Project, pack: Pack) -> tuple[Section, ...]:
    """Return the sections of a pack in each of its languages, whatever variants leave out."""
    translated = [
        translate_section(project, pack, section, language)
        for language in pack.languages[1:]
        for section in pack.sections
    ]
    return (*pack.sections, *translated)


def iter_uses(sections: Iterable[Section]) -> Iterator[Use]:
    """Yield every use of a fragment in some sections, in order."""
    return (use for section in sections for part in section.parts for use in part.uses)


def _iter_variants(project: Project, pack: Pack) -> Iterator[Variant]:
    for variant_id in pack.list_variants():
        model, policy, language = variant_id
        dropped_names = {
            name
            for override in pack.overrides
            if override.when.holds(model, policy)
            for name in override.drop
        }
        yield Variant(
            pack=pack,
            model=project.models[model],
            policy=project.policies[policy],
            sections=tuple(
                translate_section(project, pack, section, language) if language else section
                for section in pack.sections
                if section.name not in dropped_names
            ),
            accept=_select_accepted(project.list_accepted(pack), model, policy),
            client_policies={
                target: project.policies[settings.policies[policy]]
                for target, settings in pack.clients.items()
                if policy in settings.policies
            },
            language=pack.name_language(variant_id),
        )


def translate_section(project: Project, pack: Pack, section: Section, language: str) -> Section:
    """Return a section with the translation of each fragment and of its heading, if there is one.

    A fragment without one stays as it is, with all that it includes.
    """
    parts = tuple(
        Part(
            part.name,
            tuple(
                replace(use, fragment=project.find_translation(use.fragment, language))
                for use in part.uses
            ),
        )
        for part in section.parts
    )
    titles = pack.translations[language].titles if language in pack.translations else {}
    title, origin = titles.get(section.name, (section.title, section.title_origin))
    return section._replace(parts=parts, title=title, title_origin=origin)


def _find_unknown_languages(project: Project, selection: Selection) -> Iterator[Finding]:
    """Yield an error for each language that none of the packs has."""
    existing = sorted({tag for pack in project.packs.values() for tag in pack.languages})
    for name in filter(None, selection.languages):
        if name not in existing:
            hint = suggest(name, existing) or "no pack has languages"
            yield Finding("PP017", "error", "", 0, 0, f"unknown language '{name}'", hint)


def _select_accepted(accepted: Iterable[Accept], model: str, policy: str) -> tuple[Accept, ...]:
    """Return what is accepted in a variant: of entries about the same thing, the first."""
    entries: dict[tuple[str, str], Accept] = {}
    for accept in accepted:
        if accept.when.holds(model, policy):
            entries.setdefault((accept.target, accept.capability), accept)
    return tuple(entries.values())


def _find_unknown(
    kind: str, names: Sequence[str], existing_names: Sequence[str]
) -> Iterator[Finding]:
    codes = {"pack": "PP029", "model": "PP021", "policy": "PP022"}
    for name in names:
        if name not in existing_names:
            hint = suggest(name, existing_names)
            yield Finding(codes[kind], "error", "", 0, 0, f"unknown {kind} '{name}'", hint)
