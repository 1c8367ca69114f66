"""In: minified JavaScript, as bytes. Out: the keys of an object in it, and what a constant holds.

It counts braces and knows nothing else of the language, which is enough where those in strings and
templates are balanced. Who asks must fail on an empty answer: a newer bundle may look different.
"""

import re
from collections.abc import Iterator

_BRACE_OR_KEY = re.compile(
    rb"""[{}]|(?<=[{,])\s*([\w$]+|"[^"]*"):(?:\s*([\w$]+|"[^"]*")(?=[,}]))?"""
)
_CONSTANT = re.compile(rb'="([A-Za-z][\w-]{0,79})"(?=[,;])')
_NAME = re.compile(rb"[\w$]+\Z")
_EXPORT = re.compile(rb"\bexport\s*\{([^}]*)\}")
_LONGEST_NAME = 12
_FARTHEST = 60_000


def iter_entries(text: bytes, inside: int) -> Iterator[tuple[str, str]]:
    """Yield the keys of the object around a place, each with its value where that is one word."""
    depth = 0
    for match in _BRACE_OR_KEY.finditer(text, _find_start(text, inside), inside + _FARTHEST):
        if match[0] == b"}":
            depth -= 1
            if depth < 0:
                return
        elif match[0] == b"{":
            depth += 1
        elif depth == 0:
            yield match[1].decode().strip('"'), (match[2] or b"").decode()


class Constants:
    """The constants of a bundle that hold a word: where each name is given a value, and which."""

    def __init__(self, text: bytes, module_start: bytes, names: frozenset[str]) -> None:
        self._text = text
        self._module_start = module_start
        self._values: dict[str, dict[int, str]] = {}
        for match in _CONSTANT.finditer(text):
            found = _NAME.search(text[max(0, match.start() - _LONGEST_NAME) : match.start()])
            if found and (name := found[0].decode()) in names:
                self._values.setdefault(name, {})[match.start()] = match[1].decode()

    def find(self, name: str, place: int) -> str | None:
        """Return what a name stands for at a place; None where that is not clear.

        It is the module's own constant, else the only one that a module exports, else the only one.
        """
        values = self._values.get(name, {})
        start, end = self._find_module(place)
        own = {value for at, value in values.items() if start <= at < end}
        exported = {value for at, value in values.items() if self._is_exported(name, at)}
        for candidates in (own, exported, set(values.values())):
            if candidates:
                return candidates.pop() if len(candidates) == 1 else None
        return None

    def _find_module(self, place: int) -> tuple[int, int]:
        start = self._text.rfind(self._module_start, 0, place)
        end = self._text.find(self._module_start, place)
        return max(start, 0), end if end >= 0 else len(self._text)

    def _is_exported(self, name: str, place: int) -> bool:
        lists = _EXPORT.findall(self._text, *self._find_module(place))
        return any(name.encode() in exported.split(b",") for exported in lists)


def _find_start(text: bytes, inside: int) -> int:
    """Return the place after the brace that opens the object around a place."""
    depth = 0
    for place in range(inside - 1, max(0, inside - _FARTHEST), -1):
        depth += {b"}": 1, b"{": -1}.get(text[place : place + 1], 0)
        if depth < 0:
            return place + 1
    return inside
