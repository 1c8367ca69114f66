"""The site of a project in a folder: its path in, all pages and files out."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import click

from promptpack.build import render
from promptpack.diff.shared_build import EarlierBuild
from promptpack.lint.registry import RULES
from promptpack.provenance.reuse import BuiltArtifacts, find_built
from promptpack.reading.project import load_project
from promptpack.rendering.compose import Composer
from promptpack.session import PolicyFacts, Session
from promptpack.site.history import SideBuilder, read_history
from promptpack.site.site_parts import SiteParts
from promptpack.site.tree import Site, SiteOptions, make_site


@dataclass
class SiteMemory:
    """What is kept for the next site of a project: the files of the last one that built.

    `releases` builds the commits of releases, each once. With `is_late`, pages that take long are
    made when a reader asks for them. `kept` has parts of the last site, `facts` what is the same in
    every site, and `composer` the parts of prompts of the last one.
    """

    releases: SideBuilder = field(default_factory=SideBuilder)
    built: BuiltArtifacts | None = None
    composer: Composer | None = None
    is_late: bool = False
    facts: PolicyFacts | None = None
    kept: SiteParts = field(default_factory=SiteParts)


def gather_site(
    root: Path,
    program: click.Group,
    edit: str,
    releases: int,
    memory: SiteMemory | None = None,
) -> Site:
    """Return the site of a project; `program` is whose commands it describes.

    With the same `memory` again, what did not change is taken from it. Raises UserError with every
    finding where the project does not build.
    """
    memory = memory or SiteMemory()
    built = memory.built
    session = Session(load_project(root, built.project if built else None), memory.facts)
    memory.facts = session.policy_facts
    if memory.is_late:
        _share_parts(session, memory)
    artifacts = tuple(render(session, find_known=find_built(built, session.closures)))
    memory.built = BuiltArtifacts(session.closures, artifacts)
    memory.releases.earlier = EarlierBuild(memory.built, memory.composer)
    build_head = partial(memory.releases.build_head, root, session, artifacts)
    history = read_history(root, releases, memory.releases.build, build_head, memory.kept)
    options = SiteOptions(RULES, program, history, edit, is_late=memory.is_late, kept=memory.kept)
    return make_site(session, artifacts, options)


def _share_parts(session: Session, memory: SiteMemory) -> None:
    """Let a session have the parts of prompts that were made before, and keep its own."""
    composer = session.composer
    composer.keep_parts()
    memory.releases.share_parts(session)
    if memory.composer is not None:
        composer.share_parts(memory.composer)
        memory.composer.stop_sharing()
    memory.composer = composer
