"""Ownership and writing: the files that a folder should hold in, old-or-new files on disk out.

A manifest in the folder records the hash of every file that promptpack wrote there. A file is
overwritten or removed only while its bytes are the recorded ones. Before the first write the
manifest also notes what is about to be written, so that a run that was cut short is recognised and
fixed by the next. Only the manifest is synced: files can always be made again.

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
    hash_content,
    make_temporary_path,
    read_manifest,
    replace_file,
    write_manifest,
)
from promptpack.source.text import decode_source
from promptpack.targets import blocks

State = Literal["same", "missing", "stale", "extra", "edited", "foreign", "linked"]
Scope = Callable[[str, Mapping[str, str]], bool]


class DesiredFile(NamedTuple):
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
    desired: Mapping[str, DesiredFile]
    statuses: tuple[Status, ...]

    def filter_statuses(self, *states: State) -> tuple[Status, ...]:
        """Return the statuses in any of these states."""
        return tuple(status for status in self.statuses if status.state in states)


def find_folder_problem(folder: Path, root: Path) -> str:
    """Return why outputs may not go into a folder, or nothing.

    `root` is the project's folder; its sources and everything above it are out of bounds.
    """
    resolved_folder, root, home = folder.resolve(), root.resolve(), Path.home().resolve()
    if folder.is_symlink():
        return "it is a link; use the folder that it points to"
    if root.is_relative_to(resolved_folder):
        return "it contains the project's sources"
    if home.is_relative_to(resolved_folder):
        return (
            "it is your home folder" if home == resolved_folder else "it contains your home folder"
        )
    if any(resolved_folder.is_relative_to(root / name) for name in ("packs", "templates", ".git")):
        return "it is inside the project's sources"
    return "it is a file" if resolved_folder.exists() and not resolved_folder.is_dir() else ""


def plan_files(folder: Path, desired_files: Mapping[str, DesiredFile], scope: Scope) -> Plan:
    """Return what it takes to make a folder hold what it should; reads, and writes nothing.

    Recorded files that it should not hold are extra if `scope` says that this run answers for them.
    Raises UserError where the manifest can't be trusted.
    """
    manifest = read_manifest(folder)
    statuses = [
        _find_status(folder, manifest, path, desired_file)
        for path, desired_file in desired_files.items()
    ]
    for path, record in (manifest.pending | manifest.files).items():
        if path not in desired_files and scope(path, record):
            statuses += _iter_leftover(folder, manifest, path)
    return Plan(folder, manifest, desired_files, tuple(sorted(statuses)))


def apply_plan(plan: Plan, *, force: bool = False) -> None:
    """Do what a plan says. A file that is not ours is kept, or backed up as `.orig` by `force`.

    Raises UserError before the first write where a file is in the way and `force` is not given, or
    a link leads out of the folder.
    """
    unsafe_statuses = (
        plan.filter_statuses("linked")
        if force
        else plan.filter_statuses("linked", "edited", "foreign")
    )
    blocking_statuses = [status for status in unsafe_statuses if status.path in plan.desired]
    if blocking_statuses:
        raise UserError(tuple(_make_refusal(status) for status in blocking_statuses))
    make_temporary_path(plan.folder / MANIFEST).unlink(missing_ok=True)
    writes = plan.filter_statuses("missing", "stale", "edited", "foreign")
    writes = tuple(status for status in writes if status.new is not None)
    if writes or _make_final_manifest(plan) != plan.manifest:
        _execute_plan(plan, writes)


def rewrite_source(source: Path, old: str, new: str) -> None:
    """Put a new text into a source file, which keeps its mark, line ends and mode.

    Raises UserError where the file does not hold the old text any more.
    """
    resolved_path = source.resolve()
    data, mode = resolved_path.read_bytes(), resolved_path.stat().st_mode
    if decode_source(data, "")[0] != old:
        raise UserError(
            (
                Finding(
                    "PP405", "error", str(source), 0, 0, "this source was changed in the meantime"
                ),
            )
        )
    if data.count(b"\r\n") * 2 > data.count(b"\n"):
        new = new.replace("\n", "\r\n")
    replace_file(resolved_path, (BOM_UTF8 if data.startswith(BOM_UTF8) else b"") + new.encode())
    resolved_path.chmod(mode)


def _execute_plan(plan: Plan, writes: Iterable[Status]) -> None:
    old_manifest, new_manifest, removed_records = (
        plan.manifest,
        _make_final_manifest(plan),
        _find_removed_records(plan),
    )
    pending = {status.path: new_manifest.files[status.path] for status in writes}
    plan.folder.mkdir(parents=True, exist_ok=True)
    write_manifest(
        plan.folder,
        Manifest(old_manifest.files | _make_stale_records(plan), old_manifest.pending | pending),
    )
    for key in old_manifest.pending:
        make_temporary_path(_locate_file(plan.folder, key)).unlink(missing_ok=True)
    for status in writes:
        target = _locate_file(plan.folder, status.path)
        content = _merge_content(target, status.path, status.new or b"")
        if status.state in ("edited", "foreign"):
            _back_up(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, content)
    write_manifest(
        plan.folder, Manifest(new_manifest.files | removed_records, new_manifest.pending)
    )
    for key in removed_records:
        _remove(plan.folder, key)
    if removed_records:
        write_manifest(plan.folder, new_manifest)


def _make_stale_records(plan: Plan) -> dict[str, Record]:
    """Return records of what stands in the place of files to be overwritten.

    A run that was cut short left some of it, and its pending records are about to be replaced.
    """
    stale_statuses = (s for s in plan.filter_statuses("stale") if s.old is not None)
    return {
        s.path: {"sha256": hash_content(s.old or b""), **plan.desired[s.path].about}
        for s in stale_statuses
    }


def _make_final_manifest(plan: Plan) -> Manifest:
    """Return the manifest once the plan is carried out; other runs may have more to answer for."""
    handled_paths = {
        status.path for status in plan.statuses if status.state != "edited" or status.new
    }
    files = {p: record for p, record in plan.manifest.files.items() if p not in handled_paths}
    pending = {p: record for p, record in plan.manifest.pending.items() if p not in handled_paths}
    files |= {p: {"sha256": hash_content(w.content), **w.about} for p, w in plan.desired.items()}
    return Manifest(dict(sorted(files.items())), pending)


def _find_removed_records(plan: Plan) -> dict[str, Record]:
    """Return the records of files that should not be there: to be removed, or removed already."""
    records = plan.manifest.pending | plan.manifest.files
    unwanted_statuses = (
        status for status in plan.filter_statuses("extra", "same") if status.new is None
    )
    return {status.path: records[status.path] for status in unwanted_statuses}


def _find_status(folder: Path, manifest: Manifest, path: str, desired_file: DesiredFile) -> Status:
    if _is_linked(folder, path):
        return Status(path, "linked", None, desired_file.content)
    old = _read_bytes(folder, path)
    if old is None:
        return Status(path, "missing", None, desired_file.content)
    if old == desired_file.content:
        return Status(path, "same", old, desired_file.content)
    if manifest.owns(path, old):
        return Status(path, "stale", old, desired_file.content)
    is_recorded = path in manifest.files or path in manifest.pending
    return Status(path, "edited" if is_recorded else "foreign", old, desired_file.content)


def _iter_leftover(folder: Path, manifest: Manifest, path: str) -> Iterator[Status]:
    """Yield the status of a recorded file that should not be there any more."""
    old = _read_bytes(folder, path)
    if _is_linked(folder, path):
        yield Status(path, "linked", None, None)
    elif old is None:
        yield Status(path, "same", None, None)
    else:
        yield Status(path, "extra" if manifest.owns(path, old) else "edited", old, None)


def _locate_file(folder: Path, key: str) -> Path:
    """Return the file that a key is about."""
    return folder / key.partition("#")[0]


def _read_bytes(folder: Path, key: str) -> bytes | None:
    """Return what stands there: a file's or block's bytes, none for no file, None for nothing."""
    path, name = _locate_file(folder, key), key.partition("#")[2]
    try:
        content = path.read_bytes() if stat.S_ISREG(path.stat().st_mode) else b""
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not name:
        return content
    block = blocks.find_block(_decode_content(content), name)
    return None if block is None else _encode_text(block)


def _merge_content(path: Path, key: str, content: bytes) -> bytes:
    """Return what a file should hold: the content, or itself with that block."""
    name = key.partition("#")[2]
    if not name:
        return content
    shared_text = _decode_content(path.read_bytes()) if path.exists() else ""
    return _encode_text(blocks.put_block(shared_text, name, _decode_content(content)))


def _remove(folder: Path, key: str) -> None:
    """Remove a file, or a block and then the file if nothing else is left in it."""
    path, name = _locate_file(folder, key), key.partition("#")[2]
    if path.is_file():
        rest = (
            _encode_text(blocks.remove_block(_decode_content(path.read_bytes()), name))
            if name
            else b""
        )
        if rest:
            replace_file(path, rest)
            return
        path.unlink()
    _remove_empty_folders(folder, key.partition("#")[0])


def _decode_content(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _encode_text(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _is_linked(folder: Path, path: str) -> bool:
    """Tell whether the file or a folder on the way to it is a link."""
    current_path = folder
    for part in PurePosixPath(path.partition("#")[0]).parts:
        current_path /= part
        if current_path.is_symlink():
            return True
    return False


def _back_up(target: Path) -> None:
    """Rename a file to `.orig`, or to `.orig-2` and so on where an earlier copy is kept."""
    names = (f"{target.name}.orig{f'-{n}' if n > 1 else ''}" for n in itertools.count(1))
    copies = (target.with_name(name) for name in names)
    target.rename(next(copy for copy in copies if not os.path.lexists(copy)))


def _remove_empty_folders(folder: Path, path: str) -> None:
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


def _make_refusal(status: Status) -> Finding:
    force_hint = ", or use --force, which keeps the existing file as .orig"
    absorb_hint = "move the edit into the sources with 'promptpack absorb'" + force_hint
    messages = {
        "linked": ("PP402", "this path is a link, or goes through one", "remove the link"),
        "edited": ("PP403", "this file was edited since promptpack wrote it", absorb_hint),
        "foreign": (
            "PP403",
            "this file was not written by promptpack",
            "move it away" + force_hint,
        ),
    }
    code, message, hint = messages[status.state]
    return Finding(code, "error", status.path, 0, 0, message, hint)
