"""Every fault has a test, and what is held around such a test notices what it should."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import faults
import jail
import support

MODULE = """
import pytest
pytestmark = [pytest.mark.fault(1)]

@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.fault("b"))])
@pytest.mark.fault(2, "a")
def test_cases(x): ...

@pytest.mark.fault(3)
class Group:
    def test_inner(self): ...
    def helper(self): ...

TABLE = {"P": "c", "Q": "d"}
CASES = [pytest.param(one, marks=pytest.mark.fault(TABLE[one])) for one in TABLE]

@pytest.mark.parametrize("x", CASES)
def test_table(x): ...
"""


def test_every_fault_has_a_test() -> None:
    held = {name for holder in faults.list_holders() for name in holder.faults}
    missing = [name for name in faults.read_titles() if name not in held]
    assert not missing
    assert held <= faults.read_titles().keys()


def test_a_fault_stands_in_the_list_once() -> None:
    areas = faults.read_areas().values()
    assert sum(map(len, areas)) == len(faults.read_titles())
    numbers = [name for name in faults.read_titles() if isinstance(name, int)]
    assert sorted(numbers) == [*range(1, 56), *range(58, 69)]


def test_marks_of_a_module_a_class_a_test_and_a_case_are_found() -> None:
    assert dict(faults.find_marks(MODULE)) == {
        "test_cases": {1, 2, "a", "b"},
        "test_inner": {1, 3},
        "test_table": {1, "c", "d"},
    }
    assert not dict(faults.find_marks(MODULE.replace("fault", "skip")))


def overwrite(path: Path) -> None:
    path.write_text("x" * path.stat().st_size, encoding="utf-8")


def replace(path: Path) -> None:
    twin = path.with_name(".twin")
    twin.write_bytes(path.read_bytes())
    status = path.stat()
    os.utime(twin, ns=(status.st_atime_ns, status.st_mtime_ns))
    twin.replace(path)


@pytest.mark.parametrize(
    "harm",
    [
        lambda outside: overwrite(outside / "checkout/packs/demo/role.md"),
        lambda outside: replace(outside / "checkout/packs/demo/role.md"),
        lambda outside: (outside / "checkout/templates/new.md").write_text(""),
        lambda outside: (outside / "checkout/packs/demo/pack.yaml").unlink(),
        lambda outside: overwrite(outside / "home/.ssh/id_ed25519"),
        lambda outside: (outside / "home/link").symlink_to("x"),
        lambda outside: (outside / "evil").mkdir(),
    ],
    ids=["overwritten", "replaced", "added", "removed", "in the home", "a link", "beside"],
)
def test_harm_outside_is_noticed(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    home, checkout = jail.make_home(tmp_path / "home"), tmp_path / "checkout"
    support.make_project(checkout)
    before = jail.look(home, tmp_path / "inside", checkout)
    assert jail.look(home, tmp_path / "inside", checkout) == before
    support.write_files(tmp_path / "inside", {"a": "fine"})
    (tmp_path / "inside/a").unlink()
    (tmp_path / "inside").rmdir()
    assert jail.look(home, tmp_path / "inside", checkout) == before
    harm(tmp_path)
    after = jail.look(home, tmp_path / "inside", checkout)
    assert after != before
    assert len(jail.list_changes(before, after)) == 1
