"""Starting: `init` and `new` write what builds, replace nothing, and say what they decided."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from review_cases import commit, git
from support import (
    AGENT_TARGETS,
    DEMO,
    PATIENCE,
    REPRESENTATIVES,
    Result,
    call,
    environment,
    make_project,
    snapshot,
    write_files,
)
from test_loop_docs import titled

SIGNS = (".opencode/x", ".claude/x", ".github/agents/x", ".cursor/x", ".codex/x", ".gemini/x")
AGENT = "---\nname: reviewer\ndescription: Reviews, when asked.\n---\nReview.\n"
WORKFLOW = ".github/workflows/promptpack.yml"


def make_repository(folder: Path, *paths: str) -> Path:
    write_files(folder, {"README.md": "A shop.\n", **dict.fromkeys(paths, "Text.\n")})
    commit(folder)
    return folder


def list_accepted(project: Path) -> list[dict[str, object]]:
    """Return what anything in a project accepts."""
    files = (project / "promptpack.yaml", *project.glob("packs/*/pack.yaml"))
    read = (yaml.safe_load(file.read_text("utf-8")) for file in files)
    return [entry for data in read for entry in data.get("accept", [])]


def start(folder: Path, *arguments: str) -> Result:
    done = call("init", *arguments, cwd=folder)
    assert done.code == 0, done.err
    return done


def assert_works(project: Path) -> None:
    for words in (("build",), ("install",), ("check",), ("lint", "--strict")):
        done = call(*words, cwd=project)
        assert done.code == 0, (words, done.out + done.err)


def read_shared(project: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((project / "promptpack.yaml").read_text("utf-8"))
    return found


@pytest.mark.parametrize("paths", [(), *((sign,) for sign in SIGNS), SIGNS], ids=str)
def test_a_new_project_builds_installs_checks_and_lints(
    paths: tuple[str, ...], tmp_path: Path
) -> None:
    project = make_repository(tmp_path / "shop", *paths)
    before = snapshot(project)
    start(project)
    assert_works(project)
    assert before.items() <= snapshot(project).items()
    status = git(project, "status", "--porcelain").splitlines()
    assert status
    assert {line[:2] for line in status} == {"??"}
    others = {"cursor-rule", "claude-skill", "devin-rule"}
    agents = [target for target in AGENT_TARGETS if target not in others]
    signs = {f".{target.split('-')[0]}": target for target in agents}
    signs[".github"] = "copilot"
    expected = {signs[path.split("/")[0]] for path in paths} or {"opencode", "claude-code"}
    assert {*read_shared(project)["targets"]} == expected  # type: ignore[misc]


@pytest.mark.parametrize("target", REPRESENTATIVES)
def test_a_new_project_for_a_target_builds_or_is_not_written(target: str, tmp_path: Path) -> None:
    start(tmp_path, "--target", target, "--name", "shop")
    assert_works(tmp_path)
    assert read_shared(tmp_path)["targets"] == [target]


def test_what_is_there_stays_and_is_named(tmp_path: Path) -> None:
    kept = {
        *(".gitattributes", ".pre-commit-config.yaml", ".prettierignore", "mkdocs.yml", WORKFLOW),
        ".promptpack/schemas/pack.json",
    }
    project = make_repository(tmp_path / "shop", *kept)
    done = start(project, "--pre-commit")
    assert {path for path in kept if (project / path).read_bytes() == b"Text.\n"} == kept
    text = " ".join(done.out.split())
    assert all(path in text.partition("Kept")[2] for path in kept)
    assert "add the lines of: promptpack targets --format gitattributes" in text
    assert "Fill in" not in text
    assert_works(project)


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    start(tmp_path)
    before = snapshot(tmp_path)
    done = start(tmp_path)
    assert snapshot(tmp_path) == before
    assert "Kept" in done.out
    assert "Next" not in done.out


def test_a_project_file_that_is_there_holds_for_the_new_pack(tmp_path: Path) -> None:
    shared = "name: shop\ntargets: [claude-code, codex]\ninstallations: [{into: .}]\n"
    write_files(tmp_path, {"promptpack.yaml": shared})
    start(tmp_path)
    assert (tmp_path / "promptpack.yaml").read_text("utf-8") == shared
    assert_works(tmp_path)


def test_only_what_is_needed_is_accepted_and_is_said(tmp_path: Path) -> None:
    done = start(tmp_path, "--target", "opencode", "--target", "gemini")
    assert list_accepted(tmp_path) == []
    assert "Accepted" not in done.out
    other = tmp_path / "other"
    other.mkdir()
    done = start(other, "--target", "claude-code")
    assert "Accepted: Cursor" in done.out
    (entry,) = list_accepted(other)
    assert entry["target"] == "cursor"
    assert not {"read", "edit", "write", "all"} & {*str(entry["capability"]).split("'")}
    pack = (other / "packs/reviewer/pack.yaml").read_text("utf-8")
    later = re.sub(r"^accept:.*", "", pack, flags=re.MULTILINE | re.DOTALL)
    write_files(other, {"packs/later/pack.yaml": later.replace("reviewer", "later", 1)})
    for name in ("role.md", "find-defects.md", "verdict-first.md"):
        write_files(other, {f"packs/later/{name}": "Text.\n"})
    done = call("build", cwd=other)
    assert (done.code, "PP101" in done.err) == (3, True), "a later pack accepts nothing by itself"


def test_a_reason_is_true_of_the_repository(tmp_path: Path) -> None:
    for name, path in (("with", ".cursor/x"), ("without", "x")):
        project = make_repository(tmp_path / name, path)
        start(project, "--target", "claude-code")
        assert call("new", "helper", cwd=project).code == 0
        reasons = {str(entry["reason"]) for entry in list_accepted(project)}
        assert len(reasons) == 1
        assert ("No sign of Cursor" in reasons.pop()) == (name == "without")


def test_a_workflow_is_written_only_for_github(tmp_path: Path) -> None:
    cases = {
        "none": "",
        "gitlab": "https://gitlab.com/github.com/x.git",
        "alike": "https://notgithub.com/a/b",
        "ssh": "git@github.com:a/b.git",
        "https": "https://github.com/a/b",
        "url": "ssh://git@github.com/a/b.git",
    }
    for name, url in cases.items():
        project = make_repository(tmp_path / name)
        if url:
            git(project, "remote", "add", "origin", url)
        start(project)
        assert (project / WORKFLOW).exists() == (name in {"ssh", "https", "url"}), name


def test_the_workflow_is_the_documented_one_and_runs_nobody_elses_code(tmp_path: Path) -> None:
    project = make_repository(tmp_path / "shop", ".github/x")
    done = start(project, "agents")
    ours = yaml.load((project / WORKFLOW).read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
    documented = titled(".github/workflows/agents.yml")
    checkout, review = ours["jobs"]["review"]["steps"]
    assert checkout["uses"] == documented["jobs"]["review"]["steps"][0]["uses"]
    assert not re.fullmatch(r"[\w.-]+/[\w./-]+@[\w.-]+", review["uses"])
    assert review["with"] == {"fail-on": "permissions", "project": "agents"}
    assert f"Fill in {WORKFLOW}" in done.out
    for key in ("permissions", "runs-on"):
        assert ours["jobs"]["review"][key] == documented["jobs"]["review"][key]


def test_hooks_are_written_only_on_request(tmp_path: Path) -> None:
    start(tmp_path)
    assert not (tmp_path / ".pre-commit-config.yaml").exists()
    start(tmp_path, "--pre-commit")
    (repository,) = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["id"] for hook in repository["hooks"]] == ["promptpack-check", "promptpack-lint"]


def test_a_project_in_a_folder_of_a_repository_installs_at_its_top(tmp_path: Path) -> None:
    top = make_repository(tmp_path / "shop", ".claude/x")
    start(top, "tools/agents")
    project = top / "tools" / "agents"
    assert_works(project)
    assert (top / ".claude/agents/reviewer.md").is_file()
    assert not (project / ".claude").exists()
    lines = (top / ".gitattributes").read_text("utf-8").splitlines()
    assert any(line.startswith("/.claude/agents/reviewer.md ") for line in lines)
    assert "/dist/" in (project / ".gitattributes").read_text("utf-8")


@pytest.mark.parametrize("how", ["ignored", "taken"])
def test_another_output_folder_where_dist_is_not_ours(how: str, tmp_path: Path) -> None:
    project = make_repository(tmp_path / "shop", *(["dist/app.js"] if how == "taken" else []))
    if how == "ignored":
        write_files(project, {".gitignore": "dist/\n"})
    start(project)
    assert read_shared(project)["out"] == "promptpack-dist"
    assert_works(project)
    assert "/promptpack-dist/" in (project / ".gitattributes").read_text("utf-8")


@pytest.mark.parametrize("path", [".claude/agents/reviewer.md", ".claude/agents/team/reviewer.md"])
def test_agents_that_are_there_are_named_and_left_alone(path: str, tmp_path: Path) -> None:
    project = make_repository(tmp_path / "shop")
    write_files(project, {path: AGENT})
    done = start(project)
    assert "Found 1 agent file of Claude Code" in done.out
    assert "promptpack import ." in done.out
    assert_works(project)
    assert (project / path).read_text("utf-8") == AGENT
    assert (project / "packs/change-reviewer").is_dir()


def test_agents_that_packs_build_already_are_not_to_be_imported(tmp_path: Path) -> None:
    project = make_repository(tmp_path / "shop")
    write_files(project, {".claude/agents/reviewer.md": AGENT})
    assert call("import", ".", "--yes", cwd=project).code == 0
    done = start(project)
    assert "Found" not in done.out
    for words in (("build",), ("install",), ("check",)):
        assert call(*words, cwd=project).code == 0
    assert (project / ".claude/agents/reviewer.md").read_text("utf-8") == AGENT


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    project = make_repository(tmp_path / "shop")
    (tmp_path / "elsewhere").mkdir()
    (project / ".github").symlink_to(tmp_path / "elsewhere")
    (project / "docs").symlink_to(tmp_path / "gone")
    done = start(project)
    assert f"because of a link: {WORKFLOW}, docs/agents/index.md" in " ".join(done.out.split())
    assert snapshot(tmp_path / "elsewhere") == {}
    assert_works(project)


def test_the_schema_that_a_file_names_is_there(tmp_path: Path) -> None:
    start(tmp_path)
    for kind, path in (("project", "promptpack.yaml"), ("pack", "packs/reviewer/pack.yaml")):
        first = (tmp_path / path).read_text("utf-8").splitlines()[0]
        name = first.removeprefix("# yaml-language-server: $schema=")
        assert name != first
        schema = json.loads(((tmp_path / path).parent / name).read_text("utf-8"))
        assert schema == json.loads(call("schema", kind, cwd=tmp_path).out)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = start(tmp_path, "--dry-run")
    assert "packs/reviewer/role.md" in done.out
    assert snapshot(tmp_path) == {}
    start(tmp_path, "new", "--dry-run")
    assert snapshot(tmp_path) == {}


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 1), (b"y\n", 0), (b"\x04", 130)])
def test_it_asks_on_a_terminal(answer: bytes, code: int, tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    try:
        os.write(controller, answer)
        done = subprocess.run(
            [sys.executable, "-m", "promptpack", "init"],
            cwd=tmp_path,
            env=environment(),
            stdin=terminal,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
    finally:
        os.close(terminal)
        os.close(controller)
    assert (done.returncode, (tmp_path / "packs").exists()) == (code, code == 0)
    assert b"Write these files?" in done.stderr
    assert done.stderr.endswith(b": \npromptpack: interrupted\n") == (code == 130)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--target", "opncode"), "Did you mean 'opencode'?"),
        (("--name", "My Shop"), "Did you mean 'my-shop'?"),
        (("packs/demo",), "inside the sources of another project"),
        ((".git/x",), "inside a git repository's own files"),
        (("file",), "it is a file"),
        (("file/in",), "it is inside a file"),
        (("home",), "it is your home folder"),
    ],
)
def test_a_wrong_start_is_refused(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"file": "", "home/x": ""})
    before = snapshot(project)
    done = call("init", *words, cwd=project, env={"HOME": str(project / "home")})
    assert (done.code, message in done.err) == (2, True), done.err
    assert snapshot(project) == before


def test_a_folder_whose_sources_are_wrong_is_left_alone(tmp_path: Path) -> None:
    write_files(tmp_path, {"templates/models/x.yaml": "not: a model\n"})
    before = snapshot(tmp_path)
    done = call("init", cwd=tmp_path)
    assert (done.code, "promptpack init agents" in done.err) == (3, True)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("template", ["plain", "reviewer"])
def test_a_new_pack_builds_and_is_good(template: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"packs/.keep": ""})
    text = 'Says: "use # me", when asked. \u00e9'
    done = call("new", "helper", "--template", template, "--description", text, cwd=tmp_path)
    assert done.code == 0, done.err
    for words in (("build",), ("check",), ("lint", "--strict")):
        done = call(*words, cwd=tmp_path)
        assert done.code == 0, done.out + done.err
    pack = yaml.safe_load((tmp_path / "packs/helper/pack.yaml").read_text("utf-8"))
    assert (pack["name"], pack["description"]) == ("helper", text)
    assert "$schema" not in (tmp_path / "packs/helper/pack.yaml").read_text("utf-8")


def test_a_new_pack_says_what_it_accepts(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"promptpack.yaml": "targets: [claude-code]\n"})
    done = call("new", "helper", cwd=project)
    assert (done.code, "Accepted: Cursor" in done.out) == (0, True)
    pack = yaml.safe_load((project / "packs/helper/pack.yaml").read_text("utf-8"))
    assert [entry["target"] for entry in pack["accept"]] == ["cursor"]


def test_a_copy_of_a_pack_says_the_same(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    assert call("new", "twin", "--from", "demo", cwd=project).code == 0
    assert call("build", cwd=project).code == 0
    one, other = (call("show", name, cwd=project).out for name in ("demo", "twin"))
    assert one == other != ""
    assert (project / "packs/twin/role.md").read_text("utf-8") == DEMO["packs/demo/role.md"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("My Pack",), "Did you mean 'my-pack'?"),
        (("../x",), "Did you mean 'x'?"),
        (("demo",), "There is a pack 'demo' already"),
        (("x", "--from", "dmo"), "Did you mean 'demo'?"),
        (("x", "--from", "demo", "--template", "plain"), "without --template"),
    ],
)
def test_a_wrong_name_is_refused(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    project = make_project(tmp_path)
    before = snapshot(project)
    done = call("new", *words, cwd=project)
    assert (done.code, message in done.err) == (2, True), done.err
    assert snapshot(project) == before


def test_the_name_of_a_clients_own_agent_is_warned_of_or_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"promptpack.yaml": "targets: [opencode]\n"})
    done = call("new", "worker", cwd=project)
    assert (done.code, "OpenAI Codex has an agent 'worker' of its own" in done.err) == (0, True)
    done = call("new", "build", cwd=project)
    assert (done.code, "OpenCode has an agent 'build' of its own" in done.err) == (3, True)
    assert not (project / "packs/build").exists()


def test_what_can_not_be_copied_is_refused(tmp_path: Path) -> None:
    pack = DEMO["packs/demo/pack.yaml"]
    project = make_project(tmp_path, {"packs/demo/pack.yaml": pack.replace("name:", '"name":', 1)})
    done = call("new", "twin", "--from", "demo", cwd=project)
    assert (done.code, "can't be copied" in done.err) == (2, True)
    file = f"{pack}clients: {{opencode: {{file: same}}}}\n"
    write_files(project, {"packs/demo/pack.yaml": file})
    assert call("new", "twin", "--from", "demo", cwd=project).code == 3
    assert not (project / "packs/twin").exists()


@pytest.mark.parametrize("command", [("build",), ("show",)])
def test_an_empty_project_names_what_to_do(command: tuple[str, ...], tmp_path: Path) -> None:
    for _ in range(2):
        done = call(*command, cwd=tmp_path)
        said = done.out + done.err
        assert "promptpack init" in said
        assert "promptpack new" in said
        (tmp_path / "packs").mkdir(exist_ok=True)
