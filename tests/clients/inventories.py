"""In: the clients. Out: what each has: tools, permissions, keys, and what a session offers.

An inventory is taken of the client as it is installed; `inventory.yaml` holds the reviewed one.
15 s for all of them on two processors.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clients import claude_bundle, claude_code, codex, copilot, gemini, kilo, opencode, qwen, roo
from clients.javascript import iter_entries
from clients.sandbox import cache, client, read_version, sandbox

Inventory = Mapping[str, frozenset[str]]
"""A kind, such as "tools", and the names of that kind. A session's tools are `offered to` it."""

OFFERED = "offered to "
MODELS = {"codex": "gpt-6-sol", "copilot": "gpt-5-codex", "opencode": "openai/gpt-5"}
"""A model that a client gives other tools than the one it has by default here."""


def take_claude_code(_known: Inventory) -> Inventory:
    """Read the program, and ask four sessions: main and spawned, without and with PowerShell."""
    files = {".claude/agents/asker.md": b"---\nname: asker\ndescription: Asks.\n---\nAsk.\n"}
    bundle = claude_bundle.read_bundle()
    seen = {
        "a main session": claude_code.observe(files, "asker"),
        "a spawned agent": claude_code.observe_subagent(files, "asker"),
        "a main session with PowerShell": claude_code.observe(
            files, "asker", env=claude_code.POWERSHELL
        ),
        "a spawned agent with PowerShell": claude_code.observe_subagent(
            files, "asker", env=claude_code.POWERSHELL
        ),
    }
    offered = {who: one.tools or frozenset() for who, one in seen.items()}
    tools = claude_bundle.list_tools(bundle)
    return _join(tools, offered) | {"keys": claude_bundle.list_agent_keys(bundle)}


def take_copilot(_known: Inventory) -> Inventory:
    """Ask three sessions, and read what Copilot says an agent has in the schema that it ships."""
    files = {".github/agents/asker.agent.md": b"---\ndescription: Asks.\n---\nAsk.\n"}
    (other,) = copilot.observe_tools([["*"]], MODELS["copilot"])
    offered = {
        "a main session": copilot.observe(files, "asker").tools or frozenset(),
        "a spawned agent": copilot.observe_subagent(files, "asker").tools or frozenset(),
        f"a spawned agent with {MODELS['copilot']}": other or frozenset(),
    }
    unpacked = cache() / "copilot/copilot/pkg"
    (path,) = unpacked.glob(f"*/{read_version('@github/copilot')}/schemas/api.schema.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    return _join(frozenset(), offered) | {
        "keys": frozenset(schema["definitions"]["AgentInfo"]["properties"])
    }


def take_opencode(_known: Inventory) -> Inventory:
    """Ask about an agent that may do all, with two models, and read OpenCode's own schema."""
    head = "description: Asks.\npermission: allow"
    heads = {"asker": head, "other": f"{head}\nmodel: {MODELS['opencode']}"}
    files = {
        f".opencode/agents/{n}.md": f"---\n{h}\n---\nAsk.\n".encode() for n, h in heads.items()
    }
    asker, other = opencode.observe_many(files, list(heads))
    with sandbox({}) as box:
        ran = box.run([client("opencode"), "generate"], opencode.OFFLINE)
    schemas: dict[str, Any] = json.loads(ran.stdout)["components"]["schemas"]
    offered = {
        "an agent": asker.tools or frozenset(),
        f"an agent with {MODELS['opencode']}": other.tools or frozenset(),
    }
    return _join(frozenset(), offered) | {
        "keys": frozenset(schemas["AgentConfig"]["properties"]),
        "permissions": frozenset(schemas["PermissionConfig"]["anyOf"][1]["properties"]),
    }


def take_gemini(_known: Inventory) -> Inventory:
    """Read the names and keys that the loader checks against, and ask about an agent."""
    files = {".gemini/agents/asker.md": b"---\nname: asker\ndescription: Asks.\n---\nAsk.\n"}
    offered = {"an agent": gemini.observe(files, "asker").tools or frozenset()}
    loader = Path(client("gemini"), "dist/src/agents/agentLoader.js").read_bytes()
    place = loader.index(b"kind: z.literal('local')")
    keys = frozenset(key for key, _ in iter_entries(loader, place))
    return _join(gemini.list_tool_names(), offered) | {"keys": keys}


def take_codex(known: Inventory) -> Inventory:
    """Ask what a spawned agent is offered and which keys a file may have; look for other keys."""
    role = "name = 'asker'\ndescription = 'Asks.'\ndeveloper_instructions = 'Ask.'\n"
    roles = {"": role, f" with {MODELS['codex']}": f"model = '{MODELS['codex']}'\n{role}"}
    offered = {
        f"a spawned agent{model}": codex.observe(
            {".codex/agents/asker.toml": text.encode()}, "asker"
        ).tools
        or frozenset()
        for model, text in roles.items()
    }
    return _join(frozenset(), offered) | {"keys": codex.list_agent_keys(known["keys"])}


def take_qwen(_known: Inventory) -> Inventory:
    """Read the names of tools and the keys that the loader asks for, and ask about an agent."""
    files = {".qwen/agents/asker.md": b"---\nname: asker\ndescription: a\n---\nAsk them all.\n"}
    offered = {"an agent": qwen.observe(files, "asker").tools or frozenset()}
    return _join(qwen.list_tool_names(), offered) | {"keys": qwen.list_agent_keys()}


def take_kilo(_known: Inventory) -> Inventory:
    """Ask about an agent that may do all, and read Kilo's own schema."""
    files = {".kilo/agents/asker.md": b"---\ndescription: Asks.\npermission: allow\n---\nAsk.\n"}
    offered = {"an agent": kilo.observe(files, "asker").tools or frozenset()}
    with sandbox({}) as box:
        ran = box.run([client("kilo"), "generate"], kilo.KILO.offline)
    schemas: dict[str, Any] = json.loads(ran.stdout)["components"]["schemas"]
    return _join(frozenset(), offered) | {
        "keys": frozenset(schemas["AgentConfig"]["properties"]),
        "permissions": frozenset(schemas["PermissionConfig"]["anyOf"][1]["properties"]),
    }


def take_roo(_known: Inventory) -> Inventory:
    """Read the groups of tools and the keys of a mode in Roo Code's own schema."""
    return {"tools": roo.list_groups(), "keys": roo.list_keys()}


TAKE: Mapping[str, Callable[[Inventory], Inventory]] = {
    "opencode": take_opencode,
    "claude-code": take_claude_code,
    "copilot": take_copilot,
    "codex": take_codex,
    "gemini": take_gemini,
    "qwen": take_qwen,
    "kilo": take_kilo,
    "roo": take_roo,
}
"""How to take the inventory of a target's client; what is known of it says what to ask about."""

PACKAGES: Mapping[str, str] = {
    "opencode": "opencode-ai",
    "claude-code": "@anthropic-ai/claude-code",
    "copilot": "@github/copilot",
    "codex": "@openai/codex",
    "gemini": "@google/gemini-cli-core",
    "qwen": "@qwen-code/qwen-code",
    "kilo": "@kilocode/cli",
    "roo": "@roo-code/types",
}


def _join(
    tools: frozenset[str], offered: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """Return all tools, those too that only a session shows, and who is offered which."""
    return {
        "tools": tools.union(*offered.values()),
        **{OFFERED + who: names for who, names in offered.items()},
    }
