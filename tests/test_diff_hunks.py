"""Hunks and groups: applied to the old text they give the new one, and nothing is lost between."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.diff.align import Aligner
from promptpack.diff.compare import compare_sides
from promptpack.diff.hunks import apply_hunks, find_hunks
from promptpack.diff.model import Hunk, Review
from promptpack.diff.segments import split_segments
from review_cases import side
from support import count_cases

LINES = (
    *("", "# Role", "## 1. Scope", "## 2. Scope", "## Free", "### Deeper", "<ethics>", "</ethics>"),
    *("ROLE", "- Ask one question.", "- Ask two questions.", "- Never do that.", "a\\nb", "\ttab"),
    *("```", "~~~", "---", "a: b", "tools: Read", "permission:", "  bash: ask", "  bash: allow"),
    *("x\u200by", "[features]", "shell_tool = false", "body = '''", "'''", '"quoted"', "é\udc80"),
)
bodies = st.builds(
    lambda lines, end: "\n".join(lines) + end,
    st.lists(st.sampled_from(LINES), max_size=16),
    st.sampled_from(["", "\n"]),
)


def as_json(text: str) -> str:
    data = {"messages": [{"role": "system", "content": text}], "temperature": 0.5}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


texts = bodies | bodies.map(as_json)


@settings(max_examples=count_cases(400), deadline=None)
@given(old=texts, new=texts)
def test_hunks_applied_to_the_old_text_give_the_new(old: str, new: str) -> None:
    before, after = split_segments(old), split_segments(new)
    assert apply_hunks(old, find_hunks(before, after, Aligner())) == new
    assert find_hunks(before, before, Aligner()) == ()


sides = st.dictionaries(st.sampled_from("abcdef"), texts, max_size=6)


@pytest.mark.fault(64)
@settings(max_examples=count_cases(150), deadline=None)
@given(base=sides, head=sides)
def test_groups_give_the_head_for_every_output_and_sum_to_the_hunks(
    base: dict[str, str], head: dict[str, str]
) -> None:
    review = compare_sides(side(base), side(head))
    found = places(review)
    renamed = {output.before: output.key for output in review.outputs if output.before}
    for key, text in base.items():
        now = renamed.get(key, key)
        assert apply_hunks(text, found.get(now, [])) == head.get(now, "")
    for key in head.keys() - base.keys() - set(renamed.values()):
        assert apply_hunks("", found[key]) == head[key]
    assert sum(len(change.places) for change in review.groups) == review.summary.hunks
    assert review.summary.groups == len(review.changes)


def places(review: Review) -> Mapping[str, list[Hunk]]:
    """Return the hunks of each output, rebuilt from the groups alone."""
    found: dict[str, list[Hunk]] = {}
    for change in review.groups:
        for output, hunk in change.places:
            if change.kind != "output-renamed":
                is_one_text = change.section != "layout" and change.field != "heading"
                made = hunk._replace(old=change.old, new=change.new) if is_one_text else hunk
                found.setdefault(output, []).append(made)
    return found


@pytest.mark.fault(64)
@settings(max_examples=count_cases(60), deadline=None)
@given(base=sides, head=sides, data=st.data())
def test_order_does_not_matter(
    base: dict[str, str], head: dict[str, str], data: st.DataObject
) -> None:
    first = compare_sides(side(base), side(head))
    keys = data.draw(st.permutations(sorted(base))), data.draw(st.permutations(sorted(head)))
    again = compare_sides(side({k: base[k] for k in keys[0]}), side({k: head[k] for k in keys[1]}))
    assert again == first


@settings(max_examples=count_cases(60), deadline=None)
@given(base=sides)
def test_nothing_differs_from_itself(base: dict[str, str]) -> None:
    review = compare_sides(side(base), side(base))
    assert not review.differs
    assert review.changes == ()


def test_the_same_edit_is_one_group_in_markdown_json_and_toml() -> None:
    old = '# Role\n\n- Say "no".\n- Ask.\n'
    new = '# Role\n\n- Say "no" twice.\n- Ask.\n'
    toml = "name = 'a'\ndeveloper_instructions = '''\n{}'''\n"
    base = {"a": old, "b": as_json(old), "c": toml.format(old)}
    head = {"a": new, "b": as_json(new), "c": toml.format(new)}
    (group,) = compare_sides(side(base), side(head)).groups
    assert (group.section, group.outputs) == ("role", ("a", "b", "c"))
    assert (group.old, group.new) == ('- Say "no".\n', '- Say "no" twice.\n')


A = "## 1. Role\n\nYou help.\nYou do so at once.\n\n"
B = "## 2. Scope\n\n- Never delete.\n\n"


def test_a_moved_section_is_moved_not_deleted_and_added() -> None:
    swapped = B.replace("2.", "1.") + A.replace("1.", "2.")
    review = compare_sides(side({"a": A + B}), side({"a": swapped}))
    moved = [change for change in review.groups if change.kind == "moved"]
    assert [(c.section, len(c.places)) for c in moved] == [("scope", 2)]
    assert {change.kind for change in review.groups} <= {"moved", "prose"}
    plain = {"a": "# Role\n\nYou help.\nAlways.\n\n# Output\n\nText.\n\n"}
    turned = {"a": "# Output\n\nText.\n\n# Role\n\nYou help.\nAlways.\n\n"}
    (group,) = compare_sides(side(plain), side(turned)).groups
    assert (group.kind, group.section, group.old) == ("moved", "output", group.new)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("# Role\n\nHelp.\n", "# Role\n\nHelp.  \n", "whitespace"),
        ("# Role\n\nHelp.\n", "# Role\n\n\nHelp.\n", "whitespace"),
        ("# Role\n\nHelp.\n", "# Role\n\nHelp me.\n", "prose"),
        ("# Role\n\nHelp.\n", "# Role\n\nHe\u200blp.\n", "hidden"),
        ("# Role\n\nHelp.\n", "# Role\n\nHelp.\x1b[31m\n", "hidden"),
        ("# Role\n\npaypal\n", "# Role\n\npayp\u0430l\n", "hidden"),
        ("# Role\n\nHe\u200blp.\n", "# Role\n\nHelp.\n", "prose"),
        ("# Role\n\nFine.\n", "# Role\n\nFine \u26a0\ufe0f.\n", "prose"),
        ("# Ethics\n\n- No.\n- Yes.\n", "# Ethics\n\n- Yes.\n", "safety"),
        ("# Ethics\n\n- No.\n", "# Ethics\n\n- Maybe.\n", "safety"),
        ("# Ethics\n\n- No.\n", "# Ethics\n\n- No.\n- Never.\n", "prose"),
        ("# Permissions\n\n- Never run commands.\n", "# Permissions\n\n", "safety"),
        ("## 1. Scope\n\nx\n", "## 2. Scope\n\nx\n", "prose"),
        ("---\nmodel: a\n---\nx\n", "---\nmodel: b\n---\nx\n", "model"),
        ("---\nmode: all\n---\nx\n", "---\nmode: primary\n---\nx\n", "mode"),
        ("---\nname: a\n---\nx\n", "---\nname: b\n---\nx\n", "head"),
    ],
)
def test_what_a_change_is(old: str, new: str, kind: str) -> None:
    (group,) = compare_sides(side({"a": old}), side({"a": new})).groups
    assert group.kind == kind


def test_an_output_under_a_new_name_is_renamed() -> None:
    text = "# Role\n\nHelp.\n"
    review = compare_sides(side({"old": text}), side({"new": f"{text}\nMore.\n"}))
    assert [(o.key, o.status, o.before) for o in review.outputs] == [("new", "renamed", "old")]
    assert [change.kind for change in review.groups] == ["output-renamed", "prose"]


MARKED = "{}\n- Stay.\n\n{}\n- Never lie.\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("## Scope\n", "### Scope\n", True),
        ("<scope>\n", "# Scope and boundaries\n", True),
        ("## Scope\n", "## 1. Scope\n", True),
        ("<scope>\n", "## Ethics\n", False),
        ("## Scope\n", "", False),
        ("## Scope\n", "## Scope\n\nLeave the project.\n", False),
        ("## Scope\n\n## Never delete\n", "## Scope\n", False),
        ("## Scope\n\nNEVER DELETE\n", "## Scope\n", False),
        ("<never>\n", "<always>\n", False),
        ("## Scope\n", "## Scope \u0434\u0430\n", False),
        ("## Sc\u043epe\n", "## Scope\n", False),
        ("## Scope\n", "## Sc\u200bope\n", False),
    ],
)
def test_marks_of_sections_are_told_from_text(old: str, new: str, *, expected: bool) -> None:
    base, head = (side({"a": MARKED.format(text, "## Ethics")}) for text in (old, new))
    review = compare_sides(base, head)
    assert ({change.section for change in review.groups} == {"layout"}) is expected
