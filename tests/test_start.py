"""What a call loads before it does anything: modules are counted, and no time is measured."""

import importlib
import os
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from promptpack import targets
from promptpack.patterns import LatePattern
from promptpack.reporting.console import measure_width
from promptpack.targets import ENTRIES, TARGETS, Target
from promptpack.targets.shared_files import find_block_form
from records import EARLIER
from support import DEMO, make_project, run, write_files
from test_house import HOUSE, MODULES

LOADED = """
import atexit, sys
atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))
from promptpack.__main__ import main
main()
"""
PACK = "packs/demo/pack.yaml"
PLAIN = {
    "packs/demo/role.md": "You answer questions.\n",
    "templates/fragments/standards/small-steps.md": "---\ntitle: Steps\nsummary: x\n---\n- One.\n",
    PACK: DEMO[PACK].replace("    - {use: standards/examples, with: {count: 2}}\n", ""),
}
"""A project in which no text has a tag but the layout."""

MOST = {
    "__init__": 1,
    "__main__": 1,
    "build": 1,
    "cli": 14,
    "model": 13,
    "output": 26,
    "patterns": 1,
    "policy": 4,
    "provenance": 3,
    "reading": 20,
    "rendering": 27,
    "reporting": 6,
    "session": 1,
    "source": 13,
    "starting": 2,
    "version": 1,
}
"""The most modules of each room that a build of packs without tags loads, its clients aside."""

CLIENTS = {
    *("claude_code", "claude_code_file", "codex", "copilot", "cursor", "list_blocks"),
    *("opencode", "opencode_file", "opencode_keys", "opencode_mcp", "opencode_patterns"),
}
"""Modules of clients that a build for OpenCode may load: those of clients that read its files."""

LARGE = {"asyncio", "difflib", "inspect", "jinja2", "pydantic", "rich", "shutil", "ssl", "tempfile"}
"""Modules of others that take long to load, of which click needs one."""


def list_loaded(words: list[str], project: Path, cache: Path) -> list[str]:
    """Return the names of the modules that a call has loaded when it ends."""
    done = run(*words, cwd=project, env={"XDG_CACHE_HOME": str(cache)}, code=LOADED)
    assert done.code == 0, done.err
    return done.err.splitlines()[-1].split()


def require_few(loaded: list[str]) -> None:
    """Require that no more of our own modules are loaded than are known to be needed."""
    own = [name.split(".") for name in loaded if name.partition(".")[0] == "promptpack"]
    rooms = Counter(name[1] if len(name) > 1 else "__init__" for name in own)
    shared = rooms.pop("targets")
    grown = {room: count for room, count in rooms.items() if count > MOST.get(room, 0)}
    assert grown == {}
    clients = {name[2] for name in own if name[1:2] == ["targets"] and len(name) > 2}
    declared = {entry.module for entry in ENTRIES.values()}
    assert clients & declared <= CLIENTS
    assert shared <= 24 + len(clients & CLIENTS)


def test_a_build_of_few_packs_loads_few_modules(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", PLAIN)
    loaded = list_loaded(["build", "--no-cache"], project, tmp_path)
    require_few(loaded)
    assert LARGE & {*loaded} <= {"inspect"}


def test_a_build_with_few_changes_loads_few_modules(tmp_path: Path) -> None:
    project, cache = make_project(tmp_path / "project", PLAIN), tmp_path / "cache"
    for name in ("p0", "p1", "p2"):
        pack = {"pack.yaml": PLAIN[PACK].replace("demo", name), "role.md": "Be quick.\n"}
        write_files(project, {f"packs/{name}/{path}": text for path, text in pack.items()})
    for _ in range(2):
        time.sleep(EARLIER)
        run("build", cwd=project, env={"XDG_CACHE_HOME": str(cache)})
    time.sleep(EARLIER)
    write_files(project, {"packs/p1/role.md": "Be careful.\n"})
    time.sleep(EARLIER)
    loaded = list_loaded(["build"], project, cache)
    assert "promptpack.output.changed_packs" in loaded
    require_few(loaded)
    assert LARGE & {*loaded} <= {"inspect"}


def test_jinja_is_loaded_for_tags(tmp_path: Path) -> None:
    files = {"packs/demo/role.md": "{% if target == 'x' %}x{% endif %}You are {{ pack.name }}.\n"}
    loaded = list_loaded(["build"], make_project(tmp_path / "p", files), tmp_path / "cache")
    assert "jinja2" in loaded
    assert "Be demo" not in (tmp_path / "p/packs/demo/role.md").read_text(encoding="utf-8")


# What is loaded late.


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_says_what_its_target_says(name: str) -> None:
    entry, target = ENTRIES[name], TARGETS[name]
    command = target.command
    assert (target.name, target.is_named_only) == (name, entry.is_named_only)
    known = (command.client, command.yields_to) if command else ("", "")
    assert (entry.client, entry.yields_to) == known
    assert entry.shared_file == (Path(target.path).name if target.block else "")
    if target.block:
        assert find_block_form(f"some/{entry.shared_file}") is target.block


def test_every_target_has_an_entry() -> None:
    folder = HOUSE / "targets"
    modules = [
        importlib.import_module(f"{targets.__name__}.{one.stem}")
        for one in folder.glob("[a-z]*.py")
    ]
    declared = {
        id(one) for module in modules for one in vars(module).values() if isinstance(one, Target)
    }
    assert declared == {id(one) for one in TARGETS.values()}
    assert (len(TARGETS), [*TARGETS]) == (len(ENTRIES), [*ENTRIES])
    assert "nothing" not in TARGETS
    assert TARGETS.get("nothing") is None


def test_every_late_pattern_can_be_compiled() -> None:
    found = 0
    for path in MODULES:
        name = ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts)
        module = sys.modules.get(name)
        for value in vars(module).values() if isinstance(module, ModuleType) else ():
            if isinstance(value, LatePattern):
                assert value.groups is not None
                found += 1
    assert found > 50


@pytest.mark.parametrize("columns", ["", "0", "-3", "x", "44", "120", None])
def test_the_width_is_what_python_says(
    monkeypatch: pytest.MonkeyPatch, columns: str | None
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    for width in (0, 60):
        size = os.terminal_size((width, 24))
        monkeypatch.setattr(os, "get_terminal_size", lambda _, size=size: size)
        assert measure_width() == shutil.get_terminal_size().columns
    monkeypatch.setattr(sys, "__stdout__", None)
    assert measure_width() == shutil.get_terminal_size().columns


# The current folder.


def test_modules_of_a_project_are_not_imported(project: Path, tmp_path: Path) -> None:
    for name in ("click", "yaml", "difflib", "jinja2", "json"):
        write_files(project, {f"{name}.py": "raise SystemExit('imported')\n"})
    done = run("check", cwd=project, env={"XDG_CACHE_HOME": str(tmp_path)})
    assert (done.code, "imported" in done.err) == (0, False)


@pytest.mark.skipif(os.name != "posix", reason="needs records")
def test_a_first_build_as_a_module_leaves_a_record(tmp_path: Path) -> None:
    """It makes a folder in the current one, which is on Python's path at first."""
    project, cache = make_project(tmp_path / "project"), tmp_path / "cache"
    time.sleep(EARLIER)
    done = run("build", cwd=project, env={"XDG_CACHE_HOME": str(cache)})
    assert "written" in done.out
    assert len([*(cache / "promptpack").glob("*.record")]) == 1
