"""Permissions: capabilities, effects, grants and the policies made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

CAPABILITIES = (
    *("read", "list", "glob", "grep", "edit", "write", "patch", "execute"),
    *("web_fetch", "web_search", "todo", "task", "skill", "question"),
)
"""What an agent may be able to do, in client-neutral words; `mcp:<server>[/<tool>]` joins them."""


PATTERNED = frozenset({"read", "edit", "execute", "web_fetch", "task"})
"""The capabilities whose policy may be an ordered list of patterns."""


OTHER_MCP = "mcp:*"
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
    """What an agent may do: a grant for each named capability and a default for the others."""

    default: Effect
    grants: Mapping[str, Grant] = field(default_factory=lambda: MappingProxyType({}))
    name: str = ""
    title: str = ""
    summary: str = ""
    path: str = ""
    shadows: str = ""

    def grant(self, capability: str) -> Grant:
        """Return the rules for a capability; an MCP tool falls back to its server, then all."""
        named_grant = self.grants.get(capability) or self.grants.get(capability.partition("/")[0])
        return named_grant or (PatternRule("*", self.default),)
