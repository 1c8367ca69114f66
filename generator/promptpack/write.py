"""Ownership and writing: the files wanted in a folder in, old-or-new files on disk out.

A manifest in the folder records the hash of every file that promptpack wrote there. A file is
overwritten or removed only while its bytes are the recorded ones. Before the first write the
manifest also notes what is about to be written, so that a run that was cut short is recognised and
mended by the next. Only the manifest is synced: files can always be made again.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple

from promptpack.model import Finding, UserError

MANIFEST = ".promptpack.json"
SCHEMA_VERSION = 1

State = Literal["same", "missing", "stale", "extra", "edited", "foreign", "linked"]
Scope = Callable[[Mapping[str, str]], bool]


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


@dataclass
class Manifest:
    """The record of what promptpack wrote into a folder, and was about to write."""

    files: dict[str, dict[str, str]] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)

    def owns(self, path: str, content: bytes) -> bool:
        """Tell whether these bytes at this path are what promptpack wrote there."""
        written = self.files.get(path, {}).get("sha256"), self.pending.get(path)
        return digest(content) in written


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


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def unsafe_folder(folder: Path, root: Path) -> str:
    """Return why outputs may not go into a folder, or nothing.

    `root` is the project's folder; its sources and everything above it are out of bounds.
    """
    place, root = folder.resolve(), root.resolve()
    if root.is_relative_to(place):
        return "it holds the project's sources"
    if place == Path.home().resolve():
        return "it is your home folder"
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
    for path, about in manifest.files.items():
        if path not in wanted and scope(about):
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
    writes = plan.having("missing", "stale", "edited", "foreign")
    writes = tuple(status for status in writes if status.new is not None)
    removed = plan.having("extra")
    if writes or removed or _records(plan) != plan.manifest.files or plan.manifest.pending:
        _carry_out(plan, writes, removed)


def read_manifest(folder: Path) -> Manifest:
    """Return a folder's manifest: an empty one where there is none or it can't be read.

    A lost record makes promptpack own less, never more. Raises UserError for a manifest of a newer
    promptpack, and for one that names a path outside the folder.
    """
    try:
        data = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if data["schema_version"] > SCHEMA_VERSION:
            raise UserError((_manifest_finding("is of a newer promptpack: use that one"),))
        manifest = Manifest(dict(data["files"]), dict(data["pending"]))
        outside = [p for p in (*manifest.files, *manifest.pending) if not _inside(p)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Manifest()
    if outside:
        raise UserError((_manifest_finding(f"names a path that can't be ours: {outside[0]!r}"),))
    return manifest


def _carry_out(plan: Plan, writes: Iterable[Status], removed: Iterable[Status]) -> None:
    pending = {s.path: digest(s.new) for s in writes if s.new is not None}
    plan.folder.mkdir(parents=True, exist_ok=True)
    _write_manifest(plan.folder, Manifest(plan.manifest.files, plan.manifest.pending | pending))
    for path in plan.manifest.pending:
        _temporary(plan.folder / path).unlink(missing_ok=True)
    for status in writes:
        target = plan.folder / status.path
        if status.state in ("edited", "foreign"):
            target.replace(target.with_name(target.name + ".orig"))
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, status.new or b"")
    kept = {s.path: plan.manifest.files[s.path] for s in removed}
    _write_manifest(plan.folder, Manifest(_records(plan) | kept))
    for status in removed:
        (plan.folder / status.path).unlink(missing_ok=True)
        _remove_empty(plan.folder, status.path)
    if kept:
        _write_manifest(plan.folder, Manifest(_records(plan)))


def _records(plan: Plan) -> dict[str, dict[str, str]]:
    """Return what the manifest holds once the plan is carried out."""
    gone = {s.path for s in plan.statuses if s.new is None and s.state != "edited"}
    kept = {p: record for p, record in plan.manifest.files.items() if p not in gone}
    new = {p: {"sha256": digest(w.content), **w.about} for p, w in plan.wanted.items()}
    return dict(sorted((kept | new).items()))


def _status(folder: Path, manifest: Manifest, path: str, want: Wanted) -> Status:
    if _linked(folder, path):
        return Status(path, "linked", None, want.content)
    old = _bytes(folder / path)
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
    old = None if _linked(folder, path) else _bytes(folder / path)
    if old is None:
        yield Status(path, "same", None, None)
    else:
        yield Status(path, "extra" if manifest.owns(path, old) else "edited", old, None)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _linked(folder: Path, path: str) -> bool:
    """Tell whether the file or a folder on the way to it is a link."""
    place = folder
    for part in PurePosixPath(path).parts:
        place /= part
        if place.is_symlink():
            return True
    return False


def _inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\\" not in path


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.promptpack-tmp")


def _replace(target: Path, content: bytes, *, sync: bool = False) -> None:
    """Put bytes at a path so that a reader sees the old or the new, never a part."""
    temporary = _temporary(target)
    temporary.unlink(missing_ok=True)
    try:
        with temporary.open("xb") as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    data: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "files": manifest.files,
        "pending": manifest.pending,
    }
    _replace(folder / MANIFEST, (json.dumps(data, indent=1) + "\n").encode(), sync=True)


def _remove_empty(folder: Path, path: str) -> None:
    """Remove the folders that a removed file leaves empty, up to the output folder."""
    with contextlib.suppress(OSError):
        for parent in (folder / path).parents:
            if parent == folder:
                return
            parent.rmdir()


def _manifest_finding(message: str) -> Finding:
    return Finding("PP404", "error", MANIFEST, 1, 1, f"the manifest {message}")


def _refusal(status: Status) -> Finding:
    messages = {
        "linked": ("PP402", "a link stands in the way", "remove the link"),
        "edited": ("PP403", "was edited since promptpack wrote it", "--force keeps a copy (.orig)"),
        "foreign": ("PP403", "was not written by promptpack", "--force keeps a copy (.orig)"),
    }
    code, message, hint = messages[status.state]
    return Finding(code, "error", status.path, 0, 0, message, hint)
