"""Validation with places: a document and a kind of file in, a model or findings out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from promptpack.model import Finding
from promptpack.model.languages import LANGUAGE_REGEX
from promptpack.reading.file_kinds import FileKind
from promptpack.reading.regexes import (
    FRAGMENT_REGEX,
    HEAD_FILE_REGEX,
    LIBRARY_PACK_REGEX,
    TEXT_FILE_REGEX,
    VARIANT_REGEX,
)
from promptpack.source.closest import suggest
from promptpack.source.strict_yaml import UNREADABLE_CODES, DataPath, Document
from promptpack.source.text import PROBLEM_LIMIT, make_finding
from promptpack.targets import TARGETS
from promptpack.targets.other_clients import suggest_target
from promptpack.targets.target import STEM_REGEX

F = TypeVar("F")

_TYPE_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    dict: "a mapping",
}
_EXPECTED_TYPES = {
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

_KEY_PROBLEMS = ("missing", "extra_forbidden")

_SIZE_MESSAGES = {
    "too_short": "is empty",
    "string_too_short": "is shorter than {min_length} characters",
    "string_too_long": "is longer than {max_length} characters",
    "greater_than": "should be more than {gt}",
    "greater_than_equal": "should be at least {ge}",
    "less_than_equal": "should be at most {le}",
}


_PATTERN_HINTS = {
    r"\S": "write the words to look for",
    FRAGMENT_REGEX: "use 'section/name' from templates, or './name.md' in the same folder",
    TEXT_FILE_REGEX: "use './name.md', a file in the same folder",
    HEAD_FILE_REGEX: "use './name.head', a file in the same folder",
    LANGUAGE_REGEX: "use a BCP 47 tag as it is usually written, such as 'de', 'pt-BR' or 'zh-Hant'",
    LIBRARY_PACK_REGEX: "use '<library>:<pack>', such as 'acme:reviewer'",
    VARIANT_REGEX: "use '<model>.<policy>', such as 'claude.review'",
    STEM_REGEX: "use a file's name without its extension, such as 'core/reviewer'",
}


def validate(kind: FileKind[F], document: Document, path: str, text: str) -> F | None:
    """Return the validated file, or None with all that is wrong added to the document's findings.

    If the YAML itself can't be read, the shape of its data is not reported on.
    """
    if any(finding.code in UNREADABLE_CODES for finding in document.findings):
        return None
    values = kind.check(document.data, document.memos)
    if values is None:
        values, problems = _ask_pydantic(kind.load_model(), document.data)
        document.findings += _iter_findings(kind.load_model(), document, path, text, problems)
    return None if document.findings else values


def _ask_pydantic(model: Any, data: object) -> tuple[Any, list[Any]]:  # noqa: ANN401 - its own classes
    """Return what a model makes of data: its values, or None and what is wrong."""
    from pydantic import ValidationError  # noqa: PLC0415 - only where something may be wrong

    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _iter_findings(
    model: Any,  # noqa: ANN401 - a pydantic model's class
    document: Document,
    path: str,
    text: str,
    problems: Iterable[Any],
) -> Iterator[Finding]:
    for problem in islice(problems, PROBLEM_LIMIT):
        place = _find_place(document.data, problem)
        code, message, hint = _make_message(model, place, problem)
        yield make_finding(code, path, document.at(place), message, hint, text)


def _find_place(data: object, problem: Any) -> DataPath:  # noqa: ANN401 - pydantic's own description
    """Return the path of a problem in the data.

    Pydantic's location also names the members of unions, and `[key]` for the key of a mapping. What
    the data has at a place is a step, whatever it is called; so is a key that should be there, or
    should not.
    """
    *steps, last = problem["loc"] or ("",)
    place: list[str | int] = []
    for step in steps:
        if _has_step(data, step):
            data = data[step]  # type: ignore[index]  # it was just asked whether it has it
            place.append(step)
    if problem["type"] in _KEY_PROBLEMS or _has_step(data, last):
        place.append(last)
    return tuple(place)


def _has_step(data: object, step: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, dict) and step in data


def _make_message(  # noqa: PLR0911 - one answer a kind of problem
    model: Any,  # noqa: ANN401 - a pydantic model's class
    place: DataPath,
    problem: Any,  # noqa: ANN401 - pydantic's own description
) -> tuple[str, str, str]:
    error_type, value, name = problem["type"], problem["input"], _describe_place(place)
    if error_type == "extra_forbidden":
        known_keys = _list_known_keys(model.model_json_schema(), place[:-1])
        hint = suggest(str(place[-1]), known_keys)
        if not hint and "clients" in known_keys:
            hint = _suggest_client_key(str(place[-1]))
        return "PP012", f"unknown key {name}", hint
    if error_type == "missing":
        return "PP011", f"missing key {name}", ""
    if error_type in _EXPECTED_TYPES:
        expected, actual = _EXPECTED_TYPES[error_type], _describe_kind(value)
        hint = f'write "{value}"' if expected == "text" and isinstance(value, (int, float)) else ""
        return "PP010", f"{name} should be {expected}, not {actual}", hint
    if error_type == "literal_error":
        choices = re.findall(r"'([^']+)'", problem["ctx"]["expected"])
        value_text = f"'{value}'" if isinstance(value, str) else _describe_kind(value)
        return "PP010", f"{name} can't be {value_text}", suggest(str(value), choices)
    if error_type == "value_error":
        message, _, hint = str(problem["ctx"]["error"]).partition("; ")
        return "PP010", message, hint
    if error_type == "string_pattern_mismatch":
        hint = _suggest_target(place, str(value)) or _make_pattern_hint(problem["ctx"]["pattern"])
        return "PP013", f"{name} can't be '{value}'", hint
    if error_type in _SIZE_MESSAGES:
        return "PP010", f"{name} {_SIZE_MESSAGES[error_type].format(**problem['ctx'])}", ""
    return "PP010", f"{name}: {problem['msg'][0].lower()}{problem['msg'][1:]}", ""


def _suggest_target(place: DataPath, value: str) -> str:
    """Return the target that is meant where one is named by something like a file's name."""
    return suggest_target(value) if {"target", "targets"} & {*place[-2:]} else ""


def _suggest_client_key(key: str) -> str:
    """Return where a pack says what is about one client, if a key is; or nothing."""
    if key in TARGETS:
        return "write what differs for one client under 'clients'"
    owners = [target.name for target in TARGETS.values() if key in target.extras]
    return f"write it under 'clients: {{{owners[0]}: {{extra: …}}}}'" if owners else ""


def _describe_place(place: DataPath) -> str:
    if not place:
        return "the file"
    if isinstance(place[-1], int):
        return f"item {place[-1] + 1} of {_describe_place(place[:-1])}"
    return f"'{place[-1]}'"


def _make_pattern_hint(pattern: str) -> str:
    if pattern in _PATTERN_HINTS:
        return _PATTERN_HINTS[pattern]
    if "a-z0-9" in pattern:
        return "use lower-case letters, digits and single hyphens, such as 'code-reviewer'"
    if "a-z" in pattern:
        return "use a lower-case name such as 'max_size'"
    return "use one line of text"


def _describe_kind(value: object) -> str:
    if value is None:
        return "nothing"
    return next((name for type_, name in _TYPE_NAMES.items() if type(value) is type_), "a list")


def _list_known_keys(schema: Mapping[str, Any], place: DataPath) -> list[str]:
    """Return the keys that a JSON Schema knows at a place, over all alternatives."""
    nodes = _expand_node(schema, schema)
    for step in place:
        children = []
        for node in nodes:
            children += [
                leaf for child in _find_children(node, step) for leaf in _expand_node(schema, child)
            ]
        nodes = children
    return [key for node in nodes for key in node.get("properties", {})]


def _find_children(node: Mapping[str, Any], step: str | int) -> list[Mapping[str, Any]]:
    if isinstance(step, int):
        return [node["items"]] if "items" in node else []
    property_schema = node.get("properties", {}).get(step)
    others = [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
    return [
        child
        for child in ([property_schema] if property_schema else others)
        if isinstance(child, dict)
    ]


def _expand_node(root: Mapping[str, Any], node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in node:
        return _expand_node(root, root["$defs"][node["$ref"].rpartition("/")[2]])
    if "properties" in node:
        return [node]
    options = [*node.get("oneOf", ()), *node.get("anyOf", ())]
    return (
        [leaf for option in options for leaf in _expand_node(root, option)] if options else [node]
    )
