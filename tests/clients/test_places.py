"""In: agent files in every place that a client may look. Out: whether it loads them, as we say."""

import pytest

from clients import claude_code, codex, copilot, gemini, kilo, opencode, qwen
from clients.gate import need_clients
from clients.observation import Files
from promptpack.importing.places import match_place

pytestmark = pytest.mark.clients

BODY = "Mine alone."
MARKDOWN = f"---\nname: asker\ndescription: Mine.\n---\n{BODY}\n".encode()
NAMELESS = f"---\ndescription: Mine.\n---\n{BODY}\n".encode()
ROLE = f"name = 'asker'\ndescription = 'Mine.'\ndeveloper_instructions = '{BODY}'\n".encode()


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def is_loaded(client: str, path: str) -> bool:
    """Tell whether a client that is started in the top folder has the agent of a file."""
    name = "sub/asker" if client in ("opencode", "kilo") and "/sub/" in path else "asker"
    if client == "kilo":
        return kilo.observe_folders([({path: NAMELESS}, name)])[0].prompt == BODY
    if client == "opencode":
        return opencode.observe_folders([({path: NAMELESS}, name)])[0].prompt == BODY
    files: Files = {path: ROLE if client == "codex" else MARKDOWN}
    observe = {
        "claude-code": claude_code.observe,
        "copilot": copilot.observe,
        "codex": codex.observe,
        "gemini": gemini.observe,
        "qwen": qwen.observe,
    }[client]
    return observe(files, name).loaded


@pytest.mark.parametrize(
    ("client", "path"),
    [
        ("claude-code", ".claude/agents/sub/deep/asker.md"),
        ("claude-code", "shop/.claude/agents/asker.md"),
        ("copilot", ".github/agents/asker.md"),
        ("copilot", ".github/agents/sub/asker.agent.md"),
        ("copilot", ".github/chatmodes/asker.chatmode.md"),
        ("copilot", "shop/.github/agents/asker.agent.md"),
        ("codex", ".codex/agents/sub/asker.toml"),
        ("gemini", ".gemini/agents/sub/asker.md"),
        ("gemini", ".gemini/agents/asker.md"),
        ("qwen", ".qwen/agents/sub/asker.md"),
        ("qwen", ".qwen/agents/asker.md"),
        ("qwen", "shop/.qwen/agents/asker.md"),
        ("qwen", ".claude/agents/asker.md"),
        *(
            ("kilo", f"{folder}/{place}/asker.md")
            for folder in (".kilo", ".kilocode")
            for place in ("agent", "agents", "mode", "modes")
        ),
        *(("kilo", f".kilo/{place}/sub/asker.md") for place in ("agents", "modes")),
        *(("kilo", f"{folder}/agents/asker.md") for folder in ("shop/.kilo", ".claude")),
        ("kilo", ".opencode/agents/asker.md"),
        *(
            ("opencode", f".opencode/{folder}/{name}.md")
            for folder in ("agent", "agents", "mode", "modes")
            for name in ("asker", "sub/asker")
        ),
        ("opencode", "shop/.opencode/agents/asker.md"),
    ],
)
def test_a_client_loads_what_is_in_our_places(client: str, path: str) -> None:
    found = match_place(path)
    expected = found is not None and (found.target, found.root) == (client, "")
    assert is_loaded(client, path) == expected


def test_copilot_loads_the_files_of_claude_code_and_prefers_its_own() -> None:
    other = MARKDOWN.replace(BODY.encode(), b"Theirs.")
    both = {".claude/agents/asker.md": other, ".github/agents/asker.agent.md": MARKDOWN}
    assert copilot.observe(both, "asker").prompt == BODY
    assert copilot.observe({".claude/agents/sub/asker.md": MARKDOWN}, "asker").prompt == BODY
