"""Validation with places: a document and a kind of file in, a model or findings out."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from pydantic import ValidationError

from promptpack.model import Finding
from promptpack.reading.schema import FRAGMENT, Strict
from promptpack.source.strict_yaml import UNREADABLE, Document, Path
from promptpack.source.text import PROBLEM_LIMIT, finding

F = TypeVar("F", bound=Strict)

_NAMES = {str: "text", bool: "true or false", int: "a number", float: "a number", dict: "a mapping"}
_WANTED = {
    "string_type": "text",
    "scalar_type": "text, a number, true or false",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_SIZES = {
    "too_short": "is empty",
    "string_too_short": "is shorter than {min_length} characters",
    "string_too_long": "is longer than {max_length} characters",
    "greater_than": "should be more than {gt}",
    "greater_than_equal": "should be at least {ge}",
    "less_than_equal": "should be at most {le}",
}


def validate(kind: type[F], document: Document, path: str, text: str) -> F | None:
    """Return the validated file, or None with all that is wrong added to the document's findings.

    Where the YAML itself could not be read, nothing is said about the shape of its data.
    """
    if any(found.code in UNREADABLE for found in document.findings):
        return None
    try:
        valid = kind.model_validate(document.data)
        return None if document.findings else valid
    except ValidationError as error:
        document.findings += _findings(kind, document, path, text, error)
        return None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest known word, or the few there are, or nothing.

    >>> did_you_mean("sectoins", ["sections", "tags"])
    "did you mean 'sections'?"
    """
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known here: {', '.join(known)}" if 0 < len(known) <= 8 else ""


def _findings(
    kind: type[Strict], document: Document, path: str, text: str, error: ValidationError
) -> Iterator[Finding]:
    for problem in islice(error.errors(include_url=False), PROBLEM_LIMIT):
        place = _place(problem["loc"])
        code, message, hint = _message(kind, place, problem)
        yield finding(code, path, document.at(place), message, hint, text)


def _place(location: tuple[str | int, ...]) -> Path:
    """Return the path in the data: the location without the `<names>` of union members."""
    return tuple(step for step in location if step != "[key]" and not str(step).startswith("<"))


def _message(  # noqa: PLR0911 - one answer a kind of problem
    kind: type[Strict],
    place: Path,
    problem: Any,  # noqa: ANN401 - pydantic's own description
) -> tuple[str, str, str]:
    type_, value, name = problem["type"], problem["input"], _subject(place)
    if type_ == "extra_forbidden":
        known = _known_keys(kind.model_json_schema(), place[:-1])
        return "PP012", f"unknown key {name}", did_you_mean(str(place[-1]), known)
    if type_ == "missing":
        return "PP011", f"missing key {name}", ""
    if type_ in _WANTED:
        wanted, got = _WANTED[type_], _kind_of(value)
        hint = f'write "{value}"' if wanted == "text" and isinstance(value, (int, float)) else ""
        return "PP010", f"{name} should be {wanted}, not {got}", hint
    if type_ == "literal_error":
        allowed = re.findall(r"'([^']+)'", problem["ctx"]["expected"])
        shown = f"'{value}'" if isinstance(value, str) else _kind_of(value)
        return "PP010", f"{name} can't be {shown}", did_you_mean(str(value), allowed)
    if type_ == "value_error":
        said, _, hint = str(problem["ctx"]["error"]).partition("; ")
        return "PP010", said, hint
    if type_ == "string_pattern_mismatch":
        return "PP013", f"{name} can't be '{value}'", _pattern_hint(problem["ctx"]["pattern"])
    if type_ in _SIZES:
        return "PP010", f"{name} {_SIZES[type_].format(**problem['ctx'])}", ""
    return "PP010", f"{name}: {problem['msg'][0].lower()}{problem['msg'][1:]}", ""


def _subject(place: Path) -> str:
    if not place:
        return "the file"
    if isinstance(place[-1], int):
        return f"item {place[-1] + 1} of {_subject(place[:-1])}"
    return f"'{place[-1]}'"


def _pattern_hint(pattern: str) -> str:
    if pattern == FRAGMENT:
        return "'section/name' from templates, or './name.md' beside this file"
    if "a-z0-9" in pattern:
        return "lower-case letters, digits and single hyphens, such as 'code-reviewer'"
    return "a lower-case name such as 'max_size'" if "a-z" in pattern else "one line of text"


def _kind_of(value: object) -> str:
    if value is None:
        return "nothing"
    return next((name for type_, name in _NAMES.items() if type(value) is type_), "a list")


def _known_keys(schema: Mapping[str, Any], place: Path) -> list[str]:
    """Return the keys that a JSON Schema knows at a place, over all alternatives."""
    nodes = _expanded(schema, schema)
    for step in place:
        children = []
        for node in nodes:
            children += [
                leaf for child in _children(node, step) for leaf in _expanded(schema, child)
            ]
        nodes = children
    return [key for node in nodes for key in node.get("properties", {})]


def _children(node: Mapping[str, Any], step: str | int) -> list[Mapping[str, Any]]:
    if isinstance(step, int):
        return [node["items"]] if "items" in node else []
    named = node.get("properties", {}).get(step)
    others = [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
    return [child for child in ([named] if named else others) if isinstance(child, dict)]


def _expanded(root: Mapping[str, Any], node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in node:
        return _expanded(root, root["$defs"][node["$ref"].rpartition("/")[2]])
    options = [*node.get("oneOf", ()), *node.get("anyOf", ())]
    return [leaf for option in options for leaf in _expanded(root, option)] if options else [node]
