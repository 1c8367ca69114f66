"""In: instruction files. Out: which text Copilot CLI puts into a session, and which it names."""

import re
from functools import cache

import pytest

from clients import copilot
from clients.gate import need_clients
from promptpack.importing.places import match_place
from promptpack.model import Agent, Effect, Model, Policy
from promptpack.targets import TARGETS

pytestmark = pytest.mark.clients

TARGET = TARGETS["copilot-instructions"]
CASES: dict[str, tuple[dict[str, str], str]] = {
    "plain": ({}, "text"),
    "all": ({"applyTo": "**"}, "text"),
    "some": ({"applyTo": "**/*.py,src/**"}, "**/*.py, src/**"),
    "braces": ({"applyTo": "**/*.{ts,tsx}"}, "**/*.{ts,tsx}"),
    "review": ({"applyTo": "**", "excludeAgent": "code-review"}, "text"),
    "cloud": ({"applyTo": "**", "excludeAgent": "cloud-agent"}, ""),
}
"""Extra keys, and what a session gets: the "text", the patterns that stand for it, or nothing."""


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


@cache
def read_session() -> str:
    """Return what a session is told where there is a file of each case, and one in a folder."""
    files = {TARGET.make_path(name): encode(name).encode() for name in CASES}
    files[TARGET.make_path("sub/deep")] = encode("deep").encode()
    return copilot.observe_instructions(files)


def encode(name: str) -> str:
    extra = CASES[name][0] if name in CASES else {}
    policy = Policy(Effect.INHERIT)
    description = f"It: {name}."
    agent = Agent(name, description, "all", Model(""), None, policy, f"ZZ{name}ZZ.\n", extra=extra)
    return TARGET.encode(agent)


@pytest.mark.parametrize("name", CASES)
def test_a_session_gets_the_text_or_the_patterns(name: str) -> None:
    told, expected = read_session(), CASES[name][1]
    assert (f"ZZ{name}ZZ." in told) == (expected == "text")
    row = re.search(rf"\| (.+) \| '{re.escape(TARGET.make_path(name))}' \| (.*) \|", told)
    if expected in ("text", ""):
        assert row is None
    else:
        assert row
        assert row.groups() == (expected, f"It: {name}.")


def test_a_file_in_a_folder_is_loaded_from_our_place() -> None:
    found = match_place(TARGET.make_path("sub/deep"), texts=True)
    assert found
    assert found.target == TARGET.name
    assert "ZZdeepZZ." in read_session()
