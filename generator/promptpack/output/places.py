"""A name in a folder: the folder and a path in it in, an open place out, reached through no link.

Whoever shares the folder may put a link in the way at any moment, also between a look and a write.
So each folder on the way is opened from the one above it, none through a link, and what is done
to a name is done in the folder that is open. Where a system can't open folders (Windows), each
one is looked at instead, and nothing is promised about links that appear after that.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

from promptpack.source.disk import read_bytes

LIMIT = 64 << 20
"""The most bytes of a file that promptpack compares with its own."""

HAS_FOLDER_DESCRIPTORS = {os.open, os.mkdir, os.rename, os.stat, os.unlink} <= os.supports_dir_fd
FILE_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
FOLDER_FLAGS = FILE_FLAGS | getattr(os, "O_DIRECTORY", 0) | os.O_RDONLY
_WALK_FLAGS = FOLDER_FLAGS | getattr(os, "O_PATH", 0)
TOKEN_BYTES = 8
"""How many random bytes a temporary name has."""


class LinkedPathError(OSError):
    """A path that is a link where none may be, or goes through one."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.ELOOP, "is a link, or behind one", path)


@dataclass(frozen=True)
class OpenPlace:
    """A name in a folder that is open; without descriptors of folders, a whole path."""

    name: str
    folder: int | None

    def beside(self, name: str) -> "OpenPlace":
        """Return another name in the same folder."""
        if self.folder is not None:
            return OpenPlace(name, self.folder)
        return OpenPlace(os.path.join(os.path.dirname(self.name), name), None)  # noqa: PTH118, PTH120 - a path

    def find_status(self) -> os.stat_result | None:
        """Return what stands there, a link as itself, or None for nothing."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read(self) -> bytes | None:
        """Return the bytes of a regular file of at most `LIMIT`; None for anything else."""
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | FILE_FLAGS
        descriptor = os.open(self.name, flags, dir_fd=self.folder)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > LIMIT:
                return None
            return read_bytes(descriptor, status.st_size, LIMIT)
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Remove the file, or the link itself, if there is one."""
        with suppress(FileNotFoundError):
            os.unlink(self.name, dir_fd=self.folder)

    def rename(self, name: str) -> None:
        """Give it another name in its folder, in place of what has that name."""
        new = self.beside(name)
        os.replace(self.name, new.name, src_dir_fd=self.folder, dst_dir_fd=new.folder)

    def list_names(self) -> list[str]:
        """Return the names in its folder."""
        if self.folder is None:
            return os.listdir(os.path.dirname(self.name))  # noqa: PTH120, PTH208 - names
        descriptor = os.open(".", FOLDER_FLAGS, dir_fd=self.folder)
        try:
            return os.listdir(descriptor)  # noqa: PTH208 - of an open folder
        finally:
            os.close(descriptor)


class Places:
    """A folder whose last opened inner folder stays open, for the neighbours of a file.

    What is done goes to the folder that was opened, whatever stands at its path meanwhile. One that
    was not there is not looked for again until another one was.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._last: tuple[list[str], int | None] = ([], None)
        self._is_missing = False
        self._tokens = os.urandom(TOKEN_BYTES // 2).hex(), count()

    def __enter__(self) -> "Places":
        return self

    def __exit__(self, *_: object) -> None:
        self.forget()

    def make_token(self) -> str:
        """Return what tells a temporary name from all others: a random half, and a number."""
        start, numbers = self._tokens
        return f"{start}{next(numbers):0{TOKEN_BYTES}x}"

    def is_missing(self, path: str) -> bool:
        """Tell whether it is known that a path has no folder; it may be so where it is not."""
        return self._is_missing and self._last[0] == path.split("/")[:-1]

    def find_folder(self, folders: list[str]) -> int:
        """Return the descriptor of an inner folder; it is closed by the next call, or at the end.

        Raises as `open_place` does.
        """
        last, descriptor = self._last
        if last == folders and descriptor is not None:
            return descriptor
        if last == folders and self._is_missing:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self.forget()
        try:
            descriptor = _walk(self.folder, folders)
        except FileNotFoundError:
            self._last, self._is_missing = (folders, None), True
            raise
        self._last = folders, descriptor
        return descriptor

    def forget(self) -> None:
        """Close the folder that is open, and look for each again."""
        _, descriptor = self._last
        self._last, self._is_missing = ([], None), False
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def open_place(folder: Path | Places, path: str) -> Iterator[OpenPlace]:
    """Give a path in a folder as a place; `path` is relative, with "/" between its parts.

    Raises LinkedPathError where the folder or one on the way is a link, and FileNotFoundError or
    NotADirectoryError where there is no folder. An OSError of the block gets the whole path.
    """
    *folders, name = _split_path(path)
    places, folder = (folder, folder.folder) if isinstance(folder, Places) else (None, folder)
    try:
        if HAS_FOLDER_DESCRIPTORS and places:
            yield OpenPlace(name, places.find_folder(folders))
        elif HAS_FOLDER_DESCRIPTORS:
            descriptor = _walk(folder, folders)
            try:
                yield OpenPlace(name, descriptor)
            finally:
                os.close(descriptor)
        else:
            yield OpenPlace(str(_check_folders(folder, folders) / name), None)
    except OSError as error:
        error.filename, error.filename2 = str(folder / path), None
        raise


def _split_path(path: str) -> Sequence[str]:
    """Return the parts of a path as `PurePosixPath` has them, which takes longer."""
    parts = path.split("/")
    return PurePosixPath(path).parts if "" in parts or "." in parts else parts


def _walk(folder: Path, folders: Sequence[str]) -> int:
    """Return a descriptor of a folder in a folder; nothing on the way is a link."""
    descriptor = _open_folder(str(folder), None)
    for name in folders:
        try:
            inner = _open_folder(name, descriptor)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


def _open_folder(name: str, folder: int | None) -> int:
    try:
        return os.open(name, _WALK_FLAGS, dir_fd=folder)
    except OSError as error:
        status = OpenPlace(name, folder).find_status()
        if status and stat.S_ISLNK(status.st_mode):
            raise LinkedPathError(name) from error
        raise


def _check_folders(folder: Path, folders: Sequence[str]) -> Path:
    """Return the folder in a folder after a look at each on the way."""
    for path in (folder, *(folder.joinpath(*folders[:end]) for end in range(1, len(folders) + 1))):
        if path.is_symlink():
            raise LinkedPathError(str(path))
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    return folder.joinpath(*folders)
