"""What agents may do, in a few words: names of capabilities in, phrases out."""

from collections.abc import Iterable, Mapping, Sequence

from promptpack.model import CAPABILITY_FACTS, find_capability
from promptpack.policy.prose import make_phrase

POWERS: Mapping[str, tuple[str, ...]] = {
    "change files": ("edit", "write", "patch"),
    "run commands": ("execute",),
}
"""What an agent can do harm with, and the capabilities that give it; any one of them is enough."""

_MAX_PHRASES = 4


def list_powers(names: Iterable[str]) -> list[str]:
    """Return what harm can be done with capabilities.

    >>> list_powers(["read", "write", "edit"])
    ['change files']
    """
    given = {*names}
    return [phrase for phrase, members in POWERS.items() if given & {*members}]


def list_phrases(names: Iterable[str]) -> list[str]:
    """Return what can be done with capabilities and MCP servers, what can do harm first.

    What only helps with other work is left out.

    >>> list_phrases(["read", "todo", "write", "mcp:git"])
    ['change files', 'read files', 'use MCP servers']
    """
    names = [name for name in names if not is_aid(name)]
    told = {name for members in POWERS.values() for name in members}
    others = [make_phrase(name) for name in names if find_capability(name) and name not in told]
    servers = [name for name in names if not find_capability(name)]
    return [*list_powers(names), *others, *(["use MCP servers"] if servers else [])]


def is_aid(name: str) -> bool:
    """Tell whether a capability only helps with other work."""
    capability = find_capability(name)
    return capability is not None and CAPABILITY_FACTS[capability].is_aid


def join_phrases(phrases: Sequence[str]) -> str:
    """Return the first few phrases as an enumeration.

    >>> join_phrases(["read files", "run commands"])
    'read files and run commands'
    """
    shown = [*phrases[:_MAX_PHRASES]]
    rest = len(phrases) - len(shown)
    shown += [f"{rest} more"] if rest else []
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))
