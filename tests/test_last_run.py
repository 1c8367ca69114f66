"""What is new since the last run: marked in the next comment, whatever the last one holds."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from forges import BOT, MARKER, Api, Forge, run_action
from promptpack.diff.last_run import SHOWN_LIMIT, add_news, insert_notes, read_shown
from support import count_cases

STEPS = "templates/fragments/standards/small-steps.md"
LOOK = "templates/policies/look.yaml"
HEADING = "**promptpack diff** `a` → `b`"
NEWS = re.compile(r"(?: · (?:nothing|\d+) new since the last run[^\n]*)|(?: \(new\))")


def make_report(*fingerprints: str) -> str:
    """Return a JSON report with a widened permission, and groups for all further fingerprints."""
    entries = [{"id": f"G{n}", "fingerprint": one * 8} for n, one in enumerate(fingerprints)]
    for entry in entries[:1]:
        entry["id"] = "P1"
    return json.dumps({"permissions": entries[:1], "groups": entries[1:]})


def make_body(*ids: str) -> str:
    titles = "".join(f"- **{one}** `scope` changed\n\n  ```diff\n  - x\n  ```\n\n" for one in ids)
    return f"{MARKER}\n{HEADING}\n\nNo permission is widened\n\n{titles}end\n"


BODY = make_body("P1", "G1", "G2")
FIRST = add_news(BODY, make_report(*"abc"), "")


def test_a_first_comment_remembers_and_calls_nothing_new() -> None:
    marker, state, *rest = FIRST.split("\n")
    assert marker == MARKER
    assert state == f"<!-- promptpack:shown {'a' * 8}{'b' * 8}{'c' * 8} -->"
    assert "\n".join([marker, *rest]) == BODY


def test_what_is_new_is_marked_and_what_is_gone_is_counted() -> None:
    lines = add_news(BODY, make_report(*"ade"), FIRST).split("\n")
    assert lines[2] == f"{HEADING} · 2 new since the last run (G1, G2), 2 resolved"
    titles = [line for line in lines if line.startswith("- ")]
    assert [title.split("`")[0] for title in titles] == [
        *("- **P1** ", "- **G1 (new)** ", "- **G2 (new)** ")
    ]


def test_the_same_changes_are_not_new() -> None:
    lines = add_news(BODY, make_report(*"abc"), FIRST).split("\n")
    assert lines[2] == f"{HEADING} · nothing new since the last run"
    assert "(new)" not in "".join(lines)


def test_a_run_that_could_not_compare_forgets_nothing() -> None:
    failed = add_news(f"{MARKER}\n**promptpack diff**\n\nNot compared\n", "", FIRST)
    assert read_shown(failed) == read_shown(FIRST)
    assert "new since" not in failed
    again = add_news(BODY, make_report(*"abd"), failed)
    assert "1 new since the last run (G2), 1 resolved" in again


def test_more_than_is_remembered_is_not_guessed() -> None:
    many = [f"{number:08x}" for number in range(SHOWN_LIMIT + 1)]
    entries = [{"id": f"G{n}", "fingerprint": one} for n, one in enumerate(many)]
    report = json.dumps({"permissions": [], "groups": entries})
    first = add_news(BODY, report, "")
    assert len(first) - len(BODY) < 3_300
    assert "new since" not in add_news(BODY, report, first)
    assert "new since" in add_news(BODY, json.dumps({"permissions": [], "groups": []}), FIRST)


def test_hundreds_of_new_changes_are_counted_and_not_marked_one_by_one() -> None:
    entries = [{"id": f"G{n}", "fingerprint": f"{n:08x}"} for n in range(200)]
    report = json.dumps({"permissions": [], "groups": entries})
    said = add_news(make_body(*(f"G{n}" for n in range(200))), report, FIRST)
    assert "200 new since the last run (G0, G1, G2, G3, G4, G5, G6, G7, G8, G9, …)" in said
    assert "(new)" not in said


@pytest.mark.parametrize(
    "previous",
    [
        "",
        f"{MARKER}\n**promptpack diff** older\n",
        f"{MARKER}\r\n**promptpack diff**\r\n",
        f"{MARKER}\n<!-- promptpack:shown {'a' * 7} -->\n",
        f"{MARKER}\n<!-- promptpack:shown {'A' * 8} -->\n",
        f"{MARKER}\n<!-- promptpack:shown {'a' * 8 * 401} -->\n",
        f"{MARKER}\n\n<!-- promptpack:shown {'a' * 8} -->\n",
        f"{MARKER}\n> <!-- promptpack:shown {'a' * 8} -->\n",
        f"{MARKER}\n<!-- promptpack:shown {'a' * 8} --> <script>\n",
        f"{MARKER}\n<!-- promptpack:shown " + "a" * 900_000,
    ],
)
def test_a_comment_without_a_state_in_its_place_makes_nothing_new(previous: str) -> None:
    assert add_news(BODY, make_report(*"abc"), previous) == FIRST


states = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from("abcdef01"), max_size=30).map("".join),
    st.lists(st.sampled_from([letter * 8 for letter in "abcdef"]), max_size=20).map("".join),
)


@pytest.mark.fault(66)
@settings(max_examples=count_cases(100), deadline=None)
@given(state=states, plus=st.sampled_from(["", "+"]), more=st.text(max_size=60))
def test_whatever_a_comment_says_nothing_of_a_report_is_hidden(
    state: str, plus: str, more: str
) -> None:
    previous = f"{MARKER}\n<!-- promptpack:shown {state}{plus} -->\n{more}"
    said = add_news(BODY, make_report(*"abc"), previous)
    assert NEWS.sub("", said) == FIRST


@pytest.mark.parametrize(
    "report", ["", "null", "[]", "{", '{"findings": []}', "[" * 9_999, make_report("zz"), '{"p":1}']
)
def test_another_report_is_no_reason_to_fail(report: str) -> None:
    assert add_news(BODY, report, "") == BODY


def test_notes_stand_below_the_heading() -> None:
    said = insert_notes(BODY, ["one", "two"])
    assert said.startswith(f"{MARKER}\n{HEADING}\n\none\n\ntwo\n\nNo permission is widened\n")
    assert said.replace("one\n\ntwo\n\n", "") == BODY


# --------------------------------------------------------------------------- in a pull request


def reword(forge: Forge, old: str, new: str) -> None:
    forge.change(STEPS, old, new)


def test_the_comment_of_the_next_push_says_what_is_new(forge: Forge, api: Api) -> None:
    reword(forge, "one small step", "one tiny step")
    run_action(forge, api)
    forge.change(LOOK, "list: allow}", "list: allow, execute: allow}")
    run = run_action(forge, api, fail_on="permissions")
    (comment,) = api.comments
    heading, gate, verdict = [line for line in comment["body"].split("\n")[2:] if line][:3]
    assert re.search(r" · \d+ new since the last run \(P1(?:, G\d+)+\)$", heading)
    assert gate.startswith("🔴 **Failed because of `fail-on: permissions`**")
    assert verdict == "### 🔴 Permissions widened (1 group)"
    assert "- **P1 (new)** `execute` widened" in comment["body"]
    assert re.search(r"^- \*\*G\d+\*\* `standards` changed", comment["body"], re.MULTILINE)
    assert "(new)" not in run.summary
    assert run.code == 1


@pytest.mark.fault(66)
def test_a_state_of_somebody_else_counts_for_nothing(forge: Forge, api: Api) -> None:
    reword(forge, "one small step", "one tiny step")
    (group,) = json.loads(run_json(forge))["groups"]
    forged = f"{MARKER}\n<!-- promptpack:shown {group['fingerprint'][:8]} -->\n{HEADING}\n"
    api.add(forged, "mallory")
    api.add(f"{MARKER}\n<!-- promptpack:shown {'0' * 8} -->\n{HEADING}\n", BOT)
    run_action(forge, api)
    assert api.comments[0]["body"] == forged
    assert "1 new since the last run (G1), 1 resolved" in api.comments[1]["body"]


def run_json(forge: Forge) -> Any:
    return support.call("diff", "main", "--format", "json", cwd=forge.work).out
