"""What stands in a folder against what should: paths and a manifest in, the state of each out."""

import stat
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple, overload

from promptpack.output.manifest import Manifest, unify_line_ends
from promptpack.output.ownership import Ownership, Words
from promptpack.output.packed import Records
from promptpack.output.places import LinkedPathError, Places, open_place
from promptpack.source.contents import Content, ContentStore, read_content
from promptpack.source.disk import HAS_MODES
from promptpack.targets.shared_files import find_block_form

State = Literal["same", "missing", "stale", "extra", "edited", "foreign", "linked"]


_PLAIN: tuple[State, ...] = ("same", "missing")
"""The states of which there can be nothing to say but the path."""


class DesiredFile(NamedTuple):
    """A file's bytes, and words about it that the manifest keeps (target, pack, model, policy).

    `told` is what a block in a shared file says of permissions. Where `is_executable` is None, the
    file's mode is nobody's business.
    """

    content: Content
    about: Words
    told: str = ""
    is_executable: bool | None = None


class Status(NamedTuple):
    """What stands at a path now, against what should; each is None where no file is.

    `chmod` is "+x" or "-x" where nothing but the mode of a file is to be changed.
    """

    path: str
    state: State
    current: Content | None
    desired: Content | None
    chmod: str = ""

    @property
    def old(self) -> bytes | None:
        """The bytes that stand there."""
        return None if self.current is None else read_content(self.current)

    @property
    def new(self) -> bytes | None:
        """The bytes that should."""
        return None if self.desired is None else read_content(self.desired)


class Statuses(Sequence[Status]):
    """Statuses in the order of their paths.

    Most files are as they should be, or missing. For those there is only the path, and the status
    is made when somebody asks for it.
    """

    def __init__(self, desired: Mapping[str, DesiredFile], statuses: Iterable[Status]) -> None:
        self._desired = desired
        self._items: list[str | Status] = []
        self._states: list[State] = []
        for status in statuses:
            is_plain = status.state in _PLAIN and status.path in desired and not status.chmod
            is_plain &= status.current is (status.desired if status.state == "same" else None)
            self._items.append(status.path if is_plain else status)
            self._states.append(status.state)
        paths = self.list_paths()
        if any(one > other for one, other in pairwise(paths)):
            order = sorted(range(len(paths)), key=paths.__getitem__)
            self._items = [self._items[place] for place in order]
            self._states = [self._states[place] for place in order]

    @classmethod
    def make_settled(cls, desired: Mapping[str, DesiredFile]) -> "Statuses":
        """Return the statuses of files that are all as they should be."""
        statuses = cls(desired, ())
        statuses._items = [*sorted(desired)]
        statuses._states = ["same"] * len(desired)
        return statuses

    @overload
    def __getitem__(self, place: int) -> Status: ...

    @overload
    def __getitem__(self, place: slice) -> "Statuses": ...

    def __getitem__(self, place: int | slice) -> "Status | Statuses":
        if isinstance(place, slice):
            return self._pick(range(len(self))[place])
        item, state = self._items[place], self._states[place]
        if isinstance(item, Status):
            return item
        content = self._desired[item].content
        return Status(item, state, content if state == "same" else None, content)

    def __len__(self) -> int:
        return len(self._items)

    def filter(self, *states: State) -> "Statuses":
        """Return the statuses in any of these states."""
        return self._pick(place for place, state in enumerate(self._states) if state in states)

    def list_differing(self) -> "Statuses":
        """Return the statuses of what is not as it should be."""
        return self._pick(place for place, state in enumerate(self._states) if state != "same")

    def list_desired(self) -> "Statuses":
        """Return the statuses of what should be there."""
        items = enumerate(self._items)
        return self._pick(n for n, one in items if isinstance(one, str) or one.desired is not None)

    def list_paths(self) -> list[str]:
        """Return the path that each status is about."""
        return [one if isinstance(one, str) else one.path for one in self._items]

    def _pick(self, places: Iterable[int]) -> "Statuses":
        picked = Statuses(self._desired, ())
        places = [*places]
        picked._items = [self._items[place] for place in places]
        picked._states = [self._states[place] for place in places]
        return picked


def find_statuses(
    folder: Path,
    manifest: Manifest,
    desired_files: Mapping[str, DesiredFile],
    ownership: Ownership,
) -> Statuses:
    """Return the status of each path that matters to a run, in their order.

    These are what should be there, what this run may remove, and outputs that nothing recorded.
    """

    def counts(path: str, record: Words) -> bool:
        is_concerned = path in desired_files or ownership.answers(path, record)
        return is_concerned and ownership.counts(path, record)

    counted = Manifest(
        Records(manifest.files).select(counts),
        Records(manifest.pending).select(counts),
        name=manifest.name,
    )
    return Statuses(
        desired_files, _iter_statuses(folder, manifest, counted, desired_files, ownership)
    )


def _iter_statuses(
    folder: Path,
    manifest: Manifest,
    counted: Manifest,
    desired_files: Mapping[str, DesiredFile],
    ownership: Ownership,
) -> Iterator[Status]:
    """Yield the statuses in any order; `counted` has the records of the manifest that count."""
    store = ContentStore()
    with Places(folder) as places:
        for path in sorted(desired_files):
            desired_file = desired_files[path]
            if places.is_missing(path):
                yield Status(path, "missing", None, desired_file.content)
                continue
            is_foreign = any(map(ownership.is_foreign, manifest.list_records(path)))
            status = _find_status(places, counted, path, desired_file.content, store)
            if status.state == "same":
                status = _compare_mode(places, status, desired_file)
            if is_foreign and status.current is not None and status.state != "linked":
                status = status._replace(state="foreign")
            yield status
        left = (path for path in (*counted.pending, *counted.files) if path not in desired_files)
        for path in dict.fromkeys(left):
            record = counted.list_records(path)[0]
            if ownership.answers(path, record):
                yield _find_leftover(places, counted, path)
        known = desired_files, manifest.files, manifest.pending
        yield from _find_unrecorded(folder, ownership, known)


def locate_file(key: str) -> str:
    """Return the path in a folder of the file that a key is about."""
    return key.partition("#")[0]


def read_file(folder: Path | Places, path: str) -> bytes | None:
    """Return the bytes of a file in a folder: none for what is no regular file, None for nothing.

    Raises LinkedPathError where it is a link, or behind one.
    """
    try:
        with open_place(folder, path) as place:
            status = place.find_status()
            if status is None:
                return None
            if stat.S_ISLNK(status.st_mode):
                raise LinkedPathError(path)
            is_regular = stat.S_ISREG(status.st_mode)
            return (place.read() if is_regular else None) or b""
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_output(folder: Path | Places, key: str) -> bytes | None:
    """Return what stands there of an output: a file's or a block's bytes, None for nothing.

    Where a shared file can't be read, nobody knows whether a block is in it, and where its form is
    another, none can be put into it: that is no nothing.
    Raises LinkedPathError where it is a link, or behind one.
    """
    path, _, name = key.partition("#")
    content = read_file(folder, path)
    if content is None or not name:
        return content
    form, text = find_block_form(path), decode_content(content)
    block = form.find(text, name)
    is_readable = not form.explain_unfit(text) if content else _is_empty_file(folder, path)
    return encode_text(block) if block is not None else None if is_readable else b""


def decode_content(content: bytes) -> str:
    """Return the text of a file that packs share, of which any byte must survive."""
    return content.decode("utf-8", "surrogateescape")


def encode_text(text: str) -> bytes:
    """Return the bytes of a text that `decode_content` gave."""
    return text.encode("utf-8", "surrogateescape")


def _find_status(
    folder: Path | Places, manifest: Manifest, path: str, desired: Content, store: ContentStore
) -> Status:
    """Return the status of a path; of a file that is as it should be, no bytes are kept."""
    try:
        old = read_output(folder, path)
    except LinkedPathError:
        return Status(path, "linked", None, desired)
    if old is None:
        return Status(path, "missing", None, desired)
    new = read_content(desired)
    if old == new:
        return Status(path, "same", desired, desired)
    current = store.add(old)
    if unify_line_ends(old) == unify_line_ends(new):
        return Status(path, "same", current, desired)
    if manifest.owns(path, old):
        return Status(path, "stale", current, desired)
    return Status(path, "edited" if manifest.list_records(path) else "foreign", current, desired)


def _compare_mode(folder: Path | Places, status: Status, desired: DesiredFile) -> Status:
    """Return the status of a file with the right bytes, which may have the wrong mode."""
    if desired.is_executable is None or not HAS_MODES:
        return status
    with open_place(folder, status.path) as place:
        found = place.find_status()
    if found is None or bool(found.st_mode & stat.S_IXUSR) == desired.is_executable:
        return status
    return status._replace(state="stale", chmod="+x" if desired.is_executable else "-x")


def _find_leftover(folder: Path | Places, manifest: Manifest, path: str) -> Status:
    """Return the status of a recorded file that should not be there any more."""
    try:
        old = read_output(folder, path)
    except LinkedPathError:
        return Status(path, "linked", None, None)
    if old is None:
        return Status(path, "same", None, None)
    return Status(path, "extra" if manifest.owns(path, old) else "edited", old, None)


def _find_unrecorded(
    folder: Path, ownership: Ownership, known: Sequence[Container[str]]
) -> Iterator[Status]:
    """Yield what stands where an output could, though nothing builds or recorded it."""
    for path, words in ownership.find_outputs(folder):
        is_output = ownership.claims(path, words) and ownership.answers(path, words)
        if is_output and not any(path in paths for paths in known):
            try:
                yield Status(path, "foreign", read_file(folder, path), None)
            except LinkedPathError:
                yield Status(path, "linked", None, None)


def _is_empty_file(folder: Path | Places, path: str) -> bool:
    with open_place(folder, path) as place:
        status = place.find_status()
        return status is not None and stat.S_ISREG(status.st_mode) and not status.st_size
