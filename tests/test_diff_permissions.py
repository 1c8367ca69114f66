"""Permissions are compared by effect: whatever widens a file at random is told, and told first.

The oracle is brute force over texts, as in `test_never_wider.py`.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from promptpack.diff.compare import compare_sides
from promptpack.diff.wording import iter_sections
from promptpack.model import Agent, Effect, Model, Policy
from promptpack.policy.lattice import list_compared
from promptpack.policy.patterns import decide_effect
from promptpack.targets import TARGETS, Target
from review_cases import side
from support import count_cases
from test_never_wider import STRENGTH, TEXTS, agents

Mutation = Callable[[list[str], st.DataObject], list[str]]
ENFORCING = [target for target in TARGETS.values() if not target.advisory or target.name == "codex"]


def head_of(lines: list[str]) -> int:
    """Return where the part of a file ends in which permissions stand."""
    return lines.index("---", 1) if lines[0] == "---" else len(lines)


def drop_a_line(lines: list[str], data: st.DataObject) -> list[str]:
    at = data.draw(st.integers(1, max(1, head_of(lines) - 1)))
    return [*lines[:at], *lines[at + 1 :]]


def swap_two_lines(lines: list[str], data: st.DataObject) -> list[str]:
    last = max(1, head_of(lines) - 1)
    i, j = data.draw(st.integers(1, last)), data.draw(st.integers(1, last))
    found = list(lines)
    found[i], found[j] = found[j], found[i]
    return found


def add_a_wildcard(lines: list[str], data: st.DataObject) -> list[str]:
    at = data.draw(st.integers(1, max(1, head_of(lines))))
    line = data.draw(
        st.sampled_from(
            ["  '*': allow", "    '*': allow", "tools: '*'", "- '*'", "permission: allow"]
        )
    )
    return [*lines[:at], line, *lines[at:]]


def turn_an_effect(lines: list[str], data: st.DataObject) -> list[str]:
    held = [n for n in range(head_of(lines)) if lines[n].endswith((": deny", ": ask"))]
    assume(held)
    at = data.draw(st.sampled_from(held))
    return [*lines[:at], f"{lines[at].rpartition(':')[0]}: allow", *lines[at + 1 :]]


def turn_a_switch(lines: list[str], data: st.DataObject) -> list[str]:
    del data
    return [line.replace("= false", "= true").replace(": true", ": false") for line in lines]


MUTATIONS: tuple[Mutation, ...] = (
    drop_a_line,
    swap_two_lines,
    add_a_wildcard,
    turn_an_effect,
    turn_a_switch,
)


def is_wider(target: Target, old: str, new: str) -> set[str]:
    """Return the capabilities of which some text may do more than before, by brute force."""
    before, after = target.decode(old, "a").policy, target.decode(new, "a").policy
    return {
        name
        for name in list_compared(before, after)
        for text in TEXTS
        if STRENGTH[decide_effect(after.grant(name), text)]
        > STRENGTH[decide_effect(before.grant(name), text)]
    }


@pytest.mark.fault(63)
@pytest.mark.parametrize("target", ENFORCING, ids=lambda target: target.name)
@settings(max_examples=count_cases(80), deadline=None)
@given(data=st.data())
def test_every_widening_is_told_first(target: Target, data: st.DataObject) -> None:
    agent = data.draw(agents(target))
    old = target.encode(agent)
    mutation = data.draw(st.sampled_from(MUTATIONS))
    new = "\n".join(mutation(old.split("\n"), data))
    key = target.path.format(name="a")
    review = compare_sides(side({key: old}, target.name), side({key: new}, target.name))
    wider = is_wider(target, old, new)
    told = {c.field for c in review.permissions if c.kind in ("widened", "unproven")}
    assert wider <= told
    if wider:
        assert review.changes[0].kind == "widened" or not wider & {
            c.field for c in review.permissions if c.kind == "widened"
        }
        assert next(iter_sections(review)).title == "Permissions widened"
    if old == new:
        assert review.changes == ()


def file_of(target: str, policy: Policy) -> str:
    agent = Agent("a", "An agent.", "subagent", Model("m"), None, policy, "Help.\n")
    return TARGETS[target].encode(agent)


def kinds(target: str, old: str, new: str) -> dict[str, str]:
    key = TARGETS[target].path.format(name="a")
    review = compare_sides(side({key: old}, target), side({key: new}, target))
    return {change.field: change.kind for change in review.permissions}


@pytest.mark.fault(63)
@pytest.mark.parametrize("target", ["claude-code", "gemini", "copilot"])
def test_a_file_that_names_no_tools_any_more_has_all_of_them(target: str) -> None:
    old = file_of(target, Policy(Effect.DENY))
    lines = [line for line in old.split("\n") if not line.startswith(("tools", "- "))]
    found = kinds(target, old, "\n".join(lines))
    assert found["execute"] == found["edit"] == found["mcp:*"] == "widened"


@pytest.mark.fault(63)
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "  bash:\n    '*': allow\n    rm *: deny",
            "  bash:\n    rm *: deny\n    '*': allow",
            "widened",
        ),
        ("  bash:\n    '*': allow\n    rm *: deny", "  bash:\n    '*': allow", "widened"),
        ("  bash: deny", "  '*': allow", "widened"),
        ("  bash:\n    '*': ask", "  bash:\n    '*': ask\n    git *: allow", "widened"),
        ("  bash:\n    '*': ask\n    git *: allow", "  bash:\n    '*': ask", "narrowed"),
        ("  bash: ask", "  '*': allow", "widened"),
        ("  bash: ask", "  ba*: ask", None),
    ],
)
def test_ordered_patterns_by_effect(old: str, new: str, expected: str | None) -> None:
    frame = "---\ndescription: x\npermission:\n  '*': deny\n{}\n---\n\nHelp.\n"
    assert kinds("opencode", frame.format(old), frame.format(new)).get("execute") == expected


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("claude-code", "permissionMode: bypassPermissions"),
        ("claude-code", "hooks: {}"),
        ("opencode", "permission: {external_directory: allow}"),
        ("opencode", "permission: {'external_*': allow}"),
        ("opencode", "permission:\n  'doom_loop': allow"),
        ("cursor", "sandbox: off"),
    ],
)
def test_what_nothing_decodes_is_unproven(target: str, line: str) -> None:
    old = "---\nname: a\ndescription: x\ntools: []\n---\n\nHelp.\n"
    new = old.replace("---\n\n", f"{line}\n---\n\n")
    assert "unproven" in kinds(target, old, new).values()
    assert kinds(target, old, old.replace("name: a", "name: b")) == {}


@pytest.mark.fault(63)
def test_too_many_patterns_to_compare_are_unproven() -> None:
    old = [f"    '{'a' * n}*b?{'*c' * (n % 5)}*{n}': ask" for n in range(60)]
    new = [f"    '{'a' * n}*b?{'*c' * (n % 5)}*{n}*': ask" for n in range(60)]
    frame = "---\ndescription: x\npermission:\n  bash:\n    '*': deny\n{}\n---\n\nHelp.\n"
    found = kinds("opencode", frame.format("\n".join(old)), frame.format("\n".join(new)))
    assert found["execute"] in ("unproven", "widened")


def test_a_new_output_is_told_with_all_that_it_may_do() -> None:
    key = TARGETS["opencode"].path.format(name="a")
    text = file_of("opencode", Policy(Effect.INHERIT))
    review = compare_sides(side({}, "opencode"), side({key: text}, "opencode"))
    (found,) = review.permissions
    assert (found.kind, found.field, found.old) == ("widened", "pack a", "no such output")
    assert "execute: allow" in found.new.split("; ")
    assert "edit: allow" in found.new.split("; ")
    again = compare_sides(side({}, "system"), side({"a/system.md": "Help.\n"}, "system"))
    assert again.permissions == ()


def test_the_effect_in_one_client_is_one_group_for_all_outputs() -> None:
    grants = {"execute": file_of("opencode", Policy(Effect.DENY))}
    old = grants["execute"]
    new = old.replace("permission:\n", "permission:\n  bash: allow\n").replace('  "*": deny\n', "")
    base = side({f"{n}/.opencode/agents/a.md": old for n in range(3)}, "opencode")
    head = side({f"{n}/.opencode/agents/a.md": new for n in range(3)}, "opencode")
    review = compare_sides(base, replace(head, label="head"))
    assert {len(change.outputs) for change in review.permissions} == {3}
