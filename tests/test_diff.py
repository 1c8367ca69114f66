"""`promptpack diff` on repositories: both sides rebuilt, nothing touched, gates, accepting."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import support
from promptpack.diff.formats import FORMATS
from promptpack.reporting.json_schemas import REPORTS
from review_cases import MEASURED, commit, edit, git, report, repository

SMALL = "templates/fragments/standards/small-steps.md"
TWO = ("--from-dir", "a", "--to-dir", "b")
POLICY = "templates/policies/look.yaml"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return the demo project in a git repository."""
    return repository(tmp_path / "repo")


def test_the_measured_case_is_three_groups_in_few_characters(tmp_path: Path) -> None:
    root = repository(tmp_path / "repo", MEASURED)
    edit(root, "templates/fragments/interaction/2.md", "Rule 2.5 of", "Rule 2.5 (new) of")
    edit(root, "templates/fragments/scope/0.md", "- Rule 0.3 of scope: keep to it, ", "- Keep it, ")
    fragment = root / "templates/fragments/ethics/3.md"
    fragment.write_text(fragment.read_text(encoding="utf-8") + "- One rule more.\n")
    found = report(root)
    REPORTS["diff"].model_validate(found)
    assert found["summary"]["outputs"] == found["summary"]["changed"] == 72
    assert (len(found["groups"]), found["permissions"]) == (3, [])
    assert [group["hunks"] for group in found["groups"]] == [72, 72, 72]
    assert {group["reach"] for group in found["groups"]} == {"72/72 outputs"}
    assert found["summary"]["unexplained"] == 0
    assert [
        (c["file"].removeprefix("templates/fragments/"), c["line"]) for c in found["causes"]
    ] == [
        ("ethics/3.md", 22),
        ("interaction/2.md", 10),
        ("scope/0.md", 8),
    ]
    markdown = support.call("diff", "--format", "markdown", cwd=root)
    assert len(markdown.out) < 5_000


def test_no_difference_says_so_in_each_format_for_people(repo: Path) -> None:
    assert report(repo, "HEAD", "HEAD")["groups"] == []
    for name in ("text", "markdown", "html", "github"):
        done = support.call("diff", "--format", name, "--exit-code", cwd=repo)
        assert (done.code, "No generated output changed." in done.out) == (0, True)
        assert "rror" not in done.out


def state_of(root: Path) -> tuple[str, ...]:
    """Return what must not change: status, stashes, refs, the index, the work tree, objects."""
    git_dir = root / ".git"
    return (
        git(root, "--no-optional-locks", "status", "--porcelain"),
        git(root, "stash", "list"),
        git(root, "for-each-ref"),
        hashlib.sha256((git_dir / "index").read_bytes()).hexdigest(),
        support.tree_hash(root),
    )


@pytest.mark.fault(58)
def test_a_dirty_repository_with_a_submodule_is_untouched(tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner")
    root = repository(tmp_path / "repo")
    git(root, "submodule", "--quiet", "add", str(inner), "packs/vendored")
    commit(root, "submodule")
    edit(root, SMALL, "one small step", "one tiny step")
    git(root, "stash")
    edit(root, SMALL, "one small step", "one careful step")
    git(root, "add", SMALL)
    edit(root, POLICY, "list: allow", "list: deny")
    support.write_files(root, {"untracked.txt": "x"})
    (root / "packs/vendored/pack.yaml").write_bytes(
        (root / "packs/demo/pack.yaml").read_bytes().replace(b"demo", b"vendored", 1)
    )
    (root / "packs/vendored/role.md").write_text("You help.\n")
    before = state_of(root)
    index = str(tmp_path / "other-index")
    env = {"GIT_INDEX_FILE": index, "GIT_DIR": str(tmp_path / "nowhere"), "GIT_WORK_TREE": "/"}
    for arguments, code in ((("main~1",), 0), (("main~1", "main"), 3), ((), 0)):
        done = support.call("diff", *arguments, cwd=root, env={**os.environ, **env})
        assert done.code == code, done.err
        assert state_of(root) == before
    assert not Path(index).exists()
    done = support.call("diff", "main", "main", cwd=root)
    assert done.code == 0
    assert "packs/vendored is a submodule; not followed" in done.err


@pytest.mark.fault(58, "gate-bypass")
def test_a_submodule_among_the_sources_that_is_changed_is_never_no_change(tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner")
    root = repository(tmp_path / "repo")
    git(root, "submodule", "--quiet", "add", str(inner), "packs/vendored")
    commit(root, "submodule")
    commit(inner, "another one")
    git(root / "packs/vendored", "pull", "--quiet")
    commit(root, "another submodule")
    done = support.call("diff", "main~1", "main", cwd=root)
    assert (done.code, done.out) == (3, "")
    assert "head:packs/vendored" in done.err
    assert "this submodule is changed" in done.err


@pytest.mark.fault(58, "linked-project")
@pytest.mark.parametrize("revisions", [("HEAD", "HEAD"), ("HEAD~1", "HEAD")])
def test_links_in_a_revision_are_not_followed(
    repo: Path, tmp_path: Path, revisions: tuple[str, str]
) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("secret\n")
    (repo / "packs/demo/link.md").symlink_to(secret)
    commit(repo)
    done = support.call("diff", *revisions, cwd=repo)
    assert (done.code, done.out) == (3, "")
    assert "the link leads out of the project" in done.err
    assert "head:packs/demo/link.md" in done.err


@pytest.mark.fault(58)
@pytest.mark.parametrize(
    "name",
    [
        "--upload-pack=touch x",
        "-x",
        "",
        "a\nb",
        "no-such",
        "main:packs",
        "HEAD^{tree}",
        "^main",
        "--",
        "@{-1}",
    ],
)
def test_a_revision_is_data(name: str, repo: Path) -> None:
    before = support.snapshot(repo)
    for arguments in (("--", name), ("--", "main", name)):
        done = support.call("diff", *arguments, cwd=repo)
        assert done.code == 2, done
        assert done.out == ""
    assert support.snapshot(repo) == before


@pytest.mark.fault(65)
def test_a_side_that_does_not_build_is_never_no_changes(repo: Path) -> None:
    edit(repo, "packs/demo/pack.yaml", "title: Demo", "titel: Demo")
    commit(repo, "broken")
    for arguments, side in ((("main",), "head"), (("main~1", "main"), "head")):
        done = support.call("diff", *arguments, cwd=repo)
        assert (done.code, done.out) == (3, "")
        assert f"  --> {side}:packs/demo/pack.yaml:2:1" in done.err
    git(repo, "revert", "--no-edit", "HEAD")
    done = support.call("diff", "main~1", cwd=repo)
    assert (done.code, done.out) == (3, "")
    assert "  --> base:packs/demo/pack.yaml:2:1" in done.err


def test_the_base_is_where_the_work_left_the_default_branch(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "-b", "topic")
    edit(repo, SMALL, "one small step", "one tiny step")
    commit(repo, "topic")
    git(repo, "checkout", "--quiet", "main")
    edit(repo, "templates/fragments/standards/examples.md", "- Give", "- Show")
    commit(repo, "main moves on")
    git(repo, "checkout", "--quiet", "topic")
    found = report(repo)
    assert [group["new"] for group in found["groups"]] == ["- Take one tiny step at a time.\n"]
    assert found["base"].startswith("main@")
    assert [g["fingerprint"] for g in report(repo, "main~1", "topic")["groups"]] == [
        group["fingerprint"] for group in found["groups"]
    ]


@pytest.mark.fault(58)
def test_a_shallow_clone_is_told_what_to_fetch(repo: Path, tmp_path: Path) -> None:
    commit(repo, "second")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repo}", str(clone))
    done = support.call("diff", "HEAD~1", cwd=clone)
    assert (done.code, done.out) == (2, "")
    assert "git fetch --unshallow origin" in done.err
    git(clone, "checkout", "--quiet", "--detach")
    git(clone, "branch", "--quiet", "-D", "main")
    git(clone, "remote", "remove", "origin")
    done = support.call("diff", cwd=clone)
    assert (done.code, "git fetch --unshallow origin" in done.err) == (2, True)


def test_outside_of_a_repository_there_is_a_way_out(tmp_path: Path) -> None:
    root = support.make_project(tmp_path / "project")
    done = support.call("diff", cwd=root)
    assert (done.code, done.out) == (2, "")
    assert "--from-dir" in done.err


def test_a_project_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    root = support.make_project(tmp_path / "repo/prompts")
    commit(tmp_path / "repo")
    edit(root, SMALL, "one small step", "one tiny step")
    assert report(root)["causes"][0]["file"] == SMALL
    told = support.call("diff", "--format", "github", cwd=root).out
    assert f"file=prompts/{SMALL},line=5," in told


def test_two_built_folders(repo: Path) -> None:
    for out in ("a", "b"):
        assert support.call("build", "--out", out, cwd=repo).code == 0
        if out == "a":
            edit(repo, POLICY, "list: allow", "list: ask")
            edit(repo, SMALL, "one small step", "one tiny step")
    found = report(repo, "--from-dir", "b", "--to-dir", "a")
    assert [c["kind"] for c in found["permissions"]] == ["widened"]
    assert found["permissions"][0]["outputs"] == ["opencode/tiny.look/.opencode/agents/demo.md"]
    told = support.call("diff", "--from-dir", "a", "--to-dir", "b", cwd=repo).out
    assert "origins unknown" in told
    assert report(repo, "--from-dir", "a", "--to-dir", "a")["outputs"] == []
    assert support.call("diff", "--from-dir", "a", cwd=repo).code == 2
    assert support.call("diff", "main", "--from-dir", "a", "--to-dir", "b", cwd=repo).code == 2


def test_folders_that_promptpack_did_not_build(tmp_path: Path) -> None:
    old = "---\nname: a\ndescription: x\ntools: Read\n---\n\nHelp.\n"
    files: dict[str, str | bytes] = {
        ".claude/agents/a.md": old,
        "README.md": "Hello.\n",
        "logo.png": b"\xff\xfe\x00",
    }
    support.write_files(tmp_path / "a", files)
    files[".claude/agents/a.md"] = old.replace("tools: Read\n", "")
    support.write_files(tmp_path / "b", {**files, "logo.png": b"\xff\xfd\x00"})
    found = report(tmp_path, "--from-dir", "a", "--to-dir", "b")
    assert {change["kind"] for change in found["permissions"]} == {"widened"}
    assert [output["path"] for output in found["outputs"]] == [".claude/agents/a.md", "logo.png"]
    assert "<0xFD><U+0000>" in support.call("diff", *TWO, cwd=tmp_path).out


def test_only_what_was_asked_for(repo: Path) -> None:
    edit(repo, POLICY, "list: allow", "list: deny")
    edit(repo, SMALL, "one small step", "one tiny step")
    assert [c["kind"] for c in report(repo, "--only", "permissions")["permissions"]] == ["narrowed"]
    assert {c["section"] for c in report(repo, "--only", "head")["groups"]} == {"head"}
    prose = report(repo, "--only", "prose", "--section", "standards")
    assert ([c["section"] for c in prose["groups"]], prose["truncated"]) == (["standards"], True)
    assert report(repo, "--variant", "tiny.change")["permissions"] == []
    assert report(repo, "--pack", "demo", "--target", "opencode")["summary"]["changed"] == 2
    done = support.call("diff", "--target", "opncode", cwd=repo)
    assert (done.code, "Did you mean 'opencode'?" in done.err) == (2, True)
    told = support.call("diff", "-U", "1", "--variant", "tiny.look", cwd=repo).out
    assert "         - Give 2 examples." in told


def test_quiet_says_only_the_exit_code(repo: Path) -> None:
    edit(repo, SMALL, "one small step", "one tiny step")
    assert support.call("-q", "diff", "--exit-code", cwd=repo) == support.Result(1, "", "")
    whole = json.loads(support.call("--format", "json", "diff", cwd=repo).out)
    assert whole == report(repo)


@pytest.mark.fault(66)
def test_gates(repo: Path) -> None:
    gates = (("--exit-code",), ("--fail-on", "any"), ("--fail-on", "permissions"), ())
    assert [support.call("diff", *gate, cwd=repo).code for gate in gates] == [0, 0, 0, 0]
    edit(repo, SMALL, "one small step", "one tiny step")
    assert [support.call("diff", *gate, cwd=repo).code for gate in gates] == [1, 1, 0, 0]
    edit(repo, POLICY, "list: allow", "list: allow, read: allow")
    assert [support.call("diff", *gate, cwd=repo).code for gate in gates] == [1, 1, 1, 0]
    hidden = ("--only", "prose", "--section", "none", "--fail-on", "permissions")
    assert support.call("diff", *hidden, cwd=repo).code == 1


def test_what_was_accepted_is_counted_until_it_reaches_more(repo: Path) -> None:
    edit(repo, POLICY, "list: allow", "list: allow, read: allow")
    reviewed = json.dumps(report(repo))
    support.write_files(repo, {"reviewed.json": reviewed})
    gate = ("--accept", "reviewed.json", "--fail-on", "permissions")
    done = support.call("diff", *gate, cwd=repo)
    assert done.code == 1
    assert "the base has no reviewed.json: nothing is accepted" in done.err
    git(repo, "add", "reviewed.json")
    git(repo, "commit", "--quiet", "--message", "reviewed")
    assert support.call("diff", *gate, cwd=repo).code == 0
    found = report(repo, "--accept", "reviewed.json")
    assert (found["permissions"], found["groups"]) == ([], [])
    assert found["summary"]["suppressed"] == len(json.loads(reviewed)["groups"]) + 1
    edit(
        repo,
        "templates/policies/change.yaml",
        "list: allow, edit",
        "list: allow, read: allow, edit",
    )
    found = report(repo, "--accept", "reviewed.json")
    assert len(found["permissions"][0]["outputs"]) == 2
    assert support.call("diff", *gate, cwd=repo).code == 1


@pytest.mark.fault(66)
def test_a_change_does_not_loosen_its_own_gate(repo: Path) -> None:
    support.write_files(repo, {"reviewed.json": '{"groups": [], "permissions": []}'})
    commit(repo)
    git(repo, "checkout", "--quiet", "-b", "topic")
    edit(repo, POLICY, "list: allow", "list: allow, read: allow")
    support.write_files(repo, {"reviewed.json": json.dumps(report(repo))})
    commit(repo, "widen, and accept it")
    gate = ("--accept", "reviewed.json", "--fail-on", "permissions")
    for revisions in ((), ("main",), ("main", "topic")):
        assert support.call("diff", *revisions, *gate, cwd=repo).code == 1


@pytest.mark.fault(66)
@pytest.mark.parametrize("data", [b"[]", b"{", b'{"groups": [1]}', b'{"groups": [{}]}', b"\xff"])
def test_an_accept_list_that_is_none_is_an_error(data: bytes, repo: Path) -> None:
    support.write_files(repo, {"reviewed.json": data})
    commit(repo)
    done = support.call("diff", "--accept", "reviewed.json", cwd=repo)
    assert (done.code, "PP052" in done.err) == (3, True)
    assert support.call("diff", "--accept", "../x", cwd=repo).code == 2


def test_formats_go_to_files_and_to_stdout(repo: Path, tmp_path: Path) -> None:
    edit(repo, SMALL, "one small step", "one tiny step")
    outs = [word for name in FORMATS for word in ("--out", f"{name}={tmp_path / name}")]
    done = support.call("--color", "always", "diff", *outs, cwd=repo)
    assert (done.code, done.out, done.err) == (0, "", "")
    for name in FORMATS:
        said = support.call("diff", "--format", name, cwd=repo).out
        assert (tmp_path / name).read_text(encoding="utf-8") == said
    both = support.call("diff", "--format", "text", "--format", "github", cwd=repo).out
    assert both == (tmp_path / "text").read_text() + (tmp_path / "github").read_text()
    assert support.call("diff", "--out", "markdwn=x", cwd=repo).code == 2
    assert "\x1b[" in support.call("--color", "always", "diff", cwd=repo).out
    assert "\x1b[" not in done.out


def test_every_change_has_a_cause(repo: Path) -> None:
    edits = [
        (SMALL, '{% if policy.asks("edit") %}', '{% if policy.allows("glob") %}'),
        ("packs/demo/pack.yaml", "language: Python", "language: Rust"),
        ("packs/demo/pack.yaml", "count: 2", "count: 3"),
        ("packs/demo/pack.yaml", "    - standards/small-steps\n", ""),
        ("packs/demo/pack.yaml", "policy: [look, change]", "policy: [look]"),
        ("packs/demo/pack.yaml", "targets: [opencode]", "targets: [opencode, system]"),
        ("packs/demo/pack.yaml", "description: Answers", "description: Explains"),
        ("templates/models/tiny.yaml", "demo/tiny", "demo/small"),
        ("templates/layouts/plain.md.j2", "# {{", "## {{"),
        (POLICY, "list: allow", "list: deny"),
        (POLICY, "default: deny", "default: inherit"),
    ]
    for path, old, new in edits:
        edit(repo, path, old, new)
        found = report(repo)
        assert found["outputs"], (path, old)
        assert found["summary"]["unexplained"] == 0, (path, old)
        changes = (*found["permissions"], *found["groups"])
        assert {c["file"] for change in changes for c in change["causes"]} == {path}
        git(repo, "checkout", "--quiet", ".")


def test_a_reader_who_leaves_is_no_failure_of_ours(repo: Path) -> None:
    edit(repo, SMALL, "one small step", "one tiny step")
    command = f"{sys.executable} -m promptpack diff --format json | true"
    done = subprocess.run(
        ["sh", "-c", f"{command}; {sys.executable} -m promptpack diff >&-"],
        cwd=repo,
        env=support.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
