"""A served site after any edits: the same bytes, and the same problem, as a site that is new."""

import random
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from promptpack.model import UserError
from records import SOURCE_EDITS, Edit, remove, rename, replace, write
from siblings import LARGE_EDITS, SIBLINGS, SMALL_EDITS
from sites import with_site
from support import count_cases, make_project
from test_serving import (
    ADDRESS,
    IMPURE,
    NO_COMMANDS,
    edit_site,
    few_pages,  # noqa: F401 - a fixture
    list_answers,
    make_builder,
)
from test_site_history import git

SETTINGS = "mkdocs.yml"
GUIDE = "# Guide\n\nSee [north](packs/north/index.html) and [more](more.md#there).\n"
SITE_EDITS: Mapping[str, Edit] = {
    "page": write("docs/guide.md", GUIDE),
    "page with a head": write("docs/more.md", "---\ntags: [x]\n---\n# More\n\n## There\n\nText.\n"),
    "text of a page": replace("docs/more.md", "Text", "Words"),
    "anchor of a page": replace("docs/more.md", "## There", "## Elsewhere"),
    "page renamed": rename("docs/more.md", "docs/most.md"),
    "page named back": rename("docs/most.md", "docs/more.md"),
    "page gone": remove("docs/guide.md"),
    "page in the way": write("docs/compare.md", "# Compare\n"),
    "way free": remove("docs/compare.md"),
    "home page": write("docs/index.md", "# Home\n\n<!-- promptpack: packs -->\n"),
    "no home page": remove("docs/index.md"),
    "file": write("docs/data/north.js", "1\n"),
    "title": replace(SETTINGS, "site_name: promptpack", "site_name: Agents"),
    "plain title": replace(SETTINGS, "site_name: Agents", "site_name: promptpack"),
    "settings of Markdown": replace(SETTINGS, "footnotes: {}", "toc: {permalink: false}"),
    "broken settings": replace(SETTINGS, "site_name", "sites_name"),
    "settings mended": replace(SETTINGS, "sites_name", "site_name"),
}
"""What may happen to pages written by hand, and to the settings of the site."""


def use_git(*words: str) -> Edit:
    """Return the edit that calls git; what git refuses is no edit."""

    def edit(root: Path) -> None:
        with suppress(subprocess.CalledProcessError):
            git(root, *words)

    return edit


def commit_all(root: Path) -> None:
    """Commit all that there is, if git takes it."""
    use_git("add", "-A")(root)
    use_git("commit", "--allow-empty", "-qm", "more")(root)


GIT_EDITS: Mapping[str, Edit] = {
    "commit": commit_all,
    "tag": use_git("tag", "v2"),
    "another tag": use_git("tag", "-m", "Three.", "v3"),
    "tag moved": use_git("tag", "-f", "v1"),
    "later tag moved": use_git("tag", "-f", "v2"),
    "tag gone": use_git("tag", "-d", "v2"),
    "first commit again": use_git("reset", "-q", "--soft", "HEAD~1"),
}
"""What may happen to commits and tags while their project is served."""

EDITS: Mapping[str, Edit] = {**SOURCE_EDITS, **SMALL_EDITS, **LARGE_EDITS, **SITE_EDITS}
EDIT_COUNT = 10
MOST_BROKEN = 2
"""After so many builds that fail, the project is as it was at first."""


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """Return a project with a release and a change since, which stays as it is."""
    root = with_site(make_project(tmp_path / "first", SIBLINGS))
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "one"), ("tag", "v1")):
        git(root, *words)
    write("packs/up/role.md", "You look up, and down.\n")(root)
    return root


def restore(first: Path, root: Path) -> None:
    """Make a project what it was at first."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(first, root)


@pytest.mark.parametrize("seed", range(count_cases(2)))
def test_after_any_edits_a_site_is_one_that_is_new(first: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable edits, no secret
    root, broken = tmp_path / "p", 0
    restore(first, root)
    if seed % 2 == 0:
        edit_site(root, SETTINGS, (IMPURE, ""))()
    builder = make_builder(root, tmp_path / "live", NO_COMMANDS)
    for number in range(EDIT_COUNT):
        names = [] if number == 0 else rng.sample(sorted(EDITS), rng.choice([1, 1, 2]))
        if broken == MOST_BROKEN:
            restore(first, root)
        for name in names:
            EDITS[name](root)
        if number and rng.random() < 0.5:  # often a commit, and what may be said of it
            calls = ["commit", *rng.choices(sorted(GIT_EDITS), k=rng.randint(0, 2))]
            for name in calls:
                GIT_EDITS[name](root)
            names = [*names, *calls]
        new = make_builder(root, tmp_path / f"new-{number}", NO_COMMANDS)
        error, wanted = builder.build(ADDRESS), new.build(ADDRESS)
        assert str(error) == str(wanted), names
        if isinstance(error, UserError):
            assert isinstance(wanted, UserError)
            assert error.findings == wanted.findings, names
        broken = broken + 1 if new.site.built is None else 0
        if new.site.built is not None and rng.random() < 0.7:  # what nobody asks for is not made
            assert builder.site.problem == new.site.problem, names
            assert list_answers(builder) == list_answers(new), names


@pytest.mark.usefixtures("few_pages")
def test_a_served_site_follows_commits_and_tags(first: Path, tmp_path: Path) -> None:
    """Sources change before, between and after; what is kept of a commit is of no other."""
    role, other = "packs/up/role.md", "packs/down/role.md"
    steps: list[tuple[Edit, ...]] = [
        (),
        (write(role, "You look up again.\n"),),
        (commit_all, GIT_EDITS["tag"]),
        (write(other, "You look down.\n"),),
        (GIT_EDITS["tag moved"],),
        (write(role, "You look up, and down.\n"), commit_all, GIT_EDITS["later tag moved"]),
        (write(role, "{{ broken"), commit_all, GIT_EDITS["another tag"]),
        (write(role, "You look up at last.\n"),),
    ]
    builder = make_builder(first, tmp_path / "live", NO_COMMANDS)
    for number, step in enumerate(steps):
        for edit in step:
            edit(first)
        new = make_builder(first, tmp_path / f"new-{number}", NO_COMMANDS)
        error, wanted = builder.build(ADDRESS), new.build(ADDRESS)
        assert str(error) == str(wanted), number
        if new.site.built is not None:
            assert list_answers(builder) == list_answers(new), number
