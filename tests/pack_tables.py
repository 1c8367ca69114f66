"""The tables of the docs about the reference packs and their policies, computed from these."""

from functools import cache
from pathlib import Path

from promptpack.model import OTHER_MCP, Agent, Model, Pack, Project
from promptpack.policy.lattice import is_denied
from promptpack.reading.project import load_project
from promptpack.targets import TARGETS

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = ("opencode", "claude-code", "copilot", "cursor", "codex", "gemini")
INHERITED = {
    OTHER_MCP: "MCP servers",
    "skill": "skills",
    "task": "other agents",
    "web_search": "web search",
}


@cache
def project() -> Project:
    return load_project(ROOT)


def list_packs() -> list[list[str]]:
    """Return the rows of the packs: name, when to use it, its own policy, the others."""
    rows = [["pack", "when", "policy", "also with"]]
    for name, pack in sorted(project().packs.items()):
        others = ", ".join(f"`{one}`" for one in pack.policies if one != find_policy(pack))
        rows.append([f"`{name}`", pack.description, f"`{find_policy(pack)}`", others or "-"])
    return rows


def list_policies() -> list[list[str]]:
    """Return the rows of the policies that packs use, each with those whose own it is."""
    packs = project().packs.values()
    rows = [["policy", "what it allows", "the policy of"]]
    for name, policy in sorted(project().policies.items()):
        users = sorted(f"`{pack.name}`" for pack in packs if find_policy(pack) == name)
        if any(name in pack.policies for pack in packs):
            rows.append([f"`{name}`", policy.summary, ", ".join(users) or "-"])
    return rows


def list_inherited() -> list[list[str]]:
    """Return the rows of clients: what `plan-only` and `plan-only-inherit` leave in a file."""
    rows = [["client", *INHERITED.values()]]
    for client in CLIENTS:
        before, after = (_list_denied(client, name) for name in ("plan-only", "plan-only-inherit"))
        rows.append([TARGETS[client].title, *(_say(c in before, c in after) for c in INHERITED)])
    return rows


def find_policy(pack: Pack) -> str:
    """Return the policy of a pack's default variant."""
    return pack.default[1]


def _list_denied(client: str, name: str) -> set[str]:
    policy = project().policies[name]
    agent = Agent("planner", "Plans.", "primary", Model("m"), None, policy, "Plan.\n")
    held = TARGETS[client].decode(TARGETS[client].encode(agent), "planner").policy
    return {capability for capability in INHERITED if is_denied(held.grant(capability))}


def _say(before: bool, after: bool) -> str:
    words = {(True, False): "denied → inherited", (True, True): "denied"}
    return words.get((before, after), "inherited")
