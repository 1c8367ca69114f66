"""The one note on a merge request: found, kept current, never somebody else's, never too long."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import support
from forges import Forge, read_gitlab_job, run_gitlab_job, serving
from review_cases import git

MARKER = "<!-- promptpack:diff -->"
OLD = f"{MARKER}\nwhat was said before\n"
TOKEN = "token-for-notes"  # noqa: S105 - a word to look for
PLACE = "/api/v4/projects/12/merge_requests/7/notes"
SUMMARY = {"changed": 1, "added": 0, "removed": 0, "renamed": 0}


@dataclass
class GitLab:
    """What the API holds and was asked; `refusals` are answered in place of the next requests."""

    notes: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[tuple[str, int]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    user: object = field(default_factory=lambda: {"id": 5, "username": "project_12_bot"})
    elsewhere: str = ""
    url: str = ""

    def add(self, body: str, author: int = 5) -> dict[str, Any]:
        """Put a note there."""
        self.notes.append({"id": 100 + len(self.notes), "body": body, "author": {"id": author}})
        return self.notes[-1]

    def answer(self, method: str, path: str, data: Any) -> tuple[int, object]:
        """Return the status and the JSON of an answer."""
        self.requests.append((method, path))
        where = urlsplit(path)
        for refusal in self.refusals:
            if refusal[0] == method:
                self.refusals.remove(refusal)
                return refusal[1], {"message": "as told"}
        if (method, path) == ("GET", "/api/v4/user"):
            return 200, self.user
        if method == "GET" and where.path == PLACE:
            query = parse_qs(where.query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return 200, self.notes[(page - 1) * size : page * size]
        if method == "POST" and path == PLACE:
            return 201, self.add(data["body"])
        for note in self.notes:
            if method == "PUT" and path == f"{PLACE}/{note['id']}":
                note["body"] = data["body"]
                return 200, note
        return 404, {"message": "404 Not found"}


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    """Serve an API on the loopback."""
    api = GitLab()

    class Handler(BaseHTTPRequestHandler):
        timeout = support.PATIENCE

        def _do(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            data = json.loads(self.rfile.read(size)) if size else None
            api.tokens.add(self.headers.get("PRIVATE-TOKEN", ""))
            status, answer = api.answer(self.command, self.path, data)
            body = json.dumps(answer).encode()
            self.send_response(status)
            if api.elsewhere:
                self.send_header("Location", api.elsewhere)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _do  # noqa: N815 - as the library names them

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(Handler) as address:
        api.url = f"{address}/api/v4"
        yield api


def write_note(
    folder: Path, api: GitLab, body: str = "now", code: str = "0 0\n", **variables: str
) -> str:
    """Run what the job does after its script, with such reports; return the log."""
    work = folder / "promptpack-5"
    reports = {"note.md": f"{MARKER}\n{body}\n", "code": code}
    if not (work / "code").exists():
        support.write_files(work, {"report.json": json.dumps({"summary": SUMMARY}), **reports})
    python = work / "bin/python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    env = {
        "CI_BUILDS_DIR": str(folder),
        "CI_JOB_ID": "5",
        "CI_API_V4_URL": api.url,
        "CI_COMMIT_SHA": "abcdef0123456789",
        "CI_JOB_URL": "https://gitlab.example/g/p/-/jobs/5",
        "CI_MERGE_REQUEST_PROJECT_ID": "12",
        "CI_MERGE_REQUEST_IID": "7",
        "PROMPTPACK_FAIL_ON": "permissions",
        "PROMPTPACK_TOKEN": TOKEN,
        **variables,
    }
    _, job = read_gitlab_job()
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join(job["after_script"])],
        env=support.environment({**env, "PATH": os.environ["PATH"]}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=support.PATIENCE,
        check=False,
    )
    said = done.stdout.decode()
    assert done.returncode == 0, said
    assert TOKEN not in said
    assert "Traceback" not in said, said
    return said


def test_a_note_says_where_the_rest_is_and_is_updated_in_place(
    tmp_path: Path, gitlab: GitLab
) -> None:
    assert write_note(tmp_path / "1", gitlab) == "Note added.\n"
    (note,) = gitlab.notes
    job = "https://gitlab.example/g/p/-/jobs/5"
    links = f"[Full report]({job}/artifacts/file/promptpack-diff.html) · [this job]({job})"
    assert note["body"] == f"{MARKER}\nnow\n\n{links} · commit abcdef01\n"
    assert write_note(tmp_path / "2", gitlab, "later") == "Note 100 updated.\n"
    assert [one["body"].split("\n")[1] for one in gitlab.notes] == ["later"]
    assert gitlab.tokens == {TOKEN}


@pytest.mark.parametrize(
    ("body", "author"),
    [(OLD, 6), (f"Look:\n{OLD}", 5), (f"> {OLD}", 5), ("", 5)],
    ids=["by somebody else", "marker not on the first line", "quoted", "empty"],
)
def test_a_note_that_is_not_ours_is_left_alone(
    body: str, author: int, tmp_path: Path, gitlab: GitLab
) -> None:
    theirs = dict(gitlab.add(body, author))
    write_note(tmp_path, gitlab)
    assert (gitlab.notes[0], len(gitlab.notes)) == (theirs, 2)


def test_our_note_is_found_behind_hundreds_of_others(tmp_path: Path, gitlab: GitLab) -> None:
    for number in range(230):
        gitlab.add(OLD if number % 2 else "Nice.", 6)
    ours = gitlab.add(OLD.replace("\n", "\r\n"))
    write_note(tmp_path, gitlab)
    assert "now" in ours["body"]
    assert len(gitlab.notes) == 231


@pytest.mark.parametrize(("code", "added"), [("0 0\n", 0), ("1 0\n", 1), ("0 1\n", 1), ("", 1)])
def test_a_new_note_is_for_news(code: str, added: int, tmp_path: Path, gitlab: GitLab) -> None:
    unchanged = json.dumps({"summary": dict.fromkeys(SUMMARY, 0)})
    files = {"report.json": unchanged, "note.md": OLD, "code": code}
    support.write_files(tmp_path / "promptpack-5", files)
    write_note(tmp_path, gitlab)
    assert len(gitlab.notes) == added
    for note in gitlab.notes:
        expected = {
            "1 0\n": "fail-on: permissions",
            "0 1\n": "promptpack build",
            "": "Not compared",
        }
        assert expected[code] in note["body"]


@pytest.mark.fault("gate-bypass")
def test_no_line_of_a_note_is_a_command_to_the_forge(tmp_path: Path, gitlab: GitLab) -> None:
    write_note(tmp_path, gitlab, "/merge\n  /close\n> /approve\n- /x\n`a` /b\nhttp://x/y")
    (note,) = gitlab.notes
    lines = note["body"].split("\n")
    assert not [line for line in lines if line.lstrip(" \t>").startswith("/")]
    assert lines[1:7] == ["\\/merge", "  \\/close", "> \\/approve", "- /x", "`a` /b", "http://x/y"]


def test_the_next_note_says_what_is_new(tmp_path: Path, gitlab: GitLab) -> None:
    heading = "**promptpack diff** `a` → `b`\n\n- **G1** `scope` changed"
    for folder, fingerprint in (("1", "a"), ("2", "b")):
        groups = [{"id": "G1", "fingerprint": fingerprint * 64}]
        report = json.dumps({"summary": SUMMARY, "permissions": [], "groups": groups})
        files = {"report.json": report, "note.md": f"{MARKER}\n{heading}\n", "code": "1 0\n"}
        support.write_files(tmp_path / folder / "promptpack-5", files)
        write_note(tmp_path / folder, gitlab)
    (note,) = gitlab.notes
    lines = note["body"].split("\n")
    assert lines[1] == f"<!-- promptpack:shown {'b' * 8} -->"
    assert lines[2].endswith(" · 1 new since the last run (G1), 1 resolved")
    assert lines[4] == "🔴 **Failed because of `fail-on: permissions`.**"
    assert lines[6] == "- **G1 (new)** `scope` changed"


def test_what_is_too_long_is_told_in_short(tmp_path: Path, gitlab: GitLab) -> None:
    write_note(tmp_path, gitlab, "x" * 1_000_001, "1 0\n")
    (note,) = gitlab.notes
    assert len(note["body"]) < 1_000
    assert "too long" in note["body"]
    assert "fail-on" in note["body"]


@pytest.mark.parametrize(
    "variables",
    [
        {"PROMPTPACK_TOKEN": ""},
        {"CI_MERGE_REQUEST_IID": ""},
        {"CI_API_V4_URL": "http://127.0.0.1:9/api/v4"},
    ],
)
def test_where_there_can_be_no_note_nothing_fails(
    variables: dict[str, str], tmp_path: Path, gitlab: GitLab
) -> None:
    said = write_note(tmp_path, gitlab, **variables)
    assert not gitlab.requests
    expected = "could not be written" if "CI_API_V4_URL" in variables else "No note"
    assert said == "" if "PROMPTPACK_TOKEN" in variables else expected in said


@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        ([("GET", 401)], "could not be written"),
        ([("POST", 403)], "could not be written"),
        ([("POST", 502)], "Note added"),
        ([("POST", 429)] * 3, "could not be written"),
        ([("GET", 302)], "could not be written"),
    ],
)
def test_a_refusal_is_told_and_a_fault_of_the_server_is_tried_again(
    refusals: list[tuple[str, int]], expected: str, tmp_path: Path, gitlab: GitLab
) -> None:
    gitlab.refusals = list(refusals)
    gitlab.elsewhere = f"{gitlab.url}/stolen"
    assert expected in write_note(tmp_path, gitlab)
    assert not [path for _, path in gitlab.requests if "stolen" in path]


def test_without_an_author_no_note_is_added(tmp_path: Path, gitlab: GitLab) -> None:
    gitlab.user = ["nobody"]
    assert "does not say whose the token is" in write_note(tmp_path, gitlab)
    assert not gitlab.notes


def test_the_job_hands_its_reports_to_the_note_and_its_token_to_nothing_else(
    tmp_path: Path, gitlab: GitLab
) -> None:
    _, job = read_gitlab_job()
    assert job["before_script"][0] == "unset PROMPTPACK_TOKEN"
    assert "PROMPTPACK_TOKEN" not in json.dumps([job["script"], job["before_script"][1:]])
    forge = Forge(tmp_path)
    forge.branch()
    head = forge.change(
        "templates/policies/look.yaml", "list: allow}", "list: allow, execute: ask}"
    )
    git(forge.work, "push", "--quiet", "origin", "topic")
    variables = {
        "PROMPTPACK_FAIL_ON": "permissions",
        "CI_PROJECT_URL": "https://gitlab.example/g/p",
    }
    code, said = run_gitlab_job(forge, forge.checkout(head), head, **variables)
    assert code == 1, said
    write_note(tmp_path, gitlab)
    (note,) = gitlab.notes
    marker, state, heading = note["body"].split("\n")[:3]
    assert marker == MARKER
    assert state.startswith("<!-- promptpack:shown ")
    assert heading.startswith("**promptpack diff** ")
    assert "Permissions widened" in note["body"]
    assert "fail-on: permissions" in note["body"]
    place = "templates/policies/look.yaml"
    assert f"(https://gitlab.example/g/p/-/blob/{head}/{place}#L4)" in note["body"]
