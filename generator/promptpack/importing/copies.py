"""Copies of one agent for several clients: files in, which belong together and differ out."""

import difflib
import functools
import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from promptpack.importing.agent_file import AgentFile
from promptpack.importing.wording import POWERS, is_aid
from promptpack.model import CAPABILITIES, Policy
from promptpack.policy.lattice import is_denied
from promptpack.policy.prose import make_phrase
from promptpack.targets import Target

LEAST_SIMILARITY = 0.7
"""Which share of their lines two files of one name have in common if they are one agent."""


class Disagreement(NamedTuple):
    """What some copies of an agent may do and another may not; `power` says that it can do harm."""

    phrases: tuple[str, ...]
    power: bool
    granting: tuple[AgentFile, ...]
    denying: AgentFile


class Difference(NamedTuple):
    """What some of several policies allow and another denies, by their numbers."""

    phrases: tuple[str, ...]
    power: bool
    granting: tuple[int, ...]
    denying: int


def find_copies(files: Iterable[AgentFile]) -> Iterator[tuple[AgentFile, ...]]:
    """Yield the files of each agent that stands in several clients, in the order of the files.

    They have one name, and each is like the first of them or another one that is.
    """
    groups: dict[tuple[str, str, bool], list[AgentFile]] = {}
    for file in files:
        is_command = file.target.command is not None
        key = (file.found.root, _simplify_name(file.found.stem), is_command)
        groups.setdefault(key, []).append(file)
    for group in groups.values():
        pending = group
        while len({file.target.name for file in pending}) > 1:
            copies, pending = _split_off_copies(pending)
            if len({file.target.name for file in copies}) > 1:
                yield tuple(copies)


def measure_similarity(one: AgentFile, other: AgentFile) -> float:
    """Return which share of the lines of two prompts is the same, in the same order.

    Where too few are the same in any order for one agent, it is the share of these.
    """
    if one.lines == other.lines:
        return 1.0
    common = (one.line_counts & other.line_counts).total()
    most = 2 * common / (len(one.lines) + len(other.lines))
    if most < LEAST_SIMILARITY:
        return most
    return difflib.SequenceMatcher(None, one.lines, other.lines, autojunk=False).ratio()


def measure_shared_lines(groups: Iterable[Sequence[AgentFile]]) -> float | None:
    """Return which share of the lines of copies is the same in all of them; None without copies."""
    same = total = 0
    for copies in groups:
        counts = [file.line_counts for file in copies]
        common = functools.reduce(operator.and_, counts)
        same += common.total() * len(copies)
        total += sum(len(file.lines) for file in copies)
    return same / total if total else None


def list_disagreements(copies: Sequence[AgentFile]) -> list[Disagreement]:
    """Return what some copies may do and others not, harmful things first."""
    holders = [(file.target, file.own.agent.policy) for file in copies]
    return [
        Disagreement(
            one.phrases, one.power, tuple(copies[n] for n in one.granting), copies[one.denying]
        )
        for one in compare_rights(holders)
    ]


def compare_rights(holders: Sequence[tuple[Target, Policy]]) -> list[Difference]:
    """Return what policies of several clients allow in some and deny in others.

    A capability that a client has no tool for tells nothing, and neither does a file that is text
    only. What the same ones differ in is told together.
    """
    found: dict[tuple[tuple[int, ...], int, bool], list[str]] = {}
    for phrase, names, power in _list_groups():
        judged = [n for n, (target, _) in enumerate(holders) if _is_judged(target, names)]
        denying = [n for n in judged if _denies_all(*holders[n], names)]
        granting = tuple(n for n in judged if n not in denying)
        if denying and granting:
            found.setdefault((granting, denying[0], power), []).append(phrase)
    return [Difference(tuple(phrases), power, g, d) for (g, d, power), phrases in found.items()]


def _list_groups() -> list[tuple[str, tuple[str, ...], bool]]:
    """Return what copies are compared by: a phrase, its capabilities, whether it can do harm.

    What only helps with other work is left out.
    """
    powers = [(phrase, names, True) for phrase, names in POWERS.items()]
    told = {name for names in POWERS.values() for name in names}
    others = [c for c in CAPABILITIES if c not in told and not is_aid(c)]
    return [*powers, *((make_phrase(c), (c,), False) for c in others)]


def _is_judged(target: Target, names: Iterable[str]) -> bool:
    return target.holds_policy and not target.provides.isdisjoint(names)


def _denies_all(target: Target, policy: Policy, names: Iterable[str]) -> bool:
    return all(is_denied(policy.grant(name)) for name in names if name in target.provides)


def _split_off_copies(files: Sequence[AgentFile]) -> tuple[list[AgentFile], list[AgentFile]]:
    """Return the first file with those that are like it or like one of these, and the others."""
    copies, others = [files[0]], [*files[1:]]
    while similar := [file for file in others if _is_copy(file, copies)]:
        copies += similar
        others = [file for file in others if file not in similar]
    return sorted(copies, key=lambda file: file.path), others


def _is_copy(file: AgentFile, copies: Iterable[AgentFile]) -> bool:
    return any(measure_similarity(file, copy) >= LEAST_SIMILARITY for copy in copies)


def _simplify_name(stem: str) -> str:
    """Return a name without what clients spell differently."""
    return stem.rpartition("/")[2].casefold().replace("_", "-").replace(" ", "-")
