"""A comparison uses what composing knows: lines by their source, moves, the marks of layouts."""

import re

import pytest

from promptpack.diff.compare import compare_sides
from promptpack.diff.edits import list_rule_edits
from promptpack.diff.formats import FORMATS
from promptpack.diff.model import Review, SourceHunk
from promptpack.diff.source_lines import SourceLines
from promptpack.diff.words import MarkedText, compare_words, wrap_line
from promptpack.model import Origin
from promptpack.model.sections import SECTION_KINDS
from review_cases import side
from test_review_story import (
    BUILD,
    ETHICS,
    LAYOUT,
    SCOPE,
    STEPS,
    TAGS,
    TEAM,
    Edit,
    build,
    make_fragment,
    swap,
)

PARTED = {
    **TEAM,
    LAYOUT: "{% for section in sections %}\n<{{ section.name }}>\n{% for part in section.parts %}\n"
    "{% if part.title %}\n## {{ part.title }}\n\n{% endif %}\n{{ part.body }}\n\n{% endfor %}\n"
    "</{{ section.name }}>\n{% endfor %}\n",
    BUILD: TEAM[BUILD].replace("[scope/stay]", "{in: [scope/stay], out: [scope/leave]}"),
    "templates/fragments/scope/leave.md": make_fragment("Leave", "Deployments."),
}


def compare(files: dict[str, str], *edits: Edit) -> Review:
    """Return the review of some edits of a project."""
    head = dict(files)
    for edit in edits:
        edit(head)
    return compare_sides(build(files), build(head))


def test_a_line_is_paired_with_what_its_source_line_was() -> None:
    lines = "- Use {{ vars.language }} for all.\n- Use {{ vars.tool }} for all.\n"
    files = dict(TEAM) | {STEPS: make_fragment("Steps", "x").replace("- x\n", lines)}
    for path in [path for path in files if path.endswith("/pack.yaml")]:
        files[path] = files[path].replace("language: Python", "language: Go, tool: Make")
    review = compare(files, swap(BUILD, "language: Go, tool: Make", "language: Zig, tool: Ant"))
    texts = {(change.old, change.new) for change in review.groups if change.section == "standards"}
    assert texts == {
        ("- Use Go for all.\n", "- Use Zig for all.\n"),
        ("- Use Make for all.\n", "- Use Ant for all.\n"),
    }
    review = compare(files, swap(BUILD, "language: Go, tool: Make", "language: Make, tool: Go"))
    (change,) = [change for change in review.groups if change.section == "standards"]
    assert change.kind == "moved", "the same two lines in another order"


SAFETY_NAMES = [
    (kind.name, name)
    for kind in SECTION_KINDS
    for name in (kind.name, *kind.aliases)
    if kind.is_safety and kind.name in ("scope", "ethics")
]


@pytest.mark.parametrize(("section", "name"), SAFETY_NAMES)
def test_a_safety_section_is_one_by_any_of_its_names(section: str, name: str) -> None:
    files = {path: text.replace(f"  {section}:", f"  {name}:") for path, text in TEAM.items()}
    path, old = (SCOPE, "Stay") if section == "scope" else (ETHICS, "Never print")
    review = compare(files, swap(path, f"- {old}", "- Always"))
    assert {(change.kind, change.section) for change in review.groups} == {("safety", name)}


def test_lines_of_sources_are_named_by_where_they_are_now() -> None:
    hunks = (
        SourceHunk("a", None, (2, 3), "", "x\ny\n", frozenset()),
        SourceHunk("a", (4, 5), (6, 6), "p\nq\n", "r\n", frozenset()),
        SourceHunk("a", (7, 7), None, "z\n", "", frozenset()),
    )
    lines = SourceLines(hunks)
    old = [lines.name_old(Origin("a", number)).line for number in range(1, 10)]
    new = [lines.name_new(Origin("a", number)).line for number in range(1, 10)]
    assert old == [1, 4, 5, -2, -2, 7, -3, 8, 9]
    assert new == [1, -1, -1, 4, 5, -2, 7, 8, 9]
    assert lines.name_old(Origin("b", 3)) == Origin("b", 3)


@pytest.mark.parametrize("old", ["# {{ section.title }}", "{% for section"])
def test_a_level_of_headings_and_a_rule_between_sections_are_framing(old: str) -> None:
    edit = swap(LAYOUT, old, f"#{old}" if old.startswith("#") else f"---\n\n{old}")
    (group,) = compare(dict(TEAM), edit).groups
    assert (group.section, group.kind) == ("layout", "prose")


def test_a_layout_that_another_model_takes_is_one_group() -> None:
    files = {**TEAM, "templates/layouts/tags.md.j2": TAGS}
    review = compare(files, swap("templates/models/small.yaml", "plain", "tags"))
    (group,) = review.groups
    assert (group.section, group.field) == ("layout", "tags")
    assert "layout tags  headings → tags, no word changed  all small" in FORMATS["text"](review)


def test_the_heading_of_a_part_that_goes_or_stands_above_other_text_is_told() -> None:
    dropped = compare(PARTED, swap(LAYOUT, "## {{ part.title }}", ""))
    assert [(c.kind, c.section) for c in dropped.groups if c.section == "scope"] == [
        ("safety", "scope")
    ]
    text = "{{ part.body }}\n\n{% if part.title %}\n## {{ part.title }}\n\n{% endif %}\n"
    below = {
        **PARTED,
        LAYOUT: PARTED[LAYOUT].replace(
            "{% if part.title %}\n## {{ part.title }}\n\n{% endif %}\n{{ part.body }}\n\n", text
        ),
    }
    assert below[LAYOUT] != PARTED[LAYOUT]
    review = compare_sides(build(PARTED), build(below))
    assert "scope" in {change.section for change in review.groups}


def test_a_word_in_a_layout_is_no_framing() -> None:
    review = compare(
        dict(TEAM), swap(LAYOUT, "# {{ section.title }}", "# {{ section.title }} first")
    )
    assert {change.section for change in review.groups} > {"ethics", "scope", "role"}
    assert "safety" in {change.kind for change in review.groups}


def test_text_that_moves_to_another_section_is_one_entry() -> None:
    edit = swap(
        BUILD,
        "  interaction: [interaction/ask]\n  ethics: [ethics/honest]",
        "  ethics: [ethics/honest, interaction/ask]",
    )
    review = compare(dict(TEAM), edit)
    assert {(c.kind, c.section, c.field) for c in review.groups} == {
        ("moved", "ethics", "from interaction"),
        ("prose", "interaction", "heading"),
    }
    assert "ethics  moved from interaction" in FORMATS["text"](review)


def test_a_pack_that_is_renamed_flags_no_block_marker_as_safety() -> None:
    block = "<!-- promptpack:begin {0} -->\n\n# Ethics\n\n- No.\n\n<!-- promptpack:end {0} -->\n"
    files = {**TEAM, BUILD: TEAM[BUILD].replace("gemini]", "gemini, agents-md]")}
    renamed = {path.replace("/builder/", "/maker/"): text for path, text in files.items()}
    renamed["packs/maker/pack.yaml"] = files[BUILD].replace("name: builder", "name: maker")
    review = compare_sides(build(files), build(renamed))
    assert block.format("maker").splitlines()[0] in "".join(c.new for c in review.groups)
    assert {change.kind for change in review.groups} <= {"output-renamed", "head", "prose"}
    assert not any(c.section in ("ethics", "scope", "permissions") for c in review.groups)


@pytest.mark.parametrize(
    ("old", "new", "marks"),
    [
        ("- Ask.\n", "- Stop here.\n", "gone come"),
        ("Ask one question at a time.", "When unclear, stop and write it down.", "gone come"),
        ("Ask one question now.", "Ask two questions now.", "same gone come same"),
        ("Take care. Go.", "Take care. Never guess. Go.", "same come same"),
        ("a: x\n", "a: y\n", "same gone come same"),
    ],
)
def test_unlike_sentences_stand_whole(old: str, new: str, marks: str) -> None:
    words = [*compare_words(old, new)]
    assert "".join(word.text for word in words if word.mark != "come") == old
    assert "".join(word.text for word in words if word.mark != "gone") == new
    found = [word.mark for word in words]
    if marks == "gone come":
        assert [word.text for word in words] == [old, new]
    elif "gone" not in marks:
        assert found == marks.split()
    else:
        assert "same" in found


def test_a_long_line_is_broken_between_words_and_loses_nothing() -> None:
    line = [MarkedText("same", "word " * 9), MarkedText("come", "x" * 50), MarkedText("gone", " y")]
    lines = wrap_line(line, 20)
    assert all(len("".join(word.text for word in one).rstrip()) <= 20 for one in lines)
    assert "".join(word.text for one in lines for word in one) == "".join(w.text for w in line)
    assert wrap_line([], 20) == [[]]


def test_long_lines_do_not_scroll_in_text_and_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    long = "Say " + "what you know and what you do not " * 9
    review = compare_sides(side({"a": "# Role\n\nHi.\n"}), side({"a": f"# Role\n\n{long}\n"}))
    shown = [line for line in FORMATS["text"](review).splitlines() if "what you" in line]
    assert len(shown) > 5
    assert all(len(re.sub("\ufdd0.*?\ufdd1", "", line)) <= 66 for line in shown)
    fenced = [line for line in FORMATS["markdown"](review).splitlines() if "what you" in line]
    assert len(fenced) > 2
    assert all(len(line) <= 110 for line in fenced)


def test_a_list_of_rules_says_which_of_them_moved() -> None:
    assert list_rule_edits("ask; allow a; deny b; allow c", "ask; deny b; allow a; allow c") in (
        ["moved: deny b (now before allow a)"],
        ["moved: allow a (now before allow c)"],
    )
    assert list_rule_edits("ask; allow a; deny b", "ask; allow a; allow c") == [
        "added: allow c (now last)",
        "removed: deny b",
    ]
    assert list_rule_edits("ask", "allow") == []
