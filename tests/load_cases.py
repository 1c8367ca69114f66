"""Agent files that a client takes, each with a twin that it refuses because of one mistake.

The real clients are asked about them too (`clients/test_loads.py`). The texts are synthetic.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Twins(NamedTuple):
    """A file that loads, and the same file spoilt."""

    good: str
    spoilt: str


def write_twins(head: str, old: str, new: str, body: str = "Body.") -> Twins:
    """Return a Markdown file with this front matter, and one with a piece of it replaced."""
    text = f"---\n{head}\n---\n\n{body}\n"
    assert text.count(old) == 1
    return Twins(text, text.replace(old, new))


_HEAD = "name: asker\ndescription: Asks."
_LONG_BODY = "Ask them all."
_TOML = 'name = "asker"\ndescription = "Asks."\ndeveloper_instructions = "Body."\n'


def _spoil_toml(text: str, old: str, new: str) -> Twins:
    assert text.count(old) == 1
    return Twins(text, text.replace(old, new))


_MODE = """\
customModes:
  - slug: asker
    name: Asker
    roleDefinition: Body.
    groups: [read, [edit, {fileRegex: a, description: b}], browser, modes]
  - slug: other
    name: Other
    roleDefinition: |-
      Body.
    whenToUse: often
    source: project
    groups: []
"""


def _spoil_mode(old: str, new: str) -> Twins:
    assert _MODE.count(old) == 1
    return Twins(_MODE, _MODE.replace(old, new))


TWINS: Mapping[str, tuple[Twins, ...]] = {
    "opencode": (
        write_twins("description: Asks.\ntools: {bash: false}", "{bash: false}", "[bash]"),
        write_twins("description: Asks.\ntools: {bash: true}", "true", "yes"),
        write_twins("description: Asks.\ntemperature: 0.5", "0.5", "'0.5'"),
        write_twins("description: Asks.\nmode: all", "all", "agent"),
        write_twins("description: Asks.\ncolor: '#aabbcc'", "'#aabbcc'", "red"),
        write_twins("description: Asks.\npermission: {edit: ask}", "ask", "maybe"),
        write_twins("description: Asks.\npermission: {bash: {a: ask}}", "bash", "webfetch"),
        write_twins("description: one: two", "one: two", "one: two\nthree"),
        write_twins("description: '2026-01-02'\nsteps: 2.0", "'2026-01-02'", "2026-01-02"),
        write_twins("description: T\npermission: {bash: {}}", "T", "2026-01-02T10:00:00Z"),
        write_twins("description: Asks.\nmodel: gpt\nfoo: 1", "gpt", "5"),
        write_twins("description: one\ntwo three", "one", "a: b"),
    ),
    "kilo": (
        write_twins("description: Asks.\ntools: {bash: false}", "{bash: false}", "[bash]"),
        write_twins("description: Asks.\ntemperature: 0.5", "0.5", "'0.5'"),
        write_twins("description: Asks.\nmode: all", "all", "agent"),
        write_twins("description: Asks.\ncolor: '#aabbcc'", "'#aabbcc'", "red"),
        write_twins("description: Asks.\npermission: {edit: ask}", "ask", "maybe"),
        write_twins("description: Asks.\nhidden: true", "true", "5"),
        write_twins("description: '2026-01-02'\nsteps: 2.0", "'2026-01-02'", "2026-01-02"),
        write_twins("description: Asks.\nmodel: gpt\nfoo: 1", "gpt", "5"),
    ),
    "roo": (
        _spoil_mode("customModes", "modes"),
        _spoil_mode("slug: other", "slug: asker"),
        _spoil_mode("slug: other", "slug: oth_er"),
        _spoil_mode("name: Asker", "name: ''"),
        _spoil_mode("    name: Other\n", ""),
        _spoil_mode("groups: []", "groups:"),
        _spoil_mode("groups: []", "groups: [browse]"),
        _spoil_mode("groups: []", "groups: [read, read]"),
        _spoil_mode("groups: []", "groups: [[read]]"),
        _spoil_mode("fileRegex: a", "fileRegex: 5"),
        _spoil_mode("whenToUse: often", "whenToUse: [often]"),
        _spoil_mode("source: project", "source: user"),
        _spoil_mode("name: Other", "name: 'Other"),
    ),
    "claude-code": (
        write_twins(_HEAD, "name: asker\n", ""),
        write_twins(_HEAD, "description: Asks.", "description: 5"),
        write_twins(_HEAD + "\nglobs: **/*\nfoo: {a: 1}", "---\nname", "<!-- a -->\n---\nname"),
        write_twins("name: asker\ndescription: one: two", "two", "two\nthree"),
        write_twins("name: asker\ndescription: a\ndescription: b", "name: asker", "name: {{X}}"),
        Twins(f"\ufeff---\n{_HEAD}\n---\nBody.\n", f"\ufeff---\n{_HEAD}\nBody.\n"),
        write_twins(_HEAD + "\ntools: 5\nmodel: [a]", "name: asker", "name: a:b"),
        write_twins(_HEAD + "\nfoo: 5", "foo", "hooks"),
    ),
    "copilot": (
        write_twins("description: ''", "description: ''", "name: asker"),
        write_twins("description: Asks.", "Asks.", "one: two"),
        write_twins("description: Asks.\ntools: read, edit", "read, edit", ""),
        write_twins("description: Asks.\ntools: [read]", "[read]", "[5]"),
        write_twins("description: Asks.\nfoo: 1", "foo", "user-invocable"),
        write_twins("description: Asks.\nmodel: [a]", "[a]", "[]"),
        write_twins("description: Asks.\nreasoning-effort: most", "most", "5"),
        write_twins("description: Asks.\nreasoning-effort: ''", "''", ""),
        write_twins("description: Asks.\nmcp-servers:", "mcp-servers:", "github:"),
        write_twins("foo: &b {tools: read}\ndescription: a", "description: a", "<<: *b"),
    ),
    "codex": (
        _spoil_toml(_TOML + 'model_reasoning_effort = "high"\n', "model_reasoning_effort", "color"),
        _spoil_toml(_TOML + 'model_reasoning_effort = "most"\n', '"most"', '""'),
        _spoil_toml(_TOML + 'model_verbosity = "low"\n', '"low"', '"most"'),
        _spoil_toml(_TOML + 'model_reasoning_summary = "none"\n', '"none"', '"most"'),
        _spoil_toml(_TOML + 'nickname_candidates = ["a", "b"]\n', '"b"', '"a"'),
        _spoil_toml(_TOML + "\n[features]\nnonsense = true\n", "true", "5"),
        _spoil_toml(_TOML + 'sandbox_mode = "read-only"\n', "read-only", "none"),
        _spoil_toml(_TOML + 'nickname_candidates = ["a"]\n', '["a"]', "[]"),
        _spoil_toml("\ufeff" + _TOML, '"Asks."', '" "'),
        _spoil_toml(_TOML, 'developer_instructions = "Body."\n', ""),
        _spoil_toml(_TOML + 'web_search = "live"\n', 'web_search = "live"', "temperature = 0.5"),
    ),
    "gemini": (
        write_twins(_HEAD + "\nkind: local\nmax_turns: 3", "max_turns: 3", "max_turns: 0.5"),
        write_twins(_HEAD + "\ntools: [read_file, mcp_a_*]", "mcp_a_*", "mcp_a"),
        write_twins(_HEAD + "\ntools: [mcp_a-b_*]", "mcp_a-b_*", "mcp_a_b_*"),
        write_twins(_HEAD + "\ntools: [mcp_a_b_c]", "mcp_a_b_c", "mcp_a_b_c*"),
        write_twins(_HEAD + "\ntools: ['*']", "['*']", "5"),
        write_twins(_HEAD + "\nmcp_servers: {}", "mcp_servers", "mcpServers"),
        write_twins(_HEAD, "asker", "Asker"),
        write_twins(_HEAD, "Asks.", "one: two"),
        write_twins(_HEAD + "\ntemperature: 1", "temperature: 1", "name: again"),
    ),
    "goose": (
        write_twins(_HEAD, "name: asker\n", ""),
        write_twins(_HEAD, "name: asker", "name: 5"),
        write_twins(_HEAD, "Asks.", "[Asks.]"),
        write_twins(f"{_HEAD}\ntools: [x]", "[x]", "[x"),
    ),
    "opencode-command": (
        write_twins("description: Asks.\nsubtask: true", "true", "yes"),
        write_twins("description: Asks.\nagent: plan", "plan", "5"),
        write_twins("description: Asks.\nmodel: recorder/m", "recorder/m", "[a]"),
        write_twins("description: Asks.\nfoo: 1", "Asks.", "{a: b}"),
    ),
    "gemini-command": (
        _spoil_toml('description = "Asks."\nprompt = "Body."\n', '"Asks."', "5"),
        _spoil_toml('prompt = "Body."\n', "prompt", "text"),
        _spoil_toml('prompt = "Body."\nfoo = 1\n', '"Body."', "Body."),
    ),
    "cline": (
        write_twins(_HEAD, "name: asker\n", ""),
        write_twins(_HEAD, "name: asker", "name: 5"),
        write_twins(_HEAD, "Asks.", "one: two"),
        write_twins(_HEAD + "\ntools: []", "[]", ""),
        write_twins(_HEAD + "\ntools: a, b", "a, b", "{a: b}"),
        write_twins(_HEAD + "\ntools: [a]\nfoo: 5", "[a]", "[5]"),
        write_twins(_HEAD + "\nmaxIterations: 1", "1", "0"),
        write_twins(_HEAD + "\nmodelId: a", "modelId: a", "modelId: ''"),
        write_twins("x: &x {description: a}\n" + _HEAD, "description: Asks.", "<<: *x"),
        write_twins(_HEAD + "\nfoo: 1", "foo: 1", "name: b"),
    ),
    "qwen": tuple(
        write_twins(head, old, new, _LONG_BODY)
        for head, old, new in (
            (_HEAD, "description: Asks.", "about: Asks."),
            (_HEAD, _LONG_BODY, "Ask them."),
            (_HEAD + "\nfoo: 1", "---\nname", "----\nname"),
            (_HEAD + "\nfoo: a: b\ntools:\n  - x", "description: Asks.", "description:"),
            ("name: asker\ndescription: [a]", "asker", "ask er"),
            ("name: asker\ndescription: 5", "asker", "asker-"),
            ("name: asker\ndescription: a: b", "description", "- description"),
            (_HEAD + "\nmodel: asker", "name: asker", "name: a"),
            (_HEAD + "\nname2: asker", "name: asker", "name: main"),
            (_HEAD + "\ntools: [a, b]", "b", "' '"),
            (_HEAD + "\ntools: {a: b}", "tools", "executor"),
            (_HEAD + "\napprovalMode: plan", "plan", "most"),
            (_HEAD + "\napprovalMode: ''", "''", "5"),
            (_HEAD + "\ncolor: 5\nmaxTurns: -1", "maxTurns: -1", "runConfig: {max_turns: 0}"),
        )
    ),
}
