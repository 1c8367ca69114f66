"""What a pack has otherwise in one client: another policy, and a prompt of its own."""

from pathlib import Path

import pytest

import support
from promptpack.api import build_project, diff_projects, lint_project, load_project
from promptpack.model import Artifact, Effect, UserError
from promptpack.session import Session
from promptpack.targets import TARGETS

PACK = "packs/demo/pack.yaml"
ROLE = "packs/demo/role.md"
OPEN = "templates/policies/open.yaml"
LOOSE = """\
title: Loose
summary: Searches, and runs commands.
default: deny
capabilities: {glob: allow, grep: allow, list: allow, execute: allow}
"""
SAYS = '{{ policy.name }}{% if policy.allows("execute") %} runs{% endif %} {{ vars.language }}.\n'
PROMPT = "You are {{ not a template }}.\n\n\n  Indented, `{x}`.\nNo last line end."


def project_of(path: Path, clients: str, **files: str) -> Path:
    """Return the demo for OpenCode and Gemini CLI under one policy, with something else there."""
    pack = support.DEMO[PACK].replace("[opencode]", "[opencode, gemini]")
    pack = pack.replace("[look, change]", "[look]") + f"clients:\n  gemini: {clients}\n"
    named = {"role": ROLE, "own": "packs/demo/own.md"}
    others = {named[name]: text for name, text in files.items()}
    return support.make_project(path, {PACK: pack, OPEN: LOOSE, **others})


def built(path: Path) -> dict[str, Artifact]:
    return {artifact.target: artifact for artifact in build_project(load_project(path))}


@pytest.mark.parametrize("policy", ["open", "{look: open}"])
def test_a_client_gets_another_policy(tmp_path: Path, policy: str) -> None:
    files = built(project_of(tmp_path, f"{{policy: {policy}}}", role=SAYS))
    assert "look Python." in files["opencode"].agent.prompt
    assert "open runs Python." in files["gemini"].agent.prompt
    assert files["gemini"].path == "gemini/tiny.look/.gemini/agents/demo.md"
    for name, effect in (("opencode", Effect.DENY), ("gemini", Effect.ALLOW)):
        policy_read = TARGETS[name].decode(files[name].content.decode(), "demo").policy
        assert policy_read.grant("execute")[0].effect is effect
        assert not [loss for loss in files[name].losses if not loss.is_field]


def test_a_policy_for_other_variants_changes_nothing(tmp_path: Path) -> None:
    path = project_of(tmp_path, "{policy: {look: open}}", role=SAYS)
    pack = path / PACK
    pack.write_text(pack.read_text().replace("policy: [look]", "policy: [look, change]"))
    artifacts = build_project(load_project(path), policies=["change"], targets=["gemini"])
    assert [artifact.agent.policy.name for artifact in artifacts] == ["change"]


def test_the_clients_policy_is_what_its_file_is_held_against(tmp_path: Path) -> None:
    path = project_of(tmp_path, "{policy: open}")
    (path / OPEN).write_text(LOOSE.replace("execute: allow", "task: allow"))
    losses = [loss for loss in built(path)["gemini"].losses if not loss.is_field]
    assert [(loss.subject, loss.kind) for loss in losses] == [("task", "dropped")]


def test_an_unknown_policy_is_reported_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load_project(project_of(tmp_path, "{policy: opne}"))
    assert [(f.code, f.line) for f in caught.value.findings] == [("PP022", 16)]


def test_a_client_gets_a_prompt_of_its_own_to_the_letter(tmp_path: Path) -> None:
    files = built(project_of(tmp_path, "{prompt: ./own.md}", own=PROMPT))
    assert files["gemini"].agent.prompt == PROMPT
    assert files["gemini"].content.decode().endswith(f"\n\n{PROMPT}")
    assert "# Role" in files["opencode"].agent.prompt


def test_the_lines_of_such_a_prompt_come_from_its_file(tmp_path: Path) -> None:
    project = load_project(project_of(tmp_path, "{prompt: ./own.md}", own=PROMPT))
    session = Session(project)
    artifact = {a.target: a for a in build_project(project)}["gemini"]
    origins = session.tracer.trace_file(artifact)
    lines = artifact.content.decode().split("\n")
    start = lines.index("You are {{ not a template }}.")
    assert [one[0] for one in origins[start:]] == [("packs/demo/own.md", n) for n in range(1, 6)]


def test_templates_are_not_asked_for_what_such_a_prompt_does_not_use(tmp_path: Path) -> None:
    role = "---\nneeds: [task]\n---\n{{ vars.language }}.\n"
    path = project_of(tmp_path, "{prompt: ./own.md, policy: open}", own="Go on.\n", role=role)
    (path / "templates/policies/look.yaml").write_text(LOOSE.replace("execute", "task"))
    assert built(path)["gemini"].agent.prompt == "Go on.\n"


def test_nothing_of_it_is_reported_as_unused(tmp_path: Path) -> None:
    clients = "{prompt: ./own.md, policy: open}"
    result = lint_project(load_project(project_of(tmp_path, clients, own="Help with Python.\n")))
    unused = [f for f in result.findings if f.code in ("PP041", "PP042")]
    assert [f.path for f in unused] == ["templates/policies/change.yaml"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("You are {{ not a template }}.", "You are {{ neither }} {% this %}."),
        ("No last line end.", "No last line end.\n\n{{ One more. }}"),
        ("  Indented, `{x}`.\n", ""),
    ],
)
def test_an_edit_of_such_a_prompt_goes_into_its_file(tmp_path: Path, old: str, new: str) -> None:
    path = project_of(tmp_path, "{prompt: ./own.md}", own=PROMPT + "\n")
    assert support.call("build", cwd=path).code == 0
    output = path / "dist/gemini/tiny.look/.gemini/agents/demo.md"
    output.write_text(output.read_text().replace(old, new))
    said = support.call("absorb", output.relative_to(path).as_posix(), "--yes", cwd=path)
    assert said.code == 0, said.err
    assert (path / "packs/demo/own.md").read_text() == (PROMPT + "\n").replace(old, new)


def test_a_change_of_what_differs_is_traced_to_its_source(tmp_path: Path) -> None:
    clients = "{prompt: ./own.md, policy: open}"
    before = load_project(project_of(tmp_path / "a", clients, own=PROMPT))
    after_path = project_of(tmp_path / "b", clients, own=PROMPT.replace("Indented", "Set in"))
    (after_path / OPEN).write_text(LOOSE.replace("execute: allow", "execute: deny"))
    review = diff_projects(before, load_project(after_path))
    causes = {cause.path for change in review.changes for cause in change.causes}
    assert causes == {"packs/demo/own.md", OPEN}
