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
from promptpack.reading.validation import did_you_mean, validate
from promptpack.source.strict_yaml import Document, Path, read_yaml
from promptpack.source.text import finding


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
    valid = validate(PackFile, document, path, text)
    if valid is None:
        return None, document.findings
    checker = _Checker(document, path, text, fragments, models, policies)
    pack = checker.pack(valid)
    return (None if document.findings else pack), document.findings


class _Checker:
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

    def pack(self, valid: PackFile) -> Pack:
        folder = self.folder.rpartition("/")[2]
        if valid.name != folder:
            self._say("PP013", ("name",), f"name is not the folder's: '{folder}'")
        variants = valid.variants
        self._check_variants(valid)
        return Pack(
            name=valid.name,
            title=valid.title,
            description=valid.description,
            mode=valid.mode,
            temperature=valid.temperature,
            tags=tuple(valid.tags),
            vars=valid.vars,
            sections=tuple(self._sections(valid)),
            default=(variants.default.model, variants.default.policy),
            models=tuple(variants.model),
            policies=tuple(variants.policy),
            exclude=tuple(_condition(when) for when in variants.exclude),
            overrides=tuple(
                Override(_condition(o.when), tuple(o.drop)) for o in variants.overrides
            ),
            accept=tuple(
                Accept(a.target, name, a.reason, _condition(a.when), self._at("accept", i))
                for i, a in enumerate(valid.accept)
                for name in _names(a.capability)
            ),
            targets=tuple(valid.targets),
            path=self.path,
            ignore=tuple(
                Ignore(one.rule, one.reason, one.where or "", self._at("ignore", index))
                for index, one in enumerate(valid.ignore)
            ),
        )

    def _sections(self, valid: PackFile) -> Iterator[Section]:
        for name, entry in valid.sections.items():
            at: Path = ("sections", name)
            if isinstance(entry, dict):
                parts = [Part(p, self._uses(uses, (*at, p))) for p, uses in entry.items()]
            else:
                parts = [Part("", self._uses(entry, at))]
            yield Section(name, tuple(parts))

    def _uses(self, entry: str | UseEntry | list[str | UseEntry], at: Path) -> tuple[Use, ...]:
        if isinstance(entry, list):
            return tuple(self._use(one, (*at, index)) for index, one in enumerate(entry))
        return (self._use(entry, at),)

    def _use(self, entry: str | UseEntry, at: Path) -> Use:
        given = entry if isinstance(entry, UseEntry) else UseEntry(use=entry)
        place = (*at, "use") if isinstance(entry, UseEntry) else at
        mark = self.document.values[place]
        name = given.use
        if name.startswith("./"):
            name = f"{self.folder}/{name[2:].removesuffix('.md')}.md"
        if name not in self.fragments:
            self._unknown_fragment(given.use, place)
        return Use(name, Origin(self.path, mark.line), mark.column, given.params, given.optional)

    def _unknown_fragment(self, name: str, place: Path) -> None:
        here = f"{self.folder}/"
        if name.startswith("./"):
            local = (f for f in self.fragments if f.startswith(here))
            known = [f"./{f.removeprefix(here)}" for f in local]
        else:
            known = [f for f in self.fragments if not f.endswith(".md")]
        mark = self.document.values[place]
        hint = did_you_mean(name, known)
        self.document.findings.append(
            finding("PP020", self.path, mark, f"unknown fragment '{name}'", hint, self.text)
        )

    def _check_variants(self, valid: PackFile) -> None:
        variants = valid.variants
        kinds: dict[str, Iterable[str]] = {"model": self.models, "policy": self.policies}
        for kind, known in kinds.items():
            for index, name in enumerate(getattr(variants, kind)):
                self._known(kind, name, known, ("variants", kind, index))
        pairs = {(m, p) for m in variants.model for p in variants.policy}
        default = (variants.default.model, variants.default.policy)
        excluded = any(_condition(when).holds(*default) for when in variants.exclude)
        if default not in pairs or excluded:
            shown = ".".join(default)
            self._say("PP026", ("variants", "default"), f"'{shown}' is none of the pack's variants")
        kinds = {"model": variants.model, "policy": variants.policy}
        for place, when in _conditions(valid):
            for kind, known in kinds.items():
                for name in _names(getattr(when, kind)):
                    self._known(kind, name, known, (*place, kind))
        for index, override in enumerate(variants.overrides):
            for number, name in enumerate(override.drop):
                place = ("variants", "overrides", index, "drop", number)
                self._known("section", name, valid.sections, place)

    def _known(self, kind: str, name: str, known: Iterable[str], place: Path) -> None:
        known = list(known)
        if name not in known:
            code = {"model": "PP021", "policy": "PP022", "section": "PP027"}[kind]
            self._say(code, place, f"unknown {kind} '{name}'", did_you_mean(name, known))

    def _at(self, *place: str | int) -> Origin:
        return Origin(self.path, self.document.at(place).line)

    def _say(self, code: str, place: Path, message: str, hint: str = "") -> None:
        mark = self.document.values.get(place) or self.document.at(place)
        self.document.findings.append(finding(code, self.path, mark, message, hint, self.text))


def _conditions(valid: PackFile) -> Iterator[tuple[Path, When]]:
    variants = valid.variants
    return chain(
        ((("variants", "exclude", i), when) for i, when in enumerate(variants.exclude)),
        (
            (("variants", "overrides", i, "when"), override.when)
            for i, override in enumerate(variants.overrides)
        ),
        ((("accept", i, "when"), accept.when) for i, accept in enumerate(valid.accept)),
    )


def _condition(when: When) -> Condition:
    return Condition(_names(when.model), _names(when.policy))


def _names(value: str | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
