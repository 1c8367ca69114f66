"""What went wrong for people who maintain agent files, each as a small project of its own.

What is installed, shared or built twice has modules of its own: `test_installations.py`,
`test_shared_instructions.py` and `test_ownership.py`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

import support

PACK, ROLE = "packs/demo/pack.yaml", "packs/demo/role.md"
LOOK = "dist/opencode/tiny.look/.opencode/agents/demo.md"
STEPS = "templates/fragments/standards/small-steps.md"


def build(folder: Path, files: Mapping[str, str], *words: str) -> support.Result:
    return support.call("build", *words, cwd=support.make_project(folder, files))


def lint(folder: Path, files: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what `lint` says of a project, by code."""
    done = support.call("lint", "--format", "json", cwd=support.make_project(folder, files))
    found: dict[str, list[str]] = {}
    for one in json.loads(done.out)["findings"]:
        found.setdefault(one["code"], []).append(one["message"])
    return found


@pytest.mark.parametrize(
    ("text", "place"),
    [("## Rules {#rules}\n", "1:10"), ("Ask.\n`{{ .Values.x }}` is it.\n", "2:2")],
)
def test_braces_of_another_language_have_a_place_and_a_way_out(
    text: str, place: str, tmp_path: Path
) -> None:
    done = build(tmp_path, {ROLE: text})
    assert done.code == 3
    assert f"{ROLE}:{place}\n" in done.err
    assert "{% raw %}" in done.err
    assert "verbatim: true" in done.err


@pytest.mark.parametrize("text", ["{% raw %}%s{% endraw %}\n", "---\nverbatim: true\n---\n%s\n"])
def test_the_ways_out_work(text: str, tmp_path: Path) -> None:
    braces = "## Rules {#rules} {{ .Values.x }}"
    done = build(tmp_path, {ROLE: text.replace("%s", braces)})
    assert done.code == 0, done.err
    assert f"\n{braces}\n" in (tmp_path / LOOK).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("target", "name"), [("opencode", "build"), ("opencode", "plan"), ("copilot", "task")]
)
def test_the_name_of_a_clients_own_agent_is_refused(target: str, name: str, tmp_path: Path) -> None:
    pack = support.DEMO[PACK].replace("[opencode]", f"[{target}]")
    files = {f"packs/{name}/pack.yaml": pack.replace("name: demo", f"name: {name}")}
    done = build(tmp_path, {**files, f"packs/{name}/role.md": "Help.\n"})
    assert done.code == 3
    assert f"has an agent '{name}' of its own" in done.err


def test_a_merge_that_was_not_resolved_stops_the_build(tmp_path: Path) -> None:
    text = "You.\n\n<<<<<<< HEAD\n- Yes.\n=======\n- No.\n>>>>>>> branch\n"
    done = build(tmp_path, {ROLE: text})
    assert (done.code, "error[PP008]" in done.err) == (3, True)
    assert not (tmp_path / "dist").exists()


def test_a_role_without_a_word_and_what_is_to_be_filled_in_are_told(tmp_path: Path) -> None:
    assert "PP512" in lint(tmp_path / "empty", {ROLE: ""})
    text = "You review for [COMPANY NAME]. TODO: write the rest. <INSERT RULES HERE>\n"
    assert len(lint(tmp_path / "todo", {ROLE: text})["PP310"]) == 3


def test_a_client_has_fields_of_its_own_and_no_permission_among_them(tmp_path: Path) -> None:
    extra = "clients: {opencode: {extra: {steps: 12, color: '#5B8DEF'}}}\n"
    done = build(tmp_path / "taken", {PACK: support.DEMO[PACK] + extra})
    assert done.code == 0, done.err
    text = (tmp_path / "taken" / LOOK).read_text(encoding="utf-8")
    assert "\nsteps: 12\n" in text
    refused = "clients: {opencode: {extra: {permission: {bash: allow}}}}\n"
    done = build(tmp_path / "refused", {PACK: support.DEMO[PACK] + refused})
    assert (done.code, "the policy decides what an agent may do" in done.err) == (3, True)
    wrong = build(tmp_path / "wrong", {PACK: support.DEMO[PACK] + "color: blue\n"})
    assert "clients: {opencode: {extra: …}}" in wrong.err


def test_what_is_included_stands_under_the_indent_of_its_tag(tmp_path: Path) -> None:
    steps = "- First.\n- Second:\n\n  ```sh\n  make\n  ```\n"
    role = '1. Look:\n   {% include "x/steps" %}\n2. Say {% include "x/inline" %}\n'
    path = "templates/fragments/x/steps.md"
    files = {ROLE: role, path: steps, "templates/fragments/x/inline.md": "so.\n"}
    done = build(tmp_path, files)
    assert done.code == 0, done.err
    lines = (tmp_path / LOOK).read_text(encoding="utf-8").split("\n")
    start = lines.index("1. Look:")
    expected = ["   - First.", "   - Second:", "", "     ```sh", "     make", "     ```"]
    assert lines[start + 1 : start + 8] == [*expected, "2. Say so."]
    explained = support.call("explain", f"{LOOK}:{start + 6}", cwd=tmp_path)
    assert f"{path}:5" in explained.out
    edited = (tmp_path / LOOK).read_text(encoding="utf-8").replace("     make", "     make all")
    (tmp_path / LOOK).write_text(edited, encoding="utf-8")
    absorbed = support.call("absorb", str(tmp_path / LOOK), "--yes", cwd=tmp_path)
    assert absorbed.code == 0, absorbed.err
    assert (tmp_path / path).read_text(encoding="utf-8") == steps.replace("  make", "  make all")


@pytest.mark.parametrize(
    "tag", ['{%+ include "standards/small-steps" %}', '{%- include "standards/small-steps" %}']
)
def test_a_tag_that_says_what_becomes_of_blanks_is_left_alone(tag: str, tmp_path: Path) -> None:
    done = build(tmp_path, {ROLE: f"You.\n   {tag}\n", STEPS: "- One.\n- Two.\n"})
    assert done.code == 0, done.err
    assert "\n- Two.\n" in (tmp_path / LOOK).read_text(encoding="utf-8")


def test_a_server_with_an_underscore_is_no_misspelling(tmp_path: Path) -> None:
    policy = support.DEMO["templates/policies/look.yaml"]
    path = "templates/policies/look.yaml"
    with_server = policy.replace("capabilities: {", "capabilities: {mcp:my_server: allow, ")
    assert with_server != policy
    done = build(tmp_path, {path: with_server})
    assert done.code == 0, done.err
    assert "my_server" in (tmp_path / LOOK).read_text(encoding="utf-8")


def test_no_text_speaks_of_a_tool_that_the_client_took_away(tmp_path: Path) -> None:
    text = '{% if not policy.denies("execute") %}\n- Run it.\n{% endif %}\nYou.\n'
    policy = "title: T\nsummary: S.\ndefault: deny\ncapabilities: {read: allow, execute: ask}\n"
    pack = support.DEMO[PACK].replace("[opencode]", "[opencode, gemini]")
    done = build(tmp_path, {ROLE: text, "templates/policies/look.yaml": policy, PACK: pack})
    assert done.code == 0, done.err
    gemini = tmp_path / "dist/gemini/tiny.look/.gemini/agents/demo.md"
    assert "- Run it." in (tmp_path / LOOK).read_text(encoding="utf-8")
    assert "- Run it." not in gemini.read_text(encoding="utf-8")


def test_the_names_of_other_clients_tools_and_denied_work_are_told(tmp_path: Path) -> None:
    text = "- Use the `Read` tool.\n- Hand the rest to the explorer subagent.\n- Ask WebFetch.\n"
    pack = support.DEMO[PACK].replace("[opencode]", "[opencode, gemini]") + support.NO_CURSOR
    found = lint(tmp_path, {ROLE: text, PACK: pack})
    assert any("'Read'" in message for message in found["PP205"])
    assert any("start other agents" in message for message in found["PP107"])


def test_a_record_in_conflict_hides_no_stale_agent(tmp_path: Path) -> None:
    other = {
        "packs/two/pack.yaml": support.DEMO[PACK].replace("name: demo", "name: two"),
        "packs/two/role.md": "Help.\n",
    }
    assert build(tmp_path, other).code == 0
    record = tmp_path / "dist/.promptpack.json"
    record.write_text(f"<<<<<<< HEAD\n{record.read_text(encoding='utf-8')}", encoding="utf-8")
    for path in other:
        (tmp_path / path).unlink()
    (tmp_path / "packs/two").rmdir()
    checked = support.call("check", cwd=tmp_path)
    assert checked.code == 1
    assert "merge conflict markers" in checked.err
    assert "two.md is not built by any pack" in checked.out
    assert support.call("build", cwd=tmp_path).code == 3
