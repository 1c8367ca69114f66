"""The GitLab job's mode `audit`: permissions of hand-kept files in a merge request."""

import json
import shutil
from pathlib import Path

import pytest

from forges import Forge, read_gitlab_job, run_gitlab_job
from review_cases import commit, git

CRITIC = ".claude/agents/critic.md"
TEXT = "---\nname: critic\ndescription: Reviews.\ntools: Read\n---\nYou review.\n"
WIDER = TEXT.replace("tools: Read", "tools: Read, Bash")


class Job:
    """A repository with one hand-kept file and no pack, whose change is checked by the job."""

    def __init__(self, folder: Path, project: str = "") -> None:
        self.forge = Forge(folder)
        self.project = project
        for name in ("packs", "templates", "dist"):
            shutil.rmtree(self.forge.work / name, ignore_errors=True)
        self.base = self.keep(TEXT)

    def keep(self, text: str) -> str:
        path = self.forge.work / self.project / CRITIC
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return commit(self.forge.work)

    def run(self, head: str, **variables: str) -> tuple[int, str, Path]:
        """Return the exit code, the log and the checkout of a merge request with this commit."""
        git(self.forge.work, "push", "--quiet", "--force", "origin", f"{head}:refs/heads/topic")
        checkout = self.forge.checkout(head)
        settings = {
            "PROMPTPACK_MODE": "audit",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": self.base,
            **variables,
        }
        return *run_gitlab_job(self.forge, checkout, head, **settings), checkout


@pytest.mark.parametrize(("fail_on", "code"), [("none", 0), ("permissions", 1), ("any", 1)])
def test_a_permission_that_is_added_is_told(fail_on: str, code: int, tmp_path: Path) -> None:
    job = Job(tmp_path)
    done, said, checkout = job.run(job.keep(WIDER), PROMPTPACK_FAIL_ON=fail_on)
    assert done == code, said
    assert "Claude Code lets this agent run commands" in said
    assert "Claude Code lets this agent run commands" in (
        checkout / "promptpack-diff.html"
    ).read_text(encoding="utf-8")
    entries = json.loads((checkout / "promptpack-quality.json").read_text(encoding="utf-8"))
    assert {json.dumps(one["location"]) for one in entries} == {
        json.dumps({"path": CRITIC, "lines": {"begin": 4}})
    }
    assert {one["check_name"] for one in entries} == {"promptpack-permissions-widened"}
    assert len({one["fingerprint"] for one in entries}) == len(entries)


def test_it_is_the_place_in_the_repository_that_is_told(tmp_path: Path) -> None:
    job = Job(tmp_path, "shop/web")
    done, said, checkout = job.run(
        job.keep(WIDER), PROMPTPACK_PROJECT="shop/web", PROMPTPACK_FAIL_ON="permissions"
    )
    assert done == 1, said
    entries = json.loads((checkout / "promptpack-quality.json").read_text(encoding="utf-8"))
    assert {one["location"]["path"] for one in entries} == {f"shop/web/{CRITIC}"}


def test_a_change_of_the_prompt_alone_is_no_news(tmp_path: Path) -> None:
    job = Job(tmp_path)
    head = job.keep(TEXT.replace("You review.", "You review all of it."))
    done, said, checkout = job.run(head, PROMPTPACK_FAIL_ON="permissions")
    assert done == 0, said
    assert "No permissions changed" in said
    assert json.loads((checkout / "promptpack-quality.json").read_text(encoding="utf-8")) == []
    assert "No permissions changed" in (checkout / "promptpack-diff.html").read_text("utf-8")


@pytest.mark.parametrize("base", ["0" * 39 + "1", "", "--help"])
def test_a_base_that_cannot_be_read_closes_the_gate(base: str, tmp_path: Path) -> None:
    job = Job(tmp_path)
    done, said, _ = job.run(job.keep(TEXT + "More.\n"), CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert done in (2, 3), said


def test_any_other_mode_fails(tmp_path: Path) -> None:
    job = Job(tmp_path)
    done, said, _ = job.run(job.keep(WIDER), PROMPTPACK_MODE="audits; touch pwned")
    assert (done, "must be one of: diff, audit" in said) == (2, True)
    assert not list(tmp_path.rglob("pwned"))


def test_the_modes_are_those_of_the_action() -> None:
    inputs, job = read_gitlab_job()
    assert inputs["mode"]["options"] == ["diff", "audit"]
    assert inputs["mode"]["default"] == "diff"
    assert job["variables"]["PROMPTPACK_MODE"] == "$[[ inputs.mode ]]"
