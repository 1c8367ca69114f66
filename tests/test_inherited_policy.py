"""The policy `plan-only-inherit`: what it takes away, and that whoever reads of it is told so."""

from dataclasses import replace
from pathlib import Path

import pytest

import support
from promptpack.model import CAPABILITIES, FILE_CHANGES, OTHER_MCP, Agent, Effect, Model, Policy
from promptpack.policy.lattice import find_single_effect, is_denied, list_caveats
from promptpack.reading.project import load_project
from promptpack.targets import TARGETS

ROOT = Path(__file__).resolve().parents[1]
PACK = """\
name: demo
title: Demo
description: Answers questions about a small project.
targets: [opencode, claude-code, copilot, gemini]
sections: {role: ./role.md}
accept:
  - {target: cursor, capability: all, reason: "Nobody here uses Cursor."}
variants:
  default: {model: gemini, policy: plan-only}
  model: [gemini]
  policy: [plan-only]
"""


def find_policy(name: str) -> Policy:
    return load_project(ROOT).policies[name]


def test_it_is_plan_only_with_the_rest_inherited() -> None:
    plan, inherits = find_policy("plan-only"), find_policy("plan-only-inherit")
    assert inherits.grants == plan.grants
    assert (plan.default, inherits.default) == (Effect.DENY, Effect.INHERIT)
    left = {
        name
        for name in (*CAPABILITIES, OTHER_MCP)
        if find_single_effect(inherits.grant(name)) is Effect.INHERIT
    }
    assert left == {"web_search", "task", "skill", "question", OTHER_MCP}


@pytest.mark.parametrize("target", [t.name for t in TARGETS.values() if not t.advisory])
def test_edits_stay_denied_wherever_they_can_be(target: str) -> None:
    codec = TARGETS[target]
    plain = Agent("demo", "Says.", "subagent", Model("m"), None, find_policy("plan-only"), "x\n")
    for policy in (plain.policy, find_policy("plan-only-inherit")):
        text = codec.encode(replace(plain, policy=policy))
        held = codec.decode(text, "demo").policy
        denied = {name for name in FILE_CHANGES if is_denied(held.grant(name))}
        assert denied == (set() if target == "codex" else set(FILE_CHANGES))


def test_a_note_names_what_can_write_all_the_same() -> None:
    (note,) = list_caveats(find_policy("plan-only-inherit"))
    assert "allows commands and inherits other agents and MCP servers" in note
    (note,) = list_caveats(find_policy("plan-only"))
    assert "inherits" not in note
    assert not list_caveats(find_policy("review"))


def test_a_change_to_it_is_shown_as_more_and_fails_where_asked(tmp_path: Path) -> None:
    sides = []
    for name in ("plan-only", "plan-only-inherit"):
        root = tmp_path / name
        support.write_files(root, {"packs/demo/role.md": "Help.\n", "packs/demo/pack.yaml": PACK})
        library = (ROOT / "templates/policies" / f"{name}.yaml").read_text(encoding="utf-8")
        support.write_files(root, {"templates/policies/plan-only.yaml": library})
        assert support.call("build", cwd=root).code == 0
        sides.append(root / "dist")
    command = ("diff", "--from-dir", str(sides[0]), "--to-dir", str(sides[1]))
    told = support.call(*command, "--fail-on", "permissions", cwd=tmp_path / "plan-only")
    assert told.code == 1, told
    for name in ("skill", "mcp:*", "web_search"):
        assert f"{name}  widened: deny → allow" in told.out
    assert "edit  widened" not in told.out
