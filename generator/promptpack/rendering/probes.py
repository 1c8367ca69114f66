"""Probes: which line of a template is turned round, to see what depends on it."""

from typing import NamedTuple

TURNS = 3
"""How many other values a tag that assigns one is tried with; all else has one other way."""


class Probe(NamedTuple):
    """The line of a template whose tags are turned round, and which of `TURNS` a value takes."""

    path: str
    line: int
    turn: int = 0
