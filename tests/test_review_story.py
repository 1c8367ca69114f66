"""Thirty commits of a team: each is reviewed in about as many entries as it has changed places.

What a commit changes is counted by `difflib` in its files. What a reviewer should be told of it is
written beside it: nothing about safety where no word of ethics, scope or permissions changed, and
one entry for each thing that came or went.
"""

import difflib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

import support
from promptpack.diff.compare import compare_sides
from promptpack.diff.model import Review, Side
from promptpack.diff.sides import build_project_side

Files = dict[str, str]
Edit = Callable[[Files], None]

BUILD, REVIEW = "packs/builder/pack.yaml", "packs/reviewer/pack.yaml"
PLAN, RUN = "templates/policies/plan.yaml", "templates/policies/run.yaml"
LAYOUT, SCOPE = "templates/layouts/plain.md.j2", "templates/fragments/scope/stay.md"
STEPS, ETHICS = "templates/fragments/standards/steps.md", "templates/fragments/ethics/honest.md"
ASK = "templates/fragments/interaction/ask.md"


def make_fragment(title: str, *lines: str) -> str:
    text = "".join(f"- {line}\n" for line in lines)
    return f"---\ntitle: {title}\nsummary: Says how.\n---\n{text}"


def make_pack(name: str, policies: str) -> str:
    return f"""\
name: {name}
title: The {name}
description: Works as a {name} in a team.
targets: [opencode, claude-code, gemini]
vars: {{language: Python}}
sections:
  role: ./role.md
  scope: [scope/stay]
  standards: [standards/steps]
  interaction: [interaction/ask]
  ethics: [ethics/honest]
variants:
  default: {{model: small, policy: plan}}
  model: [small, large]
  policy: [{policies}]
{support.NO_CURSOR}"""


def make_policy(title: str, *lines: str) -> str:
    text = "".join(f"  {line}\n" for line in lines)
    return f"title: {title}\nsummary: Works.\ndefault: deny\ncapabilities:\n{text}"


TEAM: Mapping[str, str] = {
    BUILD: make_pack("builder", "plan, run"),
    "packs/builder/role.md": "You build software in {{ vars.language }}.\n\nYou work alone.\n",
    REVIEW: make_pack("reviewer", "plan"),
    "packs/reviewer/role.md": "You review changes.\n",
    SCOPE: make_fragment("Stay", "Stay in the repository.", "Leave other files alone."),
    STEPS: make_fragment("Steps", "Take small steps.", "Name what you change.", "Test each step."),
    ASK: make_fragment("Ask", "Ask one question at a time.", "Wait for the answer."),
    ETHICS: make_fragment("Honest", "Say what you don't know.", "Never print a secret."),
    LAYOUT: support.DEMO[LAYOUT],
    "templates/models/small.yaml": support.DEMO["templates/models/tiny.yaml"],
    "templates/models/large.yaml": support.DEMO["templates/models/tiny.yaml"],
    PLAN: make_policy("Plan", "read: allow", "glob: allow", "grep: allow"),
    RUN: make_policy("Run", "read: allow", "glob: allow", "grep: allow", "execute: ask"),
}


def swap(path: str, old: str, new: str) -> Edit:
    """Return an edit that replaces a text everywhere in a file."""

    def apply(files: Files) -> None:
        assert old in files[path], (path, old)
        files[path] = files[path].replace(old, new)

    return apply


def write(**texts: str) -> Edit:
    """Return an edit that writes files, each under a short name."""
    return lambda files: files.update(
        {name.replace("__", "/").replace("_dot_", "."): text for name, text in texts.items()}
    )


def drop(prefix: str) -> Edit:
    """Return an edit that removes files."""

    def apply(files: Files) -> None:
        for path in [path for path in files if path.startswith(prefix)]:
            del files[path]

    return apply


class Commit(NamedTuple):
    """A commit: what it does, and whether a reviewer is to hear of safety, or of what came."""

    edits: tuple[Edit, ...]
    safety: bool = False
    whole: tuple[tuple[str, str], ...] = ()
    widens: bool = False


STORY: tuple[Commit, ...] = (
    Commit((swap(STEPS, "Take small steps", "Take one small step at a time"),)),
    Commit((swap(ASK, "Wait for the answer.", "Wait for the answer, and thank for it."),)),
    Commit((swap("packs/builder/role.md", "You work alone.", "You work in a team."),)),
    Commit((swap(LAYOUT, "# {{", "## {{"),)),
    Commit((swap(BUILD, "Python", "Go"),)),
    Commit((swap(REVIEW, "Works as a reviewer", "Reads changes"),)),
    Commit((swap(STEPS, "- Name what you change.\n", ""),)),
    Commit((swap(STEPS, "- Test each", "- Say why.\n- Test each"),)),
    Commit((swap(SCOPE, "Leave other files alone", "Touch other files if you must"),), safety=True),
    Commit((swap(PLAN, "  grep: allow\n", "  grep: ask\n"),), safety=True),
    Commit((swap(RUN, "execute: ask", "execute: allow"),), safety=True, widens=True),
    Commit(
        (
            write(templates__models__huge_dot_yaml=TEAM["templates/models/large.yaml"]),
            swap(BUILD, "[small, large]", "[small, large, huge]"),
        ),
        whole=(("model", "huge"),),
    ),
    Commit(
        (swap(REVIEW, "policy: [plan]", "policy: [plan, run]"),),
        whole=(("policy", "run"),),
        widens=True,
    ),
    Commit(
        (swap(BUILD, "claude-code, gemini", "claude-code, gemini, skill"),),
        whole=(("target", "skill"),),
    ),
    Commit(
        (
            write(
                packs__writer__pack_dot_yaml=make_pack("writer", "plan"),
                packs__writer__role_dot_md="You write.\n",
            ),
        ),
        whole=(("pack", "writer"),),
        widens=True,
    ),
    Commit((swap("packs/writer/role.md", "You write.", "You write what people read."),)),
    Commit(
        (swap(ASK, "Ask one question", "Ask one short question"), swap(STEPS, "Say why", "Say it"))
    ),
    Commit((swap(LAYOUT, "## {{ section.title }}", "<{{ section.name }}>"),)),
    Commit((swap("templates/models/small.yaml", "title: Tiny", "title: Small"),)),
    Commit((swap(BUILD, "[small, large, huge]", "[small, huge]"),), whole=(("model", "large"),)),
    Commit((swap(ETHICS, "- Never print a secret.\n", ""),), safety=True),
    Commit((swap(ETHICS, "know.\n", "know.\n- Never print a key.\n"),), safety=True),
    Commit((swap(BUILD, "  interaction: [interaction/ask]\n", ""),)),
    Commit((swap("packs/builder/role.md", "build software", "build good software"),)),
    Commit((swap(STEPS, "step at a time", "step at once"), swap(ASK, "short", "brief"))),
    Commit(
        (swap(RUN, "  execute: allow\n", "  execute: ask\n  web_fetch: ask\n"),),
        safety=True,
        widens=True,
    ),
    Commit((swap(BUILD, "gemini, skill", "gemini"),), whole=(("target", "skill"),)),
    Commit((drop("packs/writer/"),), whole=(("pack", "writer"),)),
    Commit((swap(LAYOUT, "<{{ section.name }}>", "# {{ section.title }}"),)),
    Commit((swap(STEPS, "summary: Says how.", "summary: Says it."),)),
)


def build(files: Files) -> Side:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        support.write_files(root, files)
        return build_project_side(root, "side", "side")


def count_places(old: Files, new: Files) -> int:
    """Return how many runs of lines differ between the files of two commits."""
    return sum(
        line.startswith("@@")
        for path in {*old, *new}
        for line in difflib.unified_diff(
            old.get(path, "").splitlines(), new.get(path, "").splitlines(), n=0, lineterm=""
        )
    )


def play() -> Iterator[tuple[Commit, int, Review]]:
    files = dict(TEAM)
    before = build(files)
    for commit in STORY:
        old = dict(files)
        for apply in commit.edits:
            apply(files)
        after = build(files)
        yield commit, count_places(old, files), compare_sides(before, after)
        before = after


@pytest.fixture(scope="module")
def reviews() -> list[tuple[Commit, int, Review]]:
    """Return each commit, the places that it changes, and its review."""
    return [*play()]


def test_there_are_about_as_many_groups_as_changed_places(
    reviews: list[tuple[Commit, int, Review]],
) -> None:
    assert len(reviews) == 30
    for commit, places, review in reviews:
        assert len(review.sources) == places, commit
    groups = sum(review.summary.groups for _, _, review in reviews)
    places = sum(places for _, places, _ in reviews)
    assert groups <= 1.5 * places, (groups, places)


def test_safety_is_told_where_a_word_of_it_changed_and_nowhere_else(
    reviews: list[tuple[Commit, int, Review]],
) -> None:
    for number, (commit, _, review) in enumerate(reviews, 1):
        kinds = Counter(change.kind for change in review.changes)
        told = kinds["safety"] + kinds["narrowed"] + kinds["widened"] > 0 or any(
            change.section in ("scope", "ethics", "permissions") for change in review.changes
        )
        assert told == (commit.safety or commit.widens), (number, review.changes)
        assert (len(review.widened) > 0) == commit.widens, (number, review.permissions)


def test_what_comes_or_goes_is_one_entry(reviews: list[tuple[Commit, int, Review]]) -> None:
    for number, (commit, _, review) in enumerate(reviews, 1):
        whole = [
            (change.field, change.new or change.old)
            for change in review.groups
            if change.kind in ("output-added", "output-removed", "output-renamed")
        ]
        assert tuple(whole) == commit.whole, number
        new_rights = [one for one in review.permissions if one.old == "no such output"]
        assert len(new_rights) == (1 if commit.whole and commit.widens else 0), number


def test_every_changed_output_has_a_source(reviews: list[tuple[Commit, int, Review]]) -> None:
    for _, _, review in reviews:
        assert review.summary.unexplained == 0
        reached = {output for source in review.sources for output in source.outputs}
        assert reached == {output.key for output in review.outputs}
        ids = {one for source in review.sources for one in source.groups}
        assert ids == {change.id for change in review.changes}
