"""Which texts differ: two sets of texts by path in, the paths where they are not the same out."""

from collections.abc import Mapping


def find_changed_paths(old: Mapping[str, str], new: Mapping[str, str]) -> set[str]:
    """Return the paths at which two sets of texts differ, or only one has a text.

    >>> sorted(find_changed_paths({"a": "1", "b": "2"}, {"b": "2", "c": "3"}))
    ['a', 'c']
    """
    return {path for path in {*old, *new} if old.get(path) != new.get(path)}
