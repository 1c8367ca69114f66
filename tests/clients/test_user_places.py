"""In: agent files in a home folder. Out: whether the clients load them from where we put them."""

import subprocess
from collections.abc import Mapping

import pytest

from clients import claude_code, codex, copilot, kilo, opencode, qwen
from clients.gate import need_clients
from clients.observation import Files
from clients.sandbox import client
from promptpack.targets import TARGETS

pytestmark = pytest.mark.clients

BODY = "Mine alone."
MARKDOWN = f"---\nname: asker\ndescription: Mine.\n---\n{BODY}\n".encode()
NAMELESS = f"---\ndescription: Mine.\n---\n{BODY}\n".encode()
ROLE = f"name = 'asker'\ndescription = 'Mine.'\ndeveloper_instructions = '{BODY}'\n".encode()
CONTENT: Mapping[str, bytes] = {
    "claude-code": MARKDOWN,
    "codex": ROLE,
    "copilot": MARKDOWN,
    "opencode": NAMELESS,
    "qwen": MARKDOWN,
    "kilo": NAMELESS,
}


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def is_loaded(target: str, path: str) -> bool:
    files: Files = {f"~/{path}": CONTENT[target]}
    if target == "opencode":
        return opencode.observe(files, "asker").prompt == BODY
    if target == "kilo":
        return kilo.observe(files, "asker").prompt == BODY
    observe = {
        "claude-code": claude_code.observe,
        "codex": codex.observe,
        "copilot": copilot.observe,
        "qwen": qwen.observe,
    }[target]
    return observe(files, "asker").loaded


@pytest.mark.parametrize("target", CONTENT)
def test_a_client_loads_what_is_installed_for_a_user(target: str) -> None:
    assert is_loaded(target, TARGETS[target].make_user_path("asker"))


def test_copilot_has_another_place_for_a_user_than_in_a_repository() -> None:
    assert not is_loaded("copilot", TARGETS["copilot"].make_path("asker"))


def test_gemini_says_where_its_users_agents_are() -> None:
    program = (
        f"const {{ Storage }} = await import('{client('gemini')}/dist/src/config/storage.js');"
        "console.log(Storage.getUserAgentsDir())"
    )
    command = [client("node"), "--input-type=module", "-e", program]
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"HOME": "/home/us"}
    ).stdout.strip()
    assert f"{told}/asker.md" == f"/home/us/{TARGETS['gemini'].make_user_path('asker')}"
