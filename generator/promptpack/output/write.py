"""Writing: the files that a folder should hold in, old-or-new files on disk out.

A manifest in the folder records the hash of every file that promptpack wrote there. A file is
overwritten or removed only while its bytes are the recorded ones. Everything is decided again under
the folder's lock. Before the first write the manifest also notes what is about to be written, so
that a run that was cut short is recognised and fixed by the next. Then all new bytes are laid
beside their places, or in a folder that gets the name of a new one; only if that succeeds they take
them. Only the manifest is synced: files can always be made again.

What is recorded is a file by its path, or a block in a file shared with others by `path#name`.
"""

import errno
import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from promptpack.model import Finding, UserError
from promptpack.output.folder_plan import (
    ON_PURPOSE,
    Outcome,
    Plan,
    has_work,
    make_final_manifest,
    plan_again,
)
from promptpack.output.lock import hold_lock, is_lock_left
from promptpack.output.manifest import (
    Manifest,
    hash_content,
    make_manifest_finding,
    write_manifest,
)
from promptpack.output.ownership import ABSORB
from promptpack.output.packed import Record, Records, merge_records
from promptpack.output.places import Places, open_place
from promptpack.output.replace import remove_stray_files, replace_file
from promptpack.output.staging import (
    StagedFile,
    StagedFolder,
    can_stage_folder,
    make_folders,
    remove_folder,
    stage_file,
)
from promptpack.output.status import (
    State,
    Status,
    decode_content,
    encode_text,
    locate_file,
    read_file,
)
from promptpack.source.contents import Content, read_content
from promptpack.targets.shared_files import find_block_form

_IN_THE_WAY = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}
"""Why a folder can't get its name: another one has it, or a file."""


def apply_plan(plan: Plan, *, force: bool = False) -> Plan:
    """Do what a plan says, and return the plan that was carried out.

    That is decided anew once no other run writes there. A file that is not ours is kept, or backed
    up as `.orig` by `force`. Raises UserError before the first write where a file is in the way or
    the manifest can't be read and `force` is not given, or a link leads out of the folder; OSError
    where another run holds the folder, or something can't be written.
    """
    _refuse_unsafe(plan, force=force)
    if not has_work(plan) and not is_lock_left(plan.folder):
        return plan
    with _make_output_folder(plan.folder), hold_lock(plan.folder) as was_killed:
        plan = plan_again(plan)
        _refuse_unsafe(plan, force=force)
        if was_killed or plan.manifest.pending:
            remove_stray_files(plan.folder, _list_folders(plan))
        return replace(plan, outcome=_execute_plan(plan)) if has_work(plan) else plan


def apply_plans(plans: Iterable[Plan], *, force: bool = False) -> list[Plan]:
    """Do what several plans say, one after the other, as `apply_plan` does.

    Raises UserError with what is in the way of any of them before the first write.
    """
    plans = list(plans)
    if findings := [one for plan in plans for one in _list_refusals(plan, force=force)]:
        raise UserError(tuple(findings))
    return [apply_plan(plan, force=force) for plan in plans]


def _refuse_unsafe(plan: Plan, *, force: bool) -> None:
    """Raise UserError where the plan would overwrite what nobody said it may."""
    if findings := _list_refusals(plan, force=force):
        raise UserError(tuple(findings))


def _list_refusals(plan: Plan, *, force: bool) -> list[Finding]:
    unsafe_states: tuple[State, ...] = ("linked",) if force else ("linked", *ON_PURPOSE)
    findings = [
        _make_refusal(status, plan.ownership.advice)
        for status in plan.filter_statuses(*unsafe_states)
        if status.path in plan.desired
    ]
    if plan.manifest.problem and not force:
        findings.append(make_problem_finding(plan.manifest))
    return findings


def make_problem_finding(manifest: Manifest) -> Finding:
    """Return a finding about a manifest that can't be read."""
    hint = "restore it from version control, or start a new one with --force"
    return make_manifest_finding(f"can't be read: {manifest.problem}", hint, manifest.name)


@contextmanager
def _make_output_folder(folder: Path) -> Iterator[None]:
    """Make the folder; one that was not there and is still empty at the end goes again."""
    was_there = folder.exists()
    if not was_there:
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if not was_there:
            with suppress(OSError):
                folder.rmdir()


def _list_folders(plan: Plan) -> list[str]:
    """Return the folders in which this folder's runs may have left something."""
    records = merge_records(plan.manifest.files, plan.manifest.pending)
    counted = (path for path, record in records.items() if plan.ownership.counts(path, record))
    parents = {PurePosixPath(locate_file(key)).parent for key in (*plan.desired, *counted)}
    return sorted(parent.as_posix() for parent in parents - {PurePosixPath()})


def _execute_plan(plan: Plan) -> Outcome:
    new_manifest, removed_records = make_final_manifest(plan), _find_removed_records(plan)
    old_manifest = plan.manifest
    if old_manifest.problem:
        _back_up(plan.folder, old_manifest.name)
        old_manifest = Manifest(name=old_manifest.name)
    pending = Records(new_manifest.files).pick(plan.list_writes().list_paths())
    stale = _make_stale_records(plan)
    files = merge_records(old_manifest.files, stale)
    pending = merge_records(old_manifest.pending, pending)
    write_manifest(plan.folder, replace(old_manifest, files=files, pending=pending))
    _write_files(plan, old_manifest)
    files = merge_records(new_manifest.files, removed_records)
    digest = write_manifest(plan.folder, replace(new_manifest, files=files))
    for status in plan.filter_statuses("extra", "same"):
        if status.path in removed_records:
            _remove(plan.folder, status)
    if removed_records:
        digest = write_manifest(plan.folder, new_manifest)
    return Outcome(new_manifest, digest)


def _write_files(plan: Plan, old_manifest: Manifest) -> None:
    """Write what has to be written: all of it or, unless the last step fails, nothing."""
    files: dict[str, tuple[Content | None, Content]] = {}
    with Places(plan.folder) as places:
        staged = _StagedWrites(places, files)
        try:
            files = merge_writes(plan)
            staged = _StagedWrites(places, files)
            for path, (_, content) in files.items():
                mode = plan.desired[path].is_executable if path in plan.desired else None
                staged.add(path, read_content(content), is_executable=mode)
            edited = plan.filter_statuses(*ON_PURPOSE).list_desired()
            copied = {*map(locate_file, edited.list_paths())}
            for one in staged.files:
                _expect(places, one.path, files[one.path][0])
                if one.path in copied:
                    _back_up(plan.folder, one.path)
                one.commit()
            for folder in staged.folders:
                _commit_folder(folder)
        except BaseException:
            staged.discard()
            with suppress(OSError):
                if all(_stands(places, path, old) for path, (old, _) in files.items()):
                    write_manifest(plan.folder, old_manifest)
            raise


class _StagedWrites:
    """New bytes that wait: in folders that are there beside their places, or in whole new folders.

    `files` are all that will be written, as `merge_writes` returns them.
    """

    def __init__(self, places: Places, files: Mapping[str, tuple[Content | None, Content]]) -> None:
        self.files: list[StagedFile] = []
        self.folders: list[StagedFolder] = []
        self._places = places
        self._made: list[str] = []
        self._started: dict[str, StagedFolder | None] = {"": None}
        parents = {path.rpartition("/")[0] for path in files}
        self._old = {str(one) for path in parents for one in PurePosixPath(path).parents}
        self._old |= {
            path.rpartition("/")[0] for path, (old, _) in files.items() if old is not None
        }

    def add(self, path: str, content: bytes, *, is_executable: bool | None) -> None:
        """Write the bytes of a file where they wait."""
        folder, _, name = path.rpartition("/")
        if folder not in self._started:
            self._started[folder] = self._start_folder(folder)
        if new_folder := self._started[folder]:
            new_folder.add(name, content, is_executable=is_executable)
        else:
            staged = stage_file(self._places, path, content, is_executable=is_executable)
            self.files.append(staged)

    def _start_folder(self, path: str) -> StagedFolder | None:
        """Return what takes the files of a folder; None where they wait in the folder itself."""
        make_folders(self._places, path, self._made)
        if path in self._old or not can_stage_folder(self._places, path):
            make_folders(self._places, f"{path}/x", self._made)
            return None
        self.folders.append(StagedFolder(self._places, path))
        return self.folders[-1]

    def discard(self) -> None:
        """Remove all that has not taken its place, and the folders that were made for it."""
        for file in self.files:
            file.discard()
        for folder in self.folders:
            folder.discard()
        for path in reversed(self._made):
            remove_folder(self._places.folder, path)


def _commit_folder(folder: StagedFolder) -> None:
    """Put new files in their place; raises UserError where something is in it now."""
    try:
        folder.commit()
    except OSError as error:
        if error.errno not in _IN_THE_WAY:
            raise
        raise UserError((_make_refusal(Status(folder.path, "edited", None, None)),)) from None


def merge_writes(plan: Plan) -> dict[str, tuple[Content | None, Content]]:
    """Return the content of each file to be written, now and then; blocks of one file together."""
    files: dict[str, tuple[Content | None, Content]] = {}
    for status in plan.list_writes():
        path, _, name = status.path.partition("#")
        if not name:
            files[path] = (status.current, status.desired or b"")
            continue
        if path not in files:
            shared = read_file(plan.folder, path)
            files[path] = (shared, shared or b"")
        old, merged = files[path]
        form, text = find_block_form(path), decode_content(read_content(merged))
        text = "" if form.explain_unfit(text) else text  # it is replaced on purpose
        files[path] = (old, encode_text(form.put(text, name, decode_content(status.new or b""))))
    return files


def _stands(folder: Path | Places, path: str, content: Content | None) -> bool:
    """Tell whether a file has this content; None is no file."""
    return read_file(folder, path) == (None if content is None else read_content(content))


def _expect(folder: Path | Places, path: str, content: Content | None) -> None:
    """Raise UserError where a file is not as it was when the plan was made."""
    if not _stands(folder, path, content):
        raise UserError((_make_refusal(Status(path, "edited", None, None)),))


def _remove(folder: Path, status: Status) -> None:
    """Remove a file, or a block and then the file if nothing else is left in it."""
    path, _, name = status.path.partition("#")
    content = read_file(folder, path)
    if content is not None and status.current is not None:
        rest = b""
        if name:
            rest = encode_text(find_block_form(path).remove(decode_content(content), name))
        else:
            _expect(folder, path, status.current)
        if rest:
            replace_file(folder, path, rest)
            return
        with open_place(folder, path) as place:
            place.remove()
    for parent in PurePosixPath(path).parents[:-1]:
        if not remove_folder(folder, parent.as_posix()):
            return


def _back_up(folder: Path, path: str) -> None:
    """Rename a file to `.orig`, or to `.orig-2` and so on where an earlier copy is kept."""
    with open_place(folder, path) as place:
        name = PurePosixPath(path).name
        copies = (f"{name}.orig{f'-{n}' if n > 1 else ''}" for n in itertools.count(1))
        place.rename(next(copy for copy in copies if place.beside(copy).find_status() is None))


def _make_stale_records(plan: Plan) -> dict[str, Record]:
    """Return records of what stands in the place of files to be overwritten.

    A run that was cut short left some of it, and its pending records are about to be replaced.
    """
    stale_statuses = (s for s in plan.filter_statuses("stale") if s.current is not None)
    return {
        s.path: {"sha256": hash_content(s.current or b""), **plan.desired[s.path].about}
        for s in stale_statuses
    }


def _find_removed_records(plan: Plan) -> dict[str, Record]:
    """Return the records of files that should not be there: to be removed, or removed already."""
    records = merge_records(plan.manifest.pending, plan.manifest.files)
    unwanted_statuses = (
        status for status in plan.filter_statuses("extra", "same") if status.desired is None
    )
    return {status.path: records[status.path] for status in unwanted_statuses}


def _make_refusal(status: Status, advice: str = ABSORB) -> Finding:
    force_hint = ", or use --force, which keeps the existing file as .orig"
    link_hint = "remove the link"
    if "#" in status.path:
        link_hint = "make it the file, and what it points to the link"
    messages = {
        "linked": ("PP402", "this path is a link, or goes through one", link_hint),
        "edited": ("PP403", "this file was edited since promptpack wrote it", advice + force_hint),
        "foreign": (
            "PP403",
            "this file was not written by promptpack for this project",
            "move it away" + force_hint,
        ),
    }
    code, message, hint = messages[status.state]
    return Finding(code, "error", status.path, 0, 0, message, hint)
