"""OpenCode: `.opencode/agents/<name>.md`. The one client here that enforces asking and patterns.

Measured on opencode-ai 1.18.33: rules are ordered and the last match wins; `read: allow` would
cancel the built-in question before `.env` files, so that guard is written out; one invalid value
breaks the whole client, so `problems` is as strict as the client's own schema.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from promptpack.model import CAPABILITIES, Agent, Effect, Grant, Mode, Policy, Rule
from promptpack.policy.lattice import effects, meet, plain
from promptpack.policy.patterns import matches
from promptpack.source import frontmatter
from promptpack.targets.codec import Target, agent_of, number_of, servers, with_head

NAME = "opencode"

KEYS = {
    "read": "read",
    "list": "list",
    "glob": "glob",
    "grep": "grep",
    "edit": "edit",
    "write": "edit",
    "patch": "edit",
    "execute": "bash",
    "web_fetch": "webfetch",
    "web_search": "websearch",
    "todo": "todowrite",
    "task": "task",
    "skill": "skill",
    "question": "question",
}
"""The permission that decides about each capability; one decides about edit, write and patch."""

PLAIN = frozenset({"webfetch", "websearch", "todowrite", "question", "doom_loop"})
SPAWN_ONLY_NAMED = frozenset({"todowrite", "task"})
ENV_GUARD = (
    Rule("*.env", Effect.ASK),
    Rule("*.env.*", Effect.ASK),
    Rule("*.env.example", Effect.ALLOW),
)
GUARDS = {"external_directory": "ask", "doom_loop": "ask"}

_MODES = ("subagent", "primary", "all")
_EFFECTS = ("allow", "ask", "deny")
_MCP_KEY = re.compile(r"([A-Za-z0-9-]+)_(.+)")
_OWN_KEYS = ("external_directory", "doom_loop", "plan_enter", "plan_exit", "apply_patch")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}|primary|secondary|accent|success|warning|error|info")
_KEY_CHECKS: Mapping[str, Any] = {
    "name": lambda v: isinstance(v, str),
    "description": lambda v: isinstance(v, str),
    "mode": lambda v: v in _MODES,
    "model": lambda v: isinstance(v, str) and re.fullmatch(r"[^/\s]+/\S+", v) is not None,
    "temperature": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "top_p": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "color": lambda v: isinstance(v, str) and _COLOUR.fullmatch(v) is not None,
    "hidden": lambda v: isinstance(v, bool),
    "disable": lambda v: isinstance(v, bool),
    "steps": lambda v: type(v) is int and v > 0,
    "permission": lambda v: v in _EFFECTS if isinstance(v, str) else _valid_permission(v),
}


class _Rule(NamedTuple):
    permission: str
    pattern: str
    effect: Effect


_DEFAULTS = (
    _Rule("*", "*", Effect.ALLOW),
    _Rule("doom_loop", "*", Effect.ASK),
    _Rule("external_directory", "*", Effect.ASK),
    _Rule("question", "*", Effect.DENY),
    _Rule("read", "*", Effect.ALLOW),
    *(_Rule("read", pattern, effect) for pattern, effect in ENV_GUARD),
)


def encode(agent: Agent) -> str:
    """Return the agent file: a head of the keys that say something, and the prompt."""
    head: dict[str, Any] = {"description": agent.description, "mode": agent.mode}
    if model := agent.model.ids.get(NAME):
        head["model"] = model
    if agent.temperature is not None:
        head["temperature"] = agent.temperature
    if permission := _permission(agent.policy, agent.mode):
        head["permission"] = permission
    return with_head(head, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that OpenCode makes of a file; without a readable head, all is prompt."""
    head, body, _ = frontmatter.split(text)
    keys = frontmatter.lenient(head) if head is not None and not _doubled(head) else None
    if keys is None:
        keys, body = {}, text
    mode = cast("Mode", keys.get("mode")) if keys.get("mode") in _MODES else "all"
    return agent_of(
        NAME,
        keys,
        stem,
        body.strip(),
        _effective(tuple(_rules(keys)), mode),
        mode=mode,
        temperature=number_of(keys.get("temperature")),
    )


def problems(text: str) -> list[str]:
    """Return why OpenCode would refuse a file, or take something else from it than it says."""
    head, body, _ = frontmatter.split(text)
    if head is None:
        return ["the file does not start with a head"]
    document = frontmatter.parsed(head)
    if document.findings or not isinstance(document.data, dict):
        return ["the head is not a YAML mapping"]
    said = [f"unknown key '{key}'" for key in document.data if key not in _KEY_CHECKS]
    for key, value in document.data.items():
        if key in _KEY_CHECKS and not _KEY_CHECKS[key](value):
            said.append(f"'{key}' can't be {value!r}" + (_FORMS.get(key, "")))
    said += _clashes(document.data.get("permission"))
    return said if body.strip() else [*said, "the prompt is empty"]


def _clashes(permission: object) -> Iterator[str]:
    """Yield why a server's name would open up something of OpenCode's own."""
    for key in permission if isinstance(permission, dict) else ():
        for own in _OWN_KEYS if key.endswith("_*") else ():
            if matches(key, own):
                yield f"an MCP server can't be called '{key[:-2]}': OpenCode has its own '{own}'"


_FORMS = {"model": ": the form is provider/model"}


def _permission(policy: Policy, mode: Mode) -> dict[str, Any]:
    """Return the permission map: general first, since the last match decides.

    To name a permission of `SPAWN_ONLY_NAMED` is to give it to a subagent, so what its patterns do
    not match is denied there in so many words.
    """
    written: dict[str, Any] = {}
    if policy.default is Effect.DENY:
        written["*"] = "deny"
    for key in dict.fromkeys(KEYS.values()):
        grant = meet(policy.grant(c) for c in CAPABILITIES if KEYS[c] == key)
        if key in PLAIN:
            grant = plain(min(effects(grant), key=list(Effect).index))
        if key == "read" and grant[0].effect is Effect.ALLOW:
            grant = (grant[0], *ENV_GUARD, *grant[1:])
        if key in SPAWN_ONLY_NAMED and mode == "subagent" and len(grant) > 1:
            grant = tuple(
                rule._replace(effect=Effect.DENY) if rule.effect is Effect.INHERIT else rule
                for rule in grant
            )
        _write(written, key, grant, policy.default)
    named = sorted(servers(policy), key=lambda capability: "/" in capability)
    for capability in named:
        server, _, tool = capability.removeprefix("mcp:").partition("/")
        _write(written, f"{server}_{tool or '*'}", policy.grant(capability), Effect.INHERIT)
    if "*" in written or named:
        written |= GUARDS
    return written


def _write(written: dict[str, Any], key: str, grant: Grant, default: Effect) -> None:
    """Write one grant, unless it is what holds anyway; what is inherited is not written."""
    if len(grant) == 1:
        effect = grant[0].effect
        if effect not in (Effect.INHERIT, default):
            written[key] = str(effect)
        return
    rules: dict[str, str] = {}
    for pattern, effect in grant:
        rules.pop(pattern, None)  # a map keeps a key's first place, and the last match decides
        if effect is not Effect.INHERIT:
            rules[pattern] = str(effect)
    if rules:
        written[key] = rules


def _rules(keys: Mapping[str, Any]) -> Iterator[_Rule]:
    """Yield the file's own rules in the client's order: `tools` booleans first, then permissions.

    A key given in both keeps its first place and takes the permission's value.
    """
    merged: dict[str, Any] = {}
    tools = keys.get("tools")
    for tool, on in tools.items() if isinstance(tools, dict) else ():
        name = "edit" if tool in ("write", "edit", "patch") else tool
        merged[name] = "allow" if on is True else "deny"
    permission = keys.get("permission")
    merged |= permission if isinstance(permission, dict) else {}
    if permission in _EFFECTS:
        merged["*"] = permission
    for key, value in merged.items():
        rules = value if isinstance(value, dict) else {"*": value}
        numeric = sorted((p for p in rules if p.isdigit()), key=int)
        for pattern in (*numeric, *(p for p in rules if not p.isdigit())):
            if rules[pattern] in _EFFECTS:
                yield _Rule(key, pattern, Effect(rules[pattern]))


def _effective(own: tuple[_Rule, ...], mode: Mode) -> Policy:
    grants: dict[str, Grant] = {c: _grant(KEYS[c], own, mode) for c in CAPABILITIES}
    for key in dict.fromkeys(rule.permission for rule in own):
        match = _MCP_KEY.fullmatch(key)
        if match and key not in _OWN_KEYS:
            server, tool = match.groups()
            capability = f"mcp:{server}" if tool == "*" else f"mcp:{server}/{tool}"
            grants[capability] = _grant(f"{server}_{'other' if tool == '*' else tool}", own, mode)
    unnamed = _grant("unnamed-server_unnamed-tool", own, mode)
    return Policy(unnamed[-1].effect, grants)


def _grant(permission: str, own: tuple[_Rule, ...], mode: Mode) -> Grant:
    """Return the rules that decide about one permission, from the last that matches all."""
    named = any(rule.permission == permission for rule in own)
    if mode == "subagent" and permission in SPAWN_ONLY_NAMED and not named:
        return plain(Effect.DENY)
    grant: Grant = ()
    for rule in (*_DEFAULTS, *own):
        if matches(rule.permission, permission):
            added = Rule(rule.pattern, rule.effect)
            grant = (added,) if rule.pattern == "*" else (*grant, added)
    return grant


def _doubled(head: str) -> bool:
    return any(found.code == "PP003" for found in frontmatter.parsed(head).findings)


def _valid_permission(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    for key, rules in value.items():
        if isinstance(rules, dict):
            if key in PLAIN or not rules or any(e not in _EFFECTS for e in rules.values()):
                return False
        elif rules not in _EFFECTS:
            return False
    return True


OPENCODE = Target(
    name=NAME,
    title="OpenCode",
    path=".opencode/agents/{name}.md",
    encode=encode,
    decode=decode,
    problems=problems,
    verified="debug agent (prompt, model, mode, tools, ordered rules); opencode-ai 1.18.33",
    reasons={
        "read": "OpenCode asks before it reads .env files; that guard is kept",
        "edit": "OpenCode has one switch for edit, write and patch: the strictest of them holds",
        "write": "OpenCode has one switch for edit, write and patch: the strictest of them holds",
        "patch": "OpenCode has one switch for edit, write and patch: the strictest of them holds",
        "narrowed": "OpenCode denies all it is not told, so nothing is left to inherit",
        "patterns": "OpenCode takes no patterns here: the strictest of them holds",
    },
)
