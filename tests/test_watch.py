"""`build --watch`: one line a build, errors don't end it, Ctrl-C does.

The package that watches files is an extra; here a module of its name tells of changes.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import support

PACK, ROLE = "packs/demo/pack.yaml", "packs/demo/role.md"
Edit = Callable[[Path], object]


def write(path: str, text: str) -> Edit:
    return lambda root: (root / path).write_text(text, encoding="utf-8")


EDITED_FIRST = f"""
import signal
from pathlib import Path

signal.signal(signal.SIGINT, signal.default_int_handler)
import promptpack.cli.build as module
from promptpack.cli import main

plan, calls = module.plan_output, []

def plan_and_edit(*arguments, **options):
    calls.append(1)
    done = plan(*arguments, **options)
    if len(calls) == 1:
        Path({ROLE!r}).write_text("You answer in verse.\\n")
    return done

module.plan_output = plan_and_edit
main()
"""


class Watcher(ModuleType):
    """A `watchfiles` that makes edits itself, tells of those that are asked for, and then ends."""

    def __init__(self, root: Path, edits: list[tuple[str, Edit]]) -> None:
        super().__init__("watchfiles")
        self.__spec__ = ModuleSpec("watchfiles", None)
        self.root, self.edits = root, edits

    def watch(
        self, folder: Path, watch_filter: Callable[[Any, str], bool], **_: object
    ) -> Iterator[set[str]]:
        yield set()
        for path, edit in self.edits:
            edit(self.root)
            if watch_filter(None, str(folder / path)):
                yield {path}
            yield set()
        raise KeyboardInterrupt


def watch(
    root: Path, edits: list[tuple[str, Edit]], patch: pytest.MonkeyPatch, *words: str
) -> support.Result:
    patch.setitem(sys.modules, "watchfiles", Watcher(root, edits))
    return support.call("build", "--watch", *words, cwd=root)


def test_the_package_tells_of_each_change(tmp_path: Path) -> None:
    """With the real package, in a process of its own: also of a change during the first build."""
    root = support.make_project(tmp_path / "p")
    (tmp_path / "link").symlink_to(root)
    words = [sys.executable, "-c", EDITED_FIRST, "-C", "../link", "build", "--watch"]
    env = support.environment({"PYTHONUNBUFFERED": "1"})
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, text=True, env=env) as watching:
        assert watching.stdout is not None
        limit = threading.Timer(support.PATIENCE, watching.kill)
        limit.start()
        try:
            said = [watching.stdout.readline() for _ in range(3)]
            write(ROLE, "You answer in prose.\n")(root)
            said.append(watching.stdout.readline())
            watching.send_signal(signal.SIGINT)
            rest = watching.stdout.read()
        finally:
            limit.cancel()
            watching.kill()
    assert [line.split(" in ")[0] for line in said] == [
        "Built 2 files",
        "Watching the sources",
        "Built 2 files",
        "Built 2 files",
    ]
    assert rest == ""
    assert "in prose" in support.call("show", "demo", cwd=root).out
    assert support.call("check", cwd=root).code == 0


def test_each_change_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = support.make_project(tmp_path)
    edits = [(ROLE, write(ROLE, "You help.\n")), (PACK, lambda _: None)]
    done = watch(root, edits, monkeypatch)
    assert done == support.Result(
        0,
        "Built 2 files in dist: 2 written\n"
        "Watching the sources in .; Ctrl-C ends this\n"
        "Built 2 files in dist: 2 written\n"
        "Built 2 files in dist: 0 written, 2 unchanged\n",
        "Stopped watching\n",
    )
    assert "You help." in support.call("show", "demo", cwd=root).out
    assert support.call("check", cwd=root).code == 0


def test_what_is_wrong_is_said_and_the_next_change_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = support.make_project(tmp_path, {PACK: "name: demo\n"})
    edits = [
        (PACK, write(PACK, support.DEMO[PACK].replace("./role.md", "./rule.md"))),
        (PACK, lambda root: (root / PACK).unlink()),
        (PACK, write(PACK, support.DEMO[PACK])),
    ]
    done = watch(root, edits, monkeypatch)
    assert done.code == 0
    assert done.out.splitlines()[-1] == "Built 2 files in dist: 2 written"
    for said in ("missing key 'title'", "did you mean './role.md'?", "no such file"):
        assert said in done.err
    assert done.err.endswith("Stopped watching\n")


def test_only_sources_are_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = support.make_project(tmp_path)
    others = ("dist/x.md", ".git/index", "README.md", "node_modules/packs/a.md")
    edits: list[tuple[str, Edit]] = [(path, lambda _: None) for path in others]
    edits += [("promptpack.yaml", lambda _: None), ("templates/new/x.md", lambda _: None)]
    assert watch(root, edits, monkeypatch).out.count("Built") == 1 + 2


@pytest.mark.parametrize("words", [("--quiet",), ("--pack", "dmo"), ("--format", "json")])
def test_options_hold_while_watching(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = support.make_project(tmp_path)
    done = watch(root, [(ROLE, lambda _: None)], monkeypatch, *words)
    if words[0] == "--quiet":
        assert (done.code, done.out, done.err) == (0, "", "Stopped watching\n")
    elif words[0] == "--pack":
        assert done.err.count("unknown pack 'dmo'") == 2
    else:
        assert (done.code, "--watch prints lines for people" in done.err) == (2, True)


def test_an_interrupt_while_building_ends_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = support.make_project(tmp_path)
    done = watch(root, [], monkeypatch)
    assert (done.code, done.err) == (0, "Stopped watching\n")


def test_without_the_extra_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = support.make_project(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    done = support.call("build", "--watch", cwd=root)
    assert done.code == 2
    assert "pip install 'promptpack-generator[watch]'" in done.err
    assert not (root / "dist").exists()
