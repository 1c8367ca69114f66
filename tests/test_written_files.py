"""Replacing files: no link is followed, whenever it appears; modes stay, also those of reports."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

import forked
import support
from promptpack.output.manifest import MANIFEST

NEW = {"packs/demo/role.md": "You answer all questions.\n"}
LOOK = "opencode/tiny.look/.opencode/agents/demo.md"

SWAPPING = """
import os, shutil, sys
from promptpack.cli import main

step, folder, name, victim = int(sys.argv[1]), *sys.argv[2:5]
seen = 0

def watch(event, args):
    global seen
    if event == "open":
        if not (isinstance(args[0], str) and args[2] & (os.O_WRONLY | os.O_RDWR)):
            return
    elif event not in ("os.rename", "os.remove", "os.mkdir"):
        return
    seen += 1
    if seen == step and victim == "edit":
        seen += 1
        with open(os.path.join(folder, name), "w") as file:
            file.write("Mine.")
        print("edited", file=sys.stderr)
    elif seen == step:
        place = os.path.join(folder, name)
        os.rename(place, os.path.join(folder, "aside"))
        os.symlink(victim, place)
        print("swapped", file=sys.stderr)

sys.addaudithook(watch)
sys.argv[1:] = sys.argv[5:]
main()
"""
"""Runs promptpack, and puts a link in the place of a file or folder just before the so-many-th
change to a disk: after every look at it that comes before that change. Or it edits the file."""

STRAYS = (".promptpack-0123456789abcdef.tmp", ".demo.md.promptpack-tmp")


def swapped_builds(folder: Path, name: str) -> Iterator[tuple[Path, Path, support.Result]]:
    """Yield a project and a victim for each moment at which a link can appear in a build."""
    for step in range(1, 60, 1 if name == LOOK else 2):
        case = folder / str(step)
        project = support.built(case / "project")
        victim = case / "victim" / Path(name).name
        victim.parent.mkdir()
        place = project / "dist" / name
        if place.is_dir():
            support.write_files(victim, {f"{LOOK.removeprefix(name)[1:]}": place_bytes(project)})
        else:
            victim.write_bytes(place.read_bytes())
        support.write_files(project, NEW)
        arguments = (str(step), project / "dist", name, victim, "build")
        done = forked.run(*arguments, cwd=project, code=SWAPPING)
        if "swapped" not in done.err:
            assert step > 5, "a build changes more than that"
            return
        yield project, victim.parent, done
    pytest.fail("the build has no end")


def place_bytes(project: Path) -> bytes:
    return (project / "dist" / LOOK).read_bytes()


@pytest.mark.fault(4, 5, 6)
@pytest.mark.parametrize("name", [LOOK, "opencode/tiny.look", MANIFEST])
def test_a_link_that_appears_while_it_builds(name: str, tmp_path: Path) -> None:
    old = place_bytes(support.built(tmp_path / "old"))
    for _project, victims, done in swapped_builds(tmp_path, name):
        assert "Traceback" not in done.err
        assert done.code in (0, 3, 4), done.err
        files = {name: data for name, data in support.snapshot(victims).items() if data != "/"}
        assert all(data == old for data in files.values()) or name == MANIFEST
        assert len(files) == 1
        assert not support.temporaries(victims)
        if name == MANIFEST:
            (data,) = files.values()
            assert data == (tmp_path / "old/dist" / MANIFEST).read_bytes()


@pytest.mark.fault(26)
def test_an_edit_while_it_builds_is_kept(tmp_path: Path) -> None:
    """Between the last look and the rename nothing can be seen; that is one moment of all."""
    kept = []
    for step in range(1, 60, 2):
        project = support.built(tmp_path / str(step))
        support.write_files(project, NEW)
        arguments = (str(step), project / "dist", LOOK, "edit", "build")
        done = forked.run(*arguments, cwd=project, code=SWAPPING)
        if "edited" not in done.err:
            break
        kept.append("Mine." in (project / "dist" / LOOK).read_text("utf-8"))
    assert len(kept) >= 5
    assert kept.count(False) <= 1


@pytest.mark.fault("stray-temporary-file", 5)
@pytest.mark.parametrize("linked", ["opencode", "opencode/tiny.look"])
def test_stray_files_below_a_linked_folder_stay(linked: str, tmp_path: Path) -> None:
    project = support.built(tmp_path / "project")
    place = project / "dist" / linked
    place.rename(tmp_path / "outside")
    place.symlink_to(tmp_path / "outside")
    inner = Path(LOOK).parent.relative_to(linked).as_posix()
    support.write_files(tmp_path / "outside", {f"{inner}/{name}": "mine" for name in STRAYS})
    (project / "dist/.promptpack.lock").touch()  # a run that was killed left it
    before = support.snapshot(tmp_path / "outside")
    support.write_files(project, NEW)
    for options in ((), ("--force",), ("--policy", "change"), ("--pack", "demo")):
        support.call("build", *options, cwd=project)
        assert support.snapshot(tmp_path / "outside") == before


@pytest.mark.fault(16, "stray-temporary-file")
def test_stray_files_of_a_killed_run_go(project: Path) -> None:
    before = support.snapshot(project)
    for folder in ("dist", f"dist/{Path(LOOK).parent}"):
        support.write_files(project, {f"{folder}/{name}": "half" for name in STRAYS})
    (project / "dist/.promptpack.lock").touch()
    assert support.call("build", cwd=project).code == 0
    assert support.snapshot(project) == before


@pytest.mark.fault(16, "stray-temporary-file")
def test_a_stray_folder_of_a_killed_run_goes(project: Path, tmp_path: Path) -> None:
    """What links in it lead to stays."""
    before = support.snapshot(project)
    mine = tmp_path / "mine"
    support.write_files(mine, {"inner/file.md": "mine"})
    stray = project / "dist" / STRAYS[0]
    support.write_files(stray, {"demo.md": "half", "deep/er/x.md": "half"})
    (stray / "deep/linked").symlink_to(mine / "inner")
    (stray / "linked.md").symlink_to(mine / "inner/file.md")
    (project / "dist/.promptpack.lock").touch()
    assert support.call("build", cwd=project).code == 0
    assert support.snapshot(project) == before
    assert (mine / "inner/file.md").read_text(encoding="utf-8") == "mine"


def test_new_folders_are_whole_when_they_get_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that holds another one has its files renamed, and so has one that was there."""
    pack = support.DEMO["packs/demo/pack.yaml"]
    files = {"packs/demo/pack.yaml": pack.replace("[opencode]", "[opencode, agents-md, skill]")}
    project = support.make_project(tmp_path / "project", files)
    seen: list[set[str]] = []
    rename = os.rename

    def watch(old: str, new: str, **options: int) -> None:
        rename(old, new, **options)
        found = support.snapshot(project / "dist")
        seen.append({path for path in found if path.endswith(".md") and ".tmp" not in path})

    monkeypatch.setattr(os, "rename", watch)
    assert support.call("build", cwd=project).code == 0
    assert len(seen) == len({*map(len, seen)}) > 2
    built = {path for path in support.snapshot(project / "dist") if path.endswith(".md")}
    assert seen[-1] == built
    assert not support.temporaries(project)


# Modes


@pytest.mark.fault(55, "private-mode")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o444])
def test_a_file_keeps_its_mode(mode: int, project: Path) -> None:
    paths = [project / "dist" / LOOK, project / "dist" / MANIFEST]
    for path in paths:
        path.chmod(mode)
    support.write_files(project, NEW)
    assert support.call("build", cwd=project).code == 0
    assert "all questions" in paths[0].read_text("utf-8")
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {mode}
    paths[0].write_text("Mine.\n", encoding="utf-8")
    assert support.call("build", "--force", cwd=project).code == 0
    kept = [*paths, paths[0].with_name("demo.md.orig")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {mode}


@pytest.mark.fault(55, "private-mode")
def test_a_report_keeps_its_mode(project: Path) -> None:
    report = project / "report.md"
    report.write_text("old", encoding="utf-8")
    report.chmod(0o600)
    assert diff(project, "report.md").code == 0
    assert report.read_text("utf-8") != "old"
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


# Reports


def diff(project: Path, out: str | Path) -> support.Result:
    folders = ("--from-dir", "dist", "--to-dir", "dist")
    return support.call("diff", *folders, "--out", f"markdown={out}", cwd=project)


@pytest.mark.fault("report-through-link")
@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("linked", ["report.md", "reports", "a/b"])
def test_a_report_is_not_written_through_a_link(
    linked: str, absolute: bool, project: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    support.write_files(victim, {"report.md": "mine"})
    link = project / linked
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(victim / linked if linked == "report.md" else victim)
    out = linked if linked == "report.md" else f"{linked}/report.md"
    before = support.snapshot(tmp_path)
    done = diff(project, project / out if absolute else out)
    assert (done.code, "is a link, or behind one" in done.err) == (4, True)
    assert support.snapshot(tmp_path) == before


@pytest.mark.fault("report-through-link")
def test_a_report_goes_where_the_user_says(project: Path, tmp_path: Path) -> None:
    """A link outside the current folder is the user's own; nobody's change brought it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere")
    for out in (tmp_path / "linked/report.md", "../linked/other.md", "dist/../new.md"):
        done = diff(project, out)
        assert done.code == 0, done.err
    assert {path.name for path in (tmp_path / "elsewhere").iterdir()} == {"report.md", "other.md"}
    assert (project / "new.md").is_file()


def test_what_is_no_file_is_no_place_for_a_report(project: Path) -> None:
    (project / "folder").mkdir()
    os.mkfifo(project / "pipe")
    for out, reason in (
        ("folder", "a folder"),
        ("pipe", "not a regular file"),
        ("no/report.md", "no such file"),
    ):
        before = support.snapshot(project / "dist")
        done = diff(project, out)
        assert (done.code, reason in done.err) == (4, True), done.err
        assert support.snapshot(project / "dist") == before
    assert (project / "pipe").is_fifo()


@pytest.mark.fault(9, "odd-manifest")
def test_a_shared_file_that_is_a_pipe(tmp_path: Path) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[agents-md]")
    project = support.make_project(tmp_path / "project", {"packs/demo/pack.yaml": pack})
    (tmp_path / "repository").mkdir()
    shared = tmp_path / "repository/AGENTS.md"
    os.mkfifo(shared)
    into = ("--into", tmp_path / "repository", "--target", "agents-md")
    done = support.run("install", "demo", *into, cwd=project)
    assert (done.code, shared.is_fifo()) == (1, True)
    assert support.run("install", "demo", *into, "--force", cwd=project).code == 0
    assert (shared.is_file(), shared.with_name("AGENTS.md.orig").is_fifo()) == (True, True)
