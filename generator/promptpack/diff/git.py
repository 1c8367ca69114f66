"""Reading a project as it was at a git revision: a name in, its sources as files out.

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
from promptpack.reading.roots import SOURCES

WORK_TREE = "work tree"

_USUAL_BRANCHES = ("origin/main", "origin/master", "main", "master")
_FILE_MODES = frozenset({"100644", "100664", "100755"})
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_VARIABLE_PREFIX = "GIT_"


class Revision(NamedTuple):
    """A commit, and what to call it."""

    commit: str
    label: str


class Tag(NamedTuple):
    """A tag, its commit and the day (ISO 8601) it was made; names that begin with "-" are data."""

    name: str
    commit: str
    date: str


def list_tags(root: Path, limit: int) -> tuple[Tag, ...]:
    """Return the newest tags that lead to what is checked out; raises UserError outside of git."""
    fields = "%(refname:strip=2)%00%(objectname)%00%(*objectname)%00%(creatordate:short)"
    sorting = ("--sort=-version:refname", "--sort=-creatordate")  # the last decides first
    arguments = ("--merged=HEAD", *sorting, f"--count={limit}", f"--format={fields}", "refs/tags")
    process = _run_git(root, "for-each-ref", *arguments)
    if process.returncode:
        raise _make_error("not in a git repository", _get_last_line(process.stderr))
    rows = (line.split("\0") for line in process.stdout.decode("utf-8", "replace").splitlines())
    return tuple(Tag(name, peeled or direct, date) for name, direct, peeled, date in rows)


def resolve_revision(root: Path, name: str) -> Revision:
    """Return the commit that a name means; raises UserError where it means none."""
    if not name or name.startswith("-") or not name.isprintable():
        raise _make_error(
            f"'{name}' is not a valid revision name", "use a branch, a tag or a commit"
        )
    commit = _resolve_commit(root, name)
    if commit is None:
        raise _make_error(f"unknown revision '{name}'", _make_fetch_hint(root, name))
    short = commit[:7]
    return Revision(commit, short if commit.startswith(name) else f"{name}@{short}")


def find_merge_base(root: Path, head: str | None) -> Revision:
    """Return where a revision (else what is checked out) left the default branch."""
    branch = find_default_branch(root)
    ours = resolve_revision(root, head or "HEAD")
    theirs = resolve_revision(root, branch)
    process = _run_git(root, "merge-base", theirs.commit, ours.commit)
    if process.returncode:
        hint = _make_fetch_hint(root, branch)
        raise _make_error(
            f"'{branch}' and '{head or 'HEAD'}' have no common ancestor in this clone", hint
        )
    commit = process.stdout.decode().strip()
    return Revision(commit, f"{branch}@{commit[:7]}")


def find_default_branch(root: Path) -> str:
    """Return the branch that changes go to: what the remote says, else a usual name."""
    process = _run_git(root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    remote_branch = process.stdout.decode().strip()
    for name in (remote_branch, *_USUAL_BRANCHES):
        if name and _resolve_commit(root, name) is not None:
            return name
    hint = _make_fetch_hint(root, "main")
    raise _make_error(
        "can't find the default branch", hint or "name the base: 'promptpack diff BASE'"
    )


def extract(root: Path, commit: str, folder: Path) -> tuple[str, ...]:
    """Write the sources of a project in a commit to a folder; return what is not a plain file.

    Links and submodules are not followed. A commit without packs gives an empty project.
    """
    (folder / "packs").mkdir()
    entries = list(_list_entries(root, commit))
    files = {path: oid for mode, oid, path in entries if mode in _FILE_MODES}
    for path, content in _read_contents(root, files):
        destination = folder / path
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(content)
    return tuple(path for mode, _, path in entries if mode not in _FILE_MODES)


def read_file(root: Path, commit: str, path: str) -> bytes | None:
    """Return one file of a commit by its path in the project, or None where there is none."""
    inner_path = PurePosixPath(os.path.normpath(path))
    if inner_path.is_absolute() or ".." in inner_path.parts:
        raise _make_error(
            f"'{path}' is not inside the project", "use a path relative to the project's folder"
        )
    process = _run_git(root, "cat-file", "blob", f"{commit}:./{inner_path}")
    return None if process.returncode else process.stdout


def find_prefix(root: Path) -> str:
    """Return the path from the folder of the repository to the project, ended by a slash."""
    return os.fsdecode(_run_git(root, "rev-parse", "--show-prefix").stdout.rstrip(b"\n"))


def _list_entries(root: Path, commit: str) -> Iterator[tuple[str, str, str]]:
    """Yield mode, object and path (from the project's folder) of what a commit holds."""
    process = _run_git(root, "ls-tree", "-r", "-z", commit, "--", *SOURCES)
    if process.returncode:
        raise _make_error(f"git can't list {commit[:7]}", _get_last_line(process.stderr))
    for entry in process.stdout.split(b"\0")[:-1]:
        metadata, _, name = entry.partition(b"\t")
        mode, _, oid = metadata.decode().split()
        path = os.fsdecode(name)
        parts = path.split("/")
        if parts[0] not in SOURCES or {"", ".", ".."} & set(parts):
            raise _make_error(
                f"{commit[:7]} contains the path '{path}'", "a path must stay inside its folder"
            )
        yield mode, oid, path


def _read_contents(root: Path, files: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    request = "".join(f"{oid}\n" for oid in files.values()).encode()
    response = _run_git(root, "cat-file", "--batch", stdin=request).stdout
    offset = 0
    for path in files:
        header, _, _ = (
            response[offset:].partition(b"\n") if offset < len(response) else (b"missing", b"", b"")
        )
        if not header.split()[1:2] == [b"blob"]:
            raise _make_error(
                f"git does not have the content of '{path}'",
                "in a partial clone, run 'git fetch --refetch --no-filter'",
            )
        start = offset + len(header) + 1
        size = int(header.split()[2])
        yield path, response[start : start + size]
        offset = start + size + 1


def _resolve_commit(root: Path, name: str) -> str | None:
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    process = _run_git(root, *arguments)
    commit = process.stdout.decode().strip()
    return commit if process.returncode == 0 and _COMMIT.fullmatch(commit) else None


def _make_fetch_hint(root: Path, name: str) -> str:
    """Return what to fetch, where that is what is missing."""
    is_shallow = _run_git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    if is_shallow:
        return (
            f"the clone is shallow: to get '{name}' and its history, "
            "run 'git fetch --unshallow origin'"
        )
    return "" if _resolve_commit(root, "HEAD") else "this repository has no commits yet"


def _run_git(root: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a git command that only reads; raises UserError where there is no repository."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_VARIABLE_PREFIX)}
    environment |= {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    try:
        process = subprocess.run(  # noqa: S603 - fixed words, and names behind --end-of-options
            ["git", "--no-pager", *arguments],  # noqa: S607 - the user's own git
            cwd=root,
            env=environment,
            input=stdin,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise _make_error(
            "git is not installed",
            "without git, compare two built folders with '--from-dir A --to-dir B'",
        ) from None
    if process.returncode == 128 and b"not a git repository" in process.stderr:
        hint = "compare two built folders with '--from-dir A --to-dir B'"
        raise _make_error("this project is not in a git repository", hint)
    if process.returncode == 128 and b"dubious ownership" in process.stderr:
        raise _make_error(
            "git refuses this repository because another user owns it",
            "see 'safe.directory' in git's documentation",
        )
    return process


def _get_last_line(stderr: bytes) -> str:
    return (stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1]


def _make_error(message: str, hint: str) -> UserError:
    return UserError((Finding("PP051", "error", "", 0, 0, message, hint),))
