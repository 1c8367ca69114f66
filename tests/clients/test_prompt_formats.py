"""In: files of prompt formats. Out: each format's own engine gives the prompt back to the byte.

A file with a spoilt prompt has to fail, so no engine is asked in vain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.formats import render, render_promptfoo
from format_cases import ACTS, FORMATS, SUPPORTS, make_agent, make_file, nasty_texts, trim
from promptpack.build import build_project
from promptpack.reading.project import load_project
from promptpack.rendering.variants import Selection
from promptpack.targets import TARGETS
from promptpack.targets.emit import encode_and_check
from promptpack.targets.heads import spell_file
from support import count_cases

pytestmark = pytest.mark.clients

ROOT = Path(__file__).resolve().parents[2]
ENGINES = tuple(name for name in FORMATS if name != "promptfoo")
PROMPT = "Say {{ this }}.\n"
SPOILT: Mapping[str, tuple[str, str]] = {
    "prompty": ("{{ '{' }}{ this }}", "{{ this }}"),
    "dotprompt": ("\\{{ this }}", "{{ this }}"),
    "promptfoo": ("{{ '{' }}{ this }}", "{{ this }}"),
    "langchain": ("SystemMessage", "HumanMessage"),
    "promptpack-json": ("Say this.", "Say {{this}}."),
}
"""What is replaced in a file, and by what, so that its engine gives something else, or nothing."""


def check(prompts: Sequence[str]) -> None:
    """Ask the engines about each prompt that is not refused; promptfoo is asked by itself."""
    made = [(target, prompt, make_file(target, prompt)) for prompt in prompts for target in ENGINES]
    asked = [(target, prompt, text) for target, prompt, (text, refused) in made if not refused]
    answers = render([(target, text) for target, _, text in asked])
    for (target, prompt, text), answer in zip(asked, answers, strict=True):
        assert answer.get("prompt") == trim(target, prompt), (target, text, answer)


@pytest.mark.fault("prompt-format")
def test_a_prompt_of_anything_that_acts_comes_back() -> None:
    singles = [f"{start}{act}{end}\n" for act in ACTS for start in ("", "x") for end in ("", "y")]
    pairs = [f"{a}{b}\n" for a in ACTS for b in ACTS[::5]]
    check([*singles, *pairs])


@pytest.mark.properties
@settings(max_examples=count_cases(8), deadline=None)
@given(prompts=st.lists(nasty_texts, min_size=30, max_size=60))
def test_any_prompt_comes_back_or_is_refused(prompts: list[str]) -> None:
    check(prompts)


@pytest.mark.fault("prompt-format")
def test_promptfoo_sends_a_prompt_of_anything_that_acts() -> None:
    prompts = [f"{act}x{act}\n" for act in ACTS] + ["".join(ACTS)]
    made = {prompt: make_file("promptfoo", prompt) for prompt in prompts}
    asked = {prompt: text for prompt, (text, refused) in made.items() if not refused}
    asked["spoilt"] = make_file("promptfoo", PROMPT)[0].replace(*SPOILT["promptfoo"])
    *answers, spoilt = render_promptfoo([*asked.values()])
    assert answers == [*asked][:-1]
    assert spoilt == "Say .\n"


def test_the_engines_read_the_fields_that_the_files_have() -> None:
    for target, answer in zip(
        ENGINES, render([(t, make_file(t, "x\n")[0]) for t in ENGINES]), strict=True
    ):
        agent = make_agent("x\n")
        told = {"name": agent.name, "description": agent.description, "temperature": 0.5}
        told["model"] = agent.model.ids[target]
        read = {key: value for key, value in answer.items() if key != "prompt"}
        assert read == {key: told[key] for key in SUPPORTS[target]}, target


@pytest.mark.parametrize("target", ENGINES)
def test_a_spoilt_file_is_seen(target: str) -> None:
    prompt = PROMPT if target != "promptpack-json" else "Say this.\n"
    text, refused = make_file(target, prompt)
    assert not refused
    good, bad = render([(target, text), (target, text.replace(*SPOILT[target]))])
    assert good["prompt"] == trim(target, prompt)
    assert bad.get("prompt") != good["prompt"]


def test_what_is_refused_would_come_back_changed() -> None:
    """Each reason for refusing a prompt is a fault of the engine's, not ours."""
    cases = {
        "prompty": ["A\nsystem:\nB\n", "A\n# user :\nB\n", "A\u2028B\n", "A\x0bB\n"],
        "dotprompt": ["A <<<dotprompt:role:user>>> B\n", "A\n<<<dotprompt:history>>>\n"],
        "promptpack-json": ["A {{x}} B\n"],
    }
    for target, prompts in cases.items():
        for prompt in prompts:
            text, refused = make_file(target, prompt)
            assert refused, prompt
            (answer,) = render([(target, text)])
            assert answer.get("prompt") != trim(target, prompt), prompt
    named = replace(make_agent("x\n"), description="a --- b")
    text, _, refused = encode_and_check(TARGETS["prompty"], named)
    assert refused
    assert render([("prompty", text)])[0].get("description") != "a --- b"


def test_line_ends_of_windows_are_read() -> None:
    for target in ENGINES:
        agent = make_agent("A\nB\n")
        text = make_file(target, agent.prompt)[0]
        crlf = spell_file(text, agent.form._replace(newline="\r\n"))
        (answer,) = render([(target, crlf)])
        assert answer["prompt"].replace("\r\n", "\n") == trim(target, agent.prompt)


def test_the_prompts_of_the_reference_packs_come_back() -> None:
    selection = Selection((), (), (), ("system",))
    prompts = {one.agent.prompt for one in build_project(load_project(ROOT), selection)}
    assert len(prompts) > 10
    assert not any(make_file(target, prompt)[1] for prompt in prompts for target in ENGINES)
    check(sorted(prompts))
