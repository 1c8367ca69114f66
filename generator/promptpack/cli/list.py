"""`promptpack list`: what a project and the standard library hold."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import Project
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.reading.project import load
from promptpack.rendering.variants import resolve
from promptpack.source.text import LIBRARY

KINDS = ("packs", "variants", "fragments", "models", "policies", "layouts")


@click.command("list")
@click.argument("kinds", nargs=-1, type=click.Choice(KINDS))
@format_option
@pass_state
def command(state: State, kinds: tuple[str, ...]) -> None:
    """List packs, variants, fragments, models, policies and layouts.

    A template of the project that shadows one of the standard library says so.
    """
    project = load(state.root())
    rows = {kind: list(_rows(project, kind)) for kind in kinds or KINDS}
    if state.format == "json":
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **rows}, indent=2))
        return
    for kind, found in rows.items():
        click.echo(click.style(f"{kind} ({len(found)})", bold=True))
        width = max((len(str(row["name"])) for row in found), default=0)
        for row in found:
            click.echo(f"  {str(row['name']).ljust(width)}  {_said(row)}".rstrip())


def _rows(project: Project, kind: str) -> Iterator[Mapping[str, Any]]:
    if kind == "packs":
        for pack in project.packs.values():
            yield {"name": pack.name, "title": pack.title, "path": pack.path}
    elif kind == "variants":
        for variant in resolve(project):
            name = f"{variant.pack.name} {variant.name}"
            row = {"name": name, "pack": variant.pack.name, "model": variant.model.name}
            row |= {"policy": variant.policy.name, "path": variant.pack.path}
            yield {**row, "default": variant.is_default}
    elif kind == "layouts":
        for source in project.layouts.values():
            yield {"name": source.name, "path": source.path, "shadows": source.shadows}
    elif kind == "fragments":
        for one in project.fragments.values():
            row = {"name": one.name, "title": one.title, "summary": one.summary}
            yield {**row, "path": one.path, "shadows": one.shadows}
    else:
        named = project.models if kind == "models" else project.policies
        for noun in named.values():
            row = {"name": noun.name, "title": noun.title, "path": noun.path}
            yield {**row, "shadows": noun.shadows}


def _said(row: Mapping[str, Any]) -> str:
    words = [str(row.get("summary") or row.get("title") or "")]
    if row.get("default"):
        words.append("default")
    if row.get("shadows"):
        words.append(f"({row['path']} shadows {row['shadows']})")
    elif str(row["path"]).startswith(LIBRARY):
        words.append("(standard library)")
    return " ".join(word for word in words if word)
