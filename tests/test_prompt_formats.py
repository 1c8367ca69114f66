"""Formats that hold a prompt as data: what is a template, or a mark, in each is text to its engine.

`clients/test_prompt_formats.py` asks the engines themselves. Here Jinja stands in for Prompty's and
promptfoo's, and a reader that goes by Handlebars' states for dotprompt's.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from jinja2 import Environment

import support
from format_cases import ACTS, FORMATS, SUPPORTS, make_agent, make_file, nasty_texts, trim
from promptpack.targets import TARGETS
from promptpack.targets.emit import encode_and_check
from support import count_cases

ENGINE = Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701 - text, no HTML
NEWLINE = re.compile("\r\n?")
REASONS: Mapping[str, tuple[str, ...]] = {
    "prompty": ("Prompty takes the line", "Prompty makes the character"),
    "dotprompt": ("dotprompt takes '<<<dotprompt:'",),
    "promptfoo": (),
    "langchain": (),
    "promptpack-json": ("for a variable, and has no escape",),
}
"""Why a prompt may be refused, besides that it is empty, or has a carriage return before a newline,
which is read as one end of a line."""


def print_handlebars(template: str) -> Iterator[str]:
    r"""Yield what Handlebars prints for a template in which each tag is escaped, or a comment.

    Text goes up to the next `{{`. One backslash there escapes it, and text goes on behind it to
    the next `{{`, `\{{` or `\\{{`. Of two, one is printed, and a tag follows.
    """
    place = 0
    while (at := template.find("{{", place)) >= 0:
        text = template[place:at]
        if text.endswith("\\") and not text.endswith("\\\\"):
            end = re.compile(r"(?=\\{0,2}\{\{)|\Z").search(template, at + 2)
            assert end is not None
            yield text[:-1] + template[at : end.start()]
            place = end.start()
            continue
        yield text.removesuffix("\\") if text.endswith("\\\\") else text
        assert template.startswith("{{!}}", at), template[at:]
        place = at + len("{{!}}")
    yield template[place:]


def print_dotprompt(text: str) -> str:
    """Return the message in a file of ours; what JavaScript trims is trimmed first."""
    _, _, body = text.partition("\n---\n")
    trimmed = re.sub(r"[\s\ufeff]+\Z", "", body)
    return "".join(print_handlebars(trimmed.removeprefix('{{role "system"}}')))


def print_prompty(text: str) -> str:
    """Return the message in a file of ours."""
    _, _, body = text.partition("\n---\n")
    return ENGINE.from_string(body.removeprefix("system:\n")).render().strip("\n")


PRINTERS: Mapping[str, Callable[[str], str]] = {
    "prompty": print_prompty,
    "dotprompt": print_dotprompt,
    "promptfoo": lambda text: ENGINE.from_string(json.loads(text)[0]["content"]).render(),
    "langchain": lambda text: json.loads(text)["kwargs"]["messages"][0]["kwargs"]["content"],
    "promptpack-json": lambda text: json.loads(text)["prompts"]["an-agent"]["system_template"],
}


def check(prompt: str) -> None:
    """Compare what each format makes of a prompt with the prompt, unless it is refused.

    A carriage return counts as a newline: Jinja makes one of it, and promptfoo's engine does not.
    """
    for target in FORMATS:
        text, refused = make_file(target, prompt)
        is_told_apart = "\r\n" not in prompt and bool(re.search(r"[^\s\ufeff]", prompt))
        if refused and is_told_apart:
            told = " ".join(refused)
            assert any(reason in told for reason in REASONS[target]), refused
        if not refused:
            decoded = TARGETS[target].decode(text, "an-agent").prompt
            assert decoded.strip() == prompt.strip()
            printed, expected = PRINTERS[target](text), trim(target, prompt)
            assert NEWLINE.sub("\n", printed) == NEWLINE.sub("\n", expected), target


@pytest.mark.fault("prompt-format")
@pytest.mark.properties
@settings(max_examples=count_cases(120), deadline=None)
@given(prompt=nasty_texts)
def test_any_prompt_is_text_to_its_engine_or_refused(prompt: str) -> None:
    check(prompt)


@pytest.mark.fault("prompt-format")
def test_all_that_acts_is_text_to_its_engine() -> None:
    for act in ACTS:
        check(f"{act}x{act}{act}\n")


@pytest.mark.parametrize("target", FORMATS)
def test_a_file_holds_what_its_format_has_a_place_for(target: str) -> None:
    agent = make_agent("Help.\n")
    text, losses, problems = encode_and_check(TARGETS[target], agent)
    assert problems == []
    lost = {loss.subject for loss in losses if loss.is_field}
    assert lost == {"description", "model", "temperature"} - {*SUPPORTS[target]}
    decoded = TARGETS[target].decode(text, "an-agent")
    assert decoded.name == "an-agent"
    for name in SUPPORTS[target]:
        value = getattr(decoded, name)
        assert value == (getattr(agent, name) if name != "model" else value)
    if "model" in SUPPORTS[target]:
        assert decoded.model.ids == {target: agent.model.ids[target]}


LANGCHAIN = (
    '{"kwargs": {"messages": [{"id": ["SystemMessagePromptTemplate"],'
    ' "kwargs": {"prompt": {"kwargs": {"template": "A {{x}} {y}"%s}}}}]}}'
)


@pytest.mark.parametrize(
    ("target", "text", "prompt"),
    [
        ("prompty", "No head.\n", "No head.\n"),
        (
            "prompty",
            "---\nname: b\nmodel: m\n---\nsystem:\n\nA\n\nuser:\nB\n# System[x=1] :\nC\n",
            "A\n\nC\n",
        ),
        ("prompty", "---\nname: b +++ system:\nA {{ x }}\n", "A {{ x }}\n"),
        ("prompty", "---\nname: b\n---\nuser:\nA\n", "\n"),
        ("dotprompt", "---\nmodel: m\n---\n{{role \"system\"}}\nA\n{{ role 'user' }}B\n", "\nA\n"),
        ("dotprompt", "---\nmodel: m\n---\nA {{x}}\n", "\n"),
        (
            "dotprompt",
            '---\r\nmodel: m\r\n---\r\n{{role "system"}}A \\{{x}} \\\\{{!}}\r\n',
            "A {{x}} \\\n",
        ),
        ("promptfoo", '[{"role": "system", "content": "A {{ x }}"}, 5]', "A {{ x }}\n"),
        ("promptfoo", '{"role": "system", "content": "A"}', "\n"),
        ("langchain", LANGCHAIN % "", "A {x} {y}\n"),
        ("langchain", LANGCHAIN % ', "template_format": "mustache"', "A {{x}} {y}\n"),
        ("langchain", '{"kwargs": {"messages": [{"id": 5}, {"id": []}, []]}}', "\n"),
        ("promptpack-json", '{"prompts": {"a": {"system_template": "A"}, "b": 5}}', "A\n"),
        ("promptpack-json", '{"prompts": []}', "\n"),
    ],
)
def test_a_file_in_the_wild_is_read(target: str, text: str, prompt: str) -> None:
    assert TARGETS[target].decode(text, "a").prompt == prompt


@pytest.mark.parametrize(
    ("target", "text", "problem"),
    [
        ("prompty", "---\nname: a\ninputs: {}\n---\nsystem:\nA\n", "unknown key 'inputs'"),
        ("prompty", "---\nname: a\n---\nsystem:\nA {% if x %}\n", "template tags of its own"),
        ("dotprompt", "---\nname: a\ntools: [b]\n---\n{{role 'system'}}A\n", "unknown key 'tools'"),
        (
            "dotprompt",
            "---\nname: a\n---\n{{role 'system'}}\\\\{{x}}\n",
            "template tags of its own",
        ),
        ("promptfoo", '[{"role": "system", "content": "{{ x }}"}]', "template tags of its own"),
        ("langchain", LANGCHAIN % "", "the prompt is a template"),
        ("promptpack-json", '{"id": "a", "prompts": {"a": {}, "b": {}}}', "more than one prompt"),
        ("promptpack-json", '{"id": "a", "tools": {}}', "unknown key 'tools'"),
    ],
)
def test_what_promptpack_would_not_write_is_a_problem(target: str, text: str, problem: str) -> None:
    problems = [one.message for one in TARGETS[target].problems(text)]
    assert any(problem in one for one in problems), problems


@pytest.mark.parametrize(
    ("target", "fields", "problem"),
    [
        (
            "prompty",
            {"description": "a --- b"},
            "ends the front matter at '---' in the description",
        ),
        ("prompty", {"description": "${env:HOME}"}, "replaces a description that is '${…}'"),
        ("dotprompt", {"stem": "team/_agent"}, "takes '_agent.prompt' for a partial"),
        ("dotprompt", {"stem": "agent.other"}, "takes 'agent.other.prompt' for a partial"),
        ("promptpack-json", {"stem": "An_Agent"}, "'id' can't be 'An_Agent'"),
        ("promptpack-json", {"name": "a" * 201}, "'name' has more than 200 characters"),
        ("promptpack-json", {"extra": {"version": "1"}}, "'version' can't be '1'"),
    ],
)
def test_a_field_that_an_engine_would_change_is_refused(
    target: str, fields: dict[str, object], problem: str
) -> None:
    agent = replace(make_agent("x\n"), **fields)  # type: ignore[arg-type]  # fields of an agent
    problems = encode_and_check(TARGETS[target], agent)[2]
    assert any(problem in one for one in problems), problems


PACK = support.DEMO["packs/demo/pack.yaml"]
ROLE = "You write {{ '{{ this }}' }} and \\{{ '{{that}}' }} and {{ '{#' }}.\n"


def build_formats(folder: Path) -> None:
    """Build a project whose prompt looks like templates; one format takes no such prompt."""
    targets = f"targets: [{', '.join(FORMATS[:-1])}, messages]"
    pack = PACK.replace("targets: [opencode]", f"{targets}\ntemperature: 0.3")
    files = {"packs/demo/pack.yaml": pack}
    support.built(folder, {**files, "packs/demo/role.md": ROLE})


def test_a_built_file_is_imported_and_built_again_to_the_byte(tmp_path: Path) -> None:
    build_formats(tmp_path / "project")
    dist = tmp_path / "project/dist"
    for target in (*FORMATS[:-1], "messages"):
        (path,) = [one for one in (dist / target / "tiny.look").rglob("*") if one.is_file()]
        words = ("import", path, "--from", target, "--into", tmp_path / target, "--yes", "--strict")
        done = support.call(*words, cwd=dist)
        assert done.code == 0, done.out + done.err
        into = tmp_path / target
        assert "{{ this }}" in next(into.glob("packs/*/prompt.md")).read_text(encoding="utf-8")
        assert not [*into.glob("packs/*/*.head")]
        assert support.call("build", cwd=into).code == 0
        (again,) = [one for one in (into / "dist" / target).rglob("*") if one.is_file()]
        assert again.read_bytes() == path.read_bytes(), target


def test_a_template_with_tags_of_its_own_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "a.prompty").write_text("---\nname: a\n---\nsystem:\nA {{ x }}\n", encoding="utf-8")
    (tmp_path / "a.prompt").write_text('---\nname: a\n---\n{{role "system"}}A {{x}}\n', "utf-8")
    done = support.call("import", ".", "--yes", "--strict", cwd=tmp_path)
    assert done.code == 1
    assert done.out.count("it would not be built as it") == 2, done.out


def test_an_edit_of_a_file_is_absorbed_as_text(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    build_formats(folder)
    for number, target in enumerate(FORMATS[:-1]):
        (path,) = [p for p in (folder / "dist" / target / "tiny.look").rglob("*") if p.is_file()]
        old, new = ("one small step", f"{number}-small step")
        old = old if not number else f"{number - 1}-small step"
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, target
        path.write_text(text.replace(old, new), encoding="utf-8")
        done = support.call("absorb", path.relative_to(folder), "--yes", cwd=folder)
        assert done.code == 0, done.out + done.err
        assert support.call("build", cwd=folder).code == 0
        assert path.read_text(encoding="utf-8") == text.replace(old, new)


@pytest.mark.parametrize("target", ["prompty", "dotprompt"])
def test_front_matter_of_a_template_is_not_kept(target: str, tmp_path: Path) -> None:
    """What is kept is followed by the prompt as it is, and that would be a template."""
    files = {"packs/demo/pack.yaml": PACK + f"clients: {{{target}: {{head: ./a.head}}}}\n"}
    support.make_project(tmp_path, {**files, "packs/demo/a.head": "---\nname: a\n---\n"})
    done = support.call("check", cwd=tmp_path)
    assert done.code == 3
    assert "its file has no front matter" in done.err
