"""The contents of outputs between rendering and writing: bytes in, bytes out, memory kept flat.

A build of ten thousand packs has more text than anybody wants in memory, and nothing may be written
before all of it is rendered. So what goes beyond a limit waits in a temporary file without a name.
"""

import errno
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

MEMORY = 8 << 20
"""How many bytes of contents stay in memory before the rest goes to disk."""


class ContentStore:
    """Contents that are wanted again later. Its file goes when the last of them is forgotten."""

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._file: IO[bytes] | None = None
        self._end = 0

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, content: bytes) -> "Content":
        """Return what gives a content back: itself while there is room, or where disk has none."""
        if len(content) <= self._memory:
            self._memory -= len(content)
            return content
        with suppress(OSError):
            if self._file is None:
                import tempfile  # noqa: PLC0415 - loads much, and small outputs need none

                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - see __del__
            self._file.seek(self._end)
            if self._file.write(content) == len(content):
                start, self._end = self._end, self._end + len(content)
                digest = hashlib.sha256(content).hexdigest()
                return StoredContent(self, start, len(content), digest)
        return content

    def read(self, start: int, size: int) -> bytes:
        """Return some bytes of the file; raises OSError where they are not there any more."""
        content = b""
        if self._file is not None:
            self._file.seek(start)
            content = self._file.read(size)
        if len(content) != size:
            raise OSError(errno.EIO, os.strerror(errno.EIO), "a temporary file")
        return content


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A content that lies in a store: where, how many bytes, and their SHA-256."""

    store: ContentStore
    start: int
    size: int
    sha256: str


Content = bytes | StoredContent


def read_content(content: Content) -> bytes:
    """Return the bytes of a content."""
    if isinstance(content, bytes):
        return content
    return content.store.read(content.start, content.size)


def measure_content(content: Content) -> int:
    """Return how many bytes a content has."""
    return len(content) if isinstance(content, bytes) else content.size
