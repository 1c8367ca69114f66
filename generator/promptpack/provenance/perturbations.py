"""What if: a variant in, out for each thing that it is made of the variant with that thing changed.

What changes with a thing depends on it; that is how the origins of values are found.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from promptpack.model import (
    Effect,
    Grant,
    Origin,
    Pack,
    Policy,
    Project,
    Section,
    Use,
    Variant,
    fields,
)
from promptpack.rendering.constants import Constants, iter_other_values, read_constants
from promptpack.rendering.includes import Dependencies, depends_on
from promptpack.rendering.probes import Probe
from promptpack.rendering.prompt_keys import get_layout_name, list_template_names
from promptpack.rendering.tag_switches import list_probes
from promptpack.source.frontmatter import Documents
from promptpack.source.strict_yaml import DataPath
from promptpack.targets import TARGETS

_OTHER_EFFECTS = {
    Effect.DENY: (Effect.ALLOW, Effect.ASK),
    Effect.ASK: (Effect.DENY, Effect.ALLOW),
    Effect.ALLOW: (Effect.DENY, Effect.ASK),
    Effect.INHERIT: (Effect.DENY, Effect.ALLOW, Effect.ASK),
}
_HUGE = 1 << 60
_MOST_TAGS = 50
"""How many tags are tried at most because of a number that they may be compared with."""


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
        self._constants: dict[str, Constants] = {}
        self._probes: dict[str, tuple[Probe, ...]] = {}

    def find_constants(self, variant: Variant, name: str) -> Constants:
        """Return what templates of a variant that read a variable may compare it with."""
        found = Constants()
        for template in list_template_names(variant):
            if depends_on(self.dependencies.reads(template), name):
                found = found.join(self.read_constants(template))
        return found

    def read_constants(self, template: str) -> Constants:
        """Return the constants of a template and of all that it includes."""
        if template not in self._constants:
            found = Constants()
            for included in self.dependencies.closure(template):
                if not self.dependencies.read_facts(included).is_literal:
                    found = found.join(read_constants(self.dependencies.parse(included)))
            self._constants[template] = found
        return self._constants[template]

    def list_probes(self, variant: Variant) -> Iterator[Probe]:
        """Yield a probe for each line with a tag in any template of a variant, each once."""
        closures = map(self.dependencies.closure, list_template_names(variant))
        for name in dict.fromkeys(name for closure in closures for name in closure):
            if name not in self._probes:
                is_literal = self.dependencies.read_facts(name).is_literal
                path = self.dependencies.find(name).path
                tree = None if is_literal else self.dependencies.parse(name)
                self._probes[name] = list_probes(tree, path) if tree else ()
            yield from self._probes[name]

    def place(self, path: str, *candidates: DataPath) -> Origin:
        """Return where a file holds the first of some data paths that it has, or what is around."""
        yaml_document = self.documents.read(path)
        data_paths = [data for data in candidates if data in yaml_document.keys]
        return Origin(path, yaml_document.at((data_paths or candidates)[0]).line)

    def has(self, path: str, data: DataPath) -> bool:
        """Tell whether a file says something of this data path."""
        return data in self.documents.read(path).keys


def iter_perturbations(
    locator: SourceLocator, variant: Variant, target: str, paths: Collection[str] | None = None
) -> Iterator[Perturbation]:
    """Yield the variant with each thing changed on which its file for the target may depend.

    With `paths` only what is written in these files.
    """

    def is_asked(path: str) -> bool:
        return paths is None or path in paths

    pack = variant.pack
    if paths is not None and not paths:
        return
    if is_asked(pack.path):
        yield from _perturb_pack(locator, variant)
        yield from _perturb_fields(locator, variant, target)
    yield from _perturb_sections(locator, variant, is_asked)
    if is_asked(variant.model.path):
        yield from _perturb_model(locator, variant, target)
    if is_asked(pack.path) and target in variant.client_policies:
        origin = locator.place(pack.path, ("clients", target, "policy"))
        yield Perturbation(replace(variant, client_policies={}), "policy", origin)
    if is_asked(variant.find_policy(target).path):
        yield from _perturb_policy(locator, variant, target)
    for accept in variant.accept:
        if accept.target == target and is_asked(accept.origin.path):
            remaining = tuple(other for other in variant.accept if other != accept)
            yield Perturbation(replace(variant, accept=remaining), "policy", accept.origin)


def iter_structure(locator: SourceLocator, variant: Variant) -> Iterator[Perturbation]:
    """Yield the variant without each section, each part of one, and each fragment in one."""
    path = variant.pack.path
    if variant.pack.text:
        nothing = replace(variant, sections=())
        yield Perturbation(nothing, "sections", locator.place(path, ("sections",)))
        return
    for number, section in enumerate(variant.sections):
        section_path: DataPath = ("sections", section.name)
        others = (*variant.sections[:number], *variant.sections[number + 1 :])
        origin = locator.place(path, section_path)
        yield Perturbation(replace(variant, sections=others), "sections", origin)
        for index, part in enumerate(section.parts):
            cut = section._replace(parts=(*section.parts[:index], *section.parts[index + 1 :]))
            if part.name:
                origin = locator.place(path, (*section_path, part.name))
                yield Perturbation(_replace_section(variant, number, cut), "sections", origin)
            for position, use in enumerate(part.uses):
                uses = (*part.uses[:position], *part.uses[position + 1 :])
                parts = _replace_item(section.parts, index, part._replace(uses=uses))
                changed_variant = _replace_section(variant, number, section._replace(parts=parts))
                yield Perturbation(changed_variant, "sections", use.origin)


def _perturb_pack(locator: SourceLocator, variant: Variant) -> Iterator[Perturbation]:
    pack = variant.pack
    titles = [*_perturb_text(variant.title, locator.find_constants(variant, "pack.title"))]
    place: DataPath = ("translations", variant.language, "title")
    for title in titles if variant.translation.title else ():
        changed_variant = fields.replace_setting(variant, fields.Setting(title, place))
        yield Perturbation(changed_variant, "pack.title", locator.place(pack.path, place))
    values: list[tuple[str, Any]] = [("title", title) for title in titles]
    values += [("tags", tags) for tags in _perturb_tags(locator, variant)]
    for field, value in values:
        changed_variant = replace(variant, pack=replace(pack, **{field: value}))
        yield Perturbation(changed_variant, f"pack.{field}", locator.place(pack.path, (field,)))
    if pack.arguments:
        changed_variant = replace(variant, pack=replace(pack, arguments=("x", *pack.arguments)))
        yield Perturbation(changed_variant, "argument", locator.place(pack.path, ("arguments",)))
    for name, value in pack.vars.items():
        constants = locator.find_constants(variant, f"vars.{name}").add_compared(pack.vars.values())
        origin = locator.place(pack.path, ("vars", name))
        for other in _perturb_value(value, constants):
            changed_variant = replace(variant, pack=replace(pack, vars={**pack.vars, name: other}))
            yield Perturbation(changed_variant, f"vars.{name}", origin)


def _perturb_tags(locator: SourceLocator, variant: Variant) -> Iterator[tuple[str, ...]]:
    """Yield the tags of a pack with one more, one less, and none."""
    tags, constants = variant.pack.tags, locator.find_constants(variant, "pack.tags")
    yield from ((*tags, tag) for tag in ("x", *constants.texts) if tag not in tags)
    yield from (tuple(other for other in tags if other != tag) for tag in tags)
    for number in sorted({int(n) + step for n in constants.numbers for step in (0, 1)}):
        if len(tags) < number <= _MOST_TAGS:
            yield (*tags, *(f"x{n}" for n in range(number - len(tags))))
    if tags:
        yield ()


def _perturb_fields(
    locator: SourceLocator, variant: Variant, target: str
) -> Iterator[Perturbation]:
    """Yield each value of a field changed that the pack has for the target, and extra keys gone.

    Templates see the pack's own values only.
    """
    pack = variant.pack
    for field in fields.FIELDS:
        for setting in fields.list_settings(field, variant, target):
            is_seen = setting.place[0] in (field.name, "translations")
            name = f"pack.{field.name}" if is_seen else ""
            values: Iterable[Any] = field.vary(setting.value)
            if name and field.name == "description":
                constants = locator.find_constants(variant, name)
                values = dict.fromkeys((*values, *_perturb_text(setting.value, constants)))
            origin = locator.place(pack.path, setting.place)
            for value in values:
                changed_variant = fields.replace_setting(variant, setting._replace(value=value))
                yield Perturbation(changed_variant, name, origin)
                if field.name == "mode":  # a client may hold a policy otherwise in another mode
                    yield Perturbation(changed_variant, "policy", origin)
    settings = fields.find_client_settings(pack, target)
    for key in settings.extra:
        extra = {name: value for name, value in settings.extra.items() if name != key}
        clients = {**pack.clients, target: replace(settings, extra=extra)}
        origin = locator.place(pack.path, ("clients", target, "extra", key))
        yield Perturbation(replace(variant, pack=replace(pack, clients=clients)), "", origin)


def _perturb_sections(
    locator: SourceLocator, variant: Variant, is_asked: Callable[[str], bool]
) -> Iterator[Perturbation]:
    path = variant.pack.path
    for number, section in enumerate(variant.sections):
        if is_asked(path) or (section.passage and is_asked(section.passage.path)):
            yield from _perturb_section(locator, variant, number)
        yield from _perturb_uses(locator, variant, number, is_asked)


def _perturb_section(
    locator: SourceLocator, variant: Variant, number: int
) -> Iterator[Perturbation]:
    """Yield the variant with the names and the title of a section changed."""
    path, section = variant.pack.path, variant.sections[number]
    constants = locator.read_constants(get_layout_name(variant))
    if passage := section.passage:
        origin = Origin(passage.path, passage.line + max(passage.lead, 1) - 1)
        other = passage._replace(title=f"{passage.title} x")
        renamed = section._replace(name=f"{section.name}-x", passage=other)
        yield Perturbation(_replace_section(variant, number, renamed), "sections", origin)
    else:
        origin = locator.place(path, ("sections", section.name))
        for name in _perturb_name(section.name, constants):
            renamed = section._replace(name=name)
            yield Perturbation(_replace_section(variant, number, renamed), "sections", origin)
    if section.title:
        for title in _perturb_text(section.title, constants):
            titled = _replace_section(variant, number, section._replace(title=title))
            yield Perturbation(titled, "sections", section.title_origin)
    for index, part in enumerate(section.parts):
        if part.name:
            origin = locator.place(path, ("sections", section.name, part.name))
            for name in _perturb_name(part.name, constants):
                parts = _replace_item(section.parts, index, part._replace(name=name))
                changed_variant = _replace_section(variant, number, section._replace(parts=parts))
                yield Perturbation(changed_variant, "sections", origin)


def _perturb_uses(
    locator: SourceLocator, variant: Variant, number: int, is_asked: Callable[[str], bool]
) -> Iterator[Perturbation]:
    """Yield the variant with each parameter of the fragments of a section changed."""
    section = variant.sections[number]
    for index, part in enumerate(section.parts):
        part_path: DataPath = ("sections", section.name, *((part.name,) if part.name else ()))
        for position, use in enumerate(part.uses):
            perturbed_uses = _perturb_use(
                locator, variant.pack, (*part_path, position), use, is_asked
            )
            for name, changed_use, origin in perturbed_uses:
                uses = _replace_item(part.uses, position, changed_use)
                parts = _replace_item(section.parts, index, part._replace(uses=uses))
                changed_variant = _replace_section(variant, number, section._replace(parts=parts))
                yield Perturbation(changed_variant, f"params.{name}", origin)


def _perturb_use(
    locator: SourceLocator,
    pack: Pack,
    use_path: DataPath,
    use: Use,
    is_asked: Callable[[str], bool],
) -> Iterator[tuple[str, Use, Origin]]:
    """Yield the use with each parameter changed: the pack's own, then the fragment's defaults."""
    if not any(map(is_asked, (pack.path, *locator.dependencies.list_paths(use.fragment)))):
        return
    parameters: dict[str, tuple[object, str, tuple[DataPath, ...]]] = {}
    for included in reversed(locator.dependencies.closure(use.fragment)):
        fragment = locator.project.fragments[included]
        for name, value in fragment.params.items():
            parameters[name] = value, fragment.path, (("params", name),)
    for name, value in use.params.items():
        use_paths: tuple[DataPath, ...] = (
            (*use_path, "with", name),
            (*use_path[:-1], "with", name),
        )
        parameters[name] = value, pack.path, use_paths
    others = [*pack.vars.values(), *(value for value, _, _ in parameters.values())]
    for name, (value, path, data_paths) in parameters.items():
        if is_asked(path):
            constants = locator.read_constants(use.fragment).add_compared(others)
            origin = locator.place(path, *data_paths)
            for other in _perturb_value(value, constants):
                yield name, replace(use, params={**use.params, name: other}), origin


def _perturb_model(locator: SourceLocator, variant: Variant, target: str) -> Iterator[Perturbation]:
    model = variant.model
    command = TARGETS[target].command
    client = command.client if command and target not in model.ids else target
    if client in model.ids:
        ids = {name: value for name, value in model.ids.items() if name != client}
        origin = locator.place(model.path, ("ids", client))
        yield Perturbation(replace(variant, model=replace(model, ids=ids)), "", origin)
    switches = (field.name for field in fields.FIELDS if field.depends_on_model)
    for field in ("title", "family", "context_window", "prompt_budget", *switches):
        if locator.has(model.path, (field,)):
            constants = locator.find_constants(variant, f"model.{field}")
            for other in _perturb_value(getattr(model, field), constants):
                changed_variant = replace(variant, model=replace(model, **{field: other}))
                yield Perturbation(
                    changed_variant, f"model.{field}", locator.place(model.path, (field,))
                )


def _perturb_policy(
    locator: SourceLocator, variant: Variant, target: str
) -> Iterator[Perturbation]:
    policy = variant.find_policy(target)
    for field in ("title", "summary"):
        origin = locator.place(policy.path, (field,))
        constants = locator.find_constants(variant, f"policy.{field}")
        for value in _perturb_text(getattr(policy, field), constants):
            words: dict[str, Any] = {field: value}
            changed_variant = _replace_policy(variant, target, replace(policy, **words))
            yield Perturbation(changed_variant, f"policy.{field}", origin)
    for capability, grant in policy.grants.items():
        for other_grant, grant_path in _perturb_grant(capability, grant):
            changed_policy = replace(policy, grants={**policy.grants, capability: other_grant})
            origin = locator.place(policy.path, grant_path)
            yield Perturbation(_replace_policy(variant, target, changed_policy), "policy", origin)
    other = Effect.INHERIT if policy.default is Effect.DENY else Effect.DENY
    changed_policy = replace(policy, default=other)
    origin = locator.place(policy.path, ("default",))
    yield Perturbation(_replace_policy(variant, target, changed_policy), "policy", origin)


def _replace_policy(variant: Variant, target: str, policy: Policy) -> Variant:
    """Return the variant with another policy for a target, be it its own or the client's."""
    if target in variant.client_policies:
        return replace(variant, client_policies={**variant.client_policies, target: policy})
    return replace(variant, policy=policy)


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


def _perturb_value(value: object, constants: Constants) -> Iterator[Any]:
    """Yield values that differ from a scalar, so that some test of it comes out the other way."""
    usual: tuple[object, ...] = ()
    if isinstance(value, bool) or value is None:
        usual = (not value,)
    elif isinstance(value, (int, float)):
        usual = tuple(other for other in (0, _HUGE) if other != value)
    elif isinstance(value, str):
        usual = (f"{value} x", *(("",) if value else ()))
    yield from usual
    yield from (other for other in iter_other_values(value, constants) if other not in usual)


def _perturb_text(value: str, constants: Constants) -> Iterator[str]:
    """Yield texts that differ from one."""
    yield f"{value} x"
    yield from (o for o in iter_other_values(value, constants) if isinstance(o, str))


def _perturb_name(name: str, constants: Constants) -> Iterator[str]:
    """Yield other names of a section, those among them that a layout may ask for."""
    yield f"{name}-x"
    yield from (text for text in constants.texts if text != name)


def _replace_section(variant: Variant, number: int, section: Section) -> Variant:
    return replace(variant, sections=_replace_item(variant.sections, number, section))


def _replace_item(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    return (*items[:index], item, *items[index + 1 :])
