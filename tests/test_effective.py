"""Text follows the file: a prompt speaks of what its own client's file holds, and of no more."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.api import build_project, load_project
from promptpack.model import (
    CAPABILITIES,
    FILE_CHANGES,
    Artifact,
    Capability,
    Effect,
    Finding,
    Policy,
    UserError,
)
from promptpack.policy.lattice import list_compared, list_effects, resolve_inherited
from promptpack.policy.prose import make_phrase
from promptpack.rendering.permissions import Permissions
from promptpack.session import Session
from promptpack.targets import TARGETS, Target
from promptpack.targets.losses import find_client_default, find_effective_policy
from support import DEMO, count_cases, make_project
from test_never_wider import agents, compare_by_text, read_in_mode

ROOT = Path(__file__).resolve().parents[1]
PACK = "packs/demo/pack.yaml"
ROLE = "packs/demo/role.md"
LOOK = "templates/policies/look.yaml"
STEPS = "templates/fragments/standards/small-steps.md"
SAYS = """\
Execute: {{ policy.allows("execute") }} {{ policy.asks("execute") }} {{ policy.denies("execute") }}.
Written: {{ policy.authored.allows("execute") }} {{ policy.authored.asks("execute") }}
{{ policy.authored.denies("execute") }}, {{ policy.authored.authored.name }}.
"""
ACCEPT = '- {target: TARGET, capability: execute, reason: "The user is asked."}'
CURSOR = (
    "- {target: cursor, capability: [read, list, glob, grep, edit, write, patch, execute, "
    'web_fetch, web_search, todo, task, skill, question, "mcp:*"], reason: "Not used here."}'
)
"""Cursor loads the files of Codex, and gives them every tool."""
HOLDING = [one for one in TARGETS.values() if one.holds_policy or one.name == "system"]
"""The clients that hold some of a policy, and one that stands for those that hold nothing."""


def project_of(
    path: Path, targets: str, capabilities: str, *, accept: str = "", **files: str
) -> Path:
    """Return a project of one variant: the demo pack for some targets under another policy."""
    pack = DEMO[PACK].replace("[opencode]", f"[{targets}]").replace("[look, change]", "[look]")
    policy = f"title: Look\nsummary: Looks.\ndefault: deny\ncapabilities: {capabilities}\n"
    named = {"role": ROLE, "steps": STEPS, "pack": PACK}
    others = {named[name]: text for name, text in files.items()}
    accepted = f"accept:\n{accept}\n{CURSOR}\n"
    return make_project(path, {PACK: pack + accepted, LOOK: policy, **others})


def built(path: Path) -> dict[str, Artifact]:
    return {artifact.target: artifact for artifact in build_project(load_project(path))}


def refused(path: Path) -> tuple[Finding, ...]:
    with pytest.raises(UserError) as caught:
        build_project(load_project(path))
    return caught.value.findings


def said(artifact: Artifact) -> str:
    return " ".join(artifact.agent.prompt.split("\n")[2:5])


def test_a_template_sees_what_the_file_of_its_client_holds(tmp_path: Path) -> None:
    path = project_of(
        tmp_path, "opencode, gemini, system", "{grep: allow, execute: ask}", role=SAYS
    )
    files = built(path)
    written = "Written: True True False, look."
    assert said(files["opencode"]) == f"Execute: True True False. {written}"
    assert said(files["gemini"]) == f"Execute: False False True. {written}"
    assert said(files["system"]) == f"Execute: True True False. {written}"  # nothing is held there


def test_an_accepted_widening_keeps_the_more_careful_words(tmp_path: Path) -> None:
    accept = ACCEPT.replace("TARGET", "gemini")
    capabilities = "{grep: allow, execute: ask}"
    (artifact,) = built(
        project_of(tmp_path, "gemini", capabilities, accept=accept, role=SAYS)
    ).values()
    assert TARGETS["gemini"].decode(artifact.content.decode(), "demo").policy.grant("execute") == (
        ("*", Effect.ALLOW),
    )
    assert said(artifact).startswith("Execute: True True False.")


def test_what_is_inherited_is_what_the_client_gives(tmp_path: Path) -> None:
    path = project_of(tmp_path, "opencode, gemini", "{grep: allow, task: inherit}")
    role = path / ROLE
    role.write_text('Task: {{ policy.denies("task") }} {{ policy.authored.denies("task") }}.\n')
    files = built(path)
    assert "Task: True False." in files["opencode"].agent.prompt  # a subagent starts none
    assert "Task: True False." in files["gemini"].agent.prompt  # there is no such tool


def test_a_prompt_is_composed_once_for_equal_answers_of_the_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = "opencode, copilot, gemini, system, skill, messages"
    session = Session(load_project(project_of(tmp_path, targets, "{grep: allow, execute: ask}")))
    composed = []
    compose_text = session.composer.compose_text

    def count(variant: object, target: str) -> str:
        composed.append(target)
        return compose_text(variant, target)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(session.composer, "compose_text", count)
    (variant,) = {a.variant.name: a.variant for a in build_project(session.project)}.values()
    for target in targets.split(", "):
        session.composer.compose_agent(variant, target)
    assert composed == ["opencode", "system"]  # it is told in words, what edits need is asked


NEEDY = DEMO[STEPS].replace("---\n- Take", "needs: [execute]\n---\n- Take")


def test_a_need_that_a_client_takes_away_stops_the_build(tmp_path: Path) -> None:
    path = project_of(tmp_path, "opencode, gemini", "{grep: allow, execute: ask}", steps=NEEDY)
    (finding,) = refused(path)
    assert finding.code == "PP102"
    assert finding.message == (
        "fragment 'standards/small-steps' needs execute, "
        "which Gemini CLI takes away under the policy 'look'"
    )
    assert finding.hint == (
        "to leave the fragment out of such variants, add 'optional: true' to its use, "
        "accept execute for gemini, or leave gemini out of 'targets'"
    )
    assert (finding.path, finding.line) == (PACK, 9)


@pytest.mark.parametrize("way", ["optional", "accept", "leave out"])
def test_each_way_out_builds(tmp_path: Path, way: str) -> None:
    targets = "opencode" if way == "leave out" else "opencode, gemini"
    accept = ACCEPT.replace("TARGET", "gemini") if way == "accept" else ""
    path = project_of(tmp_path, targets, "{grep: allow, execute: ask}", accept=accept, steps=NEEDY)
    pack = path / PACK
    if way == "optional":
        use = "{use: standards/small-steps, optional: true}"
        pack.write_text(pack.read_text().replace("standards/small-steps", use))
    files = built(path)
    step = "- Take one small step at a time."
    assert step in files["opencode"].agent.prompt
    if "gemini" in files:
        assert (step in files["gemini"].agent.prompt) == (way == "accept")


def test_what_helps_may_be_another_capability(tmp_path: Path) -> None:
    needy = NEEDY.replace("needs: [execute]", "needs: [read]")
    path = project_of(tmp_path, "codex", "{read: allow, execute: ask, todo: allow}", steps=needy)
    needs = next(finding for finding in refused(path) if finding.code == "PP102")
    assert "needs read, which OpenAI Codex takes away" in needs.message
    assert ", accept execute for codex, or leave codex out" in needs.hint


def test_where_nothing_helps_no_acceptance_is_offered(tmp_path: Path) -> None:
    needy = NEEDY.replace("needs: [execute]", "needs: [task]")
    (finding,) = refused(project_of(tmp_path, "gemini", "{grep: allow, task: allow}", steps=needy))
    assert "needs task, which Gemini CLI takes away" in finding.message
    assert "accept" not in finding.hint


def test_the_words_at_the_end_are_about_the_file_too(tmp_path: Path) -> None:
    accept = '- {target: codex, capability: [read], reason: "It is in the message."}'
    path = project_of(tmp_path, "codex, system", "{read: allow, todo: allow}", accept=accept)
    files = built(path)
    assert "- You may read files and keep a to-do list." in files["system"].agent.prompt
    assert "- You may keep a to-do list.\n- Never read files." in files["codex"].agent.prompt


@pytest.mark.parametrize("target", HOLDING, ids=lambda target: target.name)
@settings(max_examples=count_cases(100), deadline=None)
@given(data=st.data())
def test_a_prompt_is_told_no_more_than_was_authored_and_than_the_file_holds(
    target: Target, data: st.DataObject
) -> None:
    agent = data.draw(agents(target))
    effective = find_effective_policy(target, agent.policy, agent.mode, agent.accepted)
    authored = resolve_inherited(agent.policy, find_client_default(target, agent.mode))
    in_file = read_in_mode(target, target.encode(agent), agent)
    for name in list_compared(agent.policy):
        for limit in (authored, in_file):
            pairs = compare_by_text(effective.grant(name), limit.grant(name))
            assert all(told <= most for told, most in pairs), name
    told = Permissions(agent.policy, effective).told
    for name in list_compared(told):
        if told.grant(name)[0].effect is not Effect.INHERIT:
            pairs = compare_by_text(told.grant(name), effective.grant(name))
            assert all(said <= most for said, most in pairs), name


# --- An agent that is left with nothing


@pytest.mark.parametrize(
    ("targets", "capabilities", "lost"),
    [
        ("codex", "{read: allow, grep: allow, todo: allow}", "read, grep"),
        ("codex", "{read: allow, execute: ask}", "read"),
        ("gemini", "{execute: ask}", "execute"),
        ("gemini", "{task: allow, question: allow}", "task"),
        ("copilot", '{edit: {"*": deny, "docs/**": allow}}', "edit, write, patch"),
    ],
)
def test_an_agent_left_with_nothing_is_an_error(
    tmp_path: Path, targets: str, capabilities: str, lost: str
) -> None:
    findings = refused(project_of(tmp_path, targets, capabilities))
    assert [f.message for f in findings if f.code == "PP109"] == [
        f"{targets} would leave the agent with nothing that the policy grants: {lost}"
    ]


@pytest.mark.parametrize(
    ("targets", "capabilities", "accept"),
    [
        ("gemini", "{execute: ask, grep: allow}", ""),
        ("opencode", '{edit: {"*": deny, "docs/**": allow}}', ""),
        ("codex", "{todo: allow}", ""),
        ("codex", "{}", ""),
        ("codex", "{read: allow}", "- {target: codex, capability: read, reason: Nothing to read.}"),
        (
            "gemini",
            "{execute: ask}",
            '- {target: gemini, capability: execute, reason: "It asks first."}',
        ),
    ],
)
def test_an_agent_that_keeps_something_or_is_accepted_is_none(
    tmp_path: Path, targets: str, capabilities: str, accept: str
) -> None:
    assert built(project_of(tmp_path, targets, capabilities, accept=accept))


# --- The reference packs, by a test that knows nothing of their templates

ORDERS: Mapping[str, tuple[Capability, ...]] = {
    r"(?:run|execute|rerun) (?:the|all|any|existing|each|every|a) ?[\w -]*"
    r"(?:tests?|linters?|commands?|scripts?|suite)\b": ("execute",),
    r"(?:run|execute) `": ("execute",),
    r"quote the command\b": ("execute",),
    r"(?:edit|change|rewrite|write|create|delete|modify|fix|apply) (?:the|a|each|all|any)? ?"
    r"(?:file|files|code|patch|edit|change)\b": FILE_CHANGES,
    r"before editing\b": FILE_CHANGES,
    r"(?:look up|fetch|browse|search the web|link the page)\b": ("web_fetch", "web_search"),
    r"read the (?:code|files?|configuration|tests?)\b": ("read",),
    r"(?:search|grep|find in) the (?:code|files|project|repository)\b": ("grep", "read"),
    r"(?:delegate|hand over to another agent|start (?:a|another) (?:sub)?agent)\b": ("task",),
    r"(?:load|use) the skill\b": ("skill",),
}
"""How a sentence orders what takes one of some capabilities."""

CANNOT: Mapping[str, tuple[Capability, ...]] = {
    "you cannot run commands": ("execute",),
    "you cannot edit files": FILE_CHANGES,
    "you cannot open files": ("read",),
}


def list_orders(prompt: str) -> Iterable[tuple[str, tuple[Capability, ...]]]:
    """Yield the sentences that order something, each with what it takes."""
    for sentence in re.split(r"(?<=[.;:])\s+|\n", prompt):
        text = re.sub(r"^(?:- |\d+\. |\*+)+", "", sentence.strip()).lower()
        if re.search(r"\b(?:never|not|don't|user|ask|if|where)\b", text):
            continue
        for pattern, capabilities in ORDERS.items():
            if re.match(rf"(?:always |then |first |please )*{pattern}", text):
                yield sentence, capabilities


def is_denied(policy: Policy, capabilities: Iterable[Capability]) -> bool:
    return all(list_effects(policy.grant(c)) == {Effect.DENY} for c in capabilities)


def test_no_prompt_of_the_reference_packs_orders_what_its_file_denies() -> None:
    seen = 0
    for artifact in build_project(load_project(ROOT)):
        target = TARGETS[artifact.target]
        in_file = read_in_mode(target, artifact.content.decode(), artifact.agent)
        both = [artifact.variant.policy, in_file]
        for sentence, capabilities in list_orders(artifact.agent.prompt):
            seen += 1
            assert not any(is_denied(p, capabilities) for p in both), (artifact.path, sentence)
        for words, capabilities in CANNOT.items():
            if words in artifact.agent.prompt.lower():
                assert any(is_denied(p, capabilities) for p in both), (artifact.path, words)
    assert seen > 100


@pytest.mark.parametrize(
    ("text", "capabilities"),
    [
        ("- Run the existing tests, and quote what they print.", ("execute",)),
        ("1. Always run `make test` first.", ("execute",)),
        ("- Read the code, configuration and tests that bear on it.", ("read",)),
        ("- Look up what depends on a version.", ("web_fetch", "web_search")),
    ],
)
def test_the_check_of_orders_sees_one(text: str, capabilities: tuple[Capability, ...]) -> None:
    assert [found for _, found in list_orders(text)] == [capabilities]


def test_every_capability_can_be_named_in_an_error() -> None:
    assert all(make_phrase(capability) for capability in CAPABILITIES)
