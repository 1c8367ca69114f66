"""In: a good and a bad agent file per client. Out: each real client sees the first one as meant."""

from dataclasses import replace

import pytest

from clients import claude_code, codex, copilot, gemini, kilo, opencode, qwen
from clients.gate import need_clients
from clients.observation import Case, observe_each
from clients.replies import Call
from promptpack.targets import qwen_file

pytestmark = pytest.mark.clients

BODY = "Read ${PATH:-it}, {{twice}} & <slowly>.\n\n- one\n- two"


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def case(path: str, head: str, body: str = BODY) -> Case:
    """Return a project with one agent file, named asker, with this front matter."""
    return {path: f"---\n{head}\n---\n{body}\n".encode()}, "asker"


def opencode_case(head: str) -> Case:
    return case(".opencode/agents/asker.md", head)


def test_opencode_resolves_the_agent() -> None:
    head = "description: Asks.\nmode: subagent\nmodel: a/b-1\ntemperature: 0.5\n"
    rules = 'permission: {edit: deny, bash: {"*": ask, "git diff *": allow}}'
    seen = opencode.observe(*opencode_case(head + rules))
    assert (seen.loaded, seen.prompt, seen.description) == (True, BODY, "Asks.")
    assert (seen.model, seen.temperature, seen.mode) == ("a/b-1", 0.5, "subagent")
    assert seen.tools is not None
    assert seen.tools >= {"read", "bash"}
    assert not seen.tools & {"edit", "write"}
    assert seen.permissions is not None
    own = (("edit", "*", "deny"), ("bash", "*", "ask"), ("bash", "git diff *", "allow"))
    assert seen.permissions[-4:-1] == own


def test_opencode_refuses_a_bad_value() -> None:
    seen = opencode.observe(*opencode_case("description: Asks.\ntemperature: hot"))
    assert not seen.loaded
    assert "temperature" in seen.errors[-1]


def test_opencode_server_agrees_with_the_command() -> None:
    good = opencode_case("description: Asks.\nmode: primary\npermission: {edit: deny}")
    bad = opencode_case("description: Asks.\ntemperature: hot")
    folders = opencode.observe_folders([good, bad, good])
    assert folders[0] == folders[2] == replace(opencode.observe(*good), tools=None)
    assert (folders[1].loaded, "temperature" in folders[1].errors[0]) == (False, True)


def test_opencode_observes_a_whole_folder() -> None:
    files = {f".opencode/agents/{n}.md": f"---\ndescription: {n}\n---\n".encode() for n in "abc"}
    seen = opencode.observe_many(files, list("cab"))
    assert [one.description for one in seen] == list("cab")


def claude_case(head: str) -> Case:
    return case(".claude/agents/asker.md", head)


def test_claude_code_gives_the_listed_tools() -> None:
    good = claude_case("name: asker\ndescription: Asks.\ntools: Read, Grep\nmodel: haiku")
    for seen in observe_each(claude_code.observe, [good]):
        assert (seen.loaded, seen.prompt) == (True, BODY)
        assert seen.tools == frozenset({"Read", "Grep"})
        assert seen.model is not None
        assert "haiku" in seen.model
    for seen in observe_each(claude_code.observe_subagent, [good]):
        assert seen.prompt is not None
        assert seen.prompt.startswith(BODY)
        assert (seen.tools, seen.description) == (frozenset({"Read", "Grep"}), "Asks.")


def test_claude_code_skips_a_file_without_a_name() -> None:
    bad = claude_case("description: Asks.\ntools: Read")
    for ask in (claude_code.observe, claude_code.observe_subagent):
        seen = ask(*bad)
        assert (seen.loaded, "'asker' not found" in seen.errors[0]) == (False, True)


def test_claude_code_opens_up_on_a_misspelt_key() -> None:
    seen = claude_code.observe_subagent(*claude_case("name: asker\ndescription: A.\ntool: Read"))
    assert seen.tools is not None
    assert seen.tools >= {"Bash", "Edit", "Write", "WebFetch"}


def copilot_case(head: str) -> Case:
    return case(".github/agents/asker.agent.md", head)


def test_copilot_gives_the_listed_tools() -> None:
    good = copilot_case("description: Asks.\ntools: [read, search]\nmodel: gpt-4.1")
    tools = frozenset({"view", "grep", "glob"})
    main = copilot.observe(*good)
    assert (main.prompt, main.tools) == (BODY, tools | copilot.ALWAYS)
    seen = copilot.observe_subagent(*good)
    assert seen.prompt is not None
    assert seen.prompt.startswith(BODY)
    assert (seen.tools, seen.model) == (tools, "gpt-4.1")
    assert seen.description == "Asks."


def test_copilot_opens_up_on_a_misspelt_key() -> None:
    seen = copilot.observe_subagent(*copilot_case("description: Asks.\ntoolz: [read]"))
    assert seen.tools is not None
    assert seen.tools >= {"bash", "edit", "create", "task"}


def test_copilot_refuses_bad_front_matter() -> None:
    seen = copilot.observe(*copilot_case("description: Asks.\ntools:"))
    assert (seen.loaded, "tools: Expected array" in seen.errors[0]) == (False, True)


ROLE = f"name = 'asker'\ndescription = 'Asks.'\ndeveloper_instructions = '''\n{BODY}\n'''\n"


def codex_case(more: str) -> Case:
    return {".codex/agents/asker.toml": (ROLE + more).encode()}, "asker"


def test_codex_spawns_the_role() -> None:
    seen = codex.observe(*codex_case("model_reasoning_effort = 'low'\n"))
    assert (seen.loaded, seen.prompt) == (True, BODY + "\n")
    assert (seen.description, seen.errors) == ("Asks.", ())
    assert seen.tools is not None
    assert "exec_command" in seen.tools


def test_codex_drops_a_role_with_an_unknown_key() -> None:
    seen = codex.observe(*codex_case("temperature = 0.5\n"))
    assert (seen.loaded, len(seen.errors)) == (False, 1)
    assert "unknown field `temperature`" in seen.errors[0]


def test_codex_reads_the_instructions_file() -> None:
    assert codex.observe_instructions({"AGENTS.md": BODY.encode()}) == BODY
    assert codex.observe_instructions({}) is None


def gemini_case(head: str, body: str = BODY) -> Case:
    return case(".gemini/agents/asker.md", f"name: asker\ndescription: Asks.\n{head}", body)


def test_gemini_gives_the_listed_tools() -> None:
    seen = gemini.observe(*gemini_case("tools: [read_file, glob]\ntemperature: 0.5"))
    assert (seen.loaded, seen.prompt, seen.description) == (True, BODY, "Asks.")
    assert (seen.model, seen.temperature, seen.errors) == ("inherit", 0.5, ())
    assert seen.tools == frozenset({"read_file", "glob", "complete_task"})


def test_gemini_tells_a_bad_file_from_one_that_cannot_be_invoked() -> None:
    unknown, word = gemini.observe_many(
        [gemini_case("tools: [no_such_tool]"), gemini_case("tools: []", "Say ${word}.")]
    )
    assert (unknown.loaded, "Invalid tool name" in unknown.errors[0]) == (False, True)
    assert (word.loaded, word.prompt, word.tools) == (True, None, frozenset({"complete_task"}))
    assert "Missing required input parameters: word" in word.errors[0]


def qwen_case(head: str, body: str = BODY) -> Case:
    return case(".qwen/agents/asker.md", f"name: asker\ndescription: Asks.\n{head}", body)


def test_qwen_code_gives_the_listed_tools_and_all_of_them_for_an_empty_list() -> None:
    listed, empty = qwen.observe_many(
        [qwen_case("tools: [read_file, Glob]\nmodel: a"), qwen_case("tools: []")]
    )
    assert (listed.loaded, listed.prompt, listed.description) == (True, BODY, "Asks.")
    assert (listed.model, listed.errors) == ("a", ())
    assert listed.tools == frozenset({"read_file", "glob"})
    assert empty.tools is not None
    assert {tool for tools in qwen.TOOLS.values() for tool in tools} <= empty.tools


def test_qwen_code_tells_a_bad_file_from_one_that_cannot_be_started() -> None:
    bad, word = qwen.observe_many(
        [qwen_case("approvalMode: most"), qwen_case("tools: [glob]", "Say ${word}.")]
    )
    assert not bad.loaded
    assert (word.loaded, word.prompt, word.tools) == (True, None, frozenset({"glob"}))
    assert "Missing context values for the following keys: word" in word.errors[0]


def test_qwen_code_takes_the_names_that_it_shows_for_the_tools() -> None:
    aliases = qwen_file.ALIASES
    assert aliases.keys() <= qwen.list_shown_names()
    assert {*aliases.values()} <= qwen.list_tool_names()
    shown, own = (
        qwen.observe_many([qwen_case(f"tools: [{name}]") for name in names])
        for names in (aliases.keys(), aliases.values())
    )
    assert [one.tools for one in shown] == [one.tools for one in own]
    assert len({tool for one in shown for tool in one.tools or ()}) > 10
    assert qwen.observe(*qwen_case("tools: [Read, bash]")).tools == frozenset()


@pytest.mark.parametrize(("bash", "is_made"), [("deny", False), ("allow", True)])
def test_kilo_asks_the_permission_of_the_shell_before_it_starts_a_process(
    bash: str, is_made: bool
) -> None:
    head = f"---\ndescription: Asks.\npermission: {{bash: {bash}}}\n---\n{BODY}\n"
    call = Call(
        "background_process",
        {"action": "start", "command": "touch made; sleep 5", "description": "d"},
    )
    files = {".kilo/agents/asker.md": head.encode()}
    assert ("made" in opencode.use_tool(files, "asker", call, kilo.KILO)) == is_made
