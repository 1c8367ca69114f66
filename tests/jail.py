"""What a test may not touch: looked at before and after, it has to be the same.

This is held around every test that names a fault. Outside is the project's own checkout, the home
folder, and what lies beside the folder that the test was given.
"""

import ctypes
import os
import re
import sys
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


NOTIFIED = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
"""What of inotify's events changes a folder: all but reading, opening and closing."""
SCANNED = 25
"""After how many looks all is read, whatever inotify says: a write to a hard link is not told."""


class Watched:
    """A folder that thousands of tests ask about: read again where the system told of a change.

    Without inotify, which Linux alone has, it is read each time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        self._events = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC) if self._libc else -1
        self._is_told = self._events >= 0
        self._looks = 0
        self._stamps: dict[str, Stamp] = {}

    def read_stamps(self) -> dict[str, Stamp]:
        """Return the stamps of all files: the same mapping as long as nothing changed."""
        has_changed = self._take_events()
        if has_changed or not self._is_told or self._looks % SCANNED == 0:
            stamps = self._scan()
            if stamps != self._stamps:
                self._stamps = stamps
        self._looks += 1
        return self._stamps

    def close(self) -> None:
        """Watch the folder no longer."""
        if self._is_told:
            os.close(self._events)
            self._is_told = False

    def _take_events(self) -> bool:
        found = False
        try:
            while self._is_told and os.read(self._events, 1 << 16):
                found = True
        except BlockingIOError:
            pass
        return found

    def _scan(self) -> dict[str, Stamp]:
        """Return the stamps of all files below the folder, in one loop."""
        stamps: dict[str, Stamp] = {}
        folders = [str(self._folder)]
        while folders:
            self._watch(folders[-1])
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

    def _watch(self, folder: str) -> None:
        if self._libc and self._is_told:
            added = self._libc.inotify_add_watch(self._events, os.fsencode(folder), NOTIFIED)
            self._is_told = added >= 0


class Outside(NamedTuple):
    """What lies around a test: files of the checkout and of home, and names beside its folder."""

    checkout: dict[str, Stamp]
    home: dict[str, bytes | str]
    beside: frozenset[str]


def make_home(home: Path) -> Path:
    """Return a home folder with files that somebody would miss."""
    support.write_files(home, VICTIMS)
    return home


def look(home: Path, folder: Path, checkout: Watched) -> Outside:
    """Return what lies outside of a test's folder."""
    names = {path.name for path in folder.parent.iterdir()}
    beside = frozenset(name for name in names if not NUMBERED.fullmatch(name))
    return Outside(checkout.read_stamps(), support.snapshot(home), beside)


def list_changes(before: Outside, after: Outside) -> list[str]:
    """Return the names of what is not as it was."""
    changed = [*(before.beside ^ after.beside)]
    for old, new in ((before.checkout, after.checkout), (before.home, after.home)):
        if old is not new and old != new:
            changed += [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return sorted(changed)
