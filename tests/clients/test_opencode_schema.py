"""In: the schema that OpenCode prints of itself. Out: whether ours still knows it.

A client version that adds a key, a permission or a value fails here, so that somebody looks.
"""

import json
from typing import Any

import pytest

from clients.gate import need_clients
from clients.opencode import OFFLINE
from clients.sandbox import client, sandbox
from promptpack.targets import opencode, opencode_keys

pytestmark = pytest.mark.clients

Schema = dict[str, Any]

HEAD = "description: Asks.\nmode: subagent\n"
NEVER_WRITTEN = {"tools", "maxSteps", "options", "variant", "prompt"}
"""Keys that OpenCode knows and promptpack writes nowhere: deprecated, or for the provider."""


@pytest.fixture(scope="module")
def schemas() -> dict[str, Schema]:
    need_clients()
    with sandbox({}) as box:
        ran = box.run([client("opencode"), "generate"], OFFLINE)
    found: dict[str, Schema] = json.loads(ran.stdout)["components"]["schemas"]
    return found


def refused(line: str) -> bool:
    return opencode.find_problems(f"---\n{HEAD}{line}\n---\n\nBody.\n") != []


def test_the_keys_of_an_agent_are_the_ones_we_know(schemas: dict[str, Schema]) -> None:
    values = {
        "model": "a/b",
        "temperature": "0.5",
        "top_p": "0.5",
        "disable": "true",
        "hidden": "true",
        "color": "accent",
        "steps": "3",
        "permission": "ask",
    }
    known = {"description", "mode", *values}
    assert set(schemas["AgentConfig"]["properties"]) == known | NEVER_WRITTEN
    for key, value in values.items():
        assert not refused(f"{key}: {value}"), key
    for key in NEVER_WRITTEN:
        assert refused(f"{key}: 1"), key


def test_the_values_are_the_ones_we_know(schemas: dict[str, Schema]) -> None:
    properties = schemas["AgentConfig"]["properties"]
    assert set(properties["mode"]["enum"]) == {"subagent", "primary", "all"}
    assert set(schemas["PermissionActionConfig"]["enum"]) == {"allow", "ask", "deny"}
    for word in properties["color"]["anyOf"][1]["enum"]:
        assert not refused(f"color: {word}")
    assert refused("color: red")
    assert properties["temperature"] == {"type": "number"}
    assert refused("temperature: hot")
    assert properties["steps"] == {"type": "integer", "exclusiveMinimum": 0}
    assert refused("steps: 0")


def test_the_permissions_are_the_ones_we_know(schemas: dict[str, Schema]) -> None:
    permissions = schemas["PermissionConfig"]["anyOf"][1]["properties"]
    others = {"external_directory", "doom_loop", "lsp"}
    assert set(permissions) == set(opencode.KEYS.values()) | others
    plain = {k for k, s in permissions.items() if s["$ref"].endswith("/PermissionActionConfig")}
    assert plain == opencode_keys.PLAIN
    for key in permissions:
        assert refused(f"permission: {{{key}: {{'a*': ask}}}}") == (key in plain), key
    assert refused("permission: {edit: maybe}")
