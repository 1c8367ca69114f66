"""Forty-four commits of a team: each is reviewed in about as many entries as it has changed places.

What a commit changes is counted by `difflib` in its files. What a reviewer should be told of it is
written beside it: nothing about safety where no word of ethics, scope or permissions changed, and
one entry for each thing that came or went.
"""

import difflib
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

import support
from promptpack.diff.compare import compare_sides
from promptpack.diff.model import Change, Committed, Review, Side
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
    kinds: frozenset[str] | None = None
    """What the entries are, where that is the point."""
    tool: tuple[str, str] | None = None
    """What another version of promptpack makes of the committed outputs, where it is one."""


def rename(name: str, other: str) -> Edit:
    """Return an edit that gives a pack another name."""

    def apply(files: Files) -> None:
        for path in [path for path in files if path.startswith(f"packs/{name}/")]:
            text = files.pop(path).replace(f"name: {name}\n", f"name: {other}\n")
            files[path.replace(f"/{name}/", f"/{other}/")] = text

    return apply


TAGS = """\
{% for section in sections %}
<{{ section.name }}>
{{ section.body }}
</{{ section.name }}>

{% endfor %}
"""
SAFETY_PATHS = "templates/fragments/scope/", "templates/fragments/ethics/", "templates/policies/"
FRAMED, MOVED = frozenset({"prose:layout"}), frozenset({"moved"})
KIND, TWO = "- Be kind to everybody.\n", "standards/steps, interaction/ask"
GIT = """\
  execute:
    "*": ask
    "git push *": deny
    "git *": allow
    "make *": allow
"""
PUSH = (
    '    "git push *": deny\n    "git *": allow\n    "make *": allow\n',
    '    "git *": allow\n    "git push *": deny\n    "make *": allow\n',
)
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
    Commit((lambda files: files.update({LAYOUT: TAGS}),), kinds=FRAMED),
    Commit((swap(LAYOUT, "<{{ section.name }}>", "\n# {{ section.title }}\n"),), kinds=FRAMED),
    Commit((lambda files: files.update({"templates/layouts/tags.md.j2": TAGS}),)),
    Commit((swap("templates/models/small.yaml", "plain", "tags"),), kinds=FRAMED),
    Commit((swap(STEPS, "- Take", "- Be kind to everybody.\n- Take"),), kinds=frozenset({"prose"})),
    Commit(
        (swap(STEPS, "- Be kind to everybody.\n", ""), swap(STEPS, "once.\n", f"once.\n{KIND}")),
        kinds=MOVED,
    ),
    Commit(
        (swap(REVIEW, "[standards/steps]\n  interaction: [interaction/ask]", f"[{TWO}]"),),
        kinds=frozenset({"moved", "prose"}),
    ),
    Commit((swap(REVIEW, TWO, "interaction/ask, standards/steps"),), kinds=MOVED),
    Commit(
        (
            swap(REVIEW, "ethics: [ethics/honest]", "ethics: [ethics/honest, ethics/kind]"),
            write(templates__fragments__ethics__kind_dot_md=make_fragment("Kind", "Be kind.")),
        ),
        safety=True,
    ),
    Commit((swap(REVIEW, "honest, ethics/kind", "kind, ethics/honest"),), kinds=MOVED),
    Commit((rename("reviewer", "auditor"),), whole=(("pack", "auditor"),)),
    Commit((swap(RUN, "  execute: ask\n", GIT),), safety=True, widens=True),
    Commit((swap(RUN, *PUSH),), safety=True),
    Commit(
        (), safety=True, widens=True, tool=("  glob: allow\n", "  glob: allow\n  edit: allow\n")
    ),
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
        places = count_places(old, files)
        if commit.tool:
            before, after = (
                commit_outputs(before, "0.1"),
                commit_outputs(after, "0.2", *commit.tool),
            )
            places += 1
        yield commit, places, compare_sides(before, after)
        before = after


def commit_outputs(side: Side, tool: str, old: str = "", new: str = "") -> Side:
    """Return a side with its outputs committed, as a version of promptpack made them."""
    texts = {key: output.text.replace(old, new) for key, output in side.outputs.items()}
    return replace(side, committed=Committed(texts, frozenset(texts), tool))


@pytest.fixture(scope="module")
def reviews() -> list[tuple[Commit, int, Review]]:
    """Return each commit, the places that it changes, and its review."""
    return [*play()]


def test_there_are_about_as_many_groups_as_changed_places(
    reviews: list[tuple[Commit, int, Review]],
) -> None:
    assert len(reviews) == len(STORY) == 44
    for number, (commit, places, review) in enumerate(reviews, 1):
        assert len(review.sources) + bool(commit.tool) == places, commit
        if not review.permissions:  # else each client says it in its own words
            assert review.summary.groups <= math.ceil(1.5 * places), (number, review.groups)
        if commit.kinds is not None:
            assert {tell_kind(change) for change in review.changes} == commit.kinds, number
    groups = sum(review.summary.groups for _, _, review in reviews)
    places = sum(places for _, places, _ in reviews)
    assert groups <= 1.5 * places, (groups, places)


def tell_kind(change: Change) -> str:
    """Return the kind of a change, and that it is of a layout."""
    return f"{change.kind}:layout" if change.section == "layout" else change.kind


def test_safety_is_told_where_a_word_of_it_changed_and_nowhere_else(
    reviews: list[tuple[Commit, int, Review]],
) -> None:
    for number, (commit, _, review) in enumerate(reviews, 1):
        kinds = Counter(change.kind for change in review.changes)
        told = kinds["safety"] + kinds["narrowed"] + kinds["widened"] > 0 or any(
            change.section in ("scope", "ethics", "permissions") and change.kind != "moved"
            for change in review.changes
        )
        assert told == (commit.safety or commit.widens), (number, review.changes)
        assert commit.safety or not kinds["safety"], (number, review.changes)
        paths = [source.path for source in review.sources if source.outputs]
        is_of_safety = any(path.startswith(SAFETY_PATHS) for path in paths)
        assert is_of_safety == (commit.safety and commit.tool is None), (number, paths)
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
    for commit, _, review in reviews:
        assert bool(review.drift) is bool(commit.tool)
        assert review.summary.unexplained == 0
        reached = {output for source in review.sources for output in source.outputs}
        assert reached == {output.key for output in review.outputs}
        ids = {one for source in review.sources for one in source.groups}
        from_tool = {one for drift in review.drift for one in drift.groups}
        assert ids | from_tool == {change.id for change in review.changes}
