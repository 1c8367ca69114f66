"""What if: a variant in, out for each thing that it is made of the variant with that thing changed.

What changes with a thing depends on it; that is how the origins of values are found.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from promptpack.model import Effect, Grant, Origin, Project, Section, Use, Variant, fields
from promptpack.rendering.includes import Dependencies
from promptpack.source.frontmatter import Documents
from promptpack.source.strict_yaml import DataPath

_OTHER_EFFECTS = {
    Effect.DENY: (Effect.ALLOW,),
    Effect.ASK: (Effect.DENY, Effect.ALLOW),
    Effect.ALLOW: (Effect.DENY,),
    Effect.INHERIT: (Effect.DENY, Effect.ALLOW),
}
_HUGE = 1 << 60


T = TypeVar("T")


class Perturbation(NamedTuple):
    """A variant with one thing changed, what templates call it, and where it is written."""

    variant: Variant
    name: str
    origin: Origin


class SourceLocator:
    """Places in the files of one project; each file is read once."""

    def __init__(self, project: Project, dependencies: Dependencies, documents: Documents) -> None:
        self.project, self.dependencies, self.documents = project, dependencies, documents

    def place(self, path: str, *candidates: DataPath) -> Origin:
        """Return where a file holds the first of some data paths that it has, or what is around."""
        yaml_document = self.documents.read(path)
        data_paths = [data for data in candidates if data in yaml_document.keys]
        return Origin(path, yaml_document.at((data_paths or candidates)[0]).line)

    def has(self, path: str, data: DataPath) -> bool:
        """Tell whether a file says something of this data path."""
        return data in self.documents.read(path).keys


def iter_perturbations(
    locator: SourceLocator, variant: Variant, target: str
) -> Iterator[Perturbation]:
    """Yield the variant with each thing changed on which its file for the target may depend."""
    yield from _perturb_pack(locator, variant)
    yield from _perturb_fields(locator, variant, target)
    yield from _perturb_sections(locator, variant)
    yield from _perturb_model(locator, variant, target)
    yield from _perturb_policy(locator, variant, target)
    for accept in variant.accept:
        if accept.target == target:
            remaining = tuple(other for other in variant.accept if other != accept)
            yield Perturbation(replace(variant, accept=remaining), "policy", accept.origin)


def _perturb_pack(locator: SourceLocator, variant: Variant) -> Iterator[Perturbation]:
    pack = variant.pack
    values: list[tuple[str, Any]] = [("title", f"{pack.title} x"), ("tags", (*pack.tags, "x"))]
    for field, value in values:
        changed_variant = replace(variant, pack=replace(pack, **{field: value}))
        origin = locator.place(pack.path, (field,))
        yield Perturbation(changed_variant, f"pack.{field}", origin)
        if field == "mode":  # a client may hold a policy otherwise in another mode
            yield Perturbation(changed_variant, "policy", origin)
    for name, value in pack.vars.items():
        for other in _perturb_value(value):
            changed_variant = replace(variant, pack=replace(pack, vars={**pack.vars, name: other}))
            yield Perturbation(
                changed_variant, f"vars.{name}", locator.place(pack.path, ("vars", name))
            )


def _perturb_fields(
    locator: SourceLocator, variant: Variant, target: str
) -> Iterator[Perturbation]:
    """Yield each value of a field changed that the pack has for the target, and extra keys gone.

    Templates see the pack's own values only.
    """
    pack = variant.pack
    for field in fields.FIELDS:
        for setting in fields.list_settings(field, variant, target):
            for value in field.vary(setting.value):
                yield Perturbation(
                    fields.replace_setting(variant, setting._replace(value=value)),
                    f"pack.{field.name}" if setting.place == (field.name,) else "",
                    locator.place(pack.path, setting.place),
                )
    settings = fields.find_client_settings(pack, target)
    for key in settings.extra:
        extra = {name: value for name, value in settings.extra.items() if name != key}
        clients = {**pack.clients, target: replace(settings, extra=extra)}
        origin = locator.place(pack.path, ("clients", target, "extra", key))
        yield Perturbation(replace(variant, pack=replace(pack, clients=clients)), "", origin)


def _perturb_sections(locator: SourceLocator, variant: Variant) -> Iterator[Perturbation]:
    path = variant.pack.path
    for number, section in enumerate(variant.sections):
        section_path: DataPath = ("sections", section.name)
        renamed_section = section._replace(name=f"{section.name}-x")
        origin = locator.place(path, section_path)
        if passage := section.passage:
            other = passage._replace(title=f"{passage.title} x")
            renamed_section = renamed_section._replace(passage=other)
            origin = Origin(passage.path, passage.line + max(passage.lead, 1) - 1)
        yield Perturbation(_replace_section(variant, number, renamed_section), "sections", origin)
        if section.title:
            titled = section._replace(title=f"{section.title} x")
            origin = section.title_origin
            yield Perturbation(_replace_section(variant, number, titled), "sections", origin)
        for index, part in enumerate(section.parts):
            part_path: DataPath = (*section_path, part.name) if part.name else section_path
            if part.name:
                parts = _replace_item(section.parts, index, part._replace(name=f"{part.name}-x"))
                changed_variant = _replace_section(variant, number, section._replace(parts=parts))
                yield Perturbation(changed_variant, "sections", locator.place(path, part_path))
            for position, use in enumerate(part.uses):
                for name, changed_use, origin in _perturb_use(
                    locator, path, (*part_path, position), use
                ):
                    uses = _replace_item(part.uses, position, changed_use)
                    parts = _replace_item(section.parts, index, part._replace(uses=uses))
                    changed_variant = _replace_section(
                        variant, number, section._replace(parts=parts)
                    )
                    yield Perturbation(changed_variant, f"params.{name}", origin)


def _perturb_use(
    locator: SourceLocator, path: str, use_path: DataPath, use: Use
) -> Iterator[tuple[str, Use, Origin]]:
    """Yield the use with each parameter changed: the pack's own, then the fragment's defaults."""
    parameters: dict[str, tuple[object, Origin]] = {}
    for included in reversed(locator.dependencies.closure(use.fragment)):
        fragment = locator.project.fragments[included]
        for name, value in fragment.params.items():
            parameters[name] = value, locator.place(fragment.path, ("params", name))
    for name, value in use.params.items():
        origin = locator.place(path, (*use_path, "with", name), (*use_path[:-1], "with", name))
        parameters[name] = value, origin
    for name, (value, origin) in parameters.items():
        for other in _perturb_value(value):
            yield name, replace(use, params={**use.params, name: other}), origin


def _perturb_model(locator: SourceLocator, variant: Variant, target: str) -> Iterator[Perturbation]:
    model = variant.model
    if target in model.ids:
        ids = {name: value for name, value in model.ids.items() if name != target}
        origin = locator.place(model.path, ("ids", target))
        yield Perturbation(replace(variant, model=replace(model, ids=ids)), "", origin)
    switches = (field.name for field in fields.FIELDS if field.depends_on_model)
    for field in ("title", "family", "context_window", "prompt_budget", *switches):
        if locator.has(model.path, (field,)):
            for other in _perturb_value(getattr(model, field)):
                changed_variant = replace(variant, model=replace(model, **{field: other}))
                yield Perturbation(
                    changed_variant, f"model.{field}", locator.place(model.path, (field,))
                )


def _perturb_policy(
    locator: SourceLocator, variant: Variant, target: str
) -> Iterator[Perturbation]:
    policy = variant.find_policy(target)
    if target in variant.client_policies:
        origin = locator.place(variant.pack.path, ("clients", target, "policy"))
        yield Perturbation(replace(variant, client_policies={}), "policy", origin)
    variant = replace(variant, client_policies={})
    for field in ("title", "summary"):
        value: Any = f"{getattr(policy, field)} x"
        changed_policy = replace(policy, **{field: value})
        origin = locator.place(policy.path, (field,))
        yield Perturbation(replace(variant, policy=changed_policy), f"policy.{field}", origin)
    for capability, grant in policy.grants.items():
        for other_grant, grant_path in _perturb_grant(capability, grant):
            changed_policy = replace(policy, grants={**policy.grants, capability: other_grant})
            origin = locator.place(policy.path, grant_path)
            yield Perturbation(replace(variant, policy=changed_policy), "policy", origin)
    other = Effect.INHERIT if policy.default is Effect.DENY else Effect.DENY
    changed_policy = replace(policy, default=other)
    origin = locator.place(policy.path, ("default",))
    yield Perturbation(replace(variant, policy=changed_policy), "policy", origin)


def _perturb_grant(capability: str, grant: Grant) -> Iterator[tuple[Grant, DataPath]]:
    """Yield a grant turned round, then without each of its patterns."""
    grant_path: DataPath = ("capabilities", capability)
    first, *rest = grant
    for effect in _OTHER_EFFECTS[first.effect]:
        other_rule = first._replace(effect=effect)
        yield (other_rule, *rest), (*grant_path, "*")
        if rest:
            yield (other_rule,), grant_path
    for index, rule in enumerate(rest):
        yield (first, *rest[:index], *rest[index + 1 :]), (*grant_path, rule.pattern)


def _perturb_value(value: object) -> Iterator[Any]:
    """Yield values that differ from a scalar, so that some test of it comes out the other way."""
    if isinstance(value, bool) or value is None:
        yield not value
    elif isinstance(value, (int, float)):
        yield from (other for other in (0, _HUGE) if other != value)
    elif isinstance(value, str):
        yield f"{value} x"
        if value:
            yield ""


def _replace_section(variant: Variant, number: int, section: Section) -> Variant:
    return replace(variant, sections=_replace_item(variant.sections, number, section))


def _replace_item(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    return (*items[:index], item, *items[index + 1 :])
