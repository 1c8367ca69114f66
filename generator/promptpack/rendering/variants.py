"""Resolution: packs in, their variants out - every model x policy that is not excluded."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from promptpack.model import Accept, Finding, Pack, Project, Section, Use, UserError, Variant
from promptpack.model.fields import find_client_settings
from promptpack.model.sections import PERSONAL_SECTIONS
from promptpack.source.closest import suggest
from promptpack.targets import TARGETS


class Selection(NamedTuple):
    """What was asked for, by name; an empty tuple asks for all."""

    packs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    def contains(self, pack: str, model: str, policy: str, target: str = "") -> bool:
        """Tell whether a variant (for a target, where one is given) was asked for."""
        choices = (self.packs, pack), (self.models, model), (self.policies, policy)
        target_matches = not target or not self.targets or target in self.targets
        return target_matches and all(not names or name in names for names, name in choices)


ALL = Selection()


def resolve_variants(project: Project, selection: Selection = ALL) -> tuple[Variant, ...]:
    """Return the selected variants, in the order of packs, then models, then policies.

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
    if findings:
        raise UserError(tuple(findings))
    return tuple(
        variant
        for pack in project.packs.values()
        for variant in _iter_variants(project, pack)
        if selection.contains(pack.name, variant.model.name, variant.policy.name)
    )


def choose_sections(variant: Variant, target: str) -> tuple[Section, ...]:
    """Return the sections that a target's file has: of one that all sessions read, the rules."""
    if tells_persona(variant, target):
        return variant.sections
    return tuple(one for one in variant.sections if one.name not in PERSONAL_SECTIONS)


def tells_persona(variant: Variant, target: str) -> bool:
    """Tell whether a target's file has all of a variant: it is its own, or the pack says so."""
    return not TARGETS[target].block or find_client_settings(variant.pack, target).persona


def iter_uses(sections: Iterable[Section]) -> Iterator[Use]:
    """Yield every use of a fragment in some sections, in order."""
    return (use for section in sections for part in section.parts for use in part.uses)


def _iter_variants(project: Project, pack: Pack) -> Iterator[Variant]:
    for model, policy in pack.list_variants():
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
                section for section in pack.sections if section.name not in dropped_names
            ),
            accept=_select_accepted(project.list_accepted(pack), model, policy),
            client_policies={
                target: project.policies[settings.policies[policy]]
                for target, settings in pack.clients.items()
                if policy in settings.policies
            },
        )


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
