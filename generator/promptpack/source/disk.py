"""The one way to read files and folders: a path in, what it holds out, or why it is not read.

A file may belong to somebody who wants to stop, fill or deceive the program: a pipe would never
end, a device never run dry, a link show what lies elsewhere. So what is opened is looked at before
anything is read of it, and not more is read than it may hold.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

ENTRY_LIMIT = 100_000
"""How many files and folders a folder may hold, with all below it."""

HAS_MODES = os.name == "posix"
"""Whether files have an executable bit here."""

LINKED_FOLDER = "the folder is a link, which is not followed"


class UnreadableFileError(Exception):
    """A file that is not read, with the reason in a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Entry(NamedTuple):
    """What a folder holds; a problem is why it is not looked into. A file may be of any type."""

    path: Path
    is_folder: bool
    problem: str = ""


def read_regular_file(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes; its last part may be no link.

    Raises FileNotFoundError where there is none, and UnreadableFileError for all else.
    """
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableFileError(describe_kind(found.st_mode))
        with os.fdopen(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not os.path.samestat(found, status):
                raise UnreadableFileError("it changes while it is read")
            content = _read_file(file, status.st_size, limit) if status.st_size <= limit else None
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise UnreadableFileError(describe_failure(error)) from None
    if content is None or len(content) > limit:
        raise UnreadableFileError(f"file is larger than {format_size(limit)}")
    return content


def _read_file(file: BinaryIO, size: int, limit: int) -> bytes:
    """Return the bytes of a file, a byte more than the limit at most; so many it had just now.

    Python makes room for all the bytes that it is asked for.
    """
    content = file.read(size + 1)
    return content if len(content) <= size else content + file.read(limit + 1 - len(content))


def is_executable(path: Path) -> bool:
    """Tell whether a file is one that its owner may run, as git sees it.

    Where files have no such bit, none is. Raises FileNotFoundError where there is none.
    """
    return HAS_MODES and bool(path.stat().st_mode & stat.S_IXUSR)


def find_real_path(path: Path | str) -> Path:
    """Return an absolute path without links; one that leads to itself is left as it is.

    `Path.resolve` raises RuntimeError there before Python 3.13.
    """
    return Path(os.path.realpath(path))


def resolve_links(path: Path, folder: Path) -> Path:
    """Return where a path leads when all links on it are followed; it has to be below a folder.

    `folder` is without links. Raises FileNotFoundError where there is nothing, and
    UnreadableFileError for a link that leads out of the folder or to itself.
    """
    try:
        resolved = path.resolve(strict=True)
    except FileNotFoundError:
        raise
    except RuntimeError:  # before Python 3.13, this is what a link that leads to itself is
        raise UnreadableFileError("the link leads to itself") from None
    except (OSError, ValueError) as error:
        is_loop = isinstance(error, OSError) and error.errno == errno.ELOOP
        reason = "the link leads to itself" if is_loop else describe_failure(error)
        raise UnreadableFileError(reason) from None
    if not resolved.is_relative_to(folder):
        raise UnreadableFileError("the link leads out of the project")
    return resolved


def walk_folder(
    folder: Path, limit: int = ENTRY_LIMIT, skips: Callable[[Path], bool] = lambda _: False
) -> Iterator[Entry]:
    """Yield what a folder and the folders below it hold, in a stable order.

    A folder that is a link is not looked into, nor one that can't be listed: it has a problem. So
    has the folder itself; where there is none, nothing is yielded. After `limit` entries the last
    one says that there are more. A folder that `skips` tells of is not looked into either.
    """
    if folder.is_symlink():
        yield Entry(folder, True, LINKED_FOLDER)
        return
    waiting, count = [folder], 0
    while waiting:
        current = waiting.pop()
        try:
            entries = _list_folder(current, limit - count + 1)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            yield Entry(current, True, describe_failure(error))
            continue
        count += len(entries)
        if count > limit:
            yield Entry(folder, True, f"more than {limit:,} files and folders")
            return
        yield from entries
        folders = (entry.path for entry in entries if entry.is_folder and not entry.problem)
        waiting += [path for path in folders if not skips(path)]


def _list_folder(folder: Path, limit: int) -> list[Entry]:
    """Return what a folder holds, at most `limit` entries, by name."""
    with os.scandir(folder) as found:
        entries = sorted(islice(found, limit), key=lambda entry: entry.name)
    return [_make_entry(entry) for entry in entries]


def _make_entry(entry: os.DirEntry[str]) -> Entry:
    path, is_link = Path(entry.path), entry.is_symlink()
    is_folder = path.is_dir() if is_link else entry.is_dir(follow_symlinks=False)
    return Entry(path, is_folder, LINKED_FOLDER if is_link and is_folder else "")


def describe_kind(mode: int) -> str:
    """Return what stands at a path that is no regular file."""
    if stat.S_ISLNK(mode):
        return "a link"
    return "a folder" if stat.S_ISDIR(mode) else "not a regular file"


def describe_failure(error: UnreadableFileError | OSError | ValueError) -> str:
    """Return why a path can't be read; a ValueError is a path that no system takes."""
    if isinstance(error, UnreadableFileError):
        return error.reason
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, ValueError):
        return "not a valid path"
    if error.errno == errno.ELOOP:
        return "a link"
    return (error.strerror or "not readable").lower()


def format_size(size: int) -> str:
    """Return a number of bytes in MiB where it is a whole number of them."""
    return f"{size >> 20} MiB" if size and not size % (1 << 20) else f"{size} bytes"
