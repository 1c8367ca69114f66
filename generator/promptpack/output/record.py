"""The record of a run that changed nothing: the words of a call in, what it printed out.

A run that finds everything as it should be leaves a record in the user's cache folder: what it
looked at, as the file system describes it, and what it printed. The next call with the same words
looks at the same places. Where each is described as before, it prints the same; in any doubt there
is more of a run. So a record decides only where to look, and has no content of any file.

This is asked before anything else is loaded: it needs only what Python itself loads at its start.
Only systems whose files have a change time, which nobody can set, have records.
"""

import os
import stat
import sys
import time
from _collections_abc import Iterator  # what Python itself loads
from binascii import crc32

from promptpack.version import __version__

STARTED = time.time_ns()
"""When this process began to load promptpack, in ns: a module's file may be no newer."""

LIMIT = 64 << 20
"""The most bytes that a record has."""

MOST_RECORDS = 256
"""How many records are kept; the oldest ones go."""

MISSING = "-"
"""What describes a path at which nothing is."""

_COMMANDS = ("build", "check")
_HEAD = b"promptpack record 2\n"
_SUFFIX = ".record"
_LIST_END, _ITEM_END = "\1", "\0"
_VARIABLES = ("HOME", "NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LANG", "LC_ALL")
_COMPLETION = "_PROMPTPACK_COMPLETE"
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

_TOGETHER = 1024
"""How many words are encoded in one go."""

_WINDOW = 50_000_000
_COARSE_WINDOW = 2_000_000_000
_COARSE = 1_000_000


class UnrecordedError(Exception):
    """Something that a record can't describe so that any change to it would be seen."""


class Record:
    """What a run looked at, and what it printed: lists of words, each list by its own rule.

    `context` is who called, with which words and where. `time` has the one time in ns when the run
    looked. `printed` are texts, each after "o" for stdout or "e" for stderr. `links` are pairs of a
    path and where it leads. `paths` are described by `states` wholly, and `folders` by
    `folder_states` as to what they are, whatever they hold. `fresh` are pairs of a path that was
    changed so lately that a later change could look the same, and the digest of what it holds.
    `kept` has one text or none, for a run that finds a few sources changed.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one list each; a dataclass would load half of Python
        self,
        context: list[str],
        time: list[str],
        printed: list[str],
        links: list[str],
        paths: list[str],
        states: list[str],
        folders: list[str],
        folder_states: list[str],
        fresh: list[str],
        kept: list[str],
    ) -> None:
        self.context, self.time, self.printed, self.links = context, time, printed, links
        self.paths, self.states = paths, states
        self.folders, self.folder_states = folders, folder_states
        self.fresh, self.kept = fresh, kept


class Look:
    """What a call found at the places of its record, before it read anything of them.

    `time` is the time in ns before that, and `states` are in the order of the record's `paths`.
    `changed_time` is the time before the last look at what has changed since the record.
    """

    def __init__(self, record: Record) -> None:
        """Look at the paths of a record; raises OSError where that can't be."""
        self.time, self.record = time.time_ns(), record
        self.changed_time = self.time
        self.states = [describe_entry(path) for path in record.paths]

    def wait(self) -> None:
        """Wait until what changed just now can't change again unseen, and look at it once more."""
        pairs = enumerate(zip(self.record.states, self.states))  # noqa: B905 - of equal length
        changed = [n for n, (old, new) in pairs if old != new]
        if wait_for([self.states[n] for n in changed], self.time):
            self.changed_time = time.time_ns()
            for n in changed:
                self.states[n] = describe_entry(self.record.paths[n])


class RecordAnswer:
    """What a record says of a call: what to print if nothing has changed, else what was found.

    That is a list of one look, if there is any: whoever takes it out has the memory of it.
    """

    def __init__(self, printed: list[str] | None = None, looks: list[Look] | None = None) -> None:
        self.printed, self.looks = printed, looks or []


def find_unchanged(arguments: list[str]) -> RecordAnswer:
    """Return what a call would print where nothing has changed since its record, as `printed` has.

    In any doubt there is nothing to print. Where there is a record, there is what was found.
    """
    if not any(word in _COMMANDS for word in arguments) or _COMPLETION in os.environ:
        return RecordAnswer()
    looks: list[Look] = []
    try:
        folder = find_cache_folder()
        if record := read_record(folder, describe_call(arguments)) if folder else None:
            looks.append(Look(record))
            if _is_current(folder, record, looks[0]):
                return RecordAnswer(record.printed)
    except (OSError, ValueError, IndexError):
        pass
    return RecordAnswer(None, looks)


def describe_call(arguments: list[str]) -> list[str]:
    """Return all that a call depends on besides files: its words, its place, its Python."""
    is_terminal = os.isatty(1)
    columns = os.get_terminal_size(1).columns if is_terminal else 0
    return [
        *(__version__, sys.version, sys.executable, repr(sys.flags), *sys.warnoptions),
        *("path", *sys.path, sys.getfilesystemencoding(), os.getcwd()),  # noqa: PTH109 - no pathlib
        *("user", str(os.geteuid()), str(os.getegid()), str(os.getgroups())),
        *(f"{name}={os.environ.get(name)}" for name in _VARIABLES),
        *("terminals", str(is_terminal), str(os.isatty(2)), str(columns)),
        *("words", *arguments),
    ]


def find_cache_folder() -> str:
    """Return the path of the folder of records, which need not be there; "" where none may be used.

    Nobody else may own it or write to it. It may not be in a project: what lies there is written by
    others.
    """
    if os.name != "posix":
        return ""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not base.startswith("/"):
        home = os.environ.get("HOME", "")
        if not home.startswith("/"):
            return ""
        base = f"{home}/{'Library/Caches' if sys.platform == 'darwin' else '.cache'}"
    folder = os.path.realpath(f"{base}/promptpack")
    return "" if _is_in_project(folder) or not _is_own_folder(folder) else folder


def read_record(folder: str, context: list[str]) -> Record | None:
    """Return the record of a call, or None where there is none that counts."""
    content = read_private(f"{folder}/{name_record(context)}")
    record = None if content is None else parse_record(content)
    return record if record and record.context == context else None


def name_record(context: list[str]) -> str:
    """Return the name of a call's record; that of another may have it, and then is not counted."""
    key = _encode(_ITEM_END.join(context))
    return f"{crc32(key):08x}{crc32(key[::-1]):08x}{_SUFFIX}"


def parse_record(content: bytes) -> Record | None:
    """Return the record in some bytes; None for any other bytes.

    >>> parse_record(encode_record(Record(["a"], ["1"], [], [], [], [], [], [], [], []))).context
    ['a']
    """
    size = len(_HEAD) + 9
    if content[:size] != _make_head(crc32(memoryview(content)[size:])):
        return None
    parts: list[list[str]] = []
    while size <= len(content) and len(parts) <= 10:  # one after the other, for the memory
        end = content.find(_encode(_LIST_END), size)
        end = len(content) if end < 0 else end
        text = content[size:end].decode("utf-8", "surrogatepass")
        parts.append(text.split(_ITEM_END) if text else [])
        size = end + 1
    return Record(*parts) if len(parts) == 10 else None


def encode_record(record: Record) -> bytes:
    """Return the bytes of a record; raises ValueError where a word has one of our marks."""
    return b"".join(iter_record(record))


def iter_record(record: Record) -> Iterator[bytes]:
    """Yield the bytes of a record in parts; raises ValueError before the first as above."""
    check = 0
    for part in _iter_body(record):
        check = crc32(part, check)
    yield _make_head(check)
    yield from _iter_body(record)


def _iter_body(record: Record) -> Iterator[bytes]:
    lists = [
        *(record.context, record.time, record.printed, record.links, record.paths),
        *(record.states, record.folders, record.folder_states, record.fresh, record.kept),
    ]
    before = ""
    for words in lists:
        yield _encode(before)
        for place in range(0, len(words), _TOGETHER):
            some = words[place : place + _TOGETHER]
            text = _ITEM_END.join(some)
            if _LIST_END in text or text.count(_ITEM_END) != len(some) - 1:
                raise ValueError(_ITEM_END)
            yield _encode(_ITEM_END + text if place else text)
        before = _LIST_END


def store_record(folder: str, record: Record) -> None:
    """Put a record into the folder of records, for its owner alone, in place of an older one.

    Does nothing where that can't be, or where something can't be recorded.
    """
    try:
        name = name_record(record.context)
        if sum(map(len, iter_record(record))) <= LIMIT:
            os.makedirs(folder, 0o700, exist_ok=True)  # noqa: PTH103 - no pathlib
            _remove_oldest(folder)
            _replace_private(folder, name, iter_record(record))
    except (OSError, ValueError):
        return


def describe_entry(path: str) -> str:
    """Return what the file system says of a path, a link as itself: any change to it shows here."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    return (
        f"{found.st_mode} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} "
        f"{found.st_ino} {found.st_dev}"
    )


def describe_folder(path: str) -> str:
    """Return which folder, or other file, stands at a path, whatever it holds."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    return f"{found.st_mode} {found.st_ino} {found.st_dev}"


def is_fresh(state: str, now: int) -> bool:
    """Tell whether what `describe_entry` returned can hide a change that comes after a time in ns.

    Clocks of file systems tick, so two changes may bear one time.

    >>> is_fresh("33188 1 1000000000001 1000000000001 1 1", 1_100_000_000_000)
    False
    >>> is_fresh("33188 1 1000000000001 1000000000001 1 1", 1_000_040_000_000)
    True
    >>> is_fresh("33188 1 1000000000000 1000000000000 1 1", 1_001_000_000_000)
    True
    """
    if state == MISSING:
        return False
    return _find_end(state) > now


def wait_for(states: list[str], then: int) -> bool:
    """Wait until a change would show in all of some states, if it takes at most 50 ms.

    Tells whether one was fresh at the time when they were looked at, so that a second look says
    more; there may be nothing left to wait for by now.
    """
    ends = [_find_end(state) for state in states if is_fresh(state, then)]
    rest = max(ends, default=0) - time.time_ns()
    if 0 < rest <= _WINDOW:
        time.sleep(rest / 1_000_000_000)
    return bool(ends)


def _find_end(state: str) -> int:
    """Return the time in ns after which what `describe_entry` returned is not fresh any more."""
    modified, changed = (int(word) for word in state.split(" ")[2:4])
    window = _WINDOW if changed % _COARSE else _COARSE_WINDOW
    return max(modified, changed) + window


def hash_bytes(content: bytes) -> str:
    """Return the digest of a file's bytes."""
    from hashlib import sha256  # noqa: PLC0415 - rarely

    return sha256(content).hexdigest()


def hash_names(names: list[str]) -> str:
    """Return the digest of the names in a folder."""
    return hash_bytes(_encode("/".join(sorted(names))))


def hash_place(path: str) -> str:
    """Return the digest of a file's bytes or a folder's names; raises OSError for all else."""
    if stat.S_ISDIR(os.lstat(path).st_mode):
        return hash_names(os.listdir(path))  # noqa: PTH208 - names
    with os.fdopen(os.open(path, _FLAGS), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(path)
        return hash_bytes(file.read())


def read_private(path: str) -> bytes | None:
    """Return the bytes of a file that only this user may have written; None for any other."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        is_ours = found.st_uid == os.geteuid() and not found.st_mode & 0o077
        is_readable = stat.S_ISREG(found.st_mode) and found.st_size <= LIMIT
        return file.read(found.st_size) if is_ours and is_readable else None


def has_same_surroundings(record: Record, now: int) -> bool:
    """Tell whether the clock, links and folders are as they were when a run looked at them."""
    links = record.links
    return (
        now >= int(record.time[0])
        and [os.path.realpath(path) for path in links[::2]] == links[1::2]
        and [describe_folder(path) for path in record.folders] == record.folder_states
    )


def _is_current(folder: str, record: Record, look: Look) -> bool:
    """Tell whether all that a run looked at is as it was then."""
    now = look.time
    is_same = (
        look.states == record.states
        and has_same_surroundings(record, now)
        and [hash_place(path) for path in record.fresh[::2]] == record.fresh[1::2]
    )
    if is_same and record.fresh and not any(is_fresh(one, now) for one in record.states):
        record.fresh, record.time = [], [str(now)]
        store_record(folder, record)
    return is_same


def _is_in_project(folder: str) -> bool:
    while len(folder) > 1:
        folder = os.path.dirname(folder)  # noqa: PTH120 - no pathlib
        if os.path.isdir(f"{folder}/packs"):  # noqa: PTH112 - no pathlib
            return True
    return False


def _is_own_folder(folder: str) -> bool:
    """Tell whether a folder is this user's alone to write to, or is not there yet."""
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        return True
    is_private = found.st_uid == os.geteuid() and not found.st_mode & 0o022
    return stat.S_ISDIR(found.st_mode) and is_private


def _replace_private(folder: str, name: str, content: Iterator[bytes]) -> None:
    """Write a file that only this user may read, unless somebody else may write to its folder."""
    from pathlib import Path  # noqa: PLC0415 - not to ask for a record

    from promptpack.output.replace import replace_file  # noqa: PLC0415 - the same

    path = f"{folder}/{name}"
    if not _is_own_folder(folder):
        return
    if read_private(path) is None and os.path.lexists(path):  # its mode would be taken over
        os.unlink(path)  # noqa: PTH108 - no pathlib
    replace_file(Path(folder), name, content, mode=0o600)


def _remove_oldest(folder: str) -> None:
    """Make room for one more record."""
    names = [name for name in os.listdir(folder) if name.endswith(_SUFFIX)]  # noqa: PTH208 - names
    if len(names) < MOST_RECORDS:
        return
    paths = sorted((os.lstat(f"{folder}/{name}").st_mtime_ns, name) for name in names)
    for _, name in paths[: len(paths) - MOST_RECORDS + 1]:
        os.unlink(f"{folder}/{name}")  # noqa: PTH108 - no pathlib


def _make_head(check: int) -> bytes:
    return b"%s%08x\n" % (_HEAD, check)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
