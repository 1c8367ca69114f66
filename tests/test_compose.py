"""Composition: what a prompt looks like whatever conditions leave out, and where lines are from.

Origins are checked with templates made at random, in which every literal is unique: a rendered
line has to name the template line that holds its text.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from promptpack.build import build
from promptpack.compose import clean, title_of
from promptpack.load import load
from promptpack.marks import strip
from promptpack.model import Agent, Line, Origin, UserError
from promptpack.templating import Templates
from promptpack.views import Params, PolicyView, Vars

HERE = Origin("x.md", 1)


def agents(root: Path, files: Mapping[str, str | bytes] | None = None) -> dict[str, Agent]:
    """Return the demo project's agents by their policy."""
    artifacts = build(load(support.make_project(root, files)))
    return {artifact.variant.policy.name: artifact.agent for artifact in artifacts}


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [line.text for line in lines]


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["", "a", "", "", "b", ""], ["a", "", "b"]),
        (["a  ", "\t", "b\t"], ["a", "", "b"]),
        (["```", "a  ", "", "", "```", "", "", "b"], ["```", "a  ", "", "", "```", "", "b"]),
        (["~~~~", "~~~", "", "", "~~~~", "", ""], ["~~~~", "~~~", "", "", "~~~~"]),
        (["  ```py", "", "", "  ```"], ["  ```py", "", "", "  ```"]),
        (["```", "open", "", ""], ["```", "open"]),
        ([], []),
        (["", " "], []),
    ],
)
def test_white_space_is_clean_outside_fences(lines: list[str], kept: list[str]) -> None:
    assert texts(clean([Line(text, HERE) for text in lines])) == kept


def test_a_condition_leaves_no_hole(tmp_path: Path) -> None:
    fragment = """\
- First.
{% if policy.allows("execute") %}
- Run it.
{% endif %}
- Last.
{% if policy.allows("execute") %}

A paragraph.
{% endif %}

The end.
"""
    found = agents(tmp_path, {"templates/fragments/standards/small-steps.md": fragment})
    for agent in found.values():
        assert "- First.\n- Last.\n\nThe end.\n" in agent.prompt
        assert "\n\n\n" not in agent.prompt
        assert agent.prompt.endswith(".\n")
        assert not agent.prompt.endswith("\n\n")


def test_a_section_without_text_has_no_heading(tmp_path: Path) -> None:
    nothing = '{% if policy.asks("edit") %}\nOnly then.\n{% endif %}\n'
    found = agents(
        tmp_path,
        {
            "templates/fragments/standards/small-steps.md": nothing,
            "templates/fragments/standards/examples.md": "{# params: #}{% set count = 1 %}\n",
            "packs/demo/pack.yaml": support.DEMO["packs/demo/pack.yaml"].replace(
                "{use: standards/examples, with: {count: 2}}", "standards/examples"
            ),
        },
    )
    assert "# Standards" not in found["look"].prompt
    assert "# Standards\n\nOnly then.\n" in found["change"].prompt


def test_lists_run_on_and_prose_is_set_apart(tmp_path: Path) -> None:
    found = agents(tmp_path)["look"].prompt
    assert "- Take one small step at a time.\n- Give 2 examples.\n" in found
    prose = {"templates/fragments/standards/examples.md": "Some prose {{ params.count }}.\n"}
    head = "---\nparams: {count: 1}\n---\n"
    prose = {path: head + text for path, text in prose.items()}
    assert "at a time.\n\nSome prose 2.\n" in agents(tmp_path, prose)["look"].prompt


def test_what_a_policy_denies_is_left_out_only_where_it_is_optional(tmp_path: Path) -> None:
    needy = "---\nneeds: [edit]\n---\n- Edit with care.\n"
    path = "templates/fragments/standards/small-steps.md"
    with pytest.raises(UserError) as raised:
        agents(tmp_path, {path: needy})
    found = raised.value.findings
    assert [(f.code, f.path, f.line, f.column) for f in found] == [
        ("PP102", "packs/demo/pack.yaml", 9, 7)
    ]
    optional = support.DEMO["packs/demo/pack.yaml"].replace(
        "- standards/small-steps", "- {use: standards/small-steps, optional: true}"
    )
    prompts = agents(tmp_path, {path: needy, "packs/demo/pack.yaml": optional})
    assert "Edit with care" not in prompts["look"].prompt
    assert "Edit with care" in prompts["change"].prompt


def test_what_an_included_fragment_needs_counts_where_it_is_included(tmp_path: Path) -> None:
    files = {
        "templates/fragments/standards/inner.md": "---\nneeds: [edit]\n---\n- Inner.\n",
        "templates/fragments/standards/small-steps.md": (
            '- Outer.\n{% if policy.allows("edit") %}\n{% include "./inner" %}\n{% endif %}\n'
        ),
    }
    found = agents(tmp_path, files)
    assert "- Outer.\n- Inner.\n" in found["change"].prompt
    assert "Inner" not in found["look"].prompt


def test_only_a_prompt_that_reads_the_target_differs_between_clients(tmp_path: Path) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[opencode, gemini]")
    reading = "You are in {{ target }}.\n"
    root = support.make_project(tmp_path, {"packs/demo/pack.yaml": pack})
    prompts = {a.agent.prompt for a in build(load(root)) if a.variant.policy.name == "look"}
    assert len(prompts) == 1
    support.write_files(root, {"packs/demo/role.md": reading})
    found = {a.target: a.agent.prompt for a in build(load(root))}
    assert all(f"You are in {target}." in prompt for target, prompt in found.items())


def test_free_sections_have_a_title_made_of_their_name() -> None:
    assert [title_of(n) for n in ("data-handling", "scope", "in")] == [
        *("Data handling", "Scope and boundaries", "In scope"),
    ]


words = st.sampled_from(["if", "for", "set", "raw", "comment", "value", "text", "text", "item"])


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Return a template in which each literal line holds a word of its own."""
    lines: list[str] = []
    for number, kind in enumerate(draw(st.lists(words, min_size=1, max_size=14))):
        dash = draw(st.sampled_from(["", "-"]))
        word = f"w{number}w"
        lines += {
            "text": [word],
            "item": [f"  - {word} {{{{ vars.a }}}}"],
            "value": [f"{{{{ vars.a }}}} {word}"],
            "if": [f"{{%{dash} if vars.n > {number % 3} %}}", f"{word} in", f"{{% endif {dash}%}}"],
            "for": ["{% for i in range(vars.n) %}", f"{word} each", "{% endfor %}"],
            "set": [f"{{% set x = '{number}' %}}", word],
            "raw": ["{% raw %}", f"{{{{ {word} }}}}", "{% endraw %}"],
            "comment": ["{# a", "comment #}", word],
        }[kind]
    return "\n".join(lines) + "\n"


@settings(max_examples=200, deadline=None)
@given(source=templates(), n=st.integers(0, 3), a=st.sampled_from(["", "v", "two\nlines"]))
def test_a_marked_render_is_the_plain_one_and_names_the_lines(
    source: str, n: int, a: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.getbasetemp() / "marked"
    project = load(support.make_project(root, {"packs/demo/role.md": source}))
    made = Templates(project)
    name = "packs/demo/role.md"
    policy = PolicyView(project.policies["look"])
    context = {"vars": Vars({"n": n, "a": a}), "params": Params({}), "policy": policy}
    plain, marked = made.render(name, context), made.render(name, context, marked=True)
    assert strip(marked) == plain
    lines = source.split("\n")
    for line in made.marks.read(marked, Origin(name, 1)):
        if word := re.match(r"[\s{-]*(w\d+w)", line.text):  # else the line begins with a value
            assert word[1] in lines[line.origin.line - 1]


def test_a_block_filter_keeps_the_text_and_gives_one_origin(tmp_path: Path) -> None:
    upper = "{% filter upper %}\nshout\n{% endfilter %}\n"
    role = f"First.\n{upper}{{% filter trim %}}\n  x  \n{{% endfilter %}}\n"
    agent = agents(tmp_path, {"packs/demo/role.md": role})["look"]
    own = [line for line in agent.body if line.origin.path == "packs/demo/role.md"]
    assert "First.\nSHOUT\nx" in agent.prompt
    assert {line.origin.line for line in own} <= {1, 2, 3, 5, 6}
