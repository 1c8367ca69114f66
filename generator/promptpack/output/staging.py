"""New bytes beside their place: a folder, a path in it and bytes in, what puts them there out.

A file is written under a name that nobody else uses, in the folder where it goes, and takes over
the mode of the file that it replaces. Files for a folder that is not there yet are written into one
with such a name. So nobody sees a part of a file, whenever a run ends.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from promptpack.output.places import (
    FILE_FLAGS,
    HAS_FOLDER_DESCRIPTORS,
    TOKEN_BYTES,
    OpenPlace,
    Places,
    open_place,
)
from promptpack.patterns import compile_late

TEMPORARY_NAME = compile_late(r"\.promptpack-[0-9a-f]{16}\.tmp|\..+\.promptpack-tmp")
"""The names of what waits beside its place, and those that it once had."""


@dataclass(frozen=True, slots=True)
class StagedFile:
    """New bytes that lie beside their place, under a temporary name in the same folder."""

    folder: Path | Places
    path: str
    temporary: str

    def commit(self) -> None:
        """Put them in their place, at once."""
        with open_place(self.folder, self._find_temporary_path()) as place:
            place.rename(self.path.rpartition("/")[2])

    def discard(self) -> None:
        """Remove them if they are still there."""
        with suppress(OSError), open_place(self.folder, self._find_temporary_path()) as place:
            place.remove()

    def _find_temporary_path(self) -> str:
        folder, slash, _ = self.path.rpartition("/")
        return f"{folder}{slash}{self.temporary}"


class StagedFolder:
    """The files of a folder that is not there yet, in one with a temporary name.

    Nobody sees a part of them: the folder gets its name when all of them are in it. Till then it is
    in the folder of `places`, where no client looks for files. `path` is where it goes in there;
    the folders on the way to it have to be there.
    """

    def __init__(self, places: Places, path: str) -> None:
        self.path = path
        self._places, self._is_made = places, False
        self._temporary = _make_name(places.make_token())

    def add(self, name: str, content: bytes, *, is_executable: bool | None = None) -> None:
        """Write a file that goes into this folder."""
        inner_path = f"{self._temporary}/{name}"
        try:
            if not self._is_made:
                self._is_made = True
                make_folders(self._places, inner_path, [])
            with open_place(self._places, inner_path) as place:
                _write_new(place, content, None, is_executable)
        except OSError as error:
            error.filename = str(self._places.folder / self.path / name)
            raise

    def commit(self) -> None:
        """Give the folder its name, at once; raises OSError where something has that name."""
        self._places.forget()
        folder = self._places.folder
        with open_place(folder, self._temporary) as place, open_place(folder, self.path) as new:
            os.rename(place.name, new.name, src_dir_fd=place.folder, dst_dir_fd=new.folder)

    def discard(self) -> None:
        """Remove all of it that is still there."""
        self._places.forget()
        with suppress(OSError), open_place(self._places.folder, self._temporary) as place:
            remove_tree(place)


def can_stage_folder(places: Places, path: str) -> bool:
    """Tell whether files for a folder can wait in another one: it is not there, and on this disk.

    The folders on the way to it have to be there.
    """
    if not HAS_FOLDER_DESCRIPTORS:
        return False
    with open_place(places, path) as place:
        if place.folder is None or place.find_status() is not None:
            return False
        device = os.fstat(place.folder).st_dev
    return device == places.folder.stat().st_dev


def make_folders(folder: Path | Places, path: str, made: list[str]) -> None:
    """Make the folders that a path needs in a folder; add those that were not there to `made`.

    One is added before it is made, so that whatever stops this leaves none that nobody knows of.
    """
    for parent in reversed(PurePosixPath(path).parents[:-1]):
        with open_place(folder, parent.as_posix()) as place, suppress(FileExistsError):
            if place.find_status() is None:
                made.append(parent.as_posix())
                os.mkdir(place.name, dir_fd=place.folder)


def remove_folder(folder: Path, path: str) -> bool:
    """Remove an empty folder in a folder; tell whether it is gone."""
    try:
        with open_place(folder, path) as place:
            os.rmdir(place.name, dir_fd=place.folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def stage_file(  # noqa: PLR0913 - one parameter a property of the file
    folder: Path | Places,
    path: str,
    content: bytes | Iterable[bytes],
    *,
    sync: bool = False,
    is_executable: bool | None = None,
    mode: int = 0o666,
) -> StagedFile:
    """Write bytes beside their place in a folder; they get the mode of the file that is there.

    Unless `is_executable` is None, whoever may read them may run them too, or nobody may. `mode` is
    that of a new file, less what the user's mask takes away. The bytes may come in parts.
    """
    places = folder if isinstance(folder, Places) else None
    temporary = _make_name(places.make_token() if places else os.urandom(TOKEN_BYTES).hex())
    staged = StagedFile(folder, path, temporary)
    with open_place(folder, path) as place:
        old_status = place.find_status()
        beside = place.beside(temporary)
        try:
            _write_new(beside, content, old_status, is_executable, mode=mode, sync=sync)
        except BaseException:
            beside.remove()
            raise
    return staged


def _make_name(token: str) -> str:
    return f".promptpack-{token}.tmp"


def _write_new(  # noqa: PLR0913 - one parameter a property of the file
    place: OpenPlace,
    content: bytes | Iterable[bytes],
    old_status: os.stat_result | None,
    is_executable: bool | None,
    *,
    mode: int = 0o666,
    sync: bool = False,
) -> None:
    """Write a file where none is, with the mode of an old one; raises OSError where one is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | FILE_FLAGS
    descriptor = os.open(place.name, flags, mode, dir_fd=place.folder)
    try:
        _set_mode(descriptor, old_status, is_executable)
        _write_all(descriptor, content)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes | Iterable[bytes]) -> None:
    if not isinstance(content, bytes):
        with open(descriptor, "wb", closefd=False) as file:
            file.writelines(content)
        return
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _set_mode(
    descriptor: int, old_status: os.stat_result | None, is_executable: bool | None
) -> None:
    """Give a new file the mode of the one in its place, and the executable bits that it needs."""
    if not hasattr(os, "fchmod") or (old_status is None and is_executable is None):
        return
    is_file = old_status is not None and stat.S_ISREG(old_status.st_mode)
    current = os.fstat(descriptor).st_mode & 0o777
    mode = old_status.st_mode & 0o777 if old_status and is_file else current
    if is_executable is not None:
        mode &= ~0o111
        mode |= (mode & 0o444) >> 2 if is_executable else 0
    if mode != current:
        os.fchmod(descriptor, mode)


def remove_tree(place: OpenPlace) -> None:
    """Remove a folder with all that is in it; no link in it is followed."""
    for _, folders, names, descriptor in os.fwalk(place.name, topdown=False, dir_fd=place.folder):
        for name in names:
            os.unlink(name, dir_fd=descriptor)
        for name in folders:
            inner = OpenPlace(name, descriptor)
            status = inner.find_status()
            if status and stat.S_ISLNK(status.st_mode):
                inner.remove()
            elif status:
                os.rmdir(name, dir_fd=descriptor)
    os.rmdir(place.name, dir_fd=place.folder)
