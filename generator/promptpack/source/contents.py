"""Contents that are wanted again later: bytes or texts in, the same out, memory kept flat.

A build of ten thousand packs has more text than anybody wants in memory. Nothing may be written
before all of it is rendered, and what was read once is what has to be rendered, whatever becomes of
the source meanwhile. So what goes beyond a limit waits in a temporary file without a name.
"""

import errno
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import IO

MEMORY = 8 << 20
"""How many bytes of contents stay in memory before the rest goes to disk."""

_LAST = 4


class ContentStore:
    """Contents that are wanted again later. Its file goes when the last of them is forgotten."""

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._file: IO[bytes] | None = None
        self._end = 0
        self._lock = Lock()
        self._last: dict[int, str] = {}

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, content: bytes) -> "Content":
        """Return what gives a content back: itself while there is room, or where disk has none."""
        start = self.write(content)
        if start is None:
            return content
        return StoredContent(self, start, len(content), hashlib.sha256(content).hexdigest())

    def add_text(self, text: str) -> "str | StoredText":
        """Return what gives a text back, as `add` does; it is equal to the text."""
        content = text.encode("utf-8", "surrogatepass")
        start = self.write(content)
        return text if start is None else StoredText(self, start, len(content), hash(text))

    def write(self, content: bytes) -> int | None:
        """Return where a content begins in the file; None while there is room, or without disk."""
        if len(content) <= self._memory:
            self._memory -= len(content)
            return None
        with suppress(OSError), self._lock:
            if self._file is None:
                import tempfile  # noqa: PLC0415 - loads much, and small outputs need none

                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - see __del__
            self._file.seek(self._end)
            if self._file.write(content) == len(content):
                start, self._end = self._end, self._end + len(content)
                return start
        return None

    def find_text(self, start: int, size: int) -> str:
        """Return a text of the file; the last few are kept, since one is asked for repeatedly."""
        text = self._last.get(start)
        if text is None:
            text = self.read(start, size).decode("utf-8", "surrogatepass")
            with self._lock:
                self._last[start] = text
                while len(self._last) > _LAST:
                    del self._last[next(iter(self._last))]
        return text

    def read(self, start: int, size: int) -> bytes:
        """Return some bytes of the file; raises OSError where they are not there any more."""
        content = b""
        if self._file is not None:
            with self._lock:
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


class StoredText:
    """A text that lies in a store: where, how many bytes, and the hash of the text."""

    __slots__ = ("_hash", "_size", "_start", "_store")

    def __init__(self, store: ContentStore, start: int, size: int, key: int) -> None:
        self._store, self._start, self._size, self._hash = store, start, size, key

    def read(self) -> str:
        """Return the text; raises OSError where it is not there any more."""
        return self._store.find_text(self._start, self._size)

    def add_beside(self, text: str) -> "str | StoredText":
        """Return what gives another text back, which goes to the same store."""
        return self._store.add_text(text)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str | StoredText):
            return NotImplemented
        text = other.read() if isinstance(other, StoredText) else other
        return hash(self) == hash(other) and self.read() == text


Content = bytes | StoredContent


def read_content(content: Content) -> bytes:
    """Return the bytes of a content."""
    if isinstance(content, bytes):
        return content
    return content.store.read(content.start, content.size)


def measure_content(content: Content) -> int:
    """Return how many bytes a content has."""
    return len(content) if isinstance(content, bytes) else content.size
