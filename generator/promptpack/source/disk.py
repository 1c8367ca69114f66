"""The one way to read a file: a path in, its bytes out, or why it is not read.

A file may belong to somebody who wants to stop, fill or deceive the program: a pipe would never
end, a device never run dry, a link show what lies elsewhere. So what is opened is looked at before
anything is read of it, and not more is read than it may hold.
"""

import errno
import os
import stat
from pathlib import Path


class UnreadableFileError(Exception):
    """A file that is not read, with the reason in a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_regular_file(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes; its last part may be no link.

    Raises FileNotFoundError where there is none, and UnreadableFileError for all else.
    """
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise UnreadableFileError(describe_kind(path.lstat().st_mode))
        with os.fdopen(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableFileError(describe_kind(status.st_mode))
            content = file.read(limit + 1) if status.st_size <= limit else None
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise UnreadableFileError(describe_failure(error)) from None
    if content is None or len(content) > limit:
        raise UnreadableFileError(f"larger than {format_size(limit)}")
    return content


def describe_kind(mode: int) -> str:
    """Return what stands at a path that is no regular file."""
    if stat.S_ISLNK(mode):
        return "a link"
    return "a folder" if stat.S_ISDIR(mode) else "not a regular file"


def describe_failure(error: OSError | ValueError) -> str:
    """Return why a path can't be opened; a ValueError is a path that no system takes."""
    if isinstance(error, ValueError):
        return "not a valid path"
    if error.errno == errno.ELOOP:
        return "a link"
    return (error.strerror or "not readable").lower()


def format_size(size: int) -> str:
    """Return a number of bytes in MiB where it is a whole number of them."""
    return f"{size >> 20} MiB" if size and not size % (1 << 20) else f"{size} bytes"
