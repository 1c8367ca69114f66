"""Reading a project as it was at a git revision: a name in, its packs and templates as files out.

Nothing in the repository is touched: only plumbing is called that reads objects and refs, never the
index or the work tree, and whatever the caller's environment says of either is left out. A revision
is data: a name that git could take for an option is refused.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from promptpack.model import Finding, UserError

FOLDERS = ("packs", "templates")
"""The folders that a project is made of."""

WORK_TREE = "work tree"

_BRANCHES = ("origin/main", "origin/master", "main", "master")
_FILES = frozenset({"100644", "100664", "100755"})
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_REDIRECTS = "GIT_"


class Revision(NamedTuple):
    """A commit, and what to call it."""

    commit: str
    label: str


class Tag(NamedTuple):
    """A tag, its commit and the day (ISO 8601) it was made; names that begin with "-" are data."""

    name: str
    commit: str
    date: str


def tags(root: Path, most: int) -> tuple[Tag, ...]:
    """Return the newest tags that lead to what is checked out; raises UserError outside of git."""
    fields = "%(refname:strip=2)%00%(objectname)%00%(*objectname)%00%(creatordate:short)"
    order = ("--sort=-version:refname", "--sort=-creatordate")  # the last decides first
    words = ("--merged=HEAD", *order, f"--count={most}", f"--format={fields}", "refs/tags")
    done = _git(root, "for-each-ref", *words)
    if done.returncode:
        raise _error("not in a git repository", _last_line(done.stderr))
    found = (line.split("\0") for line in done.stdout.decode("utf-8", "replace").splitlines())
    return tuple(Tag(name, peeled or direct, date) for name, direct, peeled, date in found)


def revision(root: Path, name: str) -> Revision:
    """Return the commit that a name means; raises UserError where it means none."""
    if not name or name.startswith("-") or not name.isprintable():
        raise _error(f"'{name}' is not the name of a revision", "a branch, a tag or a commit")
    commit = _resolved(root, name)
    if commit is None:
        raise _error(f"no revision '{name}' here", _how_to_get(root, name))
    short = commit[:7]
    return Revision(commit, short if commit.startswith(name) else f"{name}@{short}")


def merge_base(root: Path, head: str | None) -> Revision:
    """Return where a revision (else what is checked out) left the default branch."""
    branch = default_branch(root)
    ours = revision(root, head or "HEAD")
    theirs = revision(root, branch)
    found = _git(root, "merge-base", theirs.commit, ours.commit)
    if found.returncode:
        hint = _how_to_get(root, branch)
        raise _error(f"'{branch}' and '{head or 'HEAD'}' have no commit in common here", hint)
    commit = found.stdout.decode().strip()
    return Revision(commit, f"{branch}@{commit[:7]}")


def default_branch(root: Path) -> str:
    """Return the branch that changes go to: what the remote says, else a usual name."""
    found = _git(root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    said = found.stdout.decode().strip()
    for name in (said, *_BRANCHES):
        if name and _resolved(root, name) is not None:
            return name
    missing = _how_to_get(root, "main")
    raise _error("no default branch is known here", missing or "name it: promptpack diff BASE")


def extract(root: Path, commit: str, into: Path) -> tuple[str, ...]:
    """Write the packs and templates of a commit into a folder; return what is not a plain file.

    Links and submodules are not followed. A commit without packs gives an empty project.
    """
    (into / "packs").mkdir()
    entries = list(_entries(root, commit))
    wanted = {path: oid for mode, oid, path in entries if mode in _FILES}
    for path, content in _contents(root, wanted):
        place = into / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return tuple(path for mode, _, path in entries if mode not in _FILES)


def file_at(root: Path, commit: str, path: str) -> bytes | None:
    """Return one file of a commit by its path in the project, or None where there is none."""
    inside = PurePosixPath(os.path.normpath(path))
    if inside.is_absolute() or ".." in inside.parts:
        raise _error(f"'{path}' is not inside the project", "a path from the project's folder")
    found = _git(root, "cat-file", "blob", f"{commit}:./{inside}")
    return None if found.returncode else found.stdout


def prefix(root: Path) -> str:
    """Return the path from the folder of the repository to the project, ended by a slash."""
    return os.fsdecode(_git(root, "rev-parse", "--show-prefix").stdout.rstrip(b"\n"))


def _entries(root: Path, commit: str) -> Iterator[tuple[str, str, str]]:
    """Yield mode, object and path (from the project's folder) of what a commit holds."""
    listed = _git(root, "ls-tree", "-r", "-z", commit, "--", *(f"{name}/" for name in FOLDERS))
    if listed.returncode:
        raise _error(f"git can't list {commit[:7]}", _last_line(listed.stderr))
    for entry in listed.stdout.split(b"\0")[:-1]:
        head, _, name = entry.partition(b"\t")
        mode, _, oid = head.decode().split()
        path = os.fsdecode(name)
        parts = path.split("/")
        if parts[0] not in FOLDERS or {"", ".", ".."} & set(parts):
            raise _error(f"{commit[:7]} holds the path '{path}'", "no file may leave its folder")
        yield mode, oid, path


def _contents(root: Path, wanted: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    asked = "".join(f"{oid}\n" for oid in wanted.values()).encode()
    answer = _git(root, "cat-file", "--batch", given=asked).stdout
    at = 0
    for path in wanted:
        head, _, _ = answer[at:].partition(b"\n") if at < len(answer) else (b"missing", b"", b"")
        if not head.split()[1:2] == [b"blob"]:
            raise _error(f"git has not got '{path}'", "fetch the whole history: git fetch")
        start = at + len(head) + 1
        size = int(head.split()[2])
        yield path, answer[start : start + size]
        at = start + size + 1


def _resolved(root: Path, name: str) -> str | None:
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    found = _git(root, *words)
    commit = found.stdout.decode().strip()
    return commit if found.returncode == 0 and _COMMIT.fullmatch(commit) else None


def _how_to_get(root: Path, name: str) -> str:
    """Return what to fetch, where that is what is missing."""
    shallow = _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    if shallow:
        return f"the clone is shallow: git fetch --unshallow origin, for '{name}' and its history"
    return "" if _resolved(root, "HEAD") else "this repository has no commit yet"


def _git(root: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a git command that only reads; raises UserError where there is no repository."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_REDIRECTS)}
    environment |= {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, and names behind --end-of-options
            ["git", "--no-pager", *words],  # noqa: S607 - the user's own git
            cwd=root,
            env=environment,
            input=given,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise _error("git is not installed here", "or compare: --from-dir A --to-dir B") from None
    if done.returncode == 128 and b"not a git repository" in done.stderr:
        hint = "compare two built folders with --from-dir A --to-dir B"
        raise _error("this project is in no git repository", hint)
    if done.returncode == 128 and b"dubious ownership" in done.stderr:
        raise _error(
            "git refuses this repository: its owner is somebody else", "git safe.directory"
        )
    return done


def _last_line(said: bytes) -> str:
    return (said.decode("utf-8", "replace").strip().splitlines() or [""])[-1]


def _error(message: str, hint: str) -> UserError:
    return UserError((Finding("PP051", "error", "", 0, 0, message, hint),))
