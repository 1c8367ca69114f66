"""In: hand-kept files with odd front matter. Out: `audit` says of each what the real client grants.

What `audit --format json` prints is read here by itself; what a client resolves is asked of it. A
file that the client does not load is one that `audit` says it does not load. OpenCode's server is
asked, which `test_harness.py` holds to what `opencode debug agent` says.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import support
from clients import claude_code, codex, copilot, gemini, opencode, qwen
from clients.copilot_names import CAPABILITIES as COPILOT_CAPABILITIES
from clients.gate import need_clients
from clients.observation import Case, Files, Observation, observe_each

pytestmark = pytest.mark.clients

NAME = "asker"
OPENCODE_KEYS = {
    "read": "read",
    "glob": "glob",
    "grep": "grep",
    "list": "list",
    **dict.fromkeys(["edit", "write", "patch"], "edit"),
    "execute": "bash",
    "web_fetch": "webfetch",
    "web_search": "websearch",
    "todo": "todowrite",
    "task": "task",
    "skill": "skill",
    "question": "question",
}
PROBES = (
    *("x", "src/a.py", "docs/a.md", ".env", "a/.env.local", ".env.example", "git status"),
    *("git push", "git push -f", "rm -rf x", "7", "https://a.example/b"),
)

DENY_BELOW = "permission:\n  edit: deny\n  bash: deny\n"
OPENCODE_HEADS: Mapping[str, str] = {
    "nothing": "",
    "permissions": "permissions: {edit: deny}\n",
    "misspelt entry": "permission: {edits: deny, bsh: deny}\n",
    "one effect": "permission: deny\n",
    "one question": "permission: ask\n",
    "empty": "permission: {}\n",
    "null": "permission:\n",
    "capitals": "permission: {edit: Deny}\n",
    "a list": "permission: [edit, bash]\n",
    "not an effect": "permission: {edit: never}\n",
    "a switch": "permission: {edit: false}\n",
    "unquoted colon": f"summary: x: y\n{DENY_BELOW}",
    "unquoted star": f"summary: *all of it\n{DENY_BELOW}",
    "unindented continuation": f"summary: one\ntwo\n{DENY_BELOW}",
    "braces": f"summary: {{{{ x }}}}\n{DENY_BELOW}",
    "folded": f"summary: >\n  one: two\n  three\n{DENY_BELOW}",
    "literal": f"summary: |-\n  one: *two\n{DENY_BELOW}",
    "comments": "# one\npermission: # two\n  # three\n  edit: deny # four\n",
    "blank lines": f"summary: x\n\n\n{DENY_BELOW}\n",
    "blanks at the end": "permission:   \n  edit: deny   \n",
    "quoted key": "'permission':\n  \"edit\": 'deny'\n",
    "flow": "permission: {edit: deny, bash: {'*': ask, 'git *': allow}}\n",
    "flow over lines": "permission: {edit: deny,\n  bash: ask}\n",
    "key twice": "permission: {edit: deny}\npermission: {bash: deny}\n",
    "entry twice": "permission:\n  edit: allow\n  edit: deny\n",
    "anchor": "permission: {edit: &no deny, bash: *no}\n",
    "merge": "x: &a {edit: deny}\npermission: {<<: *a, bash: deny}\n",
    "tools": "tools: {write: false, edit: true, bash: false}\n",
    "tools that take back": "tools: {edit: false, write: true}\n",
    "tools only on": "tools: {read: true, grep: true}\n",
    "tools with a star": "tools: {'*': false, read: true, grep: true}\n",
    "tools as a list": "tools: [read, grep]\n",
    "tools as text": "tools: read, grep\n",
    "tools of servers": "tools: {'git_*': false, 'mcp_*': false}\n",
    "tools and permission": "tools: {bash: false, edit: false}\npermission: {bash: allow}\n",
    "unknown tool": "tools: {frobnicate: false, bash: false}\n",
    "star first": "permission: {'*': deny, read: allow, grep: allow}\n",
    "star last": "permission: {read: allow, '*': deny}\n",
    "star asks": "permission: {'*': ask, bash: deny}\n",
    "read gives .env": "permission: {read: allow}\n",
    "read by pattern": "permission: {read: {'*': allow, '*.env': deny, '*.env.*': deny}}\n",
    "edit by pattern": "permission: {edit: {'*': deny, 'docs/*': allow}}\n",
    "patterns in another order": "permission: {bash: {'git push*': deny, 'git *': allow}}\n",
    "star after patterns": "permission: {bash: {'rm *': deny, '*': allow}}\n",
    "numbers": "permission: {bash: {'*': deny, '7': allow}}\n",
    "no patterns": "permission: {bash: {}}\n",
    "patterns for a plain one": "permission: {webfetch: {'*': deny}}\n",
    "home": "permission: {read: {'~/*': deny}}\n",
    "primary": "mode: primary\n",
    "subagent": "mode: subagent\n",
    "subagent with task": "mode: subagent\npermission: {task: allow, todowrite: ask}\n",
    "subagent with some tasks": "mode: subagent\npermission: {task: {'git *': allow}}\n",
    "no such mode": "mode: helper\n",
    "off": "disable: true\npermission: {edit: allow}\n",
    "date": f"since: 2026-01-02\n{DENY_BELOW}",
    "nested": "metadata: {permission: {edit: deny}}\nvibe: 🚀\n",
    "foreign keys": "disallowedTools: Edit\nreadonly: true\n",
    "wildcards": "permission: {'web*': deny, 'e*': deny}\n",
}
OPENCODE_TEXTS: Mapping[str, str] = {
    **{name: f"---\ndescription: d\n{head}---\nAsk.\n" for name, head in OPENCODE_HEADS.items()},
    "CRLF": f"---\ndescription: d\n{DENY_BELOW}---\nAsk.\n".replace("\n", "\r\n"),
    "byte-order mark": f"\ufeff---\ndescription: d\n{DENY_BELOW}---\nAsk.\n",
    "comment above": f"<!-- x -->\n---\ndescription: d\n{DENY_BELOW}---\nAsk.\n",
    "blank line above": f"\n---\ndescription: d\n{DENY_BELOW}---\nAsk.\n",
    "blank after the fence": f"--- \ndescription: d\n{DENY_BELOW}--- \nAsk.\n",
    "never closed": f"---\ndescription: d\n{DENY_BELOW}\nAsk.\n",
    "no front matter": "Ask.\n",
}

CLAUDE_HEADS = (
    "",
    *("tools: Read, Bash\n", 'tools: "Read, Write"\n', "tools:\n  - Read\n  - Edit\n"),
    *("tools: Read, Frobnicate\n", "tools: Read, Bash(git *)\n", "tools: '*'\n"),
    *("disallowedTools: Edit, Write\n", "disallowedTools: [Bash, Edit]\n"),
    *("tools: Read\nmemory: user\n", "tools: Read\ntools: Read, Bash\n", "permission: {a: b}\n"),
    *("tools: Read, Edit\ndisallowedTools: Edit\n", "summary: a: b\ntools: Read\n"),
)
CLAUDE_TOOLS = {
    "read": {"Read"},
    "edit": {"Edit", "NotebookEdit"},
    "write": {"Write"},
    "execute": {"Bash", "PowerShell", "Monitor"},
    "web_fetch": {"WebFetch"},
    "web_search": {"WebSearch"},
    "skill": {"Skill"},
}
"""Tools that say whether there is a capability; searching is the shell's, where there is one."""

COPILOT_HEADS = (
    "",
    *("tools: [read]", "tools: [read, search]", "tools: ['read', 'edit']", "tools: read, execute"),
    *("tools: [Read, Bash]", "tools: [editFiles, runCommands]", "tools: [usages, problems]"),
    *("tools: []", "tools: ['*']", "tools: [db/execute]", "tools: [execute/*]", "tools: [agent]"),
    *("permission: {edit: deny}", "disallowedTools: Edit", "readonly: true", "tools:\n- todo"),
)
COPILOT_SEEN = ("read", "glob", "grep", "edit", "write", "execute", "todo", "task")

GEMINI_HEADS = (
    "",
    *("tools: [read_file]", "tools: [read_file, grep_search]", "tools: ['*']", "tools: []"),
    *(
        "tools:\n  - run_shell_command\n  - replace",
        "tools: [read_file, search_file_content]",
    ),
    *("tools: read_file", "tools: [Read]", "tools: [glob, write_file, web_fetch]", "color: red"),
    *("tools: [mcp_git_push]", "tools: [ask_user, write_todos]", "temperature: 0.2"),
)
QWEN_HEADS = (
    "",
    *("tools: [read_file]", "tools: [read_file, Grep]", "tools: ['*']", "tools: []", "tools:"),
    *("tools: read_file, Shell", "tools: 5", "tools: [5]", "tools: {a: b}", "tools: ''"),
    *("tools:\n  - run_shell_command\n  - edit", "tools: [Read, bash]", "tools: [monitor]"),
    *("disallowedTools: run_shell_command", "disallowedTools: [Shell, Monitor, Edit]"),
    *("disallowedTools: ['*']", "tools: [glob, edit]\ndisallowedTools: [Edit, notebook_edit]"),
    *("foo: a: b\ntools:\n  - glob", "foo: a: b\ntools:\n- glob", "foo: a: b\ntools: [glob]"),
    *("foo: a: b\nx:\n  tools: glob", "foo: a: b\ntools: glob, edit", "foo: a: b\ntools: 0x5"),
    *("tools: [glob]\ntools: [edit]", "x: &x [glob]\ntools: *x", "<<: {tools: [glob]}"),
    *("approvalMode: yolo\ntools: [edit]", "approvalMode: most", "color: no\nmaxTurns: -1"),
    *("runConfig: {max_turns: 0}", "tools: [a, ' ']", "tools: [mcp__git__push]", "a: !x 1"),
    *("executor: 5", "foo: [a", "tools:\n  - glob\n  - 5", 'foo: a: b\ntools: "glob"'),
)
CODEX_KEYS = (
    "",
    "[features]\nshell_tool = false\n",
    "[features]\nshell_tool = true\n",
    "sandbox_mode = 'read-only'\n",
    "features.shell_tool = false\n",
    "tools = ['read']\n",
    "model_reasoning_effort = 'low'\n",
)


class Audited(NamedTuple):
    """What `audit` said of one file: why it is not loaded, and its client's permissions."""

    refusal: str
    permissions: Mapping[str, str]

    def decide(self, name: str, text: str) -> str:
        """Return what the permissions that were printed say about a text; the last match counts."""
        effect = self.permissions.get(name, self.permissions["mcp:*"])
        first, *rest = effect.split("; ")
        for rule in rest:
            word, _, pattern = rule.partition(" ")
            first = word if matches(pattern, text) else first
        return first

    def allows(self, name: str) -> bool:
        return self.permissions[name] != "deny"


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


@cache
def make_matcher(pattern: str) -> re.Pattern[str]:
    """Return a pattern of OpenCode as a regular expression; a blank and a star may be left out."""
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    text = re.sub(r"\\ \.\*$", r"(?:\\ .*)?", text)
    return re.compile(text, re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    return make_matcher(pattern).fullmatch(text) is not None


def run_audit(folder: Path, path: str, texts: Iterable[str]) -> list[Audited]:
    """Return what the command says of each text, in a folder of its own."""
    for number, text in enumerate(texts):
        support.write_files(folder / f"case-{number:03}", {path: text.encode()})
    done = support.call("audit", "--format", "json", cwd=folder)
    assert done.code == 0, done.err
    data: Any = json.loads(done.out)
    return [Audited(one["refusal"], one["readers"][0]["permissions"]) for one in data["files"]]


def make_cases(path: str, texts: Iterable[str]) -> list[Case]:
    return [({path: text.encode()}, NAME) for text in texts]


def assert_grants(said: Audited, seen: Observation, shown: Mapping[str, bool]) -> None:
    """Hold what was said against whether the client gives each capability."""
    assert seen.loaded == (not said.refusal), (said.refusal, seen.errors)
    if seen.loaded:
        assert {name: said.allows(name) for name in shown} == shown


def assert_opencode(said: Audited, seen: Observation) -> None:
    """Hold what was said against the rules that decide."""
    assert seen.loaded == (not said.refusal), (said.refusal, seen.errors)
    for name in said.permissions if seen.loaded else ():
        key = OPENCODE_KEYS.get(name) or name.removeprefix("mcp:").replace("*", "unnamed")
        key = key if name in OPENCODE_KEYS else key.replace("/", "_") + "_tool" * ("/" not in key)
        for text in PROBES:
            rules = [
                a for k, p, a in seen.permissions or () if matches(k, key) and matches(p, text)
            ]
            is_told = mode_gives(seen, name, rules)
            assert said.decide(name, text) == (rules[-1] if is_told else "deny"), (name, text)


def mode_gives(seen: Observation, name: str, rules: Sequence[str]) -> bool:
    """Tell whether a spawned agent has a tool that it gets only if its file names it."""
    if name not in ("task", "todo") or seen.mode != "subagent":
        return bool(rules)
    key = OPENCODE_KEYS[name]
    return any(k == key for k, _, _ in seen.permissions or ())


def test_audit_says_of_opencode_files_what_opencode_resolves(tmp_path: Path) -> None:
    path = f".opencode/agents/{NAME}.md"
    texts = OPENCODE_TEXTS
    answers = run_audit(tmp_path, path, texts.values())
    assert {*answers[[*texts].index("off")].permissions.values()} == {"deny"}
    observed = opencode.observe_folders(make_cases(path, texts.values()))
    assert len(answers) == len(observed) == len(texts) > 50
    wrong = {}
    for name, said, seen in zip(texts, answers, observed, strict=True):
        try:
            if name == "off":  # no agent, so nothing that it could do
                assert not seen.loaded
            else:
                assert_opencode(said, seen)
        except AssertionError as error:
            wrong[name] = str(error).split("\n")[0]
    assert wrong == {}
    spoilt = [said._replace(permissions={**said.permissions, "edit": "ask"}) for said in answers]
    loaded = [n for n, seen in enumerate(observed) if seen.loaded and not answers[n].refusal]
    asks = ("one question", "star asks")
    for number in loaded:
        if [*texts][number] not in asks:
            with pytest.raises(AssertionError):
                assert_opencode(spoilt[number], observed[number])


def test_audit_says_of_claude_code_files_what_claude_code_gives(tmp_path: Path) -> None:
    path = f".claude/agents/{NAME}.md"
    texts = [f"---\nname: {NAME}\ndescription: d\n{head}---\nAsk.\n" for head in CLAUDE_HEADS]

    def observe(files: Files, name: str) -> Observation:
        return claude_code.observe(files, name, None, claude_code.POWERSHELL)

    observed = observe_each(observe, make_cases(path, texts))
    for said, seen in zip(run_audit(tmp_path, path, texts), observed, strict=True):
        shown = {name: bool(tools & (seen.tools or set())) for name, tools in CLAUDE_TOOLS.items()}
        assert_grants(said, seen, shown)


def test_audit_says_of_copilot_files_what_copilot_gives(tmp_path: Path) -> None:
    path = f".github/agents/{NAME}.agent.md"
    texts = [f"---\nname: {NAME}\ndescription: d\n{head}\n---\nAsk.\n" for head in COPILOT_HEADS]
    answers = run_audit(tmp_path, path, texts)
    for said, tools in zip(answers, copilot.observe_heads(COPILOT_HEADS), strict=True):
        given = {name for tool in tools or () for name in COPILOT_CAPABILITIES.get(tool, ())}
        shown = {name: name in given for name in COPILOT_SEEN}
        assert_grants(said, Observation(loaded=tools is not None), shown)


def test_audit_says_of_gemini_files_what_gemini_gives(tmp_path: Path) -> None:
    path = f".gemini/agents/{NAME}.md"
    texts = [f"---\nname: {NAME}\ndescription: d\n{head}\n---\nAsk.\n" for head in GEMINI_HEADS]
    observed = gemini.observe_many(make_cases(path, texts))
    for said, seen in zip(run_audit(tmp_path, path, texts), observed, strict=True):
        shown = {name: tool in (seen.tools or ()) for name, tool in gemini.TOOLS.items()}
        assert_grants(said, seen, shown)


def test_audit_says_of_qwen_files_what_qwen_code_gives(tmp_path: Path) -> None:
    path = f".qwen/agents/{NAME}.md"
    texts = [
        f"---\nname: {NAME}\ndescription: d\n{head}\n---\nAsk them all.\n" for head in QWEN_HEADS
    ]
    observed = qwen.observe_many(make_cases(path, texts))
    assert {seen.loaded for seen in observed} == {True, False}
    for said, seen in zip(run_audit(tmp_path, path, texts), observed, strict=True):
        given = seen.tools or frozenset()
        more = {"execute": {"monitor"}, "read": {"zoom_image"}}
        shown = {c: bool(given & (tools | more.get(c, set()))) for c, tools in qwen.TOOLS.items()}
        assert_grants(said, seen, shown)


def test_audit_says_of_codex_files_what_codex_gives(tmp_path: Path) -> None:
    path = f".codex/agents/{NAME}.toml"
    start = f"name = '{NAME}'\ndescription = 'd'\ndeveloper_instructions = 'Ask.'\n"
    texts = [start + keys for keys in CODEX_KEYS]
    observed = observe_each(codex.observe, make_cases(path, texts))
    for said, seen in zip(run_audit(tmp_path, path, texts), observed, strict=True):
        assert_grants(said, seen, {"execute": "exec_command" in (seen.tools or ())})
