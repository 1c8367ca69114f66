"""OpenAI Codex: `.codex/agents/<name>.toml`. Enforces the shell switch, and nothing else.

Measured on @openai/codex 0.171.0: a spawned agent has its parent's sandbox whatever `sandbox_mode`
says, and `web_search` is ignored; `features.shell_tool = false` does take the shell away, and with
it all reading. An unknown key or a missing field drops the file. What can't be held is told in the
prompt.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from promptpack.model import FILE_CHANGES, Agent, Capability, Effect, Grant, Policy
from promptpack.patterns import compile_late
from promptpack.targets.codec import (
    as_effort,
    as_text,
    end_line,
    find_wrong_value,
    grants_fully,
    make_agent,
    make_switch_grant,
    read_toml,
)
from promptpack.targets.extras import (
    Extra,
    find_wrong_extras,
    is_line_list,
    make_choice,
    read_extra,
)
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import ClientCheck, Reasons, Target

NAME = "codex"

THROUGH_SHELL: tuple[Capability, ...] = ("read", "list", "glob", "grep", "execute")
"""What goes with the shell."""

UNSWITCHED: tuple[Capability, ...] = (*FILE_CHANGES, "web_search", "todo", "task", "skill")
"""What no file takes from a spawned agent."""

ABSENT: frozenset[Capability] = frozenset({"web_fetch", "question"})
_REQUIRED = ("name", "description", "developer_instructions")
_KEYS: Mapping[str, type] = {
    "name": str,
    "description": str,
    "model": str,
    "model_reasoning_effort": str,
    "sandbox_mode": str,
    "developer_instructions": str,
    "features": dict,
}
_NICKNAME = compile_late(r"[A-Za-z0-9 _-]*[A-Za-z0-9_-][A-Za-z0-9 _-]*")
_EXTRAS: Mapping[str, Extra] = {
    "nickname_candidates": Extra(
        "a list of different names of ASCII letters, digits, spaces, - and _",
        lambda v: is_line_list(v) and all(map(_NICKNAME.fullmatch, v)),
        "names that a spawned agent may be shown by",
    ),
    "model_reasoning_summary": make_choice(
        "says how the model sums its reasoning up", *("auto", "concise", "detailed", "none")
    ),
    "model_verbosity": make_choice("says how much the model writes", *("low", "medium", "high")),
}

_LOADED_VALUES: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_REQUIRED, lambda v: isinstance(v, str) and v.strip() != ""),
    **dict.fromkeys(("model", "model_provider", "review_model"), lambda v: isinstance(v, str)),
    "model_reasoning_effort": lambda v: isinstance(v, str) and v != "",
    **{key: extra.accepts for key, extra in _EXTRAS.items()},
    "sandbox_mode": lambda v: v in ("read-only", "workspace-write", "danger-full-access"),
    "web_search": lambda v: isinstance(v, (str, dict)),
    **dict.fromkeys(("mcp_servers", "tools"), lambda v: isinstance(v, dict)),
    "features": lambda v: (
        isinstance(v, dict) and all(isinstance(one, (bool, dict)) for one in v.values())
    ),
}
"""The keys of which it is known what values they take, and whether a value is one of these."""

OTHER_KEYS = frozenset(
    (
        *("agents", "allow_login_shell", "allow_symlinked_codex_home", "analytics"),
        *("approval_policy", "approvals_reviewer", "apps", "apps_mcp_product_sku", "audio"),
        *("auto_review", "background_terminal_max_timeout", "browser_use", "chatgpt_base_url"),
        *("check_for_update_on_startup", "cli_auth_credentials_store", "cloud", "code_mode"),
        *("compact_prompt", "computer_use", "default_permissions", "desktop"),
        *("disable_paste_burst", "experimental_compact_prompt_file"),
        *("experimental_realtime_start_instructions", "experimental_realtime_webrtc_call_base_url"),
        *("experimental_realtime_ws_backend_prompt", "experimental_realtime_ws_base_url"),
        *("experimental_realtime_ws_model", "experimental_realtime_ws_startup_context"),
        *("experimental_thread_store", "experimental_thread_store_endpoint"),
        *("experimental_use_unified_exec_tool", "feedback", "file_opener"),
        *("forced_chatgpt_workspace_id", "forced_login_method", "ghost_snapshot", "goals"),
        *("hide_agent_reasoning", "history", "hooks", "include_apps_instructions"),
        *("include_collaboration_mode_instructions", "include_environment_context"),
        *("include_permissions_instructions", "instructions", "js_repl_node_module_dirs"),
        *("js_repl_node_path", "log_dir", "marketplaces", "mcp_enterprise_managed_auth"),
        *("mcp_oauth_callback_port", "mcp_oauth_callback_url", "mcp_oauth_credentials_store"),
        *("mcp_optional_startup_grace_ms", "memories", "model_auto_compact_token_limit"),
        *("model_auto_compact_token_limit_scope", "model_catalog_json", "model_context_window"),
        *("model_instructions_file", "model_post_turn_compact_threshold_percent"),
        *("model_providers", "notice", "notify", "openai_base_url", "orchestrator", "oss_provider"),
        *("otel", "permissions", "personality", "plan_mode_reasoning_effort", "plugins", "profile"),
        *("profiles", "project_doc_fallback_filenames", "project_doc_max_bytes"),
        *("project_root_markers", "projects", "realtime", "responses", "responses_api_metadata"),
        *("rollout_trace", "sandbox_workspace_write", "service_tier", "shell_environment_policy"),
        *("show_raw_agent_reasoning", "skills", "sqlite_home"),
        *("suppress_unstable_features_warning", "thread_unload_delay_secs"),
        *("tool_output_token_limit", "tool_suggest", "tui", "windows"),
    )
)
"""The keys of the client's own settings, which an agent file may hold too."""


def encode(agent: Agent) -> str:
    """Return the TOML file; the prompt is a literal block unless it holds the block's own end."""
    lines = [
        f"name = {quote_string(agent.name)}",
        f"description = {quote_string(agent.description)}",
    ]
    if model := agent.model.ids.get(NAME):
        lines.append(f"model = {quote_string(model)}")
    if agent.effort:
        lines.append(f"model_reasoning_effort = {quote_string(agent.effort)}")
    if not any(grants_fully(agent, c) for c in FILE_CHANGES):
        lines.append('sandbox_mode = "read-only"')
    lines.append(f"developer_instructions = {quote_block(agent.prompt)}")
    lines += (f"{key} = {quote_string(value)}" for key, value in agent.extra.items())
    if not (grants_fully(agent, "execute") or "execute" in agent.accepted):
        lines += ["", "[features]", "shell_tool = false"]
    return "\n".join(lines) + "\n"


def decode(text: str, stem: str) -> Agent:
    """Return the agent that Codex makes of a file: without its shell it can't read either."""
    try:
        keys = read_toml(text)
    except ValueError:
        keys = {}
    return make_agent(
        NAME,
        keys,
        stem,
        as_text(keys.get("developer_instructions")).removesuffix("\n"),
        _make_effective_policy(has_shell=_has_shell(keys)),
        effort=as_effort(keys.get("model_reasoning_effort")),
        extra=read_extra(keys, _EXTRAS),
    )


def find_problems(text: str) -> list[Problem]:
    """Return why Codex would drop a file."""
    try:
        keys = read_toml(text)
    except ValueError as error:
        return list_misread([f"not valid TOML: {error}"])
    unknown_keys = (key for key in keys if key not in {*_KEYS, *_EXTRAS})
    return [
        *list_unknown(f"unknown key '{key}'" for key in unknown_keys),
        *list_unknown(find_wrong_extras(keys, _EXTRAS)),
        *list_misread(
            f"'{key}' can't be {keys[key]!r}"
            for key, expected_type in _KEYS.items()
            if key in keys and not isinstance(keys[key], expected_type)
        ),
        *list_misread(
            f"'{required_key}' is missing"
            for required_key in _REQUIRED
            if not as_text(keys.get(required_key)).strip()
        ),
    ]


def find_refusal(text: str) -> str:
    """Return why Codex would drop a file, or nothing; it takes any key of its own settings."""
    try:
        keys = read_toml(text)
    except ValueError as error:
        return f"not valid TOML: {error}"
    for key in keys:
        if key not in _LOADED_VALUES and key not in OTHER_KEYS:
            return f"unknown key '{key}'"
    for key in _REQUIRED:
        if key not in keys:
            return f"'{key}' is missing"
    return find_wrong_value(keys, _LOADED_VALUES)


def _has_shell(keys: Mapping[str, Any]) -> bool:
    features = keys.get("features")
    return not (isinstance(features, dict) and features.get("shell_tool") is False)


@lru_cache(maxsize=2)
def _make_effective_policy(*, has_shell: bool) -> Policy:
    grants: dict[str, Grant] = {
        **{c: make_switch_grant(True) for c in UNSWITCHED},
        **{c: make_switch_grant(has_shell) for c in THROUGH_SHELL},
        **{c: make_switch_grant(False) for c in ABSENT},
    }
    return Policy(Effect.ALLOW, grants)


def quote_string(text: str | list[str]) -> str:
    """Return a text, or a list of texts, as TOML."""
    return json.dumps(text, ensure_ascii=False)


def quote_block(prompt: str) -> str:
    """Return a prompt as TOML: a literal block unless it holds the block's own end."""
    prompt = end_line(prompt)
    if "'''" not in prompt:
        return f"'''\n{prompt}'''"
    escaped_prompt = prompt.replace("\\", "\\\\").replace('"""', '""\\"')
    return f'"""\n{escaped_prompt}"""'


CODEX = Target(
    name=NAME,
    title="OpenAI Codex",
    synonyms=("openai", "chatgpt", "codex cli"),
    path=".codex/agents/{name}.toml",
    user_path=".codex/agents/{name}.toml",
    signs=(".codex",),
    program="codex",
    places=(".codex/agents/{path}.toml",),
    encode=encode,
    decode=decode,
    problems=find_problems,
    loads=find_refusal,
    is_fillable=True,
    check=ClientCheck(
        "client",
        "the request of a spawned agent (prompt, model, shell)",
        "codex 0.171.0",
        "2026-11-26",
    ),
    provides=frozenset((*THROUGH_SHELL, *UNSWITCHED)),
    absent=ABSENT,
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    policy_keys=frozenset({"features"}),
    harmless_keys=frozenset({"developer_instructions", "model_reasoning_effort"}),
    extras=_EXTRAS,
    prompt_key="developer_instructions",
    field_keys={
        "effort": ("model_reasoning_effort",),
        "policy": ("features", "sandbox_mode"),
    },
    kept_grants=dict.fromkeys(("hooks", "notify", "profile", "profiles"), ("execute",)),
    refused_extras={
        "hooks": "a hook runs commands, whatever the policy says",
        "notify": "it runs a command, whatever the policy says",
        **dict.fromkeys(("profile", "profiles"), "a profile can turn the shell on again"),
        "mcp_servers": "the client starts a server that an agent brings; add it to the settings",
        "web_search": "a spawned agent has its parent's search, whatever its file says",
    },
    idle_keys={
        "sandbox_mode": "a spawned agent runs in its parent's sandbox",
        "default_permissions": "a spawned agent has its parent's permissions",
    },
    read_by=("cursor",),
    own_agents=frozenset({"default", "explorer", "worker"}),
    reasons=Reasons(
        losses={
            **{
                (c, "narrowed"): "Codex reads files through its shell; without it, it can't"
                for c in THROUGH_SHELL
            },
            (
                "execute",
                "narrowed",
            ): "Codex can only turn the shell on or off, without asking or patterns",
        },
        capabilities={
            "web_fetch": "Codex has no tool to fetch web pages",
            "question": "Codex gives a spawned agent no tool to ask questions",
            "execute": "the shell stays on; a spawned agent runs in its parent's sandbox",
        },
        kinds={"advisory": "Codex can't enforce this for a single agent; the prompt states it"},
        fields={"mode": "Codex runs every agent file as a subagent"},
        any_field="Codex has no {field} for an agent",
    ),
)
