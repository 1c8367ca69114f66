"""`build --watch`: one line a build, errors don't end it, Ctrl-C does.

The package that watches files is an extra; here a module of its name tells of changes.
"""

import sys
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


class Watcher(ModuleType):
    """A `watchfiles` that makes edits itself, tells of those that are asked for, and then ends."""

    def __init__(self, root: Path, edits: list[tuple[str, Edit]]) -> None:
        super().__init__("watchfiles")
        self.__spec__ = ModuleSpec("watchfiles", None)
        self.root, self.edits = root, edits

    def watch(self, folder: Path, watch_filter: Callable[[Any, str], bool]) -> Iterator[set[str]]:
        for path, edit in self.edits:
            edit(self.root)
            if watch_filter(None, str(folder / path)):
                yield {path}
        raise KeyboardInterrupt


def watch(
    root: Path, edits: list[tuple[str, Edit]], patch: pytest.MonkeyPatch, *words: str
) -> support.Result:
    patch.setitem(sys.modules, "watchfiles", Watcher(root, edits))
    return support.call("build", "--watch", *words, cwd=root)


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
