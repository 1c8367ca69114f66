"""Names of tools in prose: the targets' tables against what was measured, and what counts."""

import pytest

from clients.review import MAPPED, read_reviewed
from promptpack.lint.tool_mentions import find_mentions, find_own_name, list_owners, make_tool_key
from promptpack.model import CAPABILITIES
from promptpack.targets import TARGETS, qwen_file

NAMED = sorted(name for name, target in TARGETS.items() if target.tool_names)
RENAMED = {
    "claude-code": {"Task"},
    "opencode": {"list"},
    "gemini": set(),
    "qwen": {*qwen_file.ALIASES},
}
"""Names that a client takes, or took, for a tool that it now calls otherwise."""

ALL_TOOLS = {"qwen": {"exec"}}
"""Tools that are about no capability of their own, since one of them gives all the others."""


@pytest.mark.fault("foreign-tool")
@pytest.mark.parametrize("target", NAMED)
def test_a_target_names_tools_of_capabilities_that_it_provides(target: str) -> None:
    for name, capabilities in TARGETS[target].tool_names.items():
        assert {*capabilities} <= {*CAPABILITIES} & TARGETS[target].provides, name


@pytest.mark.fault("foreign-tool")
@pytest.mark.parametrize("target", RENAMED)
def test_the_names_are_those_that_were_measured_on_the_client(target: str) -> None:
    verdicts = read_reviewed()[target].verdicts["tools"]
    measured = {name for name, verdict in verdicts.items() if verdict == MAPPED}
    named = {*TARGETS[target].tool_names} - RENAMED[target]
    assert named == measured - ALL_TOOLS.get(target, set())


@pytest.mark.fault("foreign-tool")
def test_the_names_of_copilot_are_among_those_that_it_takes() -> None:
    verdicts = read_reviewed()["copilot"].verdicts["tools"]
    measured = {name for name, verdict in verdicts.items() if verdict == MAPPED}
    assert measured <= {*TARGETS["copilot"].tool_names}


@pytest.mark.parametrize("target", NAMED)
def test_every_name_is_found_where_it_is_called_a_tool(target: str) -> None:
    for name in TARGETS[target].tool_names:
        if "/" not in name and "-" not in name:
            assert [*find_mentions(f"Use the `{name}` tool.")] == [name]
            assert target in list_owners(name)


@pytest.mark.fault("noisy-rule")
@pytest.mark.parametrize(
    "text",
    [
        "Read the file, then edit and write it; list what is left.",
        "Search the web with a search tool, and view the agent tool belt.",
        "Run Bash or PowerShell scripts with `grep`, `glob` and `bash`.",
        "Open `src/read_file.py`, my-read_file and `read_file/`.",
        "Tasks, Skills and Agents are words. The Task is done.",
        "Replace `replace` by str.replace.",
    ],
)
def test_words_are_no_tools(text: str) -> None:
    assert [*find_mentions(text)] == []


def test_one_tool_in_several_spellings_is_one() -> None:
    keys = {make_tool_key(name) for name in ("WebFetch", "web_fetch", "webfetch")}
    assert len(keys) == 1
    assert {*list_owners("WebFetch")} == {
        *("claude-code", "copilot", "gemini", "opencode", "qwen", "kilo"),
    }
    assert find_own_name(TARGETS["gemini"], "TodoWrite") == "write_todos"
    assert find_own_name(TARGETS["gemini"], "Task") == ""
