"""The faults that promptpack is held against: faults.yaml and the tests in, who holds each one out.

The marks are read from the tests' text, so that the page of all faults needs no run of them. What
pytest collects is held against that: a mark that is not found in the text is an error.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple, cast

import pytest
import yaml

TESTS = Path(__file__).parent
LIST = TESTS / "faults.yaml"
MARK = "pytest.mark.fault"
"""How a mark is written; a module without this text has none."""

Name = int | str
"""What a fault is called: its number, or a word for one that was found later."""


class Holder(NamedTuple):
    """A test that shows that a fault is held: its file below `tests/`, its name, the faults."""

    path: str
    name: str
    faults: frozenset[Name]


@cache
def read_areas() -> dict[str, dict[Name, str]]:
    """Return what each fault is by its name, by area, in the order of the list."""
    areas: dict[str, dict[Name, str]] = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return areas


@cache
def read_titles() -> dict[Name, str]:
    """Return what each fault is, by its number or name."""
    return {name: title for area in read_areas().values() for name, title in area.items()}


def list_names(item: pytest.Item) -> list[Name]:
    """Return the faults that a test is about."""
    return [name for mark in item.iter_markers("fault") for name in mark.args]


def check_names(item: pytest.Item) -> None:
    """Raise UsageError where a test names a fault that is not in the list, or not in its text."""
    for name in list_names(item):
        if name not in read_titles():
            message = f"{item.nodeid} names the fault {name!r}, which is not in {LIST.name}"
            raise pytest.UsageError(message)
        if name not in dict(_list_marks(item.path)).get(_find_function_name(item), ()):
            message = (
                f"{item.nodeid}: write its mark as pytest.mark.fault({name!r}) where it stands"
            )
            raise pytest.UsageError(message)


def list_holders() -> tuple[Holder, ...]:
    """Return the tests that name a fault, by file, in the order in which they stand there."""
    paths = sorted(TESTS.rglob("test_*.py"))
    return tuple(
        Holder(path.relative_to(TESTS).as_posix(), name, faults)
        for path in paths
        for name, faults in _list_marks(path)
    )


def find_marks(text: str) -> Iterator[tuple[str, frozenset[Name]]]:
    """Yield the tests of a module that name a fault: for the module, a class, or a case too.

    Marks may stand in a list of cases, and names in a table of the module: then all of it counts.
    """
    tree = ast.parse(text)
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    constants = {ast.unparse(node.targets[0]): node.value for node in assigned}
    whole = _read_marks(constants.get("pytestmark", ast.Constant(None)), constants)
    yield from _find_inner_marks(tree.body, whole, constants)


Constants = Mapping[str, ast.expr]
"""What a module assigns, by its name."""


def _find_inner_marks(
    body: list[ast.stmt], outer: frozenset[Name], constants: Constants
) -> Iterator[tuple[str, frozenset[Name]]]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found = outer.union(*(_read_marks(one, constants) for one in node.decorator_list))
            if isinstance(node, ast.ClassDef):
                yield from _find_inner_marks(node.body, found, constants)
            elif node.name.startswith("test_") and found:
                yield node.name, found


def _read_marks(node: ast.expr, constants: Constants) -> frozenset[Name]:
    """Return what all `pytest.mark.fault(…)` in an expression name, and in what it refers to."""
    found: frozenset[Name] = frozenset()
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and ast.unparse(one.func) == MARK:
            found = found.union(*(_read_names(argument, constants) for argument in one.args))
        elif isinstance(one, ast.Name) and one.id in constants:
            inner = {name: value for name, value in constants.items() if name != one.id}
            found |= _read_marks(constants[one.id], inner)
    return found


def _read_names(argument: ast.expr, constants: Constants) -> frozenset[Name]:
    """Return the name that an argument is, or all names in the table that it is taken from."""
    if isinstance(argument, ast.Constant):
        return frozenset({cast("Name", argument.value)})
    tables = (
        constants[one.id]
        for one in ast.walk(argument)
        if isinstance(one, ast.Name) and one.id in constants
    )
    values = (ast.literal_eval(table) for table in tables)
    return frozenset[Name]().union(
        *(one.values() if isinstance(one, dict) else one for one in values)
    )


@cache
def _list_marks(path: Path) -> tuple[tuple[str, frozenset[Name]], ...]:
    text = path.read_text(encoding="utf-8")
    return tuple(find_marks(text)) if MARK in text else ()


def _find_function_name(item: pytest.Item) -> str:
    return item.function.__name__ if isinstance(item, pytest.Function) else item.name
