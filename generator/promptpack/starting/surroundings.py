"""What is around a new project: a folder in, its repository and what is used there out."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from promptpack.git.repository import (
    Repository,
    find_repository,
    find_top,
    is_ignored,
    list_remotes,
)
from promptpack.importing.places import FoundFile, find_agent_files
from promptpack.model import UserError
from promptpack.output.manifest import INSTALLED, read_manifest
from promptpack.source.disk import UnreadableFileError, find_real_path, read_regular_file
from promptpack.source.text import SIZE_LIMIT
from promptpack.targets import TARGETS

_GITHUB = re.compile(r"^(?:[\w.+-]+://)?(?:[^/@]+@)?(?:ssh\.)?github\.com[:/]", re.IGNORECASE)
_PRETTIER = (
    *(".prettierrc", ".prettierrc.json", ".prettierrc.yaml", ".prettierrc.yml", ".prettierrc.toml"),
    *(".prettierrc.js", ".prettierrc.cjs", ".prettierrc.mjs", ".prettierignore"),
    *("prettier.config.js", "prettier.config.cjs", "prettier.config.mjs", "prettier.config.ts"),
)


class Surroundings(NamedTuple):
    """The folder of a project to be, and the top of its repository, or that folder once more.

    `targets` are the clients that somebody uses there, `agent_files` what they load from there.
    """

    folder: Path
    top: Path
    targets: tuple[str, ...]
    agent_files: tuple[FoundFile, ...]
    repository: Repository | None
    is_on_github: bool
    uses_prettier: bool

    @property
    def prefix(self) -> str:
        """The way from the top to the project, with a "/" at its end, or ""."""
        path = self.folder.relative_to(self.top).as_posix()
        return "" if path == "." else f"{path}/"

    @property
    def way_up(self) -> str:
        """The way from the project to the top, as an installation has it."""
        return "/".join([".."] * self.prefix.count("/")) or "."

    def has(self, path: str) -> bool:
        """Tell whether something stands at a path below the top, be it a broken link."""
        place = self.top / path
        return place.is_symlink() or place.exists()

    def is_behind_link(self, path: str) -> bool:
        """Tell whether a folder on the way to a path below the top is a link."""
        *parents, _top = (self.top / path).relative_to(self.top).parents
        return any((self.top / parent).is_symlink() for parent in parents)

    def holds(self, path: str, text: str) -> bool:
        """Tell whether the file at a path below the top has all lines of a text."""
        try:
            data = read_regular_file(self.top / path, SIZE_LIMIT)
        except (FileNotFoundError, UnreadableFileError):
            return False
        return {*text.encode().splitlines()} <= {*data.splitlines()}

    def ignores(self, path: str) -> bool:
        """Tell whether git leaves out a path below the top."""
        return self.repository is not None and is_ignored(self.repository, self.top / path)


def survey_folder(folder: Path) -> Surroundings:
    """Return what is around a folder, which need not be there yet; asks nobody on a network."""
    folder = find_real_path(folder)
    top = find_top(folder)
    repository = _find_repository(folder)
    remotes = list_remotes(repository) if repository else ()
    return Surroundings(
        folder=folder,
        top=top,
        targets=find_used_targets(top),
        agent_files=tuple(_iter_hand_kept(top)),
        repository=repository,
        is_on_github=(top / ".github").is_dir() or any(map(_GITHUB.match, remotes)),
        uses_prettier=_has_any(top, _PRETTIER),
    )


def find_used_targets(top: Path) -> tuple[str, ...]:
    """Return the clients of which there are signs at the top of a repository."""
    return tuple(name for name, one in TARGETS.items() if _has_any(top, one.signs))


def _iter_hand_kept(top: Path) -> Iterator[FoundFile]:
    """Yield the agent files of a repository that promptpack did not install there."""
    installed_paths = read_manifest(top, INSTALLED).files
    for file in find_agent_files(top):
        if not file.problem and file.path not in installed_paths:
            yield file


def _find_repository(folder: Path) -> Repository | None:
    """Return the repository, or None where there is none or git can't be asked."""
    try:
        return find_repository(folder)
    except UserError:
        return None


def _has_any(folder: Path, paths: Iterable[str]) -> bool:
    return any((folder / path).exists() for path in paths)
