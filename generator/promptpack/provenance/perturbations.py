"""What if: a variant in, out for each thing that it is made of the variant with that thing changed.

What changes with a thing depends on it; that is how the origins of values are found.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from promptpack.model import Effect, Grant, Origin, Project, Section, Use, Variant
from promptpack.rendering.includes import Dependencies
from promptpack.source.frontmatter import document
from promptpack.source.strict_yaml import Path

_OTHER = {
    Effect.DENY: (Effect.ALLOW,),
    Effect.ASK: (Effect.DENY, Effect.ALLOW),
    Effect.ALLOW: (Effect.DENY,),
    Effect.INHERIT: (Effect.DENY, Effect.ALLOW),
}
_HUGE = 1 << 60


T = TypeVar("T")


class Alternative(NamedTuple):
    """A variant with one thing changed, what templates call it, and where it is written."""

    variant: Variant
    name: str
    origin: Origin


class Sources:
    """Places in the files of one project; each file is read once."""

    def __init__(self, project: Project, dependencies: Dependencies) -> None:
        self.project, self.dependencies = project, dependencies

    def place(self, path: str, *candidates: Path) -> Origin:
        """Return where a file holds the first of some data paths that it has, or what is around."""
        found = document(self.project.sources[path], path)
        known = [data for data in candidates if data in found.keys]
        return Origin(path, found.at((known or candidates)[0]).line)

    def has(self, path: str, data: Path) -> bool:
        """Tell whether a file says something of this data path."""
        return data in document(self.project.sources[path], path).keys


def alternatives(sources: Sources, variant: Variant, target: str) -> Iterator[Alternative]:
    """Yield the variant with each thing changed on which its file for the target may depend."""
    yield from _of_pack(sources, variant)
    yield from _of_sections(sources, variant)
    yield from _of_model(sources, variant, target)
    yield from _of_policy(sources, variant)
    for accept in variant.accept:
        if accept.target == target:
            kept = tuple(a for a in variant.accept if a != accept)
            yield Alternative(replace(variant, accept=kept), "", accept.origin)


def _of_pack(sources: Sources, variant: Variant) -> Iterator[Alternative]:
    pack = variant.pack
    mode = "primary" if pack.mode != "primary" else "subagent"
    values: Mapping[str, Any] = {
        "name": f"{pack.name}-x",
        "title": f"{pack.title} x",
        "description": f"{pack.description} x",
        "mode": mode,
        "temperature": None,
        "tags": (*pack.tags, "x"),
    }
    for field, value in values.items():
        changed = replace(variant, pack=replace(pack, **{field: value}))
        yield Alternative(changed, f"pack.{field}", sources.place(pack.path, (field,)))
    for name, value in pack.vars.items():
        for other in _others(value):
            changed = replace(variant, pack=replace(pack, vars={**pack.vars, name: other}))
            yield Alternative(changed, f"vars.{name}", sources.place(pack.path, ("vars", name)))


def _of_sections(sources: Sources, variant: Variant) -> Iterator[Alternative]:
    path = variant.pack.path
    for number, section in enumerate(variant.sections):
        at: Path = ("sections", section.name)
        renamed = section._replace(name=f"{section.name}-x")
        yield Alternative(_with(variant, number, renamed), "sections", sources.place(path, at))
        for index, part in enumerate(section.parts):
            inside: Path = (*at, part.name) if part.name else at
            if part.name:
                parts = _put(section.parts, index, part._replace(name=f"{part.name}-x"))
                changed = _with(variant, number, section._replace(parts=parts))
                yield Alternative(changed, "sections", sources.place(path, inside))
            for place, use in enumerate(part.uses):
                for name, changed_use, origin in _of_use(sources, path, (*inside, place), use):
                    uses = _put(part.uses, place, changed_use)
                    parts = _put(section.parts, index, part._replace(uses=uses))
                    changed = _with(variant, number, section._replace(parts=parts))
                    yield Alternative(changed, f"params.{name}", origin)


def _of_use(
    sources: Sources, path: str, place: Path, use: Use
) -> Iterator[tuple[str, Use, Origin]]:
    """Yield the use with each parameter changed: the pack's own, then the fragment's defaults."""
    declared: dict[str, tuple[object, Origin]] = {}
    for included in reversed(sources.dependencies.closure(use.fragment)):
        fragment = sources.project.fragments[included]
        for name, value in fragment.params.items():
            declared[name] = value, sources.place(fragment.path, ("params", name))
    for name, value in use.params.items():
        origin = sources.place(path, (*place, "with", name), (*place[:-1], "with", name))
        declared[name] = value, origin
    for name, (value, origin) in declared.items():
        for other in _others(value):
            yield name, replace(use, params={**use.params, name: other}), origin


def _of_model(sources: Sources, variant: Variant, target: str) -> Iterator[Alternative]:
    model = variant.model
    if target in model.ids:
        ids = {name: value for name, value in model.ids.items() if name != target}
        origin = sources.place(model.path, ("ids", target))
        yield Alternative(replace(variant, model=replace(model, ids=ids)), "", origin)
    for field in ("title", "family", "context_window", "prompt_budget", "temperature"):
        if sources.has(model.path, (field,)):
            for other in _others(getattr(model, field)):
                changed = replace(variant, model=replace(model, **{field: other}))
                yield Alternative(changed, f"model.{field}", sources.place(model.path, (field,)))


def _of_policy(sources: Sources, variant: Variant) -> Iterator[Alternative]:
    policy = variant.policy
    for field in ("title", "summary"):
        value: Any = f"{getattr(policy, field)} x"
        changed = replace(policy, **{field: value})
        origin = sources.place(policy.path, (field,))
        yield Alternative(replace(variant, policy=changed), f"policy.{field}", origin)
    for capability, grant in policy.grants.items():
        for rules, place in _other_rules(capability, grant):
            changed = replace(policy, grants={**policy.grants, capability: rules})
            origin = sources.place(policy.path, place)
            yield Alternative(replace(variant, policy=changed), "policy", origin)
    other = Effect.INHERIT if policy.default is Effect.DENY else Effect.DENY
    changed = replace(policy, default=other)
    origin = sources.place(policy.path, ("default",))
    yield Alternative(replace(variant, policy=changed), "policy", origin)


def _other_rules(capability: str, grant: Grant) -> Iterator[tuple[Grant, Path]]:
    """Yield a grant turned round, then without each of its patterns."""
    at: Path = ("capabilities", capability)
    first, *rest = grant
    for effect in _OTHER[first.effect]:
        turned = first._replace(effect=effect)
        yield (turned, *rest), (*at, "*")
        if rest:
            yield (turned,), at
    for index, rule in enumerate(rest):
        yield (first, *rest[:index], *rest[index + 1 :]), (*at, rule.pattern)


def _others(value: object) -> Iterator[Any]:
    """Yield values that differ from a scalar, so that some test of it comes out the other way."""
    if isinstance(value, bool) or value is None:
        yield not value
    elif isinstance(value, (int, float)):
        yield from (other for other in (0, _HUGE) if other != value)
    elif isinstance(value, str):
        yield f"{value} x"
        if value:
            yield ""


def _with(variant: Variant, number: int, section: Section) -> Variant:
    return replace(variant, sections=_put(variant.sections, number, section))


def _put(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    return (*items[:index], item, *items[index + 1 :])
