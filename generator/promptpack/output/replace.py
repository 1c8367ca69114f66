"""The one way to write a file: a folder, a path in it and bytes in, the old file or the new out.

Whoever shares the folder may put a link in the way at any moment, also between a look and a write.
So each folder on the way is opened from the one above it, none through a link, and what is done
to a name is done in the folder that is open. Where a system can't open folders (Windows), each
one is looked at instead, and nothing is promised about links that appear after that.

A file is written beside its place first, under a name that nobody else uses, and takes over the
mode of the file that it replaces.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

from promptpack.patterns import compile_late
from promptpack.source.disk import describe_kind, read_bytes

LIMIT = 64 << 20
"""The most bytes of a file that promptpack compares with its own."""

_TOKEN_BYTES = 8
_TEMPORARY_NAME = compile_late(r"\.promptpack-[0-9a-f]{16}\.tmp|\..+\.promptpack-tmp")
_HAS_FOLDER_DESCRIPTORS = {os.open, os.mkdir, os.rename, os.stat, os.unlink} <= os.supports_dir_fd
_FILE_FLAGS = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_FOLDER_FLAGS = _FILE_FLAGS | getattr(os, "O_DIRECTORY", 0) | os.O_RDONLY
_WALK_FLAGS = _FOLDER_FLAGS | getattr(os, "O_PATH", 0)


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
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _FILE_FLAGS
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
        descriptor = os.open(".", _FOLDER_FLAGS, dir_fd=self.folder)
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
        self._tokens = os.urandom(_TOKEN_BYTES // 2).hex(), count()

    def __enter__(self) -> "Places":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def make_token(self) -> str:
        """Return what tells a temporary name from all others: a random half, and a number."""
        start, numbers = self._tokens
        return f"{start}{next(numbers):0{_TOKEN_BYTES}x}"

    def find_folder(self, folders: list[str]) -> int:
        """Return the descriptor of an inner folder; it is closed by the next call, or at the end.

        Raises as `open_place` does.
        """
        last, descriptor = self._last
        if last == folders and descriptor is not None:
            return descriptor
        if last == folders and self._is_missing:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._close()
        try:
            descriptor = _walk(self.folder, folders)
        except FileNotFoundError:
            self._last, self._is_missing = (folders, None), True
            raise
        self._last = folders, descriptor
        return descriptor

    def _close(self) -> None:
        _, descriptor = self._last
        self._last, self._is_missing = ([], None), False
        if descriptor is not None:
            os.close(descriptor)


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


@contextmanager
def open_place(folder: Path | Places, path: str) -> Iterator[OpenPlace]:
    """Give a path in a folder as a place; `path` is relative, with "/" between its parts.

    Raises LinkedPathError where the folder or one on the way is a link, and FileNotFoundError or
    NotADirectoryError where there is no folder. An OSError of the block gets the whole path.
    """
    *folders, name = _split_path(path)
    places, folder = (folder, folder.folder) if isinstance(folder, Places) else (None, folder)
    try:
        if _HAS_FOLDER_DESCRIPTORS and places:
            yield OpenPlace(name, places.find_folder(folders))
        elif _HAS_FOLDER_DESCRIPTORS:
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
    token = places.make_token() if places else os.urandom(_TOKEN_BYTES).hex()
    temporary = f".promptpack-{token}.tmp"
    staged = StagedFile(folder, path, temporary)
    with open_place(folder, path) as place:
        old_status = place.find_status()
        beside = place.beside(temporary)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE_FLAGS
        try:
            descriptor = os.open(beside.name, flags, mode, dir_fd=beside.folder)
            try:
                _set_mode(descriptor, old_status, is_executable)
                _write_all(descriptor, content)
                if sync:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except BaseException:
            beside.remove()
            raise
    return staged


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


def replace_file(  # noqa: PLR0913 - see above
    folder: Path,
    path: str,
    content: bytes | Iterable[bytes],
    *,
    sync: bool = False,
    is_executable: bool | None = None,
    mode: int = 0o666,
) -> None:
    """Put bytes at a path in a folder so that a reader sees the old or the new, never a part.

    The rest is as `stage_file` has it.
    """
    staged = stage_file(folder, path, content, sync=sync, is_executable=is_executable, mode=mode)
    try:
        staged.commit()
    except BaseException:
        staged.discard()
        raise


def write_report(path: Path, content: bytes) -> None:
    """Put a report where the user wants it: a new file, or in place of a regular one.

    Below the current folder no link is followed: what lies there may come from a stranger. Raises
    LinkedPathError for one, and OSError for what is no regular file.
    """
    current = Path.cwd()
    absolute = Path(os.path.normpath(current / path))
    is_below = absolute.is_relative_to(current)
    folder = current if is_below else absolute.parent.resolve(strict=True)
    relative_path = absolute.relative_to(current).as_posix() if is_below else absolute.name
    with open_place(folder, relative_path) as place:
        status = place.find_status()
    if status and stat.S_ISLNK(status.st_mode):
        raise LinkedPathError(str(path))
    if status and not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, describe_kind(status.st_mode), str(path))
    replace_file(folder, relative_path, content)


def remove_stray_files(folder: Path, folders: Sequence[str]) -> None:
    """Remove what runs that were killed left beside their files, in a folder and these in it.

    Only for whoever holds the lock of the folder: another run's files look the same.
    """
    for path in ("", *folders):
        with suppress(OSError), open_place(folder, f"{path}/x" if path else "x") as place:
            for name in filter(_TEMPORARY_NAME.fullmatch, place.list_names()):
                place.beside(name).remove()


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
