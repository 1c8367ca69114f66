"""In: names in an agent's `tools`. Out: the real Copilot gives the tools that the table says."""

from collections.abc import Mapping
from functools import cache

import pytest

from clients import copilot
from clients.copilot_names import AGENTS, CODEX_MODEL, CODEX_NAMES, NAMES, SHELL
from clients.gate import need_clients
from clients.mcp_server import write_servers

pytestmark = pytest.mark.clients


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


@cache
def observe_names(names: tuple[str, ...], model: str) -> Mapping[str, frozenset[str] | None]:
    seen = copilot.observe_tools([[name] for name in names], model)
    return dict(zip(names, seen, strict=True))


def check(table: Mapping[str, str], model: str = "gpt-5") -> None:
    wanted = {name: frozenset(tools.split()) for name, tools in table.items()}
    assert observe_names(tuple(table), model) == wanted


def test_each_name_gives_the_tools_of_the_table() -> None:
    check(NAMES)


@pytest.mark.parametrize(
    ("name", "tools"), [("db/execute", ""), ("edit/editFiles", "create edit"), ("execute/*", SHELL)]
)
def test_a_spoilt_table_is_caught(name: str, tools: str) -> None:
    with pytest.raises(AssertionError):
        check({**NAMES, name: tools})


def test_another_model_has_one_tool_for_all_changes_of_files() -> None:
    check(CODEX_NAMES, CODEX_MODEL)
    with pytest.raises(AssertionError):
        check({**CODEX_NAMES, "createFile": "create"}, CODEX_MODEL)


def test_a_list_gives_what_its_names_give() -> None:
    lists = [["db/execute", "kb/*", "nothing/*"], ["jira/task", "read"], []]
    seen = copilot.observe_tools(lists)
    assert seen == [frozenset(tools.split()) for tools in (SHELL, f"{AGENTS} view", "")]


def test_a_main_session_takes_the_tools_of_an_absent_server_the_same() -> None:
    head = "description: Asks.\ntools: [db/execute, wiki/edit, kb/*]"
    files = {".github/agents/asker.agent.md": f"---\n{head}\n---\nAsk.\n".encode()}
    seen = copilot.observe(files, "asker")
    assert seen.tools == frozenset([*SHELL.split(), "edit", *copilot.ALWAYS])


def test_only_what_a_server_does_not_have_is_taken_for_an_own_tool() -> None:
    wanted = {
        "db/execute": "db-execute",
        "db/*": "db-execute db-textSearch",
        "db/write": "create edit",
        "other/execute": SHELL,
        "execute": SHELL,
        "search/textSearch": "search-textSearch",
        "edit/editFiles": "edit",
    }
    servers = write_servers(dict.fromkeys(("db", "search"), ("execute", "textSearch")))
    seen = copilot.observe_tools([[name] for name in wanted], servers=servers)
    assert seen == [frozenset(tools.split()) for tools in wanted.values()]
