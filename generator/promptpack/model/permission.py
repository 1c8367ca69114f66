"""Permissions: capabilities, effects, grants and the policies made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Literal, NamedTuple, NewType, TypeGuard, get_args

Capability = Literal[
    "read",
    "list",
    "glob",
    "grep",
    "edit",
    "write",
    "patch",
    "execute",
    "web_fetch",
    "web_search",
    "todo",
    "task",
    "skill",
    "question",
]
"""What an agent may be able to do, in client-neutral words."""

McpName = NewType("McpName", str)
"""The tools of an MCP server, or one of them: `mcp:<server>[/<tool>]`."""

PermissionName = Capability | McpName
"""What a policy can grant."""

CAPABILITIES: tuple[Capability, ...] = get_args(Capability)

FILE_CHANGES: tuple[Capability, ...] = ("edit", "write", "patch")
"""The capabilities that change files; many clients have one switch for all of them."""


class CapabilityFacts(NamedTuple):
    """What is true of a capability in every client."""

    phrase: str
    """What an agent does with it, as an infinitive: "read files"."""
    takes_patterns: bool = False
    """Whether a policy may give it as an ordered list of patterns."""
    follows: Capability | None = None
    """The capability that decides about it too, where a policy does not name it."""
    is_aid: bool = False
    """Whether it only helps with other work: alone it does none."""


CAPABILITY_FACTS: Mapping[Capability, CapabilityFacts] = {
    "read": CapabilityFacts("read files", takes_patterns=True),
    "list": CapabilityFacts("list folders"),
    "glob": CapabilityFacts("find files"),
    "grep": CapabilityFacts("search files"),
    "edit": CapabilityFacts("edit files", takes_patterns=True),
    "write": CapabilityFacts("write files", follows="edit"),
    "patch": CapabilityFacts("apply patches", follows="edit"),
    "execute": CapabilityFacts("run commands", takes_patterns=True),
    "web_fetch": CapabilityFacts("fetch web pages", takes_patterns=True),
    "web_search": CapabilityFacts("search the web"),
    "todo": CapabilityFacts("keep a to-do list", is_aid=True),
    "task": CapabilityFacts("start other agents", takes_patterns=True),
    "skill": CapabilityFacts("load skills", is_aid=True),
    "question": CapabilityFacts("ask questions with a tool", is_aid=True),
}

PATTERNED: frozenset[Capability] = frozenset(
    name for name, facts in CAPABILITY_FACTS.items() if facts.takes_patterns
)
"""The capabilities whose policy may be an ordered list of patterns."""

_CAPABILITIES_BY_NAME: Mapping[str, Capability] = {name: name for name in CAPABILITIES}
_MCP_PREFIX = "mcp:"

OTHER_MCP = McpName("mcp:*")
"""Every MCP server that a policy does not name; used in comparisons, never written by an author."""


class Effect(StrEnum):
    """What a policy says about a capability. `inherit` leaves it to the client's own default."""

    DENY = "deny"
    ASK = "ask"
    ALLOW = "allow"
    INHERIT = "inherit"


class PatternRule(NamedTuple):
    """An effect for whatever the pattern matches: `*` any run of characters, `?` exactly one."""

    pattern: str
    effect: Effect


Grant = tuple[PatternRule, ...]
"""The ordered rules of one capability, general first. The first matches all; the last decides."""


@dataclass(frozen=True)
class Policy:
    """What an agent may do: a grant for each named capability and a default for the others.

    Raises ValueError for a name that is neither a capability nor of an MCP server.
    """

    default: Effect
    grants: Mapping[str, Grant] = field(default_factory=lambda: MappingProxyType({}))
    name: str = ""
    title: str = ""
    summary: str = ""
    path: str = ""
    shadows: str = ""

    def __post_init__(self) -> None:
        for name in self.grants:
            if find_capability(name) is None and not is_mcp_name(name):
                message = f"unknown capability '{name}'"
                raise ValueError(message)

    @cached_property
    def key(self) -> str:
        """The grants and the default as text, equal for policies that grant the same."""
        return repr((self.default, *self.grants.items()))

    def grant(self, capability: str) -> Grant:
        """Return the rules for a capability.

        One that is not named falls back: `write` and `patch` to `edit`, an MCP tool to its server,
        and each to the default.
        """
        known = find_capability(capability)
        broader = CAPABILITY_FACTS[known].follows if known else capability.partition("/")[0]
        named_grant = self.grants.get(capability) or self.grants.get(broader or "")
        return named_grant or (PatternRule("*", self.default),)

    def list_mcp_names(self) -> list[McpName]:
        """Return the MCP servers and tools that the policy names, a server before its tools."""
        return sorted(name for name in self.grants if is_mcp_name(name))


def find_capability(name: str) -> Capability | None:
    """Return the capability of a name, or None if there is none of that name."""
    return _CAPABILITIES_BY_NAME.get(name)


def is_mcp_name(name: str) -> TypeGuard[McpName]:
    """Tell whether a name is that of an MCP server or of one of its tools."""
    return name.startswith(_MCP_PREFIX)


def make_mcp_name(server: str, tool: str = "") -> McpName:
    """Return the name of a server's tools, or of one of them.

    >>> make_mcp_name("git"), make_mcp_name("git", "push")
    ('mcp:git', 'mcp:git/push')
    """
    return McpName(f"{_MCP_PREFIX}{server}" + (f"/{tool}" if tool else ""))


def split_mcp_name(name: str) -> tuple[str, str]:
    """Return the server and the tool of a name; the tool is "" where all are meant.

    Raises ValueError if it is not the name of an MCP server or tool.

    >>> split_mcp_name("mcp:git/push")
    ('git', 'push')
    """
    if not is_mcp_name(name):
        message = f"'{name}' names no MCP server"
        raise ValueError(message)
    server, _, tool = name.removeprefix(_MCP_PREFIX).partition("/")
    return server, tool
