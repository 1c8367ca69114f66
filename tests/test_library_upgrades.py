"""What another version of a library does to a project: `diff` names it, and its gate holds."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from html import unescape
from pathlib import Path

import pytest

import support
from libraries import FOLDER, LIBRARY, LOOK, PACKAGE, PACKS, add_folder, install, make_user
from review_cases import commit, git

WIDER = {"templates/policies/look.yaml": LOOK.replace("list: allow", "list: allow, edit: allow")}
NARROWER = {"templates/policies/look.yaml": LOOK.replace(", list: allow", "")}
OTHER_WORDS = {"templates/fragments/standards/privacy.md": "- Log no name.\n"}


def upgrade(project: Path, site: Path, version: str, changes: Mapping[str, str]) -> None:
    """Install another version of the library, build the project with it and commit the outputs."""
    shutil.rmtree(site, ignore_errors=True)
    install(site, version, changes)
    assert support.call("build", cwd=project).code == 0
    commit(project)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def install_wheel(wheel: Path, site: Path) -> None:
    """Unpack a wheel as an installer does."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose outputs were built with the first version, and committed."""
    project = make_user(tmp_path / "project", PACKAGE + PACKS)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    upgrade(project, site, "1.0.0", {})
    return project


def test_an_upgrade_that_widens_fails_the_gate_and_is_named(project: Path) -> None:
    upgrade(project, project.parent / "site", "1.1.0", WIDER)
    words = ("diff", "HEAD~1", "HEAD", "--fail-on", "permissions")
    done = support.call(*words, cwd=project)
    assert done.code == 1
    assert "The library 'acme' was acme_prompts 1.0.0 in the build of the base" in done.out
    assert "acme_prompts 1.1.0" in done.out
    review = json.loads(support.call(*words, "--format", "json", cwd=project).out)
    changed = {"name": "acme", "base": "acme_prompts 1.0.0", "head": "acme_prompts 1.1.0"}
    assert review["tool"]["packages"] == [changed]
    assert review["tool"]["library"] == ["acme:templates/policies/look.yaml"]
    widened = [one for one in review["permissions"] if one["kind"] == "widened"]
    assert widened
    findings = json.loads(support.call(*words, "--format", "sarif", cwd=project).out)
    assert '"uri": "acme:' not in json.dumps(findings), "a place in the repository"
    for one in widened:
        assert one["causes"] == [{"file": "acme:templates/policies/look.yaml", "line": 1}]


def test_an_upgrade_that_grants_no_more_passes_the_gate_and_is_named(project: Path) -> None:
    upgrade(project, project.parent / "site", "0.9.0", NARROWER | OTHER_WORDS)
    done = support.call("diff", "HEAD~1", "HEAD", "--fail-on", "permissions", cwd=project)
    assert done.code == 0
    assert "acme_prompts 0.9.0" in done.out
    assert "Library files that changed between the two builds: acme:templates/fra" in done.out
    assert "In the base, 5 more outputs did." in done.out


def test_an_upgrade_that_nobody_built_yet_is_stale(project: Path) -> None:
    shutil.rmtree(project.parent / "site")
    install(project.parent / "site", "1.1.0", WIDER)
    assert support.call("check", cwd=project).code == 1


def test_a_folder_is_compared_as_it_was_in_each_commit(tmp_path: Path) -> None:
    project = make_user(tmp_path, FOLDER + PACKS)
    folder = add_folder(project)
    commit(project)
    support.write_files(folder, WIDER)
    commit(project)
    done = support.call("diff", "HEAD~1", "HEAD", "--fail-on", "permissions", cwd=project)
    assert done.code == 1
    assert "acme:templates/policies/look.yaml:4" in done.out
    assert support.call("diff", "HEAD", "HEAD", "--exit-code", cwd=project).code == 0


def test_a_submodule_is_compared_as_it_was_in_each_commit(tmp_path: Path) -> None:
    library = tmp_path / "library"
    support.write_files(library, LIBRARY)
    commit(library)
    project = make_user(tmp_path / "project", FOLDER + PACKS)
    commit(project)
    git(project, "submodule", "--quiet", "add", str(library), "vendor/acme")
    commit(project)
    inner = project / "vendor/acme"
    support.write_files(inner, WIDER)
    commit(inner)
    commit(project)
    words = ("diff", "HEAD~1", "HEAD", "--fail-on", "permissions")
    done = support.call(*words, cwd=project)
    assert done.code == 1, done.err
    assert "acme:templates/policies/look.yaml:4" in done.out
    shutil.rmtree(inner)
    inner.mkdir()
    done = support.call(*words, cwd=project)
    assert done.code == 3
    assert "the submodule is not checked out" in done.err


def test_a_library_that_a_commit_has_not_is_an_error_of_that_side(tmp_path: Path) -> None:
    project = make_user(tmp_path, FOLDER + PACKS)
    commit(project)
    add_folder(project)
    commit(project)
    done = support.call("diff", "HEAD~1", "HEAD", cwd=project)
    assert done.code == 3
    assert "base:promptpack.yaml:1:15" in done.err
    assert "there is no folder 'vendor/acme'" in done.err


def build_wheel(folder: Path) -> Path:
    """Build the wheel of a package, offline, with what is installed here."""
    command = ("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "built"))
    subprocess.run([sys.executable, *command], cwd=folder, check=True, capture_output=True)
    (wheel,) = (folder / "built").glob("*.whl")
    return wheel


def test_a_new_library_is_a_wheel_that_a_second_project_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert support.call("new-library", "acme", cwd=tmp_path).code == 0
    package, site = tmp_path / "acme-prompts", tmp_path / "site"
    library = package / "acme_prompts"
    assert support.call("lint", cwd=library).out == "No findings\n", "as a project of its own"
    assert support.call("build", cwd=library).code == 0
    install_wheel(build_wheel(package), site)
    monkeypatch.syspath_prepend(site)
    pack = """\
name: demo
title: Demo
description: Answers questions.
targets: [opencode]
sections: {role: ./role.md, standards: ["acme:standards/plain-words"]}
variants:
  default: {model: claude, policy: "acme:look-only"}
  model: [claude]
  policy: ["acme:look-only"]
"""
    settings = 'targets: [opencode]\nlibraries: [acme]\nlibrary_packs: ["acme:change-explainer"]\n'
    project = support.make_project(
        tmp_path / "project",
        {"packs/demo/pack.yaml": pack, "packs/demo/role.md": "You.\n", "promptpack.yaml": settings},
    )
    assert support.call("build", cwd=project).code == 0
    assert [one.name for one in sorted((project / "dist").rglob("*.md"))] == [
        "change-explainer.md",
        "demo.md",
    ]
    assert support.call("lint", cwd=project).code == 0
    commit(project)
    policy = package / "acme_prompts/templates/policies/look-only.yaml"
    support.write_files(
        policy.parent, {policy.name: read(policy).replace("grep:", "edit: ask, grep:")}
    )
    support.write_files(
        package, {"pyproject.toml": read(package / "pyproject.toml").replace("0.1.0", "0.2.0")}
    )
    shutil.rmtree(package / "built")
    shutil.rmtree(site)
    install_wheel(build_wheel(package), site)
    assert support.call("build", cwd=project).code == 0
    done = support.call("diff", "HEAD", "--fail-on", "permissions", cwd=project)
    assert done.code == 1
    assert "acme-prompts 0.1.0" in done.out
    assert "acme-prompts 0.2.0" in done.out
    assert support.call("docs", "export", tmp_path / "pages", cwd=project).code == 0
    pages = [read(path) for path in (tmp_path / "pages").rglob("*.md")]
    assert any("from the package 'acme-prompts' 0.2.0" in unescape(page) for page in pages)
