"""Fixtures for all tests."""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

import faults
import jail
import support
from forges import Api, Forge, make_first, served

# No test finds, or leaves, records of runs in the cache of whoever runs it; the clients are there.
_CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
os.environ.setdefault("PROMPTPACK_CLIENTS", str(Path(_CACHE, "promptpack", "clients")))
os.environ["XDG_CACHE_HOME"] = os.devnull

# Tests make thousands of small projects. In memory this takes half of the time that a disk takes.
_MEMORY = "/dev/shm"  # noqa: S108 - each folder in it is made by pytest, or by tempfile
_NEEDED = 2 << 30
if sys.platform == "linux" and os.access(_MEMORY, os.W_OK):
    _room = os.statvfs(_MEMORY)
    if _room.f_bavail * _room.f_frsize >= _NEEDED and not _room.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("TMPDIR", _MEMORY)
        tempfile.tempdir = None  # pytest has asked for it before

# Tests make many small objects that live on; looking for dead ones less often saves a tenth.
gc.set_threshold(50_000, 20, 20)

# A slow machine is no failure of ours: neither of one example nor of making them.
settings.register_profile(
    "any machine",
    deadline=None,
    max_examples=support.count_cases(200),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that try random cases, so that they can be run alone; check fault names."""
    for item in items:
        faults.check_names(item)
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj):
            item.add_marker("properties")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home folder that nothing may be written to."""
    return jail.make_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def checkout(home: Path) -> Iterator[jail.Watched]:
    """Return the checkout; with PROMPTPACK_ACCEPT a test may rewrite it, so it is left out."""
    watched = jail.Watched(home if os.environ.get("PROMPTPACK_ACCEPT") else jail.ROOT)
    yield watched
    watched.close()


@pytest.fixture(autouse=True)
def unharmed(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Fail a test that names a fault if anything outside of its own folder is not as it was."""
    if not faults.list_names(request.node):
        yield
        return
    folder = request.getfixturevalue("tmp_path")
    checkout = request.getfixturevalue("checkout")
    if request.node.get_closest_marker("clients") is None:  # the clients lie in the real one
        monkeypatch.setenv("HOME", str(home))
    before = jail.look(home, folder, checkout)
    yield
    changed = jail.list_changes(before, jail.look(home, folder, checkout))
    assert not changed, "changed outside of the test's folder"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the demo project in a folder of its own, built."""
    return support.built(tmp_path / "project")


@pytest.fixture
def api() -> Iterator[Api]:
    """Return a hosting service's API that records what it is asked."""
    with served(Api()) as api:
        yield api


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo project, built and committed, to be copied."""
    return make_first(tmp_path_factory.mktemp("committed") / "work")


@pytest.fixture
def forge(tmp_path: Path, committed: Path) -> Forge:
    """Return a repository with a branch that is to be merged."""
    shutil.copytree(committed, tmp_path / "work", symlinks=True)
    forge = Forge(tmp_path)
    forge.branch()
    return forge


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the modules that are long: a question to ask, and no failure."""
    package = Path(__file__).resolve().parents[1] / "generator" / "promptpack"
    for path in sorted(package.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > 400:
            terminalreporter.write_line(f"{path.name} has {lines} lines: does it hold two things?")
