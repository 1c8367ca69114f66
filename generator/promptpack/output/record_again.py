"""The record of a run with few changes: the last one and what was done in, the next one out.

Nothing is looked at again but what this run wrote. All else is recorded as it was found before the
run read any of it. So a change that comes after that is one for the next run too.
"""

import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import PurePosixPath

from promptpack.model import UserError
from promptpack.output.folder_plan import Plan
from promptpack.output.kept import KeptPacks, describe_kept
from promptpack.output.record import (
    MISSING,
    Look,
    Record,
    UnrecordedError,
    describe_entry,
    find_cache_folder,
    hash_names,
    hash_place,
    is_fresh,
    store_record,
)
from promptpack.output.recording import look_at_modules
from promptpack.output.settling import hash_contents, settle_plan
from promptpack.output.status import locate_file
from promptpack.source.disk import find_real_path


def store_again(look: Look, plan: Plan, kept: KeptPacks) -> None:
    """Leave a record of a run that carried out a plan for the packs that changes reach.

    `look` is at the places of the last record, which has what is printed. Nothing happens where
    there can be no record.
    """
    with suppress(OSError, ValueError, UserError, UnrecordedError):
        if folder := find_cache_folder():
            store_record(folder, _make_record(look, plan, kept))


def _make_record(look: Look, plan: Plan, kept: KeptPacks) -> Record:
    """Return the record; raises UnrecordedError where something may have changed unseen."""
    now, last = time.time_ns(), look.record
    states = dict(zip(last.paths, look.states, strict=True))
    own = {path: describe_entry(path) for path in _list_own(plan)}
    if not states.keys() >= own.keys() or MISSING in own.values():
        raise UnrecordedError
    pairs = zip(last.paths, last.states, look.states, strict=True)
    others = [path for path, old, new in pairs if old != new and path not in own]
    if any(is_fresh(states[path], look.changed_time) for path in others):
        raise UnrecordedError
    plan = settle_plan(plan)
    digests = _hash_own(plan, own, last)
    known = zip(last.fresh[::2], last.fresh[1::2], strict=True)
    fresh = {path: digest for path, digest in known if is_fresh(states[path], look.time)}
    fresh = {path: digest for path, digest in fresh.items() if path not in own}
    fresh |= {path: digests[path] for path, state in own.items() if is_fresh(state, now)}
    states |= own
    states |= look_at_modules(states)
    record = Record(**vars(last))
    record.time, record.fresh = [str(now)], [word for pair in fresh.items() for word in pair]
    record.paths, record.states = [*states], [*states.values()]
    record.kept = [describe_kept(kept, plan)]
    return record


def _list_own(plan: Plan) -> set[str]:
    """Return the paths of what a plan writes, with the folders on the way."""
    out = find_real_path(plan.folder)
    paths = {PurePosixPath(locate_file(key)) for key in (*plan.desired, plan.manifest.name)}
    paths |= {parent for path in paths for parent in path.parents}
    return {str(out / path) for path in paths}


def _hash_own(plan: Plan, own: Collection[str], last: Record) -> dict[str, str]:
    """Return the digests of what stands where a plan writes, once it is carried out.

    Raises UnrecordedError where a name appeared or went, or it is not as it should be.
    """
    out, digests = find_real_path(plan.folder), hash_contents(plan)
    files = {str(out / locate_file(key)) for key in (*plan.desired, plan.manifest.name)}
    if not digests.keys() >= files:
        raise UnrecordedError
    folders = {path for path in own if path not in files}
    names: dict[str, list[str]] = {path: [] for path in folders}
    for path, state in zip(last.paths, last.states, strict=True):
        folder, _, name = path.rpartition("/")
        if folder in folders and state != MISSING:
            names[folder].append(name)
    found = {path: hash_place(path) for path in folders}
    if found != {path: hash_names(inner) for path, inner in names.items()}:
        raise UnrecordedError
    return digests | found
