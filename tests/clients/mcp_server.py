"""In: names of tools. Out: an MCP server that has them, as a script for a client to start."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from clients.observation import Files

_SCRIPT = """
import json, sys

NAMES = {names}

def answer(method):
    if method == "initialize":
        info = {{"name": "asked", "version": "1"}}
        able = {{"tools": {{}}}}
        return {{"protocolVersion": "2024-11-05", "capabilities": able, "serverInfo": info}}
    schema = {{"type": "object", "properties": {{}}}}
    names = NAMES if method == "tools/list" else []
    return {{"tools": [{{"name": n, "description": n, "inputSchema": schema}} for n in names]}}

for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        result = answer(message["method"])
        print(json.dumps({{"jsonrpc": "2.0", "id": message["id"], "result": result}}), flush=True)
"""


def write_servers(tools: Mapping[str, Sequence[str]]) -> Files:
    """Return the scripts of servers by name and tools; a file's stem is the server's name."""
    return {
        f"servers/{name}.py": _SCRIPT.format(names=json.dumps(list(names))).encode()
        for name, names in tools.items()
    }


def list_commands(servers: Files) -> dict[str, list[str]]:
    """Return the command that starts each server, by its name."""
    return {PurePosixPath(path).stem: [sys.executable, path] for path in servers}
