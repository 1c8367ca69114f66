"""Keys that a pack may add to one client's file, as each target declares them: values in, checks.

What isn't known to grant nothing is not among them, unless the target's `decode` reads what it
grants. A key is declared once: what a pack may write, what our own files may have and what `diff`
takes for harmless all follow from it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple


class Extra(NamedTuple):
    """A key of a client's file: the values it takes, in words and as a check, and what it does.

    One that `grants` changes what the agent may do, and the target's `decode` says how.
    """

    form: str
    accepts: Callable[[Any], bool]
    does: str
    grants: bool = False


Extras = Mapping[str, Extra]


def make_choice(does: str, *names: str, grants: bool = False) -> Extra:
    """Return a key that takes one of a few words."""
    return Extra(f"one of {', '.join(names)}", lambda v: v in names, does, grants)


def make_flag(does: str) -> Extra:
    """Return a key that takes true or false."""
    return Extra("true or false", lambda v: isinstance(v, bool), does)


def make_line(does: str) -> Extra:
    """Return a key that takes one line of text."""
    return Extra("one line of text", is_line, does)


def make_count(does: str) -> Extra:
    """Return a key that takes a whole number above 0."""
    return Extra("a whole number above 0", lambda v: type(v) is int and 0 < v < 2**31, does)


def make_share(does: str) -> Extra:
    """Return a key that takes a number from 0 to 1."""
    return Extra("a number from 0 to 1", lambda v: is_number(v) and 0 <= v <= 1, does)


def make_lines(does: str) -> Extra:
    """Return a key that takes a list of different texts, each of one line."""
    return Extra("a list of different texts", is_line_list, does)


def is_number(value: object) -> bool:
    """Tell whether a value is a number, which true and false are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_line(value: object) -> bool:
    """Tell whether a value is one line of text."""
    return isinstance(value, str) and bool(value.strip()) and len(value.splitlines()) == 1


def is_line_list(value: object) -> bool:
    """Tell whether a value is a list of different texts, each of one line."""
    if not isinstance(value, list) or not all(is_line(one) for one in value):
        return False
    return 0 < len(value) == len(set(value))


def read_extra(keys: Mapping[str, Any], extras: Extras) -> dict[str, Any]:
    """Return those keys of a file that are extras."""
    return {key: value for key, value in keys.items() if key in extras}


def find_wrong_extras(keys: Mapping[str, Any], extras: Extras) -> Iterator[str]:
    """Yield which extras of a file have a value that is none of theirs."""
    for key, value in keys.items():
        if key in extras and not extras[key].accepts(value):
            yield f"'{key}' can't be {value!r}: it takes {extras[key].form}"
