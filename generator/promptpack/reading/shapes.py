"""A quick check of an input file: its data and its kind in, what it says out, or no answer.

`schema` says what a file may hold, and pydantic checks that and says what is wrong. Importing it
takes as long as building a small project, and nearly every file is valid. So the same facts stand
in `shapes.json`, which a test derives from the models, and are checked here first. Whatever is not
plainly valid has no answer here, and is left to pydantic: so no file is valid here that is not so
there, and the values are the same.
"""

import json
import pkgutil
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from promptpack.reading import checks

Shape = list[Any]
"""A kind of value, and what is said of it: `["str", pattern, shortest, longest]` and so on."""

_FORMS: Mapping[type, str] = {str: "text", list: "list", dict: "mapping"}
LARGEST = 10**9
"""No number in a file needs to be larger; one that is has no answer here."""


class NoAnswerError(Exception):
    """The data is not plainly valid."""


class FileValues(SimpleNamespace):
    """A mapping with known keys; each key has a value, as an attribute."""


Memos = Mapping[str, dict[str, Any]]
"""What was made of the values of some keys before."""

_NO_MEMOS: Memos = {}


def check_shape(kind: str, data: object, memos: Memos = _NO_MEMOS) -> Any:  # noqa: ANN401 - as the kind of file has it
    """Return the values of a file's data by name, defaults included, or None for no answer.

    What is made of a value of which there is a memo is kept there, and not to be changed.
    """
    try:
        return _check_entry(data, kind, memos)
    except NoAnswerError:
        return None


@cache
def _read_shapes() -> dict[str, dict[str, tuple[str, Shape, bool, Shape]]]:
    """Return by entry and key what a value is: attribute, shape, whether there is a default."""
    content = pkgutil.get_data("promptpack.reading", "shapes.json") or b"{}"
    shapes: dict[str, dict[str, tuple[str, Shape, bool, Shape]]] = json.loads(content)
    return shapes


def _check(shape: Shape, value: object) -> Any:  # noqa: ANN401 - as the shape has it
    return _CHECKS[shape[0]](value, *shape[1:])


def _check_text(value: object, pattern: str, shortest: int, longest: int | None) -> str:
    """Check a text; one with characters that engines of patterns class differently is refused."""
    if type(value) is not str or not value.replace("\n", " ").replace("\t", " ").isprintable():
        raise NoAnswerError
    too_long = longest is not None and len(value) > longest
    if too_long or len(value) < shortest or (pattern and not _compile(pattern).search(value)):
        raise NoAnswerError
    return value


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Return a pattern whose `$` is the end of the text and nothing else, as pydantic has it."""
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)


def _check_list(value: object, item: Shape, shortest: int) -> list[Any]:
    if type(value) is not list or len(value) < shortest:
        raise NoAnswerError
    return [_check(item, one) for one in value]


def _check_mapping(value: object, key: Shape, item: Shape, shortest: int) -> dict[str, Any]:
    if type(value) is not dict or len(value) < shortest:
        raise NoAnswerError
    return {_check(key, name): _check(item, one) for name, one in value.items()}


def _check_entry(value: object, name: str, memos: Memos = _NO_MEMOS) -> FileValues:
    fields = _read_shapes()[name]
    if type(value) is not dict or not value.keys() <= fields.keys():
        raise NoAnswerError
    entry = FileValues()
    for key, (attribute, shape, has_default, default) in fields.items():
        if key in memos and key in value:
            checked = _check_once(shape, value[key], memos[key], name)
        elif key in value:
            checked = _check(shape, value[key])
        elif has_default:
            checked = _make_default(default)
        else:
            raise NoAnswerError
        setattr(entry, attribute, checked)
    return entry


def _check_once(shape: Shape, value: object, memo: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - as the shape has it
    """Return a checked value of a key of an entry of this name, from its memo if it is there."""
    if name not in memo:
        memo[name] = _check(shape, value)
    return memo[name]


def _make_default(default: Shape) -> Any:  # noqa: ANN401 - as the key has it
    """Return a default of its own for each entry: a plain value, or an entry without keys."""
    kind, value = default
    if kind == "entry":
        return _check_entry({}, value)
    return deepcopy(value) if isinstance(value, (list, dict)) else value


def _check_number(value: object, least: float | None, most: float | None) -> float:
    if type(value) is bool or not isinstance(value, (int, float)) or not abs(value) <= LARGEST:
        raise NoAnswerError
    if (least is not None and value < least) or (most is not None and value > most):
        raise NoAnswerError
    return float(value)


def _check_whole(value: object, above: int | None) -> int:
    if type(value) is not int or value > LARGEST or (above is not None and value <= above):
        raise NoAnswerError
    return value


def _check_choice(value: object, choices: list[str]) -> str:
    if type(value) is not str or value not in choices:
        raise NoAnswerError
    return value


def _check_bool(value: object) -> bool:
    if type(value) is not bool:
        raise NoAnswerError
    return value


def _check_none_or(value: object, shape: Shape) -> Any:  # noqa: ANN401 - as the shape has it
    return None if value is None else _check(shape, value)


def _check_one_of(value: object, **shapes: Shape) -> Any:  # noqa: ANN401 - as the shapes have it
    """Check a value that may have one of several forms: a text, a list, an entry, a mapping."""
    form = _FORMS.get(type(value))
    if form == "mapping" and ("mapping" not in shapes or "use" in cast("dict[str, Any]", value)):
        form = "entry"
    if form not in shapes:
        raise NoAnswerError
    return _check(shapes[form], value)


def _check_further(value: object, name: str, shape: Shape) -> Any:  # noqa: ANN401 - the same
    if name not in _FURTHER:
        raise NoAnswerError
    checked = _check(shape, value)
    try:
        _FURTHER[name](value)
    except ValueError:
        raise NoAnswerError from None
    return checked


def _check_override(value: Mapping[str, object]) -> None:
    checks.check_override(value.keys())


_CHECKS: Mapping[str, Callable[..., Any]] = {
    "str": _check_text,
    "list": _check_list,
    "dict": _check_mapping,
    "entry": _check_entry,
    "float": _check_number,
    "int": _check_whole,
    "literal": _check_choice,
    "bool": _check_bool,
    "none or": _check_none_or,
    "one of": lambda value, shapes: _check_one_of(value, **shapes),
    "any": lambda value: value,
    "checked": _check_further,
}
_FURTHER: Mapping[str, Callable[[Any], object]] = {
    "check_rule_code": checks.check_rule_code,
    "_check_scalar": checks.check_scalar,
    "check_argument_names": checks.check_argument_names,
    "check_distinct": checks.check_distinct,
    "check_capability": checks.check_capability,
    "check_accepted_capability": checks.check_accepted_capability,
    "check_pattern": checks.check_pattern,
    "check_order": checks.check_order,
    "OverrideEntry._check_content": _check_override,
    "ExpectEntry._check_content": checks.check_expectation,
}
"""What is checked after the shape, by the name that the models have it under."""
