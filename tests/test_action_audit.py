"""The action's mode `audit`: permissions of hand-kept files in a pull request, without any pack."""

import json
import shutil
from pathlib import Path

import pytest

from forges import Api, Forge, run_action
from review_cases import commit

CRITIC = ".claude/agents/critic.md"
TEXT = "---\nname: critic\ndescription: Reviews.\ntools: Read\n---\nYou review.\n"


@pytest.fixture
def kept(tmp_path: Path) -> Forge:
    """Return a repository with one hand-kept file and no pack, and a branch to be merged."""
    forge = Forge(tmp_path)
    for name in ("packs", "templates", "dist"):
        shutil.rmtree(forge.work / name, ignore_errors=True)
    keep(forge, TEXT)
    forge.branch()
    return forge


def keep(forge: Forge, text: str) -> None:
    path = forge.work / CRITIC
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    commit(forge.work)


@pytest.mark.parametrize(("fail_on", "code"), [("none", 0), ("permissions", 1)])
def test_a_permission_that_is_added_is_told(fail_on: str, code: int, kept: Forge, api: Api) -> None:
    keep(kept, TEXT.replace("tools: Read", "tools: Read, Bash"))
    run = run_action(kept, api, mode="audit", fail_on=fail_on)
    assert run.code == code, run.log
    (comment,) = api.comments
    assert "**promptpack audit**" in comment["body"]
    assert "Claude Code lets this agent run commands" in comment["body"]
    assert any(f"file={CRITIC},line=4" in line for line in run.commands())
    assert int(run.outputs["permissions-widened"]) >= 1
    data = json.loads(Path(run.outputs["json"]).read_text(encoding="utf-8"))
    assert {one["path"] for one in data["changes"]} == {CRITIC}


def test_a_change_of_the_prompt_alone_is_no_news(kept: Forge, api: Api) -> None:
    keep(kept, TEXT.replace("You review.", "You review all of it."))
    run = run_action(kept, api, mode="audit", fail_on="permissions")
    assert (run.code, api.comments) == (0, [])


def test_a_base_that_cannot_be_read_closes_the_gate(kept: Forge, api: Api) -> None:
    keep(kept, TEXT)
    run = run_action(kept, api, mode="audit", base="0" * 39 + "1")
    assert run.code in (2, 3)
