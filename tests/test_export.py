"""`diff --export`: few prompts before and after as an evaluation, in which nothing is a template.

`clients/test_evaluation.py` runs such a folder with the real promptfoo; here Jinja stands in for
its templates, which have the same syntax.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

import support
from promptpack.diff.export import make_messages, make_safe_path
from review_cases import MEASURED, edit, git, report, repository
from support import count_cases

LOOK = "templates/policies/look.yaml"
MODEL = "templates/models/m0.yaml"
ENGINE = Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701 - text, no HTML

ACTS = (
    *("{{ env.HOME }}", "{%", "%}", "{#", "#}", "{{", "}}", "{% raw %}", "{% endraw %}", "{", "#"),
    *("}", "{{-", "-%}", "{{'", "'", '"', "\\", "\n", "---\n", "file://x", "{{{", "##}", "é\u2028"),
)
WORDS = "1.3: {{ '{{' }}vars}} {{ '{#' }}"
prompts = st.lists(st.sampled_from(ACTS), max_size=12).map("".join)


def render_messages(content: bytes) -> list[Any]:
    """Return the messages that a model gets: each text rendered as a template."""
    messages = json.loads(content)
    return [ENGINE.from_string(one["content"]).render(message="Hello?") for one in messages]


@pytest.mark.fault("evaluated-prompt")
@settings(max_examples=count_cases(300), deadline=None)
@given(prompt=prompts)
def test_a_prompt_is_text_to_a_template(prompt: str) -> None:
    assert render_messages(make_messages(prompt)) == [prompt, "Hello?"]
    whole = ENGINE.from_string(make_messages(prompt).decode()).render(message="Hello?")
    assert json.loads(whole)[0]["content"] == prompt


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("opencode/a.b/.opencode/agents/x.md", "opencode/a.b/.opencode/agents/x.md"),
        ("AGENTS.md#demo", "AGENTS.md-demo"),
        ("../x", "output-7"),
        ("/etc/x", "output-7"),
        ("a/.GIT/config", "output-7"),
        ("a\nb", "output-7"),
        ("a\udcff", "output-7"),
        ('c:\\x/y*?"<>|', "c--x/y------"),
        ("", "output-7"),
    ],
)
def test_a_path_stays_in_the_folder(path: str, safe: str) -> None:
    assert make_safe_path(path, 7) == safe


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """Return a project with a change in its work tree that has to be shown by two outputs."""
    folder = repository(tmp_path / "project", MEASURED)
    edit(folder, LOOK, "grep: allow", "grep: allow, execute: ask")
    edit(folder, "templates/fragments/scope/1.md", "1.3 of scope: keep", WORDS)
    return folder


def export(folder: Path, to: str = "../out", *words: str) -> tuple[int, str]:
    done = support.call("diff", "--export", to, *words, cwd=folder)
    return done.code, done.err


def test_the_files_are_the_representatives_before_and_after(changed: Path) -> None:
    code, said = export(changed)
    assert code == 0
    out = changed.parent / "out"
    assert said.splitlines()[-1].startswith("Exported 2 outputs, before and after. Next: promptfoo")
    chosen = [one["path"] for one in report(changed)["representatives"]]
    done = support.call("build", "--out", "../after", cwd=changed)
    assert done.code == 0, done.err
    git(changed, "stash", "--quiet")
    assert support.call("build", "--out", "../before", cwd=changed).code == 0
    for side in ("before", "after"):
        for path in chosen:
            built = (changed.parent / side / path).read_bytes()
            assert (out / side / path).read_bytes() == built
    assert not (out / "after" / chosen[0]).is_symlink()


def test_the_config_pairs_each_prompt_with_its_model_and_the_same_tests(changed: Path) -> None:
    edit(changed, MODEL, "{opencode: demo/tiny}", "{opencode: anthropic/claude-x-1}")
    git(changed, "commit", "-q", "-m", "model", "--", MODEL)
    export(changed)
    out = changed.parent / "out"
    config = yaml.safe_load((out / "promptfooconfig.yaml").read_text(encoding="utf-8"))
    labels = [one["label"] for one in config["prompts"]]
    assert len(set(labels)) == len(labels) == 4
    assert {label.split(":")[0] for label in labels} == {
        *("1 before", "1 after", "2 before", "2 after")
    }
    (provider,) = config["providers"]
    assert provider["id"] == "anthropic:messages:claude-x-1"
    assert provider["prompts"] == labels
    assert config["tests"] == "file://tests/*.yaml"
    (test,) = yaml.safe_load((out / "tests/example.yaml").read_text(encoding="utf-8"))
    assert test["vars"]["message"]
    for one in config["prompts"]:
        path = out / one["id"].removeprefix("file://")
        system, user = render_messages(path.read_bytes())
        assert user == "Hello?"
        assert system.startswith("# Role\n")
        assert ("{{vars}} {#" in system) == ("after" in one["label"])


def test_a_model_that_is_not_known_has_a_placeholder_that_says_so(changed: Path) -> None:
    export(changed)
    text = (changed.parent / "out/promptfooconfig.yaml").read_text(encoding="utf-8")
    assert "# Calls no model: the provider of 'm0' is not known.\n  - id: \"echo\"\n" in text


@pytest.mark.fault("evaluated-prompt")
def test_no_word_of_a_stranger_acts_in_the_config(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    name = "{{env.HOME}}: 'x' #/opencode/\u202e.md"
    head = "---\ndescription: x\nmodel: anthropic/x y\n---\n"
    for folder, text in ((old, "a"), (new, "b")):
        support.write_files(folder, {name: f"{text}\n", ".opencode/agents/a.md": f"{head}{text}\n"})
    words = ("--from-dir", "old", "--to-dir", "new")
    code, said = export(tmp_path, "out", *words)
    assert code == 0, said
    text = (tmp_path / "out/promptfooconfig.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    assert "{" not in text
    assert "\u202e" not in text
    assert {one["id"] for one in config["providers"]} == {"echo"}
    assert all(
        re.fullmatch(r"file://prompts/\d+-\w+\.json", one["id"]) for one in config["prompts"]
    )


def test_an_export_is_updated_and_what_is_not_ours_is_kept(changed: Path) -> None:
    export(changed)
    out = changed.parent / "out"
    support.write_files(out, {"tests/mine.yaml": "- vars: {message: Hi}\n"})
    edit(changed, LOOK, "execute: ask", "execute: allow")
    assert export(changed)[0] == 0
    assert (out / "tests/mine.yaml").exists()
    (out / "tests/example.yaml").write_text("[]\n", encoding="utf-8")
    before = support.snapshot(out)
    edit(changed, LOOK, "execute: allow", "execute: deny")
    code, said = export(changed)
    assert (code, "tests/example.yaml" in said) == (3, True), said
    assert "keep the edit in a file of another name" in said
    assert support.snapshot(out) == before


def test_without_a_change_an_older_export_goes(changed: Path) -> None:
    export(changed)
    git(changed, "stash", "--quiet")
    code, said = export(changed)
    assert (code, said.splitlines()[-1]) == (0, "Nothing to export: no prompt changed.")
    assert not [path for path in (changed.parent / "out").rglob("*") if path.is_file()]


@pytest.mark.parametrize("place", ["full", "packs/x", ".", "link", "file", "packs/demo/pack.yaml"])
def test_nothing_is_exported_to_a_folder_of_others(changed: Path, place: str) -> None:
    support.write_files(changed, {"full/theirs.md": "x\n", "file": "x\n"})
    (changed / "link").symlink_to("full")
    before = support.snapshot(changed)
    assert export(changed, place)[0] == 2
    assert support.snapshot(changed) == before


def test_a_compared_folder_takes_no_export(changed: Path) -> None:
    assert support.call("build", "--out", "../old", cwd=changed).code == 0
    words = ("--from-dir", "../old", "--to-dir", "../old")
    assert export(changed, "../old/x", *words)[0] == 2


def test_files_beside_a_skill_have_no_prompt(tmp_path: Path) -> None:
    files = {"packs/demo/skill/run.sh": "echo 1\n"}
    folder = repository(tmp_path / "project", files)
    pack = support.DEMO["packs/demo/pack.yaml"]
    targets = re.sub(r"^targets:.*$", "targets: [skill]", pack, flags=re.MULTILINE)
    support.write_files(folder, {"packs/demo/pack.yaml": targets})
    done = support.call("build", cwd=folder)
    if done.code:
        pytest.skip(done.err)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "skill")
    edit(folder, "packs/demo/skill/run.sh", "echo 1", "echo 2")
    code, said = export(folder)
    assert (code, said.splitlines()[-1]) == (0, "Nothing to export: no prompt changed.")
