"""Patterns that are compiled when they are used first: a run uses few of those that it loads."""

import re
from typing import cast


class LatePattern:
    """Stands for a compiled pattern, whose attributes it has, each from when it is used first."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._pattern, self._flags = pattern, flags
        self._compiled: re.Pattern[str] | None = None

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):  # what Python asks of any object
            raise AttributeError(name)
        if self._compiled is None:
            self._compiled = re.compile(self._pattern, self._flags)
        found: object = getattr(self._compiled, name)
        setattr(self, name, found)  # so that this is not asked again
        return found


def compile_late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return what can be used as the compiled pattern, and compiles it no sooner.

    What a pattern is compiled for has to be one of its own methods: `re.sub` takes no such thing.

    >>> digits = compile_late("[0-9]+")
    >>> digits.sub("-", "a1b22"), digits.pattern
    ('a-b-', '[0-9]+')
    """
    return cast("re.Pattern[str]", LatePattern(pattern, flags))
