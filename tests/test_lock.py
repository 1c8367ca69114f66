"""What `make`, the action and a release install is locked: the versions and hashes of all of it."""

import json
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {
    name: ROOT / f"requirements-{name}.lock" for name in ("dev", "action", "formats", "release")
}
CLIENTS = ROOT / "tests" / "clients"
INSTALLS = (
    *LOCKS.values(),
    *(CLIENTS / "package-lock.json", CLIENTS / "package.json", CLIENTS / "install"),
    *(CLIENTS / "evaluation/package-lock.json", CLIENTS / "evaluation/package.json"),
    *(CLIENTS / "formats/package-lock.json", CLIENTS / "formats/package.json"),
    *(ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "action.yml"),
    *(ROOT / ".ci" / "run", ROOT / ".ci" / "release"),
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = ("3.11.0", "3.11.9", "3.12.0", "3.13.0")
MACHINES = {
    "Linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "macOS": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "Windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}


class Entry(NamedTuple):
    """One locked version, where it is for, and the hashes of its files."""

    name: str
    version: Version
    marker: Marker | None
    hashes: tuple[str, ...]


def read_lock(lock: str) -> Iterator[Entry]:
    """Yield the entries of a lock; a line is a requirement with its hashes, or a comment."""
    lines = LOCKS[lock].read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            asked, *hashes = line.split("--hash=")
            requirement = Requirement(asked.strip())
            (version,) = requirement.specifier
            assert version.operator == "=="
            name = canonicalize_name(requirement.name)
            yield Entry(name, Version(version.version), requirement.marker, tuple(hashes))


def read_requirements(lock: str) -> Iterator[Requirement]:
    """Yield what a lock is for: to build promptpack and run it, to develop it, or to release it.

    Or it is for a group of dependencies by the same name.
    """
    if lock in PROJECT["dependency-groups"]:
        yield from map(Requirement, PROJECT["dependency-groups"][lock])
        return
    extras = PROJECT["project"]["optional-dependencies"]
    own = PROJECT["project"]["name"]
    asked = [*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"]]
    for requirement in map(Requirement, [*asked, *(extras["dev"] if lock == "dev" else ())]):
        if requirement.name == own:
            for inner in requirement.extras:
                yield from map(Requirement, extras[inner])
        else:
            yield requirement


ENTRIES = {lock: tuple(read_lock(lock)) for lock in LOCKS}
PLACES = [(machine, python) for machine in MACHINES for python in PYTHONS]


def describe_place(machine: str, python: str) -> dict[str, str]:
    """Return what markers of requirements are evaluated with."""
    return {
        **MACHINES[machine],
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }


def find_locked(lock: str, name: str, where: dict[str, str]) -> Entry:
    """Return the one entry of a lock that holds for a package in a place."""
    named = [entry for entry in ENTRIES[lock] if entry.name == canonicalize_name(name)]
    (locked,) = (e for e in named if e.marker is None or e.marker.evaluate(where))
    return locked


@pytest.mark.parametrize(("machine", "python"), PLACES)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_requirement_is_locked_once_on_every_machine(
    lock: str, machine: str, python: str
) -> None:
    requirements = [*read_requirements(lock)]
    assert requirements
    for requirement in requirements:
        locked = find_locked(lock, requirement.name, describe_place(machine, python))
        assert locked.version in requirement.specifier


@pytest.mark.parametrize(("machine", "python"), PLACES)
def test_the_action_needs_nothing_that_is_not_locked(machine: str, python: str) -> None:
    """What the packages of the lock ask for themselves is known here: they are installed."""
    where = describe_place(machine, python)
    for entry in ENTRIES["action"]:
        for asked in map(Requirement, metadata.requires(entry.name) or ()):
            if asked.marker is None or asked.marker.evaluate(where):
                assert find_locked("action", asked.name, where).version in asked.specifier


def test_the_action_has_the_versions_that_are_tested() -> None:
    tested = {(entry.name, entry.version): entry.hashes for entry in ENTRIES["dev"]}
    for entry in ENTRIES["action"]:
        hashes = {one.strip() for one in tested[entry.name, entry.version]}
        assert {one.strip() for one in entry.hashes} == hashes


@pytest.mark.parametrize("lock", LOCKS)
def test_an_entry_has_the_hashes_of_its_files(lock: str) -> None:
    for entry in ENTRIES[lock]:
        assert entry.hashes, entry.name
        for one in entry.hashes:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}\s*", one)


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_index_and_no_machine(lock: str) -> None:
    text = LOCKS[lock].read_text(encoding="utf-8")
    assert text.startswith(
        "# This file was autogenerated by uv via the following command:\n#    make lock\n"
    )
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=)", text, re.MULTILINE)
    assert not re.search(r"(^|\s)~?\.{0,2}/", text)
    assert not re.search(r"\s@\s", text)


@pytest.mark.parametrize("path", INSTALLS, ids=lambda path: path.name)
def test_what_installs_names_no_index_and_no_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"index-url|find-links|trusted-host|--registry|\.(npm|pip)rc", text)
    assert str(ROOT) not in text


@pytest.mark.parametrize(
    "folder", [CLIENTS, CLIENTS / "evaluation", CLIENTS / "formats"], ids=lambda path: path.name
)
def test_the_real_clients_are_locked_with_hashes_and_no_address(folder: Path) -> None:
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    pinned = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = dict(lock["packages"])
    assert packages.pop("")["dependencies"] == pinned
    assert {n: packages[f"node_modules/{n}"]["version"] for n in pinned} == pinned
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
