"""The lock of a folder: one run at a time writes there; a folder in, an open lock out.

The lock is the kernel's, on a file in the folder, so whoever shares the folder shares the lock, and
a holder that dies has let go of it. The file says who holds it, and is there for as long as the
lock is held: one that nobody holds was left by a run that was killed. Where a file system has no
locks, runs are not kept apart, and each file is still old or new.
"""

import errno
import json
import os
import platform
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from promptpack.output.places import LinkedPathError
from promptpack.patterns import compile_late

LOCK = ".promptpack.lock"
PATIENCE = 10.0
"""The seconds to wait for another run before giving up."""

_PAUSE = 0.05
_LIMIT = 4096
"""The most bytes that the file of a lock has; a larger one is no lock."""

_WORD = compile_late(r"[\w .:-]{1,64}")
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_WITHOUT_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}


class _Lock(NamedTuple):
    """A lock that is held, and whether its file was there before."""

    descriptor: int
    was_left: bool


@contextmanager
def hold_lock(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder; gives whether the run before was killed.

    Raises BlockingIOError with the holder's name if another run has it for all of `PATIENCE`, and
    OSError where a link or anything but a lock has its name.
    """
    path = folder / LOCK
    lock = _acquire(path, folder)
    try:
        os.ftruncate(lock.descriptor, 0)
        os.lseek(lock.descriptor, 0, os.SEEK_SET)
        os.write(lock.descriptor, _describe_self())
        yield lock.was_left
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(lock.descriptor)


def is_lock_left(folder: Path) -> bool:
    """Tell whether a folder has a lock: another run is writing there, or was killed."""
    return os.path.lexists(folder / LOCK)


def _acquire(path: Path, folder: Path) -> _Lock:
    deadline = time.monotonic() + PATIENCE
    while True:
        lock = _open_lock(path)
        if lock and _try_lock(lock.descriptor):
            if _is_current(path, lock.descriptor):
                return lock
            os.close(lock.descriptor)  # the holder has removed the file in the meantime
            continue
        holder = ""
        if lock:
            holder = _describe_holder(os.read(lock.descriptor, _LIMIT))
            os.close(lock.descriptor)
        if time.monotonic() > deadline:
            message = f"held by {holder or 'another run'}; try again when it has ended"
            raise BlockingIOError(errno.EAGAIN, message, str(folder))
        time.sleep(_PAUSE)


def _open_lock(path: Path) -> _Lock | None:
    """Return the file of a lock, made if there is none; None where it is just going away."""
    try:
        return _Lock(os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666), False)
    except FileExistsError:
        pass
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise LinkedPathError(str(path)) from None
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LIMIT:
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a lock of promptpack", str(path))
    return _Lock(descriptor, True)


def _try_lock(descriptor: int) -> bool:
    """Take the kernel's lock on a file if nobody has it."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - only there

            os.lseek(descriptor, _LIMIT, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - not there

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _WITHOUT_LOCKS
    return True


def _is_current(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _describe_self() -> bytes:
    started = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    words = {"program": Path(sys.argv[0]).name, "host": platform.node(), "started": started}
    return json.dumps({"process": os.getpid(), **words}).encode()[:_LIMIT]


def _describe_holder(content: bytes) -> str:
    """Return who holds a lock by its file; nothing where that says nothing of the kind."""
    try:
        data = json.loads(content)
        number, *words = int(data["process"]), data["program"], data["host"], data["started"]
        program, host, started = (_WORD.fullmatch(word)[0] for word in words)  # type: ignore[index]  # a TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f"{program} (process {number} on {host}, since {started})"
