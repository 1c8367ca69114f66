"""Builds at once: one run writes at a time, says who holds it up, and loses nobody's records."""

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

import forked
import support
from promptpack.output import lock
from promptpack.output.lock import LOCK, hold_lock

TARGETS = ("opencode", "claude-code", "copilot", "agents-md", "skill", "system")
ROLE = "packs/demo/role.md"
FILES = {
    "packs/demo/pack.yaml": support.DEMO["packs/demo/pack.yaml"].replace(
        "[opencode]", f"[{', '.join(TARGETS)}]"
    )
    + support.NO_CURSOR
}
ROLES = ("You are old.\n", "You are new.\n")
KILLED_HOLDER = """
import os, signal, sys
from pathlib import Path
from promptpack.output.lock import hold_lock
with hold_lock(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def start(project: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "promptpack", "build", *arguments],
        cwd=project,
        env=support.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(builds: Iterable["subprocess.Popen[str]"]) -> None:
    """Wait for builds; each has to end well, or to say who held it up."""
    for build in builds:
        _, err = build.communicate(timeout=support.PATIENCE)
        assert build.returncode == 0 or (build.returncode == 4 and "held by" in err), err


@pytest.mark.fault(23)
def test_builds_of_the_same_at_once(tmp_path: Path) -> None:
    wanted = support.snapshot(support.built(tmp_path / "alone", FILES) / "dist")
    project = support.make_project(tmp_path / "project", FILES)
    for number in range(support.count_cases(2)):
        support.write_files(project, {ROLE: f"You are number {number}.\n"})
        finish([start(project) for _ in range(3)])
    support.write_files(project, {ROLE: support.DEMO[ROLE]})
    finish([start(project) for _ in range(3)])
    assert support.snapshot(project / "dist") == wanted


@pytest.mark.fault(23, "concurrent-selections")
def test_builds_of_different_selections_at_once(tmp_path: Path) -> None:
    wanted = support.snapshot(support.built(tmp_path / "alone", FILES) / "dist")
    for number in range(support.count_cases(2)):
        project = support.make_project(tmp_path / f"{number}", FILES)
        finish([start(project, "--target", target) for target in TARGETS])
        assert support.snapshot(project / "dist") == wanted
        support.write_files(project, {ROLE: "New.\n"})
        policies = ("look", "change")
        finish(
            [start(project, "--target", t, "--policy", p) for t in TARGETS[:3] for p in policies]
        )
        finish([start(project)])
        assert support.call("check", cwd=project).code == 0


def kill_builds(project: Path, trees: Sequence[Mapping[str, bytes | str]]) -> int:
    """Kill builds at random moments while others wait, and return how many were still running.

    After each, every file has to be old or new, and the next build has to end it. This runs in a
    process of its own, because it forks.
    """
    choose, killed = random.Random(0), 0  # noqa: S311 - no secret
    for number in range(1, support.count_cases(60) + 1):
        support.write_files(project, {ROLE: ROLES[number % 2]})
        first, second = fork_build(project), fork_build(project)
        while not (project / "dist" / LOCK).exists() and os.waitpid(first, os.WNOHANG)[0] == 0:
            pass
        time.sleep(choose.random() * 0.02)
        with contextlib.suppress(ProcessLookupError):
            os.kill(first, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            killed += os.waitpid(first, 0)[1] == signal.SIGKILL
        for name in (name for name in trees[0] if name.endswith(".md")):
            assert (project / "dist" / name).read_bytes() in [tree[name] for tree in trees], name
        assert os.waitstatus_to_exitcode(os.waitpid(second, 0)[1]) == 0
        assert support.call("build", cwd=project).code == 0
        assert support.snapshot(project / "dist") == trees[number % 2]
    return killed


def fork_build(project: Path) -> int:
    """Start a build without the time that Python takes to start; return its process."""
    process = os.fork()
    if not process:
        os._exit(support.call("build", cwd=project).code)
    return process


@pytest.mark.fault(16, 23, 24)
def test_a_kill_at_any_moment_of_many(tmp_path: Path) -> None:
    trees = [
        support.snapshot(support.built(tmp_path / f"{n}", {**FILES, ROLE: text}) / "dist")
        for n, text in enumerate(ROLES)
    ]
    project = support.built(tmp_path / "project", {**FILES, ROLE: ROLES[0]})
    assert [support.snapshot(project / "dist")] == trees[:1]
    folders = [str(tmp_path / name / "dist") for name in ("0", "1")]
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    code += "import support, test_output_lock; from pathlib import Path\n"
    code += f"trees = [support.snapshot(Path(name)) for name in {folders}]\n"
    code += "print(test_output_lock.kill_builds(Path(sys.argv[1]), trees))"
    cases = {support.CASES: os.environ.get(support.CASES, support.FEW)}
    done = support.run(project, cwd=tmp_path, code=code, env=cases)
    assert (done.code, done.err) == (0, "")
    assert int(done.out) > 0


@pytest.mark.fault(23)
def test_who_holds_the_folder_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    support.write_files(project, {ROLE: "New.\n"})
    before = support.snapshot(project)
    with hold_lock(project / "dist"):
        done = support.call("build", cwd=project)
        assert (done.code, done.out) == (4, "")
        assert re.search(rf"held by \S+ \(process {os.getpid()} on \S+, since \d{{4}}-", done.err)
        assert support.call("check", cwd=project).code == 1
    assert support.snapshot(project) == before
    assert support.call("build", cwd=project).code == 0


@pytest.mark.fault(23)
def test_a_build_waits_for_another(project: Path) -> None:
    support.write_files(project, {ROLE: "New.\n"})
    has_begun, results = threading.Event(), []

    def build() -> None:
        has_begun.set()
        results.append(support.run("build", cwd=project))

    with hold_lock(project / "dist"):
        thread = threading.Thread(target=build)
        thread.start()
        has_begun.wait()
        time.sleep(1)
        assert not results
    thread.join()
    assert [result.code for result in results] == [0], results


@pytest.mark.fault(23, 61)
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"null",
        b"\xff",
        b'{"process": "x"}',
        b'{"process": 1, "program": "\\u001b[31m", "host": "h", "started": "now"}',
        b'{"process": 1, "program": "a\\n::error::b", "host": "h", "started": "now"}',
    ],
)
def test_what_a_holder_says_is_data(
    said: bytes, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.1)
    support.write_files(project, {ROLE: "New.\n"})
    with hold_lock(project / "dist"):
        (project / "dist" / LOCK).write_bytes(said)
        done = support.call("build", cwd=project)
    assert (done.code, "held by another run" in done.err) == (4, True)
    assert done.err.count("\n") == 1
    assert "\x1b" not in done.err


@pytest.mark.fault(24)
def test_a_dead_holder_is_taken_over(project: Path) -> None:
    before = support.snapshot(project)
    done = forked.run(project / "dist", cwd=project, code=KILLED_HOLDER)
    assert done.code == -signal.SIGKILL
    said = json.loads((project / "dist" / LOCK).read_bytes())
    assert said.keys() == {"process", "program", "host", "started"}
    assert support.call("build", cwd=project).code == 0
    assert support.snapshot(project) == before


@pytest.mark.fault(24)
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "folder", "large"])
def test_what_is_no_lock_is_left_alone(kind: str, project: Path, tmp_path: Path) -> None:
    path, victim = project / "dist" / LOCK, tmp_path / "victim"
    if kind in ("link", "dangling"):
        path.symlink_to(victim)
    if kind == "link":
        victim.write_text("mine", encoding="utf-8")
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "folder":
        path.mkdir()
    if kind == "large":
        path.write_bytes(b"mine\n" * 1_000)
    support.write_files(project, {ROLE: "New.\n"})
    names = sorted(tmp_path.rglob("*"))
    done = forked.run("build", cwd=project)
    assert (done.code, LOCK in done.err, "Traceback" in done.err) == (4, True, False)
    assert sorted(tmp_path.rglob("*")) == names
    assert kind != "link" or victim.read_text("utf-8") == "mine"


def test_no_lock_stays(project: Path) -> None:
    role = project / ROLE
    for text in ("New.\n", "New.\n", "{{ wrong }}\n", "Newer.\n"):
        role.write_text(text, encoding="utf-8")
        support.call("build", cwd=project)
        assert not (project / "dist" / LOCK).exists()
    (project / "dist/opencode/tiny.look/.opencode/agents/demo.md").write_text("x", encoding="utf-8")
    assert support.call("build", cwd=project).code == 3
    assert not (project / "dist" / LOCK).exists()


@pytest.mark.fault(25)
def test_a_folder_is_compared_while_it_is_built(tmp_path: Path) -> None:
    """A reader needs no lock: it sees old or new files, and none that are just being written."""
    project = support.built(tmp_path / "project", FILES)
    for number in range(support.count_cases(8)):
        support.write_files(project, {ROLE: f"You are number {number}.\n"})
        build = start(project)
        while build.poll() is None:
            for command in (
                ("diff", "--from-dir", "dist", "--to-dir", "dist"),
                ("check",),
                ("explain", "dist/opencode/tiny.look/.opencode/agents/demo.md:12"),
            ):
                done = support.call(*command, cwd=project)
                assert (done.code in (0, 1), "Traceback" in done.err) == (True, False), done.err
                assert "promptpack-" not in done.out
        finish([build])
