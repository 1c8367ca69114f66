"""The only reader of a project: a folder in, a `Project` out, or every problem at once."""

import errno
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from promptpack.model import (
    PATTERNED,
    Effect,
    Finding,
    Fragment,
    Grant,
    Model,
    Pack,
    Policy,
    Project,
    Rule,
    Source,
    UserError,
)
from promptpack.policy.lattice import is_patterned
from promptpack.reading.pack import read_pack
from promptpack.reading.roots import Folder, library_folder
from promptpack.reading.schema import FragmentHead, ModelFile, PolicyFile, Strict
from promptpack.reading.validation import did_you_mean, validate
from promptpack.source import frontmatter
from promptpack.source.strict_yaml import Document, read_yaml
from promptpack.source.text import LIBRARY, Mark, decode, finding

F = TypeVar("F", bound=Strict)
T = TypeVar("T", bound=Source)

FRAGMENTS, LAYOUTS, MODELS, POLICIES = "fragments", "layouts", "models", "policies"


def load(root: Path, instead: Mapping[str, str] = MappingProxyType({})) -> Project:
    """Return the project in a folder that holds `packs/`.

    `instead` gives texts by source path, to be read in place of what those files hold.
    Raises UserError with a finding for each thing wrong in any of the files, in a stable order.
    """
    reader = _Reader(root, instead)
    project = reader.project()
    if reader.findings:
        raise UserError(tuple(sorted(set(reader.findings), key=_by_place)))
    return project


def _by_place(found: Finding) -> tuple[str, int, int, str, str]:
    return found.path, found.line, found.column, found.code, found.message


class _Reader:
    """Reads the files of one project and gathers what is wrong with them."""

    def __init__(self, root: Path, instead: Mapping[str, str]) -> None:
        self.root, self.instead = root.resolve(), instead
        self.findings: list[Finding] = []
        self.sources: dict[str, str] = {}
        self.names: dict[str, set[str]] = {}  # by kind; of files that can't be read, too
        library, own = library_folder(), self.root / "templates"
        self.folders = [Folder(own, "templates", False)] if own.is_dir() else []
        if not own.is_dir() or own.resolve() != library:
            self.folders.append(Folder(library, f"{LIBRARY}templates", True))

    def project(self) -> Project:
        fragments = {f.name: f for f in self._fragments()}
        models = {m.name: m for m in self._models()}
        policies = {p.name: p for p in self._policies()}
        layouts = {s.name: s for s in self._sources(LAYOUTS, ".md.j2")}
        self._check_layouts(models)
        packs = {}
        for folder in self._pack_folders():
            own = self._pack_files(folder)
            fragments |= {f.name: f for f in self._pack_fragments(own, folder.name)}
            if pack := self._pack(folder, own):
                packs[pack.name] = pack
        return Project(packs, models, policies, fragments, layouts, self.sources)

    def _pack_folders(self) -> Iterator[Path]:
        packs = self.root / "packs"
        if not packs.is_dir():
            self._say(finding("PP001", "packs", Mark(1, 1), "no folder named packs here"))
            return
        for folder in sorted(packs.iterdir()):
            if folder.is_dir() and not folder.name.startswith("."):
                yield folder

    def _pack(self, folder: Path, own: Iterable[str]) -> Pack | None:
        shown = f"packs/{folder.name}/pack.yaml"
        text = self._text(folder / "pack.yaml", shown, self.root)
        if text is None:
            return None
        fragments = self.names[FRAGMENTS].union(own)
        names = self.names[MODELS], self.names[POLICIES]
        pack, findings = read_pack(text, shown, fragments, *names)
        self.findings += findings
        return pack

    def _pack_files(self, folder: Path) -> dict[str, Path]:
        found = (path for path in sorted(folder.rglob("*.md")) if path.name != "README.md")
        return {path.relative_to(self.root).as_posix(): path for path in found}

    def _pack_fragments(self, own: Mapping[str, Path], pack: str) -> Iterator[Fragment]:
        for name, path in own.items():
            if (text := self._text(path, name, self.root)) is not None:
                yield self._fragment(Source(name, name, text), pack)

    def _fragments(self) -> Iterator[Fragment]:
        return (self._fragment(source) for source in self._sources(FRAGMENTS, ".md"))

    def _fragment(self, source: Source, pack: str = "") -> Fragment:
        head, body, lines = frontmatter.split(source.text)
        valid: FragmentHead | None = None
        if head is None and source.text.startswith("---\n"):
            message, hint = "a head without an end", "end it with a line of three hyphens"
            self._say(finding("PP007", source.path, Mark(1, 1, 3), message, hint, source.text))
        if head is not None:
            valid = self._validated(FragmentHead, read_yaml(head or "{}", source.path, 2), source)
            body = "{#" + "\n" * (lines - 1) + "#}\n" + body
        valid = valid or FragmentHead()
        stem = source.name.removesuffix(".md").rpartition("/")[2]
        return Fragment(
            name=source.name,
            path=source.path,
            text=source.text,
            library=source.library,
            shadows=source.shadows,
            body=body,
            title=valid.title or stem.replace("-", " ").capitalize(),
            summary=valid.summary or "",
            needs=tuple(valid.needs),
            params=valid.params,
            pack=pack,
        )

    def _models(self) -> Iterator[Model]:
        for source in self._sources(MODELS, ".yaml"):
            document = read_yaml(source.text, source.path)
            if valid := self._validated(ModelFile, document, source):
                values = valid.model_dump()
                yield Model(source.name, path=source.path, shadows=source.shadows, **values)

    def _policies(self) -> Iterator[Policy]:
        for source in self._sources(POLICIES, ".yaml"):
            document = read_yaml(source.text, source.path)
            valid = self._validated(PolicyFile, document, source)
            if valid is None:
                continue
            self._check_patterned(valid, document, source)
            default = Effect(valid.default)
            yield Policy(
                default=default,
                grants={c: _grant(rules, default) for c, rules in valid.capabilities.items()},
                name=source.name,
                title=valid.title,
                summary=valid.summary,
                path=source.path,
                shadows=source.shadows,
            )

    def _check_patterned(self, valid: PolicyFile, document: Document, source: Source) -> None:
        for name, rules in valid.capabilities.items():
            if not isinstance(rules, str) and not is_patterned(name):
                message = f"'{name}' takes one value, not patterns"
                hint = f"patterns go with {', '.join(sorted(PATTERNED))}"
                mark = document.at(("capabilities", name))
                self._say(finding("PP028", source.path, mark, message, hint, source.text))

    def _check_layouts(self, models: Mapping[str, Model]) -> None:
        layouts = self.names[LAYOUTS]
        for model in models.values():
            if model.layout not in layouts:
                hint = did_you_mean(model.layout, layouts)
                text = f"unknown layout '{model.layout}'"
                self._say(finding("PP025", model.path, Mark(1, 1), text, hint))

    def _sources(self, kind: str, suffix: str) -> Iterator[Source]:
        """Yield the templates of one kind, by name; a project's own shadows the library's."""
        names: dict[str, list[tuple[Path, Folder, str]]] = {}
        for folder in self.folders:
            for path in sorted((folder.path / kind).rglob(f"*{suffix}")):
                inside = path.relative_to(folder.path).as_posix()
                name = inside.removeprefix(f"{kind}/").removesuffix(suffix)
                names.setdefault(name, []).append((path, folder, f"{folder.shown}/{inside}"))
        self.names[kind] = set(names)
        for name, ((path, folder, shown), *hidden) in sorted(names.items()):
            text = self._text(path, shown, folder.path if folder.library else self.root)
            if text is not None:
                shadows = hidden[0][2] if hidden else ""
                yield Source(name, shown, text, folder.library, shadows)

    def _text(self, path: Path, shown: str, within: Path) -> str | None:
        """Return a regular file's text, or None with a finding; links may not lead outside."""
        try:
            if not path.resolve(strict=True).is_relative_to(within.resolve()):
                self._say(finding("PP001", shown, Mark(1, 1), "a link that leaves the project"))
                return None
            if not stat.S_ISREG(path.stat().st_mode):
                self._say(finding("PP001", shown, Mark(1, 1), "not a regular file"))
                return None
            data = path.read_bytes()
        except FileNotFoundError:
            self._say(finding("PP001", shown, Mark(1, 1), "no such file"))
            return None
        except (OSError, RuntimeError) as error:
            if (
                isinstance(error, RuntimeError) or error.errno == errno.ELOOP
            ):  # the latter from 3.13
                reason = "a link that leads to itself"
            else:
                reason = (error.strerror or "not readable").lower()
            self._say(finding("PP001", shown, Mark(1, 1), reason))
            return None
        if shown in self.instead:
            data = self.instead[shown].encode("utf-8", "surrogatepass")
        text, findings = decode(data, shown)
        self.sources[shown] = text
        self.findings += findings
        return None if findings else text

    def _validated(self, kind: type[F], document: Document, source: Source) -> F | None:
        valid = validate(kind, document, source.path, source.text)
        self.findings += document.findings
        return valid

    def _say(self, found: Finding) -> None:
        self.findings.append(found)


def _grant(rules: str | Mapping[str, str], default: Effect) -> Grant:
    """Return ordered rules of which the first matches all."""
    if isinstance(rules, str):
        return (Rule("*", Effect(rules)),)
    grant = tuple(Rule(pattern, Effect(effect)) for pattern, effect in rules.items())
    return grant if grant[0].pattern == "*" else (Rule("*", default), *grant)
