"""Skills as people keep them become packs, and come back without a change that git sees."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import support
from promptpack.targets import TARGETS

HEAD = "---\nname: {}\ndescription: Reviews a change. Use it before a merge.\nlicense:   MIT\n---\n"
SCRIPT = b"#!/usr/bin/env python3\r\nprint(1)"
FILES: Mapping[str, bytes] = {
    "scripts/run.py": SCRIPT,
    "assets/logo.png": b"\x89PNG\r\n\x1a\n\0\xff",
    "references/more.md": b"# More {{ x }}\n",
    "README.md": b"For people.\n",
}


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.autocrlf=false")
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    for place, name in ((".claude/skills", "review"), (".agents/skills", "lone")):
        text = HEAD.format(name) + "\n# Review\n\nRun `scripts/run.py`.\nNo last line"
        own = {f"{place}/{name}/{path}": content for path, content in FILES.items()}
        support.write_files(folder, {f"{place}/{name}/SKILL.md": text, **own})
    support.write_files(folder, {".claude/skills/review/.env": "KEY=1\n"})
    if sys.platform != "win32":
        (folder / ".claude/skills/review/scripts/run.py").chmod(0o755)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "all")
    return folder


def run_import(repository: Path, *arguments: str) -> dict[str, Any]:
    done = support.call(
        "import", *arguments, "--yes", "--into", "../project", "--format", "json", cwd=repository
    )
    assert done.code == 0, done.err
    data: dict[str, object] = json.loads(done.out)
    return data


def test_a_skill_comes_back_as_git_has_it(repository: Path) -> None:
    project = repository.parent / "project"
    data = run_import(repository, ".")
    assert data["refused"] == []
    before = git(repository, "ls-files", "-s")
    for place, name, target in (
        (".claude/skills", "review", "claude-skill"),
        (".agents/skills", "lone", "skill"),
    ):
        folder = repository / place / name
        for path in ("SKILL.md", *FILES):
            (folder / path).unlink()
        options = ("--target", target, "--into", repository)
        done = support.call("install", name, *options, cwd=project)
        assert done.code == 0, done.err
    git(repository, "add", "-A")
    assert git(repository, "status", "--porcelain") == "A  .promptpack-installed.json\n"
    (added,) = {*git(repository, "ls-files", "-s").splitlines()} - {*before.splitlines()}
    assert added.endswith(".promptpack-installed.json")


def test_the_pack_has_the_files_and_no_hidden_one(repository: Path) -> None:
    data = run_import(repository, ".claude")
    (pack,) = data["packs"]
    assert pack["files"][0]["attached"] == sorted(FILES)
    folder = repository.parent / "project/packs/review/skill"
    found = {
        Path(top, name).relative_to(folder).as_posix(): Path(top, name).read_bytes()
        for top, _, names in os.walk(folder)
        for name in names
    }
    assert found == FILES


def test_skills_of_one_name_with_other_files_are_two_packs(repository: Path) -> None:
    for client, more in ((".agents", b"1"), (".claude", b"2")):
        folder = f"{client}/skills/same"
        text = HEAD.format("same") + "Do it.\n"
        support.write_files(repository, {f"{folder}/SKILL.md": text, f"{folder}/data.bin": more})
    data = run_import(repository, ".agents/skills/same", ".claude/skills/same")
    packs = [[file["target"] for file in pack["files"]] for pack in data["packs"]]
    assert sorted(packs) == [["claude-skill"], ["skill"]]


def test_skills_of_one_name_with_the_same_files_are_one_pack(repository: Path) -> None:
    for client in (".agents", ".claude"):
        folder = f"{client}/skills/same"
        text = HEAD.format("same") + "Do it.\n"
        support.write_files(repository, {f"{folder}/SKILL.md": text, f"{folder}/data.bin": b"\0"})
    data = run_import(repository, ".agents/skills/same", ".claude/skills/same")
    packs = [[file["target"] for file in pack["files"]] for pack in data["packs"]]
    assert packs == [["skill", "claude-skill"]]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("sub/SKILL.md", b"x", "for a skill"),
        ("large.bin", bytes((1 << 20) + 1), "1 MiB"),
        ("bidi.txt", "a\u202eb".encode(), "U+202E"),
    ],
)
def test_what_a_pack_can_not_hold_is_refused_with_the_reason(
    repository: Path, name: str, content: bytes, reason: str
) -> None:
    support.write_files(repository, {f".claude/skills/review/{name}": content})
    data = run_import(repository, ".claude")
    (refused,) = data["refused"]
    assert reason in refused["reason"]
    assert not (repository.parent / "project/packs/review").exists()


def test_an_audit_finds_what_a_skill_approves_beforehand(repository: Path) -> None:
    path = ".claude/skills/review/SKILL.md"
    text = (repository / path).read_text("utf-8").replace("license:   MIT", "allowed-tools: Bash")
    support.write_files(repository, {path: text})
    done = support.call("audit", "--format", "json", cwd=repository)
    data = json.loads(done.out)
    assert {one["target"] for one in data["files"]} == {"skill", "claude-skill"}
    assert ("PP610", path) in {(one["code"], one["path"]) for one in data["findings"]}
    assert " may " not in support.call("audit", cwd=repository).out.split("\n\n")[0]


def make_kept(folder: Path, key: str) -> Path:
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[skill]")
    head = f"---\nname: demo\ndescription: Old.\n{key}\n---\n"
    files = {
        "packs/demo/pack.yaml": pack + "clients: {skill: {head: ./skill.head}}\n",
        "packs/demo/skill.head": head,
    }
    return support.make_project(folder, files)


@pytest.mark.parametrize("key", ["allowed-tools: Bash", "hooks: {}"])
def test_a_kept_head_that_approves_what_the_policy_denies_stops_the_build(
    tmp_path: Path, key: str
) -> None:
    done = support.call("build", cwd=make_kept(tmp_path / "kept", key))
    assert done.code == 3
    assert "PP101" in done.err
    assert support.call("build", cwd=make_kept(tmp_path / "plain", "license: MIT")).code == 0


@pytest.mark.parametrize("command", ["Now: !`git diff`", "```!\ngit diff\n```"])
def test_a_skill_of_claude_code_runs_nothing_to_load_it(tmp_path: Path, command: str) -> None:
    text = f"---\nname: a\ndescription: b\n---\n{command}\n"
    assert TARGETS["claude-skill"].problems(text)
    assert not TARGETS["skill"].problems(text)
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[claude-skill]")
    project = support.make_project(
        tmp_path, {"packs/demo/pack.yaml": pack, "packs/demo/role.md": "Say !`date`.\n"}
    )
    assert "PP201" in support.call("build", cwd=project).err


def test_a_kept_skill_runs_commands_only_if_the_policy_allows_them(tmp_path: Path) -> None:
    project = make_kept(tmp_path, "license: MIT")
    pack = (project / "packs/demo/pack.yaml").read_text("utf-8")
    pack = pack.replace("skill:", "claude-skill:").replace("[skill]", "[claude-skill]")
    files = {"packs/demo/pack.yaml": pack, "packs/demo/role.md": "Say !`date`.\n"}
    support.write_files(project, files)
    done = support.call("build", cwd=project)
    assert done.code == 3
    assert "PP101" in done.err
    for name in ("look", "change"):
        policy = support.DEMO[f"templates/policies/{name}.yaml"]
        policy = policy.replace("glob: allow", "execute: allow, glob: allow")
        support.write_files(project, {f"templates/policies/{name}.yaml": policy})
    assert support.call("build", cwd=project).code == 0
