"""Files that are filled into a form are the ones that a whole check of each makes and passes.

The oracle is the whole check: `encode_and_check`, which reads every file back in every client. The
words that are filled in are drawn from all texts in the code of the codecs, so that a codec that
looks for one of them is met.
"""

import ast
import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import promptpack.targets
from promptpack.build import render
from promptpack.model import Agent, Artifact, Effect, FileForm, Model, Policy, UserError, Variant
from promptpack.reading.project import load_project
from promptpack.session import Session
from promptpack.targets import TARGETS, Target, file_forms
from promptpack.targets.artifacts import ArtifactMaker
from promptpack.targets.emit import encode_and_check
from promptpack.targets.file_forms import FileForms, FilledWords
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

ODD_PIECES = (
    *("An", "agent", "true", "null", "y", "1", "2026-01-01", "12:30", "1_0", "0x1F", "a:b", "#x"),
    *("---", "...", "~", "=", "<<", "-", "- x", "*a", "&a", "!b", "|", ">", "%", "@a", "`c`", "?"),
    *("[a]", "{b}", "don't", '"q"', "x/y", "\u00e9", "e\u0301", "\xd7", "\xdf", "\U0001f600"),
    *("\u200b", "\u202e", "\ufeff", "\x85", "\u2028", "\xa0", "\t", "\r", "w" * 60, "w" * 61),
    *("qzx-one", "Qzx one is here.", "kwv2", "kwv,", "tools: '*'", "readonly: false", "a.agent"),
)
ODD_LINES = (
    *ODD_PROMPTS,
    *("---", "+++", "...", "name: x", "permission: allow", "[features]", "shell_tool = true"),
    *("''", "'''", '"""', "\\", "${x}", "$1", "@file", "!`ls`", "```", "~~~", "{{x}}", "# h"),
    *("<!-- x -->", "<!-- promptpack:begin x -->", "\x00", "\t", "\x0b", "\x1b[0m", "\x7f", "\x80"),
    *("\x85", "\u2029", "\ufffe", "\ufeff", "\u200b", "", "  ", "   x", "x" * 31_000),
    "Qzx is the first, which stands for all others.",
)
"""Pieces of descriptions and lines of prompts that some reader takes for something else."""

odd_descriptions = st.lists(
    st.sampled_from(ODD_PIECES) | st.sampled_from(("An", "agent", "true", "write", "is", "here.")),
    min_size=1,
    max_size=7,
).flatmap(
    lambda pieces: st.sampled_from((" ", " ", " ", ", ", ". ", ": ", " - ", "-", "/", "  ")).map(
        lambda between: between.join(pieces)
    )
)
odd_prompts = st.lists(st.sampled_from((PLAIN, *ODD_LINES)), min_size=1, max_size=6).map("\n".join)
odd_names = st.from_regex(r"[a-z\u00e9][a-zA-Z0-9._-]{0,9}", fullmatch=True) | st.sampled_from(
    sorted({name for target in TARGETS.values() for name in target.own_agents})
)
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
words = st.tuples(
    names | odd_names,
    descriptions | odd_descriptions,
    prompts | odd_prompts | odd_prompts.map(lambda text: f"{text}\n{PLAIN}"),
)


def fill_in(agent: Agent, name: str, description: str, prompt: str) -> Agent:
    return replace(agent, name=name, stem=name, description=description, prompt=prompt)


def list_agents(agent: Agent, drawn: Sequence[tuple[str, str, str]]) -> list[Agent]:
    """Return two agents of one head that are plain, and those with the words that were drawn."""
    plain = [(f"a-{n}", f"Agent {n}.", f"{n}. {PLAIN}") for n in "bc"]
    return [fill_in(agent, *one) for one in (*plain, *drawn)]


def is_told_apart(target: Target, agent: Agent, drawn: Sequence[tuple[str, str, str]]) -> bool:
    """Tell whether some agents of one head come out of forms otherwise than of whole checks."""
    forms = FileForms(LossFinder(USED))
    return any(is_other(forms, target, one) for one in list_agents(agent, drawn))


def is_other(forms: FileForms, target: Target, agent: Agent) -> bool:
    """Tell whether an agent comes out of forms otherwise; 0.0 and -0.0 are not the same here."""
    checked = forms.encode_and_check(target, agent)
    return repr(checked) != repr(encode_and_check(target, agent, LossFinder(USED)))


def read_independently(target: Target, text: str, agent: Agent) -> tuple[Any, ...]:
    """Return a file's name, description, prompt and other keys, as common readers have them."""
    if target.prompt_key:
        keys = tomllib.loads(text)
        prompt = keys.pop(target.prompt_key)
    else:
        _, head, prompt = text.split("---\n", 2)
        keys, prompt = yaml.safe_load(head), prompt.removeprefix("\n")
    return keys.pop("name", agent.stem), keys.pop("description"), prompt, keys


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
@settings(max_examples=count_cases(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_other_readers_find_the_words_in_a_file_that_is_filled_in(
    target: Target, data: st.DataObject
) -> None:
    """And beside them the keys and values of the files that were checked."""
    drawn = data.draw(st.lists(words, min_size=1, max_size=6))
    forms, rest = FileForms(LossFinder(USED)), []
    for one in list_agents(data.draw(agents(target)), drawn):
        text, _, problems = forms.encode_and_check(target, one)
        if not problems and is_plain(target, one):
            *found, keys = read_independently(target, text, one)
            assert found == [one.name, one.description, one.prompt]
            rest.append(repr(keys))
    assert len({*rest}) <= 1


def is_plain(target: Target, agent: Agent) -> bool:
    """Tell whether an agent may be filled in."""
    return FileForms(LossFinder())._is_plain(
        target, agent, FilledWords(agent.name, agent.description, agent.prompt)
    )


TEMPERATURES = (None, 0.0, -0.0, 1, 1.0, True)
heads: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from(TEMPERATURES),
        "accepted": st.frozensets(st.sampled_from(["read", "execute", "edit"]), max_size=2),
        "effort": st.sampled_from([None, "low", "high"]),
        "mode": st.sampled_from(["subagent", "primary", "all"]),
        "model": st.sampled_from([Model("m"), Model("m", ids=dict.fromkeys(TARGETS, "a/b"))]),
        "policy": st.sampled_from([Policy(Effect.DENY), Policy(Effect.INHERIT)]),
    },
)


@pytest.mark.parametrize("target", FILLABLE, ids=IDS)
@settings(max_examples=count_cases(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_heads_in_any_order_do_not_get_the_form_of_each_other(
    target: Target, data: st.DataObject
) -> None:
    forms, agent = FileForms(LossFinder(USED)), data.draw(agents(target))
    changes = data.draw(st.lists(heads, min_size=1, max_size=4))
    for number, change in enumerate(data.draw(st.lists(st.sampled_from(changes), max_size=9))):
        one = fill_in(agent, f"a-{number}", f"Agent a{number}.", f"{number}. {PLAIN}")
        assert not is_other(forms, target, replace(one, **change))


OTHER_VALUES: Mapping[str, Any] = {
    "mode": "primary",
    "model": Model("m"),
    "temperature": 0.5,
    "policy": Policy(Effect.DENY),
    "accepted": frozenset({"read"}),
    "effort": "low",
    "extra": {"color": "blue"},
    "stem": "other",
    "form": FileForm(mark=True),
    "argument_hint": "x",
    "arguments": ("x",),
    "agent": "x",
}


@pytest.mark.parametrize(
    "field", [one.name for one in fields(Agent) if one.name not in FilledWords._fields]
)
def test_agents_that_differ_in_a_field_share_no_form(field: str) -> None:
    """A field that is new has to be a part of the key of a form, or to have none."""
    target = TARGETS["opencode"]
    plain, _ = list_agents(AGENT, [])
    other = replace(plain, **{field: OTHER_VALUES[field]})
    assert is_plain(target, plain)
    has_same_key = file_forms._make_key(target, plain) == file_forms._make_key(target, other)
    assert not (has_same_key and is_plain(target, other))


ODD_WORDS = [
    *((name, "An agent.", PLAIN) for name in ODD_NAMES),
    *(("x-1", text, PLAIN) for text in (*ODD_DESCRIPTIONS, *ODD_PIECES)),
    *(("x-1", f"An {text} is {text}", PLAIN) for text in ODD_PIECES),
    *(("x-1", f"An{text}agent", PLAIN) for text in ODD_PIECES),
    *(("x-1", "An agent.", text) for text in ODD_PROMPTS),
    *(("x-1", "An agent.", f"{line}\n{PLAIN}") for line in ODD_LINES),
    *(("x-1", "An agent.", f"{PLAIN}{line}\n") for line in ODD_LINES),
    *(("x-1", "An agent.", f"{PLAIN}{line}") for line in ODD_LINES),
]
"""Each odd name, piece and line once, beside plain words."""


@pytest.mark.parametrize("target", FILLABLE, ids=IDS)
def test_nothing_odd_beside_plain_words_is_told_apart(target: Target) -> None:
    assert not is_told_apart(target, AGENT, ODD_WORDS)


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


PACK = """\
name: {name}
title: {name}
description: {description}
targets: [{targets}]
sections: {{role: ./role.md}}
variants:
  default: {{model: tiny, policy: look}}
  model: [tiny, vast]
  policy: [look, change]
{more}
"""
ACCEPT = """\
accept:
  - {{target: {target}, capability: {capability}, reason: "{reason}"}}
"""
LINES = (
    *("temperature: 0.0", "temperature: -0.0", "temperature: 1", "temperature: 1.0"),
    *("effort: low", "mode: primary", "mode: all"),
    "clients: {opencode: {name: other}, codex: {newlines: crlf}, claude-code: {file: a-file}}",
    "clients: {opencode: {model: qzx-one}, claude-code: {extra: {color: blue}}}",
    "clients: {claude-code: {extra: {memory: user}}, copilot: {description: 'y'}}",
    "clients: {opencode: {policy: change}, cursor: {policy: {look: change}}}",
)


def write_pack(source: random.Random, number: int) -> dict[str, str]:
    """Return the files of a pack that shares the heads of its files with some others."""
    more = source.choice(("", "", source.choice(LINES))).replace("a-file", f"file-{number}")
    if source.random() < 0.5:
        target, capability = source.choice(IDS), source.choice(("all", "execute", "read"))
        reason = source.choice(("It is fine so.", "It is fine too."))
        more += "\n" + ACCEPT.format(target=target, capability=capability, reason=reason)
    description = source.choice((f"Agent {number}.", f"Agent {number}.", '"a: # b"', '"true"'))
    name = source.choice((f"a-{number}", f"a-{number}", f"w{number}-true", f"plan-{number}"))
    text = source.choice((f"{number}. {PLAIN}", f"{number}. {PLAIN}", *ODD_PROMPTS[2:6]))
    targets = ", ".join(source.sample(IDS, source.randint(2, len(IDS))))
    pack = PACK.format(name=name, description=description, targets=targets, more=more)
    escaped = re.sub(r"\{(?=[{%#])", "{{ '{' }}", text)
    return {f"packs/{name}/pack.yaml": pack, f"packs/{name}/role.md": escaped}


class UnsharedMaker:
    """Makes each artifact as if it were the only one of its project."""

    def __init__(self, used: frozenset[str]) -> None:
        self._used = used

    def make(self, variant: Variant, target: Target, agent: Agent) -> Artifact:
        return ArtifactMaker(LossFinder(self._used)).make(variant, target, agent)


def list_rendered(session: Session) -> list[object]:
    """Return what is made of a project, and what is found to be wrong with it."""
    made: list[object] = []
    try:
        made += ((one.path, one.content, one.losses) for one in render(session))
    except UserError as error:
        made += error.findings
    return made


@pytest.mark.parametrize("seed", range(count_cases(12)))
def test_a_project_is_built_as_if_each_file_were_the_only_one(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - the same cases each time
    model = DEMO["templates/models/tiny.yaml"]
    files = {"templates/models/vast.yaml": model.replace("demo/tiny", "demo/vast")}
    for number in range(12):
        files |= write_pack(source, number)
    project = load_project(make_project(tmp_path, files))
    alone = Session(project)
    alone.artifacts = UnsharedMaker(alone.loss_finder.used)  # type: ignore[assignment]
    made = list_rendered(Session(project))
    assert len(made) > 20
    assert made == list_rendered(alone)
