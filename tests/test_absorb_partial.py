"""Absorbing a part of an edit, permissions with it if asked, and what white space comes to."""

import json
import re
from pathlib import Path

import pytest

import support
from absorb_cases import KEPT
from promptpack.absorb.effects import find_effects
from promptpack.absorb.proposal import Wish, absorb_output
from promptpack.build import build_project
from promptpack.output.locate import locate_outputs
from promptpack.output.rewriting import rewrite_sources
from promptpack.reading.project import load_project
from promptpack.rendering.compose import Composer
from promptpack.reporting.json_schemas import AbsorbReport

OUTPUT = "dist/opencode/tiny.look/.opencode/agents/demo.md"
STEPS = "templates/fragments/standards/small-steps.md"
LOOK = "templates/policies/look.yaml"
RULES = """\
title: Look
summary: Looks.
default: deny
capabilities:
  glob: allow
  grep: allow
  list: allow
  execute:
    "*": ask
    "git diff*": allow
    "rm *": deny
"""


def edit(root: Path, *changes: tuple[str, str], output: str = OUTPUT) -> str:
    """Replace texts in an output, each of which is there once; return what is there then."""
    text = (root / output).read_bytes().decode()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (root / output).write_bytes(text.encode())
    return text


def absorb(root: Path, *options: str, output: str = OUTPUT) -> support.Result:
    return support.call("absorb", output, "--yes", *options, cwd=root)


def list_places(said: str, output: str = OUTPUT) -> list[int]:
    """Return the lines of the file that a report of findings names, in its order."""
    return [int(number) for number in re.findall(rf"--> {re.escape(output)}:(\d+)", said)]


def find_number(text: str, words: str) -> int:
    return next(n for n, line in enumerate(text.split("\n"), 1) if words in line)


def read_built(root: Path, output: str = OUTPUT) -> str:
    """Return what a plain build of the sources makes of an output."""
    built = {f"dist/{one.path}": one.content for one in build_project(load_project(root))}
    return built[output].decode()


def test_a_part_is_absorbed_and_the_rest_reported(tmp_path: Path) -> None:
    root = support.built(tmp_path)
    before = (root / OUTPUT).read_text(encoding="utf-8")
    text = edit(
        root, ("glob: allow", "glob: ask"), ("# Role", "# My role"), ("small step", "tiny step")
    )
    refused = [find_number(text, "glob: ask"), find_number(text, "# My role")]
    all_or_nothing = absorb(root)
    assert (all_or_nothing.code, list_places(all_or_nothing.err)) == (1, refused)
    assert "small step" in (root / STEPS).read_text(encoding="utf-8")
    done = absorb(root, "--partial")
    assert done.code == 1
    assert "these edits were not absorbed" in done.err
    assert [n for n in list_places(done.err) if n in refused] == refused
    assert read_built(root) == before.replace("small step", "tiny step")
    assert (root / OUTPUT).read_text(encoding="utf-8") == text  # still the author's
    assert support.call("build", cwd=root).code == 3  # it would overwrite what is left
    assert support.call("build", "--force", cwd=root).code == 0
    assert (root / OUTPUT).read_text(encoding="utf-8") == read_built(root)
    assert (root / f"{OUTPUT}.orig").read_text(encoding="utf-8") == text


def test_the_report_says_what_was_refused(tmp_path: Path) -> None:
    root = support.built(tmp_path)
    text = edit(root, ("# Role", "# My role"), ("small step", "tiny step"))
    done = absorb(root, "--partial", "--dry-run", "--format", "json")
    assert done.code == 1
    data = json.loads(done.out)
    AbsorbReport.model_validate(data)
    (refused,) = data["refused"]
    assert refused["line"] == find_number(text, "# My role")
    assert "templates/layouts/plain.md.j2" in refused["reason"]
    assert [source["path"] for source in data["sources"]] == [STEPS]


def test_nothing_to_take_is_an_error_in_part_too(tmp_path: Path) -> None:
    root = support.built(tmp_path)
    edit(root, ("# Role", "# My role"))
    before = support.snapshot(root)
    done = absorb(root, "--partial")
    assert (done.code, "nothing was written" in done.err) == (1, True)
    assert support.snapshot(root) == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("# Standards", "# The standards", "# The standards"),
        ("mode: subagent", "mode: sub", "mode: sub"),
        ("model: demo/tiny", "model: demo/big", "model: demo/big"),
        ("grep: allow", "grep: ask", "grep: ask"),
        ("  grep: allow\n", "", "external_directory: ask"),
        ("# Standards\n\n", "", "- Take one small step"),
    ],
)
def test_a_refusal_points_at_the_line_that_was_edited(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    root = support.built(tmp_path)
    text = edit(root, (old, new), ("small step", "tiny step"))
    words = words.replace("small", "tiny")
    done = absorb(root)
    assert (done.code, list_places(done.err)) == (1, [find_number(text, words)]), done.err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("examples.\n", "examples."),
        ("examples.\n", "examples.\n\n\n"),
        ("Python project.\n", "Python project.  \n"),
        ("# Standards\n\n", "# Standards\n\n\n"),
    ],
)
def test_blanks_do_not_keep_a_good_edit_out(tmp_path: Path, old: str, new: str) -> None:
    root = support.built(tmp_path)
    before = (root / OUTPUT).read_text(encoding="utf-8")
    edit(root, (old, new), ("small step", "tiny step"))
    done = absorb(root)
    assert done.code == 0, done.err
    assert "not absorbed: white space that no source can produce" in done.err
    assert read_built(root) == before.replace("small step", "tiny step")


def test_blanks_alone_are_nothing_to_absorb(tmp_path: Path) -> None:
    root = support.built(tmp_path)
    text = edit(root, ("Python project.\n", "Python project.  \n"))
    done = absorb(root)
    assert (done.code, list_places(done.err)) == (1, [find_number(text, "project.  ")])
    assert "whitespace" in done.err


LITERAL = "```text\none\n\n\ntwo\n```\n"
FROM_A_VALUE = "{% set code = 'one\\n\\n\\ntwo' %}```text\n{{ code }}\n```\n"


@pytest.mark.parametrize(
    ("source", "new", "is_absorbed"),
    [
        (LITERAL, "one\n\ntwo", True),
        (LITERAL, "one  \n\n\ntwo", True),
        (LITERAL, "one\n\n\n\ntwo", False),
        (FROM_A_VALUE, "one\n\ntwo", False),
        (FROM_A_VALUE, "one  \n\n\ntwo", False),
        (FROM_A_VALUE, "one\n\n\n\ntwo", False),
    ],
)
def test_blanks_in_a_code_fence_are_absorbed_or_refused_at_their_line(
    tmp_path: Path, source: str, new: str, is_absorbed: bool
) -> None:
    fragment = f"---\ntitle: Steps\nsummary: Steps.\n---\n{source}"
    root = support.built(tmp_path, {STEPS: fragment})
    changed = edit(root, (LITERAL, LITERAL.replace("one\n\n\ntwo", new)))
    done = absorb(root)
    assert done.code == (0 if is_absorbed else 1), done.err
    assert "white space" not in done.err
    if is_absorbed:
        assert read_built(root) == changed
        return
    first = find_number(changed, "```text")
    places = list_places(done.err)
    assert places, done.err
    assert all(first < place < first + 6 for place in places), done.err
    assert (root / STEPS).read_text(encoding="utf-8") == fragment


def test_a_permission_names_its_line_in_the_policy(tmp_path: Path) -> None:
    root = support.built(tmp_path, {LOOK: RULES})
    edit(root, ("git diff*: allow", "git diff*: ask"))
    done = absorb(root)
    line = find_number(RULES, "git diff")
    assert (done.code, f"change {LOOK}:{line}" in done.err) == (1, True), done.err


@pytest.mark.parametrize(
    ("old", "new", "written", "direction"),
    [
        ("git diff*: allow", "git diff*: ask", '"git diff*": ask', "narrowed"),
        ("rm *: deny", "rm *: ask", '"rm *": ask', "widened"),
        ("git diff*: allow", "git status*: allow", '"git status*": allow', "widened"),
        ("glob: allow", "glob: ask", "  glob: ask", "narrowed"),
        ("  grep: allow\n", "  grep: ask\n", "  grep: ask", "narrowed"),
    ],
)
def test_a_permission_is_changed_in_the_policy(
    tmp_path: Path, old: str, new: str, written: str, direction: str
) -> None:
    root = support.built(tmp_path, {LOOK: RULES})
    text = (root / OUTPUT).read_text(encoding="utf-8")
    key = old.partition(":")[0]
    if f'"{key}":' in text:
        old, new = (f'"{one.replace(":", chr(34) + ":", 1)}' for one in (old, new))
    wanted = edit(root, (old, new))
    before = support.snapshot(root)
    data = json.loads(absorb(root, "--policy", "--dry-run", "--format", "json").out)
    AbsorbReport.model_validate(data)
    assert direction in {one["direction"] for one in data["permissions"]}
    assert {one["path"] for one in data["permissions"]} == {OUTPUT.removeprefix("dist/")}
    done = absorb(root, "--policy")
    if direction == "widened":
        assert (done.code, "would grant more than before" in done.err) == (1, True)
        assert "WIDENED: execute" in done.err
        assert support.snapshot(root) == before
        done = absorb(root, "--policy", "--widen")
    assert done.code == 0, done.err
    assert written in (root / LOOK).read_text(encoding="utf-8")
    assert support.call("build", cwd=root).code == 0
    assert (root / OUTPUT).read_text(encoding="utf-8") == wanted


def test_a_widening_names_each_output_of_each_pack(tmp_path: Path) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"]
    other = {
        "packs/other/pack.yaml": pack.replace("name: demo", "name: other"),
        "packs/other/role.md": "You are the other one.\n",
    }
    root = support.built(tmp_path, {**other, LOOK: RULES})
    edit(root, ("glob: allow\n", "glob: allow\n"), ("list: allow", "list: ask"))
    data = json.loads(absorb(root, "--policy", "--dry-run", "--format", "json").out)
    assert {(one["pack"], one["capability"]) for one in data["permissions"]} == {
        ("demo", "list"),
        ("other", "list"),
    }
    assert len(data["others"]) == 1


def test_a_kept_permission_is_changed_where_it_is_kept_too(tmp_path: Path) -> None:
    support.write_files(tmp_path, KEPT)
    assert support.call("build", cwd=tmp_path).code == 0
    output = "dist/opencode/as-written.look/.opencode/agents/critic.md"
    wanted = edit(tmp_path, ("  glob: allow", "  glob: ask"), output=output)
    refused = absorb(tmp_path, output=output)
    assert (refused.code, f"change {LOOK}:4" in refused.err) == (1, True)
    done = absorb(tmp_path, "--policy", output=output)
    assert done.code == 0, done.err
    assert "glob: ask" in (tmp_path / "packs/critic/opencode.head").read_text(encoding="utf-8")
    assert "glob: ask" in (tmp_path / LOOK).read_text(encoding="utf-8")
    assert read_built(tmp_path, output) == wanted


def test_two_edits_and_a_choice_for_one_of_them(tmp_path: Path) -> None:
    last = "templates/fragments/standards/last.md"
    pack = support.DEMO["packs/demo/pack.yaml"].replace(
        "    - {use: standards/examples, with: {count: 2}}", "    - standards/last"
    )
    root = support.built(
        tmp_path,
        {"packs/demo/pack.yaml": pack, last: "---\ntitle: Last\n---\n- Stop when it is done.\n"},
    )
    wanted = edit(root, ("- Stop", "- New.\n- Stop"), ("a Python project", "one Python project"))
    assert absorb(root, "--partial", "--dry-run").code == 1
    assert absorb(root, "--to", last).code == 0
    assert read_built(root) == wanted


def test_a_source_that_changed_meanwhile_keeps_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several sources change together or none of them does."""
    root = support.built(tmp_path)
    edit(root, ("small step", "tiny step"), ("You answer", "You always answer"))

    def interfere(changes: object) -> None:
        (root / STEPS).write_text("---\ntitle: Other\n---\n- Other.\n", encoding="utf-8")
        rewrite_sources(changes)  # type: ignore[arg-type]  # handed on as it is

    monkeypatch.setattr("promptpack.cli.absorb.rewrite_sources", interfere)
    done = absorb(root)
    assert done.code != 0
    assert (root / "packs/demo/role.md").read_text() == support.DEMO["packs/demo/role.md"]


def test_only_packs_that_an_edit_reaches_are_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"]
    others: dict[str, str | bytes] = {}
    for number in range(8):
        own = pack.replace("name: demo", f"name: p{number}")
        others[f"packs/p{number}/pack.yaml"] = own.replace("    - standards/small-steps\n", "")
        others[f"packs/p{number}/role.md"] = f"You are number {number}.\n"
    root = support.built(tmp_path, others)
    edit(root, ("small step", "tiny step"))
    project = load_project(root)
    composed: list[str] = []
    compose = Composer.compose_agent

    def note(self: Composer, variant: object, target: str) -> object:
        composed.append(variant.pack.name)  # type: ignore[attr-defined]  # a variant
        return compose(self, variant, target)  # type: ignore[arg-type]  # handed on as it is

    monkeypatch.setattr(Composer, "compose_agent", note)
    artifacts = build_project(project)
    assert len({*composed}) == 9
    composed.clear()
    (place,) = locate_outputs((root / OUTPUT).resolve(), artifacts)
    done = absorb_output(project, place, OUTPUT, Wish())
    effects = find_effects(project, done.sources, done.artifact, {}, has_policy=False)
    assert {*composed} == {"demo"}
    assert len(composed) <= 8
    assert [one.variant.name for one in effects.others] == ["tiny.change"]
