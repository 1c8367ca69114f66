"""The action in a pull request: its comment, summary, annotations, outputs and gates."""

import json
import re
from pathlib import Path

import pytest

import support
from forges import ARTIFACT, MARKER, TOKEN, Api, Forge, run_action
from review_cases import commit, git

STEPS = "templates/fragments/standards/small-steps.md"
LOOK = "templates/policies/look.yaml"
OLD = f"{MARKER}\n**promptpack diff**\n\nwhat was said before\n"


def reword(forge: Forge) -> None:
    forge.change(STEPS, "one small step", "one tiny step")


def widen(forge: Forge) -> None:
    forge.change(LOOK, "list: allow}", "list: allow, execute: allow}")


def test_a_change_is_told_in_a_new_comment_the_summary_and_annotations(
    forge: Forge, api: Api
) -> None:
    widen(forge)
    run = run_action(forge, api)
    assert run.code == 0, run.log
    (comment,) = api.comments
    lines = comment["body"].splitlines()
    assert lines[0] == MARKER
    assert "### 🔴 Permissions widened (1 group)" in lines
    head = forge.commit_of("HEAD")[:7]
    here = "https://github.example/o/r/actions/runs/5"
    assert lines[-1] == f"[Full report]({ARTIFACT}) · [this run]({here}) · commit `{head}`"
    assert "### 🔴 Permissions widened (1 group)" in run.summary
    (error, *others) = run.commands()
    place = f"file={LOOK},line=4,title=promptpack P1%3A widened"
    assert error == f"::error {place}::execute widened: deny → allow (all look (1))"
    assert all(line.startswith("::notice file=") for line in others)
    assert (run.outputs["changed"], run.outputs["permissions-widened"]) == ("1", "1")
    assert Path(run.outputs["html"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads(Path(run.outputs["json"]).read_text(encoding="utf-8"))["schema_version"] == 1
    assert api.tokens == {f"Bearer {TOKEN}"}
    assert TOKEN not in run.log + run.summary


def test_the_next_push_updates_the_comment_in_place(forge: Forge, api: Api) -> None:
    reword(forge)
    run_action(forge, api)
    before = dict(api.comments[0])
    forge.change(STEPS, "tiny step", "huge step")
    run_action(forge, api)
    (comment,) = api.comments
    assert comment["id"] == before["id"]
    assert "tiny+}" in before["body"]
    assert "tiny+}" not in comment["body"]
    assert "huge" in comment["body"]


def test_what_is_taken_back_is_said_in_the_old_comment(forge: Forge, api: Api) -> None:
    api.add(OLD)
    (forge.work / "README.md").write_text("Hello.\n", encoding="utf-8")
    commit(forge.work)
    run = run_action(forge, api)
    assert (run.code, len(api.comments)) == (0, 1)
    assert "No generated output changed." in api.comments[0]["body"]
    assert "what was said before" not in api.comments[0]["body"]
    assert run.outputs["changed"] == "0"


def test_where_nothing_changes_nobody_is_bothered(forge: Forge, api: Api) -> None:
    commit(forge.work)
    run = run_action(forge, api)
    assert (run.code, api.comments, run.commands()) == (0, [], [])
    assert "No generated output changed." in run.summary
    assert "No generated output changed." not in run.log


def test_a_token_that_may_only_read_leaves_the_summary(forge: Forge, api: Api) -> None:
    widen(forge)
    api.read_only = True
    run = run_action(forge, api, fail_on="permissions")
    assert (run.code, api.comments) == (1, [])
    assert "### 🔴 Permissions widened (1 group)" in run.summary
    said = "The token of a pull request from a fork is read-only. `403 Resource not accessible"
    assert said in run.summary
    assert any(
        line.startswith("::warning title=promptpack::The comment could") for line in run.commands()
    )
    assert len(api.asked("POST")) == 2  # who am I, and one comment: not tried again


def test_no_comment_where_none_is_wanted(forge: Forge, api: Api) -> None:
    reword(forge)
    run = run_action(forge, api, comment="false")
    assert (run.code, api.requests) == (0, [])
    assert "tiny" in run.summary


def test_the_gate_fails_after_all_is_told(forge: Forge, api: Api) -> None:
    widen(forge)
    run = run_action(forge, api, fail_on="permissions")
    assert run.code == 1
    reason = "widened permissions in 1 group are not accepted."
    held = f"Failed because of `fail-on: permissions`**: {reason}"
    assert held in api.comments[0]["body"]
    assert held in run.summary
    assert run.outputs["artifact-url"] == ARTIFACT
    assert run.commands()[0].startswith(
        "::error title=promptpack::Failed because of 'fail-on: permissions'"
    )


@pytest.mark.fault(66)
def test_what_the_base_accepts_passes_and_what_only_the_change_accepts_does_not(
    forge: Forge, api: Api
) -> None:
    widen(forge)
    run = run_action(forge, api, fail_on="permissions", accept="reviewed.json")
    report = Path(run.outputs["json"]).read_bytes()
    support.write_files(forge.work, {"reviewed.json": report})
    commit(forge.work)
    run = run_action(forge, api, fail_on="permissions", accept="reviewed.json")
    assert run.code == 1
    git(forge.work, "checkout", "--quiet", "main")
    support.write_files(forge.work, {"reviewed.json": report})
    commit(forge.work)
    git(forge.work, "checkout", "--quiet", "topic")
    run = run_action(forge, api, fail_on="permissions", accept="reviewed.json")
    assert (run.code, run.outputs["permissions-widened"]) == (0, "0")
    assert "accepted earlier" in api.comments[0]["body"]


def test_any_change_can_be_a_gate(forge: Forge, api: Api) -> None:
    reword(forge)
    run = run_action(forge, api, fail_on="any")
    assert run.code == 1
    assert "Failed because of `fail-on: any`**: changes in 1 group are not accepted." in run.summary


@pytest.mark.fault(65)
@pytest.mark.parametrize("side", ["head", "base"])
def test_a_side_that_does_not_build_is_said_and_never_no_change(
    forge: Forge, api: Api, side: str
) -> None:
    api.add(OLD)
    if side == "base":
        git(forge.work, "checkout", "--quiet", "main")
        forge.change("packs/demo/pack.yaml", "title: Demo", "titel: Demo", build=False)
        forge.branch()
        forge.change("packs/demo/pack.yaml", "titel: Demo", "title: Demo", build=False)
    else:
        forge.change("packs/demo/pack.yaml", "title: Demo", "titel: Demo", build=False)
    run = run_action(forge, api)
    assert run.code == 3
    for text in (api.comments[0]["body"], run.summary):
        assert (
            "**Not compared: one of the two revisions does not build, or can't be read.**" in text
        )
        assert f"--> {side}:packs/demo/pack.yaml:2:1" in text
        assert "No generated output changed" not in text
    assert (run.outputs["changed"], run.outputs["artifact-url"]) == ("", "")
    reason = "one of the two revisions does not build, or can't be read; see the job summary"
    assert run.commands() == [f"::error title=promptpack::Not compared: {reason}"]


def test_no_more_annotations_than_are_shown_and_our_own_first(forge: Forge, api: Api) -> None:
    more = ("read", "edit", "write", "execute", "web_fetch", "web_search", "todo", "task", "skill")
    given = ", ".join(f"{name}: allow" for name in (*more, "patch", "question"))
    forge.change(LOOK, "list: allow}", f"list: allow, {given}}}")
    run = run_action(forge, api, fail_on="permissions")
    errors = [line for line in run.commands() if line.startswith("::error ")]
    assert len(errors) == 10
    assert "Failed because of 'fail-on: permissions'" in errors[0]
    assert int(run.outputs["permissions-widened"]) >= 10


def test_outputs_that_are_stale_fail_with_the_command_that_fixes_it(forge: Forge, api: Api) -> None:
    forge.change(STEPS, "one small step", "one tiny step", build=False)
    run = run_action(forge, api)
    assert run.code == 1
    fix = "The outputs do not match the sources.** `To fix it: promptpack build`"
    assert fix in api.comments[0]["body"]
    assert fix in run.summary
    assert "opencode/tiny.look/.opencode/agents/demo.md: stale" in run.summary
    assert run_action(forge, api, check="false").code == 0
    assert fix not in api.comments[0]["body"]


@pytest.mark.fault(62)
def test_a_long_report_is_cut_for_the_comment_and_whole_in_the_summary(
    tmp_path: Path, api: Api
) -> None:
    names = [f"r{number}.md" for number in range(30)]
    texts = {
        f"packs/demo/{n}": "".join(f"{n} {k} {'word' * 60}\n" for k in range(5)) for n in names
    }
    pack = support.DEMO["packs/demo/pack.yaml"].replace("./role.md", str([f"./{n}" for n in names]))
    pack = pack.replace("'", "").replace("policy: [look, change]", "policy: [look]")
    forge = Forge(tmp_path, {**texts, "packs/demo/pack.yaml": pack})
    forge.branch()
    new = {path: text.replace("word", "term") for path, text in texts.items()}
    support.write_files(forge.work, new)
    assert support.call("build", cwd=forge.work).code == 0
    commit(forge.work)
    run = run_action(forge, api)
    assert run.code == 0
    body = api.comments[0]["body"]
    assert len(body) < 65_536
    assert re.search(r"^\*\*\d+ of \d+ groups shown\*\*", body, re.MULTILINE)
    assert "groups shown" not in run.summary
    assert len(run.summary) > len(body)
    assert sum(line.startswith("::notice") for line in run.commands()) <= 10
