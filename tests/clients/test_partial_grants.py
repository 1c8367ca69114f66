"""In: an agent that may edit only `docs/**`. Out: real OpenCode lets it, there and only there."""

from pathlib import Path

import pytest

import support
from clients import opencode
from clients.gate import need_clients
from clients.replies import Call
from promptpack.build import build_project
from promptpack.reading.project import load_project
from promptpack.rendering.variants import Selection

pytestmark = pytest.mark.clients

POLICY = """\
title: Docs only
summary: Reads everything, and edits the documentation.
default: deny
capabilities:
  read: allow
  edit: {"*": deny, "docs/**": allow}
"""
BEFORE = {"docs/a.md": b"one\n", "x.md": b"one\n"}
WRITE, EDIT = "write", "edit"


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def agent_file(folder: Path, policy: str) -> bytes:
    """Return the file of the demo pack for OpenCode under a policy."""
    files = {"templates/policies/look.yaml": policy}
    project = load_project(support.make_project(folder, files))
    selection = Selection(policies=("look",), targets=("opencode",))
    return build_project(project, selection)[0].content


def attempt(content: bytes, tool: str, path: str) -> dict[str, bytes]:
    """Return the files that changed when the agent wanted to use a tool on a path."""
    changes = {"content": "two\n"} if tool == WRITE else {"oldString": "one", "newString": "two"}
    files = {**BEFORE, ".opencode/agents/demo.md": content}
    after = opencode.use_tool(files, "demo", Call(tool, {"filePath": path, **changes}))
    assert BEFORE.keys() <= after.keys()
    return {key: text for key, text in after.items() if BEFORE.get(key) != text}


@pytest.mark.parametrize(
    ("tool", "path", "changed"),
    [
        (EDIT, "docs/a.md", ["docs/a.md"]),
        (WRITE, "docs/deep/new.md", ["docs/deep/new.md"]),
        (EDIT, "x.md", []),
        (WRITE, "docs/../new.md", []),
        (WRITE, "docsy/new.md", []),
    ],
)
def test_only_what_the_pattern_names_can_be_edited(
    tmp_path: Path, tool: str, path: str, changed: list[str]
) -> None:
    content = agent_file(tmp_path, POLICY).replace(b"mode: subagent", b"mode: primary")
    assert list(attempt(content, tool, path)) == changed


def test_without_the_pattern_the_same_edit_is_made(tmp_path: Path) -> None:
    wide = POLICY.replace('{"*": deny, "docs/**": allow}', "allow")
    content = agent_file(tmp_path, wide).replace(b"mode: subagent", b"mode: primary")
    assert list(attempt(content, EDIT, "x.md")) == ["x.md"]
