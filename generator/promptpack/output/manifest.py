"""The record of what promptpack wrote into a folder: JSON in the folder, a `Manifest` in between.

What was built there and what was installed there have a record each: neither command touches what
the other wrote.

Whoever prepared the folder may have prepared the manifest too. So it is read like any other
stranger's file, and `ownership` says which of its records may count.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any

from promptpack.model import Finding, UserError
from promptpack.output.packed import Record, Records, join_records
from promptpack.output.places import open_place
from promptpack.output.replace import replace_file
from promptpack.source.contents import Content
from promptpack.source.disk import UnreadableFileError, read_regular_file

MANIFEST = ".promptpack.json"
"""The file that lists what was built, or exported, into its folder."""

INSTALLED = ".promptpack-installed.json"
"""The file that lists what was installed into its folder."""

LISTED = ".promptpack-permissions.json"
"""The file that records the list of permissions, beside `packs/`."""

EXPORTED = ".promptpack-export.json"
"""The file that lists what was exported into its folder for an evaluation."""

SCHEMA_VERSION = 1

LIMIT = 64 << 20
"""The most bytes that a manifest has."""

FILES_START = b',\n  "files": {'
"""What stands before all records in the text of a manifest."""

NOTHING_PENDING = b',\n  "pending": {}\n}\n'
"""What stands after all records of what was written, where nothing was about to be written."""

RECORD_START, RECORD_END = b'\n    "', b"\n    }"
"""What a record begins and ends with in that text."""

_FILES_END = b"\n  }" + NOTHING_PENDING
_BETWEEN = RECORD_END + b",\n"
_PART = 1 << 16
_TOGETHER = 256
_CONFLICT_MARKERS = (b"<" * 7, b">" * 7)
_UNUSABLE = frozenset("\\:\0")
_quote = encode_basestring_ascii


@dataclass
class Manifest:
    """The record of what promptpack wrote into a folder, and was about to write.

    `problem` says why it can't be read; then nothing is known of what was written. `name` is that
    of its own file. `tool` is the version of promptpack that built the files, and `library` has the
    SHA-256 of each file of a library that they are made of, and the package that a library is; both
    are empty in older manifests. Where `files` are only a part, `rest` is the text before, between
    and after their records; they are sorted by path.
    """

    files: Mapping[str, Record] = field(default_factory=Records)
    pending: Mapping[str, Record] = field(default_factory=Records)
    problem: str = ""
    name: str = MANIFEST
    tool: str = ""
    library: dict[str, str] = field(default_factory=dict)
    rest: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        self.files, self.pending = Records(self.files), Records(self.pending)

    def list_records(self, path: str) -> list[Record]:
        """Return what is recorded of a path: what was written, and what was about to be."""
        return [records[path] for records in (self.files, self.pending) if path in records]

    def owns(self, path: str, content: bytes) -> bool:
        """Tell whether these bytes at this path are what promptpack wrote there, but for line ends.

        git may have changed those (`core.autocrlf`).
        """
        hashes = {hash_content(content), hash_content(unify_line_ends(content))}
        return any(record.get("sha256") in hashes for record in self.list_records(path))


def hash_content(content: Content) -> str:
    """Return the SHA-256 of a content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else content.sha256


def unify_line_ends(content: bytes) -> bytes:
    """Return bytes with the line ends of Unix."""
    return content.replace(b"\r\n", b"\n")


def read_manifest(folder: Path, name: str = MANIFEST) -> Manifest:
    """Return a folder's manifest of a name: an empty one where there is none or it can't be read.

    A lost record makes promptpack own less, never more. Raises UserError for a manifest of a newer
    promptpack, and for one that names a path outside the folder.
    """
    try:
        content = read_regular_file(folder / name, LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return Manifest(name=name)
    except UnreadableFileError as error:
        return Manifest(problem=error.reason, name=name)
    return parse_manifest(content, name)


def parse_manifest(content: bytes, name: str = MANIFEST) -> Manifest:
    """Return the manifest in some bytes; raises UserError as `read_manifest` does."""
    try:
        manifest = _make_manifest(_read_parts(content) or json.loads(content), name)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        has_conflict = any(marker in content for marker in _CONFLICT_MARKERS)
        problem = "has merge conflict markers" if has_conflict else "not a manifest"
        return Manifest(problem=problem, name=name)
    if outside_paths := [p for p in (*manifest.files, *manifest.pending) if not _is_inside(p)]:
        message = f"lists a path that promptpack would never write: {outside_paths[0]!r}"
        raise UserError((make_manifest_finding(message, name=name),))
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> str:
    """Write a manifest so that it survives a crash; one that says nothing is removed.

    Returns the SHA-256 of what was written, or would be.
    """
    if not manifest.files and not manifest.pending:
        with open_place(folder, manifest.name) as place:
            place.remove()
        return hash_manifest(manifest)
    digest = hashlib.sha256()
    replace_file(folder, manifest.name, _iter_hashed(manifest, digest), sync=True)
    return digest.hexdigest()


def hash_manifest(manifest: Manifest) -> str:
    """Return the SHA-256 of a manifest as it is written."""
    digest = hashlib.sha256()
    for _ in _iter_hashed(manifest, digest):
        pass
    return digest.hexdigest()


def _iter_hashed(manifest: Manifest, digest: "hashlib._Hash") -> Iterator[bytes]:
    for part in iter_manifest(manifest):
        digest.update(part)
        yield part


def format_manifest(manifest: Manifest) -> bytes:
    """Return a manifest as it is written."""
    return b"".join(iter_manifest(manifest))


def iter_manifest(manifest: Manifest) -> Iterator[bytes]:
    """Yield the parts of a manifest as JSON, indented by two blanks.

    Its records are put together one by one: Python's own writer of indented JSON takes ten times as
    long, and a manifest has a record for each file.
    """
    words: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
    words |= {"tool": manifest.tool} if manifest.tool else {}
    words |= {"library": manifest.library} if manifest.library else {}
    yield json.dumps(words, indent=2).removesuffix("\n}").encode()
    if manifest.rest:
        first, *others = manifest.rest
        yield first
        for path, after in zip(manifest.files, others, strict=True):
            yield _format_record(path, manifest.files[path]).encode() + after
    else:
        yield from _iter_records("files", manifest.files)
    yield from _iter_records("pending", manifest.pending)
    yield b"\n}\n"


def format_pack_line(pack: str) -> bytes:
    """Return the line of a record that names its pack, without its end."""
    return f'\n      "pack": {_quote(pack)}'.encode()


def make_manifest_finding(message: str, hint: str = "", name: str = MANIFEST) -> Finding:
    """Return a finding about the manifest of a folder."""
    return Finding("PP404", "error", name, 1, 1, f"the manifest {message}", hint)


def _format_record(path: str, record: Record) -> str:
    lines = ",\n".join(f"      {_quote(key)}: {_quote(record[key])}" for key in record)
    return f"    {_quote(path)}: " + (f"{{\n{lines}\n    }}" if lines else "{}")


def _iter_records(name: str, records: Mapping[str, Record]) -> Iterator[bytes]:
    yield f',\n  "{name}": {{'.encode()
    texts = (_format_record(path, record) for path, record in records.items())
    before = "\n"
    while some := [*islice(texts, _TOGETHER)]:
        yield (before + ",\n".join(some)).encode()
        before = ",\n"
    yield b"\n  }" if records else b"}"


def _read_parts(content: bytes) -> dict[str, Any] | None:
    """Return what `json.loads` does for the bytes of a manifest, its records packed at once.

    None for bytes that `iter_manifest` did not write. Each part is JSON by itself, and so they are
    together: wherever they are cut, they read the same.
    """
    start, end = content.find(FILES_START), len(content) - len(_FILES_END)
    if start < 0 or not content.endswith(_FILES_END):
        return None
    try:
        head = json.loads(content[:start] + b"\n}")
        files = join_records(_iter_parts(content, start + len(FILES_START), end))
    except ValueError:
        return None
    return {**head, "files": files, "pending": {}} if head else None


def _iter_parts(content: bytes, start: int, end: int) -> Iterator[Records]:
    """Yield the records in the text of records; raises ValueError where it is none."""
    while start < end:
        place = content.find(_BETWEEN, min(start + _PART, end), end)
        place = place + len(RECORD_END) if place >= 0 else end
        part = json.loads(b"{%b}" % content[start:place])
        if not part or not all(map(_is_record, part.values())):
            raise ValueError(part)
        yield Records(part)
        start = place + 1


def _is_record(data: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    return isinstance(data, dict) and all(isinstance(word, str) for word in data.values())


def _make_manifest(data: Any, name: str) -> Manifest:  # noqa: ANN401 - whatever JSON holds
    """Return the manifest in some data; raises TypeError, KeyError or ValueError for other data."""
    if data["schema_version"] > SCHEMA_VERSION:
        message = "was written by a newer promptpack: use that version"
        raise UserError((make_manifest_finding(message, name=name),))
    files, pending = data["files"], data["pending"]
    tool, library = data.get("tool", ""), data.get("library", {})
    if not isinstance(tool, str) or not isinstance(library, dict):
        raise TypeError
    unread = [one for one in (files, pending) if not isinstance(one, Records)]
    records = [record for kind in unread for record in kind.values()]
    if not all(map(_is_record, (*records, library))):
        raise TypeError
    return Manifest(files, pending, name=name, tool=tool, library=library)


def _is_inside(path: str) -> bool:
    parts = {*path.split("/")}
    is_named = bool(parts - {"", "."}) and ".." not in parts
    return is_named and not path.startswith("/") and _UNUSABLE.isdisjoint(path)
