"""How much two texts have in common: the words of both, counted, in; a share out."""

from collections import Counter


def measure_likeness(first: Counter[str], second: Counter[str]) -> float:
    """Return the share of words that two texts have in common, from 0 to 1; 1 if both have none.

    >>> measure_likeness(Counter(["read", "files"]), Counter(["read", "all"]))
    0.5
    """
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 1.0
