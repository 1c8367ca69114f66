"""A build or check after a small change: it does what a whole one does, and looks at few packs."""

import dataclasses
import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libraries import install
from promptpack.output.manifest import MANIFEST, Manifest, format_manifest
from promptpack.output.manifest_part import read_part
from promptpack.output.record import encode_record, hash_bytes, parse_record
from records import EARLIER, EDITS, Edit, Records, begin_process
from siblings import (
    INSTALL_EDITS,
    INSTALLED,
    LARGE_EDITS,
    LIBRARY_EDITS,
    LISTED,
    SIBLINGS,
    SMALL_EDITS,
    WITH_FOLDER,
    WITH_PACKAGE,
)
from support import Result, call, count_cases, make_project, run, snapshot

WATCHED = """
import os, sys
read = set()
def watch(event, arguments):
    path = str(arguments[0]) if event == "open" else ""
    if "/packs/" in path and os.path.isabs(path):
        read.add(path.split("/packs/")[1].split("/")[0])
sys.addaudithook(watch)
from promptpack.__main__ import main
try:
    main()
finally:
    print("read:", *sorted(read), file=sys.stderr)
"""
"""A call that says at its end which packs it has read a file of."""


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Records:
    """Return the program as it starts, with a cache folder of its own."""
    begin_process(monkeypatch.setattr)
    return Records(tmp_path / "cache")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Return a project of some packs, built."""
    project = make_project(tmp_path / "project", {**SIBLINGS, **LISTED})
    assert call("build", cwd=project).code == 0
    return project


def watch(project: Path, *words: str) -> tuple[Result, list[str]]:
    """Return what a call left behind, and the packs of which it read a file."""
    time.sleep(EARLIER)
    env = {"XDG_CACHE_HOME": str(project.parent / "cache")}
    done = run(*words, cwd=project, env=env, code=WATCHED)
    *lines, last = done.err.splitlines()
    return done._replace(err="\n".join(lines)), last.split()[1:]


REACHED = {
    "text of north": ["north", "south"],
    "text of west": ["west"],
    "fragment of two": ["east", "north", "south"],
    "fragment of another's folder": ["north", "south"],
    "description": ["up"],
    "touched": ["down"],
}


@pytest.mark.parametrize("name", REACHED)
def test_only_the_packs_that_a_change_reaches_are_read(many: Path, name: str) -> None:
    assert watch(many, "build")[0].code == 0
    SMALL_EDITS[name](many)
    shutil.copytree(many, many.parent / "whole")
    done, read = watch(many, "build")
    assert read == REACHED[name]
    assert done == call("build", "--no-cache", cwd=many.parent / "whole")
    assert snapshot(many) == snapshot(many.parent / "whole")
    watch(many, "build")
    assert watch(many, "build") == (call("build", cwd=many), [])


def test_a_check_after_a_change_reads_the_packs_that_it_reaches(many: Path) -> None:
    assert watch(many, "check")[0].code == 0
    SMALL_EDITS["text of west"](many)
    assert watch(many, "check") == (call("check", cwd=many), ["west"])
    assert call("build", cwd=many).code == 0
    assert watch(many, "check") == (call("check", cwd=many), ["west"])
    assert watch(many, "check") == (call("check", cwd=many), [])


def test_a_check_of_other_packs_looks_at_no_installation_again(tmp_path: Path) -> None:
    many = make_project(tmp_path / "project", {**SIBLINGS, **INSTALLED})
    assert call("build", cwd=many).code == call("install", cwd=many).code == 0
    assert watch(many, "check")[0].code == 0
    SMALL_EDITS["text of west"](many)
    assert call("build", cwd=many).code == 0
    assert watch(many, "check") == (call("check", cwd=many), ["west"])
    assert watch(many, "check") == (call("check", cwd=many), [])
    SMALL_EDITS["same size"](many)
    assert call("build", cwd=many).code == 0
    done, _ = watch(many, "check")
    assert done == call("check", cwd=many)
    assert ".opencode/agents/up.md" in done.out


SOME_EDITS = sorted(LARGE_EDITS)[:: 3 // min(3, count_cases(2))]
"""A third of these edits; the property below draws from all of them."""


@pytest.mark.parametrize("name", SOME_EDITS)
def test_what_may_reach_all_has_the_same_result(many: Path, records: Records, name: str) -> None:
    """Also where only a part is looked at, because it turned out to reach no more."""
    records.settle("build", cwd=many)
    LARGE_EDITS[name](many)
    time.sleep(EARLIER)
    shutil.copytree(many, many.parent / "whole")
    for words in (("build", "--exit-code"), ("check",)):
        done = records.start(*words, cwd=many).result
        assert done == call(*words, "--no-cache", cwd=many.parent / "whole")
        assert snapshot(many) == snapshot(many.parent / "whole")


# Any sequence of changes.

MORE_EDITS: Mapping[str, Edit] = {**INSTALL_EDITS, **LIBRARY_EDITS}
EVERY_EDIT: Mapping[str, Edit] = {**EDITS, **LARGE_EDITS, **SMALL_EDITS, **MORE_EDITS}
WORDS = [("build",), ("check",), ("-q", "build"), ("build", "--exit-code"), ("check", "-q")]
HOUR = 3600 * 10**9


class Step(NamedTuple):
    """What happens before a call, how wrong the clock is then, and the words of the call."""

    edits: list[str]
    waits: bool
    is_late: bool
    words: tuple[str, ...]


def draw_steps(edits: Mapping[str, Edit]) -> st.SearchStrategy[list[Step]]:
    """Draw steps with some edits each, and now and then a clock that is late."""
    names = st.lists(st.sampled_from(sorted(edits)), max_size=3)
    is_late = st.sampled_from([False] * 9 + [True])
    step = st.builds(Step, names, st.booleans(), is_late, st.sampled_from(WORDS))
    return st.lists(step, min_size=1, max_size=5)


@settings(max_examples=count_cases(12))
@given(
    st.one_of(
        draw_steps(SMALL_EDITS), draw_steps({**SMALL_EDITS, **MORE_EDITS}), draw_steps(EVERY_EDIT)
    ),
    st.sampled_from([{}, LISTED, INSTALLED, WITH_FOLDER, WITH_PACKAGE]),
    st.booleans(),
)
def test_a_run_after_any_changes_does_what_a_whole_one_does(
    steps: list[Step], shared: Mapping[str, str], is_checked: bool
) -> None:
    files = {**SIBLINGS, **shared}
    clock, late = time.time_ns, False
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        begin_process(patch.setattr)
        patch.setattr(time, "time_ns", lambda: clock() - (HOUR if late else 0))
        folder = Path(name).resolve()
        records, project = Records(folder / "cache"), make_project(folder / "project", files)
        patch.syspath_prepend(str(install(folder / "site")))
        for words in [("install",)] * (shared is INSTALLED):
            assert call(*words, cwd=project).code == 0
        time.sleep(EARLIER)
        records.start("build", cwd=project)
        for words in [("check",)] * is_checked:
            records.start(*words, cwd=project)
        for number, step in enumerate(steps):
            for edit in step.edits:
                EVERY_EDIT[edit](project)
            late, found = step.is_late, folder / f"found-{number}"
            if step.waits:
                time.sleep(EARLIER)
            shutil.copytree(project, found, symlinks=True)
            for command in (step.words, ("check",)):
                done = records.start(*command, cwd=project).result
                assert done == call(*command, "--no-cache", cwd=found)
                assert snapshot(project) == snapshot(found)
                assert list_modes(project) == list_modes(found)
            shutil.rmtree(found)


def list_modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_mode for path in folder.rglob("*")}


# A part of the manifest.

WORDS_OF_RECORDS = st.text(max_size=5) | st.sampled_from(
    ['"pack": "a"', '\n      "pack": "a"', "}"]
)
RECORDS = st.fixed_dictionaries(
    {"sha256": WORDS_OF_RECORDS, "pack": st.sampled_from(["a", "b", "ab", "a-b"])},
    optional={"file": WORDS_OF_RECORDS, "as": WORDS_OF_RECORDS},
)
PATHS = st.text('ab\n"\\é{}: ', min_size=1, max_size=6)


@given(
    st.dictionaries(PATHS, RECORDS, max_size=6),
    st.frozensets(st.sampled_from(["a", "b", "c"])),
    st.dictionaries(PATHS, WORDS_OF_RECORDS, max_size=2),
)
def test_a_part_of_a_manifest_is_put_back_in_its_place(
    files: dict[str, dict[str, str]], packs: frozenset[str], library: dict[str, str]
) -> None:
    """It is read as from the whole, and with other records the text is that of the whole."""
    whole = Manifest(dict(sorted(files.items())), tool="1", library=library)
    content = format_manifest(whole)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / MANIFEST).write_bytes(content)
        assert read_part(folder, packs, "another digest") is None
        part = read_part(folder, packs, hash_bytes(content))
    own = {path: record for path, record in whole.files.items() if record["pack"] in packs}
    if not files:
        return
    assert part
    assert (part.files, part.tool, part.library) == (own, whole.tool, whole.library)
    assert format_manifest(part) == content
    changed = {path: {**record, "sha256": "new"} for path, record in own.items()}
    files = {path: changed.get(path, record) for path, record in whole.files.items()}
    new = format_manifest(dataclasses.replace(part, files=changed, pending=own, tool="2"))
    assert new == format_manifest(dataclasses.replace(whole, files=files, pending=own, tool="2"))
    assert json.loads(new)["files"] == files


# What is kept.

LEAVES = st.none() | st.integers(-2, 9) | st.text(max_size=6) | st.sampled_from(["up", "packs/up"])
JSON = (
    LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(st.text(max_size=5), LEAVES, max_size=3)
)
KEYS = ("folder", "files", "facts", "paths", "reads", "records", "manifest", "installed")


@settings(max_examples=count_cases(16))
@given(st.sampled_from(KEYS), JSON, st.sampled_from([None, None, "", "[]", "{"]))
def test_what_is_kept_can_be_anything(key: str, value: object, text: str | None) -> None:
    """A record of this user that makes no sense has everything looked at."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        begin_process(patch.setattr)
        folder = Path(name).resolve()
        records, project = Records(folder / "cache"), make_project(folder / "many", SIBLINGS)
        time.sleep(EARLIER)
        records.start("build", cwd=project)
        SMALL_EDITS["text of west"](project)
        (file,) = records.list_records()
        record = parse_record(file.read_bytes())
        assert record
        changed = {**json.loads(record.kept[0]), key: value}
        record.kept = [json.dumps(changed) if text is None else text]
        file.write_bytes(encode_record(record))
        done = records.start("build", cwd=project).result
        assert (done.code, done.err) == (0, "")
        assert "1 written" in done.out
        assert call("check", cwd=project).code == 0
