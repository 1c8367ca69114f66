"""The one way to write a file: a folder, a path in it and bytes in, the old file or the new out."""

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from promptpack.output.places import (
    HAS_FOLDER_DESCRIPTORS,
    LinkedPathError,
    OpenPlace,
    open_place,
)
from promptpack.output.staging import TEMPORARY_NAME, remove_tree, stage_file
from promptpack.source.disk import describe_kind


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
            for name in filter(TEMPORARY_NAME.fullmatch, place.list_names()):
                _remove_stray(place.beside(name))


def _remove_stray(place: OpenPlace) -> None:
    status = place.find_status()
    if status is None or not stat.S_ISDIR(status.st_mode):
        place.remove()
    elif HAS_FOLDER_DESCRIPTORS:
        with suppress(RecursionError):  # nothing of ours is so deep
            remove_tree(place)
