"""`promptpack accept`: a reviewed change goes into the list, and only that change passes a gate."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

import support
from review_cases import commit, edit, git, report, repository

LOOK, CHANGE = "templates/policies/look.yaml", "templates/policies/change.yaml"
LIST = "reviewed.json"
GATE = ("--accept", LIST, "--fail-on", "permissions")
REASON = ("--reason", "Read by the owners.")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return a project with a widened policy in its work tree."""
    folder = repository(tmp_path)
    edit(folder, LOOK, "list: allow", "list: allow, read: allow")
    return folder


def read_list(folder: Path) -> Any:
    return json.loads((folder / LIST).read_text(encoding="utf-8"))


def put_on_base(folder: Path) -> None:
    """Commit the list alone."""
    git(folder, "add", LIST)
    git(folder, "commit", "--quiet", "--message", "reviewed")


def run_gate(folder: Path) -> int:
    return support.call("diff", *GATE, cwd=folder).code


def test_the_command_in_a_comment_opens_the_gate_once_its_list_is_on_the_base(repo: Path) -> None:
    """The list of the work tree opens nothing: no change accepts itself."""
    comment = support.call("diff", "--format", "markdown", cwd=repo).out
    (line,) = [one for one in comment.splitlines() if one.startswith("To accept")]
    words = shlex.split(line.split("`")[1])
    assert words[:2] == ["promptpack", "accept"]
    words[words.index("--reason") + 1] = REASON[1]
    done = support.call(*words[1:], cwd=repo)
    assert done.code == 0, done.err
    (change,) = report(repo)["permissions"]
    (entry,) = read_list(repo)["permissions"]
    assert entry == {**change, "reason": REASON[1]}
    assert done.out.startswith(f"Accepted: P1 {change['fingerprint'][:8]} read widened")
    assert run_gate(repo) == 1
    put_on_base(repo)
    assert run_gate(repo) == 0
    edit(repo, CHANGE, "list: allow", "list: allow, read: allow")
    assert run_gate(repo) == 1


def test_only_what_is_named_is_accepted_and_the_list_grows(repo: Path) -> None:
    edit(repo, CHANGE, "list: allow", "list: allow, web_fetch: ask")
    first, second = report(repo)["permissions"]
    for change in (first, second):
        word = change["fingerprint"][:8]
        assert support.call("accept", word, *REASON, cwd=repo).code == 0
        if change == first:
            put_on_base(repo)
            assert run_gate(repo) == 1
    put_on_base(repo)
    assert run_gate(repo) == 0
    assert [one["fingerprint"] for one in read_list(repo)["permissions"]] == [
        first["fingerprint"],
        second["fingerprint"],
    ]
    before = read_list(repo)
    (group, *_) = report(repo)["groups"]
    assert support.call("accept", group["id"], *REASON, cwd=repo).code == 0
    after = read_list(repo)
    assert after["permissions"] == before["permissions"]
    assert [one["field"] for one in after["groups"]] == [group["field"]]


@pytest.mark.fault("gate-bypass")
def test_an_entry_that_is_over_opens_nothing(repo: Path) -> None:
    assert support.call("accept", "P1", *REASON, "--until", "2999-12-31", cwd=repo).code == 0
    saved = read_list(repo)
    assert saved["permissions"][0]["until"] == "2999-12-31"
    put_on_base(repo)
    assert run_gate(repo) == 0
    saved["permissions"][0]["until"] = "2001-01-01"
    support.write_files(repo, {LIST: json.dumps(saved)})
    put_on_base(repo)
    assert run_gate(repo) == 1
    for until in ("soon", 5, "2001-02-31"):
        saved["permissions"][0]["until"] = until
        support.write_files(repo, {LIST: json.dumps(saved)})
        put_on_base(repo)
        assert run_gate(repo) == 3
    done = support.call("accept", "P1", *REASON, "--until", "2001-01-01", cwd=repo)
    assert (done.code, "2001-01-01 is over" in done.err) == (2, True)


def test_between_two_revisions(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "-b", "topic")
    commit(repo, "widen")
    git(repo, "checkout", "--quiet", "main")
    assert support.call("accept", "P1", "main", "topic", *REASON, cwd=repo).code == 0
    put_on_base(repo)
    assert support.call("diff", "main", "topic", *GATE, cwd=repo).code == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("P9", *REASON), "'P9' names no change: P1 "),
        (("", *REASON), "'' names no change"),
        (("P1", "--reason", "short"), "10 characters"),
        (("P1", "--reason", "two\nlines are too many"), "10 characters"),
        (("P1", *REASON, "--file", "../x"), "can't be the list"),
        (("P1", *REASON, "--file", "."), "can't be the list"),
        (("P1", *REASON, "--file", "packs/x"), "can't be the list"),
        (("P1", *REASON, "--file", ".git/x"), "can't be the list"),
        (("P1", "HEAD", "HEAD", *REASON), "There is no change to accept"),
        (("P1",), "--reason"),
    ],
)
def test_a_mistake_writes_nothing(words: tuple[str, ...], expected: str, repo: Path) -> None:
    before = support.snapshot(repo)
    done = support.call("accept", *words, cwd=repo)
    assert (done.code, expected in done.err) == (2, True), done.err
    assert support.snapshot(repo) == before


@pytest.mark.parametrize("data", ["[]", "{", '{"groups": [1]}', "<<<<<<< ours"])
def test_a_list_that_is_none_is_kept(data: str, repo: Path) -> None:
    support.write_files(repo, {LIST: data})
    done = support.call("accept", "P1", *REASON, cwd=repo)
    assert (done.code, "PP052" in done.err) == (3, True)
    assert (repo / LIST).read_text(encoding="utf-8") == data


def test_a_list_behind_a_link_is_not_written(repo: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("{}", encoding="utf-8")
    (repo / LIST).symlink_to(outside)
    assert support.call("accept", "P1", *REASON, cwd=repo).code != 0
    assert outside.read_text(encoding="utf-8") == "{}"
