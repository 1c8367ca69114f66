"""How OpenCode names the tools of MCP servers: a policy's names in, permission keys out, and back.

Measured on opencode-ai 1.18.33: a tool is called `server_tool`, and every character of both but
letters, digits, `-` and `_` becomes `_`. So `my_*` matches the tools of `my_server` too, and
`my_server_tool` may be of either. Two servers of one policy that can't be told apart are refused
where that would give more; a server with an underscore always has a key of its own, which tells
what its tools' keys are.
"""

from collections.abc import Iterable, Iterator

from promptpack.model import Effect, McpName, Policy, make_mcp_name, split_mcp_name
from promptpack.patterns import compile_late
from promptpack.policy.lattice import RANK

_SERVER_KEY = compile_late(r"([A-Za-z0-9][A-Za-z0-9_-]*)_\*")
_TOOL_KEY = compile_late(r"([A-Za-z0-9-]+)_(.+)")


def make_key(name: str) -> str:
    """Return the permission that decides about a server's tools, or about one of them.

    >>> make_key("mcp:git"), make_key("mcp:git/push")
    ('git_*', 'git_push')
    """
    server, tool = split_mcp_name(name)
    return f"{server}_{tool or '*'}"


def list_written_names(policy: Policy) -> list[McpName]:
    """Return the names that need a key, a server before those that it may stand for.

    These are the names of a policy, and the servers with an underscore whose tools it names.
    """
    names = policy.list_mcp_names()
    servers = {make_mcp_name(split_mcp_name(name)[0]) for name in names}
    with_underscore = {server for server in servers if "_" in server}
    return sorted({*names, *with_underscore}, key=lambda name: ("/" in name, name))


def read_names(keys: Iterable[str]) -> dict[str, McpName]:
    """Return what the keys that look like those of MCP tools stand for, by key.

    A tool's key is read by the longest server that has a key of its own, or else up to the first
    underscore.
    """
    keys = list(keys)
    servers = [match[1] for key in keys if (match := _SERVER_KEY.fullmatch(key))]
    return {key: name for key in keys if (name := _read_name(key, servers))}


def find_clashes(policy: Policy) -> Iterator[str]:
    """Yield which names OpenCode would take for others, and so give more than the policy says."""
    names = list_written_names(policy)
    servers = sorted({split_mcp_name(name)[0] for name in names})
    for name in names:
        server, tool = split_mcp_name(name)
        whole_name = make_mcp_name(server)
        if tool and "_" in server and _get_effect(policy, whole_name) is Effect.INHERIT:
            yield (
                f"'{name}' can't be written alone: OpenCode joins server and tool with '_', so the"
                f" policy has to say what holds for '{whole_name}' too"
            )
        for other in servers:
            if server.startswith(f"{other}_") and _gives_more(policy, name, other):
                yield (
                    f"'{name}' can't be written: OpenCode would also give tools of '{other}' by it,"
                    f" which the policy holds back"
                )
            if tool and other.startswith(f"{server}_") and make_key(name).startswith(f"{other}_"):
                yield f"'{name}' can't be written: OpenCode takes it for a tool of '{other}'"


def _gives_more(policy: Policy, name: str, other: str) -> bool:
    """Tell whether a name's grant is no safe one for tools of a server that its key matches."""
    effect, others_effect = _get_effect(policy, name), _get_effect(policy, make_mcp_name(other))
    if effect in (others_effect, Effect.DENY):
        return False
    return Effect.INHERIT in (effect, others_effect) or RANK[effect] > RANK[others_effect]


def _get_effect(policy: Policy, name: str) -> Effect:
    return policy.grant(name)[0].effect


def _read_name(key: str, servers: Iterable[str]) -> McpName | None:
    if match := _SERVER_KEY.fullmatch(key):
        return make_mcp_name(match[1])
    if server := max((s for s in servers if key.startswith(f"{s}_")), key=len, default=""):
        return make_mcp_name(server, key.removeprefix(f"{server}_"))
    match = _TOOL_KEY.fullmatch(key)
    return make_mcp_name(match[1], match[2]) if match else None
