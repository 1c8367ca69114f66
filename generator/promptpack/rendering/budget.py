"""The budget of one render: counts of steps and sizes in, an error where a limit is passed.

Only counts decide, never a clock or the memory of a machine, so that a template that builds
somewhere builds everywhere.
"""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, NamedTuple, TypeVar

from promptpack.model.output import OUTPUT_SIZE

T = TypeVar("T")

ITEM = 8
"""What an item of a list or a printed line counts as, in characters, beside its own size."""
DIGITS = 1_000
VALUE_DEPTH = 32
CALL_DEPTH = 50

_BITS = (10**DIGITS).bit_length()
_FLOAT = len(repr(-2.2250738585072014e-308))
"""The most characters of a floating-point number, as Python writes it."""


OVER_BUDGET = "PP038"


class Limits(NamedTuple):
    """The most that one render may use: steps, and for the others characters.

    A step is an expression, a tag or an item that a filter goes through; what stands in a loop
    counts once for each pass. `size` is the size of one value, `work` the sum of all values that
    are made, compared or passed on, and `output` the sum of all that is printed.
    """

    steps: int = 200_000
    size: int = OUTPUT_SIZE
    work: int = 4 * OUTPUT_SIZE
    output: int = OUTPUT_SIZE


LIMITS = Limits()
MARKED_LIMITS = Limits(*(4 * limit for limit in LIMITS))
"""For a marked render: at most three marks stand before each character that is printed."""


class OverBudgetError(Exception):
    """A template takes more than a render may; the message says of what, and how much that is."""


class Budget:
    """What one render has left of its limits."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.steps, self.work, self.output = limits.steps, limits.work, limits.output
        self.depth = CALL_DEPTH

    def spend(self, steps: int, printed: int = 0, lines: int = 0) -> None:
        """Count some steps, and characters and lines of literal text."""
        self.steps -= steps
        if self.steps < 0:
            message = f"the template takes more than {self.limits.steps:,} steps"
            raise OverBudgetError(message)
        if printed:
            self.print(printed, lines)

    def print(self, size: int, lines: int = 0) -> None:
        """Count some characters that are printed, and the lines that they end."""
        self.output -= size + lines * ITEM
        if self.output < 0:
            message = f"the template prints more than {self.limits.output:,} characters"
            raise OverBudgetError(message)

    def weigh(self, value: T) -> T:
        """Count a value that is made, compared or passed on, and return it."""
        self.spend_work(self.measure(value))
        return value

    def spend_work(self, size: int) -> None:
        """Count some characters that are worked on."""
        self.work -= size
        if self.work < 0:
            message = (
                f"the values of the template have more than {self.limits.work:,} characters "
                "altogether"
            )
            raise OverBudgetError(message)

    def require_size(self, size: int) -> None:
        """Refuse a value of this many characters before it is made."""
        if size > self.limits.size:
            message = f"a value has more than {self.limits.size:,} characters"
            raise OverBudgetError(message)

    def require_bits(self, bits: int) -> None:
        """Refuse an integer of this many bits before it is made."""
        if bits > _BITS:
            message = f"a number has more than {DIGITS:,} digits"
            raise OverBudgetError(message)

    def enter(self) -> None:
        """Count a call that begins."""
        self.depth -= 1
        if self.depth < 0:
            message = f"calls are nested more than {CALL_DEPTH} levels deep"
            raise OverBudgetError(message)

    def leave(self) -> None:
        """Count a call that has ended."""
        self.depth += 1

    def measure(self, value: object) -> int:
        """Return the size of a value in characters; raises OverBudgetError where it is too large.

        What stands in two places of a value counts twice, as it does for whoever walks through it.
        """
        if isinstance(value, str):
            size = len(value)
            self.require_size(size)
            return size
        if isinstance(value, int):
            bits = value.bit_length()
            self.require_bits(bits)
            return bits // 3 + 1
        if isinstance(value, float):
            return _FLOAT
        if isinstance(value, range):
            self.require_size(len(value) * ITEM)
            return len(value) * ITEM
        if isinstance(value, _CONTAINERS):
            return self._measure_items(value)
        return 1

    def _measure_items(self, value: object) -> int:
        size, pending = 0, [_iter_items(value)]
        while pending:
            if len(pending) > VALUE_DEPTH:
                message = f"lists are nested more than {VALUE_DEPTH} levels deep"
                raise OverBudgetError(message)
            for item in pending[-1]:
                size += ITEM
                if isinstance(item, _CONTAINERS):
                    pending.append(_iter_items(item))
                    break
                size += self.measure(item)
                self.require_size(size)
            else:
                pending.pop()
            self.require_size(size)
        return size

    def take_items(self, values: Iterator[Any]) -> list[Any]:
        """Return what an iterator gives, each item of it a step."""
        items = []
        for value in values:
            self.spend(1)
            items.append(value)
        return items


_CONTAINERS = (list, tuple, dict, set, frozenset, KeysView, ValuesView, ItemsView)


def _iter_items(value: Any) -> Iterator[Any]:  # noqa: ANN401 - one of the containers
    if isinstance(value, Mapping):
        return (part for item in value.items() for part in item)
    return iter(value)
