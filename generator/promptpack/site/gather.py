"""The site of a project in a folder: its path in, all pages and files out."""

from pathlib import Path

import click

from promptpack.build import build
from promptpack.lint.registry import RULES
from promptpack.reading.project import load
from promptpack.site.history import history
from promptpack.site.tree import Asked, Site, tree


def gathered(root: Path, program: click.Group, edit: str, releases: int) -> Site:
    """Return the site of a project; `program` is whose commands it describes.

    Raises UserError with every finding where the project does not build.
    """
    project = load(root)
    artifacts = build(project)
    return tree(project, artifacts, Asked(RULES, program, history(root, releases), edit))
