"""A prompt as a layout places it: the layout's own lines, and the texts of parts between them.

The texts are not traced before somebody asks for one of their lines.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from promptpack.model import Line
from promptpack.rendering.blocks import RenderedPart
from promptpack.rendering.lines import TITLE, Lines


class PlacedPart(NamedTuple):
    """The text of a part in a section of a prompt."""

    section: str
    part: RenderedPart[str]


Piece = Line | PlacedPart
"""A line of a layout, or what it places as whole lines."""


class PlacedLines:
    """The lines of one prompt in pieces; `trace` gives those of a part, or None if it can't."""

    def __init__(
        self, pieces: Iterable[Piece], trace: Callable[[RenderedPart[str]], Lines | None]
    ) -> None:
        self.pieces = _name_title(tuple(pieces))
        self._trace = trace
        self._traced: dict[int, Lines | None] = {}

    @property
    def text(self) -> str:
        """The prompt, without a newline at its end."""
        return "\n".join(
            piece.text if isinstance(piece, Line) else piece.part.block for piece in self.pieces
        )

    def trace_pieces(self, start: int, end: int) -> Lines | None:
        """Return the lines of some pieces with their origins, or None where one can't be traced."""
        lines: list[Line] = []
        for number in range(start, end):
            piece_lines = self._trace_piece(number)
            if piece_lines is None:
                return None
            lines += piece_lines
        return tuple(lines)

    def count_lines(self, end: int) -> int:
        """Return how many lines the pieces before one have."""
        return sum(map(_count_lines, self.pieces[:end]))

    def find_line(self, number: int) -> Line | None:
        """Return a line of the prompt, from 0; None where there is none, or it can't be traced."""
        for index, piece in enumerate(self.pieces):
            count = _count_lines(piece)
            if 0 <= number < count:
                lines = self._trace_piece(index)
                return None if lines is None else lines[number]
            number -= count
        return None

    def _trace_piece(self, number: int) -> Lines | None:
        piece = self.pieces[number]
        if isinstance(piece, Line):
            return (piece,)
        if number not in self._traced:
            lines = self._trace(piece.part)
            named = lines and tuple(line._replace(section=piece.section) for line in lines)
            self._traced[number] = named
        return self._traced[number]


def _count_lines(piece: Piece) -> int:
    return 1 if isinstance(piece, Line) else piece.part.block.count("\n") + 1


def _name_title(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Return pieces of which those above the first section are of the title."""
    count = next((index for index, piece in enumerate(pieces) if piece.section), 0)
    return (*(piece._replace(section=TITLE) for piece in pieces[:count]), *pieces[count:])
