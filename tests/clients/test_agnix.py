"""In: every file that the project's packs emit. Out: agnix, a linter of agent files, has no error.

Its warnings are answered one by one: `ANSWERS` says what the line is, and why it stays. An answer
that is for nothing fails too.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from clients.gate import need_clients
from clients.observation import Files
from clients.sandbox import sandbox
from promptpack.build import build_project
from promptpack.reading.project import load_project

pytestmark = pytest.mark.clients

ROOT = Path(__file__).resolve().parents[2]
AGNIX = Path(sys.executable).with_name("agnix")
ANSWERS: Mapping[str, tuple[str, str]] = {
    "CC-AG-019": ("readonly: true", "for Cursor, which loads the file too; Claude Code ignores it"),
    "CDX-SUB-002": ('sandbox_mode = "read-only"', "it takes nothing away, and counts for nothing"),
    "CDX-AG-002": (
        "- Never hard-code a secret: read it from the environment or a secret store,",
        "a sentence about secrets is none",
    ),
}
"""What each warning is about: how its line begins, and the answer."""

BAD = b"---\ntools: [Read\n---\nReview.\n"


class Finding(NamedTuple):
    """What agnix says of a line of a file."""

    level: str
    rule: str
    path: str
    line: int


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients(["node"])


def ask_agnix(files: Files) -> tuple[int, list[Finding]]:
    """Return how many files agnix read, and its findings without notes."""
    with sandbox(files) as box:
        ran = box.run([str(AGNIX), ".", "--format", "json"])
    report = json.loads(ran.stdout)
    found = [Finding(f["level"], f["rule"], f["file"], f["line"]) for f in report["diagnostics"]]
    return report["files_checked"], [one for one in found if one.level != "info"]


def test_agnix_finds_no_error_and_each_warning_is_answered() -> None:
    files = {a.path: a.content for a in build_project(load_project(ROOT))}
    count, found = ask_agnix(files)
    assert count > 0.9 * len(
        [path for path in files if not path.startswith(("system", "messages"))]
    )
    assert [one for one in found if one.level == "error"] == []
    for one in found:
        line = files[one.path].decode().split("\n")[one.line - 1]
        assert one.rule in ANSWERS, (one, line)
        assert line.replace("**", "").startswith(ANSWERS[one.rule][0]), (one, line)
    assert {one.rule for one in found} == set(ANSWERS), "an answer to nothing"


def test_agnix_sees_a_bad_file() -> None:
    count, found = ask_agnix({".claude/agents/reviewer.md": BAD})
    assert count == 1
    assert {one.path for one in found if one.level == "error"} == {".claude/agents/reviewer.md"}
