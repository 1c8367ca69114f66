"""What a test may not touch: looked at before and after, it has to be the same.

This is held around every test that names a fault. Outside is the project's own checkout, the home
folder, and what lies beside the folder that the test was given.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

import support

ROOT = Path(__file__).resolve().parents[1]
OWN = frozenset({"dist", "site", "release", "build", "node_modules", "__pycache__"})
"""What tools write into the checkout while tests run, besides what begins with a dot."""
NUMBERED = re.compile(r".*[0-9]|.*current")
"""The folders that pytest itself makes beside that of a test."""
VICTIMS = {
    ".bashrc": "# mine\n",
    ".config/git/config": "[user]\n\tname = Me\n",
    ".ssh/id_ed25519": "a key\n",
    "x": "mine\n",
}

Stamp = tuple[int, int, int]
"""The inode, size and time of change of a file, in nanoseconds: a write changes one of them."""


class Outside(NamedTuple):
    """What lies around a test: files of the checkout and of home, and names beside its folder."""

    checkout: dict[str, Stamp]
    home: dict[str, bytes | str]
    beside: frozenset[str]


def make_home(home: Path) -> Path:
    """Return a home folder with files that somebody would miss."""
    support.write_files(home, VICTIMS)
    return home


def look(
    home: Path, folder: Path, checkout: Path = ROOT, stamps: dict[str, Stamp] | None = None
) -> Outside:
    """Return what lies outside of a test's folder; `stamps` are the checkout's, if it was seen."""
    names = {path.name for path in folder.parent.iterdir()}
    beside = frozenset(name for name in names if not NUMBERED.fullmatch(name))
    seen = _read_stamps(checkout) if stamps is None else stamps
    return Outside(seen, support.snapshot(home), beside)


def list_changes(before: Outside, after: Outside) -> list[str]:
    """Return the names of what is not as it was."""
    changed = [*(before.beside ^ after.beside)]
    for old, new in ((before.checkout, after.checkout), (before.home, after.home)):
        if old != new:
            changed += [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return sorted(changed)


def _read_stamps(folder: Path) -> dict[str, Stamp]:
    """Return the stamps of all files below a folder, in one loop: thousands of tests ask."""
    stamps: dict[str, Stamp] = {}
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                name = entry.name
                if name in OWN or (name[0] == "." and name != ".github"):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    status = entry.stat(follow_symlinks=False)
                    stamps[entry.path] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return stamps
