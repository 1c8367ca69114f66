"""In: files named like a client's own agents. Out: the client's list, and what becomes of the file.

A client version that brings an agent of its own fails here, so that its name gets refused too.
"""

from collections.abc import Callable

import pytest

from clients import claude_code, codex, copilot, kilo, opencode, qwen, roo
from clients.gate import need_clients
from promptpack.targets import TARGETS

pytestmark = pytest.mark.clients

LISTS: dict[str, Callable[[], frozenset[str]]] = {
    "opencode": opencode.list_own_agents,
    "claude-code": claude_code.list_own_agents,
    "copilot": copilot.list_own_agents,
    "codex": codex.list_own_agents,
    "qwen": qwen.list_own_agents,
    "kilo": kilo.list_own_agents,
    "roo": roo.list_own_modes,
}
BODY = "Mine alone."


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def markdown(name: str) -> bytes:
    return f"---\nname: {name}\ndescription: Mine.\n---\n{BODY}\n".encode()


def role(name: str) -> bytes:
    text = f"name = '{name}'\ndescription = 'Mine.'\ndeveloper_instructions = '{BODY}'\n"
    return text.encode()


@pytest.mark.parametrize("target", LISTS)
def test_the_own_agents_of_a_client_are_the_ones_we_know(target: str) -> None:
    listed = LISTS[target]()
    assert listed == TARGETS[target].own_agents


def test_a_file_replaces_an_agent_of_opencode() -> None:
    names = sorted(TARGETS["opencode"].own_agents)
    files = {f".opencode/agents/{name}.md": markdown(name) for name in names}
    seen = opencode.observe_folders([(files, name) for name in [*names, "asker"]])
    assert [one.prompt for one in seen] == [*[BODY] * len(names), None]


def test_a_file_replaces_an_agent_of_claude_code() -> None:
    names = sorted(TARGETS["claude-code"].own_agents)
    files = {f".claude/agents/{name}.md": markdown(name) for name in names}
    for name in names:
        assert claude_code.observe(files, name).prompt == BODY
    assert not claude_code.observe(files, "asker").loaded


def test_a_file_replaces_an_agent_of_codex() -> None:
    for name in sorted(TARGETS["codex"].own_agents):
        assert codex.observe({f".codex/agents/{name}.toml": role(name)}, name).prompt == BODY
    other = codex.observe({".codex/agents/asker.toml": role("asker")}, "worker")
    assert other.prompt != BODY


def test_a_file_replaces_an_agent_of_kilo() -> None:
    names = sorted(TARGETS["kilo"].own_agents)
    files = {f".kilo/agents/{name}.md": markdown(name) for name in names}
    seen = kilo.observe_folders([(files, name) for name in [*names, "asker"]])
    assert [one.prompt for one in seen] == [*[BODY] * len(names), None]


def test_a_file_replaces_an_agent_of_qwen_code() -> None:
    names = sorted(TARGETS["qwen"].own_agents)
    files = {f".qwen/agents/{name}.md": markdown(name) for name in names}
    seen = qwen.observe_many([(files, name) for name in [*names, "asker"]])
    assert [one.prompt for one in seen] == [*[BODY] * len(names), None]


def test_copilot_spawns_its_own_agent_whatever_the_file_says() -> None:
    files = {
        f".github/agents/{name}.agent.md": markdown(name) for name in ("general-purpose", "asker")
    }
    own, mine = (copilot.observe_subagent(files, name) for name in ("general-purpose", "asker"))
    assert own.prompt is not None
    assert BODY not in own.prompt
    assert mine.prompt is not None
    assert mine.prompt.startswith(BODY)
