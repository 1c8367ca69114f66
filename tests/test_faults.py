"""Every fault has a test, and what is held around such a test notices what it should."""

import os
import shutil
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
    home = jail.make_home(tmp_path / "home")
    checkout = jail.Watched(support.make_project(tmp_path / "checkout"))
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
    checkout.close()


@pytest.mark.parametrize("is_told", [True, False])
def test_a_watched_folder_is_what_a_new_look_at_it_sees(tmp_path: Path, is_told: bool) -> None:
    folder, outer = support.make_project(tmp_path / "checkout"), tmp_path / "other"
    watched, role = jail.Watched(folder), folder / "packs/demo/role.md"
    if not is_told:
        watched.close()
    changes: list[Callable[[], object]] = [
        lambda: role.write_text("a"),
        lambda: role.write_text("b" * 9),
        lambda: (folder / "new/in").mkdir(parents=True),
        lambda: (folder / "new/in/file").write_text("a"),
        lambda: (folder / "new").rename(folder / "newer"),
        lambda: overwrite(folder / "newer/in/file"),
        lambda: (folder / "packs").rename(outer),
        lambda: (folder / "packs").symlink_to(outer),
        lambda: shutil.rmtree(folder / "newer"),
        lambda: (folder / "templates/x").symlink_to("y"),
    ]
    seen = watched.read_stamps()
    for number, change in enumerate(changes):
        change()
        new = jail.Watched(folder)
        assert watched.read_stamps() == new.read_stamps(), number
        new.close()
        assert (watched.read_stamps() == seen) == (number == 2), number
        seen = watched.read_stamps()
    watched.close()


def test_a_write_to_another_name_of_a_file_is_seen_later(tmp_path: Path) -> None:
    folder = support.make_project(tmp_path / "checkout")
    os.link(folder / "packs/demo/role.md", tmp_path / "other")
    watched = jail.Watched(folder)
    before = watched.read_stamps()
    (tmp_path / "other").write_text("changed")
    looks = [watched.read_stamps() for _ in range(jail.SCANNED)]
    assert looks[-1] != before
    watched.close()
