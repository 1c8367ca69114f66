"""Which files become one pack: files in, groups out, each with one file a client and its twins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from promptpack.importing.agent_file import AgentFile
from promptpack.model import AttachedFile

_Key = tuple[str, str, str, tuple[AttachedFile, ...]]


@dataclass
class FileGroup:
    """The files of one pack to be, one for each client.

    `twins` have the same bytes as one of these, and stand in another folder that the client can be
    started in.
    """

    files: list[AgentFile]
    twins: list[AgentFile] = field(default_factory=list)


def group_files(
    files: Iterable[AgentFile], copies: Iterable[Sequence[AgentFile]], *, join: bool
) -> list[FileGroup]:
    """Return the groups of files, in the order of their first paths.

    Copies are together if their prompts are equal, or with `join` if they are alike.
    """
    pending = {file.path: file for file in files}
    groups: list[list[AgentFile]] = []
    for group in copies:
        chosen = _choose_files([file for file in group if file.path in pending], join=join)
        groups.append(chosen)
        for file in chosen:
            del pending[file.path]
    groups += [[file] for file in pending.values()]
    return _take_twins_out(sorted(filter(None, groups), key=_rank_group))


def _choose_files(copies: Sequence[AgentFile], *, join: bool) -> list[AgentFile]:
    """Return the copies that go into one pack: of each client the first."""
    chosen: dict[str, AgentFile] = {}
    for file in copies:
        is_same = not chosen or file.lines == next(iter(chosen.values())).lines
        is_free = file.target.name not in chosen and _is_beside_same(chosen.values(), file)
        if (join or is_same) and is_free:
            chosen[file.target.name] = file
    return [*chosen.values()]


def _is_beside_same(group: Iterable[AgentFile], file: AgentFile) -> bool:
    """Tell whether a file can be in a pack with others: all its skills have the same files."""
    skills = [one for one in group if one.target.takes_files and file.target.takes_files]
    return all(one.attached == file.attached for one in skills)


def _take_twins_out(groups: Iterable[list[AgentFile]]) -> list[FileGroup]:
    """Return the groups, with the files that an earlier one has already as twins there."""
    owners: dict[_Key, tuple[FileGroup, str]] = {}
    kept = []
    for files in groups:
        group = FileGroup([])
        for file in files:
            owner, root = owners.get(_make_key(file), (group, file.found.root))
            (group.files if root == file.found.root else owner.twins).append(file)
        for file in group.files:
            owners.setdefault(_make_key(file), (group, file.found.root))
        if group.files:
            kept.append(group)
    return sorted(kept, key=lambda group: group.files[0].path)


def _make_key(file: AgentFile) -> _Key:
    return file.target.name, file.found.stem, file.text, file.attached


def _rank_group(files: Sequence[AgentFile]) -> tuple[int, str]:
    """Return what puts a group first that stands nearer to the top."""
    root = files[0].found.root
    return len(root.split("/")) if root else 0, files[0].path
