"""What the filters, tests, methods and operators of templates cost, counted before they run.

A filter, test or method that has no entry here can't be used. Each guard gets the budget and the
arguments of the call. It raises OverBudgetError where the result would be too large, and counts
work that is more than the sizes of the arguments and the result.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from jinja2.exceptions import SecurityError
from jinja2.runtime import StrictUndefined

from promptpack.model.output import OUTPUT_SIZE
from promptpack.patterns import compile_late
from promptpack.rendering.budget import ITEM, Budget

Guard = Callable[..., None]

_FIELD = compile_late(r"[#0\- +]*(\*|\d*)(?:\.(\*|\d*))?[hlL]?")
_WORD = compile_late(r"[^\t\n\x0b\x0c\r ]+")
"""What is wrapped in one piece, as Python's textwrap splits text."""
_NUMBER = compile_late(r"\d+")
_MOST_DIGITS = len(str(OUTPUT_SIZE))


class Cost(NamedTuple):
    """What a filter or test costs beside the sizes of its arguments and its result."""

    takes_text: bool = False
    """Whether it makes text of its first argument."""
    takes_items: bool = False
    """Whether it goes through its first argument: each item is a step."""
    factor: int = 0
    """How much work each character of the first argument is, beyond one."""
    guard: Guard | None = None


def require_text(value: object) -> None:
    """Refuse to make text of what has no one spelling, such as an object or a list.

    An undefined name passes: it fails by itself, and says what was meant.
    """
    if not isinstance(value, (str, int, float, StrictUndefined)):
        message = f"an expression returns {type(value).__name__}, not text"
        raise TypeError(message)


def _guard_width(budget: Budget, _value: object, width: int = 80, *_: object) -> None:
    budget.require_size(_read_count(width))


def _guard_strip(budget: Budget, value: object, chars: object = None, *_: object) -> None:
    """Count the search for each character of one text in another, as searches from the end are."""
    if isinstance(chars, str):
        budget.spend_work(len(str(value)) * len(chars))


def _guard_replace(
    budget: Budget, value: object, old: object, new: object, count: int | None = None
) -> None:
    require_text(old)
    require_text(new)
    text, old_text, new_text = str(value), str(old), str(new)
    found = text.count(old_text)
    found = found if count is None or count < 0 else min(found, count)
    budget.require_size(len(text) + found * max(0, len(new_text) - len(old_text)))


def _guard_separators(budget: Budget, separator: str, items: Any) -> None:  # noqa: ANN401 - what is joined
    budget.require_size(len(separator) * (len(items) if hasattr(items, "__len__") else 0))


def _guard_tabs(budget: Budget, value: str, tabsize: int = 8) -> None:
    budget.require_size(len(value) + value.count("\t") * _read_count(tabsize))


def _guard_format(budget: Budget, value: object, *args: object, **kwargs: object) -> None:
    guard_percent(budget, str(value), kwargs or args)


def guard_percent(budget: Budget, text: str, values: object) -> None:
    """Count a text whose `%` fields are filled in, and refuse values that are no text."""
    listed = list(values) if isinstance(values, tuple) else [values]
    fields = list(_iter_fields(text))
    if isinstance(values, Mapping) and all(is_named for is_named, _ in fields):
        listed = list(values.values())
    for value in listed:
        require_text(value)
    widest = max((budget.measure(value) for value in listed), default=0)
    size = len(text)
    for _, numbers in fields:
        if "*" in numbers:
            message = "'*' is not allowed as a width: write the number"
            raise ValueError(message)
        size += widest + sum(map(_read_digits, numbers))
        budget.require_size(size)


def _iter_fields(text: str) -> Iterator[tuple[bool, tuple[str, ...]]]:
    """Yield for each `%` field whether it has a name, with its width and precision."""
    start = text.find("%")
    while start >= 0:
        end, level = start + 1, 0
        while text[end : end + 1] == "(" or level:
            level += {"(": 1, ")": -1}.get(text[end : end + 1], 0)
            end += 1
            if not level or end > len(text):
                break
        match = _FIELD.match(text, end)
        assert match  # noqa: S101 - all of it is optional
        is_named = end > start + 1 or text[match.end() : match.end() + 1] == "%"
        yield is_named, match.groups("")
        start = text.find("%", max(match.end(), start + 1) + (match[0] == "" and not is_named))


def count_field(budget: Budget, value: object, spec: str) -> int:
    """Return the most characters that a value in a format field takes; it has to be text."""
    budget.spend(1)
    require_text(value)
    size = budget.measure(value) + sum(map(_read_digits, _NUMBER.findall(spec)))
    budget.require_size(size)
    return size


def guard_product(budget: Budget, left: object, right: object) -> None:
    """Count a text or list that is repeated, or an integer that is multiplied."""
    for sequence, times in ((left, right), (right, left)):
        if isinstance(times, int) and isinstance(sequence, (str, list, tuple)):
            budget.require_size(budget.measure(sequence) * max(0, times))
    if isinstance(left, int) and isinstance(right, int):
        budget.require_bits(left.bit_length() + right.bit_length() - 1)


def guard_power(budget: Budget, left: object, right: object) -> None:
    """Count the bits of an integer's power."""
    if isinstance(left, int) and isinstance(right, int) and abs(left) > 1 and right > 0:
        budget.require_bits((left.bit_length() - 1) * right)


def guard_method(
    budget: Budget, owner: object, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    """Count a call of a method of a built-in type; raises SecurityError where it has no use."""
    methods = next((names for kind, names in METHODS.items() if isinstance(owner, kind)), {})
    if name not in methods:
        kind = "a type" if isinstance(owner, type) else f"'{type(owner).__name__}'"
        message = f"the method '{name}' of {kind}"
        raise SecurityError(message)
    budget.weigh(owner)
    guard = methods[name]
    if guard is not None:
        guard(budget, owner, *args, **kwargs)


def _guard_batch(budget: Budget, _value: object, linecount: int, *_: object, **__: object) -> None:
    budget.require_size(_read_count(linecount) * ITEM)


def _guard_indent(
    budget: Budget, value: object, width: int | str = 4, *_: object, **__: object
) -> None:
    size = len(width) if isinstance(width, str) else _read_count(width)
    text = str(value)
    budget.require_size(len(text) + (len(text.splitlines()) + 1) * size)


def _guard_marks(budget: Budget, value: object, mark: object = "****") -> None:
    require_text(mark)
    text = str(value)
    budget.require_size(len(text) + (text.count("\n") + 1) * (len(str(mark)) + 1))


def _guard_json(budget: Budget, value: object, indent: int | None = None) -> None:
    if indent is not None:
        budget.require_size(budget.measure(value) // ITEM * _read_count(indent))


def _guard_round(
    budget: Budget, _value: object, precision: int = 0, *_: object, **__: object
) -> None:
    budget.require_bits(4 * abs(precision))


def _guard_sum(
    _budget: Budget, _value: object, _attribute: object = None, start: object = 0, **_: object
) -> None:
    if not isinstance(start, (int, float)):
        message = f"sum adds numbers, and start is {type(start).__name__}"
        raise TypeError(message)


def _guard_tags(budget: Budget, value: object) -> None:
    text = str(value)
    budget.spend_work(len(text) * text.count("<"))


def _guard_quote(_budget: Budget, value: object) -> None:
    if not isinstance(value, (str, int, float)):
        pairs = value.items() if isinstance(value, Mapping) else value
        for pair in pairs:  # type: ignore[attr-defined]  # what is no list of pairs fails by itself
            for part in pair:
                require_text(part)


def _guard_wrap(
    budget: Budget,
    value: object,
    width: int = 79,
    _break_long_words: object = True,
    wrapstring: str | None = None,
    **_: object,
) -> None:
    text = str(value)
    words = (len(word) for word in _WORD.findall(text))
    budget.spend_work(sum(length * (length // max(1, width)) for length in words))
    budget.require_size(len(text) * len(wrapstring or ""))


_TEXT: Final = Cost(takes_text=True)
_ITEMS: Final = Cost(takes_items=True)
_PLAIN: Final = Cost()

FILTERS: Final[Mapping[str, Cost]] = {
    "abs": _PLAIN,
    "attr": _PLAIN,
    "batch": Cost(takes_items=True, guard=_guard_batch),
    "bold_terms": Cost(takes_text=True, factor=16, guard=_guard_marks),
    "capitalize": _TEXT,
    "center": Cost(takes_text=True, guard=_guard_width),
    "count": _PLAIN,
    "d": _PLAIN,
    "default": _PLAIN,
    "dictsort": _ITEMS,
    "e": _TEXT,
    "escape": _TEXT,
    "filesizeformat": _TEXT,
    "first": _PLAIN,
    "float": _PLAIN,
    "forceescape": _TEXT,
    "format": Cost(takes_text=True, guard=_guard_format),
    "groupby": _ITEMS,
    "indent": Cost(takes_text=True, guard=_guard_indent),
    "int": _PLAIN,
    "items": _ITEMS,
    "join": _ITEMS,
    "last": _PLAIN,
    "length": _PLAIN,
    "list": _ITEMS,
    "lower": _TEXT,
    "map": _ITEMS,
    "mark_items": Cost(takes_text=True, factor=16, guard=_guard_marks),
    "max": _ITEMS,
    "min": _ITEMS,
    "reject": _ITEMS,
    "rejectattr": _ITEMS,
    "replace": Cost(takes_text=True, guard=_guard_replace),
    "reverse": _PLAIN,
    "round": Cost(guard=_guard_round),
    "safe": _TEXT,
    "select": _ITEMS,
    "selectattr": _ITEMS,
    "slice": _ITEMS,
    "sort": _ITEMS,
    "string": _TEXT,
    "striptags": Cost(takes_text=True, factor=8, guard=_guard_tags),
    "sum": Cost(takes_items=True, guard=_guard_sum),
    "title": Cost(takes_text=True, factor=8),
    "tojson": Cost(guard=_guard_json, factor=4),
    "trim": Cost(takes_text=True, guard=_guard_strip),
    "truncate": _TEXT,
    "unique": _ITEMS,
    "upper": _TEXT,
    "urlencode": Cost(factor=8, guard=_guard_quote),
    "wordcount": Cost(takes_text=True, factor=4),
    "wordwrap": Cost(takes_text=True, factor=16, guard=_guard_wrap),
}
"""The filters of templates. `join` is counted where its items are known."""

TESTS: Final[Mapping[str, Cost]] = {
    **dict.fromkeys(("==", "!=", ">", ">=", "<", "<=", "eq", "equalto", "ne"), _PLAIN),
    **dict.fromkeys(("gt", "greaterthan", "ge", "lt", "lessthan", "le", "in", "sameas"), _PLAIN),
    **dict.fromkeys(("odd", "even", "divisibleby", "defined", "undefined", "none"), _PLAIN),
    **dict.fromkeys(("boolean", "false", "true", "integer", "float", "number"), _PLAIN),
    **dict.fromkeys(("string", "mapping", "sequence", "iterable", "callable"), _PLAIN),
    **dict.fromkeys(("escaped", "filter", "test"), _PLAIN),
    **dict.fromkeys(("lower", "upper"), _TEXT),
}

_CASES = "capitalize casefold lower swapcase title upper"
_QUESTIONS = (
    "isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace "
    "istitle isupper"
)
_SEARCHES = "count endswith find index removeprefix removesuffix startswith partition split"

METHODS: Final[Mapping[type, Mapping[str, Guard | None]]] = {
    str: {
        **dict.fromkeys(f"{_CASES} {_QUESTIONS} {_SEARCHES} splitlines".split()),
        **dict.fromkeys(("lstrip", "rstrip", "strip"), _guard_strip),
        **dict.fromkeys(("rfind", "rindex", "rpartition", "rsplit"), _guard_strip),
        **dict.fromkeys(("center", "ljust", "rjust", "zfill"), _guard_width),
        "expandtabs": _guard_tabs,
        "join": _guard_separators,
        "replace": _guard_replace,
    },
    dict: dict.fromkeys(("get", "items", "keys", "values")),
    list: dict.fromkeys(("count", "index")),
    tuple: dict.fromkeys(("count", "index")),
}
"""The methods of built-in types that a template may call. `str.format` has its own fields."""


def _read_count(value: object) -> int:
    """Return a width or a number of items; what is no number fails by itself."""
    return value if isinstance(value, int) else 0


def _read_digits(digits: str) -> int:
    return int(digits or 0) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS
