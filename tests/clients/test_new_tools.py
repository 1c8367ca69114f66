"""In: files that do not know a tool of the client. Out: the client offers it where we say so."""

from collections.abc import Callable

import pytest

from clients import claude_code, codex, copilot, gemini, kilo, opencode, qwen
from clients.gate import need_clients
from clients.observation import Files, Observation
from new_tools import NEW_TOOLS, POLICIES, encode_unaware, is_offered
from promptpack.targets import TARGETS

pytestmark = pytest.mark.clients

ASK: dict[str, Callable[[Files, str], Observation]] = {
    "opencode": opencode.observe,
    "claude-code": claude_code.observe_subagent,
    "copilot": copilot.observe,
    "codex": codex.observe,
    "gemini": gemini.observe,
    "qwen": qwen.observe,
    "kilo": kilo.observe,
}


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


@pytest.mark.parametrize("target", ASK)
def test_a_tool_that_the_codec_does_not_know_is_offered_where_the_table_says(target: str) -> None:
    texts = {told: encode_unaware(target, policy) for told, policy in POLICIES.items()}
    path = TARGETS[target].path.format(name="asker")
    offered = {}
    for told, text in texts.items():
        seen = ASK[target]({path: text.encode()}, "asker")
        assert seen.tools is not None, seen
        offered[told] = NEW_TOOLS[target].tool in seen.tools
    assert offered == {told: is_offered(target, text) for told, text in texts.items()}
    assert offered["`default: inherit`, nothing is denied"]
