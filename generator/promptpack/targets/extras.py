"""Keys that a pack may add to one client's file, as each target declares them: values in, checks.

What isn't known to grant nothing is not among them, unless the target's `decode` reads what it
grants. A key is declared once: what a pack may write, what our own files may have and what `diff`
takes for harmless all follow from it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from promptpack.patterns import compile_late

_COMMA = compile_late(r",(?![^{}]*\})")
"""A comma between patterns, and not in the braces of one."""

_PLAIN_GLOB = compile_late(r"[\w.*/(][^\s,:#'\"{}\\]*")
"""A pattern that stands without quotes in a list with commas, whoever reads that."""

_GLOB = compile_late(r"[\w.*/({][^\s:#'\"\\]*")


class Extra(NamedTuple):
    """A key of a client's file: the values it takes, in words and as a check, and what it does.

    One that `grants` changes what the agent may do, and the target's `decode` says how. `simplify`
    makes values equal that mean the same to the client; None is what a file without the key means.
    """

    form: str
    accepts: Callable[[Any], bool]
    does: str
    grants: bool = False
    simplify: Callable[[Any], Any] = lambda value: value


Extras = Mapping[str, Extra]


def make_choice(does: str, *names: str, grants: bool = False) -> Extra:
    """Return a key that takes one of a few words."""
    return Extra(f"one of {', '.join(names)}", lambda v: v in names, does, grants)


def make_flag(does: str, *, default: bool | None = None) -> Extra:
    """Return a key that takes true or false; the `default` is what a file without it means."""
    return Extra(
        "true or false",
        lambda v: isinstance(v, bool),
        does,
        simplify=lambda v: None if v is default else v,
    )


def make_line(does: str) -> Extra:
    """Return a key that takes one line of text."""
    return Extra("one line of text", is_line, does)


def make_text(does: str) -> Extra:
    """Return a key that takes a text of any number of lines."""
    return Extra("a text", lambda v: isinstance(v, str) and v.strip() != "", does)


def make_count(does: str) -> Extra:
    """Return a key that takes a whole number above 0."""
    return Extra("a whole number above 0", lambda v: type(v) is int and 0 < v < 2**31, does)


def make_share(does: str) -> Extra:
    """Return a key that takes a number from 0 to 1."""
    return Extra("a number from 0 to 1", lambda v: is_number(v) and 0 <= v <= 1, does)


def make_lines(does: str) -> Extra:
    """Return a key that takes a list of different texts, each of one line."""
    return Extra("a list of different texts", is_line_list, does)


def make_globs(does: str) -> Extra:
    """Return a key that takes patterns of paths, which stand in the file without quotes."""
    form = "patterns of paths, as a list or with commas between them, without quotes and braces"
    return Extra(form, _is_plain_globs, does, simplify=list_globs)


def make_glob_line(does: str) -> Extra:
    """Return a key that takes one text of patterns of paths."""
    form = "patterns of paths with commas between them, without quotes and blanks"
    return Extra(form, _is_glob_line, does, simplify=list_globs)


def list_globs(value: object) -> tuple[str, ...] | None:
    """Return the patterns of a list, or of a text with commas between them; None without any.

    >>> list_globs("src/**, *.{js,ts}")
    ('src/**', '*.{js,ts}')
    """
    parts = value if isinstance(value, list) else _COMMA.split(str(value or ""))
    return tuple(filter(None, (str(one).strip() for one in parts))) or None


def _is_plain_globs(value: object) -> bool:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts:
        return False
    return all(isinstance(one, str) and _PLAIN_GLOB.fullmatch(one.strip()) for one in parts)


def _is_glob_line(value: object) -> bool:
    if not is_line(value):
        return False
    return all(_GLOB.fullmatch(one.strip()) for one in _COMMA.split(str(value)))


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


def is_same_extra(extras: Extras, key: str, value: object, other: object) -> bool:
    """Tell whether two values of a key mean the same; None is a file without the key."""
    if key not in extras:
        return value == other
    simplify = extras[key].simplify
    return bool(simplify(value) == simplify(other))


def find_wrong_extras(keys: Mapping[str, Any], extras: Extras) -> Iterator[str]:
    """Yield which extras of a file have a value that is none of theirs."""
    for key, value in keys.items():
        if key in extras and not extras[key].accepts(value):
            yield f"'{key}' can't be {value!r}: it takes {extras[key].form}"
