"""Whether all is as a plan wants it: what is read of a folder, against a plan made anew."""

from pathlib import Path

import pytest

from promptpack.build import render
from promptpack.model import UserError
from promptpack.output import settling
from promptpack.output.folder_plan import Plan
from promptpack.output.plan import gather_outputs, plan_output
from promptpack.output.record import UnrecordedError
from promptpack.output.recording import Scope, list_files, take_snapshot
from promptpack.output.settling import hash_contents, settle_plan
from promptpack.output.write import apply_plan
from promptpack.reading.project import load_project
from promptpack.rendering.variants import ALL
from promptpack.session import Session
from records import EMPTY_EDITS, MANIFEST, OUTPUT, OUTPUT_EDITS, replace, set_mode, write
from support import DEMO, make_project

PACK = "packs/demo/pack.yaml"
SCRIPT = "packs/demo/skill/run.sh"
FILES = {
    "plain": {},
    "skill": {PACK: DEMO[PACK].replace("[opencode]", "[opencode, skill]")},
    "shared": {PACK: DEMO[PACK].replace("[opencode]", "[opencode, agents-md]")},
}
RUN = "dist/skill/tiny.look/.agents/skills/demo/run.sh"
MORE_EDITS = {
    "manifest in another form": replace(MANIFEST, '  "schema_version": 1', ' "schema_version": 1'),
    "mode": set_mode(OUTPUT, 0o755),
    "mode of a script": set_mode(RUN, 0o644),
    "mode of another file": set_mode(f"{RUN[:-6]}more.txt", 0o755),
    "file beside": write("dist/opencode/tiny.look/more.txt", "Mine.\n"),
}


def plan_project(root: Path) -> Plan:
    """Return the plan of a build in a project."""
    session = Session(load_project(root))
    outputs = gather_outputs(render(session))
    return plan_output(outputs.files, root / "dist", ALL, library={})


def describe(plan: Plan, *, is_known: bool) -> object:
    """Return what comes of a settled plan; the name of the error where it is not settled."""
    snapshot = take_snapshot(Scope([plan.folder.resolve()]))
    found = list_files(plan, snapshot) if is_known else None
    try:
        settled = settle_plan(plan, found)
    except (UnrecordedError, UserError, OSError):
        return "not settled"
    return settled.manifest, [*settled.statuses], settled.outcome, hash_contents(settled)


@pytest.mark.parametrize("files", FILES)
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "known"])
@pytest.mark.parametrize("edit", [None, *OUTPUT_EDITS, *EMPTY_EDITS, *MORE_EDITS])
def test_what_is_read_says_what_a_plan_made_anew_says(
    edit: str | None, files: str, tmp_path: Path, *, is_new: bool
) -> None:
    project = make_project(tmp_path / "project", FILES[files])
    if files == "skill":
        write(SCRIPT, "#!/bin/sh\n")(project)
        write(f"{SCRIPT[:-6]}more.txt", "More.\n")(project)
        set_mode(SCRIPT, 0o755)(project)
    plan = apply_plan(plan_project(project))
    assert plan.outcome
    plan = plan if is_new else plan_project(project)
    if edit:
        {**OUTPUT_EDITS, **EMPTY_EDITS, **MORE_EDITS}[edit](project)
    try:
        found = describe(plan, is_known=True)
    except UnrecordedError:  # of a link, that is in the way of any look
        return
    assert found == describe(plan, is_known=False)


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "known"])
def test_a_folder_of_nothing_but_outputs_is_not_planned_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_new: bool
) -> None:
    project = make_project(tmp_path / "project")
    plan = apply_plan(plan_project(project))
    plan = plan if is_new else plan_project(project)
    monkeypatch.delattr(settling, "plan_again")
    assert describe(plan, is_known=True) != "not settled"
    OUTPUT_EDITS["output forged"](project)
    assert describe(plan, is_known=True) == "not settled"
