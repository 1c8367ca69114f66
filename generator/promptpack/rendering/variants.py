"""Resolution: packs in, their variants out - every model x policy that is not excluded."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from promptpack.model import Finding, Pack, Project, Section, Use, UserError, Variant
from promptpack.reading.validation import did_you_mean


class Selection(NamedTuple):
    """What was asked for, by name; an empty tuple asks for all."""

    packs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    def takes(self, pack: str, model: str, policy: str, target: str = "") -> bool:
        """Tell whether a variant (for a target, where one is given) was asked for."""
        asked = (self.packs, pack), (self.models, model), (self.policies, policy)
        targets = not target or not self.targets or target in self.targets
        return targets and all(not names or name in names for names, name in asked)


ALL = Selection()


def resolve(project: Project, selection: Selection = ALL) -> tuple[Variant, ...]:
    """Return the selected variants, in the order of packs, then models, then policies.

    Raises UserError where a selected name is not known.
    """
    known = (
        ("pack", selection.packs, project.packs),
        ("model", selection.models, project.models),
        ("policy", selection.policies, project.policies),
    )
    unknown = [f for kind, names, has in known for f in _unknown(kind, names, tuple(has))]
    if unknown:
        raise UserError(tuple(unknown))
    return tuple(
        variant
        for pack in project.packs.values()
        for variant in _variants(project, pack)
        if selection.takes(pack.name, variant.model.name, variant.policy.name)
    )


def uses(sections: Iterable[Section]) -> Iterator[Use]:
    """Yield every use of a fragment in some sections, in order."""
    return (use for section in sections for part in section.parts for use in part.uses)


def _variants(project: Project, pack: Pack) -> Iterator[Variant]:
    for model in pack.models:
        for policy in pack.policies:
            if any(condition.holds(model, policy) for condition in pack.exclude):
                continue
            dropped = {
                name for o in pack.overrides if o.when.holds(model, policy) for name in o.drop
            }
            yield Variant(
                pack=pack,
                model=project.models[model],
                policy=project.policies[policy],
                sections=tuple(s for s in pack.sections if s.name not in dropped),
                accept=tuple(a for a in pack.accept if a.when.holds(model, policy)),
            )


def _unknown(kind: str, names: Sequence[str], known: Sequence[str]) -> Iterator[Finding]:
    codes = {"pack": "PP029", "model": "PP021", "policy": "PP022"}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            yield Finding(codes[kind], "error", "", 0, 0, f"unknown {kind} '{name}'", hint)
