"""Rewriting sources: a file with its old and its new content in, the file with the new one out."""

from codecs import BOM_UTF8
from collections.abc import Iterable
from pathlib import Path

from promptpack.model import Finding, UserError
from promptpack.output.replace import replace_file
from promptpack.source.text import decode_source


def rewrite_sources(changes: Iterable[tuple[Path, str, str]]) -> None:
    """Put new texts into source files, each given with its old one, and each file at once.

    Raises UserError where a file does not hold the old text any more; then none is written.
    """
    changes = tuple(changes)
    for source, old, _ in changes:
        _read_source(source, old)
    for source, old, new in changes:
        rewrite_source(source, old, new)


def _read_source(source: Path, old: str) -> bytes:
    data = source.resolve().read_bytes()
    if decode_source(data, "")[0] != old:
        raise _make_error(source)
    return data


def _make_error(source: Path) -> UserError:
    message = "this source was changed in the meantime"
    return UserError((Finding("PP405", "error", str(source), 0, 0, message),))


def rewrite_source(source: Path, old: str, new: str) -> None:
    """Put a new text into a source file, which keeps its mark, line ends and mode.

    Raises UserError where the file does not hold the old text any more.
    """
    resolved_path, data = source.resolve(), _read_source(source, old)
    if data.count(b"\r\n") * 2 > data.count(b"\n"):
        new = new.replace("\n", "\r\n")
    mark = BOM_UTF8 if data.startswith(BOM_UTF8) else b""
    replace_file(resolved_path.parent, resolved_path.name, mark + new.encode())


def rewrite_attached(source: Path, old: bytes, new: bytes, *, is_executable: bool) -> None:
    """Put new bytes into the source of a file beside a skill, and make it executable or not.

    Raises UserError where the file does not hold the old bytes any more.
    """
    resolved_path = source.resolve()
    if resolved_path.read_bytes() != old:
        raise _make_error(source)
    replace_file(resolved_path.parent, resolved_path.name, new, is_executable=is_executable)
