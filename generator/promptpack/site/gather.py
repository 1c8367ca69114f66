"""The site of a project in a folder: its path in, all pages and files out."""

from pathlib import Path

import click

from promptpack.build import render
from promptpack.lint.registry import RULES
from promptpack.reading.project import load_project
from promptpack.session import Session
from promptpack.site.history import SideBuilder, read_history
from promptpack.site.tree import Site, SiteOptions, make_site


def gather_site(
    root: Path,
    program: click.Group,
    edit: str,
    releases: int,
    build_side: SideBuilder | None = None,
) -> Site:
    """Return the site of a project; `program` is whose commands it describes.

    `build_side` builds the commits of releases; with the same one again they are not built again.
    Raises UserError with every finding where the project does not build.
    """
    session = Session(load_project(root))
    history = read_history(root, releases, build_side)
    return make_site(session, render(session), SiteOptions(RULES, program, history, edit))
