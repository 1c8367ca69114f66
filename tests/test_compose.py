"""Composition: a variant in, the lines of its prompt with their origins out."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from promptpack.build import build_project
from promptpack.model import Agent, Finding, Line, Origin, Project, UserError
from promptpack.model.sections import SECTION_KINDS, make_title
from promptpack.policy.prose import describe_policy
from promptpack.reading.project import load_project
from promptpack.rendering.compose import Composer
from promptpack.rendering.lines import Lines, clean_lines, clean_text
from promptpack.rendering.variants import Selection, resolve_variants
from support import DEMO, make_project, write_files

PACK = """\
name: demo
title: Demo
description: Does a thing.
vars: {{word: said}}
sections:
{sections}
variants:
  default: {{model: tiny, policy: look}}
  model: [tiny]
  policy: [look, change]
"""
ROLE = "packs/demo/role.md"


def project_of(path: Path, sections: str, files: Mapping[str, str]) -> Project:
    """Return the demo project with other sections, and with fragments beside the pack."""
    pack = PACK.format(sections=sections.rstrip("\n"))
    own = {f"packs/demo/{name}": text for name, text in files.items() if "/" not in name}
    others = {name: text for name, text in files.items() if "/" in name}
    return load_project(make_project(path, {"packs/demo/pack.yaml": pack, **own, **others}))


def agent_of(project: Project, policy: str = "look", target: str = "opencode") -> Agent:
    (variant,) = resolve_variants(project, Selection(policies=(policy,)))
    return Composer(project).compose_agent(variant, target)


def lines_of(project: Project, policy: str = "look") -> Lines:
    (variant,) = resolve_variants(project, Selection(policies=(policy,)))
    return Composer(project).trace_lines(variant, "opencode")


def prompt(path: Path, sections: str, files: Mapping[str, str], policy: str = "look") -> str:
    return agent_of(project_of(path, sections, files), policy).prompt


def findings(project: Project, policy: str = "look") -> tuple[Finding, ...]:
    with pytest.raises(UserError) as caught:
        agent_of(project, policy)
    return caught.value.findings


def lines(texts: list[str]) -> list[Line]:
    return [Line(text, Origin("f", number)) for number, text in enumerate(texts, 1)]


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        (["", "a", "", "", "b", ""], ["a", "", "b"]),
        (["a  ", "\t", "b\t"], ["a", "", "b"]),
        (["```", "a  ", "", "", "```", "", "", "b"], ["```", "a  ", "", "", "```", "", "b"]),
        (["~~~~", "~~~", "", "", "~~~~", "", ""], ["~~~~", "~~~", "", "", "~~~~"]),
        (["  ```py", "", "", "  ```"], ["  ```py", "", "", "  ```"]),
        (["```", "open", "", ""], ["```", "open"]),
        (["```x``` y", "", "", "b  "], ["```x``` y", "", "b"]),
        ([], []),
        (["", " "], []),
    ],
)
def test_white_space_is_clean_outside_fences(texts: list[str], kept: list[str]) -> None:
    assert [line.text for line in clean_lines(lines(texts))] == kept


POOL = ["", "", " ", "\t", "a", "a  ", "# b", "- c", "  d ", "> ", "1. e ", "    f", "``g`` h"]
FENCES = ["```", "````", "~~~", "```py", "~~~ x", "- y\n  ```\n\n\n  z  \n  ```", "```h``` i"]


def fences(text: str) -> list[str]:
    """Return what stands in the closed code fences of a Markdown text."""
    return [token.content for token in MarkdownIt().parse(text) if token.type == "fence"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(POOL + FENCES), max_size=14))
@example(["a", "```", "", "", "b  ", "```", "", "", "c"])
@example(["```x```", "", "", "a"])
def test_clean(texts: list[str]) -> None:
    texts = "\n".join(texts).split("\n")
    cleaned = clean_lines(lines(texts))
    assert clean_lines(cleaned) == cleaned
    numbers = [line.origin.line for line in cleaned]
    assert numbers == sorted(set(numbers)), "lines are left out, never moved or doubled"
    assert all(texts[line.origin.line - 1].startswith(line.text) for line in cleaned)
    assert [line.text.strip() for line in cleaned if line.text.strip()] == [
        text.strip() for text in texts if text.strip()
    ]
    shown = [line.text for line in cleaned]
    assert clean_text("\n".join(texts)) == "\n".join(shown), "whether there is something to clean"
    assert not shown or shown[0].strip()
    if "```" not in "".join(texts) and "~~~" not in "".join(texts):
        assert "\n\n\n" not in "\n".join(shown)
        assert all(text == text.rstrip() for text in shown)
        assert shown[-1:] != [""]


@st.composite
def fenced(draw: st.DrawFn) -> str:
    """Return a paragraph and a closed fence with something in it."""
    opening = draw(st.sampled_from(["```", "~~~~", "```py", "~~~"]))
    inner = draw(st.lists(st.sampled_from(["", "", "b  ", "\t", "# x", "  y", "``", "~"])))
    return "\n".join(["x", "", opening, *inner, opening.rstrip("py"), "", ""])


@settings(deadline=None)
@given(st.lists(st.sampled_from(["", "", "a  ", "# b", "> ", "```c``` d"]) | fenced(), max_size=8))
def test_what_stands_in_a_fence_is_kept(texts: list[str]) -> None:
    text = "\n".join(texts)
    cleaned = "\n".join(line.text for line in clean_lines(lines(text.split("\n"))))
    assert clean_text(text) == cleaned
    assert fences(cleaned) == fences(text)


def test_sections_parts_and_lists(tmp_path: Path) -> None:
    sections = """\
  role: ./role.md
  scope:
    in: [./one.md, ./two.md]
    out: ./text.md
  data-handling: [./one.md, ./text.md, ./two.md, ./stars.md, ./numbers.md, ./more-numbers.md]
"""
    files = {
        "role.md": "You help.\n\n\n\nA lot.  \n\n",
        "one.md": "\n- one\n  more of one\n",
        "two.md": "---\ntitle: T\n---\n- two\n",
        "text.md": "Text.\n",
        "stars.md": "* star\n",
        "numbers.md": "1. first\n",
        "more-numbers.md": "1. second\n",
        "templates/layouts/plain.md.j2": DEMO["templates/layouts/plain.md.j2"].replace(
            "{{ section.body }}",
            "{% for part in section.parts %}\n{% if part.title %}\n## {{ part.title }}\n\n"
            "{% endif %}\n{{ part.body }}\n\n{% endfor %}",
        ),
    }
    assert (
        prompt(tmp_path, sections, files)
        == """\
# Role

You help.

A lot.

# Scope and boundaries

## In scope

- one
  more of one
- two

## Out of scope

Text.

# Data handling

- one
  more of one

Text.

- two

* star

1. first
1. second
"""
    )


def test_every_line_has_the_origin_of_its_text(tmp_path: Path) -> None:
    files = {
        "role.md": "---\ntitle: T\n---\nYou help.\n"
        "{% if true %}\n\n- {{ vars.word }}\n{% endif %}\n",
        "one.md": "- one\n{% include './two' %}\n",
        "two.md": "- two\n",
    }
    project = project_of(tmp_path, "  role: ./role.md\n  ethics: ./one.md", files)
    layout, here = "templates/layouts/plain.md.j2", "packs/demo"
    assert [(line.text, *line.origin) for line in lines_of(project) if line.text] == [
        ("# Role", layout, 2),
        ("You help.", f"{here}/role.md", 4),
        ("- said", f"{here}/role.md", 7),
        ("# Ethics and safety", layout, 2),
        ("- one", f"{here}/one.md", 1),
        ("- two", f"{here}/two.md", 1),
    ]


@pytest.mark.parametrize(
    ("text", "shown", "origin"),
    [
        ("\n{% filter upper %}\na\nb\n{% endfilter %}\n", ["A", "B"], [3, 4]),
        ("\n{% filter trim %}\n\n a\nb\n{% endfilter %}\n", ["a", "b"], [1, 1]),
        ("\n{% filter replace('a\\nb', 'c') %}\na\nb\n{% endfilter %}\n", ["c"], [1]),
        ("\n{% set x %}\na\nb\n{% endset %}\n{{ x|length }}\n", ["4"], [1]),
        ("\n{% set x %}\na\nb\n{% endset %}\n{{ x|reverse }}\n", ["b", "a"], [1, 1]),
        ("\n{% filter indent(2, true) %}\na\n\nb\n{% endfilter %}\n", ["  a", "  b"], [3, 5]),
    ],
)
def test_where_marks_would_change_the_text_there_is_one_origin(
    tmp_path: Path, text: str, shown: list[str], origin: list[int]
) -> None:
    traced = lines_of(project_of(tmp_path, "  role: ./role.md", {"role.md": text}))
    body = [line for line in traced if line.text and "#" not in line.text]
    assert [line.text for line in body] == shown
    assert [line.origin for line in body] == [(ROLE, number) for number in origin]


def test_a_layout_that_indents_keeps_origins(tmp_path: Path) -> None:
    layout = (
        "{% for section in sections %}\n<s>\n{{ section.body|indent(2, true) }}\n</s>\n{% endfor %}"
    )
    files = {"role.md": "one\n\ntwo\n", "templates/layouts/plain.md.j2": layout}
    project = project_of(tmp_path, "  role: ./role.md", files)
    assert agent_of(project).prompt == "<s>\n  one\n\n  two\n</s>\n"
    assert [line.origin.line for line in lines_of(project)] == [2, 1, 2, 3, 4]


def test_a_condition_leaves_no_hole(tmp_path: Path) -> None:
    role = """\
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
    found = prompt(tmp_path, "  role: ./role.md", {"role.md": role})
    assert found == "# Role\n\n- First.\n- Last.\n\nThe end.\n"


def test_a_section_without_text_has_no_heading(tmp_path: Path) -> None:
    sections = """\
  role: ./role.md
  workflow: [{use: ./shell.md, optional: true}, ./nothing.md]
  scope: {in: ./nothing.md, out: ./out.md}
"""
    files = {
        "role.md": "Help.\n",
        "shell.md": "---\nneeds: [execute]\n---\nRun it.\n",
        "nothing.md": "{% if policy.allows('execute') %}\nx\n{% endif %}\n\n",
        "out.md": "Out.\n",
    }
    found = prompt(tmp_path, sections, files)
    assert found == "# Role\n\nHelp.\n\n# Scope and boundaries\n\nOut.\n"


def test_a_need_that_is_denied(tmp_path: Path) -> None:
    sections = "  role: ./role.md\n  workflow: [./shell.md, {use: ./web.md, optional: false}]"
    files = {
        "role.md": "Help.\n",
        "shell.md": "{% if true %}{% include './deep' %}{% endif %}\n",
        "deep.md": "---\nneeds: [edit, execute]\n---\nRun it.\n",
        "web.md": "---\nneeds: [web_fetch]\n---\nLook.\n",
    }
    project = project_of(tmp_path, sections, files)
    first, second = findings(project, "change")
    assert (first.code, first.path, first.line, first.column) == (
        "PP102",
        "packs/demo/pack.yaml",
        7,
        14,
    )
    assert first.message == (
        "fragment 'packs/demo/deep.md' needs execute, which the policy 'change' denies"
    )
    assert "optional: true" in first.hint
    assert (second.code, second.line, second.column) == ("PP102", 7, 32)
    assert "needs edit, execute" in findings(project, "look")[0].message


def test_a_need_that_is_denied_in_a_layout(tmp_path: Path) -> None:
    layout = "{% include 'workflow/run-the-tests' %}\n"
    project = project_of(
        tmp_path,
        "  role: ./role.md",
        {"role.md": "Help.\n", "templates/layouts/plain.md.j2": layout},
    )
    (found,) = findings(project)
    assert (found.code, found.path) == ("PP102", "templates/layouts/plain.md.j2")


def test_a_need_that_is_met_or_guarded(tmp_path: Path) -> None:
    files = {
        "role.md": "Help.{% if policy.allows('edit') %}{% include './edit' %}{% endif %}\n",
        "edit.md": "---\nneeds: [edit]\n---\n Edit.\n",
    }
    project = project_of(tmp_path, "  role: ./role.md", files)
    assert agent_of(project, "look").prompt == "# Role\n\nHelp.\n"
    assert agent_of(project, "change").prompt == "# Role\n\nHelp. Edit.\n"


def test_drops_and_excluded_variants(tmp_path: Path) -> None:
    sections = "  role: ./role.md\n  examples: ./more.md"
    project = project_of(tmp_path, sections, {"role.md": "Help.\n", "more.md": "More.\n"})
    pack = (tmp_path / "packs/demo/pack.yaml").read_text(encoding="utf-8")
    pack += "  exclude: [{model: [tiny], policy: change}]\n"
    pack += "  overrides: [{when: {policy: [look]}, drop: [examples]}]\n"
    (tmp_path / "packs/demo/pack.yaml").write_text(pack, encoding="utf-8")
    fewer = load_project(tmp_path)
    assert [variant.name for variant in resolve_variants(project)] == ["tiny.look", "tiny.change"]
    assert [variant.name for variant in resolve_variants(fewer)] == ["tiny.look"]
    assert agent_of(project).prompt == "# Role\n\nHelp.\n\n# Examples\n\nMore.\n"
    assert agent_of(fewer).prompt == "# Role\n\nHelp.\n"


def test_what_reads_the_target_is_composed_for_each(tmp_path: Path) -> None:
    files = {
        "role.md": "{% include './for' %}\n",
        "for.md": "For {{ target }}.\n",
    }
    project = project_of(tmp_path, "  role: ./role.md", files)
    composer = Composer(project)
    (variant, _) = resolve_variants(project)
    names = ("opencode", "codex", "opencode")
    assert [composer.compose_agent(variant, name).prompt.split("\n")[2] for name in names] == [
        "For opencode.",
        "For codex.",
        "For opencode.",
    ]


def test_only_a_prompt_that_reads_the_target_differs_between_clients(tmp_path: Path) -> None:
    pack = DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[opencode, gemini]")
    selection = Selection(policies=("look",))
    project = load_project(make_project(tmp_path, {"packs/demo/pack.yaml": pack}))
    assert len({artifact.agent.prompt for artifact in build_project(project, selection)}) == 1
    write_files(tmp_path, {ROLE: "You are in {{ target }}.\n"})
    for artifact in build_project(load_project(tmp_path), selection):
        assert f"You are in {artifact.target}.\n" in artifact.agent.prompt


def test_a_layout_may_read_the_target(tmp_path: Path) -> None:
    layout = "{% if target == 'codex' %}\n(codex)\n{% endif %}\n{{ sections[0].body }}\n"
    files = {"role.md": "Help.\n", "templates/layouts/plain.md.j2": layout}
    project = project_of(tmp_path, "  role: ./role.md", files)
    assert agent_of(project, target="opencode").prompt == "Help.\n"
    assert agent_of(project, target="codex").prompt == "(codex)\nHelp.\n"


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("{use: ./main.md, with: {b: given}}", "outer given"),
        ("{use: ./main.md, with: {a: mine, b: given}}", "mine given"),
        ("{use: ./main.md, with: {a: 3, b: 0.5}}", "3 0.5"),
        ("{use: ./main.md, with: {a: '{{ x }}', b: true}}", "{{ x }} True"),
    ],
)
def test_parameters(tmp_path: Path, use: str, expected: str) -> None:
    files = {
        "main.md": "---\nparams: {a: outer}\n---\n{% include './inner' %}\n",
        "inner.md": "---\nparams: {a: null, b: null}\n---\n{{ params.a }} {{ params.b }}\n",
    }
    assert prompt(tmp_path, f"  role: {use}", files) == f"# Role\n\n{expected}\n"


@pytest.mark.parametrize(
    ("use", "message", "hint"),
    [
        (
            "./main.md",
            "fragment 'packs/demo/main.md' requires the parameter 'count'",
            "with: {count",
        ),
        ("{use: ./main.md, with: {cuont: 1, count: 2}}", "has no parameter 'cuont'", "'count'?"),
    ],
)
def test_parameters_that_do_not_fit(tmp_path: Path, use: str, message: str, hint: str) -> None:
    files = {"main.md": "---\nparams: {count: null}\n---\n{{ params.count }}\n"}
    (found,) = findings(project_of(tmp_path, f"  role: {use}", files))
    assert (found.code, found.path, found.line) == ("PP035", "packs/demo/pack.yaml", 6)
    assert message in found.message
    assert hint in found.hint


def test_every_fragment_that_fails_is_said(tmp_path: Path) -> None:
    files = {
        "one.md": "{{ vars.wrod }}\n",
        "two.md": "ok\n",
        "three.md": "\n{{ 1 / 0 }}\n",
        "four.md": "{{ params.x }}\n",
    }
    sections = "  role: [./one.md, ./two.md, ./three.md]\n  ethics: ./four.md"
    found = findings(project_of(tmp_path, sections, files))
    assert [(f.code, f.path, f.line) for f in found] == [
        ("PP031", "packs/demo/one.md", 1),
        ("PP034", "packs/demo/three.md", 2),
        ("PP031", "packs/demo/four.md", 1),
    ]


def test_every_template_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    files = {
        "one.md": "{% if %}\n",
        "two.md": "{% include './two' %}\n",
        "templates/layouts/plain.md.j2": "\n{% for %}\n",
    }
    found = findings(project_of(tmp_path, "  role: [./one.md, ./two.md]", files))
    assert sorted((f.code, f.path, f.line) for f in found) == [
        ("PP030", "packs/demo/one.md", 1),
        ("PP030", "templates/layouts/plain.md.j2", 2),
        ("PP032", "packs/demo/two.md", 1),
    ]


def test_what_an_agent_is_told_and_may_do(tmp_path: Path) -> None:
    pack = DEMO["packs/demo/pack.yaml"].replace("vars:", "temperature: 0.3\nmode: primary\nvars:")
    project = load_project(make_project(tmp_path, {"packs/demo/pack.yaml": pack}))
    agent = agent_of(project, "change")
    assert (agent.name, agent.mode, agent.temperature) == ("demo", "primary", 0.3)
    assert agent.description == "Answers questions about a small project."
    assert (agent.model.name, agent.policy.name) == ("tiny", "change")
    cool = replace(project.models["tiny"], temperature=False)
    assert agent_of(replace(project, models={"tiny": cool})).temperature is None


def test_a_policy_can_be_told_at_the_end(tmp_path: Path) -> None:
    project = load_project(make_project(tmp_path))
    composer, (look, _) = Composer(project), resolve_variants(project)
    plain = composer.trace_lines(look, "opencode")
    told = composer.trace_lines(look, "system")
    assert told[: len(plain)] == plain
    added = [line for line in told[len(plain) :] if line.text]
    assert added[0].text == "# Permissions"
    assert {line.origin for line in added[1:]} == {("templates/policies/look.yaml", 1)}
    assert [line.text for line in added[1:]] == describe_policy(look.policy)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("role", "Role"),
        ("scope", "Scope and boundaries"),
        ("ethics", "Ethics and safety"),
        ("in", "In scope"),
        ("data-handling", "Data handling"),
        ("x", "X"),
    ],
)
def test_titles(name: str, title: str) -> None:
    assert make_title(name) == title


def test_a_section_kind_is_meant_by_one_name_alone() -> None:
    names = [name for kind in SECTION_KINDS for name in (kind.name, *kind.aliases)]
    assert len(names) == len({*names})
    assert len(SECTION_KINDS) == len({kind.title for kind in SECTION_KINDS})


@pytest.mark.parametrize(
    "end",
    ["", "\n", "\n\n\n", " \n", "\r\n", "\n\t\n", "{# end #}", "\n{% if false %}x{% endif %}"],
)
def test_a_prompt_ends_with_one_newline(tmp_path: Path, end: str) -> None:
    found = prompt(tmp_path, "  role: ./role.md", {"role.md": f"You help.{end}"})
    assert found == "# Role\n\nYou help.\n"
