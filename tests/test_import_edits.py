"""What is changed in an imported pack is all that changes in its files, and is read in them.

The property is tried on generated files of every client whose front matter can be kept.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from import_edits import KINDS, Outcome, edit_import
from promptpack.importing.agent_file import AgentFile, make_agent_file
from promptpack.importing.importer import ImportForm
from promptpack.importing.places import match_place
from promptpack.reading.project import load_project_or_none

EMPTY = load_project_or_none(Path(__file__).parent)
PLACES = {
    ".claude/agents/critic.md": [
        *("tools: Read, Bash # all", "tools: [Read, Edit]", "disallowedTools: Edit", "color: red"),
        *("model: opus", "permissionMode: plan", "emoji: '🚀'"),
    ],
    ".github/agents/critic.agent.md": [
        *("tools: ['read', 'search']", "tools:\n  - execute\n  - edit", "model: gpt-5"),
        *("argument-hint: a branch", "handoffs:\n  - label: x\n    agent: y"),
    ],
    ".opencode/agents/critic.md": [
        *("mode: primary", "permission:\n  edit: deny\n  bash: ask", "temperature: 0.2"),
        *("tools: {bash: false}", "model: acme/large", "color: '#5B8DEF'"),
    ],
    ".gemini/agents/critic.md": [
        *("tools:\n  - read_file\n  - run_shell_command", "model: gemini-2.5-pro", "max_turns: 9"),
    ],
    ".cursor/agents/critic.md": ["readonly: true", "readonly: false", "model: fast"],
}
DESCRIPTIONS = ["Reviews.", "'It''s.'", '"A: b"', ">\n  Folded\n  text.", "|-\n  Literal."]
BODIES = [
    "# Critic\n\nYou review.\n\n## Rules\n\n- One.\n\n## Output\n\n- Two {{ x }}.\n",
    "You review.\n\n\n## Rules\n- One.  \n- Two.\n",
    "You review.",
]


@st.composite
def agent_files(draw: st.DrawFn) -> list[AgentFile]:
    """Return the files of one agent in one client or several, each with keys of its own."""
    body = draw(st.sampled_from(BODIES))
    files = []
    for place in draw(st.lists(st.sampled_from([*PLACES]), min_size=1, unique=True)):
        keys = [f"description: {draw(st.sampled_from(DESCRIPTIONS))}", "name: critic", "# kept"]
        chosen = draw(st.lists(st.sampled_from(PLACES[place]), max_size=3))
        keys += {one.partition(":")[0]: one for one in chosen}.values()
        head = "\n".join(draw(st.permutations(keys)))
        text = f"---\n{head}\n---\n\n{body}"
        files.append(make_file(place, text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))))
    return files


def make_file(place: str, text: str) -> AgentFile:
    found = match_place(place)
    assert found
    return make_agent_file(place, found, text)


@pytest.mark.parametrize("kind", KINDS)
@given(files=agent_files(), split=st.booleans())
@settings(max_examples=support.count_cases(48))
def test_only_what_was_changed_changes(kind: str, files: list[AgentFile], split: bool) -> None:
    outcome = edit_import(EMPTY, files, ImportForm(split=split), kind)
    assert outcome.wrong == ()
    keys = {key.partition(":")[0] for one in PLACES.values() for key in one}
    assert all(any(f"'{key}'" in error for key in keys) for error in outcome.errors)


@pytest.mark.parametrize("split", [False, True])
def test_a_key_that_gives_back_what_is_taken_away_is_named(split: bool) -> None:
    head = "name: critic\ndescription: x\ntools: Read, Edit, Write\nmemory: user\n"
    files = [make_file(".claude/agents/critic.md", f"---\n{head}---\n\nYou review.\n")]
    outcome = edit_import(EMPTY, files, ImportForm(split=split), "policy")
    assert any("'memory' in the kept head" in error for error in outcome.errors)
    assert edit_import(EMPTY, files, ImportForm(split=split), "description") == Outcome((), ())
