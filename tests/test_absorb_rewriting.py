"""What a line, a value and a hunk become: held against Jinja and PyYAML as oracles."""

from typing import Any

import pytest
import yaml
from jinja2.sandbox import SandboxedEnvironment

from promptpack.absorb.edits import Edit, apply_edits
from promptpack.absorb.hunks import apply_output_edits, find_output_edits, split_edit
from promptpack.absorb.rewriting import rewrite_block
from promptpack.absorb.scalars import add_key, edit_key, edit_value, remove_key
from promptpack.source.strict_yaml import DataPath

VALUES = {"name": "Ada", "place": "the desk", "is_on": True}


def render(source: str) -> str:
    environment = SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source).render(VALUES)


@pytest.mark.parametrize(
    ("source", "new"),
    [
        ("Ask {{ name }} at {{ place }}.", "Always ask Ada, who sits at the desk!"),
        ("Ask {{ name }}\nat {{ place }}\nfirst.", "Ask Ada at\nthe desk first."),
        ("Ask {{ name }}\nat {{ place }}.", "Ask Ada at the desk."),
        ("Ask{% if is_on %} {{ name }}{% endif %}.", "Do ask Ada, twice."),
        ("Ask{% if not is_on %} nobody{% endif %} now.", "Ask later."),
        ("Ask.\n{% if is_on %}\nAsk {{ name }}.\n{% endif %}\nGo.", "Ask.\nDo ask Ada.\nGo on."),
        ("{{ name }}{{ place }}", "{{ x }}Adathe desk"),
        ("{# note #}Ask {{ name }}.", "Ask Ada and {% nobody %}."),
    ],
)
def test_a_template_keeps_its_tags_and_renders_what_is_wanted(source: str, new: str) -> None:
    written = rewrite_block(source, render(source), new)
    assert written is not None
    assert render(written) == new
    for tag in ("{{ name }}", "{{ place }}", "{% if is_on %}", "{# note #}"):
        assert (tag in written) == (tag in source)


@pytest.mark.parametrize(
    ("source", "new"),
    [("Ask {{ name }}.", "Ask Bob."), ("Ask {{ name }} at {{ place }}.", "At the desk, ask Ada.")],
)
def test_a_value_that_is_gone_is_nothing_to_guess(source: str, new: str) -> None:
    assert rewrite_block(source, render(source), new) is None


YAML = """\
# kept
title: "A: b"
plain: some words   # why
single: 'it''s'
number: 3
folded: >-
  one two
  three

  four
literal: |
  First line.
    Indented.
  Last line.
long: "a text that goes on
  and on"
flow: {a: one, "b c": two}
last: end
"""


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("title",), "C: d"),
        (("plain",), "other words"),
        (("plain",), "- dash: and # hash"),
        (("single",), "it's not"),
        (("number",), 4),
        (("folded",), "one two five\nfour"),
        (("folded",), "one\ntwo\nthree"),
        (("literal",), "First line.\n  Indented more.\nLast line.\n"),
        (("literal",), "First line.\nNew.\n\nLast line.\n"),
        (("long",), "a text that goes far and on"),
        (("long",), "short"),
        (("flow", "b c"), "three, four"),
    ],
)
def test_a_value_changes_and_nothing_else(place: DataPath, value: object) -> None:
    edit = edit_value(YAML, "x.yaml", place, value)
    assert edit is not None
    changed = apply_edits({"x.yaml": YAML}, [edit])
    assert changed is not None
    expected = yaml.safe_load(YAML)
    inner: Any = expected
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    assert yaml.safe_load(changed["x.yaml"]) == expected
    assert "# kept" in changed["x.yaml"]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (add_key(YAML, "x.yaml", ("new",), 0.5, ("folded",)), {"new": 0.5}),
        (add_key(YAML, "x.yaml", ("flow", "c"), "x", ("flow", "a")), {"flow": {"c": "x"}}),
        (add_key(YAML, "x.yaml", ("flow", "d*"), "x", ("flow", "b c")), {"flow": {"d*": "x"}}),
        (remove_key(YAML, "x.yaml", ("literal",)), {"literal": None}),
        (edit_key(YAML, "x.yaml", ("flow", "b c"), "rm *"), {"flow": {"b c": None, "rm *": "two"}}),
    ],
)
def test_a_key_comes_goes_or_is_renamed(edit: Edit | None, expected: dict[str, Any]) -> None:
    assert edit is not None
    changed = apply_edits({"x.yaml": YAML}, [edit])
    assert changed is not None
    wanted = yaml.safe_load(YAML)
    for key, value in expected.items():
        inner, more = (wanted[key], value) if isinstance(value, dict) else (wanted, {key: value})
        inner |= {name: one for name, one in more.items() if one is not None}
        for name in [name for name, one in more.items() if one is None]:
            del inner[name]
    assert yaml.safe_load(changed["x.yaml"]) == wanted


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([Edit("x", 1, 1, ("A c",)), Edit("x", 2, 0, ("new",))], "A c\nnew\nd"),
        ([Edit("x", 1, 1, ("A c",)), Edit("x", 1, 0, ("new",))], "new\nA c\nd"),
        ([Edit("x", 1, 1, ("A c",)), Edit("x", 1, 1, ("a C",))], "A C\nd"),
        ([Edit("x", 1, 1, ("A c",)), Edit("x", 1, 1, ("B c",))], None),
        ([Edit("x", 1, 2, ("A",)), Edit("x", 2, 1, ("D",))], None),
        ([Edit("x", 2, 0, ("one",)), Edit("x", 2, 0, ("two",))], None),
    ],
)
def test_edits_that_overlap_are_none(edits: list[Edit], expected: str | None) -> None:
    changed = apply_edits({"x": "a c\nd"}, edits)
    assert (changed and changed["x"]) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a b c\nd e f\ng", "a b\nc d e f\nnew words\ng"),
        ("one two\nthree four", "one two three four"),
        ("x", ""),
        ("a\nb\nc", "c\nb\na"),
        ("a\n\nb", "a\n\nmore\n\nb\n"),
    ],
)
def test_hunks_and_their_parts_give_the_new_text(old: str, new: str) -> None:
    lines, wanted = old.split("\n"), new.split("\n")
    hunks = [*find_output_edits(lines, wanted)]
    parts = [part for hunk in hunks for part in split_edit(hunk)]
    assert apply_output_edits(lines, hunks) == tuple(wanted)
    assert apply_output_edits(lines, parts) == tuple(wanted)
    for part in (*hunks, *parts):
        assert tuple(wanted[part.place : part.place + len(part.new)]) == part.new
