"""The audit: paths in, every agent file there with what it grants, and what is wrong out."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from promptpack.build import Progress
from promptpack.git.repository import find_repository
from promptpack.git.revisions import resolve_revision
from promptpack.importing.agent_file import (
    AgentFile,
    Reading,
    UnreadFile,
    make_agent_files,
    read_agent_files,
)
from promptpack.importing.changes import RightsChange, make_change_data
from promptpack.importing.copies import find_copies
from promptpack.importing.findings import find_problems
from promptpack.importing.places import FoundFile, find_agent_files
from promptpack.importing.revision import read_revision
from promptpack.importing.wording import POWERS
from promptpack.lint.formats import make_finding_data
from promptpack.model import Effect, Finding
from promptpack.policy.lattice import describe_grant, is_denied, list_effects
from promptpack.targets import TARGETS

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Audit:
    """Agent files as they stand in some folders, and findings on them, the worst first."""

    files: tuple[AgentFile, ...]
    findings: tuple[Finding, ...]
    unread: tuple[UnreadFile, ...] = ()
    """The files that can't be looked into, which are findings too."""
    copies: tuple[tuple[AgentFile, ...], ...] = ()
    """The files of each agent that stands in several clients."""

    def with_unread(self, unread: Iterable[UnreadFile]) -> "Audit":
        """Return the audit with more files that can't be looked into."""
        return replace(self, unread=(*self.unread, *unread))

    @property
    def governed_files(self) -> tuple[AgentFile, ...]:
        """The files of clients that read permissions in them; a skill, say, is text."""
        return tuple(file for file in self.files if file.target.holds_policy)

    def count_powers(self) -> dict[str, tuple[int, int]]:
        """Return for each power in how many files it is there, and in how many of them only asked.

        Only files that can hold permissions count. The key is the phrase of the power, as "run
        commands".
        """
        if not self.governed_files:
            return {}
        return {phrase: self._count_power(names) for phrase, names in POWERS.items()}

    def count_targets(self) -> dict[str, int]:
        """Return how many files there are for each client, by its title, most first."""
        counts = Counter(file.target.title for file in self.files)
        return dict(counts.most_common())

    def count_copies(self) -> tuple[int, int]:
        """Return how many agents there are, and how many of them stand in several clients."""
        spare = sum(len(group) - 1 for group in self.copies)
        return len(self.files) - spare, len(self.copies)

    def _count_power(self, names: Iterable[str]) -> tuple[int, int]:
        names = tuple(names)
        loaded_files = [file for file in self.governed_files if not file.refusal]
        holders = [file for file in loaded_files if not all(file.own.denies(n) for n in names)]
        asking = [file for file in holders if not _is_allowed(file, names)]
        return len(holders), len(asking)


def audit_paths(
    paths: Sequence[Path],
    target: str = "",
    *,
    texts: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> Audit:
    """Return the audit of the agent files in folders, or of files that are named.

    With a target, each file of its kind there is one of its files; with `texts`, files without
    permissions count too. What is not a file of a client is passed over; what can't be read is a
    finding. `progress` is called with how many files of how many are read.
    """
    places: dict[Path, FoundFile] = {}
    used = _find_used(paths)
    for path in paths:
        for found in find_agent_files(path, target, texts=texts):
            places.setdefault(path / found.path if found.path else path, found)
    files: list[AgentFile] = []
    unread_files: list[UnreadFile] = []
    for done, (file, found) in enumerate(places.items(), 1):
        shown = _show_path(file)
        one = (
            UnreadFile(shown, found.problem)
            if found.problem
            else read_agent_files(file, shown, found, used)
        )
        if isinstance(one, UnreadFile):
            unread_files.append(one)
        else:
            files += one
        progress(done, len(places))
    return make_audit(files, unread_files)


def make_audit(files: Sequence[AgentFile], unread_files: Sequence[UnreadFile] = ()) -> Audit:
    """Return the audit of files that were read, and of those that could not be."""
    copies = tuple(find_copies(files))
    findings = find_problems(files, unread_files, copies)
    return Audit(tuple(files), findings, tuple(unread_files), copies)


def list_strangers(paths: Iterable[Path], target: str = "") -> tuple[UnreadFile, ...]:
    """Return the files that are named and that no client loads, texts included."""
    files = (path for path in paths if path.is_file())
    strangers = (path for path in files if not find_agent_files(path, target, texts=True))
    return tuple(UnreadFile(_show_path(path), "no target for this path") for path in strangers)


def read_base(paths: Sequence[Path], base: str, target: str = "") -> tuple[AgentFile, ...]:
    """Return the agent files that were in folders at a git revision, named as they are today.

    Raises UserError for a revision that means nothing, a path outside of git, and whatever can't be
    read.
    """
    files: dict[str, AgentFile] = {}
    for path in paths:
        folder = path if path.is_dir() else path.parent
        repository = find_repository(folder)
        commit = resolve_revision(repository, base).commit
        prefix = repository.prefix if path.is_dir() else f"{repository.prefix}{path.name}"
        for found, text in read_revision(repository, commit, prefix, target).items():
            shown = _show_path(path / found.path if found.path else path)
            for one in make_agent_files(shown, found, text, _find_used(paths)):
                files.setdefault(one.path, one)
    return tuple(files.values())


def make_audit_data(audit: Audit, changes: Iterable[RightsChange] = ()) -> dict[str, Any]:
    """Return what `audit --format json` prints; its schema is printed by `schema audit`."""
    agents, copied = audit.count_copies()
    return {
        "schema_version": SCHEMA_VERSION,
        "summary": {"files": len(audit.files), "agents": agents, "in_several_clients": copied},
        "files": [_make_file_data(file) for file in audit.files],
        "changes": [make_change_data(change) for change in changes],
        "findings": [make_finding_data(finding) for finding in audit.findings],
    }


def _find_used(paths: Iterable[Path]) -> frozenset[str]:
    """Return the clients that have to be named and that somebody uses, by signs of them there."""
    return frozenset(
        target.name
        for target in TARGETS.values()
        if target.is_named_only
        and any(os.path.lexists(path / sign) for path in paths for sign in target.signs)
    )


def _show_path(file: Path) -> str:
    """Return a path as a person would write it, with forward slashes."""
    return Path(os.path.normpath(file)).as_posix()


def _make_file_data(file: AgentFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "target": file.target.name,
        "name": file.name,
        "refusal": file.refusal,
        "readers": [_make_reading_data(file, one) for one in (file.own, *file.others)],
    }


def _make_reading_data(file: AgentFile, reading: Reading) -> dict[str, Any]:
    policy = reading.agent.policy
    return {
        "target": reading.target.name,
        "permissions": {name: describe_grant(policy.grant(name)) for name in file.names},
    }


def _is_allowed(file: AgentFile, names: Iterable[str]) -> bool:
    """Tell whether a file allows something of some capabilities without asking."""
    policy = file.own.agent.policy
    open_names = [name for name in names if not is_denied(policy.grant(name))]
    return any(Effect.ALLOW in list_effects(policy.grant(name)) for name in open_names)
