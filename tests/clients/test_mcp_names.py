"""In: policies of MCP servers with an underscore. Out: what the real clients offer of those.

The clients are asked with the servers connected, and once more without any: then nothing of the
client's own may stand in for them.
"""

from collections.abc import Callable, Mapping

import pytest

import mcp_tools
from clients import claude_code, copilot, kilo, opencode, qwen
from clients.gate import need_clients
from clients.mcp_server import write_servers
from clients.observation import Files
from promptpack.model import Agent, Effect, Model, Policy, split_mcp_name
from promptpack.policy.lattice import grant_of
from promptpack.targets import TARGETS
from promptpack.targets.emit import encode_and_check

pytestmark = pytest.mark.clients

TOOLS = {"my": ["x", "server_x"], "my_server": ["x", "under_score"], "my-server": ["x"]}
SERVERS = write_servers(TOOLS)
POLICIES: Mapping[str, Mapping[str, str]] = {
    "longer held back": {"mcp:my": "allow", "mcp:my_server": "deny"},
    "longer alone": {"mcp:my_server": "allow"},
    "one tool": {"mcp:my_server/under_score": "allow"},
}
NO_SERVERS: Files = {}
Ask = Callable[[str, Files], frozenset[str]]


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def write_file(target: str, policy: Mapping[str, str]) -> str:
    """Return the file of an agent that may read, and what the policy says of MCP servers."""
    grants = {name: grant_of(Effect(effect)) for name, effect in policy.items()}
    whole = Policy(Effect.DENY, {"read": grant_of(Effect.ALLOW), **grants})
    agent = Agent("asker", "Asks.", "primary", Model("m"), None, whole, "Ask them all.\n")
    text, _, problems = encode_and_check(TARGETS[target], agent)
    assert problems == []
    return text


def ask_opencode(text: str, servers: Files) -> frozenset[str]:
    files = {".opencode/agents/asker.md": text.encode()}
    return opencode.observe_offered(files, "asker", servers) - {"read"}


def ask_kilo(text: str, servers: Files) -> frozenset[str]:
    files = {".kilo/agents/asker.md": text.encode()}
    return opencode.observe_offered(files, "asker", servers, kilo.KILO) - {"read"}


def ask_claude_code(text: str, servers: Files) -> frozenset[str]:
    files = {".claude/agents/asker.md": text.encode()}
    asked = [claude_code.observe, claude_code.observe_subagent]
    main, spawned = (observe(files, "asker", servers).tools for observe in asked)
    assert main == spawned
    assert main is not None
    return main - {"Read"}


def ask_copilot(text: str, servers: Files) -> frozenset[str]:
    head = text.split("---\n")[1].partition("tools:")[2]
    (tools,) = copilot.observe_heads([f"tools:{head}"], servers)
    assert tools is not None
    return tools - {"view"}


def ask_qwen(text: str, servers: Files) -> frozenset[str]:
    files = {".qwen/agents/asker.md": text.encode()}
    (seen,) = qwen.observe_many([(files, "asker")], servers)
    assert seen.tools is not None
    return seen.tools - {"read_file"}


CLIENTS: Mapping[str, tuple[Ask, str]] = {
    "opencode": (ask_opencode, "{}_{}"),
    "claude-code": (ask_claude_code, "mcp__{}__{}"),
    "copilot": (ask_copilot, "{}-{}"),
    "qwen": (ask_qwen, "mcp__{}__{}"),
    "kilo": (ask_kilo, "{}_{}"),
}
"""How each client is asked, and what it makes of a server and a tool."""


def check(target: str, text: str, policy: Mapping[str, str]) -> None:
    """Compare what a client offers with the policy, and with the table of the other tests."""
    ask, form = CLIENTS[target]
    named = {split_mcp_name(name)[0] for name in policy}
    pairs = [(server, tool) for server in named for tool in TOOLS[server]]
    wanted = {
        (server, tool)
        for server, tool in pairs
        if policy.get(f"mcp:{server}/{tool}", policy.get(f"mcp:{server}")) == "allow"
    }
    if target in ("opencode", "kilo"):  # one name for two tools: the stricter rule applies
        wanted -= {("my", "server_x")}
    assert ask(text, SERVERS) == {form.format(*pair) for pair in wanted}
    given = {pair for pair in pairs if mcp_tools.ask(target, text, *pair) == "allow"}
    assert given == wanted


@pytest.mark.parametrize("target", sorted(CLIENTS.keys() - {"qwen"}))
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_server_with_an_underscore_is_held(target: str, policy: Mapping[str, str]) -> None:
    check(target, write_file(target, policy), policy)


@pytest.mark.parametrize("target", ["opencode", "claude-code", "kilo"])
def test_one_tool_of_such_a_server_is_taken_away(target: str) -> None:
    policy = {"mcp:my_server": "allow", "mcp:my_server/under_score": "deny"}
    check(target, write_file(target, policy), policy)


@pytest.mark.parametrize(
    ("target", "old", "new"),
    [
        ("opencode", "  my_server_*: deny\n", ""),
        ("kilo", "  my_server_*: deny\n", ""),
        ("claude-code", "mcp__my", "mcp__my, mcp__my_server"),
        ("copilot", "- my/*\n", "- my/*\n- my_server/*\n"),
    ],
)
def test_a_spoilt_file_is_caught(target: str, old: str, new: str) -> None:
    policy = POLICIES["longer held back"]
    text = write_file(target, policy)
    assert text.count(old) == 1
    with pytest.raises(AssertionError):
        check(target, text.replace(old, new), policy)


def test_one_tool_of_such_a_server_is_held_in_qwen_code() -> None:
    policy = POLICIES["one tool"]
    text = write_file("qwen", policy)
    check("qwen", text, policy)
    with pytest.raises(AssertionError):
        check("qwen", text.replace("under_score", "x"), policy)


@pytest.mark.parametrize("target", CLIENTS)
def test_nothing_stands_in_for_an_absent_server(target: str) -> None:
    text = write_file(target, POLICIES["longer alone"])
    assert CLIENTS[target][0](text, NO_SERVERS) == frozenset()


def test_qwen_code_takes_whole_names_in_a_list_and_servers_in_a_deny_list() -> None:
    servers = write_servers({"db": ["q", "r"], "my_db": ["q"], "my.db": ["s"], "a__b": ["y"]})
    head = "---\nname: asker\ndescription: Asks.\n{}\n---\nAsk them all.\n"
    for name in ("mcp__db", "mcp__*", "mcp__db__*", "mcp__my.db__s", "mcp__my_db__s"):
        assert ask_qwen(head.format(f"tools: ['{name}']"), servers) == frozenset(), name
    assert ask_qwen(head.format("tools: [mcp__db__q]"), servers) == {"mcp__db__q"}
    every = {tool for tool in ask_qwen(head.format("tools:"), servers) if tool.startswith("mcp__")}
    (marked,) = (tool for tool in every if tool.startswith("mcp__my_db__s_"))
    assert every == {"mcp__db__q", "mcp__db__r", "mcp__my_db__q", "mcp__a__b__y", marked}
    for name, gone in {
        "mcp__db": {"mcp__db__q", "mcp__db__r"},
        "mcp__db__q": {"mcp__db__q"},
        "mcp__my_db": {"mcp__my_db__q", marked},
        "mcp__my_db__s": set[str](),
        "mcp__a__b": set[str](),
        "mcp__*": every,
    }.items():
        seen = ask_qwen(head.format(f"disallowedTools: [{name}]"), servers)
        assert {tool for tool in seen if tool.startswith("mcp__")} == every - gone, name


def test_no_name_but_the_star_gives_every_server_in_claude_code() -> None:
    head = "---\nname: asker\ndescription: Asks.\ntools: Read, {}\n---\nAsk.\n"
    assert ask_claude_code(head.format("mcp__*"), SERVERS) == frozenset()
    assert ask_claude_code(head.format("mcp__my"), SERVERS) == {"mcp__my__x", "mcp__my__server_x"}
    files = {".claude/agents/asker.md": head.format("'*'").replace("'", "").encode()}
    tools = claude_code.observe_subagent(files, "asker", SERVERS).tools
    assert tools is not None
    assert tools > {"mcp__my__x", "mcp__my_server__x", "mcp__my-server__x", "Bash"}


def test_in_claude_code_a_server_ends_at_the_first_double_underscore() -> None:
    servers = write_servers({"a": ["x__y"], "a__b": ["y"], "a_": ["z"]})
    head = "---\nname: asker\ndescription: Asks.\ntools: Read, {}\n---\nAsk.\n"
    for name in ("mcp__a__b", "mcp__a_"):
        assert ask_claude_code(head.format(name), servers) == frozenset()
    for name in ("mcp__a", "mcp__a__x__y"):
        assert ask_claude_code(head.format(name), servers) == {"mcp__a__x__y"}
    assert ask_claude_code(head.format("mcp__a__b__y"), servers) == {"mcp__a__b__y"}


def test_copilot_reads_names_in_any_case_and_joined() -> None:
    servers = write_servers({"db": ["q"], "DB": ["r"], "my-server": ["x"], "my.server": ["y"]})
    wanted = {
        "db/*": {"db-q", "DB-r"},
        "DB/Q": {"db-q"},
        "other/my-server-X": {"my-server-x"},
        "my-server-x": {"my-server-x"},
        "my/server-x": set(),
        "my-server/*": {"my-server-x"},
    }
    seen = copilot.observe_tools([[name] for name in wanted], servers=servers)
    assert seen == [frozenset(tools) for tools in wanted.values()]
