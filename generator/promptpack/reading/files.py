"""The files of a project: roots in, the text of each source out, or what is wrong with it.

The only place of this package that touches a disk.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from promptpack.model import Finding
from promptpack.model.root import PROJECT, Root
from promptpack.reading.roots import (
    HEAD_SUFFIX,
    PACK_FILE,
    PROJECT_FILE,
    SUFFIXES,
    resolve_shadows,
)
from promptpack.source.text import Span, decode_source, make_finding


class SourceFile(NamedTuple):
    """A source as it was found; where there are findings, nothing can be made of its text."""

    path: str
    text: str
    shadows: str = ""
    findings: tuple[Finding, ...] = ()


def gather_files(roots: Sequence[Root]) -> tuple[SourceFile, ...]:
    """Return the sources of all roots that count, in the order in which they are read.

    A file that is missing or can't be read is there, with the reason. Shadowed ones are not read.
    """
    places = {
        root.make_source_path(path.relative_to(root.path).as_posix()): (path, root.path.resolve())
        for root in roots
        for path in _iter_paths(root)
    }
    sources = resolve_shadows(roots, places).items()
    files = [_read_file(*places[path], path, shadows) for path, shadows in sources]
    if not any((root.path / "packs").is_dir() for root in roots if root.name == PROJECT):
        files.append(make_unreadable_file("packs", "there is no 'packs' folder here"))
    return tuple(files)


def make_file(path: str, data: bytes, shadows: str = "") -> SourceFile:
    """Return a source that holds some bytes, with what may not be in them."""
    text, findings = decode_source(data, path)
    return SourceFile(path, text, shadows, tuple(findings))


def make_unreadable_file(path: str, reason: str, shadows: str = "") -> SourceFile:
    """Return a source of which nothing is known but why it can't be read."""
    return SourceFile(path, "", shadows, (make_finding("PP001", path, Span(1, 1), reason),))


def _iter_paths(root: Root) -> Iterator[Path]:
    for kind, suffix in SUFFIXES.items():
        yield from (root.path / "templates" / kind).rglob(f"*{suffix}")
    if root.name != PROJECT:
        return
    if os.path.lexists(root.path / PROJECT_FILE):
        yield root.path / PROJECT_FILE
    packs = root.path / "packs"
    if packs.is_dir():
        for folder in packs.iterdir():
            if folder.is_dir():
                yield folder / PACK_FILE
                yield from folder.rglob("*.md")
                yield from folder.rglob(f"*{HEAD_SUFFIX}")


def _read_file(path: Path, boundary: Path, source_path: str, shadows: str) -> SourceFile:
    """Return a regular file's text; links may not lead out of the root."""
    try:
        if not path.resolve(strict=True).is_relative_to(boundary):
            return make_unreadable_file(source_path, "the link leads out of the project", shadows)
        if not stat.S_ISREG(path.stat().st_mode):
            return make_unreadable_file(source_path, "not a regular file", shadows)
        return make_file(source_path, path.read_bytes(), shadows)
    except FileNotFoundError:
        return make_unreadable_file(source_path, "no such file", shadows)
    except (OSError, RuntimeError) as error:
        return make_unreadable_file(source_path, _describe_error(error), shadows)


def _describe_error(error: OSError | RuntimeError) -> str:
    # from Python 3.13 a link that leads to itself is an OSError, before it is a RuntimeError
    if isinstance(error, RuntimeError) or error.errno == errno.ELOOP:
        return "the link leads to itself"
    return (error.strerror or "not readable").lower()
