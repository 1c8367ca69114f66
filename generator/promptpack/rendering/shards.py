"""Shards of a build: a project and the number of a shard in, which artifacts it renders out.

A shard is a stable part of a build, so that several machines share the work. Packs are dealt out
one after the other in the order of their names, and after them the files that packs share, each of
them whole. So no two shards write one file, and shards differ by one unit of work at most. A shard
by the hash of a name would keep its packs when others come, but each run starts anew, and shards of
some ten packs would be of very different size.
"""

from collections.abc import Callable
from typing import NamedTuple

from promptpack.model import Project
from promptpack.patterns import compile_late
from promptpack.rendering.variants import resolve_variants
from promptpack.targets import TARGETS
from promptpack.targets.built import list_built_targets

Chooser = Callable[[str, str, str], bool]
"""Tells whether an artifact is one of a part, by its pack, its variant and its target."""

_SHARD = compile_late(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


def choose_all(_pack: str, _variant: str, _target: str) -> bool:
    """Tell that an artifact is one of a whole build, which each is."""
    return True


class Shard(NamedTuple):
    """A part of a build: its number, from 1, and how many parts there are."""

    number: int
    total: int

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


def parse_shard(word: str) -> Shard | None:
    """Return the shard that `i/n` means, or None where that is none.

    >>> parse_shard("2/4")
    Shard(number=2, total=4)
    >>> parse_shard("5/4") is parse_shard("0/4") is parse_shard("2") is None
    True
    """
    match = _SHARD.fullmatch(word)
    shard = Shard(int(match[1]), int(match[2])) if match else None
    return shard if shard and shard.number <= shard.total else None


def make_chooser(project: Project, shard: Shard) -> Chooser:
    """Return what tells the artifacts of a shard.

    One of a pack or a shared file that the project has no more is of no shard.
    """
    variants = resolve_variants(project)
    shared_files = {
        (target, variant.name)
        for variant in variants
        for target in list_built_targets(project, variant.pack)
        if target in TARGETS and TARGETS[target].block
    }
    units: list[tuple[str, ...]] = [(name,) for name in sorted(project.packs)]
    chosen = {*[*units, *sorted(shared_files)][shard.number - 1 :: shard.total]}

    def is_chosen(pack: str, variant: str, target: str) -> bool:
        is_shared = target in TARGETS and TARGETS[target].block
        return ((target, variant) if is_shared else (pack,)) in chosen

    return is_chosen
