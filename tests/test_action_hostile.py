"""The action among hostile text, odd checkouts and other events: text is data all the way."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

import support
from forges import MARKER, ROOT, TOKEN, Api, Forge, run_action
from review_cases import commit, git

ROLE = "packs/demo/role.md"
STEPS = "templates/fragments/standards/small-steps.md"
FIRST = "You answer"
HOSTILE = """\
$(touch pwned) `touch pwned` ${{ github.token }} %0A::error::x
::error::forged
::add-mask::a
::set-output name=code::0
##[add-mask]b
::stop-commands::x
``````
</details><script>alert(1)</script> <!-- promptpack:diff --> @everyone #1 [x](https://evil.example)
``````
"""


def hostile_text(forge: Forge) -> None:
    text = HOSTILE.replace("{", '{{ "{" }}')
    forge.change(ROLE, FIRST, f"{text}\n{FIRST}")


def nothing_ran(forge: Forge) -> bool:
    return not list(forge.folder.rglob("pwned"))


@pytest.mark.fault(58)
@pytest.mark.parametrize(
    "branch",
    ["topic", "$(touch${IFS}pwned)", "`touch${IFS}pwned`", "a;touch${IFS}pwned", "x'\"&&y"],
)
def test_text_and_branch_names_are_data(forge: Forge, api: Api, branch: str) -> None:
    forge.branch(branch)
    hostile_text(forge)
    run = run_action(forge, api)
    assert run.code == 0, run.log
    assert nothing_ran(forge)
    kinds = {line.split(" ")[0] for line in run.commands()}
    assert kinds <= {"::notice", "::warning", "::error"}
    assert all("title=promptpack" in line for line in run.commands())
    assert TOKEN not in run.log + run.summary
    (comment,) = api.comments
    assert comment["body"].startswith(f"{MARKER}\n")
    assert in_code(comment["body"])
    assert in_code(run.summary)


def in_code(body: str) -> bool:
    """Tell whether all of the hostile text stands in fences that it can't close."""
    outside, fence = [], ""
    for line in body.splitlines():
        mark = line.strip()
        if fence:
            fence = "" if set(mark) == {"`"} and len(mark) >= len(fence) else fence
        elif mark.startswith("```"):
            fence = mark[: len(mark) - len(mark.lstrip("`"))]
        else:
            outside.append(line)
    said = "\n".join(outside)
    return not fence and not any(word in said for word in ("forged", "<script", "@everyone"))


def test_what_is_wrong_with_hostile_files_is_data_too(forge: Forge, api: Api) -> None:
    bad = 'name: demo\n"::error::forged `````` @everyone ##[add-mask]x $(touch pwned)": 1\n'
    support.write_files(forge.work, {"packs/demo/pack.yaml": bad})
    commit(forge.work)
    run = run_action(forge, api)
    assert run.code == 3
    assert nothing_ran(forge)
    assert "forged" in run.summary
    assert [line.split("::")[1] for line in run.commands()] == ["error title=promptpack"]
    assert in_code(run.summary)
    assert in_code(api.comments[0]["body"])


def test_an_output_edited_by_hand_shows_its_hostile_text_as_data(forge: Forge, api: Api) -> None:
    hostile_text(forge)
    output = forge.work / "dist/opencode/tiny.look/.opencode/agents/demo.md"
    text = output.read_text(encoding="utf-8")
    output.write_text(text.replace(FIRST, f"{HOSTILE}\nYou ask"), encoding="utf-8")
    commit(forge.work)
    run = run_action(forge, api)
    assert run.code == 1
    assert nothing_ran(forge)
    assert {line.split(" ")[0] for line in run.commands()} == {"::error", "::notice"}
    assert "\n ``````\n" in run.summary
    assert in_code(run.summary)
    assert "promptpack build --force" in api.comments[0]["body"]


def test_nothing_of_the_checkout_is_imported_or_run(forge: Forge, api: Api) -> None:
    planted = "open('pwned', 'w').close()\n"
    names = ("json", "runner", "promptpack", "click", "sitecustomize", "review")
    support.write_files(forge.work, {f"{name}.py": planted for name in names})
    support.write_files(forge.work, {"git": "#!/bin/sh\ntouch pwned\n"})
    (forge.work / "git").chmod(0o755)
    commit(forge.work)
    run = run_action(forge, api)
    assert run.code == 0
    assert nothing_ran(forge)


def install(folder: Path, script: str) -> Path:
    """Return a folder with a script as promptpack, and a Python that has the real one's modules."""
    real = Path(sys.prefix)
    support.write_files(folder, {"bin/promptpack": script})
    (folder / "bin/promptpack").chmod(0o755)
    (folder / "bin/python").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_bytes((real / "pyvenv.cfg").read_bytes())
    (folder / "lib").symlink_to(real / "lib")
    return folder / "bin"


@pytest.mark.fault(66)
@pytest.mark.parametrize("end", ["kill -9 $$", "exit 4"])
def test_a_promptpack_that_dies_is_never_no_change(forge: Forge, api: Api, end: str) -> None:
    bin_ = install(forge.folder, f"#!/bin/sh\necho oh\n{end}\n")
    hostile_text(forge)
    run = run_action(forge, api, bin=bin_)
    assert run.code == 4
    assert "**Not compared: promptpack failed.**" in run.summary
    assert "**Not compared: promptpack failed.**" in api.comments[0]["body"]


LONG = """\
import re
import sys
sys.path.insert(0, sys.argv[1])
import review
from wording import CommandResult, Outcome, ReviewReport
for full, cut in (("a", "b"), ("€" * 900_000, "b"), ("€" * 900_000, "€" * 900_000)):
    outcome = Outcome(None, CommandResult(0, ""), ReviewReport(full, cut, 1, 2, 3), "none", False)
    said = review._choose_summary(outcome)
    assert len(said.encode()) <= 900 * 1024
    print(said[0])
print(said)
"""


def test_a_summary_holds_what_fits(tmp_path: Path) -> None:
    done = support.run(ROOT / "action", cwd=tmp_path, code=LONG)
    first, second, third, *rest = done.out.splitlines()
    assert (done.code, first, second, third) == (0, "a", "b", "<")
    assert "1 output changed, in 3 groups; permissions are widened in 2 groups." in "\n".join(rest)


@pytest.mark.fault(58)
def test_a_shallow_checkout_is_told_what_to_fetch(forge: Forge, api: Api) -> None:
    forge.change(STEPS, "one small step", "one tiny step")
    run = run_action(forge, api, depth=1)
    assert run.code == 2
    assert "`fetch-depth: 0`" in run.summary
    assert "`fetch-depth: 0`" in api.comments[0]["body"]
    assert "the clone is shallow" in run.summary
    assert run_action(forge, api, depth=2).code == 0
    assert "tiny" in api.comments[0]["body"]


@pytest.mark.fault(66)
def test_what_others_merged_meanwhile_is_not_part_of_the_change(forge: Forge, api: Api) -> None:
    forge.change(STEPS, "one small step", "one tiny step", build=False)
    git(forge.work, "checkout", "--quiet", "main")
    forge.change(ROLE, FIRST, "You always answer", build=False)
    git(forge.work, "checkout", "--quiet", "topic")
    merge, head = forge.merge()
    event = forge.pull_request(head)
    assert event["pull_request"]["base"]["sha"] == forge.first  # stale, as GitHub has it
    run = run_action(forge, api, event, commit=merge, check="false")
    assert run.code == 0
    assert "tiny" in run.summary
    assert "always" not in run.summary
    event["pull_request"]["base"]["sha"] = forge.commit_of("main")
    run = run_action(forge, api, event, commit=merge, revision=head, check="false")
    assert "tiny" in run.summary
    assert "always" not in run.summary


def test_a_push_has_a_summary_and_no_comment(forge: Forge, api: Api) -> None:
    before = forge.commit_of("HEAD")
    after = forge.change(STEPS, "one small step", "one tiny step")
    git(forge.work, "push", "--quiet", "origin", "topic")
    run = run_action(forge, api, {"before": before}, name="push", commit=after)
    assert (run.code, api.requests) == (0, [])
    assert "tiny" in run.summary


@pytest.mark.fault(58)
@pytest.mark.parametrize("before", ["0" * 40, "1" * 40, None, 7, "$(touch pwned)"])
def test_a_push_without_a_known_before_is_compared_with_the_default_branch(
    forge: Forge, api: Api, before: Any
) -> None:
    after = forge.change(STEPS, "one small step", "one tiny step")
    git(forge.work, "push", "--quiet", "origin", "topic")
    run = run_action(forge, api, {"before": before}, name="push", commit=after)
    assert run.code == 0, run.log
    assert nothing_ran(forge)
    assert "tiny" in run.summary


def test_a_merge_group_is_compared_with_its_base(forge: Forge, api: Api) -> None:
    forge.change(STEPS, "one small step", "one tiny step")
    merge, _ = forge.merge()
    event = {"merge_group": {"base_sha": forge.first}}
    run = run_action(forge, api, event, name="merge_group", commit=merge)
    assert (run.code, api.requests) == (0, [])
    assert "tiny" in run.summary


def test_a_base_can_be_named(forge: Forge, api: Api) -> None:
    forge.change(STEPS, "one small step", "one tiny step")
    forge.change(ROLE, FIRST, "You always answer")
    run = run_action(forge, api, base="HEAD^2~1")
    assert "always" in run.summary
    assert "tiny+}" not in run.summary


@pytest.mark.fault(58)
@pytest.mark.parametrize("base", ["--upload-pack=touch pwned", "-x", "no-such", "$(touch pwned)"])
def test_a_base_that_is_no_revision_is_refused(forge: Forge, api: Api, base: str) -> None:
    run = run_action(forge, api, base=base)
    assert run.code == 2
    assert re.search("unknown revision|not a valid revision name", run.summary)
    assert nothing_ran(forge)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"fail_on": "everything"}, "The input 'fail-on' must be one of: none, perm"),
        ({"check": "yes"}, "The input 'check' must be one of: true, false; it is 'yes'"),
        ({"comment": "True"}, "The input 'comment' must be one of: true, false; it is 'True'"),
        ({"project": "nowhere"}, "is not a folder in the checkout"),
        ({"name": "pull_request_target"}, "Use the event pull_request"),
    ],
)
def test_a_wrong_use_is_refused_before_anything_runs(
    forge: Forge, api: Api, inputs: dict[str, Any], said: str
) -> None:
    run = run_action(forge, api, **inputs)
    assert (run.code, api.requests, run.summary) == (2, [], "")
    (error,) = run.commands()
    assert said in error


def test_a_project_in_a_folder_of_the_repository(tmp_path: Path, api: Api) -> None:
    forge = Forge(tmp_path)
    git(forge.work, "checkout", "--quiet", "main")
    (forge.work / "agents").mkdir()
    git(forge.work, "mv", "packs", "templates", "dist", "agents/")
    commit(forge.work)
    forge.branch()
    path = "agents/templates/fragments/standards/small-steps.md"
    old = (forge.work / path).read_text(encoding="utf-8")
    support.write_files(forge.work, {path: old.replace("small step", "tiny step")})
    assert support.call("build", cwd=forge.work / "agents").code == 0
    commit(forge.work)
    run = run_action(forge, api, project="agents")
    assert run.code == 0, run.log
    assert any(f"::notice file={path},line=" in line for line in run.commands())
