"""Clients that have to be named count as readers of others' files only where they are used."""

from pathlib import Path

import pytest

import support
from promptpack.importing.audit import audit_paths
from promptpack.output.rights import list_rights
from promptpack.reading.project import load_project
from promptpack.session import Session

PACK = "packs/demo/pack.yaml"
READER = "---\nname: a\ndescription: Reads.\ntools: Read\n---\n\nRead.\n"


def build(tmp_path: Path, targets: str, accept: str = "") -> support.Result:
    pack = support.DEMO[PACK].replace("[opencode]", f"[{targets}]") + support.NO_CURSOR + accept
    root = support.make_project(tmp_path, {PACK: pack})
    return support.call("build", cwd=root)


def test_a_project_without_goose_need_not_accept_what_goose_reads(tmp_path: Path) -> None:
    assert build(tmp_path, "claude-code").code == 0


def test_a_project_for_goose_has_to_accept_what_it_reads_of_claude_code(tmp_path: Path) -> None:
    done = build(tmp_path / "a", "claude-code, goose")
    assert done.code == 3
    assert "goose reads .claude/agents/*.md too and would grant more" in done.err
    accept = '  - {target: goose, capability: all, reason: "Goose is used by one of us."}\n'
    assert build(tmp_path / "b", "claude-code, goose", accept).code == 0


def test_goose_is_among_the_rights_of_a_project_that_names_it(tmp_path: Path) -> None:
    for targets, expected in (("claude-code", False), ("claude-code, goose", True)):
        pack = support.DEMO[PACK].replace("[opencode]", f"[{targets}]") + support.NO_CURSOR
        root = support.make_project(tmp_path / targets, {PACK: pack})
        rights = list_rights(Session(load_project(root)))
        assert ("claude-code, read by goose" in rights) == expected


@pytest.mark.parametrize("sign", ["", ".goosehints", ".goose/recipes/a.yaml"])
def test_the_audit_reports_goose_where_somebody_uses_it(tmp_path: Path, sign: str) -> None:
    files = {".claude/agents/a.md": READER, **({sign: "x\n"} if sign else {})}
    support.write_files(tmp_path, files)
    messages = [one.message for one in audit_paths([tmp_path]).findings]
    assert any("in Goose, which loads this file too" in one for one in messages) == bool(sign)
