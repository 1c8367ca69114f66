"""What templates compare values with: a parsed template in, the constants of its code out.

A template that tests a value can be told from its text only by the values that it tests for: `go`
in `vars.language == "go"`. So these are what a value has to be tried with.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from jinja2 import nodes

_LONGEST = 2_000
"""The most characters of a text that is tried because of a length."""
_CASES = {"upper", "lower", "title", "capitalize", "casefold", "swapcase"}
_TYPES = {"string", "number", "integer", "float", "boolean", "true", "false", "mapping", "iterable"}
_LOADS = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)

Scalar = str | int | float | bool


class Constants(NamedTuple):
    """The texts and numbers in the code of templates, in the order of the code.

    `folds_case` tells that some text is compared in other letters than it has, and `tests_type`
    that it is asked what kind of value one is, `compares_values` that two of them are compared.
    """

    texts: tuple[str, ...] = ()
    numbers: tuple[int | float, ...] = ()
    folds_case: bool = False
    tests_type: bool = False
    compares_values: bool = False

    def join(self, other: "Constants") -> "Constants":
        """Return the constants of both."""
        return Constants(
            tuple(dict.fromkeys((*self.texts, *other.texts))),
            tuple(dict.fromkeys((*self.numbers, *other.numbers))),
            self.folds_case or other.folds_case,
            self.tests_type or other.tests_type,
            self.compares_values or other.compares_values,
        )

    def add_compared(self, values: Iterable[object]) -> "Constants":
        """Return the constants with other values, if the templates compare one with another."""
        return self.add(values) if self.compares_values else self

    def add(self, values: Iterable[object]) -> "Constants":
        """Return the constants with some values that are compared with others."""
        known = tuple(values)
        numbers = tuple(v for v in known if isinstance(v, (int, float)) and not _is_bool(v))
        return self.join(Constants(tuple(v for v in known if isinstance(v, str)), numbers))


def read_constants(tree: nodes.Template) -> Constants:
    """Return the constants of a template's code, but for names of templates and capabilities."""
    passed_over = {
        id(constant)
        for node in (*tree.find_all(_LOADS), *filter(_asks_policy, tree.find_all(nodes.Call)))
        for constant in node.find_all(nodes.Const)
    }
    values = [one.value for one in tree.find_all(nodes.Const) if id(one) not in passed_over]
    names = {node.name for node in tree.find_all((nodes.Filter, nodes.Test))}
    methods = {node.attr for node in tree.find_all(nodes.Getattr)}
    folds_case, tests_type = bool(_CASES & (names | methods)), bool(_TYPES & names)
    compares = any(map(_compares_values, tree.find_all((nodes.Compare, nodes.Test, nodes.Call))))
    found = Constants((), (), folds_case, tests_type, compares)
    return found.add(value for value in values if not isinstance(value, str) or value.strip())


def iter_other_values(value: object, constants: Constants) -> Iterator[Scalar]:
    """Yield values that some test of a value with the constants might take otherwise, each once."""
    candidates: list[Scalar] = list(constants.texts)
    if constants.folds_case:
        candidates += [
            fold(text)
            for text in constants.texts
            for fold in (str.lower, str.upper, str.capitalize, str.title)
        ]
    near = [number + step for number in constants.numbers for step in (-1, 0, 1)]
    candidates += near
    if isinstance(value, str):
        candidates += [str(number) for number in near]
        candidates += ["x" * int(n) for n in near if 0 < n <= _LONGEST]
        candidates += [1, True] if constants.tests_type else []
    elif isinstance(value, (int, float)) and not _is_bool(value):
        candidates += (
            [value - 1, value + 1, "x"] if constants.tests_type else [value - 1, value + 1]
        )
    seen = {(type(value), value)}
    for other in candidates:
        if (type(other), other) not in seen:
            seen.add((type(other), other))
            yield other


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _asks_policy(call: nodes.Call) -> bool:
    """Tell whether a call asks the policy, which is given names of capabilities."""
    names = [node.name for node in call.node.find_all(nodes.Name)]
    return names == ["policy"]


def _compares_values(node: nodes.Node) -> bool:
    """Tell whether a comparison, test or call has more than one variable in it."""
    return len([*node.find_all(nodes.Name)]) > 1
