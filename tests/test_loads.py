"""Whether a client takes a file at all, and that nothing a file says makes a codec raise."""

from itertools import product
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from load_cases import TWINS, Twins
from promptpack.targets import TARGETS, Target
from promptpack.targets.problems import Problem
from support import AGENT_TARGETS, REPRESENTATIVES, count_cases

ALL_TWINS = [(target, twins) for target, cases in TWINS.items() for twins in cases]
ALWAYS = TARGETS.keys() - TWINS.keys()
KEYS = sorted(
    {key for t in AGENT_TARGETS.values() for key in t.keys | t.policy_keys | t.harmless_keys}
)
PAIRS = [
    pytest.param(target, key, id=f"{name}-{key}")
    for name, target in TARGETS.items()
    for key in (KEYS if target.command is None else sorted({*target.keys, *target.extras}))
]
"""Every key that clients have for agents, and the keys of each client's commands."""
HOOKS = ("kind", "mcp_servers", "mcp-servers", "nickname_candidates", "options", "<<", "5")
EFFECTS = ("allow", "ask", "deny", "*", "Read", "mcp_a_b", "mcp__a", "a/b", "${x}")

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(EFFECTS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from((*KEYS, *HOOKS, "bash")), inner, max_size=3)
    ),
    max_leaves=8,
)
heads = st.dictionaries(st.sampled_from((*KEYS, *HOOKS)), values, max_size=6)
each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@pytest.mark.parametrize(("target", "twins"), ALL_TWINS)
def test_a_file_loads_and_its_spoilt_twin_does_not(target: str, twins: Twins) -> None:
    assert TARGETS[target].loads(twins.good) == ""
    assert TARGETS[target].loads(twins.spoilt) != ""


@pytest.mark.fault(44)
@pytest.mark.parametrize("target", sorted(ALWAYS))
@pytest.mark.parametrize("text", ["", "Body.\n", "---\nname: [\n---\n"])
def test_a_text_always_loads(target: str, text: str) -> None:
    assert TARGETS[target].loads(text) == ""


@each_target
def test_a_reason_is_one_line(target: Target) -> None:
    for twins in TWINS.get(target.name, ()):
        assert "\n" not in target.loads(twins.spoilt)


def make_texts(head: dict[str, Any], raw: str) -> list[str]:
    dumped = yaml.dump(head, sort_keys=False, allow_unicode=True)
    lines = "".join(f"{key} = {raw}\n" for key in head)
    mode = yaml.dump({"customModes": [{"slug": "asker", "groups": [raw], **head}, raw]})
    texts = [f"---\n{dumped}---\nB\n", f"---\n{dumped}{raw}\n---\nB\n", f"---\n{raw}\n---", lines]
    return [*texts, mode, f"customModes:\n  - {raw}\n"]


@pytest.mark.fault(44)
@settings(deadline=None, max_examples=count_cases(60))
@given(
    heads, st.text() | st.sampled_from(["a: b: c", "a: *x", "a: &a [*a]", "\t- a", "? {a: b}\n: c"])
)
def test_no_front_matter_makes_a_codec_raise(head: dict[str, Any], raw: str) -> None:
    for text in make_texts(head, raw):
        for target in TARGETS.values():
            agent = target.decode(text, "asker")
            assert isinstance(agent.name, str)
            assert isinstance(agent.description, str)
            assert all(isinstance(problem, Problem) for problem in target.problems(text))
            assert isinstance(target.loads(text), str)


@pytest.mark.parametrize("value", ["5", "true", "", "{a: 1}", "[[a], {b: c}, null, 5]", "0.5", "a"])
def test_a_value_of_any_type_is_a_problem_or_none(value: str) -> None:
    for key, target in product(KEYS, TARGETS.values()):
        text = f"---\nname: a\ndescription: b\n{key}: {value}\n---\nBody.\n"
        assert isinstance(target.problems(text), list), (key, target.name)
        assert target.decode(text, "a").prompt, (key, target.name)
        assert isinstance(target.loads(text), str), (key, target.name)


@pytest.mark.fault(36, 44)
@pytest.mark.parametrize(
    "text", ["---" + "\n" * 200_000, "---\n" + "a: b: c\n" * 2_000, "---\n" * 9]
)
@pytest.mark.parametrize("target", REPRESENTATIVES)
def test_no_file_takes_long_to_be_refused(target: str, text: str) -> None:
    assert isinstance(TARGETS[target].loads(text), str)
    assert TARGETS[target].decode(text, "a").name
