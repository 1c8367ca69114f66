"""What codecs share: agents in, pieces of files out, and back."""

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from promptpack.model import (
    EFFORTS,
    Agent,
    Effect,
    Effort,
    Grant,
    Model,
    Policy,
    make_mcp_name,
    split_mcp_name,
)
from promptpack.policy.lattice import grant_of, list_effects
from promptpack.source import frontmatter
from promptpack.source.strict_yaml import DEPTH_LIMIT
from promptpack.targets.extras import Extras, find_wrong_extras, is_number
from promptpack.targets.problems import Problem, ProblemKind, list_unknown

_DEEP = f"nested more than {DEPTH_LIMIT} levels deep"


def grants_fully(agent: Agent, capability: str) -> bool:
    """Tell whether a client that only has a capability or not gives it to this agent.

    It does where the policy allows all of it, leaves it to the client, or the pack accepts more.
    """
    policy_effects = list_effects(agent.policy.grant(capability))
    if capability in agent.accepted and policy_effects != {Effect.DENY}:
        return True
    return policy_effects <= {Effect.ALLOW, Effect.INHERIT}


def make_switch_grant(is_on: bool) -> Grant:
    """Return the grant of a capability that is there whole, or not at all."""
    return grant_of(Effect.ALLOW if is_on else Effect.DENY)


def list_named_servers(agent: Agent) -> list[tuple[str, str]]:
    """Return the MCP servers and tools that an allow-list may name, as (server, tool or "").

    A server is named whole only where all of its tools that the policy names are given too.
    """
    names = agent.policy.list_mcp_names()
    granted_names = {name for name in names if grants_fully(agent, name)}
    named_servers = []
    for name in names:
        server, tool = split_mcp_name(name)
        whole_name = make_mcp_name(server)
        tools = {other for other in names if other.startswith(f"{whole_name}/")}
        is_whole = whole_name in granted_names and tools <= granted_names
        if name in granted_names and (not tool) == is_whole:
            named_servers.append((server, tool))
    return named_servers


def make_text_agent(name: str, description: str, body: str, **fields: Any) -> Agent:  # noqa: ANN401 - of any field
    """Return the agent of a file that is text only: nothing in it holds the agent back.

    `fields` are the values of other fields that the file says.
    """
    return Agent(
        **{"mode": "all", "temperature": None, "model": Model(""), **fields},
        name=name,
        description=description,
        policy=Policy(Effect.ALLOW),
        prompt=body.removesuffix("\n") + "\n",
    )


def end_line(prompt: str) -> str:
    """Return a prompt whose last line has a newline, for a format that goes on after it."""
    return prompt if prompt.endswith("\n") else f"{prompt}\n"


@lru_cache(maxsize=2)
def read_toml(text: str) -> dict[str, Any]:
    """Return the keys of a text, which are not to be changed.

    The last ones are kept, because one file is decoded and checked in one go. Raises ValueError
    where it is not TOML or nested too deeply.
    """
    try:
        keys = tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError(_DEEP) from None
    level: list[Any] = [keys]
    for _ in range(DEPTH_LIMIT):  # dotted keys nest without recursion, and printing them recurses
        level = [*chain.from_iterable(_list_values(one) for one in level)]
    if any(isinstance(one, (dict, list)) for one in level):
        raise ValueError(_DEEP)
    return keys


def _list_values(data: object) -> Iterable[Any]:
    if isinstance(data, dict):
        return data.values()
    return data if isinstance(data, list) else ()


def make_agent(
    client: str,
    keys: Mapping[str, Any],
    stem: str,
    body: str,
    policy: Policy,
    **fields: Any,  # noqa: ANN401 - of any field
) -> Agent:
    """Return the agent of a file's keys; it has the file's stem for a name where none is given.

    `fields` are the values of other fields that the file says; a file that says no mode is that of
    a subagent.
    """
    return Agent(
        **{"mode": "subagent", "temperature": None, "stem": stem, **fields},
        name=as_text(keys.get("name")) or stem,
        description=as_text(keys.get("description")),
        model=make_model(client, keys.get("model")),
        policy=policy,
        prompt=f"{body}\n",
    )


def join_front_matter(front_matter: Mapping[str, Any], agent: Agent) -> str:
    """Return a Markdown file of a head, a blank line and the prompt.

    The head ends with the agent's extra keys, and has none for what the agent does not say.
    """
    said = {key: value for key, value in front_matter.items() if value != ""}
    head = frontmatter.dump_front_matter({**said, **agent.extra})
    return f"{head}\n{agent.prompt}"


def read_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return the keys and trimmed prompt of a Markdown file, read as leniently as clients do."""
    front_matter, body, _ = frontmatter.split_front_matter(text.removeprefix("\ufeff"))
    return (
        frontmatter.read_lenient(front_matter) if front_matter is not None else {}
    ), body.strip()


def check_front_matter(
    text: str,
    key_types: Mapping[str, type | tuple[type, ...]],
    required_keys: Iterable[str] = (),
    extras: Extras = MappingProxyType({}),
    held_keys: Collection[str] = (),
) -> list[Problem]:
    """Return what is wrong with a file's head by its keys and their types, and an empty prompt.

    A wrong value of one of the `held_keys` holds nothing back, so the client misreads it.
    """
    front_matter, body, _ = frontmatter.split_front_matter(text)
    document = frontmatter.parse_front_matter(front_matter or "")
    if front_matter is None or not document.is_strict or not isinstance(document.data, dict):
        return list_unknown(["the file does not start with front matter that is a YAML mapping"])
    known_keys = {*key_types, *extras}
    problems = list_unknown(
        f"unknown key '{key}'" for key in document.data if key not in known_keys
    )
    problems += list_unknown(find_wrong_extras(document.data, extras))
    for key, value in document.data.items():
        if key in key_types and not _has_type(value, key_types[key]):
            is_misread = key in held_keys and value not in (None, "")
            kind: ProblemKind = "misread" if is_misread else "unknown"
            problems.append(Problem(f"'{key}' can't be {value!r}", kind, key))
    missing_keys = (key for key in required_keys if not document.data.get(key))
    problems += list_unknown(f"'{key}' is missing" for key in missing_keys)
    return problems if body.strip() else [*problems, *list_unknown(["the prompt is empty"])]


def is_text_list(value: object) -> bool:
    """Tell whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def find_head_refusal(
    head: str, required: Iterable[str], checks: Mapping[str, Callable[[Any], bool]]
) -> str:
    """Return why a client that merges nothing would not load this front matter, or nothing."""
    try:
        keys = frontmatter.read_mapping(head, merges=False)
    except ValueError as error:
        return f"the front matter is not YAML: {error}"
    for key in required:
        if key not in keys:
            return f"'{key}' is missing"
    return find_wrong_value(keys, checks)


def split_between(
    text: str, start: re.Pattern[str], end: re.Pattern[str]
) -> tuple[Mapping[str, Any], str] | None:
    """Return the keys between two marks and the text below them, or None without both marks."""
    opening = start.match(text)
    closing = end.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return None
    head = text[opening.end() : closing.start()]
    return frontmatter.read_lenient(head), text[closing.end() :]


def find_wrong_value(keys: Mapping[str, Any], checks: Mapping[str, Callable[[Any], bool]]) -> str:
    """Return which of the checked keys has a value that fails its check, or nothing."""
    for key, value in keys.items():
        if key in checks and not checks[key](value):
            return f"'{key}' can't be {value!r}"
    return ""


def as_text(value: object) -> str:
    """Return a head value that should be text as text; nothing where there is none."""
    return "" if value is None else str(value)


def as_effort(value: object, efforts: Sequence[Effort] = EFFORTS) -> Effort | None:
    """Return a head value that should be one of these reasoning efforts, or None."""
    return next((effort for effort in efforts if effort == value), None)


def as_number(value: object) -> float | None:
    """Return a head value that should be a number, or None."""
    return value if isinstance(value, (int, float)) and is_number(value) else None


def make_model(target: str, value: object) -> Model:
    """Return the model that a file names, known by its id in this client only."""
    return Model("", ids={target: value} if isinstance(value, str) and value else {})


def _has_type(value: object, types: type | tuple[type, ...]) -> bool:
    is_unwanted_bool = isinstance(value, bool) and types is not bool
    return isinstance(value, types) and not is_unwanted_bool and value != ""
