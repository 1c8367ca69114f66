"""Same inputs, same bytes: the reference packs built on machines that differ in all but the files.

The first test also counts what a build emits, so that no client is forgotten on the way.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from promptpack.model import Pack
from promptpack.reading.project import load_project
from promptpack.rendering.variants import resolve_variants
from promptpack.targets import TARGETS
from support import DEMO, built, call, make_project, run, snapshot, tree_hash

REPOSITORY = Path(__file__).parents[1]

REVERSED = """
import os
from promptpack.cli import main

class Reversed:
    def __init__(self, entries):
        self.entries = reversed(sorted(entries, key=lambda entry: entry.name))
    __enter__ = __iter__ = lambda self: self
    __exit__ = lambda self, *_: None
    __next__ = lambda self: next(self.entries)

listdir, scandir = os.listdir, os.scandir
os.listdir = lambda *args: sorted(listdir(*args), reverse=True)
os.scandir = lambda *args: Reversed(scandir(*args))
main()
"""
"""A file system that lists its folders the other way round."""

AT = """
import datetime, sys, time
now = float(sys.argv.pop(1))
clocks = {name: getattr(time, name) for name in ("gmtime", "localtime", "strftime", "ctime")}

class Day(datetime.date):
    today = classmethod(lambda cls: cls.fromtimestamp(now))

class Moment(datetime.datetime):
    now = classmethod(lambda cls, zone=None: cls.fromtimestamp(now, zone))
    today = utcnow = now

time.time, time.time_ns = lambda: now, lambda: int(now) * 10**9
time.gmtime = lambda at=now: clocks["gmtime"](at)
time.localtime = lambda at=now: clocks["localtime"](at)
time.ctime = lambda at=now: clocks["ctime"](at)
time.strftime = lambda form, at=None: clocks["strftime"](form, at or time.localtime())
datetime.date, datetime.datetime = Day, Moment
from promptpack.cli import main
main()
"""
"""A clock that is wrong, whichever way it is read."""


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the reference packs as this process builds them."""
    out = tmp_path_factory.mktemp("reference") / "dist"
    done = call("build", "--out", out, cwd=REPOSITORY)
    assert done.code == 0, done.err
    return out


def clients(pack: Pack) -> set[str]:
    usual = {name for name, target in TARGETS.items() if not target.is_named_only}
    named = set(pack.targets or usual)
    if pack.kind != "command":
        return named
    return {n for n, t in TARGETS.items() if t.command and t.command.client in named}


def test_a_build_emits_every_variant_for_every_client(reference: Path) -> None:
    project = load_project(REPOSITORY)
    wanted = {
        (variant.pack.name, variant.model.name, variant.policy.name, target)
        for variant in resolve_variants(project)
        for target in clients(variant.pack)
    }
    said = json.loads(call("build", "--out", reference, "--format", "json", cwd=REPOSITORY).out)
    keys = ("pack", "model", "policy", "target")
    assert {tuple(artifact[key] for key in keys) for artifact in said["artifacts"]} == wanted
    assert len(said["artifacts"]) == len(wanted)
    files = {path.relative_to(reference).as_posix() for path in reference.rglob("*.*")}
    paths = {artifact["path"] for artifact in said["artifacts"]}
    assert {name for name in files if (reference / name).is_file()} == {*paths, ".promptpack.json"}
    assert (said["written"], said["unchanged"], said["removed"]) == (0, len(paths), 0)


@pytest.mark.fault(54)
def test_a_second_build_writes_nothing(reference: Path) -> None:
    before = tree_hash(reference), [path.stat().st_mtime_ns for path in reference.rglob("*")]
    done = call("build", "--out", reference, cwd=REPOSITORY)
    assert (done.code, ": 0 written" in done.out) == (0, True)
    assert call("check", "--out", reference, cwd=REPOSITORY).code == 0
    after = tree_hash(reference), [path.stat().st_mtime_ns for path in reference.rglob("*")]
    assert after == before


@pytest.mark.fault(52)
@pytest.mark.parametrize(
    ("env", "code"),
    [
        ({"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"}, ""),
        ({"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "2"}, ""),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, ""),
        ({}, REVERSED),
    ],
    ids=["time zone", "Turkish", "ascii", "reversed listing"],
)
def test_another_machine(
    env: Mapping[str, str], code: str, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "dist"
    done = run("-C", REPOSITORY, "build", "--out", out, cwd=tmp_path, env=env, code=code)
    assert done.code == 0, done.err
    assert tree_hash(out) == tree_hash(reference)


@pytest.mark.fault(53)
@pytest.mark.parametrize("now", [0, 2_208_988_800], ids=["1970", "2040"])
def test_another_date(now: int, reference: Path, tmp_path: Path) -> None:
    for name in ("packs", "templates"):
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    for path in [*tmp_path.rglob("*")]:
        os.utime(path, (now, now))
    arguments = (str(now), "build", "--out", "out")
    done = run(*arguments, cwd=tmp_path, env={"SOURCE_DATE_EPOCH": "1"}, code=AT)
    assert done.code == 0, done.err
    assert tree_hash(tmp_path / "out") == tree_hash(reference)


@pytest.mark.fault(52)
def test_another_place(reference: Path, tmp_path: Path) -> None:
    root = tmp_path / "a folder, caf\u00e9"
    for name in ("packs", "templates"):
        shutil.copytree(REPOSITORY / name, root / name)
    done = run("build", cwd=root / "packs")
    assert done.code == 0, done.err
    assert tree_hash(root / "dist") == tree_hash(reference)


@pytest.mark.fault(52, 55)
def test_another_umask(tmp_path: Path) -> None:
    wanted = snapshot(built(tmp_path / "one") / "dist")
    project = make_project(tmp_path / "two")
    before = os.umask(0o077)
    try:
        done = call("build", cwd=project)
    finally:
        os.umask(before)
    assert (done.code, snapshot(project / "dist")) == (0, wanted)
    files = [path for path in (project / "dist").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


@pytest.mark.fault(40)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "BOM"])
@pytest.mark.parametrize("end", ["\r\n", "\r"], ids=["CRLF", "CR"])
def test_another_editor(mark: str, end: str, tmp_path: Path) -> None:
    wanted = snapshot(built(tmp_path / "one") / "dist")
    files = {name: mark + text.replace("\n", end) for name, text in DEMO.items()}
    assert snapshot(built(tmp_path / "two", files) / "dist") == wanted


def test_another_source_is_noticed(tmp_path: Path) -> None:
    one = tree_hash(built(tmp_path / "one") / "dist")
    assert one != tree_hash(built(tmp_path / "two", {"packs/demo/role.md": "New.\n"}) / "dist")
    assert one == tree_hash(built(tmp_path / "three", {"packs/demo/README.md": "New.\n"}) / "dist")
