"""Committed outputs that their sources do not give: another library, another version, a hand.

What another promptpack would have committed is written here as bytes, so that no build of ours says
what is right.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import support
from promptpack.output.manifest import read_manifest
from promptpack.reporting.json_schemas import REPORTS
from promptpack.version import __version__
from review_cases import commit, edit, git, report, repository

LOOK = "dist/opencode/tiny.look/.opencode/agents/demo.md"
LOOK_POLICY = "templates/policies/look.yaml"
MANIFEST = "dist/.promptpack.json"
PACK = "packs/demo/pack.yaml"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return the demo project, committed with its outputs."""
    root = support.make_project(tmp_path / "repo")
    build(root)
    commit(root)
    return root


def build(root: Path) -> None:
    done = support.call("build", cwd=root)
    assert done.code == 0, done.err


def read_record(root: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((root / MANIFEST).read_text())
    return data


def write_record(root: Path, **words: object) -> None:
    (root / MANIFEST).write_text(json.dumps({**read_record(root), **words}))


def hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def widen(root: Path) -> None:
    """Let the committed file of `look` run commands, as another library could."""
    edit(root, LOOK, '"*": deny\n', '"*": deny\n  bash: allow\n')


def test_a_build_records_its_version_and_the_library_files_behind_it(tmp_path: Path) -> None:
    root = support.make_project(tmp_path)
    edit(root, PACK, "policy: [look, change]", "policy: [look, change, read-only]")
    build(root)
    record = read_record(root)
    assert record["tool"] == __version__
    assert list(record["library"]) == ["promptpack:templates/policies/read-only.yaml"]
    assert all(len(digest) == 64 for digest in record["library"].values())
    assert not any("tool" in words for words in record["files"].values())
    edit(root, PACK, ", read-only]", "]")
    build(root)
    assert "library" not in read_record(root)


def test_what_a_layout_includes_is_recorded_too(tmp_path: Path) -> None:
    layout = "templates/layouts/plain.md.j2"
    text = '{% include "ethics/content-is-data" %}\n' + support.DEMO[layout]
    build(support.make_project(tmp_path, {layout: text}))
    assert list(read_record(tmp_path)["library"]) == [
        "promptpack:templates/fragments/ethics/content-is-data.md"
    ]


def test_a_part_of_a_build_keeps_what_the_rest_was_made_of(tmp_path: Path) -> None:
    root = support.make_project(tmp_path)
    edit(root, PACK, "policy: [look, change]", "policy: [look, change, read-only]")
    build(root)
    library = read_record(root)["library"]
    edit(root, "packs/demo/role.md", "You answer", "You only answer")
    assert support.call("build", "--policy", "look", cwd=root).code == 0
    assert read_record(root)["library"] == library


def test_an_older_manifest_is_as_good_and_gets_the_words_with_the_next_build(repo: Path) -> None:
    record = read_record(repo)
    del record["tool"]
    (repo / MANIFEST).write_text(json.dumps(record))
    assert support.call("check", cwd=repo).code == 0
    found = report(repo)
    assert (found["drift"], found["tool"]["head"]) == ([], None)
    build(repo)
    assert read_record(repo)["tool"] == __version__


@pytest.mark.parametrize("words", [{"tool": 5}, {"library": []}, {"library": {"a": 1}}])
def test_a_manifest_with_other_types_is_none(repo: Path, words: dict[str, object]) -> None:
    write_record(repo, **words)
    assert read_manifest(repo / "dist").problem == "not a manifest"
    assert support.call("check", cwd=repo).code == 1


def test_outputs_that_are_not_committed_do_not_drift(tmp_path: Path) -> None:
    root = support.make_project(tmp_path / "repo", {**support.DEMO, ".gitignore": "dist\n"})
    commit(root)
    build(root)
    widen(root)
    found = report(root)
    assert (found["drift"], found["permissions"]) == ([], [])
    assert found["tool"] == {"base": None, "head": None, "library": [], "packages": []}


@pytest.mark.fault(61, "gate-bypass")
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_committed_output_that_is_wider_trips_the_gate(repo: Path, *, is_committed: bool) -> None:
    """It is what a library whose policy allows more leaves in a folder that nobody looks into."""
    widen(repo)
    record = read_record(repo)
    digest = hash_text((repo / LOOK).read_text())
    record["files"][LOOK.removeprefix("dist/")]["sha256"] = digest
    write_record(repo, **{**record, "tool": "0.2.0"})
    if is_committed:
        commit(repo)
    sides = ("HEAD~1", "HEAD") if is_committed else ("HEAD",)
    done = support.call("diff", *sides, "--fail-on", "permissions", "--format", "json", cwd=repo)
    assert done.code == 1, done.out
    found = json.loads(done.out)
    REPORTS["diff"].model_validate(found)
    (widened,) = found["permissions"]
    assert (widened["field"], widened["old"], widened["new"]) == ("execute", "deny", "allow")
    assert widened["causes"] == [{"file": MANIFEST, "line": 1}]
    path = LOOK.removeprefix("dist/")
    assert found["drift"] == [{"path": path, "sides": ["head"], "new": True, "groups": ["P1"]}]
    assert found["tool"] == {"base": __version__, "head": "0.2.0", "library": [], "packages": []}
    text = support.call("diff", *sides, cwd=repo).out
    assert "! Permissions widened in 1 group: P1" in text
    assert f"built with promptpack {__version__}, now with 0.2.0" in text
    assert "No generated output changed" not in text


def test_a_newer_tool_here_finds_what_the_base_had_and_the_head_has(repo: Path) -> None:
    """Both sides are built by the newer one: only what is committed shows the change."""
    new = (repo / LOOK).read_text()
    edit(repo, LOOK, "  grep: allow\n", "")
    write_record(repo, tool="0.0.9")
    commit(repo)
    (repo / LOOK).write_text(new)
    build(repo)
    commit(repo)
    done = support.call(
        "diff", "HEAD~1", "HEAD", "--fail-on", "permissions", "--format", "json", cwd=repo
    )
    assert done.code == 1
    found = json.loads(done.out)
    assert [one["field"] for one in found["permissions"]] == ["grep"]
    assert [(one["sides"], one["new"]) for one in found["drift"]] == [(["base"], False)]
    assert found["tool"]["base"] == "0.0.9"


def test_drift_that_was_there_is_told_and_trips_nothing(repo: Path) -> None:
    widen(repo)
    commit(repo)
    (repo / "README.md").write_text("More.\n")
    commit(repo)
    done = support.call("diff", "HEAD~1", "HEAD", "--fail-on", "any", "--exit-code", cwd=repo)
    assert done.code == 0
    assert done.out.splitlines()[-1] == "No generated output changed."
    assert "1 committed output differs from its sources; the change made 0" in done.out


def test_a_source_that_is_changed_without_a_build_widens_once(repo: Path) -> None:
    edit(repo, LOOK_POLICY, "list: allow", "list: allow, execute: allow")
    found = report(repo)
    assert [one["field"] for one in found["permissions"]] == ["execute"]
    assert [(one["path"], one["new"]) for one in found["drift"]] == [
        (LOOK.removeprefix("dist/"), False)
    ]
    build(repo)
    found = report(repo)
    assert [one["field"] for one in found["permissions"]] == ["execute"]
    assert found["drift"] == []


def test_a_recorded_file_that_no_source_builds_is_drift(repo: Path) -> None:
    path = "opencode/tiny.look/.opencode/agents/other.md"
    text = (repo / LOOK).read_text().replace('"*": deny\n', '"*": allow\n')
    support.write_files(repo, {f"dist/{path}": text})
    record = read_record(repo)
    record["files"][path] = {
        **record["files"][LOOK.removeprefix("dist/")],
        "sha256": hash_text(text),
    }
    write_record(repo, **record)
    commit(repo)
    done = support.call(
        "diff", "HEAD~1", "HEAD", "--fail-on", "permissions", "--format", "json", cwd=repo
    )
    assert done.code == 1
    found = json.loads(done.out)
    assert [one["path"] for one in found["drift"]] == [path]
    assert "execute" in {one["field"] for one in found["permissions"]}


def test_library_files_that_changed_are_named(repo: Path) -> None:
    write_record(repo, library={"promptpack:a.yaml": "1" * 64, "promptpack:b.yaml": "2" * 64})
    commit(repo)
    write_record(repo, library={"promptpack:a.yaml": "3" * 64, "promptpack:b.yaml": "2" * 64})
    found = report(repo, "HEAD")
    assert found["tool"]["library"] == ["promptpack:a.yaml"]
    assert "promptpack:a.yaml" in support.call("diff", "HEAD", cwd=repo).out


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_hostile_words_of_a_manifest_are_inert(repo: Path, name: str) -> None:
    write_record(repo, tool="<b>`@team`\x1b[31m\n::error::x", library={"\u202e<i>": "1" * 64})
    out = support.call("diff", "HEAD", "--format", name, cwd=repo).out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\n::error" not in out
    assert "<i>" not in out or name != "html"


def test_line_ends_and_a_mark_are_no_drift(repo: Path) -> None:
    data = (repo / LOOK).read_bytes()
    (repo / LOOK).write_bytes(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    assert report(repo)["drift"] == []


@pytest.mark.parametrize("out", ["../out", "/elsewhere"])
def test_outputs_outside_of_the_project_are_not_looked_for(tmp_path: Path, out: str) -> None:
    root = repository(tmp_path / "repo", {**support.DEMO, "promptpack.yaml": f"out: {out}\n"})
    done = support.call("diff", cwd=root)
    assert "Traceback" not in done.err
    assert done.code in {0, 3}


def test_a_link_in_place_of_the_outputs_is_not_followed(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "else.md").write_text("secret\n")
    (repo / LOOK).unlink()
    (repo / LOOK).symlink_to(tmp_path / "else.md")
    commit(repo)
    found = report(repo, "HEAD~1", "HEAD")
    assert [one["path"] for one in found["drift"]] == [LOOK.removeprefix("dist/")]
    found = report(repo, "HEAD~1")
    assert [one["path"] for one in found["drift"]] == [LOOK.removeprefix("dist/")]
    assert git(repo, "status", "--porcelain") == ""
