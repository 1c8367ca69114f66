"""The record of an unchanged run: what it answers, what it notices, and whom it trusts."""

import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.output import record as records_of_runs
from promptpack.output import recording
from promptpack.output.record import Record, encode_record, name_record, parse_record
from records import (
    EARLIER,
    EDITS,
    EMPTY_EDITS,
    LIST,
    OUTPUT,
    SHARED,
    Records,
    begin_process,
    forge,
    write,
)
from support import DEMO, Result, built, call, count_cases, make_project, run, snapshot, write_files

REPOSITORY = Path(__file__).parents[1]
LISTED = {SHARED: f"permissions: {LIST}\n"}

LOADED = """
import sys
before = {*sys.modules}
from promptpack.__main__ import main
main()
print(*sorted({*sys.modules} - before), file=sys.stderr)
"""


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Records:
    """Return the program as it starts, with a cache folder of its own."""
    begin_process(monkeypatch.setattr)
    return Records(tmp_path / "cache")


def list_modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_mode for path in folder.rglob("*")}


def list_changes(folder: Path) -> dict[str, tuple[int, int]]:
    """Return when each file was changed last, and which file it is."""
    found = {str(path): path.lstat() for path in folder.rglob("*")}
    return {path: (status.st_ctime_ns, status.st_ino) for path, status in found.items()}


CALLS = [
    ("build",),
    ("check",),
    ("-q", "build"),
    ("build", "--exit-code"),
    ("build", "--pack", "demo"),
    ("check", "--policy", "look"),
    ("--color", "always", "build"),
    ("check", "--color", "always"),
    ("build", "--out", "elsewhere"),
]


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_a_record_prints_what_a_whole_run_prints(
    records: Records, project: Path, words: tuple[str, ...]
) -> None:
    write(SHARED, LISTED[SHARED])(project)
    call("build", cwd=project)
    done, was_recorded = records.settle(*words, cwd=project)
    before = snapshot(project)
    whole = call(*words, "--no-cache", cwd=project)
    assert (done, was_recorded) == (whole, True)
    assert snapshot(project) == before


def test_a_first_build_leaves_a_record(records: Records, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", LISTED)
    time.sleep(EARLIER)
    first = records.start("build", cwd=project)
    second = records.start("build", cwd=project)
    third = records.start("build", cwd=project)
    assert "2 written" in first.result.out
    assert (second.was_recorded, third.was_recorded) == (True, True)
    assert second.result == third.result == call("build", cwd=project)


def test_a_project_elsewhere_is_named_by_its_own_words(records: Records, project: Path) -> None:
    for words in (("-C", project, "check"), ("check", "-C", "project")):
        done, was_recorded = records.settle(*words, cwd=project.parent)
        assert (done, was_recorded) == (call(*words, cwd=project.parent), True)
    inner = records.settle("check", cwd=project / "packs/demo")
    assert inner == (call("check", cwd=project / "packs/demo"), True)
    (project / "packs/demo/packs").mkdir()
    assert not records.start("check", cwd=project / "packs/demo").was_recorded


def test_a_link_to_a_project_may_lead_to_another_one(
    records: Records, project: Path, tmp_path: Path
) -> None:
    link, other = tmp_path / "link", tmp_path / "other"
    link.symlink_to(project)
    shutil.copytree(project, other)
    forge(OUTPUT)(other)
    assert records.settle("-C", link, "check", cwd=tmp_path).was_recorded
    link.unlink()
    link.symlink_to(other)
    done, was_recorded = records.start("-C", link, "check", cwd=tmp_path)
    assert (done.code, was_recorded) == (1, False)


WITHOUT = [
    ("build", "--format", "json"),
    ("--format", "json", "check"),
    ("-v", "build"),
    ("check", "-v"),
    ("build", "--no-cache"),
    ("check", "--no-cache"),
    ("build", "--force"),
    ("list",),
    ("lint",),
]


@pytest.mark.parametrize("words", WITHOUT, ids=" ".join)
def test_what_prints_data_or_details_has_no_record(
    records: Records, project: Path, words: tuple[str, ...]
) -> None:
    assert not records.settle(*words, cwd=project).was_recorded
    assert records.list_records() == []


NAMES = sorted(EDITS)[:: 3 // min(3, count_cases(2))]
"""A third of all edits; the property below draws from all of them."""


@pytest.mark.parametrize("name", NAMES)
def test_any_change_has_everything_looked_at(records: Records, project: Path, name: str) -> None:
    write_files(project, LISTED)
    call("build", cwd=project)
    assert records.settle("check", cwd=project).was_recorded
    before = list_changes(project)
    EDITS[name](project)
    has_work = before != list_changes(project)
    assert records.start("check", cwd=project).was_recorded != has_work


def test_what_changed_nothing_is_recorded_again(records: Records, project: Path) -> None:
    for name in ("source touched", "output's mode", "folder's mode"):
        assert records.settle("build", cwd=project).was_recorded
        EMPTY_EDITS[name](project)
        assert not records.start("build", cwd=project).was_recorded


INSTALLED = """\
installations:
  - {into: ., targets: [opencode], variant: tiny.look}
  - {into: ../shop, targets: [opencode], variant: tiny.look}
"""


def test_installations_are_looked_at(records: Records, tmp_path: Path) -> None:
    """Those out of reach too: something may have been installed there since."""
    project = built(tmp_path / "project", {SHARED: INSTALLED})
    shop = project.parent / "shop"
    shop.mkdir()
    assert call("install", "--yes", "--into", ".", cwd=project).code == 0
    done, was_recorded = records.settle("check", cwd=project)
    assert (done, was_recorded) == (call("check", cwd=project), True)
    assert "nothing is installed in '../shop'" in done.err
    call("install", "--yes", "--into", "../shop", cwd=project)
    assert "shop" not in records.start("check", cwd=project).result.err
    assert records.settle("check", cwd=project).was_recorded
    forge(".opencode/agents/demo.md")(shop)
    edited = records.start("check", cwd=project)
    assert (edited.result.code, edited.was_recorded) == (1, False)
    shutil.rmtree(shop)
    assert not records.start("check", cwd=project).was_recorded


def test_a_repository_that_appears_puts_an_installation_within_reach(
    records: Records, tmp_path: Path
) -> None:
    project = built(tmp_path / "project", {SHARED: INSTALLED.replace("  - {into: .,", "  #")})
    (tmp_path / "shop").mkdir()
    assert records.settle("check", cwd=project).was_recorded
    (tmp_path / ".git").mkdir()
    done, was_recorded = records.start("check", cwd=project)
    assert (done.code, was_recorded) == (1, False)


def test_a_shared_file_is_looked_at(records: Records, tmp_path: Path) -> None:
    pack = DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[agents-md]")
    entry = "installations: [{into: ., targets: [agents-md], variant: tiny.look}]\n"
    project = built(tmp_path / "project", {"packs/demo/pack.yaml": pack, SHARED: entry})
    assert call("install", "--yes", cwd=project).code == 0
    assert records.settle("check", cwd=project).was_recorded
    file = project / "AGENTS.md"
    file.write_text(f"# Ours\n\n{file.read_text()}")
    assert not records.start("check", cwd=project).was_recorded
    assert records.settle("check", cwd=project).was_recorded
    file.rename(project / "CLAUDE.md")
    assert records.start("check", cwd=project).result.code == 1


@pytest.mark.parametrize("words", [("build",), ("check",)], ids=" ".join)
def test_a_repository_or_project_that_appears_is_seen(
    records: Records, project: Path, words: tuple[str, ...]
) -> None:
    assert records.settle(*words, cwd=project).was_recorded
    (project / "dist/.git").mkdir()
    done = records.start(*words, cwd=project)
    assert (done.result.code, done.was_recorded) == (2, False)
    assert "root of another repository" in done.result.err


@pytest.mark.parametrize("path", [OUTPUT, "dist"])
def test_a_change_within_one_tick_of_the_clock_is_seen(
    records: Records, project: Path, path: str
) -> None:
    """What was changed so lately that its time proves nothing is held against its digest."""
    assert records.settle("check", cwd=project).was_recorded
    (file,) = records.list_records()
    record = parse_record(file.read_bytes())
    assert record
    place = str(project / path)
    record.fresh = [place, records_of_runs.hash_place(place)]
    file.write_bytes(encode_record(record))
    assert records.start("check", cwd=project).was_recorded
    stored = parse_record(file.read_bytes())
    assert stored
    assert stored.fresh == []  # it is older now, so its time is enough
    forge(OUTPUT)(project)
    write("dist/more.txt", "Mine.\n")(project)
    for one in (OUTPUT, "dist", "dist/opencode"):
        other = str(project / one)
        record.states[record.paths.index(other)] = records_of_runs.describe_entry(other)
    file.write_bytes(encode_record(record))
    assert not records.start("check", cwd=project).was_recorded


def change_role(records: Records, project: Path, *, is_known: bool) -> Path:
    """Edit a source of one of three packs; if `is_known`, few changes are all that is to do."""
    for name in ("other", "third"):
        shutil.copytree(project / "packs/demo", project / "packs" / name)
        pack = project / "packs" / name / "pack.yaml"
        pack.write_text(pack.read_text().replace("name: demo", f"name: {name}"))
    if is_known:
        assert records.settle("build", cwd=project).was_recorded
    time.sleep(EARLIER)
    role = project / "packs/demo/role.md"
    role.write_text("You answer briefly.\n")
    return role


@pytest.mark.parametrize("is_known", [True, False], ids=["few changes", "whole"])
@pytest.mark.parametrize(("age", "wait"), [(10, 40), (49, 1), (50, 0), (-1, 0)])
def test_a_source_that_was_changed_just_now_is_waited_for(
    records: Records,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_known: bool,
    age: int,
    wait: int,
) -> None:
    """With a clock that stands still but for waiting, and is `age` ms after the change."""
    role = change_role(records, project, is_known=is_known)
    waits: list[float] = []
    start = role.stat().st_ctime_ns + age * 1_000_000
    monkeypatch.setattr(time, "time_ns", lambda: start + round(sum(waits) * 1e9))
    monkeypatch.setattr(time, "sleep", waits.append)
    assert not records.start("build", cwd=project).was_recorded
    assert waits == ([wait / 1000] if wait else [])
    assert records.start("build", cwd=project).was_recorded == (age >= 0)


@pytest.mark.parametrize("is_known", [True, False], ids=["few changes", "whole"])
def test_a_source_that_was_changed_just_now_is_looked_at_again(
    records: Records, project: Path, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    """Where the run itself took so long meanwhile that there is nothing left to wait for."""
    role = change_role(records, project, is_known=is_known)
    clock = role.stat().st_ctime_ns + 20_000_000
    wait_for = records_of_runs.wait_for

    def wait_later(states: list[str], then: int) -> bool:
        nonlocal clock
        clock += 60_000_000
        return wait_for(states, then)

    monkeypatch.setattr(time, "time_ns", lambda: clock)
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("there is nothing to wait for"))
    for module in (records_of_runs, recording):
        monkeypatch.setattr(module, "wait_for", wait_later)
    assert not records.start("build", cwd=project).was_recorded
    assert records.start("build", cwd=project).was_recorded


def test_a_clock_that_was_set_back_has_everything_looked_at(
    records: Records, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert records.settle("build", cwd=project).was_recorded
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() - 3600 * 10**9)
    assert not records.settle("build", cwd=project).was_recorded


# The start of the program.


def test_an_unchanged_run_loads_nothing(project: Path, tmp_path: Path) -> None:
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    for words in (["build"], ["check"]):
        for _ in range(2):
            time.sleep(EARLIER)
            done = run(*words, cwd=project, env=env, code=LOADED)
        *_, last = done.err.splitlines()
        assert {*last.split()} - {"binascii"} == {
            *("promptpack", "promptpack.__main__", "promptpack.version"),
            *("promptpack.output", "promptpack.output.record"),
        }
        assert Result(done.code, done.out, "") == call(*words, cwd=project)
    version = run("--version", cwd=project, code=LOADED)
    assert "click" not in version.err
    assert version.out == run("--version", "-v", cwd=project).out


@pytest.mark.skipif(os.name != "posix", reason="needs a full device and closed streams")
def test_an_answer_that_can_not_be_printed_is_left_to_the_command_line(
    project: Path, tmp_path: Path
) -> None:
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert run("check", cwd=project, env=env).code == 0
    for words in (["--version"], ["check"]):
        redirected = f"import os, sys; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)\n{LOADED}"
        full = run(*words, cwd=project, env=env, code=redirected)
        closed = run(*words, cwd=project, env=env, code=f"import sys; sys.stdout = None\n{LOADED}")
        assert (full.code, closed.code) == (4, 0), (full, closed)


def test_our_own_files_are_looked_at(tmp_path: Path) -> None:
    """A module or a library file that is another one has everything looked at."""
    ignored = shutil.ignore_patterns("__pycache__")
    package = tmp_path / "lib/generator"
    shutil.copytree(REPOSITORY / "generator", package, ignore=ignored)
    shutil.copytree(REPOSITORY / "templates", tmp_path / "lib/templates")
    zero_trust = "templates/fragments/ethics/zero-trust.md"
    pack = DEMO["packs/demo/pack.yaml"].replace("- standards/small-steps", "- ethics/zero-trust")
    project = make_project(tmp_path / "project", {"packs/demo/pack.yaml": pack})
    env = {"PYTHONPATH": str(package), "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def build() -> tuple[bool, str]:
        time.sleep(EARLIER)
        done = run("build", cwd=project, env=env, code=LOADED)
        assert done.code == 0, done.err
        return "promptpack.output.record" in done.err, done.out

    build()
    assert [build()[0] for _ in range(2)][-1]
    library = tmp_path / "lib" / zero_trust
    library.write_text(library.read_text() + "\nAlways.\n")
    was_recorded, out = build()
    assert (was_recorded, "2 written" in out) == (False, True)
    assert build()[0]
    module = package / "promptpack/targets/opencode.py"
    module.write_text(module.read_text() + "\n")
    assert not build()[0]


# Whom it trusts.


def make_file(records: Records) -> None:
    records.cache.mkdir()
    records.folder.write_text("no folder")


def make_open(records: Records) -> None:
    records.folder.mkdir(parents=True)
    records.folder.chmod(0o770)


def make_linked(records: Records) -> None:
    (records.cache / "real").mkdir(parents=True)
    records.cache.chmod(0o777)
    records.folder.symlink_to("real")
    (records.cache / "real").chmod(0o777)


def make_foreign(records: Records) -> None:
    records.folder.mkdir(parents=True)
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    os.chown(records.folder, 4321, 4321)


@pytest.mark.parametrize("make", [make_file, make_open, make_linked, make_foreign])
def test_a_cache_folder_of_others_is_left_alone(
    records: Records, project: Path, make: object
) -> None:
    assert callable(make)
    make(records)
    before = snapshot(records.cache)
    done, was_recorded = records.settle("check", cwd=project)
    assert (done, was_recorded) == (call("check", cwd=project), False)
    assert snapshot(records.cache) == before


def test_no_record_is_in_a_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin_process(monkeypatch.setattr)
    inner = Records(project / "packs/.cache")
    before = snapshot(project)
    assert not inner.settle("check", cwd=project).was_recorded
    beside = Records(project / ".cache")
    assert not beside.settle("check", cwd=project).was_recorded
    assert snapshot(project) == before


def test_where_files_have_no_change_time_there_is_no_record(
    records: Records, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows there are no users' numbers either."""
    assert records.settle("check", cwd=project).was_recorded
    monkeypatch.chdir(project)
    monkeypatch.setenv("XDG_CACHE_HOME", str(records.cache))
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        patch.delattr(os, "geteuid")
        found = (
            records_of_runs.find_unchanged(["check"]).printed,
            records_of_runs.find_cache_folder(),
        )
    assert found == (None, "")


def test_without_a_home_there_is_no_record(project: Path) -> None:
    for env in ({"HOME": ""}, {"HOME": "here"}, {"XDG_CACHE_HOME": "here", "HOME": ""}):
        assert call("build", cwd=project, env=env).code == 0
        assert "here" not in " ".join(snapshot(project))


def test_a_record_is_for_its_owner_alone(records: Records, project: Path) -> None:
    assert records.settle("check", cwd=project).was_recorded
    (file,) = records.list_records()
    assert file.stat().st_mode & 0o777 == 0o600
    assert records.folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in records.folder.iterdir()] == [file.name]
    file.chmod(0o640)
    assert not records.start("check", cwd=project).was_recorded
    assert file.stat().st_mode & 0o777 == 0o600
    assert records.start("check", cwd=project).was_recorded
    other = file.rename(file.with_name("other"))
    file.symlink_to(other)
    assert not records.start("check", cwd=project).was_recorded


def test_records_that_are_large_or_many_go(
    records: Records, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert records.settle("check", cwd=project).was_recorded
    monkeypatch.setattr(records_of_runs, "LIMIT", 1000)
    assert not records.settle("check", cwd=project).was_recorded
    monkeypatch.undo()
    begin_process(monkeypatch.setattr)
    monkeypatch.setattr(records_of_runs, "MOST_RECORDS", 3)
    for place in ("a", "b", "c", "d", "e"):
        records.settle("build", "--out", place, cwd=project)
        assert len(records.list_records()) <= 3
    assert records.start("build", "--out", "e", cwd=project).was_recorded
    assert not records.start("check", cwd=project).was_recorded


@pytest.mark.parametrize("strays", [0, 20])
def test_an_output_folder_may_hold_more_the_more_is_built(
    records: Records, project: Path, monkeypatch: pytest.MonkeyPatch, strays: int
) -> None:
    """Two files are built, so there may be two more than the limit says."""
    call("build", cwd=project)
    write_files(project / "dist", {f"notes/{number}": "x" for number in range(strays)})
    count = len([*(project / "dist").rglob("*")]) + 1
    monkeypatch.setattr(recording, "ENTRY_LIMIT", count - 3)
    assert not records.settle("build", cwd=project).was_recorded
    monkeypatch.setattr(recording, "ENTRY_LIMIT", count - 2)
    assert records.settle("build", cwd=project).was_recorded


# Broken records.

SMALL = encode_record(
    Record(["a", "b"], ["1"], ["oText\n"], [], ["/x"], ["-"], ["/"], ["1 2 3"], [], ["{}"])
)


def test_no_byte_of_a_record_can_be_another() -> None:
    assert parse_record(SMALL)
    for position in range(len(SMALL)):
        for change in range(1, 256):
            broken = bytearray(SMALL)
            broken[position] ^= change
            assert parse_record(bytes(broken)) is None
        assert parse_record(SMALL[:position]) is None
        assert parse_record(SMALL[:position] + b"x" + SMALL[position:]) is None


def test_a_broken_record_is_no_record(records: Records, project: Path) -> None:
    """Of one that describes the project as it is: nothing but the record is wrong."""
    whole = call("check", cwd=project)
    assert records.settle("check", cwd=project).was_recorded
    (file,) = records.list_records()
    content = file.read_bytes()
    for broken in (b"", content[:-1], content + b"\n", content.replace(b"record 2", b"record 1")):
        file.write_bytes(broken)
        assert records.start("check", cwd=project) == (whole, False)


words_of_records = st.lists(st.text(st.characters(exclude_characters="\0\1"), max_size=9))


@settings(max_examples=count_cases(200))
@given(st.lists(words_of_records, min_size=9, max_size=9), st.binary(max_size=40))
def test_a_record_of_anything_is_none_of_a_project(lists: list[list[str]], junk: bytes) -> None:
    """A sum that is right proves nothing: what a record says is held against what there is."""
    parse_record(junk)
    with tempfile.TemporaryDirectory() as name:
        cache = Records(Path(name))
        cache.folder.mkdir(mode=0o700)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", name)
            context = records_of_runs.describe_call(["check"])
            file = cache.folder / name_record(context)
            file.write_bytes(encode_record(Record(context, *lists)))
            file.chmod(0o600)
            found = records_of_runs.find_unchanged(["check"]).printed
        is_true = all(not one for one in lists[2:-1]) and lists[0][:1] in (["0"], ["1"])
        assert found is None or is_true or found == lists[1]


# Any sequence of changes.


@st.composite
def sequences(draw: st.DrawFn) -> list[tuple[list[str], bool, tuple[str, ...]]]:
    """Draw steps: the edits of each, whether time passes after them, and the call that follows."""
    step = st.tuples(
        st.lists(st.sampled_from(sorted(EDITS)), max_size=2),
        st.booleans(),
        st.sampled_from([("build",), ("check",), ("build", "--policy", "look")]),
    )
    return draw(st.lists(step, min_size=1, max_size=4))


@settings(max_examples=count_cases(12))
@given(sequences(), st.booleans())
def test_a_recorded_run_does_what_a_whole_one_does(
    steps: list[tuple[list[str], bool, tuple[str, ...]]], is_listed: bool
) -> None:
    files: Mapping[str, str] = LISTED if is_listed else {}
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        begin_process(patch.setattr)
        folder = Path(name).resolve()
        records, project = Records(folder / "cache"), make_project(folder / "project", files)
        time.sleep(EARLIER)
        for number, (edits, waits, words) in enumerate(steps):
            records.start(*words, cwd=project)
            for edit in edits:
                EDITS[edit](project)
            found = folder / f"found-{number}"
            if waits:
                time.sleep(EARLIER)
            shutil.copytree(project, found, symlinks=True)
            for again in (words, ("check",)):
                done, _ = records.start(*again, cwd=project)
                assert done == call(*again, "--no-cache", cwd=found)
                assert snapshot(project) == snapshot(found)
                assert list_modes(project) == list_modes(found)
