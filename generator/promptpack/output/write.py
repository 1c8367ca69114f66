"""Ownership and writing: the files wanted in a folder in, old-or-new files on disk out.

A manifest in the folder records the hash of every file that promptpack wrote there. A file is
overwritten or removed only while its bytes are the recorded ones. Before the first write the
manifest also notes what is about to be written, so that a run that was cut short is recognised and
mended by the next. Only the manifest is synced: files can always be made again.

What is recorded is a file by its path, or a block in a file shared with others by `path#name`.
"""

import itertools
import os
import stat
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from promptpack.model import Finding, UserError
from promptpack.output.manifest import (
    MANIFEST,
    Manifest,
    Record,
    digest,
    read_manifest,
    replace_file,
    temporary,
    write_manifest,
)
from promptpack.source.text import decode
from promptpack.targets import blocks

State = Literal["same", "missing", "stale", "extra", "edited", "foreign", "linked"]
Scope = Callable[[str, Mapping[str, str]], bool]


class Wanted(NamedTuple):
    """A file's bytes, and words about it that the manifest keeps (target, pack, model, policy)."""

    content: bytes
    about: Mapping[str, str]


class Status(NamedTuple):
    """What stands at a path now, against what should; `old` and `new` are None where no file is."""

    path: str
    state: State
    old: bytes | None
    new: bytes | None


@dataclass(frozen=True)
class Plan:
    """What has to happen in a folder, decided before anything does."""

    folder: Path
    manifest: Manifest
    wanted: Mapping[str, Wanted]
    statuses: tuple[Status, ...]

    def having(self, *states: State) -> tuple[Status, ...]:
        """Return the statuses in any of these states."""
        return tuple(status for status in self.statuses if status.state in states)


def unsafe_folder(folder: Path, root: Path) -> str:
    """Return why outputs may not go into a folder, or nothing.

    `root` is the project's folder; its sources and everything above it are out of bounds.
    """
    place, root, home = folder.resolve(), root.resolve(), Path.home().resolve()
    if folder.is_symlink():
        return "it is a link; name the folder that it leads to"
    if root.is_relative_to(place):
        return "it holds the project's sources"
    if home.is_relative_to(place):
        return "it is your home folder" if home == place else "it holds your home folder"
    if any(place.is_relative_to(root / name) for name in ("packs", "templates", ".git")):
        return "it is among the project's sources"
    return "it is a file" if place.exists() and not place.is_dir() else ""


def plan(folder: Path, wanted: Mapping[str, Wanted], scope: Scope) -> Plan:
    """Return what it takes to make a folder hold what is wanted; reads, and writes nothing.

    Recorded files that are not wanted are extra if `scope` says that this run answers for them.
    Raises UserError where the manifest can't be trusted.
    """
    manifest = read_manifest(folder)
    statuses = [_status(folder, manifest, path, want) for path, want in wanted.items()]
    for path, about in (manifest.pending | manifest.files).items():
        if path not in wanted and scope(path, about):
            statuses += _leftover(folder, manifest, path)
    return Plan(folder, manifest, wanted, tuple(sorted(statuses)))


def apply(plan: Plan, *, force: bool = False) -> None:
    """Do what a plan says. A file that is not ours is kept, or backed up as `.orig` by `force`.

    Raises UserError before the first write where a file is in the way and `force` is not given, or
    a link leads out of the folder.
    """
    refused = plan.having("linked") if force else plan.having("linked", "edited", "foreign")
    blocked = [status for status in refused if status.path in plan.wanted]
    if blocked:
        raise UserError(tuple(_refusal(status) for status in blocked))
    temporary(plan.folder / MANIFEST).unlink(missing_ok=True)
    writes = plan.having("missing", "stale", "edited", "foreign")
    writes = tuple(status for status in writes if status.new is not None)
    if writes or _after(plan) != plan.manifest:
        _carry_out(plan, writes)


def rewrite(source: Path, old: str, new: str) -> None:
    """Put a new text into a source file, which keeps its mark, line ends and mode.

    Raises UserError where the file does not hold the old text any more.
    """
    place = source.resolve()
    data, mode = place.read_bytes(), place.stat().st_mode
    if decode(data, "")[0] != old:
        raise UserError((Finding("PP405", "error", str(source), 0, 0, "was changed meanwhile"),))
    if data.count(b"\r\n") * 2 > data.count(b"\n"):
        new = new.replace("\n", "\r\n")
    replace_file(place, (BOM_UTF8 if data.startswith(BOM_UTF8) else b"") + new.encode())
    place.chmod(mode)


def _carry_out(plan: Plan, writes: Iterable[Status]) -> None:
    before, after, gone = plan.manifest, _after(plan), _gone(plan)
    pending = {status.path: after.files[status.path] for status in writes}
    plan.folder.mkdir(parents=True, exist_ok=True)
    write_manifest(plan.folder, Manifest(before.files | _found(plan), before.pending | pending))
    for key in before.pending:
        temporary(_file(plan.folder, key)).unlink(missing_ok=True)
    for status in writes:
        target = _file(plan.folder, status.path)
        content = _with(target, status.path, status.new or b"")
        if status.state in ("edited", "foreign"):
            _set_aside(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, content)
    write_manifest(plan.folder, Manifest(after.files | gone, after.pending))
    for key in gone:
        _remove(plan.folder, key)
    if gone:
        write_manifest(plan.folder, after)


def _found(plan: Plan) -> dict[str, Record]:
    """Return records of what stands in the place of files to be overwritten.

    A run that was cut short left some of it, and its pending records are about to be replaced.
    """
    stale = (s for s in plan.having("stale") if s.old is not None)
    return {s.path: {"sha256": digest(s.old or b""), **plan.wanted[s.path].about} for s in stale}


def _after(plan: Plan) -> Manifest:
    """Return the manifest once the plan is carried out; other runs may have more to answer for."""
    done = {status.path for status in plan.statuses if status.state != "edited" or status.new}
    files = {p: record for p, record in plan.manifest.files.items() if p not in done}
    pending = {p: record for p, record in plan.manifest.pending.items() if p not in done}
    files |= {p: {"sha256": digest(w.content), **w.about} for p, w in plan.wanted.items()}
    return Manifest(dict(sorted(files.items())), pending)


def _gone(plan: Plan) -> dict[str, Record]:
    """Return the records of files that are not wanted: to be removed, or removed already."""
    known = plan.manifest.pending | plan.manifest.files
    unwanted = (status for status in plan.having("extra", "same") if status.new is None)
    return {status.path: known[status.path] for status in unwanted}


def _status(folder: Path, manifest: Manifest, path: str, want: Wanted) -> Status:
    if _linked(folder, path):
        return Status(path, "linked", None, want.content)
    old = _bytes(folder, path)
    if old is None:
        return Status(path, "missing", None, want.content)
    if old == want.content:
        return Status(path, "same", old, want.content)
    if manifest.owns(path, old):
        return Status(path, "stale", old, want.content)
    known = path in manifest.files or path in manifest.pending
    return Status(path, "edited" if known else "foreign", old, want.content)


def _leftover(folder: Path, manifest: Manifest, path: str) -> Iterator[Status]:
    """Yield the status of a recorded file that is not wanted any more."""
    old = _bytes(folder, path)
    if _linked(folder, path):
        yield Status(path, "linked", None, None)
    elif old is None:
        yield Status(path, "same", None, None)
    else:
        yield Status(path, "extra" if manifest.owns(path, old) else "edited", old, None)


def _file(folder: Path, key: str) -> Path:
    """Return the file that a key is about."""
    return folder / key.partition("#")[0]


def _bytes(folder: Path, key: str) -> bytes | None:
    """Return what stands there: a file's or block's bytes, none for no file, None for nothing."""
    path, name = _file(folder, key), key.partition("#")[2]
    try:
        content = path.read_bytes() if stat.S_ISREG(path.stat().st_mode) else b""
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not name:
        return content
    block = blocks.find(_text(content), name)
    return None if block is None else _raw(block)


def _with(path: Path, key: str, content: bytes) -> bytes:
    """Return what a file should hold: the content, or itself with that block."""
    name = key.partition("#")[2]
    if not name:
        return content
    shared = _text(path.read_bytes()) if path.exists() else ""
    return _raw(blocks.put(shared, name, _text(content)))


def _remove(folder: Path, key: str) -> None:
    """Remove a file, or a block and then the file if nothing else is left in it."""
    path, name = _file(folder, key), key.partition("#")[2]
    if path.is_file():
        rest = _raw(blocks.take(_text(path.read_bytes()), name)) if name else b""
        if rest:
            replace_file(path, rest)
            return
        path.unlink()
    _remove_empty(folder, key.partition("#")[0])


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _linked(folder: Path, path: str) -> bool:
    """Tell whether the file or a folder on the way to it is a link."""
    place = folder
    for part in PurePosixPath(path.partition("#")[0]).parts:
        place /= part
        if place.is_symlink():
            return True
    return False


def _set_aside(target: Path) -> None:
    """Rename a file to `.orig`, or to `.orig-2` and so on where an earlier copy is kept."""
    names = (f"{target.name}.orig{f'-{n}' if n > 1 else ''}" for n in itertools.count(1))
    copies = (target.with_name(name) for name in names)
    target.rename(next(copy for copy in copies if not os.path.lexists(copy)))


def _remove_empty(folder: Path, path: str) -> None:
    """Remove the folders that a removed file leaves empty, up to the output folder."""
    for parent in (folder / path).parents:
        if parent == folder:
            return
        try:
            parent.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


def _refusal(status: Status) -> Finding:
    copied = ", or use --force: what is there is kept as .orig"
    taken = "take the edit over with 'promptpack absorb'" + copied
    messages = {
        "linked": ("PP402", "a link stands in the way", "remove the link"),
        "edited": ("PP403", "was edited since promptpack wrote it", taken),
        "foreign": ("PP403", "was not written by promptpack", "move it away" + copied),
    }
    code, message, hint = messages[status.state]
    return Finding(code, "error", status.path, 0, 0, message, hint)
