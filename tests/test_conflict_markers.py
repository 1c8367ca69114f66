"""Conflict markers: files as git leaves them after a merge in; an error at each marker out."""

import subprocess
from pathlib import Path

import pytest

import support
from promptpack.model import UserError
from promptpack.reading.project import load_project, replace_sources
from promptpack.source.text import PROBLEM_LIMIT, SIZE_LIMIT, find_conflict_markers
from rule_cases import PACK, ROLE

BASE = "You answer.\n\n- Answer in one line.\n- Ask.\n\nEnd\n=======\n"
SIDES = ("- Answer in two lines.", "- Answer at length.")
SOURCES = [*support.DEMO, "promptpack.yaml", "packs/demo/whole.md"]


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.invalid")
    command = ["git", "-C", str(folder), *identity, *words]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", check=False, env=support.environment()
    )
    return done.stdout


def merge(folder: Path, style: str) -> str:
    """Return what git leaves of a file that two branches changed in the same line."""
    path = folder / "role.md"
    git(folder, "init", "--quiet", "--initial-branch=main")
    for branch, text in zip(("main", "one", "two"), (BASE, *SIDES), strict=True):
        git(folder, "checkout", "--quiet", *(() if branch == "main" else ("-B", branch, "main")))
        changed = BASE if branch == "main" else BASE.replace("- Answer in one line.", text)
        path.write_text(changed)
        git(folder, "add", "role.md")
        git(folder, "commit", "--quiet", "--message", branch)
    git(folder, "-c", f"merge.conflictStyle={style}", "merge", "--quiet", "one")
    return path.read_text()


@pytest.mark.fault("conflict-marker")
@pytest.mark.parametrize(("style", "markers"), [("merge", 3), ("diff3", 4), ("zdiff3", 4)])
def test_what_git_leaves_of_a_conflict_is_found(style: str, markers: int, tmp_path: Path) -> None:
    text = merge(tmp_path, style)
    lines = text.split("\n")
    assert lines.count("=======") == 2
    added = [n for n, line in enumerate(lines, 1) if line[:7] in {c * 7 for c in "<>|="}]
    found = find_conflict_markers(text, "role.md")
    assert [(one.code, one.line, one.excerpt) for one in found] == [
        ("PP008", number, lines[number - 1]) for number in added[:markers]
    ]
    assert find_conflict_markers(BASE, "role.md") == []


@pytest.mark.fault("conflict-marker")
@pytest.mark.parametrize("path", SOURCES)
def test_a_marker_is_an_error_in_every_source(path: str, tmp_path: Path) -> None:
    own = "clients: {opencode: {prompt: ./whole.md}}\n"
    texts = {"promptpack.yaml": "targets: [opencode]\n", "packs/demo/whole.md": "You answer.\n"}
    files = {**support.DEMO, **texts, PACK: support.DEMO[PACK] + own}
    project = load_project(support.make_project(tmp_path, files))
    changed = {path: f"{files[path]}<<<<<<< HEAD\n"}
    support.write_files(tmp_path, changed)
    with pytest.raises(UserError) as caught:
        load_project(tmp_path)
    assert [(one.code, one.path) for one in caught.value.findings] == [("PP008", path)]
    with pytest.raises(UserError, match="merge conflict marker"):
        replace_sources(project, changed)


@pytest.mark.fault("conflict-marker")
def test_a_marker_in_a_code_fence_is_one_too(tmp_path: Path) -> None:
    text = "{{ vars.language }}\n\n```\n<<<<<<< HEAD\n```\n"
    with pytest.raises(UserError, match="merge conflict marker"):
        load_project(support.make_project(tmp_path, {ROLE: text}))


@pytest.mark.parametrize(
    "text",
    [
        "Head\n=======\n\nText\n",
        " <<<<<<< HEAD\n",
        "<<<<<<<HEAD\n",
        "<<<<<<<< HEAD\n",
        "a <<<<<<< b\n",
        "=======\n>>>>>> x\n",
        "||||||| x\n",
        "> > > > > > > quoted\n",
    ],
)
def test_what_only_looks_like_a_marker_is_none(text: str) -> None:
    assert find_conflict_markers(text, "role.md") == []


@pytest.mark.parametrize(
    "text", ["<<<<<<<\n", "<<<<<<<\n=======\n>>>>>>>\n", "=======\n", "<<<<<<< \n|||||||\n"]
)
def test_a_file_of_markers_is_refused_quickly(text: str) -> None:
    with support.limit_cpu():
        found = find_conflict_markers(text * (SIZE_LIMIT // len(text)), "f")
    assert len(found) == (0 if text.startswith("=") else PROBLEM_LIMIT)
