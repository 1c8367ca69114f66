"""What other programs call: load a project, build it, lint it, and compare two of them.

Everything here is a pure function, but for `load_project`, which reads files. Nothing is written
and nothing is printed. What a user has to fix is raised as `UserError`; anything else that is
raised is a fault of promptpack. These names are importable from `promptpack` itself:

>>> import promptpack
>>> promptpack.load_project is load_project
True
"""

import os
from collections.abc import Collection
from pathlib import Path

from promptpack.build import render
from promptpack.diff.compare import compare_sides
from promptpack.diff.model import Change, Review
from promptpack.diff.shared_build import SharedBuild
from promptpack.diff.sides import make_project_side
from promptpack.lint.engine import lint_session
from promptpack.lint.rule import LintResult
from promptpack.model import Artifact, Finding, Loss, Project, UserError
from promptpack.reading import project as reading
from promptpack.rendering.variants import Selection
from promptpack.session import Session

__all__ = [
    "Artifact",
    "Change",
    "Finding",
    "LintResult",
    "Loss",
    "Project",
    "Review",
    "UserError",
    "build_project",
    "diff_projects",
    "lint_project",
    "load_project",
]


def load_project(folder: str | os.PathLike[str]) -> Project:
    """Return the project in a folder that holds `packs/`, and perhaps `templates/`.

    All files are read once and checked; later changes on disk do not reach the project. Raises
    `UserError` with a finding for each problem in any of the files.

    >>> sorted(load_project(".").packs)[:2]
    ['code-reviewer', 'debugger']
    >>> load_project("docs")
    Traceback (most recent call last):
    ...
    promptpack.model.finding.UserError: packs:1: there is no 'packs' folder here
    """
    try:
        return reading.load_project(Path(folder))
    except UserError as error:
        raise UserError(error.findings) from None


def build_project(  # noqa: PLR0913 - one for each kind of name
    project: Project,
    *,
    packs: Collection[str] = (),
    models: Collection[str] = (),
    policies: Collection[str] = (),
    targets: Collection[str] = (),
    languages: Collection[str] = (),
) -> tuple[Artifact, ...]:
    """Return the files of all variants for all clients, or of those that are named.

    An artifact has the `path` in the output folder, the `content` as bytes, the `target`, the
    `variant` and `agent` it was made from, and its `losses`: where the client's file says less or
    more than was meant. Raises `UserError` with every finding of every variant, and for a name that
    the project does not have.

    >>> project = load_project(".")
    >>> files = build_project(project, packs=["code-reviewer"], targets=["codex"])
    >>> files[0].path
    'codex/claude.read-only/.codex/agents/code-reviewer.toml'
    >>> files[0].content.decode().splitlines()[0]
    'name = "code-reviewer"'
    >>> [(loss.subject, loss.kind) for loss in files[0].losses][:1]
    [('read', 'narrowed')]
    """
    chosen = (packs, models, policies, targets, languages)
    selection = Selection(*(tuple(names) for names in chosen))
    return tuple(render(Session(project), selection))


def lint_project(project: Project, rules: Collection[str] = ()) -> LintResult:
    """Return what the lint rules report, or only those with these codes, such as `PP107`.

    `findings` are sorted by place; `suppressed` are those that the project lives with, each with
    its reason. Raises `UserError` where the project does not build.

    >>> lint_project(load_project(".")).findings
    ()
    """
    session = Session(project)
    return lint_session(session, render(session), rules)


def diff_projects(base: Project, head: Project) -> Review:
    """Return how the files that two projects build differ: permissions first, the same edit once.

    Each of `permissions` and `groups` is a `Change` with its `kind`, `old` and `new` text, the
    `outputs` it is in, and the source lines that caused it. Raises `UserError` where one of the
    projects does not build.

    >>> project = load_project(".")
    >>> diff_projects(project, project).differs
    False
    """
    shared = SharedBuild()
    return compare_sides(
        make_project_side(Session(base), "base", shared),
        make_project_side(Session(head), "head", shared),
    )
