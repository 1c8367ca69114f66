"""Finding and asking a repository: a project's folder in, its repository and git's answers out.

Files of a repository can look like a repository themselves: git takes any folder that holds `HEAD`,
`objects` and `refs` for one, together with its settings, some of which name programs. No commit can
hold an entry named `.git`, so only that name counts here, and git is told which folder it means. It
does not look for one itself.

What a git does for a program that only reads is turned off in more than one way, because each way
is known only to some versions: no object is replaced or fetched, and no protocol is allowed at all.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from promptpack.git.errors import REPOSITORY_PATH, make_read_error, make_usage_error
from promptpack.source.disk import find_real_path

_GIT_ENTRY = ".git"
_VARIABLE_PREFIX = "GIT_"
_VARIABLES = {
    "GIT_ALLOC_LIMIT": "256m",  # so much memory at once, also for what an object is stored as
    "GIT_ALLOW_PROTOCOL": "",  # goes before every setting of a repository
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_SETTINGS = (
    "safe.bareRepository=explicit",
    "core.commitGraph=false",  # a file beside the objects, which nothing holds to them
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.warnAmbiguousRefs=true",  # so that the name of two refs is not taken for one
    "core.packedGitWindowSize=32m",  # so much of a pack is mapped at once, whatever its size
    "core.packedGitLimit=512m",
)
_BUILT_FOLDERS_HINT = "compare two built folders with '--from-dir A --to-dir B'"


class Repository(NamedTuple):
    """A repository: its git directory, the folder of its work tree, and the way to the project.

    `prefix` is the path from `top` to the project, with forward slashes and one at its end, or
    empty. A submodule and a linked work tree are repositories of their own.
    """

    git_folder: Path
    top: Path
    prefix: str


def find_repository(project: Path) -> Repository:
    """Return the repository of a project's folder: of the nearest `.git` from there upwards.

    Raises UserError where there is none, or where git does not take that entry for it.
    """
    folder = find_real_path(project)
    for top in (folder, *folder.parents):
        if _has_git_entry(top):
            prefix = folder.relative_to(top).as_posix()
            return Repository(_find_git_folder(top), top, "" if prefix == "." else f"{prefix}/")
    raise make_usage_error("this project is not in a git repository", _BUILT_FOLDERS_HINT)


def find_top(folder: Path) -> Path:
    """Return the folder that holds the nearest `.git` from a folder upwards; else that folder."""
    folder = find_real_path(folder)
    return next((top for top in (folder, *folder.parents) if _has_git_entry(top)), folder)


def run_git(repository: Repository, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run a git command that only reads; `arguments` are fixed words, commits and full ref names.

    Any other name stands behind `--end-of-options`.
    """
    return _run_command(make_command(repository, *arguments), repository.git_folder)


def list_remotes(repository: Repository) -> tuple[str, ...]:
    """Return the addresses of the remotes that the repository itself names; none is asked."""
    words = ("config", "--local", "--get-regexp", r"^remote\..*\.url$")
    lines = run_git(repository, *words).stdout.decode("utf-8", "replace").splitlines()
    return tuple(line.partition(" ")[2] for line in lines)


def is_ignored(repository: Repository, path: Path) -> bool:
    """Tell whether git leaves out what stands, or would stand, at an absolute path."""
    return run_git(repository, "check-ignore", "--quiet", "--", str(path)).returncode == 0


def make_command(repository: Repository, *arguments: str) -> list[str]:
    """Return the words of a git command in a repository, to be run with `make_environment`."""
    places = (f"--git-dir={repository.git_folder}", f"--work-tree={repository.top}")
    return [*_start_words(), *places, *arguments]


def make_environment() -> dict[str, str]:
    """Return the environment of every git that is started: nothing that speaks of a repository."""
    own = {name: text for name, text in os.environ.items() if not name.startswith(_VARIABLE_PREFIX)}
    return own | _VARIABLES


def get_last_line(stderr: bytes) -> str:
    """Return what a git that failed said last, or nothing."""
    return (stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1]


def _start_words() -> list[str]:
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    return [_find_git(), "--no-pager", "--no-replace-objects", *settings]


def find_program(name: str) -> str | None:
    """Return the path of a program; a search path that begins at the current folder is not used."""
    folders = [one for one in os.environ.get("PATH", os.defpath).split(os.pathsep) if one]
    path = os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())
    return shutil.which(name, path=path)


def _find_git() -> str:
    program = find_program("git")
    if program is None:
        raise make_usage_error("git is not installed", f"without git, {_BUILT_FOLDERS_HINT}")
    return program


def _has_git_entry(folder: Path) -> bool:
    """Tell whether a folder has the entry; one that can't be looked at raises OSError."""
    try:
        (folder / _GIT_ENTRY).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _find_git_folder(top: Path) -> Path:
    """Return the git directory that the entry of a folder stands for.

    Git is asked, because it knows what a file of that name refers to, and refuses a repository of
    another user. Its answer counts only where it is about this entry: where that is no repository,
    git would go on looking in the folder itself and in those above.
    """
    git_folder, work_tree = (
        Path(_ask_place(top, option)) for option in ("--absolute-git-dir", "--show-toplevel")
    )
    entry = top / _GIT_ENTRY
    is_own = not git_folder.samefile(top) and (
        entry.is_file() or (entry.is_dir() and entry.samefile(git_folder))
    )
    if not is_own or not work_tree.samefile(top):
        raise make_read_error(
            REPOSITORY_PATH,
            "git does not take this for the repository of the folder it is in",
            "the settings 'core.worktree' and 'core.bare' may say otherwise",
        )
    return git_folder


def _ask_place(top: Path, option: str) -> str:
    process = _run_command([*_start_words(), "rev-parse", option], top)
    if process.returncode == 0:
        return os.fsdecode(process.stdout.removesuffix(b"\n"))
    if b"dubious ownership" in process.stderr:
        raise make_usage_error(
            "git refuses this repository because another user owns it",
            "see 'safe.directory' in git's documentation",
        )
    reason = get_last_line(process.stderr)
    raise make_read_error(REPOSITORY_PATH, f"git can't read this repository: {reason}")


def _run_command(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - see run_git
        command,
        cwd=folder,
        env=make_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
