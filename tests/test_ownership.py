"""Ownership: whatever a manifest says, only an agent's own path is written, and nothing beside it.

Each test here runs in a jail: of all that lies in the test's folder, a command may change what the
test says, and the rest has to be the same to the byte.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

import forked
import support
from promptpack.output.manifest import INSTALLED, MANIFEST
from promptpack.targets import TARGETS

REPOSITORY_FILES = {
    "src/main.py": "print('mine')\n",
    ".git/HEAD": "ref: refs/heads/main\n",
    ".git/config": "[core]\n",
    ".github/workflows/ci.yml": "on: push\n",
    ".claude/settings.json": "{}\n",
    ".opencode/agents/notes.txt": "mine\n",
    "packs/theirs/pack.yaml": "name: theirs\n",
    "AGENTS.md": "# Ours\n",
    "README.md": "mine\n",
}
"""What a repository holds that no codec can emit."""

Jailed = Callable[..., support.Result]


@pytest.fixture
def jail(tmp_path: Path) -> Jailed:
    """Return a way to call promptpack that fails if it changes anything but what may change."""

    def call(*arguments: str | Path, cwd: Path, may_change: tuple[str, ...] = ()) -> support.Result:
        before = _hash_outside(tmp_path, may_change)
        done = support.call(*arguments, cwd=cwd)
        assert _hash_outside(tmp_path, may_change) == before
        return done

    return call


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return support.make_project(tmp_path / "project", support.EVERY_CLIENT)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    support.write_files(tmp_path / "repository", REPOSITORY_FILES)
    return tmp_path / "repository"


def prepare(
    folder: Path,
    listed: Mapping[str, Mapping[str, str]],
    kind: str = "files",
    manifest: str = INSTALLED,
) -> None:
    """Write a manifest that lists paths with the hashes of what stands there, and these words."""
    records = {}
    for path, words in listed.items():
        found = folder / path.partition("#")[0]
        content = found.read_bytes() if found.is_file() else b""
        records[path] = {"sha256": sha256(content).hexdigest(), **words}
    data = {"schema_version": 1, "files": {}, "pending": {}, kind: records}
    folder.mkdir(exist_ok=True)
    (folder / manifest).write_text(json.dumps(data), encoding="utf-8")


LAID_OUT = ("opencode", "codex", "agents-md", "skill", "messages")
"""A target for each kind of place: a file, one with other files beside it, a block, a folder."""


def words_for(target: str, pack: str = "demo") -> dict[str, str]:
    return {"target": target, "pack": pack, "model": "tiny", "policy": "look"}


def _hash_outside(folder: Path, may_change: tuple[str, ...]) -> dict[str, str]:
    return {
        name: sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()
        for name, content in support.snapshot(folder).items()
        if not any(name == path or name.startswith(f"{path}/") for path in may_change)
    }


@pytest.mark.fault("prepared-manifest", 31)
@pytest.mark.parametrize("kind", ["files", "pending"])
@pytest.mark.parametrize("target", LAID_OUT)
def test_a_prepared_manifest_of_a_repository_neither_removes_nor_overwrites(
    target: str, kind: str, jail: Jailed, project: Path, repository: Path
) -> None:
    prepare(repository, dict.fromkeys(REPOSITORY_FILES, words_for(target)), kind)
    where = ("--into", repository)
    for arguments in (("--uninstall",), ("--uninstall", "--force")):
        assert jail("install", "demo", *where, *arguments, cwd=project).code == 0
    before = support.snapshot(repository)
    changed = ("repository",)
    done = jail("install", "demo", *where, "--target", target, cwd=project, may_change=changed)
    assert done.code == 0, done.err
    after = support.snapshot(repository)
    assert before.keys() <= after.keys()
    differing = {name for name in after if after[name] not in (before.get(name), "/")}
    assert differing == {TARGETS[target].path.format(name="demo"), INSTALLED}
    assert (repository / "AGENTS.md").read_text("utf-8").startswith("# Ours\n")


@pytest.mark.fault("prepared-manifest", 31)
@pytest.mark.parametrize("target", LAID_OUT)
def test_a_prepared_manifest_of_an_output_folder_neither_removes_nor_overwrites(
    target: str, jail: Jailed, project: Path
) -> None:
    folder = project / "dist"
    inside = {f"{target}/tiny.look/{name}": text for name, text in REPOSITORY_FILES.items()}
    support.write_files(folder, {**REPOSITORY_FILES, **inside})
    listed = dict.fromkeys((*REPOSITORY_FILES, *inside), words_for(target, "gone"))
    prepare(folder, listed, manifest=MANIFEST)
    (folder / ".git").rename(folder / "git")  # an output folder is no repository
    before = {**REPOSITORY_FILES, **inside}
    done = jail("build", "--force", cwd=project, may_change=("project/dist",))
    assert done.code == 0, done.err
    for name, text in before.items():
        if not name.startswith(".git/"):
            assert (folder / name).read_text("utf-8").startswith(text), name


@pytest.mark.fault("prepared-manifest")
def test_a_record_claims_the_path_of_its_own_agent_only(
    jail: Jailed, project: Path, repository: Path
) -> None:
    """A record of `demo` may claim the file of `demo`; no other word of it makes that another."""
    path = ".claude/agents/reviewer.md"
    support.write_files(repository, {path: "Mine.\n"})
    for words in (
        words_for("claude-code"),
        words_for("opencode", "reviewer"),
        words_for("claude-code", "../agents/reviewer"),
        words_for("claude-code", "Reviewer"),
        {"target": "claude-code"},
        {},
    ):
        prepare(repository, {path: words})
        for arguments in (("--uninstall",), ("--target", "codex"), ("--uninstall", "--force")):
            changed = ("repository/.codex", f"repository/{INSTALLED}")
            done = jail(
                "install", "demo", "--into", repository, *arguments, cwd=project, may_change=changed
            )
            assert done.code == 0, done.err
    assert (repository / path).read_text("utf-8") == "Mine.\n"


@pytest.mark.fault("prepared-manifest", 28)
@pytest.mark.parametrize("words", [{}, words_for("claude-code", "other"), words_for("opencode")])
def test_a_file_at_the_path_of_an_output_needs_a_record_of_that_output(
    words: dict[str, str], jail: Jailed, project: Path, repository: Path
) -> None:
    path = ".claude/agents/demo.md"
    support.write_files(repository, {path: "Mine.\n"})
    prepare(repository, {path: words})
    done = jail("install", "demo", "--into", repository, "--target", "claude-code", cwd=project)
    assert (done.code, "-Mine." in done.err) == (1, True)


@pytest.mark.fault("prepared-manifest", 31)
def test_a_prepared_manifest_of_an_exported_site(jail: Jailed, project: Path) -> None:
    folder = project.parent / "pages"
    support.write_files(folder, REPOSITORY_FILES)
    prepare(folder, {path: {} for path in REPOSITORY_FILES}, manifest=MANIFEST)
    changed = ("pages/docs", "pages/overrides", "pages/mkdocs.yml", f"pages/{MANIFEST}")
    done = jail("docs", "export", folder, cwd=project, may_change=changed)
    assert done.code == 0, done.err


@pytest.mark.fault("prepared-manifest")
@pytest.mark.parametrize("pack", ["packs", "templates"])
def test_nothing_is_installed_among_sources(pack: str, jail: Jailed, tmp_path: Path) -> None:
    text = support.EVERY_CLIENT["packs/demo/pack.yaml"].replace("name: demo", f"name: {pack}")
    files = {f"packs/{pack}/pack.yaml": text, f"packs/{pack}/role.md": "You help.\n"}
    project = support.make_project(tmp_path / "project", {**support.EVERY_CLIENT, **files})
    done = jail("install", pack, "--into", project, "--target", "system", cwd=project)
    assert (done.code, "never writes into .git" in done.err) == (3, True)
    for folder in ("packs", "packs/demo", ".git"):
        (project / folder).mkdir(exist_ok=True)
        where = ("--into", project / folder, "--target", "opencode")
        done = jail("install", "demo", *where, cwd=project)
        assert (done.code, "can't be installed into" in done.err) == (2, True)


@pytest.mark.fault("foreign-manifest")
def test_what_another_project_installed_is_foreign(jail: Jailed, tmp_path: Path) -> None:
    projects = {}
    for name in ("first", "second", "nameless"):
        shared = {} if name == "nameless" else {"promptpack.yaml": f"name: {name}\n"}
        role = {"packs/demo/role.md": f"You are of the {name} project.\n"}
        projects[name] = support.make_project(
            tmp_path / name, {**support.EVERY_CLIENT, **shared, **role}
        )
    repository = tmp_path / "repository"
    repository.mkdir()
    targets = ("--target", "opencode", "--target", "agents-md")
    arguments = ("install", "demo", "--into", repository)
    path = repository / ".opencode/agents/demo.md"
    changed = ("repository",)
    installed = jail(*arguments, *targets, cwd=projects["first"], may_change=changed)
    assert installed.code == 0
    records = json.loads((repository / INSTALLED).read_bytes())["files"].values()
    assert {record["project"] for record in records} == {"first"}
    for other in ("second", "nameless"):
        done = jail(*arguments, *targets, cwd=projects[other])
        assert (done.code, "not written by promptpack for this project" in done.err) == (1, True)
        left = jail(*arguments, "--uninstall", cwd=projects[other])
        assert left.out == f"Nothing of the pack 'demo' is installed in {repository}\n"
    assert "first project" in path.read_text("utf-8")
    forced = jail(*arguments, *targets, "--force", cwd=projects["second"], may_change=changed)
    assert forced.code == 0
    assert "second project" in path.read_text("utf-8")
    done = jail(*arguments, "--uninstall", cwd=projects["second"], may_change=changed)
    assert (done.code, path.exists()) == (0, False)


@pytest.mark.fault("foreign-manifest")
def test_what_another_project_built_is_foreign(jail: Jailed, tmp_path: Path) -> None:
    first, second = (
        support.make_project(
            tmp_path / name,
            {
                "promptpack.yaml": f"name: {name}\n",
                f"packs/{name}/pack.yaml": support.DEMO["packs/demo/pack.yaml"].replace(
                    "name: demo", f"name: {name}"
                ),
                f"packs/{name}/role.md": "You help.\n",
            },
        )
        for name in ("first", "second")
    )
    shutil.rmtree(second / "packs/demo")
    out = ("--out", tmp_path / "out")
    assert jail("build", *out, cwd=first, may_change=("out",)).code == 0
    before = support.snapshot(tmp_path / "out")
    assert jail("build", *out, cwd=second, may_change=("out",)).code == 0
    after = support.snapshot(tmp_path / "out")
    assert {name: after[name] for name in before if name != MANIFEST}.items() <= before.items()
    assert jail("check", *out, cwd=first).code == 0


@pytest.mark.fault("foreign-manifest")
def test_records_without_a_project_are_anybodys(jail: Jailed, tmp_path: Path) -> None:
    project = support.built(tmp_path / "project")
    support.write_files(project, {"packs/demo/role.md": "New.\n", "promptpack.yaml": "name: us\n"})
    assert jail("build", cwd=project, may_change=("project/dist",)).code == 0
    records = json.loads((project / "dist" / MANIFEST).read_bytes())["files"].values()
    assert {record["project"] for record in records} == {"us"}


def _make_fifo(path: Path) -> None:
    os.mkfifo(path)


def _make_device_link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _make_folder(path: Path) -> None:
    path.mkdir()


def _make_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(65 << 20)


ODD = {
    "a pipe": (_make_fifo, "not a regular file"),
    "a device": (_make_device_link, "a link"),
    "a folder": (_make_folder, "a folder"),
    "huge": (_make_huge, "file is larger than 64 MiB"),
}


@pytest.mark.fault("odd-manifest")
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_manifest_is_a_finding(odd: str, tmp_path: Path) -> None:
    project = support.built(tmp_path / "project")
    make, reason = ODD[odd]
    (project / "dist" / MANIFEST).unlink()
    make(project / "dist" / MANIFEST)
    limits = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (20, 20));"
    limits += "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30));"
    code = f"{limits} from promptpack.cli import main; main()"
    for command, expected in (("check", 1), ("build", 3)):
        done = forked.run(command, cwd=project, code=code)
        assert (done.code, f"can't be read: {reason}" in done.err) == (expected, True), done.err
    (tmp_path / "repository").mkdir()
    make(tmp_path / "repository" / INSTALLED)
    into = ("--into", tmp_path / "repository")
    for arguments in (("--uninstall",), ("--target", "opencode"), ("--uninstall", "--dry-run")):
        done = forked.run("install", "demo", *into, *arguments, cwd=project, code=code)
        assert (done.code, f"can't be read: {reason}" in done.err) == (3, True), done.err
    assert [path.name for path in (tmp_path / "repository").iterdir()] == [INSTALLED]


@pytest.mark.fault("odd-manifest")
@pytest.mark.parametrize("name", ["\ud800", "a\nb", "x" * 5_000, "opencode/\ud800/x.md"])
def test_a_manifest_that_lists_an_odd_name(name: str, jail: Jailed, tmp_path: Path) -> None:
    project = support.built(tmp_path / "project")
    for number, words in enumerate((words_for("opencode"), words_for("opencode", name))):
        data = json.loads((project / "dist" / MANIFEST).read_bytes())
        data["files"][name] = {"sha256": "0" * 64, **words}
        (project / "dist" / MANIFEST).write_text(json.dumps(data), encoding="utf-8")
        support.write_files(project, {"packs/demo/role.md": f"You are number {number}.\n"})
        done = jail("check", cwd=project)
        assert (done.code, "Traceback" in done.err) == (1, False)
        done = jail("build", cwd=project, may_change=("project/dist",))
        assert (done.code, "Traceback" in done.err) == (0, False)


@pytest.mark.fault("other-repository", 33)
def test_the_output_folder_belongs_to_somebody_else(jail: Jailed, tmp_path: Path) -> None:
    project = support.make_project(tmp_path / "project")
    other = support.built(tmp_path / "other")
    subprocess.run(["git", "init", "-q", tmp_path / "clone"], check=True)
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "bare"], check=True)
    (tmp_path / "worktree").mkdir()
    (tmp_path / "worktree/.git").write_text("gitdir: ../clone/.git\n", encoding="utf-8")
    (project / "linked").symlink_to(tmp_path / "clone")
    folders = {
        tmp_path / "clone": "the root of another repository",
        tmp_path / "worktree": "the root of another repository",
        tmp_path / "clone/.git/hooks": "a git repository's own files",
        tmp_path / "bare": "a git repository's own files",
        other / "dist": "the output folder of another project",
        project / "linked/out": "behind a link",
        project / "packs/demo": "inside the project's sources",
        project: "contains the project's sources",
    }
    for folder, reason in folders.items():
        done = jail("build", "--out", folder, cwd=project)
        assert (done.code, reason in done.err) == (2, True), done.err


# What is on disk, and nobody recorded


@pytest.mark.fault(29, 32)
def test_a_stale_agent_without_a_record_is_told(jail: Jailed, tmp_path: Path) -> None:
    """After a lost manifest, the agent of a pack that is gone is nobody's: it is not forgotten."""
    project = support.built(tmp_path / "project")
    stale = "opencode/tiny.change/.opencode/agents/demo.md"
    pack = (project / "packs/demo/pack.yaml").read_text("utf-8")
    support.write_files(project, {"packs/demo/pack.yaml": pack.replace("[look, change]", "[look]")})
    (project / "dist" / MANIFEST).unlink()
    for _ in range(2):
        done = jail("build", cwd=project, may_change=("project/dist",))
        assert (done.code, f"kept {stale}: no pack builds it" in done.out) == (0, True)
        done = jail("check", cwd=project)
        assert (done.code, f"{stale} is not built by any pack" in done.out) == (1, True)
    assert jail("check", "--policy", "look", cwd=project).code == 0
    (project / "dist" / stale).unlink()
    assert jail("check", cwd=project).code == 0


# Line ends


@pytest.mark.fault(26)
@pytest.mark.parametrize("target", ["opencode", "agents-md"])
def test_line_ends_are_no_edit(target: str, jail: Jailed, tmp_path: Path) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", f"[{target}]")
    pack += "clients: {agents-md: {persona: true}}\n"
    project = support.built(tmp_path / "project", {"packs/demo/pack.yaml": pack})
    wanted = support.snapshot(project / "dist")
    files = [path for path in (project / "dist").rglob("*.md") if path.is_file()]
    for path in files:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert jail("check", cwd=project).code == 0
    assert jail("build", cwd=project).code == 0
    support.write_files(project, {"packs/demo/role.md": "New.\n"})
    done = jail("build", cwd=project, may_change=("project/dist",))
    assert (done.code, done.out.endswith(": 2 written\n")) == (0, True), done.err
    support.write_files(project, {"packs/demo/role.md": support.DEMO["packs/demo/role.md"]})
    assert jail("build", cwd=project, may_change=("project/dist",)).code == 0
    if target == "opencode":
        assert support.snapshot(project / "dist") == wanted
    for path in files:
        path.write_bytes(path.read_bytes().replace(b"Give 2", b"Give 20"))
    assert jail("build", cwd=project).code == 3


def test_the_jail_notices_a_change(jail: Jailed, tmp_path: Path) -> None:
    project = support.make_project(tmp_path / "project")
    with pytest.raises(AssertionError):
        jail("build", cwd=project)
    assert sys.flags.optimize == 0
