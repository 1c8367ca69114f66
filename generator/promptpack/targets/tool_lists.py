"""Lists of tools by name, one of what there is and one of what is denied: heads in, policies out.

Clients of this form name the tools of MCP servers `mcp__server__tool`. A denied tool is not there,
whatever else names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from promptpack.model import (
    CAPABILITIES,
    Capability,
    Effect,
    Grant,
    Policy,
    find_capability,
    make_mcp_name,
    split_mcp_name,
)
from promptpack.patterns import compile_late
from promptpack.targets.codec import make_switch_grant

ToolNames = Mapping[Capability, tuple[str, ...]]

_MCP = compile_late(r"mcp__(.+?)(?:__(.+))?")
_ALL_SERVERS = "mcp__*"


@dataclass(frozen=True, eq=False)
class ToolTable:
    """The tools of a client: those that give a capability, and other ways to some of it.

    `aliases` are other names of tools, each with the tool.
    """

    tools: ToolNames
    other_ways: ToolNames
    aliases: Mapping[str, str]

    @cached_property
    def names(self) -> Mapping[str, tuple[Capability, ...]]:
        """All names of tools, each with the capability that it is about."""
        ways = (self.tools, self.other_ways)
        names = {tool: (c,) for way in ways for c, tools in way.items() for tool in tools}
        return {**names, **{a: names[t] for a, t in self.aliases.items() if t in names}}


class ToolLists(NamedTuple):
    """What a head says of tools; `listed` is None where every tool is meant.

    `gives_servers` tells whether a list may name a whole MCP server.
    """

    listed: frozenset[str] | None
    denied: frozenset[str]
    gives_servers: bool = True

    def has(self, tool: str) -> bool:
        """Tell whether one of the client's own tools is there."""
        return tool not in self.denied and (self.listed is None or tool in self.listed)

    def has_server(self, server: str) -> bool:
        """Tell whether the tools of an MCP server are there that nothing names."""
        if self._denies_server(server):
            return False
        names = {f"mcp__{server}", f"mcp__{server}__*"} if self.gives_servers else set()
        return self.listed is None or bool(self.listed & names)

    def has_server_tool(self, server: str, tool: str) -> bool:
        """Tell whether one tool of an MCP server is there."""
        name = f"mcp__{server}__{tool}"
        if name in self.denied or self._denies_server(server):
            return False
        return self.has_server(server) or self.has(name)

    def _denies_server(self, server: str) -> bool:
        return bool(self.denied & {f"mcp__{server}", f"mcp__{server}__*", _ALL_SERVERS})


@lru_cache(maxsize=64)
def make_listed_policy(table: ToolTable, lists: ToolLists) -> Policy:
    """Return what an agent may do that has these tools: what no list gives is denied."""
    grants: dict[str, Grant] = {}
    for capability in CAPABILITIES:
        names = (*table.tools.get(capability, ()), *table.other_ways.get(capability, ()))
        grants[capability] = make_switch_grant(any(map(lists.has, names)))
    for entry in sorted((lists.listed or frozenset()) | lists.denied):
        match = _MCP.fullmatch(entry)
        if match is None or match[1] == "*":
            continue
        server, tool = match[1], match[2]
        grants[make_mcp_name(server)] = make_switch_grant(lists.has_server(server))
        if tool and tool != "*":
            is_on = lists.has_server_tool(server, tool)
            grants[make_mcp_name(server, tool)] = make_switch_grant(is_on)
    allows_others = lists.listed is None and _ALL_SERVERS not in lists.denied
    return Policy(Effect.ALLOW if allows_others else Effect.DENY, grants)


def is_mcp_tool(name: str) -> bool:
    """Tell whether a list's entry names an MCP server, or a tool of one."""
    return _MCP.fullmatch(name) is not None


def list_tool_names(tools: ToolNames, name: str) -> tuple[str, ...]:
    """Return the names by which a list has a capability, an MCP server or a tool of one."""
    if capability := find_capability(name):
        return tools.get(capability, ())
    return ("__".join(("mcp", *filter(None, split_mcp_name(name)))),)
