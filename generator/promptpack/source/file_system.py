"""What sources are read from: the disk, or files that are in memory, asked in the same way.

What a commit has need not be written to a disk to be read as a checkout of it is.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from promptpack.source.disk import (
    HAS_MODES,
    Entry,
    UnreadableFileError,
    format_size,
    is_executable,
    read_regular_file,
    resolve_links,
    walk_folder,
)

Skips = Callable[[Path], bool]
"""Tells which folders are not looked into."""


def skip_nothing(_: Path) -> bool:
    """Look into all folders."""
    return False


class FileSystem(Protocol):
    """Answers for files and folders by their paths, which are absolute and without links."""

    def list_entries(self, folder: Path, skips: Skips = skip_nothing) -> Iterator[Entry]:
        """Yield what a folder and those below it hold, as `walk_folder` does."""

    def is_folder(self, path: Path) -> bool:
        """Tell whether a folder is there, or a link to one."""

    def is_link(self, path: Path) -> bool:
        """Tell whether a link is there."""

    def is_there(self, path: Path) -> bool:
        """Tell whether anything is there."""

    def resolve(self, path: Path, folder: Path) -> Path:
        """Return where a path leads in a folder, as `resolve_links` does."""

    def read(self, path: Path, limit: int) -> bytes:
        """Return what a file holds, as `read_regular_file` does."""

    def is_executable(self, path: Path) -> bool:
        """Tell whether a file may be run, where files have such a bit."""


class Disk:
    """The disk."""

    def list_entries(self, folder: Path, skips: Skips = skip_nothing) -> Iterator[Entry]:
        """Yield what a folder and those below it hold."""
        return walk_folder(folder, skips=skips)

    def is_folder(self, path: Path) -> bool:
        """Tell whether a folder is there, or a link to one."""
        return path.is_dir()

    def is_link(self, path: Path) -> bool:
        """Tell whether a link is there."""
        return path.is_symlink()

    def is_there(self, path: Path) -> bool:
        """Tell whether anything is there."""
        return os.path.lexists(path)

    def resolve(self, path: Path, folder: Path) -> Path:
        """Return where a path leads in a folder."""
        return resolve_links(path, folder)

    def read(self, path: Path, limit: int) -> bytes:
        """Return what a file holds."""
        return read_regular_file(path, limit)

    def is_executable(self, path: Path) -> bool:
        """Tell whether a file may be run."""
        return is_executable(path)


class RememberedDisk(Disk):
    """The disk, as one run saw it: what a file holds is read once."""

    def __init__(self) -> None:
        self._contents: dict[Path, bytes] = {}

    def read(self, path: Path, limit: int) -> bytes:
        """Return what a file holds, or held when it was first read."""
        content = self._contents.get(path)
        if content is None or len(content) > limit:
            self._contents[path] = content = read_regular_file(path, limit)
        return content


class FileInMemory(NamedTuple):
    """What a regular file holds; of one that no build reads there is no content."""

    content: bytes | None
    is_executable: bool = False


class FilesInMemory:
    """Files and folders in memory, as if they were below a folder; there are no links."""

    def __init__(
        self, folder: Path, files: Mapping[str, FileInMemory], folders: Iterable[str]
    ) -> None:
        """Take files and folders by their paths in `folder`, with slashes."""
        self._files = {folder / path: file for path, file in files.items()}
        self._folders = {folder / path for path in folders} | {folder}
        self._entries: dict[Path, list[Entry]] = defaultdict(list)
        for path in sorted((*self._files, *self._folders)):
            self._entries[path.parent].append(Entry(path, path in self._folders))

    def list_entries(self, folder: Path, skips: Skips = skip_nothing) -> Iterator[Entry]:
        """Yield what a folder and those below it hold, in a stable order."""
        waiting = [folder] if folder in self._folders else []
        while waiting:
            entries = self._entries.get(waiting.pop(), [])
            yield from entries
            folders = (entry.path for entry in entries if entry.is_folder)
            waiting += [path for path in folders if not skips(path)]

    def is_folder(self, path: Path) -> bool:
        """Tell whether a folder is there."""
        return path in self._folders

    def is_link(self, path: Path) -> bool:  # noqa: ARG002 - there are none
        """Tell that no link is there."""
        return False

    def is_there(self, path: Path) -> bool:
        """Tell whether anything is there."""
        return path in self._files or path in self._folders

    def resolve(self, path: Path, folder: Path) -> Path:  # noqa: ARG002 - nothing leads out of it
        """Return the path itself; raises FileNotFoundError where nothing is there."""
        if not self.is_there(path):
            raise FileNotFoundError(path)
        return path

    def read(self, path: Path, limit: int) -> bytes:
        """Return what a file holds; raises as `read_regular_file` does."""
        if path in self._folders:
            raise UnreadableFileError("a folder")
        if path not in self._files:
            raise FileNotFoundError(path)
        content = self._files[path].content
        if content is None:
            raise UnreadableFileError("not a file that a build reads")
        if len(content) > limit:
            raise UnreadableFileError(f"file is larger than {format_size(limit)}")
        return content

    def is_executable(self, path: Path) -> bool:
        """Tell whether a file may be run, where files have such a bit."""
        return HAS_MODES and self._files[path].is_executable


DISK = Disk()
