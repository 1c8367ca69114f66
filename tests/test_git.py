"""Reading git: what a checkout would hold, of any honest repository; limits on all others."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

import support
from hostile_git import (
    make_blob,
    make_commit,
    make_pack_commit,
    make_tree,
    pipe_git,
    plant_repository,
    store_blob,
    store_instead,
    store_piece,
    store_tree,
)
from promptpack.git.extract import open_sources, read_file
from promptpack.git.repository import find_repository
from promptpack.git.revisions import (
    find_default_branch,
    find_merge_base,
    list_tags,
    resolve_revision,
)
from promptpack.git.trees import MAX_ENTRIES
from promptpack.model import Finding, Project, UserError
from promptpack.reading.project import load_in_memory, load_project
from promptpack.source.disk import UnreadableFileError
from review_cases import commit, edit, git, repository

LOOK = "templates/policies/look.yaml"
GATE = ("--fail-on", "permissions")
WIDER = ("list: allow}", "list: allow, execute: allow}")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return the demo project in a git repository."""
    return repository(tmp_path / "repo")


def widened(root: Path, *words: str) -> bool:
    """Tell whether the last commit is said to widen permissions; anything else fails."""
    done = support.call("diff", *(words or ("HEAD~1", "HEAD")), *GATE, cwd=root)
    assert done.code in (0, 1), done.err
    assert (done.code == 1) == ("PERMISSIONS WIDENED" in done.out)
    return done.code == 1


def refused(root: Path, *words: str) -> str:
    """Return why a comparison is refused; it may not look as if it had found nothing."""
    done = support.call("diff", *words, cwd=root)
    assert (done.code, done.out) == (3, ""), done
    return done.err


def sources(folder: Path) -> dict[str, bytes | str]:
    """Return what a folder holds, less empty folders, which git does not know."""
    found = support.snapshot(folder)
    names = [name for name, content in found.items() if content != "/"]
    return {name: found[name] for name in names if name.split("/")[0] in ("packs", "templates")}


def extract_sources(repo: Path, head: str, out: Path) -> Mapping[str, str]:
    """Write the sources in a commit to a folder, wherever they are held; return its submodules."""
    with open_sources(find_repository(repo), head) as found:
        if found.files is None:
            shutil.copytree(found.folder, out, symlinks=True, dirs_exist_ok=True)
            return found.submodules
        for entry in found.files.list_entries(found.folder):
            place = out / entry.path.relative_to(found.folder)
            if entry.is_folder:
                place.mkdir()
            else:
                with suppress(UnreadableFileError):  # those that no build reads
                    place.write_bytes(found.files.read(entry.path, 1 << 30))
        return found.submodules


# ----------------------------------------------------------------------------- honest repositories


def load_anyhow(load: Callable[[], Project]) -> tuple[Project | None, tuple[Finding, ...]]:
    """Return a project without where it is, or what is wrong with it."""
    try:
        return replace(load(), roots=()), ()
    except UserError as error:
        return None, error.findings


ODD_SOURCES: dict[str, Mapping[str, str | bytes | None]] = {
    "nothing": {},
    "no packs": {"packs/demo": None, "packs/keep.txt": "x"},
    "no pack file": {"packs/demo/pack.yaml": None},
    "another name": {"packs/demo/pack.yaml": None, "packs/demo/pack.yml": "title: X\n"},
    "a folder for a pack file": {"packs/demo/pack.yaml": None, "packs/demo/pack.yaml/a.md": "x"},
    "a folder for a fragment": {"packs/demo/more.md/a.md": "x\n"},
    "a file for a pack": {"packs/other": "x"},
    "a hidden pack": {"packs/.other/pack.yaml": "title: X\n"},
    "files of a skill": {
        "packs/demo/skill/run.sh": "true\n",
        "packs/demo/skill/data.bin": b"\x00\xff",
        "packs/demo/skill/__pycache__/x.pyc": b"\x00",
    },
    "templates": {
        "templates/fragments/a/b/c.md": "Text.\n",
        "templates/policies/strict.yml": "x",
        "templates/other/x.md": "x",
        "templates/models/deep.yaml/x": "x",
    },
    "bytes": {"packs/demo/role.md": b"\xff\xfe", "packs/demo/é ü.md": "é\n"},
    "a project file": {"promptpack.yaml": "name: Agents\nout: built\n"},
    "a wrong project file": {"promptpack.yaml": "nome: Agents\n"},
    "a folder for the project file": {"promptpack.yaml/x": "x"},
    "conflicts": {"packs/demo/role.md": "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n"},
}


@pytest.mark.parametrize("name", ODD_SOURCES)
def test_sources_in_memory_are_read_as_a_checkout_is(repo: Path, tmp_path: Path, name: str) -> None:
    for path, content in ODD_SOURCES[name].items():
        place = repo / path
        if place.is_dir():
            shutil.rmtree(place)
        elif place.exists():
            place.unlink()
        if content is not None:
            support.write_files(repo, {path: content})
    if (script := repo / "packs/demo/skill/run.sh").exists():
        script.chmod(0o755)
    head = commit(repo)
    git(tmp_path, "clone", "--quiet", str(repo), "clone")
    checkout = load_anyhow(lambda: load_project(tmp_path / "clone"))
    with open_sources(find_repository(repo), head) as found:
        files = found.files
        assert files is not None
        assert load_anyhow(lambda: load_in_memory(found.folder, files)) == checkout


@pytest.mark.parametrize("named", ["a link", "a library"])
def test_a_commit_with_links_or_libraries_is_written_to_a_folder(repo: Path, named: str) -> None:
    if named == "a link":
        (repo / "packs/demo/same.md").symlink_to("role.md")
    else:
        support.write_files(
            repo,
            {
                "promptpack.yaml": "roots: {acme: vendor/acme}\n",
                "vendor/acme/templates/fragments/a.md": "Text.\n",
            },
        )
    head = commit(repo)
    with open_sources(find_repository(repo), head) as found:
        assert found.files is None
        assert support.snapshot(found.folder)
    assert not found.folder.exists()


def test_a_commit_gives_what_a_checkout_of_it_has(repo: Path, tmp_path: Path) -> None:
    names = ("packs/demo/é.md", "packs/demo/a b.md", "packs/demo/-x.md", "packs/demo/in/a/b/c.md")
    support.write_files(repo, {name: f"Text of {name}.\n" for name in names})
    (repo / "packs/demo/role.md").chmod(0o755)
    (repo / "packs/demo/same.md").symlink_to("role.md")
    (repo / "packs/demo/up.md").symlink_to("../../templates/fragments/standards/examples.md")
    (repo / "packs/linked").symlink_to("demo")
    support.write_files(repo, {"packs/demo/notes.txt": "Notes.\n", "README.md": "No source.\n"})
    head = commit(repo)
    git(tmp_path, "clone", "--quiet", str(repo), "clone")
    out = tmp_path / "out"
    out.mkdir()
    assert extract_sources(repo, head, out) == {}
    assert sources(out) == sources(tmp_path / "clone")
    assert not (out / "README.md").exists()


def test_files_that_no_build_reads_are_left_out(repo: Path, tmp_path: Path) -> None:
    support.write_files(repo, {"packs/demo/logo.png": b"\x00" * (3 << 20), "packs/demo/a.txt": "a"})
    head = commit(repo)
    out = tmp_path / "out"
    out.mkdir()
    extract_sources(repo, head, out)
    left_out = {"packs/demo/logo.png", "packs/demo/a.txt"}
    assert {*sources(repo)} - {*sources(out)} == left_out


def test_packed_objects_and_tags_are_read(repo: Path) -> None:
    edit(repo, LOOK, *WIDER)
    commit(repo)
    git(repo, "tag", "-a", "-m", "x", "v1")
    git(repo, "gc", "--quiet", "--aggressive", "--prune=now")
    git(repo, "pack-refs", "--all")
    assert not list((repo / ".git/objects").glob("??/*"))
    assert widened(repo, "main~1", "v1")


@pytest.mark.fault(58)
def test_a_repository_with_longer_names(tmp_path: Path) -> None:
    root = support.make_project(tmp_path / "repo")
    git(root, "init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    assert len(commit(root)) == 64
    edit(root, LOOK, *WIDER)
    commit(root)
    assert widened(root)


def test_tags_of_one_second_are_in_the_order_of_history(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "2026-01-02T03:04:05Z")
    names = ["v2", "zz", "v1", "aa", "v10"]
    for name in names:
        commit(repo, name)
        git(repo, "tag", name)
    git(repo, "tag", "v0", "v1")
    tags = [tag.name for tag in list_tags(find_repository(repo), 9)]
    assert [name for name in tags if name != "v0"] == names[::-1]
    assert abs(tags.index("v0") - tags.index("v1")) == 1
    assert [tag.name for tag in list_tags(find_repository(repo), 2)] == names[:-3:-1]


@pytest.mark.fault(58)
def test_a_linked_work_tree(repo: Path, tmp_path: Path) -> None:
    place = tmp_path / "linked"
    git(repo, "worktree", "add", "--quiet", "-b", "topic", str(place))
    edit(place, LOOK, *WIDER)
    commit(place)
    assert widened(place)
    assert widened(place, "main")
    assert not widened(repo, "main")


@pytest.mark.fault(58)
def test_a_project_that_is_a_submodule(repo: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    support.write_files(outer, {"README.md": "Hello.\n"})
    commit(outer)
    git(outer, "submodule", "--quiet", "add", str(repo), "agents")
    commit(outer)
    edit(outer / "agents", LOOK, *WIDER)
    commit(outer / "agents")
    assert (outer / "agents/.git").is_file()
    assert widened(outer / "agents")


def test_objects_that_are_borrowed_from_another_repository(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--shared", str(repo), "clone")
    edit(tmp_path / "clone", LOOK, *WIDER)
    commit(tmp_path / "clone")
    assert widened(tmp_path / "clone")


@pytest.mark.fault(58)
def test_the_default_branch_is_no_tag_of_its_name(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(repo), "clone")
    clone = tmp_path / "clone"
    git(clone, "checkout", "--quiet", "-b", "topic")
    edit(clone, LOOK, *WIDER)
    head = commit(clone)
    for name in ("origin/main", "main", "refs/remotes/origin/main"):
        git(clone, "tag", name, head)
    assert find_default_branch(find_repository(clone)) == "refs/remotes/origin/main"
    assert find_merge_base(find_repository(clone), None).commit != head
    assert widened(clone, "main@{u}", "HEAD") == widened(clone, "refs/heads/main") is True
    done = support.call("diff", *GATE, cwd=clone)
    assert (done.code, "PERMISSIONS WIDENED" in done.out) == (1, True)


@pytest.mark.fault(58, "gate-bypass")
@pytest.mark.parametrize("name", ["main", "origin/main", "main~0"])
def test_a_name_of_two_refs_is_refused(repo: Path, tmp_path: Path, name: str) -> None:
    git(tmp_path, "clone", "--quiet", str(repo), "clone")
    clone = tmp_path / "clone"
    git(clone, "config", "core.warnAmbiguousRefs", "false")
    assert support.call("diff", name, cwd=clone).code == 0
    edit(clone, LOOK, *WIDER)
    head = commit(clone)
    git(clone, "tag", name.removesuffix("~0"), head)
    for names in ((name, head), (head, name)):
        done = support.call("diff", *names, cwd=clone)
        assert (done.code, done.out, "more than one ref" in done.err) == (2, "", True)
    assert widened(clone, "refs/remotes/origin/main", head)
    git(clone, "tag", head, "HEAD~1")
    git(clone, "tag", "HEAD", "HEAD~1")
    assert widened(clone, "refs/remotes/origin/main", "HEAD")
    assert widened(clone, "refs/remotes/origin/main", head)


def test_a_project_that_the_base_does_not_have_yet(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    support.write_files(root, {"README.md": "Hello.\n"})
    commit(root)
    support.make_project(root / "agents")
    commit(root)
    assert widened(root / "agents")


# ------------------------------------------------------------------------- whose repository this is


@pytest.mark.fault("gate-bypass", 58)
def test_the_repository_is_the_nearest_entry_of_that_name(repo: Path, tmp_path: Path) -> None:
    plant_repository(repo / "packs", "1" * 40, "../../.git/objects")
    plant_repository(repo, "1" * 40, ".git/objects")
    found = find_repository(repo / "packs/demo")
    assert found == (repo / ".git", repo, "packs/demo/")
    (repo / ".git").rename(tmp_path / "moved")
    with pytest.raises(UserError, match="not in a git repository"):
        find_repository(repo / "packs")


@pytest.mark.fault("gate-bypass")
@pytest.mark.parametrize("content", ["folder", "file", "pointer"])
@pytest.mark.parametrize("planted", [True, False])
def test_an_entry_that_is_no_repository_is_not_passed_over(
    tmp_path: Path, repo: Path, content: str, *, planted: bool
) -> None:
    inner = support.make_project(repo / "inner")
    if planted:
        plant_repository(inner, "1" * 40, "../../.git/objects")
    if content == "folder":
        (inner / ".git").mkdir()
    else:
        text = f"gitdir: {tmp_path / 'nowhere'}\n" if content == "pointer" else "x"
        (inner / ".git").write_text(text)
    with pytest.raises(UserError) as caught:
        find_repository(inner)
    assert caught.value.findings[0].path == ".git"
    refused(inner, "HEAD", "HEAD")


@pytest.mark.fault(58)
def test_a_repository_of_another_user_is_refused_as_git_does(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("git")
    script = f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec "{real}" "$@"\n'
    support.write_files(tmp_path, {"bin/git": script})
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    done = support.call("diff", "HEAD", cwd=repo)
    assert (done.code, done.out, "another user owns it" in done.err) == (2, "", True)


@pytest.mark.fault(58)
def test_a_git_that_the_repository_brings_along_is_not_the_one(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (repo, repo / ".git"):
        (folder / "git").write_text(f"#!/bin/sh\ntouch {repo.parent / 'pwned'}\n")
        (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{os.environ['PATH']}")
    done = support.call("diff", "HEAD", cwd=repo)
    assert (done.code, "No generated output changed" in done.out) == (0, True)
    assert not (repo.parent / "pwned").exists()


def test_without_git_there_is_a_way_out(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repo))
    done = support.call("diff", "HEAD", cwd=repo)
    assert (done.code, "git is not installed" in done.err) == (2, True)
    assert "--from-dir" in done.err


# -------------------------------------------------------------------------------- what is refused


@pytest.mark.fault("linked-project", "gate-bypass")
@pytest.mark.parametrize("kind", ["link", "submodule", "other case"])
def test_a_project_that_is_put_elsewhere_is_never_no_change(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "repo"
    support.make_project(root / "agents")
    base = commit(root)
    tree = git(root, "rev-parse", "HEAD:agents").strip()
    entries = {
        "link": [("120000", "agents", make_blob(root, b"other")), ("40000", "other", tree)],
        "submodule": [("160000", "agents", base)],
        "other case": [("40000", "Agents", tree)],
    }
    head = make_commit(root, make_tree(root, entries[kind]), base)
    said = refused(root / "agents", base, head, *GATE)
    reasons = {
        "link": "the project's folder is a link in this revision",
        "submodule": "the project's folder is a submodule in this revision",
        "other case": "differs from 'agents' only in case",
    }
    assert reasons[kind] in said


@pytest.mark.fault("linked-project")
@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../../../x", "../../..", "in/../x", "in/../../../../x", "a\0b", "..", "../.."],
)
def test_a_link_that_leads_out_is_not_made(repo: Path, tmp_path: Path, target: str) -> None:
    oid = make_blob(repo, target.encode())
    head = make_pack_commit(repo, [("120000", "x.md", oid)])
    out = tmp_path / "out"
    out.mkdir()
    inside = set(target.split("/")) == {".."} and target.count("/") < 2
    if inside:
        extract_sources(repo, head, out)
    else:
        with pytest.raises(UserError, match="leads out of the project"):
            extract_sources(repo, head, out)
    assert (out / "packs/demo/x.md").is_symlink() == inside


@pytest.mark.fault(58, "damaged-object")
@pytest.mark.parametrize(
    "name", [".git", ".GIT", "..", ".", "a/b", "", "x" * 256, "same"], ids=lambda name: name[:4]
)
def test_a_name_that_no_checkout_makes_is_refused(repo: Path, tmp_path: Path, name: str) -> None:
    oid = make_blob(repo, b"x\n")
    head = make_pack_commit(repo, [("100644", name, oid), ("100644", "same", oid)])
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(UserError, match="which no checkout makes"):
        extract_sources(repo, head, out)
    assert sources(out) == {}


@pytest.mark.parametrize("mode", ["100600", "100777", "0100644", "100664"])
def test_a_file_is_one_by_its_type_whatever_its_rights(
    repo: Path, tmp_path: Path, mode: str
) -> None:
    head = make_pack_commit(repo, [(mode, "x.md", make_blob(repo, b"x\n"))])
    out = tmp_path / "out"
    out.mkdir()
    extract_sources(repo, head, out)
    assert sources(out) == {"packs/demo/x.md": b"x\n"}


@pytest.mark.fault("damaged-object")
@pytest.mark.parametrize("tree", [b"x", b"100644 a\0short", b"99 a\0" + b"x" * 20, b"100644 a"])
def test_a_tree_that_is_none_is_refused(repo: Path, tmp_path: Path, tree: bytes) -> None:
    oid = pipe_git(repo, tree, "hash-object", "-w", "-t", "tree", "--literally", "--stdin")
    head = make_commit_of_packs(repo, oid)
    with pytest.raises(UserError, match="not a valid tree"):
        extract_sources(repo, head, tmp_path)


def make_commit_of_packs(repo: Path, packs: str) -> str:
    """Return a new commit with a tree as its `packs`, whatever that holds."""
    root = make_tree(repo, [("40000", "packs", packs)])
    data = f"tree {root}\nauthor A <a> 0 +0000\ncommitter A <a> 0 +0000\n\nx\n".encode()
    return pipe_git(repo, data, "hash-object", "-w", "-t", "commit", "--stdin")


@pytest.mark.fault("damaged-object")
def test_a_file_whose_object_is_a_folder_is_refused(repo: Path) -> None:
    tree = git(repo, "rev-parse", "HEAD:templates").strip()
    packs = make_tree(repo, [("40000", "demo", make_tree(repo, [("100644", "x.md", tree)]))])
    assert "is a tree in git, not a blob" in refused(
        repo, "HEAD", make_commit_of_packs(repo, packs)
    )


@pytest.mark.fault("damaged-object")
def test_an_object_is_held_to_its_name(repo: Path) -> None:
    edit(repo, LOOK, *WIDER)
    commit(repo)
    old, new = (git(repo, "rev-parse", f"{side}:{LOOK}").strip() for side in ("HEAD~1", "HEAD"))
    store_instead(repo / ".git", new, "blob", git(repo, "cat-file", "-p", old).encode())
    edit(repo, LOOK, *reversed(WIDER))
    assert "damaged content" in refused(repo, "HEAD~1", "HEAD")


@pytest.mark.fault("damaged-object")
def test_a_file_of_the_work_tree_stands_for_the_object_that_it_is(repo: Path) -> None:
    """What git has under the name is a narrower policy; the file has the content of the name."""
    edit(repo, LOOK, *WIDER)
    commit(repo)
    old, new = (git(repo, "rev-parse", f"{side}:{LOOK}").strip() for side in ("HEAD~1", "HEAD"))
    store_instead(repo / ".git", new, "blob", git(repo, "cat-file", "-p", old).encode())
    done = support.run("diff", "HEAD~1", "HEAD", *GATE, cwd=repo)
    assert (done.code, "PERMISSIONS WIDENED" in done.out) == (1, True)


def test_git_is_not_asked_for_what_the_work_tree_has(repo: Path) -> None:
    oid = git(repo, "rev-parse", f"HEAD:{LOOK}").strip()
    (repo / ".git/objects" / oid[:2] / oid[2:]).unlink()
    assert "No generated output changed" in support.run("diff", "HEAD", cwd=repo).out
    edit(repo, LOOK, *WIDER)
    assert "git does not have the content" in refused(repo, "HEAD")


@pytest.mark.parametrize("kind", ["larger", "link", "pipe", "folder", "gone"])
def test_what_stands_in_the_place_of_a_file_is_no_part_of_a_commit(repo: Path, kind: str) -> None:
    edit(repo, LOOK, *WIDER)
    commit(repo)
    expected = support.run("diff", "HEAD~1", "HEAD", cwd=repo)
    path = repo / LOOK
    path.unlink()
    if kind == "larger":
        path.write_bytes(b"a\n" * (1 << 20))
    elif kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    assert support.run("diff", "HEAD~1", "HEAD", cwd=repo) == expected


@pytest.mark.fault("damaged-object", 66)
def test_an_accept_list_that_can_not_be_read_accepts_nothing(repo: Path) -> None:
    (repo / "reviewed.json").symlink_to("other.json")
    support.write_files(repo, {"list/x": "x"})
    commit(repo)
    assert "a link in this revision" in refused(repo, "HEAD", "--accept", "reviewed.json")
    assert "a folder in this revision" in refused(repo, "HEAD", "--accept", "list")
    assert "a link in this revision" in refused(repo, "HEAD", "--accept", "reviewed.json/x")
    found = find_repository(repo)
    assert read_file(found, resolve_revision(found, "HEAD").commit, "list/x/y") is None


# ------------------------------------------------------------------------------------------- bombs


def bomb_of_content(repo: Path) -> str:
    """Return 40 paths to 50 MB."""
    oid = store_blob(repo, b"a" * (50 << 20))
    return make_pack_commit(repo, [("100644", f"{n}.md", oid) for n in range(40)])


def bomb_of_sources(repo: Path) -> str:
    """Return 4,000 paths to as much as a source may hold."""
    oid = store_blob(repo, b"a\n" * (1 << 19))
    return make_pack_commit(repo, [("100644", f"{n}.md", oid) for n in range(4_000)])


def bomb_of_folders(repo: Path, leaf: bytes | None = b"x\n") -> str:
    """Return 10^8 paths made of nine trees; without a leaf there is no file in any of them."""
    oid, mode = (store_blob(repo, leaf), "100644") if leaf else (store_tree(repo, []), "40000")
    for _ in range(8):
        entries = [(mode, f"{n}.md" if mode == "100644" else str(n), oid) for n in range(10)]
        oid, mode = store_tree(repo, entries), "40000"
    return make_pack_commit(repo, [("40000", str(n), oid) for n in range(10)])


def bomb_of_empty_folders(repo: Path) -> str:
    """Return 10^8 folders and no file: git lists them for ever, and says nothing."""
    return bomb_of_folders(repo, None)


def bomb_of_depth(repo: Path) -> str:
    """Return a folder that is 3,000 folders deep."""
    oid = store_tree(repo, [("100644", "x.md", store_blob(repo, b"x\n"))])
    for _ in range(3_000):
        oid = store_tree(repo, [("40000", "d", oid)])
    return make_pack_commit(repo, [("40000", "d", oid)])


def bomb_of_entries(repo: Path) -> str:
    """Return one folder of more entries than a project may have."""
    oid = store_blob(repo, b"x\n")
    return make_pack_commit(repo, [("100644", f"{n:06}.txt", oid) for n in range(MAX_ENTRIES + 1)])


@pytest.mark.fault("git-bomb")
@pytest.mark.parametrize(
    ("bomb", "reason"),
    [
        (bomb_of_content, "larger than 1 MiB in git"),
        (bomb_of_sources, "the sources are larger than 64 MiB altogether"),
        (bomb_of_folders, "more than 100,000 files and folders"),
        (bomb_of_empty_folders, "more than 100,000 files and folders"),
        (bomb_of_depth, "more than 32 folders deep"),
        (bomb_of_entries, "more than 100,000 files and folders"),
    ],
)
@pytest.mark.parametrize("side", ["base", "head"])
def test_a_bomb_is_refused_with_little_memory(
    repo: Path, bomb: Callable[[Path], str], reason: str, side: str
) -> None:
    hostile = bomb(repo)
    revisions = (hostile, "main") if side == "base" else ("main", hostile)
    done = run_limited(repo, "diff", *revisions)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert reason in done.stderr
    assert f"--> {side}:packs/demo" in done.stderr


@pytest.mark.fault("git-bomb")
def test_a_small_file_that_is_stored_as_a_piece_of_a_huge_one_is_refused(repo: Path) -> None:
    size = 300 << 20
    small = store_piece(repo, size, 1 << 16)
    assert git(repo, "cat-file", "-s", small).strip() == str(1 << 16)
    done = run_limited(repo, "diff", "main", make_pack_commit(repo, [("100644", "x.md", small)]))
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert f"git has damaged content for {small[:7]}" in done.stderr


def run_limited(root: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run promptpack with 60 seconds of processor time and 600 MB of memory, git included."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
        resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))

    return subprocess.run(
        [sys.executable, "-m", "promptpack", *words],
        cwd=root,
        env=support.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=support.PATIENCE,
        preexec_fn=limit,
    )


# --------------------------------------------------------------------------------- read only once

MOVING = """\
#!/bin/sh
case "$*" in *cat-file*) (cd "{root}" && "{git}" update-ref refs/heads/{name} {commit});; esac
exec "{git}" "$@"
"""


@pytest.mark.fault(25)
@pytest.mark.parametrize("name", ["main", "topic"])
def test_a_branch_that_moves_meanwhile_is_what_it_was(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    git(repo, "checkout", "--quiet", "-b", "topic")
    edit(repo, LOOK, *WIDER)
    commits = {"topic": commit(repo), "main": git(repo, "rev-parse", "main").strip()}
    other = commits["main" if name == "topic" else "topic"]
    git(repo, "checkout", "--quiet", "--detach")
    script = MOVING.format(git=shutil.which("git"), root=repo, name=name, commit=other)
    support.write_files(tmp_path, {"bin/git": script})
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert widened(repo, "main", "topic")
    assert git(repo, "rev-parse", name).strip() == other


OPENED = """\
import collections, sys
counts = collections.Counter()
sys.addaudithook(lambda event, args: event == "open" and counts.update([str(args[0])]))
from promptpack import cli
code = cli.run(sys.argv[1:])
for path, count in counts.items():
    print(count, path)
sys.exit(code)
"""


@pytest.mark.fault(25)
def test_each_source_is_opened_once(repo: Path) -> None:
    support.run("build", "-q", cwd=repo)
    commit(repo)
    edit(repo, LOOK, *WIDER)
    done = support.run("diff", "HEAD", "-q", cwd=repo, code=OPENED)
    assert done.err == ""
    rows = [line.split(" ", 1) for line in done.out.splitlines()]
    counts = {path: count for count, path in rows if path.startswith(f"{repo}/")}
    outputs = {path for path in counts if path.startswith(f"{repo / 'dist'}/")}
    expected = {str(repo / name) for name in support.DEMO} | outputs
    assert outputs
    assert {path: count for path, count in counts.items() if path in expected} == dict.fromkeys(
        expected, "1"
    )
