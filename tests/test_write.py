"""Writing and ownership: old-or-new files whatever happens, and nobody else's file touched."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

import forked
from promptpack.output.manifest import MANIFEST, SCHEMA_VERSION
from support import (
    DEMO,
    NO_CURSOR,
    Result,
    built,
    call,
    make_project,
    snapshot,
    temporaries,
    write_files,
)

LOOK = "dist/opencode/tiny.look/.opencode/agents/demo.md"
CHANGE = "dist/opencode/tiny.change/.opencode/agents/demo.md"

CHANGED = {
    "packs/demo/role.md": "You answer all questions.\n",
    "packs/demo/pack.yaml": """\
name: demo
title: Demo
description: Answers questions about a small project.
targets: [opencode]
sections:
  role: ./role.md
variants:
  default: {model: tiny, policy: look}
  model: [tiny]
  policy: [look, nothing]
""",
    "templates/policies/nothing.yaml": """\
title: Nothing
summary: No tools at all.
default: deny
capabilities: {}
""",
}
"""Sources after which one output is rewritten, one is new and one is no more wanted."""

ANOTHER = {
    "packs/other/pack.yaml": """\
name: other
title: Other
description: Another agent.
targets: [opencode, claude-code]
sections: {role: ./role.md}
variants:
  default: {model: tiny, policy: look}
  model: [tiny, huge]
  policy: [look, change]
"""
    + NO_CURSOR,
    "packs/other/role.md": "You are another.\n",
    "templates/models/huge.yaml": """\
title: Huge
family: huge
layout: plain
context_window: 8192
prompt_budget: 500
""",
}
"""A second pack, for more clients and models."""

FAULTY = """
import errno, os, signal, sys
from pathlib import Path
from promptpack.cli import main

action, step, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
seen = 0
CHANGES = {"os.mkdir": 2, "os.rename": 2, "os.remove": 1, "os.rmdir": 1}
CAUGHT = {"full": errno.ENOSPC, "broken": errno.EIO, "read-only": errno.EROFS}

def find(name, descriptor):
    if os.path.isabs(name):
        return name
    if descriptor >= 0:
        return os.path.join(os.readlink(f"/proc/self/fd/{descriptor}"), name)
    return next((str(path) for path in Path(folder).rglob(name)), os.path.join(folder, name))

def strike(event, path):
    if action == "kill":
        if os.path.isfile(path) and path.endswith("tmp"):
            os.truncate(path, os.path.getsize(path) // 2)
        os._exit(9)
    if action in CAUGHT:
        raise OSError(CAUGHT[action], os.strerror(CAUGHT[action]), path)
    signal.raise_signal(getattr(signal, action))

def watch(event, args):
    global seen
    if event == "open":
        if not (isinstance(args[0], str) and args[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        path = find(args[0], -1)
    elif event in CHANGES and not (event in ("os.remove", "os.rmdir") and action in CAUGHT):
        path = find(os.fspath(args[0]), args[CHANGES[event]])
    else:
        return
    if not path.startswith(folder + "/") or (event == "os.remove" and path.endswith("tmp")):
        return
    seen += 1
    if seen == step:
        strike(event, path)

sys.addaudithook(watch)
sys.argv[1:] = sys.argv[4:]
main()
"""
"""Runs promptpack until it is about to change the folder for the so-many-th time.

`kill` leaves half of the file that is being put in its place and ends the process on the spot.
"""


def list_outputs(found: Mapping[str, bytes | str]) -> list[str]:
    """Return the paths of outputs, but for what waits for the folder that it goes to."""
    paths = [path for path in found if path.endswith(".md")]
    return [path for path in paths if not re.match(r"\.promptpack-[0-9a-f]{16}\.tmp/", path)]


def output(project: Path) -> Path:
    return project / "dist"


def times(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Return what shows that a file or folder was written, even with the same bytes."""
    found = {path: path.stat() for path in (folder, *folder.rglob("*"))}
    return {path: (s.st_ino, s.st_mtime_ns, s.st_ctime_ns) for path, s in found.items()}


def faulty_runs(folder: Path, action: str, every: int = 1) -> Iterator[tuple[Path, Result]]:
    """Yield a project and what became of a build in it, for a fault before each of its writes."""
    for step in range(1, 100, every):
        project = built(folder / f"{step}")
        write_files(project, CHANGED)
        arguments = (action, str(step), str(output(project)), "build")
        done = forked.run(*arguments, cwd=project, code=FAULTY)
        if done.code == 0:
            assert step > 9, "a build of this size writes more often"
            return
        yield project, done
    pytest.fail("the build has no end")


@pytest.mark.parametrize(
    ("action", "code", "every"),
    [
        ("kill", 9, 1),
        ("SIGINT", 130, 4),
        ("SIGTERM", 143, 7),
        ("full", 4, 2),
        ("broken", 4, 5),
        ("read-only", 4, 5),
    ],
)
@pytest.mark.fault(16, 17, 18, 20)
def test_a_fault_before_any_write_leaves_old_or_new_files(
    action: str, code: int, every: int, tmp_path: Path
) -> None:
    old = snapshot(output(built(tmp_path / "old")))
    new = snapshot(output(built(tmp_path / "new", CHANGED)))
    for project, done in faulty_runs(tmp_path, action, every):
        assert done.code == code, done.err
        assert "Traceback" not in done.err
        found = snapshot(output(project))
        for path in list_outputs(found):
            assert found[path] in (old.get(path), new.get(path)), path
        if action != "kill":
            assert not temporaries(project)
            assert found == old or any(found.get(path) != old[path] for path in (LOOK[5:],))
        if action == "full":
            assert done.err.endswith(": no space left on device\n")
        again = call("build", cwd=project)
        assert (again.code, snapshot(output(project))) == (0, new), again.err


@pytest.mark.fault(16)
def test_a_kill_of_a_first_build_is_fixed(tmp_path: Path) -> None:
    new = snapshot(output(built(tmp_path / "new")))
    for step in range(1, 9):
        project = make_project(tmp_path / f"{step}")
        arguments = ("kill", str(step), str(output(project)), "build")
        assert forked.run(*arguments, cwd=project, code=FAULTY).code == 9
        assert call("build", cwd=project).code == 0
        assert snapshot(output(project)) == new


@pytest.mark.fault(16)
def test_a_kill_and_then_other_sources(tmp_path: Path) -> None:
    old = snapshot(output(built(tmp_path / "old")))
    for project, _ in faulty_runs(tmp_path, "kill", 2):
        write_files(project, DEMO)
        again = call("build", cwd=project)
        assert (again.code, snapshot(output(project))) == (0, old), again.err


@pytest.mark.fault(16)
def test_a_kill_and_then_another(tmp_path: Path) -> None:
    third = {**CHANGED, "packs/demo/role.md": "You answer no questions.\n"}
    new = snapshot(output(built(tmp_path / "new", third)))
    for (project, _), step in zip(
        faulty_runs(tmp_path, "kill", 4), cycle(range(1, 6)), strict=False
    ):
        write_files(project, {**DEMO, "packs/demo/role.md": "You answer some questions.\n"})
        arguments = ("kill", str(step), str(output(project)), "build")
        assert forked.run(*arguments, cwd=project, code=FAULTY).code == 9
        write_files(project, third)
        assert call("build", "--policy", "nothing", cwd=project).code == 0
        again = call("build", cwd=project)
        assert (again.code, snapshot(output(project))) == (0, new), again.err


@pytest.mark.fault(16)
def test_a_kill_among_files_that_packs_share(tmp_path: Path) -> None:
    old = _for_all({**DEMO, **ANOTHER}, "targets: [opencode, agents-md]")
    changed = {"packs/demo/role.md": "New.\n", "packs/other/role.md": "Newer.\n"}
    new = snapshot(output(built(tmp_path / "new", {**old, **changed})))
    for step in range(2, 100, 5):
        project = built(tmp_path / f"{step}", old)
        write_files(project, changed)
        arguments = ("kill", str(step), str(output(project)), "build")
        code = forked.run(*arguments, cwd=project, code=FAULTY).code
        shared = (project / "dist/agents-md/tiny.look/AGENTS.md").read_text(encoding="utf-8")
        assert [shared.count(f"promptpack:begin {name} ") for name in ("demo", "other")] == [1, 1]
        assert call("build", cwd=project).code == 0
        assert snapshot(output(project)) == new
        if code == 0:
            return
    pytest.fail("the build has no end")


@pytest.mark.fault(16, 26)
def test_a_kill_while_forced_loses_no_edit(tmp_path: Path) -> None:
    for step in range(1, 8):
        project = built(tmp_path / f"{step}")
        (project / LOOK).write_text("mine", encoding="utf-8")
        arguments = ("kill", str(step), str(output(project)), "build", "--force")
        assert forked.run(*arguments, cwd=project, code=FAULTY).code == 9
        kept = snapshot(project)
        assert b"mine" in (kept.get(LOOK), kept.get(f"{LOOK}.orig"))


@pytest.mark.fault(54)
def test_nothing_is_written_when_nothing_changed(project: Path) -> None:
    for path in output(project).rglob("*"):
        os.utime(path, ns=(1, 1))
    before = times(output(project))
    assert call("build", cwd=project).code == 0
    assert call("check", cwd=project).code == 0
    assert times(output(project)) == before


@pytest.mark.fault(19)
def test_a_file_where_a_folder_is_needed(project: Path) -> None:
    write_files(project, {**CHANGED, "dist/opencode/tiny.nothing": "in the way"})
    before = snapshot(project)
    done = call("build", cwd=project)
    assert done.code == 4
    assert done.err.startswith("promptpack: ")
    assert "Traceback" not in done.err
    assert snapshot(project) == before


@pytest.mark.fault(9, 28)
def test_a_folder_or_a_pipe_where_a_file_goes(project: Path) -> None:
    (project / LOOK).unlink()
    (project / LOOK).mkdir()
    (project / CHANGE).unlink()
    os.mkfifo(project / CHANGE)
    done = call("build", cwd=project)
    assert (done.code, done.err.count("error[PP403]")) == (3, 1)
    assert [line.split()[1] for line in done.err.splitlines() if "-->" in line] == [
        path.removeprefix("dist/") for path in (CHANGE, LOOK)
    ]
    assert call("build", "--force", cwd=project).code == 0
    assert (project / f"{LOOK}.orig").is_dir()
    assert (project / f"{CHANGE}.orig").is_fifo()


# Links


@pytest.mark.fault(4)
def test_an_output_that_is_a_link(project: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes((project / LOOK).read_bytes())
    (project / LOOK).unlink()
    (project / LOOK).symlink_to(victim)
    write_files(project, CHANGED)
    before = snapshot(tmp_path)
    for options in ((), ("--force",)):
        done = call("build", *options, cwd=project)
        assert (done.code, "error[PP402]: this path is a link" in done.err) == (3, True)
    assert snapshot(tmp_path) == before
    assert "a link, or behind one" in call("check", cwd=project).out


@pytest.mark.parametrize("linked", ["opencode", "opencode/tiny.look", "opencode/tiny.change"])
@pytest.mark.fault(5)
def test_a_folder_on_the_way_that_is_a_link(linked: str, project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (output(project) / linked).rename(outside)
    (output(project) / linked).symlink_to(outside)
    write_files(project, CHANGED)
    before = snapshot(outside)
    for options in ((), ("--force",)):
        call("build", *options, cwd=project)
        assert snapshot(outside) == before


@pytest.mark.fault(5, 33)
def test_the_output_folder_is_a_link(project: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    output(project).rename(tmp_path / "elsewhere")
    output(project).symlink_to(tmp_path / "outside")
    done = call("build", cwd=project)
    assert (done.code, "it is a link" in done.err) == (2, True)
    assert not snapshot(tmp_path / "outside")


@pytest.mark.parametrize("out", ["people", "people/me", "project/packs/x", "project", "."])
@pytest.mark.fault(33)
def test_an_output_folder_that_is_not_for_outputs(out: str, project: Path, tmp_path: Path) -> None:
    write_files(tmp_path, {"people/me/notes.md": "mine"})
    before = snapshot(tmp_path)
    for command in (("build", "--force"), ("check",)):
        env = {"HOME": str(tmp_path / "people/me")}
        done = call(*command, "--out", tmp_path / out, cwd=project, env=env)
        assert (done.code, "can't be the output folder" in done.err) == (2, True)
    assert snapshot(tmp_path) == before


@pytest.mark.fault(4, "odd-manifest")
def test_the_manifest_is_a_link(project: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (output(project) / MANIFEST).unlink()
    (output(project) / MANIFEST).symlink_to(victim)
    assert [call(name, cwd=project).code for name in ("check", "build")] == [1, 3]
    assert call("build", "--force", cwd=project).code == 0
    assert victim.read_text(encoding="utf-8") == "mine"
    assert not (output(project) / MANIFEST).is_symlink()
    assert (output(project) / f"{MANIFEST}.orig").is_symlink()


# Ownership


@pytest.mark.parametrize("sources", [{}, CHANGED], ids=["same", "changed"])
@pytest.mark.fault(26, 27)
def test_an_edited_file_is_refused(sources: dict[str, str], project: Path) -> None:
    write_files(project, {LOOK: "mine\n", **sources})
    before = snapshot(project)
    done = call("build", cwd=project)
    assert (done.code, "-mine" in done.err) == (3, True)
    assert "was edited since promptpack wrote it" in done.err
    assert snapshot(project) == before


@pytest.mark.fault(28)
def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path, {LOOK: "mine\n"})
    before = snapshot(project)
    done = call("build", cwd=project)
    assert (done.code, "was not written by promptpack" in done.err) == (3, True)
    assert snapshot(project) == before


@pytest.mark.fault(28)
def test_a_foreign_file_that_is_as_built_is_taken_over(tmp_path: Path) -> None:
    content = (built(tmp_path / "one") / LOOK).read_bytes()
    project = make_project(tmp_path / "two", {LOOK: content})
    assert call("build", cwd=project).code == 0
    assert snapshot(output(project)) == snapshot(output(tmp_path / "one"))


@pytest.mark.fault(26)
def test_force_keeps_every_copy(project: Path) -> None:
    built_bytes = (project / LOOK).read_bytes()
    for edit in ("first", "second", "third"):
        (project / LOOK).write_text(edit, encoding="utf-8")
        assert call("build", "--force", cwd=project).code == 0
    assert (project / LOOK).read_bytes() == built_bytes
    copies = [(project / f"{LOOK}.orig{n}").read_text("utf-8") for n in ("", "-2", "-3")]
    assert copies == ["first", "second", "third"]
    assert call("check", cwd=project).code == 0


@pytest.mark.fault(29, 34)
def test_outputs_of_a_removed_variant(project: Path) -> None:
    write_files(project, {"dist/opencode/tiny.change/notes.md": "mine", **CHANGED})
    done = call("build", cwd=project)
    assert (done.code, "1 removed" in done.out) == (0, True)
    assert not (project / CHANGE).parent.exists()
    assert (project / "dist/opencode/tiny.change/notes.md").read_bytes() == b"mine"


@pytest.mark.fault(29, 34)
def test_outputs_of_a_removed_pack(project: Path) -> None:
    (project / LOOK).write_text("mine", encoding="utf-8")
    write_files(project, {"dist/opencode/tiny.look/.opencode/agents/foreign.md": "foreign"})
    for name in ("pack.yaml", "role.md"):
        (project / "packs/demo" / name).unlink()
    (project / "packs/demo").rmdir()
    for _ in range(2):
        done = call("build", cwd=project)
        assert done.code == 0
        assert "it was edited, and no pack builds it any more" in done.out
    left = {name for name, content in snapshot(output(project)).items() if content != "/"}
    agents = "opencode/tiny.look/.opencode/agents"
    assert left == {MANIFEST, f"{agents}/demo.md", f"{agents}/foreign.md"}
    assert not (project / CHANGE).parents[2].exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--target", "claude-code"),
        ("--pack", "demo"),
        ("--model", "huge"),
        ("--policy", "change"),
        ("--pack", "other", "--target", "opencode", "--model", "tiny", "--policy", "look"),
    ],
    ids=" ".join,
)
@pytest.mark.fault("concurrent-selections")
def test_a_partial_build_touches_no_others_files(options: tuple[str, ...], tmp_path: Path) -> None:
    project = built(tmp_path, ANOTHER)
    before = snapshot(output(project))
    write_files(project, {"packs/other/role.md": "New.\n", "packs/demo/role.md": "New.\n"})
    data = json.loads(call("build", *options, "--format", "json", cwd=project).out)
    after = snapshot(output(project))
    selected = {artifact["path"] for artifact in data["artifacts"]}
    assert selected < set(before)
    assert set(after) == set(before)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {*selected, MANIFEST}
    assert call("build", cwd=project).code == 0
    assert snapshot(output(project)) == snapshot(output(built(project, ANOTHER | _new_roles())))


def test_a_partial_build_keeps_the_blocks_of_others(tmp_path: Path) -> None:
    project = built(tmp_path, _for_all({**DEMO, **ANOTHER}, "targets: [agents-md]"))
    before = snapshot(output(project))
    assert call("build", "--pack", "demo", cwd=project).code == 0
    assert snapshot(output(project)) == before


@pytest.mark.fault(29)
def test_a_partial_build_leaves_leftovers_of_others(tmp_path: Path) -> None:
    project = built(tmp_path, ANOTHER)
    before = snapshot(output(project))
    (project / "packs/other/pack.yaml").unlink()
    (project / "packs/other/role.md").unlink()
    (project / "packs/other").rmdir()
    assert call("build", "--pack", "demo", cwd=project).code == 0
    assert call("build", "--target", "claude-code", "--policy", "look", cwd=project).code == 0
    after = snapshot(output(project))
    gone = {name for name in set(before) - set(after) if before[name] != "/"}
    assert gone == {
        f"claude-code/{model}.look/.claude/agents/other.md" for model in ("tiny", "huge")
    }
    assert call("build", cwd=project).code == 0
    assert not [name for name in snapshot(output(project)) if "other" in name]


# The manifest


def edit_manifest(project: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    path = output(project) / MANIFEST
    data = json.loads(path.read_bytes())
    edit(data)
    path.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.fault(30)
def test_a_manifest_that_is_lost_or_cut(project: Path) -> None:
    manifest = output(project) / MANIFEST
    before = snapshot(output(project))
    whole = manifest.read_bytes()
    for length in range(0, len(whole) - 1, 29):
        manifest.write_bytes(whole[:length])
        cut = snapshot(project)
        for command in (("check",), ("build",), ("build", "--pack", "demo")):
            done = call(*command, cwd=project)
            assert (done.code, "PP404" in done.err) == (1 if command == ("check",) else 3, True)
            assert snapshot(project) == cut
        assert call("build", "--force", cwd=project).code == 0
        manifest.with_name(f"{MANIFEST}.orig").unlink()
        assert snapshot(output(project)) == before
    manifest.unlink()
    assert call("build", cwd=project).code == 0
    assert snapshot(output(project)) == before


@pytest.mark.fault(30)
def test_without_a_manifest_nothing_is_ours(project: Path) -> None:
    (output(project) / MANIFEST).unlink()
    write_files(project, CHANGED)
    before = snapshot(project)
    done = call("build", cwd=project)
    assert (done.code, "was not written by promptpack" in done.err) == (3, True)
    assert snapshot(project) == before


@pytest.mark.parametrize(
    "garbage",
    [
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b"9" * 5_000,
        b'{"schema_version": "1", "files": {}, "pending": {}}',
        b'{"schema_version": 1, "files": [], "pending": []}',
        b'{"schema_version": 1, "files": {"a": 5}, "pending": {}}',
        b'{"schema_version": 1, "files": {"a": {"sha256": 5}}, "pending": {}}',
        b'{"schema_version": 1, "files": {"a": {"target": ["x"]}}, "pending": {}}',
        b'{"schema_version": 1, "files": {}, "pending": {"a": null}}',
        b'<<<<<<< ours\n{"schema_version": 1}\n=======\n{}\n>>>>>>> theirs\n',
    ],
    ids=range(14),
)
@pytest.mark.fault(30, 32)
def test_a_manifest_of_garbage_owns_nothing(garbage: bytes, project: Path) -> None:
    before = snapshot(output(project))
    (output(project) / MANIFEST).write_bytes(garbage)
    done = call("check", cwd=project)
    assert (done.code, "up to date" in done.out, "PP404" in done.err) == (1, False, True)
    assert ("merge conflict markers" in done.err) == (b"<<<<" in garbage)
    assert json.loads(call("check", "--format", "json", cwd=project).out)["manifest_problem"]
    assert call("build", cwd=project).code == 3
    assert call("build", "--force", cwd=project).code == 0
    (output(project) / f"{MANIFEST}.orig").unlink()
    assert snapshot(output(project)) == before
    (output(project) / MANIFEST).write_bytes(garbage)
    write_files(project, CHANGED)
    assert call("build", cwd=project).code == 3


@pytest.mark.fault(30)
def test_a_manifest_of_the_future(project: Path) -> None:
    edit_manifest(project, lambda data: data.update(schema_version=SCHEMA_VERSION + 1))
    before = snapshot(project)
    for command in ("build", "check"):
        done = call(command, cwd=project)
        assert (done.code, "was written by a newer promptpack" in done.err) == (3, True)
    assert snapshot(project) == before


@pytest.mark.parametrize(
    "listed",
    [
        "../../victim",
        "../dist_evil/victim",
        "/victim",
        "..\\victim",
        "C:victim",
        "a\0b",
        "",
        "a/../../../victim",
    ],
)
@pytest.mark.fault(3, 31)
def test_a_manifest_that_lists_what_lies_outside(
    listed: str, project: Path, tmp_path: Path
) -> None:
    (tmp_path / "victim").write_text("mine", encoding="utf-8")
    name = str(tmp_path / "victim") if listed == "/victim" else listed
    edit_manifest(project, lambda data: data["files"].update({name: _record(data, b"mine")}))
    before = snapshot(tmp_path)
    done = call("build", cwd=project)
    assert (done.code, "lists a path that promptpack would never write" in done.err) == (3, True)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "listed",
    ["notes.md", "opencode/notes.md", "opencode/tiny.old/x.md", "agents-md/tiny.look/notes.md"],
)
@pytest.mark.fault(31)
def test_a_manifest_that_lists_a_foreign_file(listed: str, project: Path) -> None:
    write_files(project, {f"dist/{listed}": "mine"})
    edit_manifest(project, lambda data: data["files"].update({listed: _record(data, b"mine")}))
    assert call("build", cwd=project).code == 0
    assert (output(project) / listed).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "listed", ["#x", "opencode/tiny.look/#x", f"{LOOK[5:]}#x", f"{LOOK[5:]}/x"]
)
@pytest.mark.fault(31)
def test_a_manifest_that_lists_what_is_not_there(listed: str, project: Path) -> None:
    before = snapshot(output(project))
    edit_manifest(project, lambda data: data["files"].update({listed: _record(data, b"mine")}))
    done = call("build", cwd=project)
    assert (done.code, "Traceback" in done.err) in {(0, False), (3, False)}
    after = snapshot(output(project))
    assert {**after, MANIFEST: b""} == {**before, MANIFEST: b""}


@pytest.mark.fault(5, 31)
def test_a_manifest_that_lists_a_file_behind_a_link(project: Path, tmp_path: Path) -> None:
    write_files(tmp_path, {"outside/x.md": "mine"})
    folder = output(project) / "opencode/tiny.look/linked"
    folder.symlink_to(tmp_path / "outside")
    listed = "opencode/tiny.look/linked/x.md"
    edit_manifest(project, lambda data: data["files"].update({listed: _record(data, b"mine")}))
    assert call("build", cwd=project).code == 0
    assert (tmp_path / "outside/x.md").read_text(encoding="utf-8") == "mine"


def _record(data: dict[str, Any], content: bytes) -> dict[str, str]:
    """Return a record as of a file of ours, with the hash of some other content."""
    ours = next(record for record in data["files"].values() if record["policy"] == "look")
    return {**ours, "sha256": sha256(content).hexdigest()}


def _for_all(files: Mapping[str, str], targets: str) -> dict[str, str]:
    """Return sources whose packs are all for the same clients."""
    said = re.compile(r"^targets: .*$", re.MULTILINE)
    return {name: said.sub(targets, text) for name, text in files.items()}


def _new_roles() -> dict[str, str]:
    return {"packs/other/role.md": "New.\n", "packs/demo/role.md": "New.\n"}
