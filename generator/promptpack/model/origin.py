"""Origins: where a line of an output was written."""

from typing import NamedTuple


class Origin(NamedTuple):
    """Where a line came from: a POSIX path relative to the project, and a line from 1."""

    path: str
    line: int


class Line(NamedTuple):
    """One line of a prompt: its text without the newline, where that was written, its section.

    The section is the name that the pack gives it, "title" above the first one, and empty where a
    line belongs to none. `more` is where the rest of a line is written that is put together.
    """

    text: str
    origin: Origin
    section: str = ""
    more: tuple[Origin, ...] = ()

    @property
    def origins(self) -> tuple[Origin, ...]:
        """All places where text of the line is written, the one that it begins with first."""
        return (self.origin, *self.more)
