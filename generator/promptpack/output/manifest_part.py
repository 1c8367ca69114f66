"""A part of a manifest: its bytes and some packs in, the records of these packs out, and back.

A manifest has a record for each file, and a run with few changes needs a few of them. So where its
bytes are known to be those that `format_manifest` wrote, the records of some packs are cut out of
the text and nothing else of it is parsed. What stands around them is written again as it is.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from promptpack.output.manifest import (
    FILES_START,
    LIMIT,
    MANIFEST,
    NOTHING_PENDING,
    RECORD_END,
    RECORD_START,
    Manifest,
    format_pack_line,
)
from promptpack.output.record import hash_bytes
from promptpack.source.disk import UnreadableFileError, read_regular_file


class ManifestChangedError(OSError):
    """Somebody else changed a manifest of which only a part is known."""


class PartReader(NamedTuple):
    """What reads the part of a manifest that is about some packs, as long as the rest stays."""

    packs: frozenset[str]
    rest: tuple[bytes, ...]

    def read(self, folder: Path, name: str = MANIFEST) -> Manifest:
        """Return the part as it is now; raises OSError where anything else is another."""
        try:
            manifest = _parse_part(read_regular_file(folder / name, LIMIT), self.packs, name)
        except (UnreadableFileError, FileNotFoundError, ValueError) as error:
            raise ManifestChangedError(name) from error
        if manifest.rest != self.rest:
            raise ManifestChangedError(name)
        return manifest


def read_part(folder: Path, packs: Collection[str], digest: str) -> Manifest | None:
    """Return what the manifest of a folder says of the files of some packs.

    `digest` is of the bytes that are known. None for other bytes, and where one of the packs has a
    block in a file with blocks of others.
    """
    try:
        content = read_regular_file(folder / MANIFEST, LIMIT)
    except (UnreadableFileError, FileNotFoundError):
        return None
    if hash_bytes(content) != digest:
        return None
    manifest = _parse_part(content, packs, MANIFEST)
    return None if any("#" in key for key in manifest.files) else manifest


def _parse_part(content: bytes, packs: Collection[str], name: str) -> Manifest:
    """Return the records of some packs; raises ValueError for what `format_manifest` never wrote.

    What looks like a line of its text is one: in words, line ends are escaped.
    """
    start, end = content.find(FILES_START), len(content) - len(NOTHING_PENDING)
    if start < 0 or not content.endswith(NOTHING_PENDING):
        raise ValueError(name)
    spans = sorted(span for pack in packs for span in _find_spans(content, pack, start))
    words = json.loads(content[:start] + b"\n}")
    files = json.loads(b"{" + b",".join(content[one:two] for one, two in spans) + b"}")
    inner = [place for span in spans for place in span]
    places = [start, *inner, end]
    rest = tuple(content[one:two] for one, two in zip(places[::2], places[1::2], strict=True))
    tool, library = words.get("tool", ""), words.get("library", {})
    return Manifest(files, {}, name=name, tool=tool, library=library, rest=rest)


def _find_spans(content: bytes, pack: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield where the text of each record of a pack begins and ends."""
    line = format_pack_line(pack)
    place = content.find(line, start)
    while place >= 0:
        after = place + len(line)
        if content[after : after + 1] in {b",", b"\n"}:
            first = content.rindex(RECORD_START, start, place) + 1
            yield first, content.index(RECORD_END, place) + len(RECORD_END)
        place = content.find(line, after)
