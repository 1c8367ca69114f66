"""`check` prints the same difference of many outputs once, and names each of them."""

import re
from pathlib import Path

import pytest

import support
from review_cases import edit

PACK = "packs/demo/pack.yaml"
FILES = {
    **support.DEMO,
    PACK: support.DEMO[PACK].replace("[opencode]", "[opencode, claude-code, gemini]")
    + support.NO_CURSOR,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with six outputs, built."""
    root = support.make_project(tmp_path, FILES)
    assert support.call("build", cwd=root).code == 0
    return root


def test_one_word_in_all_outputs_is_one_hunk_and_a_list(project: Path) -> None:
    edit(project, "packs/demo/role.md", "You answer", "You only answer")
    done = support.call("check", cwd=project)
    assert done.code == 1
    assert done.out.count("+You only answer") == done.out.count("@@ -") == 1
    assert len(re.findall(r"^\S+: stale$", done.out, re.MULTILINE)) == 6
    assert "and the same in 5 more files" in done.out


def test_each_hunk_stands_once_and_each_file_is_named_once(project: Path) -> None:
    edit(project, "packs/demo/role.md", "You answer", "You only answer")
    edit(project, "templates/policies/look.yaml", "list: allow", "list: deny")
    done = support.call("check", cwd=project)
    assert len(re.findall(r"^\S+: stale$", done.out, re.MULTILINE)) == 6
    assert done.out.count("+You only answer") == 1
    assert done.out.count("-  list: allow") == 1
    paths = re.findall(r"^--- (\S+) \(now\)", done.out, re.MULTILINE)
    shown = [line for line in done.out.splitlines() if line.startswith("@@ -")]
    assert len(paths) <= len(shown)


def test_other_changes_of_other_files_stay_apart(project: Path) -> None:
    for number, path in enumerate(sorted((project / "dist").rglob("demo.md"))):
        path.write_text(path.read_text() + f"Line {number} by hand.\n")
    done = support.call("check", cwd=project)
    assert len(re.findall(r"^-Line \d by hand\.$", done.out, re.MULTILINE)) == 6
    assert "the same in" not in done.out
