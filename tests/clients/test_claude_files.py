"""In: agent files of Claude Code. Out: what Claude Code gives by them, and what Copilot does.

Copilot loads `.claude/agents` too. Claude Code is also asked with its PowerShell tool switched on,
which it has on Windows by itself.
"""

from collections.abc import Mapping

import pytest

from clients import claude_code, copilot
from clients.copilot_names import AGENTS, SHELL
from clients.copilot_names import CAPABILITIES as COPILOT_CAPABILITIES
from clients.gate import need_clients
from clients.observation import observe_each
from clients.review import read_reviewed
from promptpack.model import CAPABILITIES, Agent, Effect, Model, Policy
from promptpack.policy.lattice import grant_of
from promptpack.targets import TARGETS
from promptpack.targets.claude_code import TOOLS

pytestmark = pytest.mark.clients

POWERSHELL = {"CLAUDE_CODE_USE_POWERSHELL_TOOL": "1"}
SHELLS = {"Bash", "PowerShell", "Monitor"}
CLAUDE_PATH = ".claude/agents/{}.md"

COPILOT_GIVES: Mapping[str, str] = {
    "Read": "view",
    "Glob": "glob",
    "Grep": "grep",
    **dict.fromkeys(["Edit", "NotebookEdit", "Write"], "create edit"),
    "Bash": SHELL,
    "TodoWrite": "update_todo",
    "Agent": AGENTS,
    "Skill": "skill",
    # nothing here: PowerShell is for Windows, and Copilot has its web tools only online
    **dict.fromkeys(["PowerShell", "WebFetch", "WebSearch"], ""),
    **dict.fromkeys(["TaskCreate", "TaskGet", "TaskList", "TaskUpdate"], ""),
    **dict.fromkeys(["mcp__git", "mcp__git__push", "mcp__git__execute", "mcp__*"], ""),
}
"""What Copilot gives for each name that a file of Claude Code may list."""

UNSEEN = {
    "PowerShell": {"execute"},
    "WebFetch": {"web_fetch"},
    "WebSearch": {"web_fetch", "web_search"},
}
"""What a name gives elsewhere: on Windows, or online."""


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def make_file(head: str) -> dict[str, bytes]:
    return {CLAUDE_PATH.format("asker"): f"---\n{head}\n---\nAsk.\n".encode()}


def write_file(policy: Policy) -> dict[str, bytes]:
    agent = Agent("asker", "Asks.", "all", Model("m"), None, policy, "Ask.\n")
    return {CLAUDE_PATH.format("asker"): TARGETS["claude-code"].encode(agent).encode()}


def observe_both(files: dict[str, bytes], env: Mapping[str, str]) -> list[frozenset[str]]:
    """Return the tools of an agent in a main and in a spawned session."""
    found = []
    for observe in (claude_code.observe, claude_code.observe_subagent):
        seen = observe(files, "asker", None, env)
        assert seen.tools is not None, seen.errors
        found.append(seen.tools)
    return found


@pytest.mark.parametrize("default", [Effect.DENY, Effect.INHERIT])
def test_without_commands_there_is_no_shell_of_any_kind(default: Effect) -> None:
    closed = {"read": grant_of(Effect.ALLOW), "execute": grant_of(Effect.DENY)}
    for tools in observe_both(write_file(Policy(default, closed)), POWERSHELL):
        assert "Read" in tools
        assert not tools & SHELLS
    spoilt = make_file("name: asker\ndescription: Asks.\ndisallowedTools: Bash, Monitor")
    for tools in observe_both(spoilt, POWERSHELL):
        assert tools & SHELLS == {"PowerShell"}


def test_commands_come_with_every_shell_that_there_is() -> None:
    files = write_file(Policy(Effect.DENY, {"execute": grant_of(Effect.ALLOW)}))
    assert observe_both(files, POWERSHELL) == [frozenset({"Bash", "PowerShell"})] * 2
    assert observe_both(files, {}) == [frozenset({"Bash"})] * 2


def test_a_new_tool_is_not_open_to_an_agent_that_is_denied_anything() -> None:
    files = write_file(Policy(Effect.INHERIT, {"skill": grant_of(Effect.DENY)}))
    listed = {tool for tools in TOOLS.values() for tool in tools} - {"Skill"}
    for tools in observe_both(files, POWERSHELL):
        assert tools <= listed
    other = {*read_reviewed()["claude-code"].verdicts["tools"]} - listed - {"Skill"}
    for tools in observe_both(write_file(Policy(Effect.INHERIT)), POWERSHELL):
        assert tools & other
        assert tools <= listed | other | {"Skill"}


@pytest.mark.parametrize("tools", ["Read, *", "['*', Read]", "Read *"])
def test_a_star_among_other_names_gives_everything(tools: str) -> None:
    head = "name: asker\ndescription: Asks."
    assert observe_both(make_file(f"{head}\ntools: {tools}"), POWERSHELL) == observe_both(
        make_file(head), POWERSHELL
    )
    spoilt = make_file(f"{head}\ntools: Read, *(x), **")
    assert observe_both(spoilt, POWERSHELL) == [frozenset({"Read"})] * 2


def test_claude_code_does_not_see_what_is_written_for_cursor() -> None:
    head = "name: asker\ndescription: Asks."
    heads = [head, f"{head}\ntools: Read, Edit"]
    for one in heads:
        plain, marked = (make_file(text) for text in (one, f"{one}\nreadonly: true"))
        for observe in (claude_code.observe, claude_code.observe_subagent):
            seen = observe_each(observe, [(plain, "asker"), (marked, "asker")])
            assert seen[0] == seen[1]
            assert seen[0].loaded


def ask_copilot(*heads: str) -> list[frozenset[str] | None]:
    return copilot.observe_heads(heads, path=CLAUDE_PATH)


def read_granted(head: str) -> set[str]:
    """Return the capabilities that the Copilot codec reads in such a file."""
    policy = TARGETS["copilot"].decode(f"---\n{head}\n---\nAsk.\n", "asker").policy
    allowed: set[str] = {c for c in CAPABILITIES if policy.grant(c) == grant_of(Effect.ALLOW)}
    assert all(policy.grant(name) != grant_of(Effect.ALLOW) for name in policy.list_mcp_names())
    return allowed


def check_copilot(table: Mapping[str, str]) -> None:
    seen = ask_copilot(*(f"tools: '{name}'" for name in table))
    assert seen == [frozenset(tools.split()) for tools in table.values()]
    for name, tools in table.items():
        given = {c for tool in tools.split() for c in COPILOT_CAPABILITIES[tool]}
        assert read_granted(f"tools: {name}") == given | UNSEEN.get(name, set()) | {"skill"}, name


def test_copilot_takes_the_names_of_claude_code_for_its_own() -> None:
    assert {tool for tools in TOOLS.values() for tool in tools} <= COPILOT_GIVES.keys()
    check_copilot(COPILOT_GIVES)
    with pytest.raises(AssertionError):
        check_copilot({**COPILOT_GIVES, "Edit": "edit"})


def test_copilot_reads_an_allow_list_and_ignores_the_rest() -> None:
    everything, denied, listed, star, marked, nothing = ask_copilot(
        "model: sonnet",
        "disallowedTools: Bash, Edit",
        "tools: Read, Bash\ndisallowedTools: Bash",
        "tools: Read, *",
        "tools: Read\nreadonly: true",
        "tools: []",
    )
    assert everything is not None
    assert everything == denied == star
    assert everything >= {"bash", "edit", "create"}
    assert listed == frozenset(["view", *SHELL.split()])
    assert (marked, nothing) == (frozenset({"view"}), frozenset())
    assert "execute" in read_granted("disallowedTools: Bash")
    assert read_granted("tools: Read, Bash\ndisallowedTools: Bash") == {"read", "execute", "skill"}


def test_copilot_lets_an_agent_write_that_claude_code_lets_only_edit() -> None:
    allow, deny = grant_of(Effect.ALLOW), grant_of(Effect.DENY)
    closed = Policy(Effect.DENY, {"read": allow, "edit": allow, "write": deny})
    files = write_file(closed)
    for tools in observe_both(files, {}):
        assert tools & {"Edit", "Write"} == {"Edit"}
    (text,) = (content.decode() for content in files.values())
    head = text.split("---\n")[1]
    (listed,) = [line for line in head.splitlines() if line.startswith("tools:")]
    assert ask_copilot(listed) == [frozenset({"view", "edit", "create"})]
    assert read_granted(listed) == {"read", "edit", "write", "patch", "skill"}
    without = listed.replace("Edit, NotebookEdit", "Glob")
    assert ask_copilot(without) == [frozenset({"view", "glob"})]
