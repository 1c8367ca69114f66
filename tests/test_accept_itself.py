"""A change that accepts itself: the gate stays closed, and the report says why, on each forge."""

import json
from pathlib import Path

import pytest

import support
from forges import Api, Forge, run_action, run_gitlab_job
from review_cases import commit, edit, git, report, repository

LOOK = "templates/policies/look.yaml"
REASON = ("--reason", "Read by the owners.")
NOTE = "This change accepts P1 in `reviewed.json` itself; that counts once it is merged."


def accept_itself(forge: Forge, file: str = "reviewed.json") -> str:
    """Widen a policy and accept that in the same change; return its commit."""
    forge.change(LOOK, "list: allow}", "list: allow, execute: ask}")
    done = support.call("accept", "P1", "main", *REASON, "--file", file, cwd=forge.work)
    assert done.code == 0, done.err
    return commit(forge.work)


@pytest.mark.fault(66, "gate-bypass")
def test_on_github_the_gate_stays_closed_and_says_that_the_list_counts_later(
    forge: Forge, api: Api
) -> None:
    accept_itself(forge)
    run = run_action(forge, api, fail_on="permissions", accept="reviewed.json")
    assert (run.code, run.outputs["permissions-widened"]) == (1, "1")
    fingerprint = json.loads(Path(run.outputs["json"]).read_text("utf-8"))["permissions"][0]
    command = f'`promptpack accept {fingerprint["fingerprint"][:8]} --reason "…"`'
    for text in (api.comments[0]["body"], run.summary):
        assert "Failed because of `fail-on: permissions`" in text
        assert NOTE in text
        assert f"To accept a change that was reviewed: {command}" in text
    git(forge.work, "checkout", "--quiet", "main")
    git(forge.work, "checkout", "topic", "--", "reviewed.json")
    commit(forge.work)
    git(forge.work, "checkout", "--quiet", "topic")
    run = run_action(forge, api, fail_on="permissions", accept="reviewed.json")
    assert (run.code, run.outputs["permissions-widened"]) == (0, "0")
    assert "once it is merged" not in api.comments[0]["body"]
    assert "<details><summary>Accepted earlier (1 group)</summary>" in api.comments[0]["body"]


@pytest.mark.fault(66, "gate-bypass")
def test_on_gitlab_the_gate_stays_closed_and_says_that_the_list_counts_later(
    tmp_path: Path,
) -> None:
    forge = Forge(tmp_path)
    forge.branch()
    head = accept_itself(forge)
    git(forge.work, "push", "--quiet", "origin", "topic")
    gate = {"PROMPTPACK_FAIL_ON": "permissions", "PROMPTPACK_ACCEPT": "reviewed.json"}
    code, said = run_gitlab_job(forge, forge.checkout(head), head, **gate)
    assert code == 1, said
    note = (forge.folder / "promptpack-5/note.md").read_text(encoding="utf-8")
    assert NOTE in note
    assert NOTE.replace("`", "") in said


def test_each_format_says_it_and_names_the_list(tmp_path: Path) -> None:
    folder = repository(tmp_path)
    edit(folder, LOOK, "list: allow", "list: allow, read: allow")
    name = "the list's.json"
    assert support.call("accept", "P1", *REASON, "--file", name, cwd=folder).code == 0
    words = ("diff", "--accept", name, "--format")
    markdown = support.call(*words, "markdown", cwd=folder).out
    assert f"This change accepts P1 in `{name}` itself; that counts once it is merged." in markdown
    assert """--file 'the list'"'"'s.json' --reason "…"`""" in markdown
    for name in ("text", "html"):
        assert (
            "itself; that counts once it is merged." in support.call(*words, name, cwd=folder).out
        )
    assert json.loads(support.call(*words, "json", cwd=folder).out)["pending"] == ["P1"]
    assert report(folder)["pending"] == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"permissions": 5}', None])
def test_a_list_of_the_change_that_can_not_be_read_accepts_nothing(
    tmp_path: Path, content: str | None
) -> None:
    folder = repository(tmp_path)
    edit(folder, LOOK, "list: allow", "list: allow, read: allow")
    if content is None:
        (folder / "reviewed.json").symlink_to("/dev/zero")
    else:
        support.write_files(folder, {"reviewed.json": content})
    done = support.call("diff", "--accept", "reviewed.json", "--format", "json", cwd=folder)
    assert (done.code, json.loads(done.out)["pending"]) == (0, [])
