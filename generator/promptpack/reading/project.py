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
    PatternRule,
    Policy,
    Project,
    Source,
    UserError,
)
from promptpack.policy.lattice import is_patterned
from promptpack.reading.pack import read_pack
from promptpack.reading.roots import Folder, find_library
from promptpack.reading.schema import FragmentFrontMatter, ModelFile, PolicyFile, StrictModel
from promptpack.reading.validation import suggest, validate
from promptpack.source import frontmatter
from promptpack.source.strict_yaml import Document, read_yaml
from promptpack.source.text import LIBRARY_PREFIX, Span, decode_source, make_finding

F = TypeVar("F", bound=StrictModel)
T = TypeVar("T", bound=Source)

FRAGMENTS, LAYOUTS, MODELS, POLICIES = "fragments", "layouts", "models", "policies"


def load_project(root: Path, instead: Mapping[str, str] = MappingProxyType({})) -> Project:
    """Return the project in a folder that holds `packs/`.

    `instead` gives texts by source path, to be read in place of what those files hold.
    Raises UserError with a finding for each thing wrong in any of the files, in a stable order.
    """
    reader = _ProjectReader(root, instead)
    project = reader.project()
    if reader.findings:
        raise UserError(tuple(sorted(set(reader.findings), key=_make_sort_key)))
    return project


def _make_sort_key(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.path, finding.line, finding.column, finding.code, finding.message


class _ProjectReader:
    """Reads the files of one project and gathers what is wrong with them."""

    def __init__(self, root: Path, instead: Mapping[str, str]) -> None:
        self.root, self.instead = root.resolve(), instead
        self.findings: list[Finding] = []
        self.sources: dict[str, str] = {}
        self.names: dict[str, set[str]] = {}  # by kind; of files that can't be read, too
        library, own_folder = find_library(), self.root / "templates"
        self.folders = [Folder(own_folder, "templates", False)] if own_folder.is_dir() else []
        if not own_folder.is_dir() or own_folder.resolve() != library:
            self.folders.append(Folder(library, f"{LIBRARY_PREFIX}templates", True))

    def project(self) -> Project:
        fragments = {f.name: f for f in self._read_fragments()}
        models = {m.name: m for m in self._read_models()}
        policies = {p.name: p for p in self._read_policies()}
        layouts = {s.name: s for s in self._read_sources(LAYOUTS, ".md.j2")}
        self._check_layouts(models)
        packs = {}
        for folder in self._find_pack_folders():
            pack_files = self._find_pack_files(folder)
            fragments |= {f.name: f for f in self._read_pack_fragments(pack_files, folder.name)}
            if pack := self._read_pack(folder, pack_files):
                packs[pack.name] = pack
        return Project(packs, models, policies, fragments, layouts, self.sources)

    def _find_pack_folders(self) -> Iterator[Path]:
        packs = self.root / "packs"
        if not packs.is_dir():
            self._add_finding(
                make_finding("PP001", "packs", Span(1, 1), "there is no 'packs' folder here")
            )
            return
        for folder in sorted(packs.iterdir()):
            if folder.is_dir() and not folder.name.startswith("."):
                yield folder

    def _read_pack(self, folder: Path, pack_files: Iterable[str]) -> Pack | None:
        display_path = f"packs/{folder.name}/pack.yaml"
        text = self._read_text(folder / "pack.yaml", display_path, self.root)
        if text is None:
            return None
        fragments = self.names[FRAGMENTS].union(pack_files)
        names = self.names[MODELS], self.names[POLICIES]
        pack, findings = read_pack(text, display_path, fragments, *names)
        self.findings += findings
        return pack

    def _find_pack_files(self, folder: Path) -> dict[str, Path]:
        paths = (path for path in sorted(folder.rglob("*.md")) if path.name != "README.md")
        return {path.relative_to(self.root).as_posix(): path for path in paths}

    def _read_pack_fragments(self, pack_files: Mapping[str, Path], pack: str) -> Iterator[Fragment]:
        for name, path in pack_files.items():
            if (text := self._read_text(path, name, self.root)) is not None:
                yield self._make_fragment(Source(name, name, text), pack)

    def _read_fragments(self) -> Iterator[Fragment]:
        return (self._make_fragment(source) for source in self._read_sources(FRAGMENTS, ".md"))

    def _make_fragment(self, source: Source, pack: str = "") -> Fragment:
        front_matter, body, lines = frontmatter.split_front_matter(source.text)
        fields: FragmentFrontMatter | None = None
        if front_matter is None and source.text.startswith("---\n"):
            message, hint = (
                "the front matter is not closed",
                "close it with a line of three hyphens",
            )
            self._add_finding(
                make_finding("PP007", source.path, Span(1, 1, 3), message, hint, source.text)
            )
        if front_matter is not None:
            fields = self._validate(
                FragmentFrontMatter, read_yaml(front_matter or "{}", source.path, 2), source
            )
            body = "{#" + "\n" * (lines - 1) + "#}\n" + body
        fields = fields or FragmentFrontMatter()
        stem = source.name.removesuffix(".md").rpartition("/")[2]
        return Fragment(
            name=source.name,
            path=source.path,
            text=source.text,
            library=source.library,
            shadows=source.shadows,
            body=body,
            title=fields.title or stem.replace("-", " ").capitalize(),
            summary=fields.summary or "",
            needs=tuple(fields.needs),
            params=fields.params,
            pack=pack,
        )

    def _read_models(self) -> Iterator[Model]:
        for source in self._read_sources(MODELS, ".yaml"):
            document = read_yaml(source.text, source.path)
            if model_file := self._validate(ModelFile, document, source):
                values = model_file.model_dump()
                yield Model(source.name, path=source.path, shadows=source.shadows, **values)

    def _read_policies(self) -> Iterator[Policy]:
        for source in self._read_sources(POLICIES, ".yaml"):
            document = read_yaml(source.text, source.path)
            policy_file = self._validate(PolicyFile, document, source)
            if policy_file is None:
                continue
            self._check_patterned(policy_file, document, source)
            default = Effect(policy_file.default)
            yield Policy(
                default=default,
                grants={
                    c: _make_grant(rules, default) for c, rules in policy_file.capabilities.items()
                },
                name=source.name,
                title=policy_file.title,
                summary=policy_file.summary,
                path=source.path,
                shadows=source.shadows,
            )

    def _check_patterned(self, policy_file: PolicyFile, document: Document, source: Source) -> None:
        for name, rules in policy_file.capabilities.items():
            if not isinstance(rules, str) and not is_patterned(name):
                message = f"'{name}' takes one value, not patterns"
                hint = f"only these take patterns: {', '.join(sorted(PATTERNED))}"
                span = document.at(("capabilities", name))
                self._add_finding(
                    make_finding("PP028", source.path, span, message, hint, source.text)
                )

    def _check_layouts(self, models: Mapping[str, Model]) -> None:
        layouts = self.names[LAYOUTS]
        for model in models.values():
            if model.layout not in layouts:
                hint = suggest(model.layout, layouts)
                message = f"unknown layout '{model.layout}'"
                self._add_finding(make_finding("PP025", model.path, Span(1, 1), message, hint))

    def _read_sources(self, kind: str, suffix: str) -> Iterator[Source]:
        """Yield the templates of one kind, by name; a project's own shadows the library's."""
        names: dict[str, list[tuple[Path, Folder, str]]] = {}
        for folder in self.folders:
            for path in sorted((folder.path / kind).rglob(f"*{suffix}")):
                relative_path = path.relative_to(folder.path).as_posix()
                name = relative_path.removeprefix(f"{kind}/").removesuffix(suffix)
                names.setdefault(name, []).append((path, folder, f"{folder.shown}/{relative_path}"))
        self.names[kind] = set(names)
        for name, ((path, folder, display_path), *shadowed_files) in sorted(names.items()):
            text = self._read_text(path, display_path, folder.path if folder.library else self.root)
            if text is not None:
                shadows = shadowed_files[0][2] if shadowed_files else ""
                yield Source(name, display_path, text, folder.library, shadows)

    def _read_text(self, path: Path, display_path: str, boundary: Path) -> str | None:
        """Return a regular file's text, or None with a finding; links may not lead outside."""
        try:
            if not path.resolve(strict=True).is_relative_to(boundary.resolve()):
                self._add_finding(
                    make_finding(
                        "PP001", display_path, Span(1, 1), "the link leads out of the project"
                    )
                )
                return None
            if not stat.S_ISREG(path.stat().st_mode):
                self._add_finding(
                    make_finding("PP001", display_path, Span(1, 1), "not a regular file")
                )
                return None
            data = path.read_bytes()
        except FileNotFoundError:
            self._add_finding(make_finding("PP001", display_path, Span(1, 1), "no such file"))
            return None
        except (OSError, RuntimeError) as error:
            if (
                isinstance(error, RuntimeError) or error.errno == errno.ELOOP
            ):  # the latter from 3.13
                reason = "the link leads to itself"
            else:
                reason = (error.strerror or "not readable").lower()
            self._add_finding(make_finding("PP001", display_path, Span(1, 1), reason))
            return None
        if display_path in self.instead:
            data = self.instead[display_path].encode("utf-8", "surrogatepass")
        text, findings = decode_source(data, display_path)
        self.sources[display_path] = text
        self.findings += findings
        return None if findings else text

    def _validate(self, kind: type[F], document: Document, source: Source) -> F | None:
        result = validate(kind, document, source.path, source.text)
        self.findings += document.findings
        return result

    def _add_finding(self, finding: Finding) -> None:
        self.findings.append(finding)


def _make_grant(rules: str | Mapping[str, str], default: Effect) -> Grant:
    """Return ordered rules of which the first matches all."""
    if isinstance(rules, str):
        return (PatternRule("*", Effect(rules)),)
    grant = tuple(PatternRule(pattern, Effect(effect)) for pattern, effect in rules.items())
    return grant if grant[0].pattern == "*" else (PatternRule("*", default), *grant)
