"""PP101 and PP109: each says what it is about and no more, and its YAML can be pasted."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

import support
from promptpack.build import build_project, render
from promptpack.lint.engine import lint_session
from promptpack.lint.formats import FORMATS
from promptpack.lint.rule import LintResult
from promptpack.model import Artifact, Finding, Loss, UserError
from promptpack.reading.project import load_project, replace_sources
from promptpack.reporting.findings import format_findings
from promptpack.session import Session
from promptpack.targets import TARGETS
from promptpack.targets.unaccepted import UnacceptedLosses

PACK, SHARED = "packs/demo/pack.yaml", "promptpack.yaml"
OPEN = support.DEMO[PACK].replace("targets: [opencode]\n", "mode: primary\n")
POLICIES = {
    "look": "default: deny\ncapabilities: {read: allow, grep: allow}\n",
    "change": (
        'default: deny\ncapabilities: {read: allow, edit: ask, execute: {"*": ask, "ls": allow}}\n'
    ),
    "hold": "default: inherit\ncapabilities: {skill: deny, execute: deny, mcp:git: deny}\n",
    "some": 'default: deny\ncapabilities: {read: allow, edit: {"*": deny, "docs/**": allow}}\n',
    "tools": "default: deny\ncapabilities: {read: ask, mcp:git: allow, mcp:a/execute: allow}\n",
    "shell": "default: deny\ncapabilities: {read: allow, edit: ask, execute: allow}\n",
}


def project_files(targets: str, *policies: str, accept: str = "") -> dict[str, str]:
    """Return a pack for some targets under some policies."""
    pack = OPEN.replace("[look, change]", f"[{', '.join(policies)}]")
    pack = pack.replace("policy: look", f"policy: {policies[0]}").replace(
        "vars:", f"{targets}vars:"
    )
    files = {
        f"templates/policies/{name}.yaml": f"title: {name}\nsummary: A policy.\n{POLICIES[name]}"
        for name in policies
    }
    return {PACK: pack + accept, **files}


def refused(folder: Path, files: dict[str, str]) -> tuple[Finding, ...]:
    """Return why a project does not build."""
    with pytest.raises(UserError) as caught:
        build_project(load_project(support.make_project(folder, files)))
    assert {one.code for one in caught.value.findings} <= {"PP101", "PP109"}
    return caught.value.findings


def find_block(findings: tuple[Finding, ...]) -> str:
    """Return the YAML of the findings of one file, as a person copies it from the terminal."""
    (whole,) = (one.hint.partition("\n\n")[2] for one in findings if "\n\n" in one.hint)
    shown = list(format_findings(findings))
    lines = whole.split("\n")
    start = shown.index(lines[0])
    assert shown[start - 1 : start + len(lines) + 1] == ["", *lines, ""]
    return whole


def paste(text: str, hint: str, block: str) -> str:
    """Return a file with the block where the hint says."""
    if "at the end of the file" in hint:
        return f"{text}{block}\n"
    mark = "accept:\n" if "right below 'accept:'" in hint else "accept: ["
    assert text.count(mark) == 1
    return text.replace(mark, f"{mark}{block}\n")


def accept_as_said(folder: Path, files: dict[str, str], path: str = PACK) -> Iterator[Artifact]:
    """Yield what the project builds when the block is pasted; lint finds no entry too many."""
    findings = refused(folder, files)
    block = find_block(findings)
    (hint,) = (one.hint for one in findings if "\n\n" in one.hint)
    project = load_project(folder)
    pasted = replace_sources(project, {path: paste(project.sources[path], hint, block)})
    session = Session(pasted)
    artifacts = [*render(session)]
    assert lint_session(session, artifacts, ["PP045"]).findings == ()
    yield from artifacts


ACCEPTED = {
    "none": "",
    "a list": "accept:\n- {target: gemini, capability: edit, reason: it asks itself}\n",
    "an indented list": "accept:\n    # asked\n    - target: gemini\n      capability: edit\n"
    "      reason: it asks itself\n",
    "brackets": "accept: [{target: gemini, capability: edit, reason: it asks itself}]\n",
    "empty brackets": "accept: []\n",
}


@pytest.mark.parametrize("accepted", ACCEPTED)
@pytest.mark.parametrize(
    "policies", [("look",), ("look", "change"), ("hold", "look"), (*POLICIES,)], ids="-".join
)
def test_the_yaml_makes_the_build_pass_as_it_is(
    accepted: str, policies: tuple[str, ...], tmp_path: Path
) -> None:
    files = project_files("targets: [gemini, copilot, cursor]\n", *policies)
    files[PACK] += ACCEPTED[accepted] if "change" in policies else ""
    assert [*accept_as_said(tmp_path, files)]


@pytest.mark.parametrize("target", ["copilot", "cursor"])
@pytest.mark.parametrize("policy", POLICIES)
def test_the_yaml_accepts_what_one_client_needs_under_one_policy(
    target: str, policy: str, tmp_path: Path
) -> None:
    files = project_files(f"targets: [{target}]\n", *dict.fromkeys((policy, "look")))
    for artifact in accept_as_said(tmp_path, files):
        for loss in artifact.losses:
            assert loss.kind != "widened" or loss.accepted


def test_a_pack_for_all_clients_is_told_about_all_of_them_and_pastes_once(tmp_path: Path) -> None:
    artifacts = [*accept_as_said(tmp_path, project_files("", "shell"))]
    usual = {name for name, target in TARGETS.items() if not target.is_named_only}
    assert {one.target for one in artifacts} == usual


def test_what_the_project_file_names_is_accepted_there(tmp_path: Path) -> None:
    files = {**project_files("", "look", "change"), SHARED: "targets: [cursor]\n"}
    other = files[PACK].replace("name: demo", "name: other")
    files |= {"packs/other/pack.yaml": other, "packs/other/role.md": "Help.\n"}
    (finding,) = refused(tmp_path, files)
    assert (finding.path, finding.line, finding.column) == (SHARED, 1, 11)
    assert [*accept_as_said(tmp_path, files, SHARED)]


def test_it_points_at_the_target(tmp_path: Path) -> None:
    listed = project_files("targets:\n  - opencode\n  - cursor\n", "look")
    (finding,) = refused(tmp_path / "listed", listed)
    assert (finding.path, finding.line, finding.column) == (PACK, 7, 5)
    assert finding.excerpt == "  - cursor"
    unnamed = refused(tmp_path / "unnamed", project_files("", "shell"))
    assert {(one.path, one.excerpt) for one in unnamed} == {(PACK, "sections:")}


def test_it_lists_only_what_is_wider_and_in_what_way(tmp_path: Path) -> None:
    (finding,) = refused(tmp_path, project_files("targets: [cursor]\n", "change", "look"))
    told = finding.hint.partition("\nCursor can't")[0].split("\n")
    assert told == [
        (
            "list, glob, web_fetch, web_search, todo, task, skill, question, mcp:* are allowed"
            " instead of denied."
        ),
        "grep is allowed instead of denied under change.",
        "execute is in part allowed instead of asked for under change.",
        "execute is in part allowed instead of denied under look.",
    ]
    assert "→" not in finding.message + finding.hint
    assert "edit" not in finding.message + finding.hint, "asking is left out there: it is narrower"


def test_a_reader_of_a_file_is_named_with_the_file(tmp_path: Path) -> None:
    files = project_files("targets: [claude-code]\n", "look", "change")
    session = Session(load_project(support.make_project(tmp_path, files)))
    words, reason = "allowed instead of denied", "Copilot gives every main session its skills"
    loss = Loss("skill", False, "widened", "deny", "allow", reason, reader="copilot", excess=words)
    widenings = UnacceptedLosses(session.project, session.documents)
    for artifact in render_as_far_as_it_goes(session):
        widenings.add(replace(artifact, losses=(loss,)))
    (finding,) = widenings.list_findings()
    path = TARGETS["claude-code"].path.format(name="*")
    message = f"copilot reads {path} too and would grant more than the policy allows: skill"
    assert (finding.message, finding.excerpt) == (message, "targets: [claude-code]")
    assert f"skill is {words}.\n{reason}.\nLeave claude-code out of 'targets'," in finding.hint
    assert "\n\naccept:\n  - target: copilot\n    capability: skill\n" in finding.hint


def render_as_far_as_it_goes(session: Session) -> list[Artifact]:
    """Return the artifacts of a project, whatever is wrong with them in the end."""
    artifacts: list[Artifact] = []
    with suppress(UserError):
        artifacts.extend(render(session))
    assert artifacts
    return artifacts


def test_reports_for_programs_hold_the_block_too(tmp_path: Path) -> None:
    (finding,) = refused(tmp_path, project_files("targets: [cursor]\n", "look"))
    result = LintResult((finding,))
    assert json.loads(FORMATS["json"](result, ""))["findings"][0]["hint"] == finding.hint
    (line,) = FORMATS["github"](result, "").splitlines()
    assert "%0A%0Aaccept:%0A  - target: cursor%0A" in line
    sarif = json.loads(FORMATS["sarif"](result, ""))
    assert sarif["runs"][0]["results"][0]["message"]["text"].endswith(finding.hint)


def test_packs_with_the_same_error_share_it(tmp_path: Path) -> None:
    files = project_files("targets: [cursor]\n", "look")
    for number in range(5):
        files[f"packs/other-{number}/pack.yaml"] = files[PACK].replace("demo", f"other-{number}")
        files[f"packs/other-{number}/role.md"] = "Help.\n"
    shown = "\n".join(format_findings(refused(tmp_path, files)))
    assert shown.count("error[PP101]") == 1
    assert "and 3 more places" in shown


EVERYTHING = "accept: [{target: %s, capability: all, reason: nobody uses it here}]\n"


def test_all_accepts_whatever_a_client_cannot_hold(tmp_path: Path) -> None:
    files = project_files("targets: [claude-code, cursor]\n", "look", "hold", "tools")
    for name in ("copilot", "cursor"):
        entry = (EVERYTHING % name).removeprefix("accept: [").replace("]\n", "\n")
        files[PACK] += f"- {entry}" if "accept:" in files[PACK] else f"accept:\n- {entry}"
    project = load_project(support.make_project(tmp_path, files))
    session = Session(project)
    artifacts = [*render(session)]
    widened = [loss for one in artifacts for loss in one.losses if loss.kind == "widened"]
    assert {(loss.reader, loss.accepted) for loss in widened} == {
        (reader, "nobody uses it here") for reader in ("", "copilot", "cursor")
    }
    assert lint_session(session, artifacts, ["PP045"]).findings == ()


def test_all_loosens_nothing_itself(tmp_path: Path) -> None:
    files = project_files("targets: [gemini]\n", "look", "change")
    files["templates/policies/change.yaml"] = (
        "title: C\nsummary: C.\ndefault: deny\ncapabilities: {read: allow, edit: ask}\n"
    )
    plain = build_project(load_project(support.make_project(tmp_path / "plain", files)))
    files[PACK] += EVERYTHING % "gemini"
    project = load_project(support.make_project(tmp_path / "all", files))
    session = Session(project)
    artifacts = [*render(session)]
    assert [one.content for one in artifacts] == [one.content for one in plain]
    (unused,) = lint_session(session, artifacts, ["PP045"]).findings
    assert unused.message == "no file needs all to be accepted for gemini"


def test_all_does_not_accept_that_nothing_is_left(tmp_path: Path) -> None:
    files = project_files("targets: [gemini]\n", "change", accept=EVERYTHING % "gemini")
    files["templates/policies/change.yaml"] = (
        "title: C\nsummary: C.\ndefault: deny\ncapabilities: {edit: ask}\n"
    )
    (finding,) = refused(tmp_path, files)
    assert finding.code == "PP109"
