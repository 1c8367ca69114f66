"""Reading objects: their names in, their content out, checked against the name.

The size of an object is asked for before it is read, and content that does not have the name it was
asked by is refused. So whatever a pack, an index or a graph file says, a commit stands for the same
sources everywhere.
"""

import hashlib
import subprocess
from contextlib import ExitStack
from typing import IO, Self, cast

from promptpack.git.errors import make_read_error
from promptpack.git.repository import Repository, make_command, make_environment
from promptpack.source.disk import format_size

_MAX_HEADER = 256
_FETCH_HINT = "in a partial clone, run 'git fetch --refetch --no-filter'; else run 'git fsck'"


class ObjectReader:
    """Two git processes that answer for one repository, as long as the `with` block takes."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._stack = ExitStack()
        self._known_sizes: dict[tuple[str, str], int] = {}

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
        size = self._ask(self._contents, oid, kind, path)
        if size > limit:
            raise make_read_error(path, f"larger than {format_size(limit)} in git")
        stream = cast("IO[bytes]", self._contents.stdout)
        content = stream.read(size)
        if len(content) != size or stream.read(1) != b"\n" or _hash(kind, content, oid) != oid:
            raise make_read_error(path, f"git has damaged content for {oid[:7]}", _FETCH_HINT)
        return content

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
        stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        try:
            stdin.write(f"{oid}\n".encode())
            stdin.flush()
            words = stdout.readline(_MAX_HEADER).decode("ascii", "replace").split()
        except BrokenPipeError:
            words = []
        if words[:2] == [oid, kind] and len(words) == 3 and words[2].isdecimal():
            return int(words[2])
        if len(words) == 3:
            raise make_read_error(path, f"{oid[:7]} is a {words[1]} in git, not a {kind}")
        raise make_read_error(path, f"git does not have the content of {oid[:7]}", _FETCH_HINT)


def _stop_process(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


def _hash(kind: str, content: bytes, oid: str) -> str:
    """Return the name of an object, by the algorithm that a name of this length is made with."""
    new = hashlib.sha1 if len(oid) == 40 else hashlib.sha256
    return new(f"{kind} {len(content)}\0".encode() + content).hexdigest()
