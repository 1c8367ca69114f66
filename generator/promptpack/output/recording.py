"""Making the record of a run: its folders and plans in, what a later call has to look at out.

What a run read is what a record describes only if nothing changed in between. So the sources are
looked at before they are read and once more at the end. Outputs are looked at, planned anew with
what should be there, and looked at again. Where one look differs from the other, where a file is
of a kind that a look does not tell enough of, or was changed too lately, there is no record.
"""

import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from promptpack.model import UserError
from promptpack.output.folder_plan import Plan, has_work
from promptpack.output.kept import KeptPacks, describe_kept
from promptpack.output.lock import LOCK
from promptpack.output.manifest import INSTALLED
from promptpack.output.ownership import SHARED_FILES
from promptpack.output.record import (
    MISSING,
    STARTED,
    Record,
    UnrecordedError,
    describe_call,
    describe_entry,
    describe_folder,
    find_cache_folder,
    hash_names,
    is_fresh,
    store_record,
    wait_for,
)
from promptpack.output.settling import hash_contents, settle_plan
from promptpack.output.status import locate_file
from promptpack.reading.root_finding import find_roots
from promptpack.reading.roots import PROJECT_FILE
from promptpack.source.disk import ENTRY_LIMIT, find_real_path

_REPOSITORY_PARTS = (".git", "HEAD", "objects", "refs")
"""What tells in a folder whether outputs may go there."""


@dataclass
class Scope:
    """The places that a run depends on.

    Of `trees` it is all that is in them, of `paths` what is there, if anything, and of `folders`
    only which folder it is. `links` are paths, each with where it leads. Where the trees hold more
    than `most` files and folders, there is no record.
    """

    trees: list[Path] = field(default_factory=list)
    paths: dict[Path, None] = field(default_factory=dict)
    folders: dict[Path, None] = field(default_factory=dict)
    links: dict[Path, Path] = field(default_factory=dict)
    most: int = ENTRY_LIMIT

    def add_link(self, path: Path) -> None:
        """Add a path that is followed, wherever it leads."""
        self.links[Path.cwd() / path] = find_real_path(path)

    def add_path(self, folder: Path, path: str) -> None:
        """Add a path in a folder, with the folders on the way."""
        self.paths[folder / path] = None
        self.folders |= {folder / parent: None for parent in PurePosixPath(path).parents}


class Snapshot(NamedTuple):
    """What stands at the places of a scope: how each is described, and the names in each folder."""

    states: Mapping[str, str]
    names: Mapping[str, tuple[str, ...]]
    folder_states: Mapping[str, str]
    links: Mapping[str, str]


class Recorder:
    """A run that may leave a record: made before it reads anything, and told of all it planned."""

    def __init__(self, arguments: Sequence[str], root: Path, given: Path) -> None:
        """Look at the sources of the project in `root`, which was found from a folder or is it.

        Raises UnrecordedError or OSError where there can be no record.
        """
        self._folder = find_cache_folder()
        if not self._folder:
            raise UnrecordedError
        self._context = describe_call([*arguments])
        self._started, self._root = time.time_ns(), root
        self._scope = _list_sources(root, given)
        sources = take_snapshot(self._scope)
        if wait_for([*sources.states.values()], self._started):
            self._started = time.time_ns()
            sources = take_snapshot(self._scope)
        self._digest = _hash_snapshot(sources)

    def store(
        self,
        plans: Sequence[Plan],
        places: Sequence[Path],
        render: Callable[[Sequence[Plan]], list[str]],
        kept: KeptPacks | None = None,
    ) -> None:
        """Leave a record of a run that made these plans, and did what they say if it builds.

        The first plan is that of the output folder. `places` are folders in which may be a record
        of what was installed there. `render` returns what the next call prints if these are its
        plans, as `Record.printed` has it. `kept` is for the next call. Nothing happens where there
        can be no record.
        """
        with suppress(OSError, ValueError, UserError, UnrecordedError):
            is_changed = any(map(has_work, plans))
            now = time.time_ns() if is_changed else self._started
            scope = _list_outputs(plans, places, self._root)
            before = take_snapshot(scope)
            outputs, *others = plans
            plans = [settle_plan(outputs, list_files(outputs, before)), *map(settle_plan, others)]
            fresh = _hash_fresh(before, plans, now)
            sources, code = take_snapshot(self._scope), look_at_modules()
            printed = render(plans)
            if not _is_same(scope, before) or _hash_snapshot(sources) != self._digest:
                return
            if _list_fresh(sources, self._started):
                return
            looks = [sources, before, Snapshot(code, {}, {}, {})]
            record = _make_record(self._context, now, printed, looks, fresh)
            record.kept = [describe_kept(kept, plans[0])] if kept else []
            store_record(self._folder, record)


def take_snapshot(scope: Scope) -> Snapshot:
    """Return what stands at the places of a scope; raises UnrecordedError or OSError."""
    states: dict[str, str] = {}
    names: dict[str, tuple[str, ...]] = {}
    for path, state, inner in _walk_scope(scope):
        states[path] = state
        if inner is not None:
            names[path] = inner
    return Snapshot(states, names, *_look_around(scope))


def _is_same(scope: Scope, snapshot: Snapshot) -> bool:
    """Tell whether the places of a scope are as they were; raises as `take_snapshot` does."""
    count = 0
    for path, state, inner in _walk_scope(scope):
        count += 1
        if snapshot.states.get(path) != state or snapshot.names.get(path) != inner:
            return False
    around = snapshot.folder_states, snapshot.links
    return count == len(snapshot.states) and around == _look_around(scope)


def _look_around(scope: Scope) -> tuple[dict[str, str], dict[str, str]]:
    """Return how the folders of a scope are described, and where its links lead."""
    folders = {str(path): describe_folder(str(path)) for path in scope.folders}
    links = {str(path): os.path.realpath(path) for path in scope.links}
    if links != {str(path): str(target) for path, target in scope.links.items()}:
        raise UnrecordedError
    return folders, links


def _hash_snapshot(snapshot: Snapshot) -> str:
    digest = hashlib.sha256()
    for mapping in snapshot:
        for item in mapping.items():
            digest.update(repr(item).encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()


def _walk_scope(scope: Scope) -> Iterator[tuple[str, str, tuple[str, ...] | None]]:
    """Yield each place of a scope once, how it is described, and the names in a folder."""
    seen = set()
    for tree in scope.trees:
        for place in _walk_tree(str(tree)):
            if place[0] not in seen:
                yield place
            seen.add(place[0])
            if len(seen) > scope.most:
                raise UnrecordedError
    for path in map(str, scope.paths):
        if path not in seen:
            yield path, describe_entry(path), None
        seen.add(path)


def _walk_tree(tree: str) -> Iterator[tuple[str, str, tuple[str, ...] | None]]:
    """Yield what is in a folder; links and devices can change in ways that can't be seen."""
    waiting = [tree]
    while waiting:
        path = waiting.pop()
        state, names = describe_entry(path), None
        mode = 0 if state == MISSING else int(state.partition(" ")[0])
        if stat.S_ISDIR(mode):
            names = tuple(sorted(os.listdir(path)))  # noqa: PTH208 - names
            waiting += [f"{path}/{name}" for name in names]
        elif mode and not stat.S_ISREG(mode):
            raise UnrecordedError
        yield path, state, names


def _list_fresh(snapshot: Snapshot, now: int) -> list[str]:
    return [path for path, state in snapshot.states.items() if is_fresh(state, now)]


def _list_sources(root: Path, given: Path) -> Scope:
    """Return the places of a project's sources, its library's included, and how it was found."""
    roots = find_roots(root)
    libraries = [one for one in roots if not one.is_missing]
    scope = Scope([root / "packs", *(one.path / "templates" for one in libraries)])
    scope.trees += [one.path / "packs" for one in libraries[1:] if one.packs]
    scope.paths |= {root / PROJECT_FILE: None}
    scope.paths |= {path: None for one in libraries for path in one.metadata}
    scope.folders |= {one.path: None for one in roots}
    scope.add_link(given)
    scope.add_link(Path.home())
    found_from = find_real_path(given)
    for folder in (found_from, *found_from.parents):
        if folder == root or not folder.is_relative_to(root):
            break
        scope.paths[folder / "packs"] = None
    return scope


def look_at_modules(known: Container[str] = ()) -> dict[str, str]:
    """Return how the files of all that is loaded are described, but for known ones.

    With the folders in which modules are looked for. Raises UnrecordedError where one of them
    changed after it may have been loaded.
    """
    files = (getattr(module, "__file__", None) for module in [*sys.modules.values()])
    paths = [*filter(None, files), *filter(None, sys.path), sys.executable]
    current = str(Path.cwd())
    found = {os.path.join(current, path) for path in paths if isinstance(path, str)}  # noqa: PTH118 - 400 of them
    states = {path: describe_entry(path) for path in sorted(found) if path not in known}
    if any(is_fresh(state, STARTED) for state in states.values()):
        raise UnrecordedError
    return states


def list_files(plan: Plan, snapshot: Snapshot) -> dict[str, str]:
    """Return how all files in the folder of a plan are described, by their paths in it."""
    start = f"{find_real_path(plan.folder)}/"
    return {
        path.removeprefix(start): state
        for path, state in snapshot.states.items()
        if path.startswith(start) and path not in snapshot.names
    }


def _hash_fresh(snapshot: Snapshot, plans: Sequence[Plan], now: int) -> dict[str, str]:
    """Return the digests of what can hide a later change: of the bytes that were found right.

    Raises UnrecordedError where it is not known that they are right.
    """
    paths = _list_fresh(snapshot, now)
    contents: dict[str, str] = {}
    if {*paths} - snapshot.names.keys():
        for plan in plans:
            contents |= hash_contents(plan)
    fresh = {}
    for path in paths:
        if path in snapshot.names:
            fresh[path] = hash_names([*snapshot.names[path]])
        elif path in contents:
            fresh[path] = contents[path]
        else:
            raise UnrecordedError
    return fresh


def _list_outputs(plans: Sequence[Plan], places: Iterable[Path], root: Path) -> Scope:
    """Return the places that plans are about, and what may make them places for no outputs."""
    outputs, *others = plans
    out = find_real_path(outputs.folder)
    scope = Scope([out], most=ENTRY_LIMIT + len(outputs.desired))
    scope.add_link(outputs.folder)
    for folder in out.parents:
        scope.folders[folder / "packs"] = None
        if (folder / "packs").is_dir():
            break
    for plan in others:
        _add_plan(scope, plan)
    for place in places:
        scope.add_link(place)
        folder = find_real_path(place)
        scope.paths |= {folder / name: None for name in (INSTALLED, *SHARED_FILES)}
        scope.folders |= {folder / part: None for part in _REPOSITORY_PARTS}
        scope.folders |= {one / ".git": None for one in (root, *root.parents)}
    return scope


def _add_plan(scope: Scope, plan: Plan) -> None:
    """Add the places of a plan whose folder has much else in it."""
    folder = find_real_path(plan.folder)
    scope.add_link(plan.folder)
    records = [*plan.manifest.files, *plan.manifest.pending]
    keys = [*plan.statuses.list_paths(), *plan.desired, *records]
    for path in {*map(locate_file, keys), plan.manifest.name, LOCK}:
        scope.add_path(folder, path)


def _make_record(
    context: list[str],
    now: int,
    printed: list[str],
    looks: Iterable[Snapshot],
    fresh: Mapping[str, str],
) -> Record:
    """Return a record; raises UnrecordedError where one path was described in two ways."""
    states: dict[str, str] = {}
    folders: dict[str, str] = {}
    links: dict[str, str] = {}
    for look in looks:
        if any(states.get(path, state) != state for path, state in look.states.items()):
            raise UnrecordedError
        states |= look.states
        folders |= look.folder_states
        links |= look.links
    return Record(
        context=context,
        time=[str(now)],
        printed=printed,
        links=_flatten(links),
        paths=[*states],
        states=[*states.values()],
        folders=[*folders],
        folder_states=[*folders.values()],
        fresh=_flatten(fresh),
        kept=[],
    )


def _flatten(pairs: Mapping[str, str]) -> list[str]:
    return [word for pair in pairs.items() for word in pair]
