"""What each client makes of a file, form by form; and what it would refuse.

The forms are those found in the wild and measured on the clients; the texts are synthetic.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from promptpack.build import build_project
from promptpack.diff.compare import compare_sides
from promptpack.model import OTHER_MCP, Agent, Effect, Model, PatternRule, Policy, UserError
from promptpack.policy.lattice import describe_grant
from promptpack.reading.project import load_project
from promptpack.rendering.variants import Selection
from promptpack.source.client_yaml import LimitError, read_client_yaml
from promptpack.source.strict_yaml import DEPTH_LIMIT
from promptpack.targets import TARGETS
from promptpack.targets.emit import encode_and_check
from review_cases import side
from support import DEMO, REPRESENTATIVES, write_files
from test_docs import ROOT


@pytest.mark.fault(44)
@pytest.mark.parametrize(
    ("target", "head", "expected"),
    [
        ("opencode", "description: a", {"edit": "allow", "question": "deny", "task": "allow"}),
        ("opencode", "mode: subagent", {"task": "deny", OTHER_MCP: "allow"}),
        ("opencode", "mode: subagent\npermission: {task: allow}", {"task": "allow"}),
        ("opencode", 'permission: {"*": deny, edit: ask}', {"edit": "ask", "execute": "deny"}),
        ("opencode", 'permission: {edit: ask, "*": deny}', {"edit": "deny"}),
        ("opencode", "permission: deny", {"read": "deny", OTHER_MCP: "deny"}),
        ("opencode", "tools: {edit: false, write: true}", {"edit": "allow", "write": "allow"}),
        ("opencode", "tools: {write: true, edit: false}", {"edit": "deny", "write": "deny"}),
        ("opencode", "tools: {bash: false}", {"execute": "deny", "task": "allow", "edit": "allow"}),
        (
            "opencode",
            'tools: {bash: true}\npermission: {"*": deny, bash: allow}',
            {"execute": "deny"},
        ),
        ("opencode", 'permission: {bash: {"2": allow, "*": deny}}', {"execute": "deny"}),
        ("opencode", "permission: {srv_*: deny, srv_a: ask}", {"mcp:srv/a": "ask"}),
        (
            "opencode",
            'permission: {"*": deny, my_srv_*: ask, my_srv_a_b: allow}',
            {"mcp:my_srv": "ask", "mcp:my_srv/a_b": "allow", "mcp:my": "deny"},
        ),
        ("opencode", "permission: {read: allow}", {"read": "allow"}),
        ("opencode", "disable: true\npermission: allow", {"read": "deny", OTHER_MCP: "deny"}),
        ("opencode", "x: &a {edit: deny}\npermission: {<<: *a, read: ask}", {"edit": "deny"}),
        ("opencode", "permission: {edit: ask, <<: {edit: deny}}", {"edit": "ask"}),
        ("opencode", "permission: {<<: {edit: deny}, <<: {question: ask}}", {"question": "ask"}),
        ("opencode", "permission: {<<: deny, edit: deny}", {"edit": "allow"}),
        ("opencode", "permission: {'<<': {edit: deny}, '<<': {edit: deny}}", {"edit": "allow"}),
        ("opencode", 'permission: {"9": allow, "*": deny}', {"read": "deny"}),
        ("opencode", "permission: {edit: deny}\npermission: {}", {"edit": "allow"}),
        ("opencode", "description: a: b\npermission: deny", {"edit": "deny"}),
        ("claude-code", "name: a", {"edit": "allow", "question": "deny", OTHER_MCP: "allow"}),
        ("claude-code", "tools: Read, Edit", {"edit": "allow", "write": "deny", "execute": "deny"}),
        ("claude-code", "tools: [Read, 'Bash(git *)']", {"execute": "allow", "read": "allow"}),
        ("claude-code", "tools: read", {"read": "deny", "edit": "deny", OTHER_MCP: "deny"}),
        ("claude-code", "tools:", {"read": "deny", "edit": "deny"}),
        ("claude-code", "tools: []", {"read": "deny"}),
        ("claude-code", "tool: Read", {"edit": "allow", "execute": "allow"}),
        ("claude-code", "tools: '*'", {"edit": "allow"}),
        ("claude-code", "tools: {Read: true}", {"read": "deny"}),
        ("claude-code", "tools: Read, *", {"execute": "allow", OTHER_MCP: "allow"}),
        ("claude-code", "tools: ['*', Read]", {"edit": "allow", OTHER_MCP: "allow"}),
        ("claude-code", "tools: Read *", {"edit": "allow"}),
        ("claude-code", "tools: Read(*), *(x), **", {"read": "allow", "edit": "deny"}),
        ("claude-code", "tools: Read, *\ndisallowedTools: Write", {"write": "deny"}),
        ("claude-code", "tools: PowerShell", {"execute": "allow", "read": "deny"}),
        ("claude-code", "tools: Monitor", {"execute": "allow"}),
        ("claude-code", "disallowedTools: Bash, Monitor", {"execute": "allow"}),
        (
            "claude-code",
            "disallowedTools: Edit, Bash(x), PowerShell",
            {"edit": "allow", "execute": "deny"},
        ),
        ("claude-code", "disallowedTools: Edit, NotebookEdit", {"edit": "deny", "write": "allow"}),
        ("claude-code", "disallowedTools: '*'", {"edit": "allow"}),
        ("claude-code", "tools: Read\nmemory: project", {"edit": "allow", "write": "allow"}),
        ("claude-code", "tools: Task", {"task": "allow"}),
        ("claude-code", "name: a---b\ntools: Read", {"execute": "allow"}),
        ("claude-code", "tools: mcp__srv", {"mcp:srv/a": "allow", OTHER_MCP: "deny"}),
        ("claude-code", "tools: Read, mcp__*", {"mcp:srv/a": "deny", OTHER_MCP: "deny"}),
        (
            "claude-code",
            "tools: mcp__my_srv__a_b",
            {"mcp:my_srv/a_b": "allow", "mcp:my_srv": "deny"},
        ),
        ("claude-code", "disallowedTools: mcp__*", {"mcp:srv/a": "deny", "edit": "allow"}),
        ("copilot", "description: a", {"edit": "allow", OTHER_MCP: "allow"}),
        ("copilot", "tools: ['*']", {"edit": "allow"}),
        ("copilot", "tools: []", {"edit": "deny", "read": "deny", "skill": "allow"}),
        ("copilot", "toolz: [read]", {"edit": "allow"}),
        ("copilot", "tools: read, edit", {"edit": "allow", "write": "allow", "execute": "deny"}),
        ("copilot", "tools: [Bash, srv/a]", {"execute": "allow", "mcp:srv/a": "allow"}),
        ("copilot", "tools: [my_srv/a_b]", {"mcp:my_srv/a_b": "allow", "mcp:my/srv_a_b": "deny"}),
        ("copilot", "tools: a-b-c", {"mcp:a/b-c": "allow", "mcp:a-b/c": "allow"}),
        ("copilot", "tools: Read\ndisallowedTools: Read", {"read": "allow"}),
        ("copilot", "tools: Edit", {"write": "allow", "execute": "deny"}),
        ("copilot", "tools: mcp__srv, mcp__srv__execute", {"mcp:srv": "deny", "execute": "deny"}),
        ("cursor", "name: a", {"edit": "allow", "execute": "allow"}),
        ("cursor", "readonly: true", {"edit": "deny", "web_fetch": "allow"}),
        ("gemini", "name: a", {"edit": "allow", "task": "deny"}),
        ("gemini", "tools: []", {"edit": "deny", "read": "deny"}),
        ("gemini", "tools: [read_file, mcp_srv_a]", {"read": "allow", "mcp:srv/a": "allow"}),
        ("gemini", "tools: ['*']", {"execute": "allow"}),
        ("kilo", "description: a", {"execute": "allow", "question": "deny", "task": "allow"}),
        ("kilo", "mode: subagent", {"task": "allow", "todo": "allow", OTHER_MCP: "allow"}),
        ("kilo", "permission: {bash: deny}", {"execute": "allow"}),
        ("kilo", "permission: {bash: deny, notebook_execute: ask}", {"execute": "ask"}),
        ("kilo", "permission: {bash: deny, notebook_execute: deny}", {"execute": "deny"}),
        (
            "kilo",
            "permission: {edit: deny, notebook_edit: deny}",
            {"edit": "deny", "write": "deny"},
        ),
        ("kilo", "permission: {read: {'*': ask}}", {"read": "ask"}),
        ("kilo", "permission: {read: deny}", {"read": "allow"}),
        ("kilo", 'permission: {"*": deny, bash: ask}', {"execute": "ask", "edit": "deny"}),
        ("kilo", "permission: deny", {"read": "deny", "task": "deny", OTHER_MCP: "deny"}),
        ("kilo", "disable: true", {"read": "deny"}),
        ("qwen", "name: a", {"edit": "allow", "question": "deny", OTHER_MCP: "allow"}),
        ("qwen", "", {"edit": "allow"}),
        ("qwen", "# a: b", {"edit": "allow"}),
        ("qwen", "tools: []", {"edit": "allow", "execute": "allow", OTHER_MCP: "allow"}),
        ("qwen", "tools: [5]", {"edit": "allow"}),
        ("qwen", "tools: {read_file: true}", {"edit": "allow"}),
        ("qwen", "tools: read_file, Shell", {"execute": "allow", "read": "allow", "edit": "deny"}),
        ("qwen", "tools: [read_file, '*']", {"edit": "allow"}),
        ("qwen", "tools: [exec]", {"edit": "allow"}),
        ("qwen", "tools: [monitor]", {"execute": "allow", "edit": "deny"}),
        ("qwen", "tools: [ask_user_question]", {"edit": "deny", "question": "deny"}),
        ("qwen", "tools: [Read, bash, replace]", {"read": "deny", "execute": "deny"}),
        ("qwen", "disallowedTools: run_shell_command", {"execute": "allow", "edit": "allow"}),
        ("qwen", "disallowedTools: [Shell, Monitor]", {"execute": "deny", "edit": "allow"}),
        ("qwen", "disallowedTools: ['*']", {"edit": "allow"}),
        ("qwen", "tools: [glob, edit]\ndisallowedTools: [Edit]", {"edit": "deny", "glob": "allow"}),
        ("qwen", "tools: [mcp__srv, mcp__srv__a]", {"mcp:srv": "deny", "mcp:srv/a": "allow"}),
        ("qwen", "disallowedTools: [mcp__srv]", {"mcp:srv/a": "deny", OTHER_MCP: "allow"}),
        ("qwen", "disallowedTools: [mcp__*]", {"mcp:srv/a": "deny", OTHER_MCP: "deny"}),
        ("qwen", "tools: [glob]\nexecutor: {kind: acp, command: x}", {"execute": "allow"}),
        ("qwen", "foo: a: b\ntools:\n  - glob", {"glob": "allow", "edit": "deny"}),
        ("qwen", "foo: a: b\ntools:\n- glob", {"edit": "allow"}),
        ("qwen", "foo: a: b\ntools: [glob]", {"glob": "deny", "edit": "deny"}),
        ("qwen", "foo: a: b\ntools: 0x5", {"edit": "allow"}),
        ("qwen", "tools: [glob]\ntools: [edit]", {"glob": "deny", "edit": "deny"}),
        ("cline", "name: a", {"edit": "allow", "task": "deny", OTHER_MCP: "deny"}),
        ("cline", "tools: []", {"edit": "deny", "read": "deny"}),
        ("cline", "tools: ''", {"edit": "deny", "read": "deny"}),
        ("cline", "tools: Read_File, bash", {"read": "allow", "execute": "allow", "edit": "deny"}),
        ("cline", "tools: [list_files]", {"execute": "allow", "list": "deny"}),
        ("cline", "tools: [apply_patch]", {"edit": "allow", "write": "allow", "patch": "allow"}),
        ("cline", "tools: [read_files]\nskills: []", {"skill": "allow", "execute": "deny"}),
        ("cline", "tools: {read_files: true}", {"execute": "allow"}),
        ("cline", "tools: [5]", {"execute": "allow"}),
        ("kiro", "description: a", {"edit": "allow", "todo": "allow", OTHER_MCP: "allow"}),
        ("kiro", "tools: [read]", {"grep": "allow", "edit": "deny", OTHER_MCP: "deny"}),
        ("kiro", "tools: [read, context, '@mcp']", {"edit": "deny", OTHER_MCP: "allow"}),
        ("kiro", "tools: [write]", {"patch": "allow", "read": "deny", "skill": "allow"}),
        ("kiro", "tools: [read, '@builtin']", {"execute": "allow", OTHER_MCP: "allow"}),
        ("kiro", "tools: []", {"execute": "allow"}),
        ("kiro", "tools: ['*']", {"execute": "allow", OTHER_MCP: "allow"}),
        ("kiro", "tools: [read, '@git']", {"edit": "allow", OTHER_MCP: "allow"}),
        ("kiro", "tools: read", {"edit": "allow"}),
        ("factory", "name: a", {"edit": "allow", "todo": "allow", OTHER_MCP: "allow"}),
        ("factory", "tools: [Read, LS]", {"read": "allow", "edit": "deny", OTHER_MCP: "allow"}),
        ("factory", "tools: [Edit]", {"edit": "allow", "write": "allow", "execute": "deny"}),
        ("factory", "tools: read-only", {"grep": "allow", "execute": "deny", "skill": "allow"}),
        ("factory", "tools: edit", {"patch": "allow", "read": "deny"}),
        ("factory", "tools: []", {"execute": "allow"}),
        ("factory", "tools: [read]", {"execute": "allow"}),
        ("factory", "tools: readonly", {"execute": "allow"}),
        ("factory", "tools: [Read, [Edit]]", {"edit": "allow"}),
        ("junie", "name: a", {"edit": "allow", "task": "allow", OTHER_MCP: "allow"}),
        ("junie", "tools: [Read, Edit]", {"patch": "allow", "write": "deny", OTHER_MCP: "deny"}),
        ("junie", "tools: [Read]", {"read": "allow", "execute": "deny", "skill": "allow"}),
        ("junie", "tools: []", {"execute": "allow", OTHER_MCP: "allow"}),
        ("junie", "tools: Read", {"execute": "allow"}),
        ("junie", "tools: [Read, Bash(git log)]", {"execute": "allow", OTHER_MCP: "allow"}),
        ("junie", "disallowedTools: [Bash]", {"execute": "deny", "edit": "allow"}),
        ("junie", "disallowedTools: Bash", {"execute": "allow"}),
        ("junie", "disallowedTools: [Bash(rm *)]", {"execute": "allow"}),
        (
            "junie",
            "tools: [Read, Edit]\ndisallowedTools: [Edit]",
            {"edit": "deny", "read": "allow"},
        ),
        ("junie", "tools: [Read]\nmcpServers: [git]", {"edit": "deny", OTHER_MCP: "allow"}),
        ("codex", "name = 'a'", {"edit": "allow", "execute": "allow"}),
        ("codex", "sandbox_mode = 'read-only'", {"edit": "allow"}),
        ("codex", "[features]\nshell_tool = false", {"execute": "deny", "read": "deny"}),
        ("codex", "not = toml = at all", {"execute": "allow"}),
        ("cursor-rule", "globs: **/*", {"edit": "allow", "execute": "allow"}),
        ("goose", "name: a\ntools: [Read]", {"edit": "allow", "task": "deny", OTHER_MCP: "allow"}),
        ("devin-rule", "globs: **/*\ntools: []", {"edit": "allow", "execute": "allow"}),
        ("skill", "allowed-tools: Read", {"edit": "allow"}),
        ("copilot-instructions", "applyTo: **\ntools: []", {"edit": "allow"}),
    ],
)
def test_the_effective_policy_of_a_file_in_the_wild(
    target: str, head: str, expected: dict[str, str]
) -> None:
    text = head if target == "codex" else f"---\n{head}\n---\n\nBody.\n"
    policy = TARGETS[target].decode(text, "asker").policy
    assert {name: describe_grant(policy.grant(name)) for name in expected} == expected


MODE = "slug: asker\n    name: A\n    roleDefinition: Ask."


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("groups: []", {"read": "deny", "execute": "deny", "task": "allow", OTHER_MCP: "deny"}),
        ("groups: [read]", {"grep": "allow", "list": "allow", "glob": "deny", "edit": "deny"}),
        ("groups: [read, [edit, {fileRegex: x}]]", {"edit": "allow", "patch": "allow"}),
        ("groups: [command, mcp]", {"execute": "allow", "read": "deny", OTHER_MCP: "allow"}),
        ("groups: [mcp]\n    allowedMcpServers: [a]", {"mcp:b": "allow"}),
        ("groups: [browser, modes]", {"web_fetch": "allow", "todo": "allow", "read": "deny"}),
        ("groups: [read, write]", {"execute": "allow", OTHER_MCP: "allow"}),
        ("groups: read", {"question": "allow", "execute": "allow"}),
        ("whenToUse: always", {"execute": "allow", "edit": "allow", OTHER_MCP: "allow"}),
    ],
)
def test_the_effective_policy_of_a_mode_in_the_wild(head: str, expected: dict[str, str]) -> None:
    other = "  - slug: other\n    name: O\n    roleDefinition: x\n    groups: []\n"
    text = f"customModes:\n{other}  - {MODE}\n    {head}\n"
    as_json = json.dumps(yaml.safe_load(text))
    for one in (text, as_json, f"\ufeff{text}", as_json.replace("Ask.", "Ask\\u2014“it”")):
        agent = TARGETS["roo"].decode(one, "asker")
        policy = {name: describe_grant(agent.policy.grant(name)) for name in expected}
        assert policy == expected
        assert (agent.name, agent.mode) == ("A", "all")


@pytest.mark.fault(44)
@pytest.mark.parametrize(
    "target",
    [
        "opencode",
        "claude-code",
        "copilot",
        "gemini",
        "qwen",
        "kilo",
        "factory",
        "cline",
        "kiro",
        "junie",
        "goose",
        "roo",
        "cursor",
    ],
)
@pytest.mark.parametrize(
    "text", ["", "---", "---\n---\n", "no head\n", "---\r\nname: a\r\n---\r\nB\r\n"]
)
def test_nothing_is_too_odd_to_be_read(target: str, text: str) -> None:
    agent = TARGETS[target].decode(text, "asker")
    assert agent.name in ("asker", "a")


def test_an_unquoted_colon_is_read_as_the_clients_do() -> None:
    agent = TARGETS["claude-code"].decode("---\nname: a\ndescription: say: this\n---\nB\n", "a")
    assert agent.description == "say: this"


BODY = "\n---\n\nBody.\n"


@pytest.mark.parametrize(
    ("target", "text", "problem"),
    [
        ("opencode", "---\ntemperature: hot" + BODY, "'temperature' can't be 'hot'"),
        ("opencode", "---\nmode: agent" + BODY, "'mode' can't be 'agent'"),
        ("opencode", "---\ncolor: red" + BODY, "'color' can't be 'red'"),
        ("opencode", "---\nmodel: gpt" + BODY, "write provider/model"),
        ("opencode", "---\ntools: [a]" + BODY, "unknown key 'tools'"),
        ("opencode", "---\npermission: {webfetch: {'*': ask}}" + BODY, "'permission' can't be"),
        ("opencode", "---\npermission: {plan_*: allow}" + BODY, "OpenCode already has"),
        ("opencode", "---\npermission: {workflow_*: allow}" + BODY, "OpenCode already has"),
        ("opencode", "# comment\n---\nmode: all" + BODY, "does not start with front matter"),
        ("opencode", "---\nmode: all\n---\n\n", "the prompt is empty"),
        ("claude-code", "---\nname: a" + BODY, "'description' is missing"),
        ("claude-code", "---\nname: a\ndescription: b\ntools: Raed" + BODY, "unknown tool 'Raed'"),
        ("claude-code", "---\nname: a\ndescription: b\ntool: Read" + BODY, "unknown key 'tool'"),
        ("claude-code", "---\nname: a\ndescription: b --- c" + BODY, "contains '---'"),
        ("copilot", "---\ndescription: a\ntools: [reed]" + BODY, "unknown tool 'reed'"),
        ("copilot", "---\ntools: [read]" + BODY, "'description' is missing"),
        ("copilot", "---\ndescription: a" + BODY + "x" * 30_001, "Copilot accepts at most 30,000"),
        ("gemini", "---\nname: A\ndescription: b" + BODY, "lower-case"),
        ("gemini", "---\nname: a\ndescription: b\ntools: [read]" + BODY, "unknown tool 'read'"),
        ("gemini", "---\nname: a\ndescription: b\n---\n\nSay ${word}.\n", "'${word}'"),
        ("gemini", "---\nname: a\ndescription: b\nmcpServers: {}" + BODY, "unknown key"),
        ("kilo", "---\npermission: {notebook_*: allow}" + BODY, "Kilo already has"),
        ("kilo", "---\nmodel: gpt" + BODY, "write provider/model"),
        ("qwen", "---\nname: a\ndescription: b" + BODY, "between 2 and 50 characters"),
        ("qwen", "---\nname: ab\ndescription: b" + BODY, "fewer than 10 characters"),
        ("qwen", "---\nname: ab\ndescription: b\ntools: []" + BODY, "gives every tool"),
        ("qwen", "---\nname: ab\ndescription: b\ntools: [bash]" + BODY, "unknown tool 'bash'"),
        ("qwen", "---\nname: ab\ndescription: b\n---\n\nSay ${word}.\n", "'${word}'"),
        ("qwen", "---\nname: ab\ndescription: b\napprovalMode: yolo" + BODY, "unknown key"),
        ("cline", "---\nname: a\ndescription: b\ntools: [bash]" + BODY, "unknown tool 'bash'"),
        ("cline", "---\nname: a\ndescription: b\nmodel: c" + BODY, "unknown key 'model'"),
        ("kiro", "---\ndescription: b\ntools: ['*']" + BODY, "unknown tool '*'"),
        ("factory", "---\nname: A\ndescription: b" + BODY, "lower-case"),
        ("factory", "---\nname: a\ndescription: b\ntools: [Bash]" + BODY, "unknown tool 'Bash'"),
        ("factory", "---\nname: a\ndescription: b\ntools: read-only" + BODY, "'tools' can't be"),
        ("junie", "---\nname: A\ndescription: b" + BODY, "lower-case"),
        ("junie", "---\nname: a" + BODY, "'description' is missing"),
        ("junie", "---\nname: a\ndescription: b\ntools: [Fetch]" + BODY, "unknown tool 'Fetch'"),
        ("junie", "---\nname: a\ndescription: b\ntools: Read" + BODY, "'tools' can't be"),
        ("junie", "---\nname: a\ndescription: b\n---\n\nRead $HOME/x.\n", "'$HOME'"),
        ("roo", f"  - {MODE}\n", "'groups' is missing"),
        ("roo", f"  - {MODE}\n    groups: [web]\n", "'groups' can't be ['web']"),
        ("roo", f"  - {MODE}\n    groups: [browser]\n", "unknown group 'browser'"),
        ("roo", f"  - {MODE}\n    groups: [read, read]\n", "'groups' can't be"),
        ("roo", f"  - {MODE}\n    groups: [[edit, {{fileRegex: x}}]]\n", "'fileRegex' does not"),
        ("roo", f"  - {MODE}\n    groups: []\n    model: x\n", "unknown key 'model'"),
        ("roo", "  - slug: a_b\n    name: A\n    roleDefinition: x\n    groups: []\n", "'slug'"),
        ("roo", "customModes: []\n", "not one mode"),
        ("codex", "name = 'a'\ndescription = 'b'", "'developer_instructions' is missing"),
        ("codex", "temperature = 0.5", "unknown key 'temperature'"),
        ("codex", "name = 5", "'name' can't be 5"),
        ("codex", "name = ", "not valid TOML"),
        ("cursor", "---\nname: a\ndescription: b\nreadonly: please" + BODY, "'readonly'"),
        ("cursor-rule", "---\nglobs: '*'" + BODY, "without quotes"),
        ("cursor-rule", "---\nglobs: *.{js,ts}" + BODY, "'globs' can't be '*.{js,ts}'"),
        ("cursor-rule", "---\nglob: x" + BODY, "unknown key 'glob'"),
        ("goose", "---\ndescription: b" + BODY, "'name' is missing"),
        ("goose", "---\nname: a\ndescription: b --- c" + BODY, "contains '---'"),
        ("goose", "---\nname: a\ndescription: b\ntools: [x]" + BODY, "unknown key 'tools'"),
        ("devin-rule", "---\nglobs: src/**" + BODY, "'globs' can't be 'src/**'"),
        ("devin-rule", "---\ntrigger: always" + BODY, "'trigger' can't be 'always'"),
        ("copilot-instructions", "---\napplyTo: [x]" + BODY, "'applyTo' can't be ['x']"),
        ("copilot-instructions", "---\ntools: x" + BODY, "unknown key 'tools'"),
        ("copilot-instructions", "---\nname: a\n---\n\n", "the prompt is empty"),
        ("skill", "---\nname: a--b\ndescription: b" + BODY, "single hyphens"),
        ("skill", "---\nname: a\ndescription: " + "x" * 1025 + BODY, "1,024 characters"),
        ("agents-md", "<!-- promptpack:begin a -->\n", "marker"),
        ("system", " \n", "empty"),
        ("messages", "{}", "empty"),
    ],
)
def test_what_a_client_would_refuse_is_a_problem(target: str, text: str, problem: str) -> None:
    found = [one.message for one in TARGETS[target].problems(text)]
    assert any(problem in one for one in found), found


NESTED = {
    "YAML": f"---\nname: a\ndescription: b\nmetadata: {'[' * 10_000}{BODY}",
    "TOML": "name = 'a'\nmetadata = " + "[" * 10_000,
    "dotted": f"name = 'a'\nmetadata{'.x' * 2_000} = 1\n",
    "JSON": '{"messages": ' + "[" * 100_000,
    "digits": "metadata = " + "9" * 5_000,
}
"""Texts that make a reader recurse without end, or turn a number of any length into text."""


NESTED_IN = [
    *(("YAML", target) for target in REPRESENTATIVES),
    *((kind, target) for kind in ("TOML", "dotted", "digits") for target in ("codex", "opencode")),
    *(("JSON", target) for target in ("messages", "opencode")),
]


@pytest.mark.fault(36, 37)
@pytest.mark.parametrize(("kind", "target"), NESTED_IN)
def test_nesting_without_end_is_read_and_compared(kind: str, target: str) -> None:
    text = NESTED[kind]
    assert TARGETS[target].decode(text, "a").name == "a"
    assert isinstance(TARGETS[target].problems(text), list)
    review = compare_sides(side({"a": "---\nname: a" + BODY}, target), side({"a": text}, target))
    assert review.changes


@pytest.mark.parametrize("text", ["TOML", "dotted"])
def test_codex_reads_no_file_that_is_nested_too_deeply(text: str) -> None:
    (problem,) = TARGETS["codex"].problems(NESTED[text])
    assert problem.message == "not valid TOML: nested more than 32 levels deep"
    allowed = f"metadata{'.x' * (DEPTH_LIMIT - 1)} = 1\n"
    messages = [one.message for one in TARGETS["codex"].problems(allowed)]
    assert "unknown key 'metadata'" in messages


HEADS = {
    "opencode": """\
---
description: {description}
mode: subagent
model: koronatech/Coder
temperature: 0.55
permission:
  "*": deny
  read:
    "*": allow
    "*.env": ask
    "*.env.*": ask
    "*.env.example": allow
  list: allow
  glob: allow
  grep: allow
  bash: allow
  webfetch: allow
  todowrite: allow
  external_directory: ask
  doom_loop: ask
---
""",
    "claude-code": """\
---
name: python-ml-architect
description: {description}
tools: Read, Glob, Grep, Bash, PowerShell, {more_tools}
readonly: true
---
""",
    "copilot": """\
---
name: python-ml-architect
description: {description}
tools:
  - read
  - search
  - execute
  - web/fetch
  - todo
---
""",
    "copilot-instructions": """\
---
description: {description}
---
""",
    "cursor": """\
---
name: python-ml-architect
description: {description}
readonly: true
---
""",
    "cursor-rule": """\
---
description: {description}
alwaysApply: false
---
""",
    "codex": """\
name = "python-ml-architect"
description = "{description}"
sandbox_mode = "read-only"
developer_instructions = '''
""",
    "gemini": """\
---
name: python-ml-architect
description: {description}
tools:
  - read_file
  - list_directory
  - glob
  - grep_search
  - run_shell_command
  - web_fetch
  - write_todos
temperature: 0.55
---
""",
    "agents-md": "<!-- promptpack:begin python-ml-architect -->\n",
    "skill": """\
---
name: python-ml-architect
description: {description}
---
""",
    "system": "",
    "messages": '{{\n  "messages": [\n    {{\n      "role": "system",\n',
}


HEADS["claude-skill"] = HEADS["skill"]


def test_the_default_variant_of_the_reference_pack_has_exactly_these_heads() -> None:
    project = load_project(ROOT)
    selection = Selection(("python-ml-architect",), ("koronatech-coder",), ("plan-only",))
    found = {a.target: a for a in build_project(project, selection)}
    assert set(found) == set(HEADS)
    for target, artifact in found.items():
        text = artifact.content.decode()
        more_tools = "WebFetch, TodoWrite, TaskCreate, TaskGet, TaskList, TaskUpdate"
        description = artifact.agent.description
        head = HEADS[target].format(description=description, more_tools=more_tools)
        assert text.startswith(head)
        rest = text.removeprefix(head).lstrip("\n")
        if target != "messages":
            assert rest.startswith("# Python Backend & ML Systems Architect\n")


@pytest.mark.fault(42)
@pytest.mark.parametrize("nasty", ["'''", '"""', "\\", "\\u0041", "é\u2028", "'''\n\"\"\"\\"])
def test_a_toml_prompt_survives_whatever_it_quotes(nasty: str) -> None:
    project = load_project(ROOT)
    selection = Selection((), ("gpt",), ("plan-only",), ("codex",))
    agent = build_project(project, selection)[0].agent
    spoken = replace(agent, prompt=f"Say {nasty} twice: {nasty}\n")
    text = TARGETS["codex"].encode(spoken)
    assert TARGETS["codex"].problems(text) == []
    assert TARGETS["codex"].decode(text, "x").prompt == spoken.prompt


def test_the_guard_before_env_files_gives_way_to_what_the_policy_says_of_them() -> None:
    text = 'permission:\n  read:\n    "*": allow\n    "*.env": deny'
    grant = TARGETS["opencode"].decode(f"---\n{text}\n---\nB\n", "a").policy.grant("read")
    assert grant == (PatternRule("*", Effect.ALLOW), PatternRule("*.env", Effect.DENY))


def test_opencode_reads_a_file_behind_a_byte_order_mark() -> None:
    text = "\ufeff---\npermission: deny\n---\nB\n"
    agent = TARGETS["opencode"].decode(text, "a")
    assert (agent.prompt, describe_grant(agent.policy.grant("read"))) == ("B\n", "deny")


ALLOWED_BY_DEFAULT = [
    *("opencode", "claude-code", "copilot", "gemini", "qwen", "kilo", "factory", "cline", "kiro"),
    "junie",
]


@pytest.mark.fault("yaml-readers")
@pytest.mark.parametrize("target", ALLOWED_BY_DEFAULT)
@pytest.mark.parametrize(
    "head",
    [
        "description: d # {}permission: {{edit: deny}}",
        "description: d\n{}permission: {{edit: deny}}",
        "permission: {{bash: deny,\n{}edit: deny}}",
        "permission: {{?edit: deny}}#{}",
        "description: d # {}tools: [read]",
        "description: d\n{}tools: [read]",
        "description: d\n# {}disallowedTools: Edit",
    ],
)
def test_what_clients_do_not_read_as_yaml_1_1_denies_nothing(target: str, head: str) -> None:
    for end in ("\x85", "\u2028", "\u2029", "\ufeff"):
        agent = TARGETS[target].decode(f"---\n{head.format(end)}\n---\nB\n", "a")
        assert agent.policy.grant("edit")[0].effect is Effect.ALLOW, ascii(end)


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029", "\ufeff"], ids=ascii)
def test_characters_that_end_no_line_are_kept(end: str) -> None:
    text = f"\ufeffa: x{end}y\nb: &x 'p{end}q'\nc: {{d{end}: *x}}\n"
    data = {"a": f"x{end}y", "b": f"p{end}q", "c": {f"d{end}": f"p{end}q"}}
    assert read_client_yaml(text) == data


def test_a_key_is_the_text_that_javascript_makes_of_it() -> None:
    text = "~: a\nTRUE: b\n0x10: c\n1e3: d\n'~': e\n1.5: f\n010: g\nx: {? : h}\n"
    names = [*read_client_yaml(text)]
    assert names == ["null", "true", "16", "1000", "~", "1.5", "10", "x"]
    assert read_client_yaml(text)["x"] == {"null": "h"}


def test_a_text_of_all_private_characters_is_too_odd_to_read() -> None:
    text = "".join(map(chr, range(0xE000, 0xF900)))
    assert read_client_yaml(f"a: {text}\n") == {"a": text}
    with pytest.raises(LimitError):
        read_client_yaml(f"a: {text}\u2028\n")


@pytest.mark.fault(36)
@pytest.mark.parametrize("target", ALLOWED_BY_DEFAULT)
def test_aliases_that_multiply_are_given_up_and_then_everything_is_granted(target: str) -> None:
    lines = [f"v{n + 1}: &v{n + 1} [*v{n}, *v{n}, *v{n}]" for n in range(25)]
    rules = ["permission: {edit: deny}", "tools: [read]", "disallowedTools: Edit"]
    text = "\n".join(["---", "v0: &v0 {x: y}", *lines, *rules, "---", "B"])
    agent = TARGETS[target].decode(text, "a")
    assert agent.policy.grant("edit")[0].effect is Effect.ALLOW  # never less than the client grants


def test_merges_are_read_however_often_they_repeat() -> None:
    lines = [f"v{n + 1}: &v{n + 1} {{x{n}: y, <<: [*v{n}, *v{n}, *v{n}]}}" for n in range(25)]
    text = "\n".join(["---", "v0: &v0 {x: y}", *lines, "permission: deny", "---", "B"])
    agent = TARGETS["opencode"].decode(text, "a")
    assert describe_grant(agent.policy.grant("edit")) == "deny"


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("mcp:plan/enter", "plan_enter"),
        ("mcp:plan/exit", "plan_exit"),
        ("mcp:apply/patch", "apply_patch"),
        ("mcp:doom/loop", "doom_loop"),
        ("mcp:external/directory", "external_directory"),
        ("mcp:plan/other", None),
        ("mcp:plan", None),
    ],
)
def test_a_tool_that_is_called_like_one_of_opencode_is_refused(name: str, own: str | None) -> None:
    policy = Policy(Effect.DENY, {name: (PatternRule("*", Effect.ALLOW),)})
    agent = Agent("a", "An agent.", "subagent", Model("m"), None, policy, "Say yes.\n")
    refused = list(TARGETS["opencode"].refuse(agent))
    assert refused == ([f"'{name}' can't be written: '{own}' is OpenCode's own"] if own else [])
    assert set(refused) <= set(encode_and_check(TARGETS["opencode"], agent)[2])


@pytest.mark.parametrize(
    ("target", "name"),
    [
        *(("opencode", name) for name in sorted(TARGETS["opencode"].own_agents)),
        ("claude-code", "general-purpose"),
        ("copilot", "explore"),
        ("codex", "worker"),
    ],
)
def test_a_pack_named_like_an_agent_of_the_client_is_refused(
    target: str, name: str, tmp_path: Path
) -> None:
    files = {
        path.replace("packs/demo/", f"packs/{name}/"): text.replace("name: demo", f"name: {name}")
        for path, text in DEMO.items()
    }
    write_files(tmp_path, files)
    pack = tmp_path / f"packs/{name}/pack.yaml"
    pack.write_text(pack.read_text().replace("[opencode]", f"[{target}]"))
    with pytest.raises(UserError) as refused:
        build_project(load_project(tmp_path))
    (finding,) = (found for found in refused.value.findings if found.code == "PP201")
    assert f"{TARGETS[target].title} has an agent '{name}' of its own" in finding.message
    assert finding.hint == (
        f"rename the pack, give it another name under 'clients: {{{target}: {{name: …}}}}', "
        f"or leave {target} out of 'targets'"
    )
    pack.write_text(pack.read_text().replace(f"[{target}]", "[system]"))
    assert build_project(load_project(tmp_path))
