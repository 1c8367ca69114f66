"""`promptpack impact`: every output that a source file or one line of it reaches."""

import json
import re
from collections import Counter
from pathlib import Path

import click

from promptpack.build import build
from promptpack.cli.state import State, closest, format_option, pass_state
from promptpack.explaining import Reach, impact
from promptpack.load import load


@click.command("impact")
@click.argument("place", metavar="PATH[:LINE]")
@format_option
@pass_state
def command(state: State, place: str) -> None:
    """Print every output that a source file, or one line of it, reaches.

    PATH is relative to the project, or to where you are.
    """
    match = re.fullmatch(r"(.+?)(?::([1-9][0-9]*))?", place)
    path, line = (match[1], int(match[2] or 0)) if match else (place, 0)
    root = state.root()
    project = load(root)
    if path not in project.sources and Path(path).resolve().is_relative_to(root):
        path = Path(path).resolve().relative_to(root).as_posix()
    if path not in project.sources:
        raise click.UsageError(f"'{path}' is no source.{closest(path, project.sources)}")
    artifacts = build(project)
    reached = impact(project, artifacts, path, line)
    if state.format == "json":
        outputs = [{"path": r.artifact.path, "lines": list(r.lines)} for r in reached]
        data = {"schema_version": 1, "path": path, "line": line or None, "outputs": outputs}
        click.echo(json.dumps(data, indent=2))
        return
    for (pack, target), variants in _grouped(reached).items():
        click.echo(f"{click.style(pack, bold=True)} {target}: {', '.join(variants)}")
    packs = len({r.artifact.variant.pack.name for r in reached})
    clients = Counter(r.artifact.target for r in reached)
    click.echo(
        f"{path}{f':{line}' if line else ''} reaches {len(reached)} of {len(artifacts)} outputs"
        f" (packs: {packs}, clients: {len(clients)})"
    )


def _grouped(reached: list[Reach]) -> dict[tuple[str, str], list[str]]:
    """Return the reached variants by pack and client."""
    groups: dict[tuple[str, str], list[str]] = {}
    for reach in reached:
        variant = reach.artifact.variant
        groups.setdefault((variant.pack.name, reach.artifact.target), []).append(variant.name)
    return groups
