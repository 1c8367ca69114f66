"""What files refer to by name: the YAML data of one in, its references or findings out.

The data may be wrong in other places: a name that leads nowhere is reported together with those.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from promptpack.model import DEFAULT_VARIANT, EVERY_PACK, Finding, split_translation
from promptpack.reading.files import SourceFile
from promptpack.reading.roots import PROJECT_FILE
from promptpack.source.closest import suggest
from promptpack.source.strict_yaml import UNREADABLE_CODES, DataPath, Document
from promptpack.source.text import PROBLEM_LIMIT, make_finding
from promptpack.targets.other_clients import suggest_target

_CODES = {
    "fragment": "PP020",
    "head": "PP020",
    "model": "PP021",
    "policy": "PP022",
    "target": "PP023",
    "layout": "PP025",
    "section": "PP027",
    "pack": "PP029",
    "language": "PP017",
}

Names = Mapping[str, Collection[str]]
"""The names that there are, by kind; references of other kinds are not checked.

Where they are a mapping, it has the full name of each.
"""

MISSING_LIBRARY = "missing library"
"""The kind of the names of libraries that can't be read: what they hold is not known."""


class Reference(NamedTuple):
    """A name of something of a kind, and the place of the value, or key, that it is."""

    kind: str
    name: str
    place: DataPath
    is_key: bool = False


def iter_pack_references(data: object) -> Iterator[Reference]:
    """Yield what the data of a pack file refers to in other files."""
    pack = _get_mapping(data)
    if isinstance(pack.get("sections"), str):
        yield Reference("fragment", pack["sections"], ("sections",))
    for section, entry in _get_mapping(pack.get("sections")).items():
        yield from _iter_section(entry, ("sections", section))
    yield from _iter_variant_names(pack.get("variants"), ("variants",))
    yield from _iter_target_names(pack)
    for place, expect in _iter_mappings(pack, ("expect",)):
        target = _get_mapping(expect.get("when")).get("target")
        yield from _iter_names("target", target, (*place, "when", "target"))
    for target, settings in _get_mapping(pack.get("clients")).items():
        yield from _iter_client_references(target, _get_mapping(settings))


def iter_project_references(data: object) -> Iterator[Reference]:
    """Yield what the data of a project file refers to; the variants that it names are left out."""
    project = _get_mapping(data)
    yield from _iter_target_names(project)
    yield from _iter_accepting_variants(project)
    for place, installation in _iter_mappings(project, ("installations",)):
        yield from _iter_names("target", installation.get("targets"), (*place, "targets"))
        if installation.get("packs") != EVERY_PACK:
            yield from _iter_names("pack", installation.get("packs"), (*place, "packs"))
        for target in _get_mapping(installation.get("variant")):
            if target != DEFAULT_VARIANT:
                yield Reference("target", target, (*place, "variant", target), is_key=True)


def iter_inner_references(data: object) -> Iterator[Reference]:
    """Yield what the data of a pack file refers to of its own models, policies and sections."""
    pack = _get_mapping(data)
    variants = _get_mapping(pack.get("variants"))
    for place, exclude in _iter_mappings(variants, ("variants", "exclude")):
        yield from _iter_variant_names(exclude, place)
        yield from _iter_names("language", exclude.get("language"), (*place, "language"))
    for place, override in _iter_mappings(variants, ("variants", "overrides")):
        yield from _iter_variant_names(override.get("when"), (*place, "when"))
        yield from _iter_names("section", override.get("drop"), (*place, "drop"))
    for section in _get_mapping(pack.get("titles")):
        yield Reference("section", section, ("titles", section), is_key=True)
    yield from _iter_accepting_variants(pack)
    for place, expect in _iter_mappings(pack, ("expect",)):
        when = _get_mapping(expect.get("when"))
        yield from _iter_variant_names(when, (*place, "when"))
        yield from _iter_names("language", when.get("language"), (*place, "when", "language"))
    yield from _iter_translated_names(pack)
    for target, settings in _get_mapping(pack.get("clients")).items():
        for name in _get_mapping(_get_mapping(settings).get("policy")):
            yield Reference("policy", name, ("clients", target, "policy", name), is_key=True)


def _iter_translated_names(pack: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield the languages that a pack file says something in, and the sections that it heads."""
    for language, translation in _get_mapping(pack.get("translations")).items():
        place: DataPath = ("translations", language)
        yield Reference("language", language, place, is_key=True)
        for section in _get_mapping(_get_mapping(translation).get("titles")):
            yield Reference("section", section, (*place, "titles", section), is_key=True)


def list_inner_names(data: object) -> Names:
    """Return the models, policies, languages and sections that the data of a pack file lists."""
    pack = _get_mapping(data)
    variants = {"language": [], **_get_mapping(pack.get("variants"))}
    lists = {**variants, "section": pack.get("sections")}
    return {
        kind: [name for name in lists[kind] if isinstance(name, str)]
        for kind in ("model", "policy", "language", "section")
        if isinstance(lists.get(kind), (list, dict))
    }


def iter_model_references(data: object) -> Iterator[Reference]:
    """Yield what the data of a model file refers to."""
    model = _get_mapping(data)
    yield from _iter_names("layout", model.get("layout"), ("layout",))
    for target in _get_mapping(model.get("ids")):
        yield Reference("target", target, ("ids", target), is_key=True)


def find_unknown_names(
    references: Iterable[Reference],
    names: Names,
    document: Document,
    file: SourceFile,
) -> Iterator[Finding]:
    """Yield an error for each reference to what is not among the names of its kind.

    A place of which the document has an error already is left out.
    """
    if any(finding.code in UNREADABLE_CODES for finding in document.findings):
        return
    reported_places = {(finding.line, finding.column) for finding in document.findings}
    unknown = (
        reference
        for reference in references
        if reference.kind in names
        if _resolve_name(reference, file.path) not in names[reference.kind]
        if find_library_name(reference.name) not in names.get(MISSING_LIBRARY, ())
    )
    for kind, name, place, is_key in islice(unknown, PROBLEM_LIMIT):
        span = document.keys[place] if is_key else document.values[place]
        if not {span[:2], document.at(place)[:2]} & reported_places:
            hint = _suggest_name(kind, name, names, file.path)
            library = find_library_name(name)
            if library and library not in names.get("library", (library,)):
                hint = f"name '{library}' under 'libraries' or 'roots' in {PROJECT_FILE}"
            message = f"unknown {kind} '{name}'"
            yield make_finding(_CODES[kind], file.path, span, message, hint, file.text)


def _suggest_name(kind: str, name: str, names: Names, path: str) -> str:
    if kind == "target":
        return suggest_target(name)
    return suggest(name, list_candidates(name, names[kind], path))


def find_library_name(name: str) -> str:
    """Return the library that a name is of by its prefix; "" for a plain name."""
    return name.partition(":")[0] if ":" in name else ""


def find_full_name(names: Names, kind: str, name: str) -> str:
    """Return the full name of what a file calls by a name; of what there is not, the name.

    >>> find_full_name({"policy": {"review": "acme:review"}}, "policy", "review")
    'acme:review'
    """
    known = names.get(kind, ())
    return str(known.get(name, name)) if isinstance(known, Mapping) else name


def resolve_fragment(name: str, path: str, suffix: str = ".md") -> str:
    """Return the full name of a fragment that the file at `path` names, or of another such file.

    >>> resolve_fragment("./role", "packs/demo/pack.yaml")
    'packs/demo/role.md'
    """
    if not name.startswith("./"):
        return name
    return f"{path.rpartition('/')[0]}/{name[2:].removesuffix(suffix)}{suffix}"


def _resolve_name(reference: Reference, path: str) -> str:
    """Return the full name that a reference in the file at `path` is of."""
    suffix = ".head" if reference.kind == "head" else ".md"
    return resolve_fragment(reference.name, path, suffix)


def list_candidates(name: str, names: Iterable[str], path: str) -> list[str]:
    """Return the names that may have been meant, as the file at `path` would write them.

    Translations are meant by the names of their sources.
    """
    names = [name for name in names if not split_translation(name)[0]]
    folder = f"{path.rpartition('/')[0]}/"
    near = [f"./{other.removeprefix(folder)}" for other in names if other.startswith(folder)]
    near = [n for n in near if n.endswith(".head")] or near if name.endswith(".head") else near
    return near if name.startswith("./") else [n for n in names if not n.endswith(".md")] + near


def _iter_client_references(target: str, settings: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield a target, and the policies and the prompt that it gets."""
    place: DataPath = ("clients", target)
    yield Reference("target", target, place, is_key=True)
    policy = settings.get("policy")
    yield from _iter_names("policy", policy, (*place, "policy"))
    for name, other_name in _get_mapping(policy).items():
        yield from _iter_names("policy", other_name, (*place, "policy", name))
    yield from _iter_names("fragment", settings.get("prompt"), (*place, "prompt"))
    yield from _iter_names("head", settings.get("head"), (*place, "head"))


def _iter_section(entry: object, place: DataPath) -> Iterator[Reference]:
    """Yield the fragments of a section, or of each of its parts."""
    if isinstance(entry, dict) and "use" not in entry:
        for part, uses in entry.items():
            yield from _iter_uses(uses, (*place, part))
    else:
        yield from _iter_uses(entry, place)


def _iter_uses(uses: object, place: DataPath) -> Iterator[Reference]:
    """Yield the fragment of a use, or of each of a list of uses."""
    items = [((*place, n), use) for n, use in enumerate(uses)] if isinstance(uses, list) else []
    for item_place, use in items or [(place, uses)]:
        if isinstance(use, dict):
            yield from _iter_names("fragment", use.get("use"), (*item_place, "use"))
        elif isinstance(use, str):
            yield Reference("fragment", use, item_place)


def _iter_target_names(data: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield the targets that a file is for, and those in which it accepts something."""
    yield from _iter_names("target", data.get("targets"), ("targets",))
    for place, accept in _iter_mappings(data, ("accept",)):
        yield from _iter_names("target", accept.get("target"), (*place, "target"))


def _iter_accepting_variants(data: Mapping[str, Any]) -> Iterator[Reference]:
    for place, accept in _iter_mappings(data, ("accept",)):
        yield from _iter_variant_names(accept.get("when"), (*place, "when"))


def _iter_variant_names(data: object, place: DataPath) -> Iterator[Reference]:
    for kind in ("model", "policy"):
        yield from _iter_names(kind, _get_mapping(data).get(kind), (*place, kind))


def _iter_names(kind: str, value: object, place: DataPath) -> Iterator[Reference]:
    """Yield a name, or each of a list of names."""
    if isinstance(value, str):
        yield Reference(kind, value, place)
    for index, name in enumerate(value if isinstance(value, list) else ()):
        if isinstance(name, str):
            yield Reference(kind, name, (*place, index))


def _iter_mappings(
    data: Mapping[str, Any], place: DataPath
) -> Iterator[tuple[DataPath, Mapping[str, Any]]]:
    """Yield the mappings in a list, which stands in `data` under the last key of its place."""
    items = data.get(str(place[-1]))
    for index, item in enumerate(items if isinstance(items, list) else ()):
        yield (*place, index), _get_mapping(item)


def _get_mapping(data: object) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}
