"""What clients make of an agent file: its text in, what each client that loads it reads out."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from promptpack.importing.places import FoundFile
from promptpack.model import Agent, AttachedFile, Policy
from promptpack.policy.lattice import is_denied, list_compared
from promptpack.reading.roots import is_left_out
from promptpack.source.disk import (
    UnreadableFileError,
    find_real_path,
    is_executable,
    read_regular_file,
    walk_folder,
)
from promptpack.source.text import SIZE_LIMIT
from promptpack.targets import TARGETS, Target, list_readers
from promptpack.targets.paths import explain_attached


class Reading(NamedTuple):
    """What one client makes of a file."""

    target: Target
    agent: Agent

    def denies(self, name: str) -> bool:
        """Tell whether the client lets the agent use nothing of a capability."""
        return is_denied(self.agent.policy.grant(name))


@dataclass(frozen=True, eq=False)
class AgentFile:
    """A file, what its own client makes of it, and what each other client does that loads it.

    `path` is as a person here would write it. `refusal` is why the client would not load the file.
    """

    path: str
    found: FoundFile
    text: str
    own: Reading
    others: tuple[Reading, ...]
    refusal: str
    attached: tuple[AttachedFile, ...] = ()
    """What lies in the folder of a skill besides its file; no file has a source yet."""

    @property
    def target(self) -> Target:
        """The target that the file is for."""
        return self.own.target

    @property
    def name(self) -> str:
        """The name of the agent in its client."""
        return self.own.agent.name

    @cached_property
    def lines(self) -> list[str]:
        """The lines of its prompt, without blank ones."""
        return [line.rstrip() for line in self.own.agent.prompt.split("\n") if line.strip()]

    @cached_property
    def line_counts(self) -> Counter[str]:
        """How often each of these lines is there."""
        return Counter(self.lines)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The capabilities that its readings are compared by."""
        return list_compared(*(reading.agent.policy for reading in (self.own, *self.others)))


class UnreadFile(NamedTuple):
    """A file that can't be looked into, and why."""

    path: str
    reason: str


def read_policy(target: Target, text: str) -> Policy:
    """Return what a target's client grants by a text."""
    return target.decode(text, "x").policy


def read_agent_files(
    file: Path, path: str, found: FoundFile, used: frozenset[str] = frozenset()
) -> list[AgentFile] | UnreadFile:
    """Return what clients make of a file; it may be a link, which they follow too.

    One that agents share is as many files as it has agents. `used` are the clients that
    `make_agent_file` takes.
    """
    try:
        text = read_regular_file(find_real_path(file), SIZE_LIMIT).decode("utf-8")
    except UnicodeDecodeError:
        return UnreadFile(path, "not UTF-8")
    except (UnreadableFileError, OSError, RuntimeError) as error:
        return UnreadFile(path, getattr(error, "reason", "") or "not readable")
    target = TARGETS[found.target]
    if target.block and not target.block.split(text) and (refusal := target.loads(text)):
        return UnreadFile(path, refusal)
    agent_files = make_agent_files(path, found, text, used)
    try:
        attached = tuple(_iter_attached(file)) if target.takes_files else ()
    except UnreadableFileError as error:
        return UnreadFile(path, error.reason)
    return [replace(one, attached=attached) for one in agent_files]


def _iter_attached(file: Path) -> Iterator[AttachedFile]:
    """Yield what lies in the folder of a skill besides its file, without hidden files.

    Raises UnreadableFileError for what can't be a file of a pack's skill.
    """
    for entry in sorted(walk_folder(file.parent, skips=partial(_is_left_out, file.parent))):
        path = entry.path.relative_to(file.parent).as_posix()
        if entry.path == file or _is_left_out(file.parent, entry.path):
            continue
        if reason := entry.problem or (not entry.is_folder and explain_attached(path)):
            raise UnreadableFileError(f"{path}, which lies beside it: {reason}")
        if not entry.is_folder:
            try:
                content = read_regular_file(entry.path, SIZE_LIMIT)
            except UnreadableFileError as error:
                message = f"{path}, which lies beside it: {error.reason}"
                raise UnreadableFileError(message) from None
            yield AttachedFile(path, content, is_executable(entry.path), "")


def _is_left_out(folder: Path, path: Path) -> bool:
    return path != folder and is_left_out(path.relative_to(folder).as_posix())


def make_agent_file(
    path: str, found: FoundFile, text: str, used: frozenset[str] = frozenset()
) -> AgentFile:
    """Return what clients make of a text at a path.

    Of those that have to be named, only the `used` count as readers of another client's file.
    """
    target = TARGETS[found.target]
    clients = (target, *list_readers(target, used))
    own, *others = (Reading(one, one.decode(text, found.stem)) for one in clients)
    return AgentFile(path, found, text, own, tuple(others), target.loads(text))


def make_agent_files(
    path: str, found: FoundFile, text: str, used: frozenset[str] = frozenset()
) -> list[AgentFile]:
    """Return what clients make of a text at a path: of one that agents share, of each block in it.

    A block is named by the file and the agent. What is wrong with one is wrong with all of them.
    """
    target = TARGETS[found.target]
    if target.block is None:
        return [make_agent_file(path, found, text, used)]
    refusal = target.loads(text)
    blocks = target.block.split(text.removeprefix("\ufeff").replace("\r\n", "\n")).items()
    return [
        replace(
            make_agent_file(f"{path}#{name}", found._replace(stem=name), block, used),
            refusal=refusal,
        )
        for name, block in blocks
    ]
