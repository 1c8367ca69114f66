"""Repositories that somebody prepared: folders that pass for one, bombs, objects not there.

All of it is written with git's own plumbing, or by hand where that refuses.
"""

import hashlib
import subprocess
import zlib
from collections.abc import Iterable
from pathlib import Path

import support
from review_cases import IDENTITY

PWNED = "pwned"
"""The file that a program of the repository would make."""


def pipe_git(root: Path, data: bytes, *words: str) -> str:
    """Return what a git command says that is fed with some bytes."""
    done = subprocess.run(
        ["git", *IDENTITY, *words], cwd=root, input=data, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def plant_repository(folder: Path, head: str, objects: str, program: Path | None = None) -> None:
    """Make a folder what git takes for a bare repository, with the objects of a real one.

    With a program, it is a partial clone whose missing objects that program gets.
    """
    config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
    if program is not None:
        config = (
            "[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
            "[extensions]\n\tpartialClone = origin\n"
            '[remote "origin"]\n\turl = .\n\tpromisor = true\n'
            f"\tuploadpack = touch {program}; git-upload-pack\n"
            '[protocol]\n\tallow = always\n[protocol "file"]\n\tallow = always\n'
        )
    files = {
        "HEAD": f"{head}\n",
        "config": config,
        "objects/info/alternates": f"{objects}\n",
        "refs/keep": "",
    }
    support.write_files(folder, dict(files.items()))


def make_blob(root: Path, content: bytes) -> str:
    """Return the name of a new blob."""
    return pipe_git(root, content, "hash-object", "-w", "--stdin")


def make_tree(root: Path, entries: Iterable[tuple[str, str, str]]) -> str:
    """Return the name of a new tree of entries: mode, name, object."""
    words = ("hash-object", "-w", "-t", "tree", "--literally", "--stdin")
    return pipe_git(root, _join_entries(entries), *words)


def store_blob(root: Path, content: bytes) -> str:
    """Return the name of a new blob, stored without git, which takes long to start so often."""
    return _store(root, "blob", content)


def store_tree(root: Path, entries: Iterable[tuple[str, str, str]]) -> str:
    """Return the name of a new tree, stored without git."""
    return _store(root, "tree", _join_entries(entries))


def make_commit(root: Path, tree: str, *parents: str) -> str:
    """Return the name of a new commit of a tree."""
    words = [word for parent in parents for word in ("-p", parent)]
    return pipe_git(root, b"x", "commit-tree", tree, *words)


def make_pack_commit(root: Path, entries: Iterable[tuple[str, str, str]]) -> str:
    """Return a new commit with some entries in `packs/demo`."""
    demo = make_tree(root, entries)
    packs = make_tree(root, [("40000", "demo", demo)])
    return make_commit(root, make_tree(root, [("40000", "packs", packs)]))


def locate_loose(git_folder: Path, oid: str) -> Path:
    """Return where an object that is in no pack is stored."""
    return git_folder / "objects" / oid[:2] / oid[2:]


def store_instead(git_folder: Path, oid: str, kind: str, content: bytes) -> None:
    """Store sound content under the name of another object."""
    data = f"{kind} {len(content)}\0".encode() + content
    assert hashlib.sha1(data, usedforsecurity=False).hexdigest() != oid
    path = locate_loose(git_folder, oid)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(zlib.compress(data))


def _join_entries(entries: Iterable[tuple[str, str, str]]) -> bytes:
    rows = sorted(entries, key=lambda entry: entry[1] + "/" * (entry[0] == "40000"))
    return b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(oid) for mode, name, oid in rows)


def _store(root: Path, kind: str, content: bytes) -> str:
    data = f"{kind} {len(content)}\0".encode() + content
    oid = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    path = locate_loose(root / ".git", oid)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(data, 1))
    return oid


def store_piece(root: Path, size: int, piece: int) -> str:
    """Store zeros, and the first of them as a copy of a part of those; return the name of that.

    The layout is that of gitformat-pack(5): two objects, the second one an offset delta.
    """
    compressor = zlib.compressobj(1)
    body = b"".join(compressor.compress(bytes(1 << 20)) for _ in range(size >> 20))
    first = make_entry_header(3, size) + body + compressor.flush()
    delta = make_number(size) + make_number(piece) + b"\x80"  # copy 0x10000 bytes from the start
    back = make_offset(len(first))
    second = make_entry_header(6, len(delta)) + back + zlib.compress(delta)
    data = b"PACK" + (2).to_bytes(4, "big") + (2).to_bytes(4, "big") + first + second
    data += hashlib.sha1(data, usedforsecurity=False).digest()
    path = root / ".git/objects/pack/pack-1.pack"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    pipe_git(root, b"", "index-pack", "-o", str(path.with_suffix(".idx")), str(path))
    content = f"blob {piece}\0".encode() + bytes(piece)
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def make_number(value: int) -> bytes:
    """Return a number with the lowest seven bits first."""
    digits = [value & 127]
    while value := value >> 7:
        digits[-1] |= 128
        digits.append(value & 127)
    return bytes(digits)


def make_entry_header(kind: int, size: int) -> bytes:
    """Return what stands before an object of a pack: its type, and four bits of its size."""
    rest = size >> 4
    return bytes([kind << 4 | size & 15 | (128 if rest else 0)]) + (make_number(rest) * bool(rest))


def make_offset(value: int) -> bytes:
    """Return how far back the base of a delta is."""
    digits = [value & 127]
    while value := value >> 7:
        value -= 1
        digits.append(128 | value & 127)
    return bytes(reversed(digits))


def unpack_objects(root: Path) -> None:
    """Have all objects of a repository in files of their own."""
    for pack in (root / ".git/objects/pack").glob("*.pack"):
        data = pack.read_bytes()
        for part in pack.parent.glob(f"{pack.stem}.*"):
            part.unlink()
        pipe_git(root, data, "unpack-objects", "-q")
