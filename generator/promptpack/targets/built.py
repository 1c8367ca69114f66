"""The clients that packs are built for: a project and a pack in, the names of targets out."""

from collections.abc import Iterable, Iterator

from promptpack.model import Finding, Kind, Pack, Project, Variant
from promptpack.targets import ENTRIES

COMMAND_TARGETS = {one.client: name for name, one in ENTRIES.items() if one.client}
"""The target of a client's commands, by the target of its agents."""


def list_built_targets(project: Project, pack: Pack) -> tuple[str, ...]:
    """Return the names of the targets that a pack or else its project names.

    Where neither names any, these are all but those that have to be named. Of a command they are
    those of commands: a client that is named stands for its own. Of what a project names for all
    packs, a pack takes what is for its kind.
    """
    named = project.list_targets(pack)
    if pack.kind == "command":
        names = tuple(COMMAND_TARGETS.get(name, name) for name in named)
        commands = tuple(COMMAND_TARGETS.values())
        return tuple(dict.fromkeys(n for n in names if n in commands)) if named else commands
    if named:
        return tuple(name for name in named if takes_kind(name, "agent"))
    return tuple(name for name, one in ENTRIES.items() if not one.is_named_only)


def takes_kind(name: str, kind: Kind) -> bool:
    """Tell whether a pack of a kind can name a target; one that is not known passes."""
    entry = ENTRIES.get(name)
    return entry is None or bool(entry.client) == (kind == "command")


def stands_for(named: str, target: str) -> bool:
    """Tell whether a name in `targets` means a target: its own, or that of its client's agents."""
    return target in (named, COMMAND_TARGETS.get(named))


def find_idle_packs(project: Project, variants: Iterable[Variant]) -> Iterator[Finding]:
    """Yield an error for each pack for whose kind its project names no target."""
    packs = {variant.pack.name: variant.pack for variant in variants}
    for pack in packs.values():
        if not list_built_targets(project, pack):
            names = ", ".join(project.list_targets(pack))
            message = f"nothing is built of this {pack.kind}: it is for none of {names}"
            hint = f"write 'targets:' here, with clients that have {pack.kind}s"
            yield Finding("PP040", "error", pack.path, 1, 1, message, hint)
