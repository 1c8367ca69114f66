"""Few outputs show every change: each group is in one of them, whatever the groups are."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from math import log
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import review_cases
import support
from promptpack.diff.compare import compare_sides
from promptpack.diff.model import Change, Review
from promptpack.diff.representatives import choose_representatives
from promptpack.diff.side_by_side import align_texts
from promptpack.reporting.json_schemas import REPORTS
from review_cases import MEASURED, edit, git, report, repository, side
from support import count_cases

EMPTY = compare_sides(side({}), side({}))

covers = st.dictionaries(
    st.sampled_from("abcdefg"), st.sets(st.sampled_from("uvwxyz"), max_size=6), max_size=7
)


def make_review(groups_by_output: Mapping[str, set[str]]) -> Review:
    """Return a review of changes that are in these outputs."""
    groups = sorted({group for groups in groups_by_output.values() for group in groups})
    changes = tuple(
        Change(
            *(group, "prose", "scope", "", "a", "b", ()),
            tuple(key for key, own in groups_by_output.items() if group in own),
            *("", group * 8, 0),
        )
        for group in groups
    )
    return replace(EMPTY, groups=changes)


def find_smallest(groups_by_output: Mapping[str, set[str]]) -> int:
    """Return how many outputs are needed, by trying all."""
    every = set().union(*groups_by_output.values())
    for size in range(len(groups_by_output) + 1):
        for keys in itertools.combinations(groups_by_output, size):
            if set().union(*(groups_by_output[key] for key in keys)) == every:
                return size
    raise AssertionError


@settings(max_examples=count_cases(200), deadline=None)
@given(groups_by_output=covers)
def test_every_change_is_shown_by_few_outputs_none_of_them_needless(
    groups_by_output: Mapping[str, set[str]],
) -> None:
    chosen = choose_representatives(make_review(groups_by_output))
    shown = [set(one.groups) for one in chosen]
    every = set().union(*groups_by_output.values())
    assert set().union(*shown) == every
    assert all(groups_by_output[one.path] == set(one.groups) for one in chosen)
    for number in range(len(shown)):
        assert set().union(*shown[:number], *shown[number + 1 :]) != every
    smallest = find_smallest(groups_by_output)
    assert smallest <= len(chosen) <= smallest * (1 + log(max(1, len(every))))


@given(groups_by_output=covers, data=st.data())
@settings(max_examples=count_cases(50), deadline=None)
def test_the_order_of_outputs_decides_nothing(
    groups_by_output: Mapping[str, set[str]], data: st.DataObject
) -> None:
    keys = data.draw(st.permutations(sorted(groups_by_output)))
    other = {key: groups_by_output[key] for key in keys}
    assert choose_representatives(make_review(groups_by_output)) == choose_representatives(
        make_review(other)
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the measured project with an edit in a policy, in a section, and in another."""
    folder = repository(tmp_path_factory.mktemp("measured"), MEASURED)
    edit(folder, "templates/policies/look.yaml", "grep: allow", "grep: allow, execute: ask")
    edit(folder, "templates/fragments/scope/1.md", "1.3 of scope: keep", "1.3 of scope: hold")
    edit(folder, "templates/fragments/ethics/0.md", "0.3 of ethics: keep", "0.3 of ethics: <b>")
    return folder


def test_each_format_names_them(measured: Path) -> None:
    data = report(measured)
    REPORTS["diff"].model_validate(data)
    groups = {one["id"] for one in (*data["permissions"], *data["groups"])}
    chosen = data["representatives"]
    assert {group for one in chosen for group in one["groups"]} == groups
    assert len(data["outputs"]) == 72
    title = f"{len(chosen)} of 72 outputs show every change"
    for name in ("text", "markdown", "html"):
        said = support.call("diff", "--format", name, cwd=measured).out
        assert title in said
        assert all(one["path"] in said for one in chosen)


def test_a_part_of_a_review_has_its_own(measured: Path) -> None:
    done = support.call("diff", "--section", "scope", "--format", "json", cwd=measured)
    (chosen,) = json.loads(done.out)["representatives"]
    (group,) = json.loads(done.out)["groups"]
    assert (group["section"], chosen["groups"]) == ("scope", [group["id"]])


def test_the_html_has_both_sides_beside_each_other(measured: Path) -> None:
    page = support.call("diff", "--format", "html", cwd=measured).out
    old = '<pre class="old">- Rule 1.3 of scope: <del>keep</del> to it, whatever else.</pre>'
    new = '<pre class="new">- Rule 1.3 of scope: <ins>hold</ins> to it, whatever else.</pre>'
    assert f"{old}{new}" in page
    assert "<ins>&lt;b&gt;</ins>" in page or "&lt;b&gt;" in page
    assert "<script" not in page
    assert page.count("<details") == page.count("</details>")


def test_a_renamed_output_is_shown_with_both_names(tmp_path: Path) -> None:
    folder = repository(tmp_path)
    edit(folder, "packs/demo/pack.yaml", "name: demo", "name: other")
    git(folder, "mv", "packs/demo", "packs/other")
    data = report(folder)
    (chosen, *_) = data["representatives"]
    assert ("demo" in chosen["before"], "other" in chosen["path"]) == (True, True)
    page = support.call("diff", "--format", "html", cwd=folder).out
    assert f"{chosen['before']} → {chosen['path']}" in page


def test_a_committed_output_that_grants_more_is_one_of_them(tmp_path: Path) -> None:
    folder = support.built(tmp_path)
    review_cases.commit(folder)
    path = "dist/opencode/tiny.look/.opencode/agents/demo.md"
    edit(folder, path, "  glob: allow\n", "  glob: allow\n  bash: allow\n")
    data = report(folder)
    (chosen,) = data["representatives"]
    assert chosen["path"] == path.removeprefix("dist/")
    page = support.call("diff", "--format", "html", cwd=folder).out
    assert "bash: allow</ins>" in page


texts = st.lists(st.sampled_from(["", "a", "b c", "b d", "c", "\u202e", "x" * 9]), max_size=30)


@settings(max_examples=count_cases(100), deadline=None)
@given(old=texts, new=texts)
def test_both_columns_hold_their_whole_text(old: list[str], new: list[str]) -> None:
    """What is shown on each side, run by run, is the text of that side."""
    left: list[str] = []
    right: list[str] = []
    for run in align_texts("\n".join(old), "\n".join(new)):
        if not run.rows:
            left += run.text.split("\n")
            right += run.text.split("\n")
            assert run.size == len(run.text.split("\n"))
        for row in run.rows:
            left += ["".join(word.text for word in row.old)] if row.old is not None else []
            right += ["".join(word.text for word in row.new)] if row.new is not None else []
    for shown, lines in ((left, old), (right, new)):
        expected = [line.replace("\u202e", "<U+202E>") for line in lines]
        assert shown == (expected if "\n".join(lines) else [])


def test_a_secret_is_in_neither_column() -> None:
    secret = "ghp_" + "aB3dE5gH7jK9mN2pQ4rS6tU8vW1xY0zA5cD7"
    (run,) = align_texts(f"token {secret}", "token none")
    assert secret not in str(run)
    assert "•" in str(run)
