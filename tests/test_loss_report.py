"""What `build` says of losses: what is gone first, counts that are right, and one screen of it."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import support
from promptpack.build import build_project
from promptpack.cli.losses import format_losses, summarize_losses
from promptpack.model import Artifact, Effect, Loss
from promptpack.policy.lattice import list_compared, list_effects
from promptpack.reading.project import load_project
from promptpack.reporting.console import drop_styles
from promptpack.reporting.loss_table import LossTable
from promptpack.targets import TARGETS

ROOT = Path(__file__).resolve().parents[1]
PACK = "packs/demo/pack.yaml"
OPEN = support.DEMO[PACK]
MAKE_LINES = 4
"""What `make build` says around the report: two lines before it and one long one after it."""


@cache
def reference() -> tuple[Artifact, ...]:
    return build_project(load_project(ROOT))


def told(artifacts: Iterable[Artifact], columns: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the report on a terminal of some columns, without its colours."""
    monkeypatch.setenv("COLUMNS", str(columns))
    return [drop_styles(line) for line in summarize_losses(artifacts)]


def build_demo(folder: Path, files: dict[str, str]) -> tuple[Artifact, ...]:
    return build_project(load_project(support.make_project(folder, files)))


def find_lost(artifact: Artifact) -> set[str]:
    """Return what an artifact's policy grants and its file, read back, does not at all."""
    target, agent = TARGETS[artifact.target], artifact.agent
    policy = target.decode(artifact.content.decode(), agent.name).policy
    denied = {Effect.DENY}
    return {
        name
        for name in list_compared(agent.policy)
        if list_effects(agent.policy.grant(name)) & {Effect.ALLOW, Effect.ASK}
        and list_effects(policy.grant(name)) == denied
        and all(
            list_effects(policy.grant(other)) == denied
            for own_name, others in target.stand_ins.items()
            for other in others
            if own_name == name
        )
    }


def test_the_reference_packs_fit_one_screen(tmp_path: Path) -> None:
    done = support.run("build", "--out", tmp_path / "dist", cwd=ROOT)
    lines = done.out.splitlines()
    assert len(lines) + MAKE_LINES < 24
    assert max(map(len, lines[:-1])) <= 80, "but for the line that names the folder"
    lost = set().union(*map(find_lost, reference()))
    assert lines[0].startswith("Lost")
    assert {*lines[0].partition(": ")[2].split(", ")} == lost, "what did I lose?"
    assert lines[1].startswith("✗ lost      edit, write, patch under docs-only: 2 of ")
    assert lines[2].startswith("            execute under review: ")


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_no_line_is_longer_than_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(reference(), columns, monkeypatch)
    detailed = [drop_styles(line) for line in format_losses(reference())]
    assert max(map(len, (*lines, *detailed))) <= columns
    assert lines[0].startswith("Lost")


def test_what_is_lost_is_counted_right() -> None:
    expected: dict[tuple[str, str], int] = defaultdict(int)
    totals: dict[str, int] = defaultdict(int)
    for artifact in reference():
        totals[artifact.target] += 1
        for name in find_lost(artifact):
            expected[artifact.target, name] += 1
    counted: dict[tuple[str, str], int] = defaultdict(int)
    for row in LossTable(reference()).list_rows():
        for client in row.clients if row.outcome == "lost" else ():
            assert row.place.total in {0, totals[client.target]}
            for subject in row.subjects:
                counted[client.target, subject] += row.place.affected or totals[client.target]
    assert counted == expected != {}


def test_the_policy_the_pack_and_the_denominator_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = 'accept: [{target: gemini, capability: [edit, write], reason: "it asks by itself"}]\n'
    other = OPEN.replace("name: demo", "name: other")
    files = {
        PACK: OPEN.replace("[opencode]", "[gemini]") + accept,
        "packs/other/pack.yaml": other.replace("[opencode]", "[opencode, gemini]"),
        "packs/other/role.md": "Help.\n",
    }
    assert told(build_demo(tmp_path, files), 80, monkeypatch) == [
        "Lost in gemini: edit, write, patch",
        "✗ lost      edit, write, patch under change in other: 1 of 4 variants of gemini",
        "            Gemini CLI can't ask for a single agent: a tool is on or off",
        "            Gemini CLI has no patch tool",
        "▲ accepted  edit, write in gemini",
        "- dropped   patch, model in gemini",
        "✓ exact     opencode",
    ]


def test_without_a_loss_the_first_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = build_demo(tmp_path / "exact", {})
    assert told(exact, 80, monkeypatch) == [
        "Nothing is lost: every file says exactly what was meant."
    ]
    files = {PACK: OPEN.replace("[opencode]", "[gemini]").replace("[look, change]", "[look]")}
    lines = told(build_demo(tmp_path / "model", files), 80, monkeypatch)
    assert lines == ["No granted capability is lost.", "- dropped   model in gemini"]
    assert told((), 80, monkeypatch) == []


def test_the_guard_of_env_files_is_a_note(tmp_path: Path) -> None:
    reads = support.DEMO["templates/policies/look.yaml"].replace("glob: allow", "read: allow")
    folder = support.make_project(tmp_path, {"templates/policies/look.yaml": reads})
    done = support.call("build", cwd=folder)
    assert done.out.splitlines()[:2] == [
        "Nothing is lost: every file says exactly what was meant.",
        "Note: OpenCode asks before it reads .env files",
    ]
    found = json.loads(support.call("build", "--format", "json", cwd=folder).out)
    (loss,) = (loss for artifact in found["artifacts"] for loss in artifact["losses"])
    assert (loss["capability"], loss["kind"], loss["note"]) == ("read", "narrowed", True)
    assert "lost" not in loss


def test_a_read_that_is_really_narrowed_is_in_the_table(tmp_path: Path) -> None:
    inherits = support.DEMO["templates/policies/look.yaml"].replace("glob: allow", "read: inherit")
    folder = support.make_project(tmp_path, {"templates/policies/look.yaml": inherits})
    done = support.call("build", cwd=folder)
    assert done.out.splitlines()[0] == "Lost in opencode: read"
    assert ".env" not in done.out
    found = json.loads(support.call("build", "--format", "json", cwd=folder).out)
    (loss,) = (loss for artifact in found["artifacts"] for loss in artifact["losses"])
    assert (loss["lost"], "note" in loss) == (True, False)


def test_what_another_client_reads_wider_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = Loss("skill", False, "widened", "deny", "allow", "It does.", "We know.", "cursor")
    artifacts = [
        replace(a, losses=(loss,) if a.target == "claude-code" else ())
        for a in reference()
        if a.target in {"opencode", "claude-code"}
    ]
    assert told(artifacts, 80, monkeypatch) == [
        "No granted capability is lost.",
        "▲ accepted  skill in cursor",
        "✓ exact     opencode",
    ]
    assert [drop_styles(line) for line in format_losses(artifacts)] == [
        "cursor (reads claude-code files)",
        "▲ accepted  skill (deny → allow) in every variant",
        "            accepted: We know.",
    ]


def test_a_client_that_is_not_built_for_is_in_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = Loss("skill", False, "widened", "deny", "allow", "It does.", "We know.")
    artifacts = [
        replace(a, losses=(loss, loss._replace(reader="cursor")))
        for a in reference()
        if a.target == "claude-code"
    ]
    artifacts += [replace(a, losses=()) for a in reference() if a.target == "opencode"]
    assert "▲ accepted  skill in claude-code, cursor" in told(artifacts, 80, monkeypatch)


def test_verbose_says_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10000")
    lines = [drop_styles(line) for line in format_losses(reference())]
    text = "\n".join(lines)
    for artifact in reference():
        for loss in artifact.losses:
            assert loss.is_note or loss.subject in text
            assert loss.is_note or (loss.accepted or loss.reason) in text
    of_claude = [a for a in reference() if a.target == "claude-code"]
    lost = sum(a.variant.policy.name == "review" for a in of_claude)
    assert f"execute (ask → deny) under review: {lost} of {len(of_claude)} variants\n" in text
    assert "list (allow → deny; glob does the same) in every variant" in text
    clients = [line for line in lines if re.fullmatch("[a-z-]+", line)]
    assert clients == [name for name in TARGETS if any(a.target == name for a in reference())]


def test_the_report_is_the_same_in_each_process(tmp_path: Path) -> None:
    outputs = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed / "dist"
        arguments = ("build", "-v", "--out", folder)
        done = support.run(*arguments, cwd=ROOT, env={"PYTHONHASHSEED": seed})
        outputs.add(done.out.replace(str(folder), ""))
    assert len(outputs) == 1
