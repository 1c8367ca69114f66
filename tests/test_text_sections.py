"""One file whose headings are the sections: its bytes are the prompt, each line is traced."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import support
from promptpack.api import build_project, diff_projects, lint_project, load_project
from promptpack.model import Artifact, UserError
from promptpack.session import Session
from promptpack.site.tree import make_site
from promptpack.source.headings import split_sections

PACK = """\
name: demo
title: Demo
description: Answers questions.
targets: [opencode, gemini, agents-md]
sections: ./prompt.md
variants:
  default: {model: as-written, policy: look}
  model: [as-written, tiny]
  policy: [look]
"""
PROMPT = """\
# Demo

You answer {{ questions }}.


## Scope and boundaries ##
- Only {% raw %} this `{#if}` project.  \t

```sh
## no heading
```
## 🚀

Go on.

## Steps
1. One.
### Steps
"""
MODEL = "templates/models/tiny.yaml"
OUTPUT = "dist/opencode/as-written.look/.opencode/agents/demo.md"
ENDS = ["", "\n", "\n\n\n", "  ", " \n\t\n"]


def make_pack(path: Path, prompt: str = PROMPT, **files: str) -> Path:
    """Write the demo with one text in place of its sections."""
    named = {"pack": "packs/demo/pack.yaml", "tiny": "templates/models/tiny.yaml"}
    others = {named[name]: text for name, text in files.items()}
    path = support.make_project(
        path, {"packs/demo/pack.yaml": PACK, "packs/demo/prompt.md": prompt, **others}
    )
    (path / "packs/demo/role.md").unlink()
    return path


def build(path: Path) -> Mapping[tuple[str, str], Artifact]:
    artifacts = build_project(load_project(path))
    return {(a.variant.model.name, a.target): a for a in artifacts}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Only text", ["role 1"]),
        ("# One\ntext\n", ["role 1"]),
        ("# One\ntext\n## Two\n", ["role 1"]),
        ("# One\n## Role\n## role\n", ["role 1", "role-2 2", "role-3 3"]),
        ("## Role\n## B\n", ["role 1", "b 2"]),
        ("\n\n## A\n\n## A-2\n## A\n", ["a 1", "a-2 5", "a-3 6"]),
        ("## 1. Ethics and safety\n### x\n### y\n## 2) Out put #\n", ["ethics 1", "out-put 4"]),
        ("### a\n### b\n# c\n## d\n", ["a 1", "b 2", "c 3", "d 4"]),
        ("## a\n```\n## b\n~~~\n```\n## c\n", ["a 1", "c 6"]),
        ("## a\n````md\n```\n## b\n````\n## c\n", ["a 1", "c 6"]),
        ("## a\n    ## b\n#c\n####### d\n   ## e\n", ["a 1", "e 5"]),
        ("## 🚀\n##\n## 日本\n", ["section 1", "section-2 2", "section-3 3"]),
        (f"## {'long ' * 30}\n## b\n", [f"{'long-' * 12}long 1", "b 2"]),
        ("## a `x` #\n## b#\n## #\n", ["a-x 1", "b 2", "section 3"]),
    ],
)
def test_headings_are_sections(text: str, expected: list[str]) -> None:
    sections = split_sections(text, "p")
    found = [f"{s.name} {s.passage.line}" for s in sections if s.passage]
    assert found == expected


LINES = st.sampled_from(
    [
        "# A",
        "## B",
        "## B",
        "### C ##",
        "#### D",
        "text",
        "",
        "  ",
        "```",
        "````",
        "~~~",
        "- x",
        "#",
    ]
)


@settings(max_examples=support.count_cases(400), deadline=None)
@given(st.lists(LINES, max_size=14), st.sampled_from(ENDS))
def test_sections_joined_are_the_text_and_begin_where_markdown_has_headings(
    lines: list[str], end: str
) -> None:
    text = "\n".join(lines) + end
    sections = split_sections(text, "p")
    passages = [section.passage for section in sections if section.passage]
    assert "".join(passage.text for passage in passages) == text
    assert len({section.name for section in sections}) == len(sections)
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", section.name) for section in sections)
    tokens = MarkdownIt("commonmark").parse(text)
    headings = {t.map[0] + 1: t for t in tokens if t.type == "heading_open" and t.map}
    for passage in passages:
        if passage.lead:
            line = passage.line + passage.lead - 1
            assert headings[line].markup.startswith("#")
    levels = [len(token.markup) for token in headings.values()]
    repeated = [level for level in levels if levels.count(level) > 1]
    starts = levels[levels.index(min(repeated)) :] if repeated else []
    expected = [level for level in starts if level <= min(repeated)]
    assert len([passage for passage in passages if passage.lead]) == len(expected)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("text", ["You.", PROMPT.strip(), "## A\n\n\n\tb  \n## C"])
def test_the_bytes_of_the_text_are_those_of_the_prompt(tmp_path: Path, text: str, end: str) -> None:
    files = build(make_pack(tmp_path, text + end))
    for target in ("opencode", "gemini"):
        assert files["as-written", target].content.endswith(f"---\n\n{text}{end}".encode())


def test_another_layout_lays_its_sections_out(tmp_path: Path) -> None:
    layout = "{% for s in sections %}<{{ s.name }}>\n{{ s.title }}: {{ s.body }}\n{% endfor %}\n"
    support.write_files(tmp_path, {"templates/layouts/tags.md.j2": layout})
    tiny = support.DEMO["templates/models/tiny.yaml"].replace("plain", "tags")
    assert build(make_pack(tmp_path, tiny=tiny))["tiny", "opencode"].agent.prompt == (
        "<role>\nRole: # Demo\n\nYou answer {{ questions }}.\n<scope>\nScope and boundaries: "
        "- Only {% raw %} this `{#if}` project.\n\n```sh\n## no heading\n```\n<section>\n"
        "🚀: Go on.\n<steps>\nSteps: 1. One.\n### Steps\n"
    )


def test_a_dropped_section_takes_its_own_lines_and_no_others(tmp_path: Path) -> None:
    drop = "  overrides: [{when: {model: as-written}, drop: [scope, steps]}]\n"
    prompt = build(make_pack(tmp_path, pack=PACK + drop))["as-written", "opencode"].agent.prompt
    before, _, rest = PROMPT.partition("## Scope")
    assert prompt == before + "## 🚀" + rest.partition("## 🚀")[2].partition("## Steps")[0]


def test_a_section_that_the_text_has_not_is_reported_at_its_place(tmp_path: Path) -> None:
    drop = "  overrides: [{when: {model: tiny}, drop: [scope, stepz]}]\n"
    with pytest.raises(UserError) as caught:
        load_project(make_pack(tmp_path, pack=PACK + drop))
    (found,) = caught.value.findings
    assert (found.code, found.line, found.hint) == ("PP027", 10, "did you mean 'steps'?")


@pytest.mark.parametrize(
    ("name", "code"), [("./promt.md", "PP020"), ("role/x", "PP013"), ("./p.txt", "PP013")]
)
def test_a_text_that_there_is_not(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        load_project(make_pack(tmp_path, pack=PACK.replace("./prompt.md", name)))
    assert [(one.code, one.line) for one in caught.value.findings] == [(code, 5)]


def test_a_text_with_a_hidden_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load_project(make_pack(tmp_path, "a\x85b\n"))
    assert [one.code for one in caught.value.findings] == ["PP301"]


@pytest.mark.parametrize("model", ["as-written", "tiny"])
def test_every_line_has_the_origin_of_its_own(tmp_path: Path, model: str) -> None:
    text = PROMPT.removesuffix("\n")
    project = load_project(make_pack(tmp_path, text))
    session = Session(project)
    artifact = {(a.variant.model.name, a.target): a for a in build_project(project)}[
        model, "opencode"
    ]
    lines = session.tracer.trace_prompt(artifact)
    source = text.split("\n")
    for line in lines:
        if line.origin.path == "packs/demo/prompt.md":
            assert source[line.origin.line - 1].rstrip() == line.text.rstrip()
    if model == "as-written":
        assert [line.origin.line for line in lines] == [*range(1, len(source) + 1)]
        sections = dict.fromkeys(line.section for line in lines)
        assert [*sections] == ["role", "scope", "section", "steps"]
    assert len(session.tracer.trace_file(artifact)) == artifact.content.count(b"\n") + (
        model == "as-written"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{{ questions }}", "{{ none }} {% x %} {#"),
        ("Go on.", "Go on.\n\n\n  Then {{ stop }}."),
        ("## 🚀\n", ""),
        ("\n\n## Scope", "\n## Scope"),
        ("1. One.", "\n\n1. One.\n2. Two."),
        ("project.  \t", "project."),
        ("project.  \t", "project, {{ x }}.  \t"),
    ],
)
def test_an_edit_of_the_output_goes_into_the_text(tmp_path: Path, old: str, new: str) -> None:
    path = make_pack(tmp_path, pack=PACK.replace(", gemini, agents-md", ""))
    assert support.call("build", cwd=path).code == 0
    output = path / OUTPUT
    output.write_text(output.read_text().replace(old, new))
    done = support.call("absorb", OUTPUT, "--yes", cwd=path)
    assert done.code == 0, done.err
    assert (path / "packs/demo/prompt.md").read_text() == PROMPT.replace(old, new)


def test_a_change_is_told_by_section_and_traced_to_its_line(tmp_path: Path) -> None:
    before = load_project(make_pack(tmp_path / "a"))
    after = load_project(make_pack(tmp_path / "b", PROMPT.replace("- Only", "- Not only")))
    review = diff_projects(before, after)
    assert {change.section for change in review.changes} == {"scope"}
    causes = {(c.path, c.line) for change in review.changes for c in change.causes}
    assert causes == {("packs/demo/prompt.md", 7)}


def test_lint_asks_such_a_text_for_nothing_that_it_does_not_claim(tmp_path: Path) -> None:
    result = lint_project(load_project(make_pack(tmp_path)))
    codes = {f.code for f in result.findings if f.path.startswith("packs/")}
    assert codes <= {"PP504"}


def test_a_text_can_not_hide_itself_from_lint(tmp_path: Path) -> None:
    text = "{# promptpack: ignore PP308, PP302 - it says so #}<!-- hidden -->\n{# <!-- too --> #}\n"
    result = lint_project(load_project(make_pack(tmp_path, text)))
    (found,) = (finding for finding in result.findings if finding.code == "PP308")
    assert (found.path, found.line) == ("packs/demo/prompt.md", 1)
    assert "(2 in this file)" in found.message


def test_a_policy_that_is_told_follows_the_text(tmp_path: Path) -> None:
    pack = PACK + "clients: {agents-md: {persona: true}}\n"
    prompt = build(make_pack(tmp_path, "You.", pack=pack))["as-written", "agents-md"].agent.prompt
    assert prompt.startswith("You.\n\n## Permissions\n\n- You may ")


def test_the_model_as_written_says_nothing_of_models(tmp_path: Path) -> None:
    files = build(make_pack(tmp_path))
    assert "model" not in {loss.subject for loss in files["as-written", "opencode"].losses}
    assert "model" in {loss.subject for loss in files["tiny", "gemini"].losses}
    assert b"model" not in files["as-written", "opencode"].content
    project = load_project(tmp_path)
    pages = make_site(Session(project), build_project(project)).pages
    assert any("as-written" in path for path in pages)


def test_fragments_as_written_are_set_apart(tmp_path: Path) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"].replace("tiny", "as-written")
    path = support.make_project(tmp_path, {"packs/demo/pack.yaml": pack})
    prompts = {artifact.agent.prompt for artifact in build_project(load_project(path))}
    role, steps = "You answer questions about a Python project.\n\n", "- Take one small step"
    assert all(prompt.startswith(role + steps) for prompt in prompts)
    assert all(prompt.endswith("- Give 2 examples.\n") for prompt in prompts)


def test_a_model_need_not_know_its_limits(tmp_path: Path) -> None:
    tiny = re.sub("(context_window|prompt_budget): .*\n", "", support.DEMO[MODEL])
    project = load_project(make_pack(tmp_path, "word " * 9000, tiny=tiny))
    assert "PP204" not in {finding.code for finding in lint_project(project).findings}
    assert make_site(Session(project), build_project(project)).pages
