"""Files that are filled into a form are the ones that a whole check of each makes and passes.

The oracle is the whole check: `encode_and_check`, which reads every file back in every client. The
words that are filled in are drawn from all texts in the code of the codecs, so that a codec that
looks for one of them is met.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import promptpack.targets
from promptpack.build import render
from promptpack.model import Agent, Effect, Model, Policy
from promptpack.reading.project import load_project
from promptpack.session import Session
from promptpack.targets import TARGETS, Target, file_forms
from promptpack.targets.emit import encode_and_check
from promptpack.targets.file_forms import FileForms
from promptpack.targets.losses import LossFinder
from support import DEMO, count_cases, make_project
from test_never_wider import agents

AGENT = Agent("x", "x", "subagent", Model("m"), None, Policy(Effect.DENY), "x\n")
FILLABLE = [target for target in TARGETS.values() if target.is_fillable]
IDS = [target.name for target in FILLABLE]
USED = frozenset(TARGETS)
PLAIN = "Say what you found, and where you found it.\n"
ODD_NAMES = ("true", "1", "-a", "a:b", "Ä", "n-1", "claude", "default", "a" * 99)
ODD_DESCRIPTIONS = ("An agent.", "true", 'It\'s "so": a # b', "a --- b", "two\nlines", " x ", "{x}")
ODD_PROMPTS = (
    "short\n",
    f"---\nname: x\n---\n\n{PLAIN}",
    f"{PLAIN}\n---\ntools: '*'\n---\n",
    f"'''\n{PLAIN}",
    f'{PLAIN}"""\n\\',
    f"${{word}} {PLAIN}",
    f"{PLAIN}\n!`ls` @file $ARGUMENTS {{{{x}}}}\n",
    f"{PLAIN}\x07\n",
    f"{PLAIN}\r\nx\r\n",
    f" {PLAIN}",
    f"\u2028{PLAIN}\u0085\n",
    f"\ufeff{PLAIN}",
    f"{PLAIN}" * 900,
    "no end, though it is long enough for one",
)


def list_constants() -> list[str]:
    """Return the texts that stand in the code of the codecs, their descriptions left out."""
    folder = Path(promptpack.targets.__file__).parent
    texts: dict[str, None] = {}
    for path in sorted(folder.glob("*.py")):
        nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
        prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        values = (n.value for n in nodes if isinstance(n, ast.Constant) and id(n) not in prose)
        texts |= dict.fromkeys(value for value in values if isinstance(value, str))
    return [text for text in texts if text.strip()]


CONSTANTS = list_constants()
WORDS = sorted({word for text in CONSTANTS for word in re.findall(r"[A-Za-z][\w-]*", text)})

ALL_WORDS = [
    (word.lower(), f"Has {word} in it.", f"{PLAIN}\n{text}\n")
    for word, text in zip_longest(WORDS, CONSTANTS, fillvalue="x")
]
"""Each word and each text of the code once."""

names = st.sampled_from([word.lower().replace("_", "-") for word in WORDS]) | st.sampled_from(
    ODD_NAMES
)
descriptions = st.one_of(
    st.sampled_from(WORDS).map(lambda word: f"Does {word}, and no more."),
    st.sampled_from(CONSTANTS),
    st.sampled_from(ODD_DESCRIPTIONS),
)
prompts = st.one_of(
    st.sampled_from(CONSTANTS).map(lambda text: f"{PLAIN}\n{text}\n"),
    st.sampled_from(CONSTANTS).map(lambda text: f"{text}\n\n{PLAIN}"),
    st.sampled_from(ODD_PROMPTS),
    st.text(max_size=60).map(lambda text: f"{PLAIN}{text}\n"),
)
words = st.tuples(names, descriptions, prompts)


def fill_in(agent: Agent, name: str, description: str, prompt: str) -> Agent:
    return replace(agent, name=name, stem=name, description=description, prompt=prompt)


def is_told_apart(target: Target, agent: Agent, drawn: Sequence[tuple[str, str, str]]) -> bool:
    """Tell whether some agents of one head come out of forms otherwise than of whole checks."""
    forms = FileForms(LossFinder(USED))
    plain = [fill_in(agent, f"a-{n}", f"Agent {n}.", f"{n}. {PLAIN}") for n in "bc"]
    return any(
        forms.encode_and_check(target, one) != encode_and_check(target, one, LossFinder(USED))
        for one in (*plain, *(fill_in(agent, *one) for one in drawn))
    )


@pytest.mark.parametrize("target", FILLABLE, ids=IDS)
@settings(max_examples=count_cases(80), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_file_that_is_filled_in_is_the_one_of_a_whole_check(
    target: Target, data: st.DataObject
) -> None:
    agent = data.draw(agents(target))
    drawn = data.draw(st.lists(words, min_size=1, max_size=6))
    assert not is_told_apart(target, agent, drawn)


@pytest.mark.parametrize("target", FILLABLE, ids=IDS)
def test_no_word_in_the_code_of_a_codec_is_told_apart(target: Target) -> None:
    assert not is_told_apart(target, AGENT, ALL_WORDS)


@pytest.mark.parametrize(
    ("field", "word"), [("name", "write"), ("description", "execute"), ("prompt", "sandbox_mode")]
)
@pytest.mark.parametrize("name", ["claude-code", "codex", "copilot"])
def test_a_codec_that_looks_at_words_is_told_apart(name: str, field: str, word: str) -> None:
    """The negative control: a client that gives everything to agents with some word."""
    real = TARGETS[name]

    def decode(text: str, stem: str) -> Agent:
        decoded = real.decode(text, stem)
        return (
            replace(decoded, policy=Policy(Effect.ALLOW))
            if word in getattr(decoded, field)
            else decoded
        )

    odd = replace(real, decode=decode)
    assert is_told_apart(odd, AGENT, ALL_WORDS)


def test_a_codec_that_changes_plain_words_has_no_form() -> None:
    """Where the two samples do not come out alike, every file is checked as a whole."""
    real = TARGETS["copilot"]
    odd = replace(
        real,
        encode=lambda agent: real.encode(agent).replace(
            "description: ", "tools: ['*']\ndescription: " if "k" in agent.name else "description: "
        ),
    )
    assert not is_told_apart(odd, AGENT, [("k-1", "Some words.", PLAIN), ("n-1", "More.", PLAIN)])


def test_ten_packs_are_checked_as_a_whole_as_often_as_three(tmp_path: Path) -> None:
    """Of each further pack, nothing but plain words is new."""
    counts = []
    for count in (3, 10):
        files = {
            path.replace("packs/demo/", f"packs/demo-{number}/"): text.replace(
                "name: demo", f"name: demo-{number}"
            )
            for number in range(count)
            for path, text in DEMO.items()
        }
        project = load_project(make_project(tmp_path / str(count), files))
        with patch.object(file_forms, "encode_and_check", wraps=encode_and_check) as checks:
            artifacts = [*render(Session(project))]
        counts.append(checks.call_count)
        assert len(artifacts) >= count * 2
    assert counts[0] == counts[1]
