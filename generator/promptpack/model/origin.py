"""Origins: where a line of an output was written."""

from typing import NamedTuple


class Origin(NamedTuple):
    """Where a line came from: a POSIX path relative to the project, and a line from 1."""

    path: str
    line: int


class Line(NamedTuple):
    """One line of a prompt, without its newline, and where its text was written."""

    text: str
    origin: Origin
