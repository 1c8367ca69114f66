"""What a regular expression can't say of a value in an input file.

Each check takes a value and returns it, or raises ValueError with the message, and a hint after
`; ` where there is one.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from promptpack.model import CAPABILITIES, EVERY_WIDENING, OTHER_MCP, is_mcp_name
from promptpack.policy.lattice import is_capability
from promptpack.reading.regexes import PATTERN_REGEX, RULE_CODE_REGEX
from promptpack.source.closest import find_closest
from promptpack.targets import TARGETS
from promptpack.targets.target import ORDINALS


def check_rule_code(value: str) -> str:
    """Check the code of a lint rule."""
    if not re.fullmatch(RULE_CODE_REGEX, value):
        message = f"'{value}' is not a rule code; a rule code looks like 'PP506'"
        raise ValueError(message)
    return value


def check_scalar(value: object) -> object:
    """Check that a value is no mapping, no list, and not nothing."""
    if not isinstance(value, (str, bool, int, float)):
        message = "not a single value"
        raise ValueError(message)
    return value


def check_distinct(names: list[str]) -> list[str]:
    """Check that no name of a list stands there twice."""
    for name, count in Counter(names).most_common(1):
        if count > 1:
            message = f"'{name}' is listed twice"
            raise ValueError(message)
    return names


def check_argument_names(names: list[str]) -> list[str]:
    """Check that there are not too many arguments, and that none has the name of all of them."""
    if len(names) > len(ORDINALS):
        message = f"a command has at most {len(ORDINALS)} arguments"
        raise ValueError(message)
    if "arguments" in names:
        message = "'arguments' are all that a user writes: name one of them otherwise"
        raise ValueError(message)
    return names


def check_capability(value: str) -> str:
    """Check the name of a capability that a policy may grant."""
    if is_capability(value):
        return value
    if value == OTHER_MCP:
        message = f"'{value}' can't be granted; 'default' decides about servers that are not named"
    elif is_mcp_name(value):
        message = (
            f"'{value}' names no MCP server or tool; write 'mcp:<server>' or "
            "'mcp:<server>/<tool>' with letters, digits, '-' and '_', and '_' for any other one"
        )
    else:
        hint = suggest_capability(value)
        message = f"unknown capability '{value}'{f'; {hint}' if hint else ''}"
    raise ValueError(message)


def check_accepted_capability(value: str) -> str:
    """Check what a pack may accept: a capability, all other MCP servers, or all of it."""
    return value if value in {OTHER_MCP, EVERY_WIDENING} else check_capability(value)


def suggest_capability(name: str, candidates: Iterable[str] = CAPABILITIES) -> str:
    """Return a hint that names the capability of a client's tool, else the closest one, or "".

    >>> suggest_capability("Bash")
    "did you mean 'execute'? 'Bash' is what a client calls that tool"
    """
    key = name.replace("_", "").casefold()
    meanings = [
        capabilities
        for target in TARGETS.values()
        for tool, capabilities in target.tool_names.items()
        if tool.replace("_", "").casefold() == key
    ]
    if meanings:
        meant = " or ".join(f"'{one}'" for one in min(meanings, key=len))
        return f"did you mean {meant}? '{name}' is what a client calls that tool"
    closest = find_closest(name, candidates)
    return f"did you mean '{closest}'?" if closest else ""


def check_pattern(value: str) -> str:
    """Check a pattern that means the same to every client."""
    if not re.fullmatch(PATTERN_REGEX, value):
        message = (
            f"pattern '{value}' is empty, starts or ends with a space, or contains a backslash"
        )
        raise ValueError(message)
    if value.isdigit() or value.startswith(("~", "$HOME")):
        message = f"pattern '{value}' means different things to different clients"
        raise ValueError(message)
    return value


def check_order(rules: dict[str, str]) -> dict[str, str]:
    """Check that no pattern is one that a later one overrules, and where `inherit` stands."""
    for index, (pattern, effect) in enumerate(rules.items()):
        if pattern == "*" and index:
            message = "'*' matches everything, so it must come first"
            raise ValueError(message)
        if effect == "inherit" and pattern != "*":
            message = f"pattern '{pattern}' can't be 'inherit', only '*' can"
            raise ValueError(message)
    return rules


def check_override(keys: Collection[str]) -> None:
    """Check by its keys that an override says something."""
    if not set(keys) - {"when"}:
        message = "an override needs 'drop' or 'effort'"
        raise ValueError(message)


def check_expectation(values: Mapping[str, object]) -> None:
    """Check that an expectation says one thing; `values` are those that are written."""
    expected = [value for key, value in values.items() if key != "when"]
    if len(expected) != 1 or expected[0] is None:
        message = "an expectation has one of 'contains', 'absent' and 'max_tokens'"
        raise ValueError(message)
