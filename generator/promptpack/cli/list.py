"""`promptpack list`: what a project and the standard library hold."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import click

from promptpack.cli.choices import Choices
from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import Project, UserError, is_in_project
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.reading.libraries import describe_libraries
from promptpack.reading.project import load_project
from promptpack.reading.some_packs import load_pack_files, load_packs
from promptpack.rendering.variants import iter_uses, resolve_variants
from promptpack.reporting.console import print_json, print_line, style
from promptpack.reporting.plurals import pluralize

KINDS = ("packs", "variants", "fragments", "models", "policies", "layouts")
TRANSLATIONS_KIND, RULES_KIND, LIBRARIES_KIND = "translations", "rules", "libraries"
"""Listed only where they are asked for: they say nothing about what a project holds."""
_PACK_FREE_KINDS = {"models", "policies", "layouts", RULES_KIND, LIBRARIES_KIND}
"""What can be listed without reading any pack."""
_TEXT_FREE_KINDS = {"packs", "variants", *_PACK_FREE_KINDS}
"""What can be listed without reading the texts of packs."""


@click.command("list")
@click.argument(
    "kinds",
    nargs=-1,
    metavar="[KIND]...",
    type=Choices((*KINDS, TRANSLATIONS_KIND, RULES_KIND, LIBRARIES_KIND)),
)
@format_option
@pass_state
def command(state: State, kinds: tuple[str, ...]) -> None:
    """List packs, variants, fragments, models, policies and layouts.

    `translations` lists which fragments of packs in several languages are translated and which are
    not, `rules` lists the rules of `lint`, and `libraries` where templates come from that are not
    the project's own: the version, the folder, and one SHA-256 of all files.

    Templates of the project that shadow one of the standard library are marked.
    """
    project = _load(state.root(), {*(kinds or KINDS)})
    rows = {kind: [*_iter_kind(project, kind)] for kind in kinds or KINDS}
    if state.format == "json":
        print_json({"schema_version": SCHEMA_VERSION, **rows})
        return
    for kind, kind_rows in rows.items():
        print_line(style(f"{kind} ({len(kind_rows)})", bold=True))
        width = max((len(str(row["name"])) for row in kind_rows), default=0)
        for row in kind_rows:
            print_line(f"  {str(row['name']).ljust(width)}  {_describe_row(project, row)}".rstrip())


def _load(root: Path, kinds: Collection[str]) -> Project:
    """Return the project in a folder with what is listed of it."""
    if {*kinds} <= _PACK_FREE_KINDS:
        return load_packs(root, ())
    if {*kinds} <= _TEXT_FREE_KINDS:
        with suppress(UserError):  # then all that is wrong is told, in texts too
            return load_pack_files(root)
    return load_project(root)


def _iter_kind(project: Project, kind: str) -> Iterator[Mapping[str, Any]]:
    if kind == RULES_KIND:
        return _iter_rules()
    if kind == TRANSLATIONS_KIND:
        return _iter_translations(project)
    return _iter_libraries(project) if kind == LIBRARIES_KIND else _iter_rows(project, kind)


def _iter_rules() -> Iterator[Mapping[str, Any]]:
    from promptpack.lint.registry import RULES  # noqa: PLC0415 - only where they are asked for

    for rule in RULES.values():
        yield {"name": rule.code, "title": rule.name, "path": "", "severity": rule.severity}


def _iter_libraries(project: Project) -> Iterator[Mapping[str, Any]]:
    for library in describe_libraries(project.roots):
        row = {"name": library.name, "title": library.title, "path": library.path}
        row |= {"version": library.version, "digest": library.digest}
        yield {**row, "count": library.file_count}


def _iter_translations(project: Project) -> Iterator[Mapping[str, Any]]:
    """Yield each fragment that a pack uses once for each language that it is translated into."""
    for pack in project.packs.values():
        names = dict.fromkeys(use.fragment for use in iter_uses(pack.sections))
        for language, fragment in product(pack.languages[1:], names):
            found = project.find_translation(fragment, language)
            row = {"name": f"{pack.name} {language} {fragment}", "pack": pack.name}
            row |= {"language": language, "fragment": fragment}
            path = project.fragments[found].path
            yield {**row, "translated": found != fragment, "path": path}


def _iter_rows(project: Project, kind: str) -> Iterator[Mapping[str, Any]]:
    if kind == "packs":
        for pack in project.packs.values():
            row = {"name": pack.name, "title": pack.title, "path": pack.path, "kind": pack.kind}
            languages = {"languages": [*pack.languages]} if pack.languages else {}
            yield {
                **row,
                **languages,
                **({"files": [one.source for one in pack.files]} if pack.files else {}),
            }
    elif kind == "variants":
        for variant in resolve_variants(project):
            name = f"{variant.pack.name} {variant.name}"
            row = {"name": name, "pack": variant.pack.name, "model": variant.model.name}
            row |= {"policy": variant.policy.name, "path": variant.pack.path}
            row |= {"language": variant.language} if variant.language else {}
            yield {**row, "default": variant.is_default}
    elif kind == "layouts":
        for source in project.layouts.values():
            yield {"name": source.name, "path": source.path, "shadows": source.shadows}
    elif kind == "fragments":
        for fragment in project.fragments.values():
            row = {"name": fragment.name, "title": fragment.title, "summary": fragment.summary}
            yield {**row, "path": fragment.path, "shadows": fragment.shadows}
    else:
        templates = project.models if kind == "models" else project.policies
        for template in templates.values():
            row = {"name": template.name, "title": template.title, "path": template.path}
            yield {**row, "shadows": template.shadows}


def _describe_row(project: Project, row: Mapping[str, Any]) -> str:
    words = [str(row.get("summary") or row.get("title") or "")]
    if severity := row.get("severity"):
        return f"{severity.ljust(7)}  {words[0]}"
    if "translated" in row:
        return row["path"] if row["translated"] else "not translated"
    if digest := row.get("digest"):
        size = pluralize(row["count"], "file")
        return f"{row['version']} {words[0]}, {size}, sha256 {digest}, in {row['path']}"
    if len(row.get("languages", ())) > 1:
        words.append(f"({', '.join(row['languages'])})")
    if row.get("kind") == "command":
        words.append("(command)")
    if row.get("files"):
        words.append(f"({pluralize(len(row['files']), 'file')} beside its skill)")
    if row.get("default"):
        words.append("default")
    if row.get("shadows"):
        words.append(f"({row['path']} shadows {row['shadows']})")
    elif not is_in_project(row["path"]):
        words.append(f"({project.find_root(row['path']).title})")
    return " ".join(word for word in words if word)
