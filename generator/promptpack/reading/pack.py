"""One pack file: its text in, a `Pack` whose every reference is known out, or findings."""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from promptpack.model import (
    Accept,
    Condition,
    Finding,
    Ignore,
    Origin,
    Override,
    Pack,
    Part,
    Section,
    Use,
)
from promptpack.reading.schema import PackFile, UseEntry, When
from promptpack.reading.validation import suggest, validate
from promptpack.source.strict_yaml import DataPath, Document, read_yaml
from promptpack.source.text import make_finding


def read_pack(
    text: str,
    path: str,
    fragments: Collection[str],
    models: Collection[str],
    policies: Collection[str],
) -> tuple[Pack | None, list[Finding]]:
    """Return the pack in `text`, or None, and what is wrong with it.

    `path` is the file's path in the project, `packs/<name>/pack.yaml`; the others are the names
    that it can refer to.
    """
    document = read_yaml(text, path)
    pack_file = validate(PackFile, document, path, text)
    if pack_file is None:
        return None, document.findings
    checker = _PackChecker(document, path, text, fragments, models, policies)
    pack = checker.make_pack(pack_file)
    return (None if document.findings else pack), document.findings


class _PackChecker:
    """Turns the names in a valid pack file into references, and says which lead nowhere."""

    def __init__(  # noqa: PLR0913, PLR0917 - one reader, all it can refer to
        self,
        document: Document,
        path: str,
        text: str,
        fragments: Collection[str],
        models: Collection[str],
        policies: Collection[str],
    ) -> None:
        self.document, self.path, self.text = document, path, text
        self.fragments, self.models, self.policies = fragments, models, policies
        self.folder = path.removesuffix("/pack.yaml")

    def make_pack(self, pack_file: PackFile) -> Pack:
        folder = self.folder.rpartition("/")[2]
        if pack_file.name != folder:
            self._add_finding("PP013", ("name",), f"the name must be the folder's name, '{folder}'")
        variants = pack_file.variants
        self._check_variants(pack_file)
        return Pack(
            name=pack_file.name,
            title=pack_file.title,
            description=pack_file.description,
            mode=pack_file.mode,
            temperature=pack_file.temperature,
            tags=tuple(pack_file.tags),
            vars=pack_file.vars,
            sections=tuple(self._iter_sections(pack_file)),
            default=(variants.default.model, variants.default.policy),
            models=tuple(variants.model),
            policies=tuple(variants.policy),
            exclude=tuple(_make_condition(when) for when in variants.exclude),
            overrides=tuple(
                Override(_make_condition(o.when), tuple(o.drop)) for o in variants.overrides
            ),
            accept=tuple(self._iter_accepted(pack_file)),
            targets=tuple(pack_file.targets),
            path=self.path,
            ignore=tuple(self._iter_ignored(pack_file)),
        )

    def _iter_accepted(self, pack_file: PackFile) -> Iterator[Accept]:
        for index, entry in enumerate(pack_file.accept):
            condition, origin = _make_condition(entry.when), self._make_origin("accept", index)
            for capability in _list_names(entry.capability):
                yield Accept(entry.target, capability, entry.reason, condition, origin)

    def _iter_ignored(self, pack_file: PackFile) -> Iterator[Ignore]:
        for index, entry in enumerate(pack_file.ignore):
            origin = self._make_origin("ignore", index)
            yield Ignore(entry.rule, entry.reason, entry.where or "", origin)

    def _iter_sections(self, pack_file: PackFile) -> Iterator[Section]:
        for name, entry in pack_file.sections.items():
            place: DataPath = ("sections", name)
            if isinstance(entry, dict):
                parts = [
                    Part(part_name, self._make_uses(uses, (*place, part_name)))
                    for part_name, uses in entry.items()
                ]
            else:
                parts = [Part("", self._make_uses(entry, place))]
            yield Section(name, tuple(parts))

    def _make_uses(
        self, entry: str | UseEntry | list[str | UseEntry], place: DataPath
    ) -> tuple[Use, ...]:
        if isinstance(entry, list):
            return tuple(self._make_use(one, (*place, index)) for index, one in enumerate(entry))
        return (self._make_use(entry, place),)

    def _make_use(self, entry: str | UseEntry, entry_place: DataPath) -> Use:
        use_entry = entry if isinstance(entry, UseEntry) else UseEntry(use=entry)
        place = (*entry_place, "use") if isinstance(entry, UseEntry) else entry_place
        span = self.document.values[place]
        name = use_entry.use
        if name.startswith("./"):
            name = f"{self.folder}/{name[2:].removesuffix('.md')}.md"
        if name not in self.fragments:
            self._report_unknown_fragment(use_entry.use, place)
        return Use(
            name, Origin(self.path, span.line), span.column, use_entry.params, use_entry.optional
        )

    def _report_unknown_fragment(self, name: str, place: DataPath) -> None:
        folder_prefix = f"{self.folder}/"
        if name.startswith("./"):
            local_names = (f for f in self.fragments if f.startswith(folder_prefix))
            candidates = [f"./{f.removeprefix(folder_prefix)}" for f in local_names]
        else:
            candidates = [f for f in self.fragments if not f.endswith(".md")]
        span = self.document.values[place]
        hint = suggest(name, candidates)
        self.document.findings.append(
            make_finding("PP020", self.path, span, f"unknown fragment '{name}'", hint, self.text)
        )

    def _check_variants(self, pack_file: PackFile) -> None:
        variants = pack_file.variants
        names_by_kind: dict[str, Iterable[str]] = {"model": self.models, "policy": self.policies}
        for kind, valid_names in names_by_kind.items():
            for index, name in enumerate(getattr(variants, kind)):
                self._check_name(kind, name, valid_names, ("variants", kind, index))
        pairs = {(m, p) for m in variants.model for p in variants.policy}
        default = (variants.default.model, variants.default.policy)
        is_excluded = any(_make_condition(when).holds(*default) for when in variants.exclude)
        if default not in pairs or is_excluded:
            variant_name = ".".join(default)
            self._add_finding(
                "PP026",
                ("variants", "default"),
                f"'{variant_name}' is not one of the pack's variants",
            )
        names_by_kind = {"model": variants.model, "policy": variants.policy}
        for place, when in _iter_conditions(pack_file):
            for kind, valid_names in names_by_kind.items():
                for name in _list_names(getattr(when, kind)):
                    self._check_name(kind, name, valid_names, (*place, kind))
        for index, override in enumerate(variants.overrides):
            for number, name in enumerate(override.drop):
                place = ("variants", "overrides", index, "drop", number)
                self._check_name("section", name, pack_file.sections, place)

    def _check_name(
        self, kind: str, name: str, valid_names: Iterable[str], place: DataPath
    ) -> None:
        valid_names = list(valid_names)
        if name not in valid_names:
            code = {"model": "PP021", "policy": "PP022", "section": "PP027"}[kind]
            self._add_finding(code, place, f"unknown {kind} '{name}'", suggest(name, valid_names))

    def _make_origin(self, *place: str | int) -> Origin:
        return Origin(self.path, self.document.at(place).line)

    def _add_finding(self, code: str, place: DataPath, message: str, hint: str = "") -> None:
        span = self.document.values.get(place) or self.document.at(place)
        self.document.findings.append(make_finding(code, self.path, span, message, hint, self.text))


def _iter_conditions(pack_file: PackFile) -> Iterator[tuple[DataPath, When]]:
    variants = pack_file.variants
    return chain(
        ((("variants", "exclude", i), when) for i, when in enumerate(variants.exclude)),
        (
            (("variants", "overrides", i, "when"), override.when)
            for i, override in enumerate(variants.overrides)
        ),
        ((("accept", i, "when"), accept.when) for i, accept in enumerate(pack_file.accept)),
    )


def _make_condition(when: When) -> Condition:
    return Condition(_list_names(when.model), _list_names(when.policy))


def _list_names(value: str | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
