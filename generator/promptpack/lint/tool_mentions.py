"""Tools in prose: a sentence in, out the names in it that some client has for a tool."""

import re
from collections.abc import Collection, Iterator, Mapping

from promptpack.model import Capability
from promptpack.targets import TARGETS, Target

_COMPOUND = re.compile(r"(?:[A-Z][a-z]+){2,}|[a-z]+(?:_[a-z]+)+")
_WORD = re.compile(r"\w+")


def make_tool_key(name: str) -> str:
    """Return what names of one tool have in common, however a client spells it.

    >>> make_tool_key("WebFetch") == make_tool_key("web_fetch") == make_tool_key("webfetch")
    True
    """
    return name.replace("_", "").lower()


def find_mentions(text: str) -> Iterator[str]:
    """Yield the names of tools that a text has, as they stand there, each once, in order.

    A name that can be nothing else, such as TodoWrite, is one anywhere. A word that means something
    by itself, such as Read, is one only where it is called a tool.
    """
    if " tool" in text or not _COMPOUNDS.isdisjoint(_WORD.findall(text)):
        names = (match[1] or match[2] or match[3] for match in _MENTION.finditer(text))
        yield from dict.fromkeys(names)


def list_owners(name: str) -> Mapping[str, tuple[Capability, ...]]:
    """Return the targets whose clients have a tool of this name, with what it is about there."""
    return _OWNERS[make_tool_key(name)]


def find_own_name(target: Target, name: str) -> str:
    """Return what a target's client calls a tool that does what a mentioned one does, or ""."""
    wanted = {capability for given in list_owners(name).values() for capability in given}
    return next((own for own, given in target.tool_names.items() if wanted & {*given}), "")


def _group_owners() -> Mapping[str, Mapping[str, tuple[Capability, ...]]]:
    owners: dict[str, dict[str, tuple[Capability, ...]]] = {}
    for target in TARGETS.values():
        for name, capabilities in target.tool_names.items():
            owners.setdefault(make_tool_key(name), {})[target.name] = capabilities
    return owners


_OWNERS = _group_owners()


def _list_names() -> Mapping[str, tuple[Capability, ...]]:
    """Return all names of tools, with what one of them is about."""
    return {
        name: capabilities
        for target in TARGETS.values()
        for name, capabilities in target.tool_names.items()
    }


def _list_compounds() -> frozenset[str]:
    """Return the names that can be nothing else, however some client spells them."""
    names = _list_names()
    compounds = {
        name
        for name, capabilities in names.items()
        if _COMPOUND.fullmatch(name) and ("_" in name or "execute" not in capabilities)
    }
    keys = {make_tool_key(name) for name in compounds}
    return frozenset(name for name in names if name in compounds or make_tool_key(name) in keys)


_COMPOUNDS = _list_compounds()


def _make_pattern() -> re.Pattern[str]:
    """Return the pattern of a mention: a name that is no word, or a word that is called a tool."""
    words = {name for name in _list_names() if _WORD.fullmatch(name)} - _COMPOUNDS
    capitalized = {name for name in words if name[0].isupper()}
    return re.compile(
        rf"(?<![\w/.\\-])({_alternate(_COMPOUNDS)})(?![\w/\\-])"
        rf"|(?<![\w/.\\-])({_alternate(capitalized)})[`*]* tool\b"
        rf"|`({_alternate(words)})` tool\b"
    )


def _alternate(names: Collection[str]) -> str:
    return "|".join(sorted(map(re.escape, names), key=lambda name: (-len(name), name)))


_MENTION = _make_pattern()
