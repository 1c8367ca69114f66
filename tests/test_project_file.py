"""`promptpack.yaml`: what packs share goes after their own, and is a source like any other."""

import json
from pathlib import Path
from typing import Any

import pytest

import support
from promptpack.build import build_project
from promptpack.model import Artifact, UserError
from promptpack.reading.project import load_project, replace_sources
from promptpack.reading.roots import SOURCES
from promptpack.session import Session
from promptpack.site.tree import make_site
from review_cases import commit, git, report, repository

SHARED, PACK, OTHER = "promptpack.yaml", "packs/demo/pack.yaml", "packs/other/pack.yaml"
OPEN = support.DEMO[PACK].replace("targets: [opencode]\n", "")
"""The demo's pack, which names no client."""

ENTRY = "- {target: gemini, capability: [edit, write], reason: %s, when: {policy: change}}\n"
FILE = "targets: [opencode, gemini]\naccept:\n  " + ENTRY % "it asks by itself"
TWO = {
    PACK: OPEN,
    OTHER: OPEN.replace("name: demo", "name: other"),
    "packs/other/role.md": "Help.\n",
}


def built(folder: Path, files: dict[str, str]) -> list[Artifact]:
    """Return what a project with these files builds."""
    return [*build_project(load_project(support.make_project(folder, files)))]


def accepted(artifacts: list[Artifact], pack: str = "demo") -> dict[str, str]:
    """Return what is accepted in the files of a pack for Gemini CLI that may change something."""
    (one,) = (
        artifact
        for artifact in artifacts
        if (artifact.target, artifact.variant.pack.name) == ("gemini", pack)
        and artifact.variant.policy.name == "change"
    )
    return {loss.subject: loss.accepted for loss in one.losses if loss.accepted}


def test_targets_are_for_packs_that_name_none(tmp_path: Path) -> None:
    files = {**TWO, OTHER: TWO[OTHER] + "targets: [system]\n", SHARED: FILE}
    targets = {(one.variant.pack.name, one.target) for one in built(tmp_path, files)}
    assert targets == {("demo", "opencode"), ("demo", "gemini"), ("other", "system")}


def test_an_entry_holds_in_every_pack_and_a_packs_own_goes_before_it(tmp_path: Path) -> None:
    own = "accept:\n  " + ENTRY.replace("[edit, write]", "edit") % "our own reason"
    artifacts = built(tmp_path, {**TWO, PACK: OPEN + own, SHARED: FILE})
    assert accepted(artifacts, "other") == dict.fromkeys(("edit", "write"), "it asks by itself")
    assert accepted(artifacts) == {"edit": "our own reason", "write": "it asks by itself"}


def test_without_the_entry_nothing_is_granted_and_under_another_policy_neither(
    tmp_path: Path,
) -> None:
    assert accepted(built(tmp_path / "none", {PACK: OPEN, SHARED: "targets: [gemini]\n"})) == {}
    narrow = FILE.replace("policy: change", "policy: look")
    assert accepted(built(tmp_path / "look", {PACK: OPEN, SHARED: narrow})) == {}


def test_only_the_projects_own_root_has_one(tmp_path: Path) -> None:
    files = {
        PACK: support.DEMO[PACK],
        "packs/demo/promptpack.yaml": "x",
        "templates/promptpack.yaml": "x",
    }
    project = load_project(support.make_project(tmp_path, files))
    assert not project.shared
    assert SHARED in SOURCES


@pytest.mark.parametrize("kind", ["folder", "link out", "link to nothing"])
def test_what_is_no_file_is_an_error(kind: str, tmp_path: Path) -> None:
    folder = support.make_project(tmp_path / "project")
    (tmp_path / "outside.yaml").write_text("targets: [opencode]\n")
    path = folder / SHARED
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("../outside.yaml" if kind == "link out" else "nothing.yaml")
    with pytest.raises(UserError) as caught:
        load_project(folder)
    assert [(one.code, one.path) for one in caught.value.findings] == [("PP001", SHARED)]


def told(folder: Path, *arguments: str) -> Any:
    done = support.call(*arguments, "--format", "json", cwd=folder)
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_its_lines_are_origins_and_reach_what_they_change(tmp_path: Path) -> None:
    folder = support.built(tmp_path, {PACK: OPEN, SHARED: FILE})
    path = "gemini/tiny.change/.gemini/agents/demo.md"
    lines = (folder / "dist" / path).read_text(encoding="utf-8").split("\n")
    number = lines.index("  - replace") + 1
    origins = told(folder, "explain", f"{path}:{number}")["origins"]
    assert (SHARED, 3, "project") in [(one["path"], one["line"], one["role"]) for one in origins]
    reached = told(folder, "impact", f"{SHARED}:3")["outputs"]
    assert [(one["path"], number in one["lines"]) for one in reached] == [(path, True)]


def test_where_a_pack_accepts_the_same_its_own_line_is_the_origin(tmp_path: Path) -> None:
    own = "accept:\n  " + ENTRY % "our own reason"
    folder = support.built(tmp_path, {PACK: OPEN + own, SHARED: FILE})
    assert told(folder, "impact", f"{SHARED}:3")["outputs"] == []
    assert len(told(folder, "impact", f"{PACK}:15")["outputs"]) == 1


def test_a_change_of_it_is_a_cause_between_revisions(tmp_path: Path) -> None:
    root = repository(tmp_path, {PACK: OPEN, SHARED: FILE})
    (root / SHARED).write_text(FILE.replace("[edit, write]", "edit"), encoding="utf-8")
    found = report(root)
    assert {one["field"] for one in found["permissions"]} >= {"write"}
    assert {(c["file"], c["line"]) for one in found["permissions"] for c in one["causes"]} == {
        (SHARED, 3)
    }
    assert found["summary"]["unexplained"] == 0
    commit(root, "accept less")
    assert report(root, "HEAD~1", "HEAD")["summary"]["changed"] == 1
    (root / SHARED).write_text("targets: [opencode]\n", encoding="utf-8")
    found = report(root)
    assert (found["summary"]["removed"], found["summary"]["unexplained"]) == (2, 0)
    assert {cause["file"] for cause in found["causes"]} == {SHARED}


def test_a_revision_without_it_is_compared_with_one_that_has_it(tmp_path: Path) -> None:
    root = repository(tmp_path, {PACK: support.DEMO[PACK].replace("opencode", "gemini")})
    (root / SHARED).write_text(FILE, encoding="utf-8")
    git(root, "add", SHARED)
    commit(root, "accept")
    for revisions in (("HEAD~1", "HEAD"), ("HEAD", "HEAD~1")):
        found = report(root, *revisions)
        assert (found["summary"]["changed"], found["summary"]["unexplained"]) == (1, 0)
        assert {cause["file"] for cause in found["causes"]} == {SHARED}


def test_check_sees_that_it_changed(tmp_path: Path) -> None:
    folder = support.built(tmp_path, {PACK: OPEN, SHARED: FILE})
    assert support.call("check", cwd=folder).code == 0
    (folder / SHARED).write_text("targets: [opencode]\n", encoding="utf-8")
    done = support.call("check", cwd=folder)
    assert done.code == 1
    assert "gemini/tiny.change" in done.out


def test_it_is_replaced_in_memory_without_reading_packs_again(tmp_path: Path) -> None:
    project = load_project(support.make_project(tmp_path, {PACK: OPEN, SHARED: FILE}))
    changed = replace_sources(project, {SHARED: "targets: [opencode]\n"})
    assert changed.packs["demo"] is project.packs["demo"]
    assert {one.target for one in build_project(changed)} == {"opencode"}


def test_the_site_shows_it_and_links_to_its_lines(tmp_path: Path) -> None:
    project = load_project(support.make_project(tmp_path, {PACK: OPEN, SHARED: FILE}))
    site = make_site(Session(project), build_project(project))
    assert "it asks by itself" in site.pages["reference/project.md"].html
    assert "project.html#L3" in site.pages["packs/demo/tiny.change.md"].html
    assert {"Project file": "reference/project.md"} in site.nav[2]["Reference"]


def test_packs_ignore_a_finding_in_it_together(tmp_path: Path) -> None:
    ignore = 'ignore: [{rule: PP045, reason: "it is for a pack to come"}]\n'
    unused = {SHARED: FILE.replace("capability: [edit, write]", "capability: execute")}
    for number, (others, count) in enumerate((({OTHER: TWO[OTHER] + ignore}, 0), ({}, 1))):
        files = {**TWO, PACK: OPEN + ignore, **others, **unused}
        folder = support.make_project(tmp_path / str(number), files)
        found = told(folder, "lint")["findings"]
        assert len([one for one in found if one["code"] == "PP045"]) == count
