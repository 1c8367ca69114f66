"""A pack file or the project file: its text in, out what it says with every reference known.

Where something is wrong, findings come out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from sys import intern
from typing import TYPE_CHECKING, Any

from promptpack.model import (
    DEFAULT_VARIANT,
    Accept,
    ClientSettings,
    Condition,
    Expectation,
    Finding,
    Ignore,
    Installation,
    Origin,
    Override,
    Pack,
    Part,
    Section,
    SharedSettings,
    Translation,
    Use,
)
from promptpack.model.fields import FIELDS, copy_fields
from promptpack.reading import file_kinds
from promptpack.reading.extras import find_extra_problems
from promptpack.reading.files import SourceFile
from promptpack.reading.pack_kinds import find_wrong_kinds
from promptpack.reading.references import (
    Names,
    find_full_name,
    find_unknown_names,
    iter_inner_references,
    iter_pack_references,
    iter_project_references,
    list_inner_names,
    resolve_fragment,
)
from promptpack.reading.validation import validate
from promptpack.source.headings import split_sections
from promptpack.source.strict_yaml import DataPath, Document
from promptpack.source.text import make_finding
from promptpack.source.yaml_entries import read_yaml

if TYPE_CHECKING:
    from promptpack.reading.project_schema import ProjectFile
    from promptpack.reading.schema import (
        AcceptEntry,
        ClientEntry,
        ExcludeWhen,
        OverrideEntry,
        PackFile,
        When,
    )
    from promptpack.reading.section_types import UseEntry

_ANY = Condition()


def read_pack(file: SourceFile, names: Names) -> tuple[Pack | None, list[Finding]]:
    """Return the pack in a file, `packs/<name>/pack.yaml`, and what is wrong with it.

    `names` are those that there are, of fragments without those of other packs.
    """
    document = read_yaml(file.text, file.path)
    pack_file = validate(file_kinds.PACK, document, file.path, file.text)
    data = document.data
    findings = [
        *document.findings,
        *find_unknown_names(iter_pack_references(data), names, document, file),
        *find_unknown_names(iter_inner_references(data), list_inner_names(data), document, file),
        *find_extra_problems(data, document, file),
    ]
    if pack_file is None:
        return None, findings
    findings += _find_contradictions(pack_file, document, file)
    findings += find_wrong_kinds(pack_file, document, file)
    return _PackMaker(document, file.path, names).make_pack(pack_file), findings


def read_project_file(
    file: SourceFile, names: Names
) -> tuple[SharedSettings | None, list[Finding]]:
    """Return what packs share by the project file, and what is wrong with it.

    `names` are those that there are.
    """
    document = read_yaml(file.text, file.path)
    project_file = validate(file_kinds.PROJECT, document, file.path, file.text)
    references = iter_project_references(document.data)
    findings = [*document.findings, *find_unknown_names(references, names, document, file)]
    if project_file is None:
        return None, findings
    accept = tuple(_iter_accepted(project_file.accept, document, file.path, names))
    shared = SharedSettings(
        tuple(project_file.targets),
        accept,
        file.path,
        project_file.name or "",
        project_file.out or "",
        tuple(_iter_installations(project_file, document, file.path)),
        project_file.permissions or "",
    )
    return shared, findings


def _iter_installations(
    project_file: ProjectFile, document: Document, path: str
) -> Iterator[Installation]:
    for index, entry in enumerate(project_file.installations):
        variant = entry.variant
        yield Installation(
            entry.into,
            () if isinstance(entry.packs, str) else tuple(entry.packs),
            tuple(entry.targets),
            {DEFAULT_VARIANT: variant} if isinstance(variant, str) else variant or {},
            entry.name or "",
            Origin(path, document.at(("installations", index)).line),
        )


def fill_sections(pack: Pack, file: SourceFile, text: str) -> tuple[Pack, list[Finding]]:
    """Return a pack with the sections of its one text, and the names of sections it has not.

    `file` is the pack's own.
    """
    filled_pack = replace(pack, sections=split_sections(text, pack.text))
    names = [section.name for section in filled_pack.sections]
    if all(name in names for override in pack.overrides for name in override.drop):
        return filled_pack, []
    document = read_yaml(file.text, file.path)
    references = iter_inner_references(document.data)
    return filled_pack, [*find_unknown_names(references, {"section": names}, document, file)]


def _iter_accepted(
    entries: Iterable[AcceptEntry], document: Document, path: str, names: Names
) -> Iterator[Accept]:
    """Yield what the entries of a file accept, one for each capability."""
    for index, entry in enumerate(entries):
        origin = Origin(path, document.at(("accept", index)).line)
        condition, reason = _make_condition(entry.when, names), intern(entry.reason)
        for capability in _list_names(entry.capability):
            yield Accept(intern(entry.target), intern(capability), reason, condition, origin)


def _find_contradictions(
    pack_file: PackFile, document: Document, file: SourceFile
) -> Iterator[Finding]:
    folder = file.path.split("/")[-2]
    if pack_file.name != folder:
        message = f"the name must be the folder's name, '{folder}'"
        yield make_finding("PP013", file.path, document.values["name",], message, "", file.text)
    variants = pack_file.variants
    default = (variants.default.model, variants.default.policy)
    language = next(iter(variants.language), "")
    conditions = [_make_language_condition(when, {}) for when in variants.exclude]
    is_excluded = any(condition.holds(*default, language) for condition in conditions)
    if default not in product(variants.model, variants.policy) or is_excluded:
        message = f"'{'.'.join(default)}' is not one of the pack's variants"
        span = document.values["variants", "default"]
        yield make_finding("PP026", file.path, span, message, "", file.text)


class _PackMaker:
    """Makes a pack of a valid pack file, with the place of what is traced to it."""

    def __init__(self, document: Document, path: str, names: Names) -> None:
        self.document, self.path, self.names = document, path, names

    def make_pack(self, pack_file: PackFile) -> Pack:
        variants = pack_file.variants
        is_command = pack_file.kind == "command"
        return Pack(
            **{
                **copy_fields(pack_file),
                **({"mode": "primary"} if is_command else {}),
                "arguments": tuple(pack_file.arguments),
            },
            kind=pack_file.kind,
            title=pack_file.title,
            tags=tuple(pack_file.tags),
            vars=pack_file.vars,
            sections=tuple(self._iter_sections(pack_file.sections, pack_file.titles)),
            text=(
                resolve_fragment(pack_file.sections, self.path)
                if isinstance(pack_file.sections, str)
                else ""
            ),
            default=(
                self._complete("model", variants.default.model),
                self._complete("policy", variants.default.policy),
            ),
            models=tuple(self._complete("model", name) for name in variants.model),
            policies=tuple(self._complete("policy", name) for name in variants.policy),
            exclude=tuple(_make_language_condition(when, self.names) for when in variants.exclude),
            overrides=tuple(_make_override(entry, self.names) for entry in variants.overrides),
            accept=tuple(_iter_accepted(pack_file.accept, self.document, self.path, self.names)),
            targets=tuple(map(intern, pack_file.targets)),
            path=self.path,
            ignore=tuple(self._iter_ignored(pack_file)),
            clients=self._make_clients(pack_file),
            expect=tuple(self._iter_expected(pack_file)),
            languages=tuple(variants.language),
            translations=self._make_translations(pack_file),
        )

    def _make_translations(self, pack_file: PackFile) -> dict[str, Translation]:
        return {
            language: Translation(
                entry.title or "",
                entry.description or "",
                {
                    name: (title, self._make_origin("translations", language, "titles", name))
                    for name, title in entry.titles.items()
                },
            )
            for language, entry in pack_file.translations.items()
        }

    def _iter_expected(self, pack_file: PackFile) -> Iterator[Expectation]:
        for index, entry in enumerate(pack_file.expect):
            yield Expectation(
                entry.contains or "",
                entry.absent or "",
                entry.max_tokens or 0,
                _make_language_condition(entry.when, self.names),
                _list_names(entry.when.target),
                self._make_origin("expect", index),
            )

    def _make_clients(self, pack_file: PackFile) -> dict[str, ClientSettings]:
        return {
            target: ClientSettings(
                values=_list_values(entry),
                extra=entry.extra,
                policies=self._make_policies(entry, pack_file.variants.policy),
                prompt=resolve_fragment(entry.prompt, self.path) if entry.prompt else "",
                head=resolve_fragment(entry.head, self.path, ".head") if entry.head else "",
                file=entry.file or "",
                newlines=entry.newlines,
                bom=entry.bom,
                persona=entry.persona,
            )
            for target, entry in pack_file.clients.items()
        }

    def _make_policies(self, entry: ClientEntry, policies: Iterable[str]) -> dict[str, str]:
        """Return the policy that a client gets in place of each of the pack's."""
        given = entry.policy
        chosen = dict.fromkeys(policies, given) if isinstance(given, str) else given
        full_names = {name: self._complete("policy", name) for name in (*chosen, *chosen.values())}
        return {full_names[name]: full_names[other] for name, other in chosen.items()}

    def _complete(self, kind: str, name: str) -> str:
        """Return the full name of what the pack calls by a name."""
        return find_full_name(self.names, kind, name)

    def _iter_ignored(self, pack_file: PackFile) -> Iterator[Ignore]:
        for index, entry in enumerate(pack_file.ignore):
            origin = self._make_origin("ignore", index)
            yield Ignore(entry.rule, entry.reason, entry.where or "", origin)

    def _iter_sections(
        self, entries: str | Mapping[str, Any], titles: Mapping[str, str]
    ) -> Iterator[Section]:
        """Yield the sections that are made of fragments; those of a text are not known yet."""
        for name, entry in entries.items() if not isinstance(entries, str) else ():
            place: DataPath = ("sections", name)
            if isinstance(entry, dict):
                parts = [
                    Part(part_name, self._make_uses(uses, (*place, part_name)))
                    for part_name, uses in entry.items()
                ]
            else:
                parts = [Part("", self._make_uses(entry, place))]
            origin = self._make_origin("titles", name) if name in titles else Origin("", 0)
            yield Section(name, tuple(parts), None, titles.get(name, ""), origin)

    def _make_uses(
        self, entry: str | UseEntry | list[str | UseEntry], place: DataPath
    ) -> tuple[Use, ...]:
        if isinstance(entry, list):
            return tuple(self._make_use(one, (*place, index)) for index, one in enumerate(entry))
        return (self._make_use(entry, place),)

    def _make_use(self, entry: str | UseEntry, entry_place: DataPath) -> Use:
        if isinstance(entry, str):
            span = self.document.values[entry_place]
            name = self._complete("fragment", resolve_fragment(entry, self.path))
            return Use(name, Origin(self.path, span.line), span.column, {})
        span = self.document.values[*entry_place, "use"]
        name = self._complete("fragment", resolve_fragment(entry.use, self.path))
        return Use(name, Origin(self.path, span.line), span.column, entry.params, entry.optional)

    def _make_origin(self, *place: str | int) -> Origin:
        return Origin(self.path, self.document.at(place).line)


def _make_override(entry: OverrideEntry, names: Names) -> Override:
    return Override(_make_condition(entry.when, names), tuple(entry.drop), _list_values(entry))


def _list_values(entry: OverrideEntry | ClientEntry) -> dict[str, Any]:
    """Return the values of fields that an entry gives, by field."""
    values = {field.name: getattr(entry, field.name, None) for field in FIELDS}
    return {name: value for name, value in values.items() if value is not None}


def _make_condition(when: When, names: Names) -> Condition:
    models, policies = _list_names(when.model), _list_names(when.policy)
    if not models and not policies:
        return _ANY
    return Condition(
        tuple(find_full_name(names, "model", name) for name in models),
        tuple(find_full_name(names, "policy", name) for name in policies),
    )


def _make_language_condition(when: ExcludeWhen, names: Names) -> Condition:
    return _make_condition(when, names)._replace(languages=_list_names(when.language))


def _list_names(value: str | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
