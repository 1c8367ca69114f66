"""In: every file that the project's packs emit. Out: each real client sees in it what was meant.

What is meant is read from the policy and the pack's accepted widenings, never from a codec. Each
client's check is also given bad files, and has to fail on them.

What can be seen: OpenCode tells everything. Claude Code, Copilot and Codex tell the tools and the
prompt of the requests that they send. Gemini CLI's own loader and executor tell all but which rules
a user's settings add. Codex tells a spawned agent's prompt, among texts of its own that depend on
the model, and tools; it has no other permissions. Qwen Code's own loader and executor tell the
prompt and the tools.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from clients import claude_code, codex, copilot, gemini, kilo, opencode, qwen, roo
from clients.gate import need_clients
from clients.observation import Case, Files, Observation, observe_each
from promptpack.build import build_project
from promptpack.model import Accept, Artifact, Condition, Effect, Origin
from promptpack.policy.patterns import decide_effect, matches_pattern
from promptpack.reading.project import load_project
from promptpack.rendering.variants import Selection

pytestmark = pytest.mark.clients

ROOT = Path(__file__).resolve().parents[2]
PROBES: tuple[str, ...] = (
    *("", "x", "src/a.py", "docs/a.md", "src/docs/a.md", ".env", "a/.env.local", ".env.example"),
    *("git status", "git diff"),
    *("git push", "git push -f", "rm x", "pytest", "pytest -q", "sudo ls", "https://a.example/b"),
)

OPENCODE_KEYS = {
    "read": "read",
    "glob": "glob",
    "grep": "grep",
    "edit": "edit",
    "execute": "bash",
    "web_fetch": "webfetch",
    "web_search": "websearch",
    "todo": "todowrite",
    "task": "task",
    "skill": "skill",
    "question": "question",
}
KILO_WAYS = {
    "grep": ("semantic_search",),
    "edit": ("notebook_edit",),
    "execute": ("notebook_execute", "background_process"),
    "web_fetch": ("browser_open",),
    "task": ("agent_manager",),
}
"""Kilo's own permissions of tools that do what a capability is about."""

CLAUDE_TOOLS = {
    "read": {"Read"},
    "glob": {"Glob"},
    "grep": {"Grep"},
    "edit": {"Edit", "NotebookEdit"},
    "write": {"Write"},
    "execute": {"Bash"},
    "web_fetch": {"WebFetch"},
    "web_search": {"WebSearch"},
    "task": {"Task", "Agent"},
    "skill": {"Skill"},
}
CLAUDE_TODO = {"TodoWrite", "TaskCreate", "TaskGet", "TaskList", "TaskUpdate"}
COPILOT_TOOLS = {
    "read": {"view"},
    "glob": {"glob"},
    "grep": {"grep"},
    "edit": {"edit", "create"},
    "execute": {"bash", "read_bash", "stop_bash", "list_bash"},
    "todo": {"update_todo"},
    "task": {"task", "read_agent", "list_agents", "write_agent"},
}


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


@cache
def emitted(target: str) -> tuple[Artifact, ...]:
    return build_project(load_project(ROOT), Selection(targets=(target,)))


@cache
def emitted_if_named(target: str) -> tuple[Artifact, ...]:
    """Return the files for a target that no reference pack names, as if each agent named it.

    What the client gives every agent is accepted.
    """
    project = load_project(ROOT)
    accept = Accept(target, "all", "only for this test", Condition(), Origin("", 1))
    packs = {
        name: replace(pack, targets=(target,), accept=(*pack.accept, accept))
        for name, pack in project.packs.items()
        if pack.kind != "command"
    }
    return build_project(replace(project, packs=packs))


def case(artifact: Artifact, content: bytes | None = None) -> Case:
    """Return the overlay folder of one artifact, as a client would find it in a repository."""
    path = artifact.path.split("/", 2)[2]
    return {path: artifact.content if content is None else content}, artifact.agent.name


def effect(artifact: Artifact, capability: str, text: str) -> Effect:
    return decide_effect(artifact.variant.policy.grant(capability), text)


def given(artifact: Artifact, capability: str) -> bool:
    """Tell whether a client without asking and patterns has to have the capability."""
    found = {rule.effect for rule in artifact.variant.policy.grant(capability)}
    accepted = any(
        (a.target, a.capability) == (artifact.target, capability) for a in artifact.variant.accept
    )
    return found == {Effect.ALLOW} or (accepted and found != {Effect.DENY})


def check_opencode(artifact: Artifact, seen: Observation) -> None:
    agent = artifact.agent
    assert seen.loaded, seen.errors
    assert seen.prompt == agent.prompt.strip()
    assert (seen.mode, seen.description) == (agent.mode, agent.description)
    assert (seen.model, seen.temperature) == (agent.model.ids.get("opencode"), agent.temperature)
    assert seen.permissions is not None
    for capability, key in OPENCODE_KEYS.items():
        for text in PROBES:
            wanted = effect(artifact, capability, text)
            if key == "edit":
                wanted = min(
                    (effect(artifact, c, text) for c in ("edit", "write", "patch")),
                    key=["deny", "ask", "allow"].index,
                )
            if key == "read" and text.endswith((".env", ".env.local")) and wanted == "allow":
                wanted = Effect.ASK
            got = [
                a
                for k, p, a in seen.permissions
                if matches_pattern(k, key) and matches_pattern(p, text)
            ][-1]
            assert got == wanted, (capability, text)
    got = [a for k, p, a in seen.permissions if matches_pattern(k, "srv_tool") and p == "*"][-1]
    assert got == artifact.variant.policy.default
    assert seen.tools is not None
    for capability, key in OPENCODE_KEYS.items():
        denied = all(effect(artifact, capability, text) is Effect.DENY for text in PROBES)
        if denied:
            assert key not in seen.tools
        elif key not in ("edit", "websearch"):  # a model may have another tool instead, or none
            assert key in seen.tools, key


def check_kilo(artifact: Artifact, seen: Observation) -> None:
    agent = artifact.agent
    assert seen.loaded, seen.errors
    assert seen.prompt == agent.prompt.strip()
    assert (seen.mode, seen.description) == (agent.mode, agent.description)
    assert (seen.model, seen.temperature) == (agent.model.ids.get("kilo"), agent.temperature)
    for capability, key in OPENCODE_KEYS.items():
        for text in PROBES:
            names = ("edit", "write", "patch") if key == "edit" else (capability,)
            effects = (effect(artifact, name, text) for name in names)
            wanted = min(effects, key=["deny", "ask", "allow", "inherit"].index)
            if key == "read" and text.endswith((".env", ".env.local")) and wanted == "allow":
                wanted = Effect.ASK
            assert wanted == "inherit" or decide_seen(seen, key, text) == wanted, (key, text)
            for other in KILO_WAYS.get(capability, ()):
                is_whole = wanted == "allow" == decide_seen(seen, key, "")
                assert is_whole or decide_seen(seen, other, text) in ("deny", wanted), other
    assert decide_seen(seen, "srv_tool", "") == artifact.variant.policy.default


def decide_seen(seen: Observation, permission: str, text: str) -> str:
    """Return what the last rule says that matches."""
    rules = [
        action
        for key, pattern, action in seen.permissions or ()
        if matches_pattern(key, permission) and matches_pattern(pattern, text)
    ]
    return rules[-1]


def check_claude(artifact: Artifact, seen: Observation) -> None:
    assert seen.loaded, seen.errors
    assert seen.prompt is not None
    assert seen.prompt.startswith(artifact.agent.prompt.strip())
    assert seen.tools is not None
    wanted = {c: tools for c, tools in CLAUDE_TOOLS.items() if given(artifact, c)}
    if "execute" in wanted:  # the shell stands for both
        wanted.pop("grep", None)
        wanted.pop("glob", None)
    allowed = {tool for tools in wanted.values() for tool in tools}
    allowed |= CLAUDE_TODO if given(artifact, "todo") else set()
    assert seen.tools <= allowed
    assert all(seen.tools & tools for tools in wanted.values())


def check_copilot(artifact: Artifact, seen: Observation, always: frozenset[str]) -> None:
    assert seen.loaded, seen.errors
    assert seen.prompt is not None
    assert seen.prompt.startswith(artifact.agent.prompt.strip())
    wanted = {t for c, tools in COPILOT_TOOLS.items() if given(artifact, c) for t in tools}
    assert seen.tools == frozenset(wanted | always)


def check_codex(artifact: Artifact, seen: Observation) -> None:
    assert seen.loaded, seen.errors
    assert seen.prompt is not None
    assert artifact.agent.prompt in seen.prompt
    assert seen.description == artifact.agent.description
    assert seen.tools is not None
    assert ("exec_command" in seen.tools) == given(artifact, "execute")


def check_gemini(artifact: Artifact, seen: Observation) -> None:
    agent = artifact.agent
    assert (seen.loaded, seen.errors) == (True, ())
    assert seen.prompt == agent.prompt.strip()
    assert (seen.model or "inherit") == agent.model.ids.get("gemini", "inherit")
    assert seen.temperature == (1 if agent.temperature is None else agent.temperature)
    wanted = {tool for c, tool in gemini.TOOLS.items() if given(artifact, c)}
    assert seen.tools == frozenset(wanted | {"complete_task"})


def check_qwen(artifact: Artifact, seen: Observation) -> None:
    agent = artifact.agent
    assert (seen.loaded, seen.errors) == (True, ())
    assert seen.prompt == agent.prompt.strip()
    assert (seen.description, seen.model) == (agent.description, agent.model.ids.get("qwen"))
    wanted = {tool for c, tools in qwen.TOOLS.items() if given(artifact, c) for tool in tools}
    assert seen.tools == frozenset(wanted)


def check_roo(artifact: Artifact, seen: Observation) -> None:
    agent = artifact.agent
    assert (seen.loaded, seen.errors) == (True, ())
    assert (seen.prompt, seen.description) == (agent.prompt, agent.description)
    wanted = {
        group for group, names in roo.GROUPS.items() if all(given(artifact, c) for c in names)
    }
    assert seen.tools is not None
    assert seen.tools - {"mcp"} == wanted
    assert "mcp" not in seen.tools or artifact.variant.policy.default != "deny"


def check_all(
    artifacts: Sequence[Artifact],
    seen: Sequence[Observation],
    check: Callable[[Artifact, Observation], None],
) -> None:
    assert len(artifacts) == len(seen) > 0
    for artifact, observation in zip(artifacts, seen, strict=True):
        check(artifact, observation)


def assert_caught(
    bad: dict[bytes, bytes],
    artifact: Artifact,
    observe: Callable[[dict[str, bytes], str], Observation],
    check: Callable[[Artifact, Observation], None],
) -> None:
    """Spoil an artifact in each way, and see the check fail."""
    for old, new in bad.items():
        assert artifact.content.count(old) >= 1, old
        files, name = case(artifact, artifact.content.replace(old, new, 1))
        with pytest.raises(AssertionError):
            check(artifact, observe(dict(files), name))


def architects(target: str) -> list[Artifact]:
    """Return the architect's files, those that are spoilt here."""
    return [a for a in emitted(target) if a.variant.pack.name == "python-ml-architect"]


def default_of(target: str) -> Artifact:
    return next(a for a in architects(target) if a.variant.is_default)


def test_opencode_sees_what_is_meant() -> None:
    artifacts = emitted("opencode")
    seen = observe_each(opencode.observe, [case(a) for a in artifacts])
    check_all(artifacts, seen, check_opencode)


def test_opencode_check_fails_on_bad_files() -> None:
    bad = {
        b"temperature: 0.55": b"temperature: hot",
        b'"*": deny\n': b"bash: allow\n",
        b"  webfetch: allow": b"  webfetch: allow\n  edit: allow",
        b"## 1. Role": b"## 1. Rule",
    }
    assert_caught(bad, default_of("opencode"), opencode.observe, check_opencode)


def test_claude_code_sees_what_is_meant() -> None:
    artifacts = emitted("claude-code")
    for observe in (claude_code.observe, claude_code.observe_subagent):
        check_all(artifacts, observe_each(observe, [case(a) for a in artifacts]), check_claude)


def test_claude_code_check_fails_on_bad_files() -> None:
    bad = {b"tools:": b"tool:", b"name:": b"nam:", b"Read, ": b"Read, Edit, "}
    assert_caught(bad, default_of("claude-code"), claude_code.observe_subagent, check_claude)


def test_copilot_sees_what_is_meant() -> None:
    artifacts = emitted("copilot")
    cases = [case(a) for a in artifacts]
    main = observe_each(copilot.observe, cases)
    check_all(artifacts, main, lambda a, seen: check_copilot(a, seen, copilot.ALWAYS))
    spawned = observe_each(copilot.observe_subagent, cases)
    check_all(artifacts, spawned, lambda a, seen: check_copilot(a, seen, frozenset()))


def test_copilot_check_fails_on_bad_files() -> None:
    bad = {
        b"tools:": b"toolz:",
        b"  - search\n": b"  - search\n  - edit\n",
        b"description:": b"about:",
    }

    def check(artifact: Artifact, seen: Observation) -> None:
        check_copilot(artifact, seen, frozenset())

    assert_caught(bad, default_of("copilot"), copilot.observe_subagent, check)


def test_codex_sees_what_is_meant() -> None:
    artifacts = emitted("codex")
    check_all(artifacts, observe_each(codex.observe, [case(a) for a in artifacts]), check_codex)


def test_codex_check_fails_on_bad_files() -> None:
    closed = next(a for a in architects("codex") if b"shell_tool = false" in a.content)
    bad = {
        b"shell_tool = false": b"shell_tool = true",
        b"description =": b"temperature = 0.5\ndescription =",
        b"## 1. Role": b"## 1. Rule",
    }
    assert_caught(bad, closed, codex.observe, check_codex)


def test_codex_reads_the_block_in_agents_md() -> None:
    for artifact in emitted("agents-md"):
        seen = codex.observe_instructions({"AGENTS.md": artifact.content})
        assert seen is not None
        assert seen.strip() == artifact.content.decode().strip()
        assert artifact.agent.prompt in artifact.content.decode()


def test_gemini_sees_what_is_meant() -> None:
    artifacts = emitted("gemini")
    check_all(artifacts, gemini.observe_many([case(a) for a in artifacts]), check_gemini)


def test_gemini_check_fails_on_bad_files() -> None:
    bad = {
        b"tools:": b"toolz:",
        b"  - grep_search\n": b"  - grep_search\n  - write_file\n",
        b"## 1. Role": b"## 1. ${role}",
    }
    assert_caught(bad, default_of("gemini"), gemini.observe, check_gemini)


def test_qwen_code_sees_what_is_meant() -> None:
    artifacts = emitted_if_named("qwen")
    check_all(artifacts, qwen.observe_many([case(a) for a in artifacts]), check_qwen)


def test_qwen_code_check_fails_on_bad_files() -> None:
    bad = {
        b"tools:": b"toolz:",
        b"  - grep_search\n": b"  - grep_search\n  - Shell\n",
        b"## 1. Role": b"## 1. ${role}",
        b"description:": b"about:",
    }
    artifacts = emitted_if_named("qwen")
    closed = [a for a in artifacts if b"run_shell_command" not in a.content]
    assert_caught(
        bad, next(a for a in closed if b"## 1. Role" in a.content), qwen.observe, check_qwen
    )


def test_roo_code_takes_what_is_meant() -> None:
    artifacts = emitted_if_named("roo")
    check_all(artifacts, roo.observe_many([case(a) for a in artifacts]), check_roo)
    replaced = {*"\u00a0\u200b\u200c\u200d\u2010\u2011\u2012\u2013\u2014\u2015\u2212"}
    replaced |= {*"\u2018\u2019\u201c\u201d"}  # as the source of Roo Code says
    for artifact in artifacts:
        assert replaced.isdisjoint(artifact.content.decode())


def test_roo_code_check_fails_on_bad_files() -> None:
    bad = {
        b"groups:": b"group:",
        b"      - read\n": b"      - read\n      - edit\n",
        b"    groups:\n": b"    groups:\n      - write\n",
        b"## 1. Role": b"## 1. Rule",
        b"whenToUse:": b"when:",
    }
    artifacts = emitted_if_named("roo")
    closed = [a for a in artifacts if b"- edit" not in a.content and b"- read" in a.content]
    assert_caught(
        bad, next(a for a in closed if b"## 1. Role" in a.content), roo.observe, check_roo
    )


def observe_kilo(files: Files, name: str) -> Observation:
    return kilo.observe_folders([(files, name)])[0]


def test_kilo_sees_what_is_meant() -> None:
    artifacts = emitted_if_named("kilo")
    check_all(artifacts, kilo.observe_folders([case(a) for a in artifacts]), check_kilo)


def test_kilo_check_fails_on_bad_files() -> None:
    bad = {
        b"mode: ": b"mode: x",
        b'"*": deny\n': b"bash: allow\n",
        b"  grep: allow": b"  grep: allow\n  notebook_edit: allow",
        b"## 1. Role": b"## 1. Rule",
    }
    named = (a for a in emitted_if_named("kilo") if b"## 1. Role" in a.content)
    closed = next(a for a in named if b"  bash" not in a.content)
    assert_caught(bad, closed, observe_kilo, check_kilo)
