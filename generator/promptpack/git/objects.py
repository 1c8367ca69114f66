"""Reading objects: their names in, their content out, checked against the name.

The size of an object is asked for before it is read, and content that does not have the name it was
asked by is refused. So whatever a pack, an index or a graph file says, a commit stands for the same
sources everywhere.
"""

import hashlib
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import IO, Self, cast

from promptpack.git.errors import make_read_error
from promptpack.git.repository import Repository, make_command, make_environment
from promptpack.source.disk import format_size

_MAX_HEADER = 256
_AHEAD = 64
"""For how many objects git is asked before its first answer is read; their names fit in a pipe."""

_HELD_BYTES = 8 << 20
"""How much content that was asked for ahead is held at a time."""

_FETCH_HINT = "in a partial clone, run 'git fetch --refetch --no-filter'; else run 'git fsck'"


class ObjectReader:
    """Two git processes that answer for one repository, as long as the `with` block takes."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._stack = ExitStack()
        self._known_sizes: dict[tuple[str, str], int] = {}
        self._held: dict[tuple[str, str], bytes] = {}
        self._held_bytes = 0
        self._offered: dict[tuple[str, str], bytes] = {}

    def __enter__(self) -> Self:
        """Start git: one process for sizes, one for contents."""
        self._sizes = self._start("--batch-check")
        self._contents = self._start("--batch")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop both, whatever they are doing."""
        self._stack.close()

    def measure(self, oid: str, kind: str, path: str) -> int:
        """Return the size of an object in bytes; raises UserError as `read` does."""
        if (oid, kind) not in self._known_sizes:
            self._known_sizes[oid, kind] = self._ask(self._sizes, oid, kind, path)
        return self._known_sizes[oid, kind]

    def read(self, oid: str, kind: str, limit: int, path: str) -> bytes:
        """Return the content of an object of a kind (`blob`, `tree`, `commit`).

        Raises UserError at `path`, the place where it is used, if the object is missing, damaged,
        of another kind, or larger than `limit` bytes. Nothing of a larger one is read.
        """
        if self.measure(oid, kind, path) > limit:
            raise make_read_error(path, f"larger than {format_size(limit)} in git")
        if (oid, kind) in self._offered:
            return self._offered[oid, kind]
        content = self._held.pop((oid, kind), None)
        if content is None:
            size = self._ask(self._contents, oid, kind, path)
            if size > limit:
                raise make_read_error(path, f"larger than {format_size(limit)} in git")
            content = _read_content(self._contents, size)
        else:
            self._held_bytes -= self._known_sizes[oid, kind]
        if content is None or _hash(kind, content, oid) != oid:
            raise make_read_error(path, f"git has damaged content for {oid[:7]}", _FETCH_HINT)
        return content

    def offer(self, oid: str, kind: str, content: bytes) -> None:
        """Take an object's content from elsewhere if it has that name, so that git is not asked.

        The name of an object is the hash of its content, so it does not matter who has it.
        """
        if _hash(kind, content, oid) == oid:
            self._known_sizes[oid, kind] = len(content)
            self._offered[oid, kind] = content

    def read_all(self, places: Iterable[tuple[str, str]], kind: str, limit: int) -> Iterator[bytes]:
        """Yield the contents of objects, each named with the path where it is used, as `read`."""
        all_places = list(places)
        for start in range(0, len(all_places), _AHEAD):
            batch = all_places[start : start + _AHEAD]
            self.prefetch((oid for oid, _ in batch), kind, limit)
            for oid, path in batch:
                yield self.read(oid, kind, limit, path)

    def prefetch(self, oids: Iterable[str], kind: str, limit: int) -> None:
        """Ask git for many objects at a time; `measure` and `read` answer as they do without it.

        What is larger than `limit` bytes, or than what can be held, is not asked for.
        """
        names = [oid for oid in dict.fromkeys(oids) if (oid, kind) not in self._offered]
        self.prefetch_sizes(names, kind)
        wanted = []
        for oid in names:
            size = self._known_sizes.get((oid, kind), limit + 1)
            fits = size <= limit and self._held_bytes + size <= _HELD_BYTES
            if fits and (oid, kind) not in self._held:
                wanted.append(oid)
                self._held_bytes += size
        for start in range(0, len(wanted), _AHEAD):
            self._hold_contents(wanted[start : start + _AHEAD], kind)

    def prefetch_sizes(self, oids: Iterable[str], kind: str) -> None:
        """Ask git for the sizes of many objects at a time; `measure` tells what is wrong of any."""
        unknown = [oid for oid in dict.fromkeys(oids) if (oid, kind) not in self._known_sizes]
        for start in range(0, len(unknown), _AHEAD):
            batch = unknown[start : start + _AHEAD]
            _send(self._sizes, batch)
            for oid in batch:
                words = _read_header(self._sizes)
                if _tells_size(words) and words[:2] == [oid, kind]:
                    self._known_sizes[oid, kind] = int(words[2])

    def _hold_contents(self, oids: Sequence[str], kind: str) -> None:
        """Hold the contents that have the known size; `read` asks for all others once more."""
        _send(self._contents, oids)
        for oid in oids:
            words = _read_header(self._contents)
            size = int(words[2]) if _tells_size(words) else None
            if size is not None and size > _HELD_BYTES:  # not what it told before: it is stopped
                _stop_process(self._contents)
                return
            content = None if size is None else _read_content(self._contents, size)
            if words == [oid, kind, str(self._known_sizes[oid, kind])]:
                self._held[oid, kind] = content or b""  # cut short, it is damaged
            else:
                self._held_bytes -= self._known_sizes[oid, kind]

    def _start(self, option: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(  # noqa: S603 - fixed words
            make_command(self._repository, "cat-file", option),
            cwd=self._repository.git_folder,
            env=make_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(_stop_process, process)
        return process

    def _ask(self, process: "subprocess.Popen[bytes]", oid: str, kind: str, path: str) -> int:
        """Return the size that git gives for an object of this kind."""
        _send(process, [oid])
        words = _read_header(process)
        if _tells_size(words) and words[:2] == [oid, kind]:
            return int(words[2])
        if len(words) == 3:
            raise make_read_error(path, f"{oid[:7]} is a {words[1]} in git, not a {kind}")
        raise make_read_error(path, f"git does not have the content of {oid[:7]}", _FETCH_HINT)


def _send(process: "subprocess.Popen[bytes]", oids: Iterable[str]) -> None:
    """Ask for objects; a process that has ended gives no answer."""
    stdin = cast("IO[bytes]", process.stdin)
    with suppress(BrokenPipeError, ValueError):  # the latter where it was stopped here
        stdin.write("".join(f"{oid}\n" for oid in oids).encode())
        stdin.flush()


def _read_header(process: "subprocess.Popen[bytes]") -> list[str]:
    """Return the words of an answer: a name, a kind and a size; else what is wrong."""
    stdout = cast("IO[bytes]", process.stdout)
    with suppress(ValueError):
        return stdout.readline(_MAX_HEADER).decode("ascii", "replace").split()
    return []


def _tells_size(words: Sequence[str]) -> bool:
    return len(words) == 3 and words[2].isdecimal()


def _read_content(process: "subprocess.Popen[bytes]", size: int) -> bytes | None:
    """Return the bytes of an answer, or None where it is cut short."""
    stream = cast("IO[bytes]", process.stdout)
    content = stream.read(size)
    return content if len(content) == size and stream.read(1) == b"\n" else None


def _stop_process(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


def _hash(kind: str, content: bytes, oid: str) -> str:
    """Return the name of an object, by the algorithm that a name of this length is made with."""
    new = hashlib.sha1 if len(oid) == 40 else hashlib.sha256
    return new(f"{kind} {len(content)}\0".encode() + content).hexdigest()
