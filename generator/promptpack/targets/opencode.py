"""OpenCode: `.opencode/agents/<name>.md`. The one client here that enforces asking and patterns.

Measured on opencode-ai 1.18.33: rules are ordered and the last match wins; `read: allow` would
cancel the built-in question before `.env` files, so that guard is written out; one invalid value
breaks the whole client, so `find_problems` is as strict as the client's own schema.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, cast

from promptpack.model import (
    FILE_CHANGES,
    Agent,
    Capability,
    Effect,
    Grant,
    Mode,
    PatternRule,
    Policy,
)
from promptpack.policy.lattice import grant_of, intersect_grants, list_effects
from promptpack.policy.patterns import matches_pattern
from promptpack.source import frontmatter
from promptpack.targets.codec import (
    as_effort,
    as_number,
    find_wrong_value,
    join_front_matter,
    make_agent,
)
from promptpack.targets.extras import find_wrong_extras, read_extra
from promptpack.targets.opencode_file import read_file
from promptpack.targets.opencode_keys import (
    EFFECTS,
    EFFORTS,
    EXTRAS,
    FORMS,
    KEY_CHECKS,
    LOADED_VALUES,
    MODES,
    PLAIN,
)
from promptpack.targets.opencode_mcp import find_clashes, list_written_names, make_key, read_names
from promptpack.targets.opencode_patterns import (
    read_rules,
    sort_keys,
    starts_at_home,
    write_rules,
)
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import ClientCheck, OwnGuard, Reasons, Target

NAME = "opencode"

KEYS: Mapping[Capability, str] = {
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

SPAWN_ONLY_NAMED = frozenset({"todowrite", "task"})
ENV_GUARD = (
    PatternRule("*.env", Effect.ASK),
    PatternRule("*.env.*", Effect.ASK),
    PatternRule("*.env.example", Effect.ALLOW),
)
GUARDS = {"external_directory": "ask", "doom_loop": "ask"}
OWN_KEYS = (*GUARDS, "plan_enter", "plan_exit", "apply_patch", "workflow_tool_approval")
"""OpenCode's own permissions and tools that look like a tool of an MCP server."""


class PermissionRule(NamedTuple):
    """One rule of the client: of those that match, the last one decides."""

    permission: str
    pattern: str
    effect: Effect


DEFAULTS = (
    PermissionRule("*", "*", Effect.ALLOW),
    PermissionRule("doom_loop", "*", Effect.ASK),
    PermissionRule("external_directory", "*", Effect.ASK),
    PermissionRule("question", "*", Effect.DENY),
    PermissionRule("read", "*", Effect.ALLOW),
    *(PermissionRule("read", pattern, effect) for pattern, effect in ENV_GUARD),
)
"""What holds where a file says nothing."""


def start_head(agent: Agent, client: str) -> dict[str, Any]:
    """Return the keys that a head begins with: the name if it is not the file's, to the model."""
    head: dict[str, Any] = {"name": agent.name} if agent.name != agent.stem else {}
    head |= {"description": agent.description, "mode": agent.mode}
    if model := agent.model.ids.get(client):
        head["model"] = model
    return head


def encode(agent: Agent) -> str:
    """Return the agent file: a head of the keys that say something, and the prompt."""
    front_matter = start_head(agent, NAME)
    if agent.effort and "model" in front_matter:
        front_matter["variant"] = agent.effort
    if agent.temperature is not None:
        front_matter["temperature"] = agent.temperature
    if permission := make_permission(agent.policy, agent.mode):
        front_matter["permission"] = permission
    return join_front_matter(front_matter, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that OpenCode makes of a file; without a readable head, all is prompt.

    An agent that is switched off is denied everything.
    """
    keys, body = read_file(text) or ({}, text)
    mode = cast("Mode", keys.get("mode")) if keys.get("mode") in MODES else "all"
    is_off = keys.get("disable") is True
    return make_agent(
        NAME,
        keys,
        stem,
        body.strip(),
        Policy(Effect.DENY) if is_off else _make_effective_policy(tuple(iter_rules(keys)), mode),
        mode=mode,
        temperature=as_number(keys.get("temperature")),
        effort=as_effort(keys.get("variant"), EFFORTS) if keys.get("model") else None,
        extra=read_extra(keys, EXTRAS),
    )


def find_problems(text: str, own_keys: Iterable[str] = OWN_KEYS) -> list[Problem]:
    """Return why OpenCode would refuse a file, or take something else from it than it says.

    `own_keys` are the client's own permissions that look like a tool of an MCP server.
    """
    front_matter, body, _ = frontmatter.split_front_matter(text)
    if front_matter is None:
        return list_unknown(["the file does not start with front matter"])
    document = frontmatter.parse_front_matter(front_matter)
    if not document.is_strict or not isinstance(document.data, dict):
        return list_unknown(["the front matter is not a YAML mapping"])
    known_keys = {*KEY_CHECKS, *EXTRAS}
    problems = list_unknown(
        f"unknown key '{key}'" for key in document.data if key not in known_keys
    )
    problems += list_unknown(find_wrong_extras(document.data, EXTRAS))
    for key, value in document.data.items():
        if key in KEY_CHECKS and not KEY_CHECKS[key](value):
            problems += list_misread([f"'{key}' can't be {value!r}" + FORMS.get(key, "")], key)
    permission = document.data.get("permission")
    for key, rules in permission.items() if isinstance(permission, dict) else ():
        problems += list_misread(_find_matched_keys(key, own_keys), "permission")
        if isinstance(rules, dict):
            problems += list_misread(_find_misread_patterns(rules), "permission")
    return problems if body.strip() else [*problems, *list_unknown(["the prompt is empty"])]


def find_refusal(text: str) -> str:
    """Return why OpenCode would refuse a file or pass over it, or nothing.

    It takes any file without front matter, and any key that it doesn't know. One wrong value
    refuses every agent of the folder.
    """
    parts = read_file(text)
    if parts is None:
        return "the front matter is not YAML, even with its values quoted"
    return find_wrong_value(parts[0], LOADED_VALUES)


def find_refusals(agent: Agent, own_keys: Collection[str] = OWN_KEYS) -> Iterator[str]:
    """Yield which MCP names OpenCode would take for something of its own, or for other servers."""
    for name in agent.policy.list_mcp_names():
        if make_key(name) in own_keys:
            yield f"'{name}' can't be written: '{make_key(name)}' is OpenCode's own"
    yield from find_clashes(agent.policy)


def _find_matched_keys(key: str, own_keys: Iterable[str]) -> Iterator[str]:
    """Yield why a server's name would open up something of OpenCode's own."""
    for own_key in own_keys if key.endswith("_*") else ():
        if matches_pattern(key, own_key):
            yield f"an MCP server can't be named '{key[:-2]}': OpenCode already has '{own_key}'"


def _find_misread_patterns(rules: Mapping[str, object]) -> Iterator[str]:
    """Yield which patterns OpenCode would take for others, or would apply in another order."""
    for pattern in filter(starts_at_home, rules):
        yield (
            f"the pattern '{pattern}' can't be written: OpenCode puts the home folder in place of "
            "a '~' or '$HOME' at its start"
        )
    if sort_keys(rules) != list(rules):
        pattern = sort_keys(rules)[0]
        yield (
            f"the pattern '{pattern}' can't be written: OpenCode moves a whole number to the "
            "front, before the patterns that it should follow"
        )


def make_permission(policy: Policy, mode: Mode) -> dict[str, Any]:
    """Return the permission map: general first, since the last match decides.

    To name a permission of `SPAWN_ONLY_NAMED` is to give it to a subagent, so what its patterns do
    not match is denied there in so many words.
    """
    permission: dict[str, Any] = {}
    if policy.default is Effect.DENY:
        permission["*"] = "deny"
    for key in dict.fromkeys(KEYS.values()):
        grant = intersect_grants(policy.grant(c) for c in KEYS if KEYS[c] == key)
        if key in PLAIN:
            grant = grant_of(min(list_effects(grant), key=list(Effect).index))
        if key == "read" and grant[0].effect is Effect.ALLOW:
            grant = (grant[0], *ENV_GUARD, *grant[1:])
        if key in SPAWN_ONLY_NAMED and mode == "subagent" and len(grant) > 1:
            grant = tuple(
                rule._replace(effect=Effect.DENY) if rule.effect is Effect.INHERIT else rule
                for rule in grant
            )
        _write_grant(permission, key, write_rules(grant), policy.default)
    server_names = list_written_names(policy)
    for name in server_names:
        _write_grant(permission, make_key(name), policy.grant(name), Effect.INHERIT)
    if "*" in permission or server_names:
        permission |= GUARDS
    return permission


def _write_grant(permission: dict[str, Any], key: str, grant: Grant, default: Effect) -> None:
    """Write one grant, unless it is what holds anyway; what is inherited is not written."""
    if len(grant) == 1:
        effect = grant[0].effect
        if effect not in (Effect.INHERIT, default):
            permission[key] = str(effect)
        return
    rules: dict[str, str] = {}
    for pattern, effect in grant:
        rules.pop(pattern, None)  # a map keeps a key's first place, and the last match decides
        if effect is not Effect.INHERIT:
            rules[pattern] = str(effect)
    if rules:
        permission[key] = rules


def iter_rules(keys: Mapping[str, Any]) -> Iterator[PermissionRule]:
    """Yield the file's own rules in the client's order: `tools` booleans first, then permissions.

    A key given in both keeps its first place and takes the permission's value.
    """
    merged: dict[str, Any] = {}
    tools = keys.get("tools")
    for tool, is_on in tools.items() if isinstance(tools, dict) else ():
        name = "edit" if tool in ("write", "edit", "patch") else tool
        merged[name] = "allow" if is_on is True else "deny"
    permission = keys.get("permission")
    merged |= permission if isinstance(permission, dict) else {}
    if permission in EFFECTS:
        merged["*"] = permission
    for key in sort_keys(merged):
        rules = merged[key] if isinstance(merged[key], dict) else {"*": merged[key]}
        for pattern in sort_keys(rules):
            if rules[pattern] in EFFECTS:
                yield PermissionRule(key, pattern, Effect(rules[pattern]))


@lru_cache(maxsize=64)
def _make_effective_policy(own_rules: tuple[PermissionRule, ...], mode: Mode) -> Policy:
    grants: dict[str, Grant] = {c: _make_grant(key, own_rules, mode) for c, key in KEYS.items()}
    keys = dict.fromkeys(rule.permission for rule in own_rules if rule.permission not in OWN_KEYS)
    for key, name in read_names(keys).items():
        grants[name] = _make_grant(key.replace("*", "other"), own_rules, mode)
    unnamed_grant = _make_grant("unnamed-server_unnamed-tool", own_rules, mode)
    return Policy(unnamed_grant[-1].effect, grants)


def _make_grant(permission: str, own_rules: tuple[PermissionRule, ...], mode: Mode) -> Grant:
    """Return what a file grants of one permission, with what the client does by itself."""
    is_named = any(rule.permission == permission for rule in own_rules)
    if mode == "subagent" and permission in SPAWN_ONLY_NAMED and not is_named:
        return grant_of(Effect.DENY)
    return decide_grant(permission, (*DEFAULTS, *own_rules))


def decide_grant(permission: str, rules: Iterable[PermissionRule]) -> Grant:
    """Return what the rules grant of one permission, from the last that matches all of it."""
    grant: Grant = ()
    for rule in rules:
        if matches_pattern(rule.permission.replace("\\", "/"), permission):
            pattern_rule = PatternRule(rule.pattern, rule.effect)
            grant = (pattern_rule,) if rule.pattern == "*" else (*grant, pattern_rule)
    return read_rules(grant)


def _is_opaque(key: str) -> bool:
    """Tell whether a permission is no capability of ours: one of the client's own, or unknown."""
    root, _, permission = key.partition(".")
    if root != "permission" or permission in ("", "*", *KEYS.values()):
        return False
    return "_" not in permission or any(matches_pattern(permission, own) for own in OWN_KEYS)


OPENCODE = Target(
    name=NAME,
    title="OpenCode",
    synonyms=("open code", "sst"),
    path=".opencode/agents/{name}.md",
    user_path=".config/opencode/agents/{name}.md",
    signs=(".opencode", "opencode.json", "opencode.jsonc"),
    program="opencode",
    places=(
        *(".opencode/agents/{path}.md", ".opencode/agent/{path}.md"),
        *(".opencode/modes/{name}.md", ".opencode/mode/{name}.md"),
    ),
    nests_names=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    is_fillable=True,
    check=ClientCheck(
        "client",
        "debug agent (prompt, model, mode, tools, ordered rules)",
        "opencode-ai 1.18.33",
        "2026-11-26",
    ),
    provides=frozenset(KEYS),
    keys=frozenset(KEY_CHECKS),
    policy_keys=frozenset({"tools", "permission", "disable"}),
    harmless_keys=frozenset({"variant"}),
    extras=EXTRAS,
    refused_extras={
        "options": "it is sent to the model's provider as it is",
        "prompt": "the prompt is composed from the sections",
    },
    is_opaque=_is_opaque,
    field_keys={"effort": ("variant",)},
    own_agents=frozenset({"build", "compaction", "explore", "general", "plan", "summary", "title"}),
    tool_names={
        key: tuple(capability for capability in KEYS if KEYS[capability] == key)
        for key in KEYS.values()
    },
    refuse=find_refusals,
    own_guards={"read": OwnGuard(ENV_GUARD, "OpenCode asks before it reads .env files")},
    reasons=Reasons(
        capabilities={
            **dict.fromkeys(
                FILE_CHANGES,
                "OpenCode has one switch for edit, write and patch: the strictest value applies",
            ),
        },
        patterns="OpenCode has no patterns for this: the strictest value applies",
        fields={
            "effort": "OpenCode applies it to the file's own model, if that has such a variant; "
            "'low', 'medium' and 'high' are usual"
        },
        kinds={
            "narrowed": "OpenCode denies everything the file does not list, so nothing is inherited"
        },
    ),
)
