"""Expectations: packs and prompts in; what holds, what does not, and what could never fail."""

import itertools
import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from promptpack.build import build_project, render
from promptpack.model import Artifact, UserError
from promptpack.reading.project import load_project
from promptpack.rendering.expectations import ExpectationSummary
from promptpack.rendering.variants import Selection
from promptpack.reporting.json_schemas import REPORTS
from promptpack.session import Session
from rule_cases import PACK, ROLE
from support import DEMO, NO_CURSOR, call, make_project

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = DEMO[PACK].replace("[opencode]", "[opencode, claude-code, system]") + NO_CURSOR
EXCLUDING = DEMO[PACK].replace("policy: look}", "policy: change}") + "  exclude: [{policy: look}]\n"


def expecting(*entries: str, pack: str = CLIENTS) -> dict[str, str]:
    """Return the demo's pack with some expectations, each without its braces."""
    return {PACK: pack + "expect:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)}


def list_codes(folder: Path, files: dict[str, str]) -> list[str]:
    """Return the codes of what stops a build of the demo with these files."""
    try:
        build_project(load_project(make_project(folder, files)))
    except UserError as error:
        return [finding.code for finding in error.findings]
    return []


@pytest.mark.fault("broken-expectation")
@pytest.mark.parametrize(
    ("entry", "holds"),
    [
        ('contains: "You answer questions"', True),
        ('contains: "You  answer\\n questions"', True),
        ('contains: "you answer questions"', False),
        ('contains: "description: Answers"', False),
        ('contains: "Say what", when: {policy: change, target: opencode}', True),
        ('contains: "Say what"', False),
        ('contains: "Say what", when: {policy: [look, change]}', False),
        ('absent: "Say what", when: {policy: look}', True),
        ('absent: "Say what", when: {policy: change, target: opencode}', False),
        ('absent: "name: demo"', True),
        ("max_tokens: 41, when: {policy: change, target: opencode}", True),
        ("max_tokens: 40, when: {policy: change, target: opencode}", False),
        ("max_tokens: 30, when: {policy: look, target: [opencode, claude-code]}", True),
    ],
)
def test_an_expectation_is_about_the_prompts_that_it_names(
    entry: str, holds: bool, tmp_path: Path
) -> None:
    assert list_codes(tmp_path, expecting(entry)) == ([] if holds else ["PP510"])


@pytest.mark.fault("broken-expectation")
def test_a_sentence_may_be_wrapped_in_the_prompt(tmp_path: Path) -> None:
    role = {ROLE: "You answer\n  questions about {{ vars.language }}.\n"}
    entry = 'contains: "You answer questions about Python."'
    assert list_codes(tmp_path, {**role, **expecting(entry)}) == []


@pytest.mark.fault("broken-expectation")
def test_a_whole_prompt_of_a_client_is_held_against_it_too(tmp_path: Path) -> None:
    clients = "clients: {system: {prompt: ./own.md}}\n"
    files = {
        **expecting('contains: "You answer"', pack=CLIENTS + clients),
        "packs/demo/own.md": "You listen.\n",
    }
    with pytest.raises(UserError) as caught:
        build_project(load_project(make_project(tmp_path, files)))
    (finding,) = caught.value.findings
    assert finding.message.endswith("2 of 6 prompts: tiny.look for system, tiny.change for system")


@pytest.mark.fault("idle-expectation")
@pytest.mark.parametrize(
    ("entry", "pack"),
    [
        ("absent: x, when: {target: gemini}", CLIENTS),
        ("absent: x, when: {model: tiny, policy: look}", EXCLUDING),
    ],
)
def test_an_expectation_that_is_about_nothing_is_an_error(
    entry: str, pack: str, tmp_path: Path
) -> None:
    assert list_codes(tmp_path, expecting(entry, pack=pack)) == ["PP511"]
    done = call("lint", "--format", "json", cwd=tmp_path)
    assert json.loads(done.out)["expectations"]["broken"] == 1


def test_an_expectation_about_what_was_not_asked_for_is_not_idle(tmp_path: Path) -> None:
    files = expecting("absent: Say, when: {policy: look}", "max_tokens: 9000")
    session = Session(load_project(make_project(tmp_path, files)))
    assert len(tuple(render(session, Selection(policies=("change",))))) == 3
    assert session.expectations.summarize() == ExpectationSummary(1, 0, 3)
    assert session.expectations.list_findings() == []


def test_the_same_artifacts_again_change_nothing(tmp_path: Path) -> None:
    session = Session(load_project(make_project(tmp_path, expecting("max_tokens: 9000"))))
    for _ in range(2):
        assert len(tuple(render(session))) == 6
        assert session.expectations.summarize() == ExpectationSummary(1, 0, 6)


def holds_plainly(entry: dict[str, object], artifact: Artifact) -> bool:
    """Hold the text of a file against an expectation, in the plainest way."""
    prompt = artifact.content.decode().partition("---\n")[2].partition("---\n")[2].lstrip("\n")
    prompt = prompt or artifact.content.decode()
    if "max_tokens" in entry:
        return round(len(prompt) / 4) <= int(str(entry["max_tokens"]))
    words = r"\s+".join(map(re.escape, str(entry.get("contains", entry.get("absent"))).split()))
    return (re.search(words, prompt) is not None) == ("contains" in entry)


PIECES = ("You answer", "questions about a Python", "Say what you", "Give 2", "nothing")
WHEN = st.fixed_dictionaries(
    {},
    optional={
        "policy": st.sampled_from(["look", "change", ["look", "change"]]),
        "target": st.sampled_from(["opencode", ["claude-code", "system"]]),
    },
)
ENTRY = st.one_of(
    st.fixed_dictionaries({"contains": st.sampled_from(PIECES), "when": WHEN}),
    st.fixed_dictionaries({"absent": st.sampled_from(PIECES), "when": WHEN}),
    st.fixed_dictionaries({"max_tokens": st.integers(30, 60), "when": WHEN}),
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("stage"), {PACK: CLIENTS})


@pytest.mark.fault("broken-expectation")
@settings(max_examples=support.count_cases(60))
@given(entries=st.lists(ENTRY, min_size=1, max_size=4))
def test_what_is_reported_is_what_a_plain_reading_of_the_files_finds(
    stage: Path, entries: list[dict[str, object]]
) -> None:
    (stage / PACK).write_text(CLIENTS)
    artifacts = build_project(load_project(stage))
    (stage / PACK).write_text(
        CLIENTS + "expect:\n" + "".join(f"  - {json.dumps(e)}\n" for e in entries)
    )
    expected = {
        index
        for (index, entry), artifact in itertools.product(enumerate(entries), artifacts)
        if is_meant(entry["when"], artifact) and not holds_plainly(entry, artifact)
    }
    session = Session(load_project(stage))
    try:
        assert len(tuple(render(session))) == len(artifacts)
        broken = []
    except UserError as error:
        broken = [finding.line for finding in error.findings]
        assert {finding.code for finding in error.findings} == {"PP510"}
    pack = session.project.packs["demo"]
    assert broken == [pack.expect[index].origin.line for index in sorted(expected)]
    summary = session.expectations.summarize()
    assert (summary.broken, summary.held + summary.broken) == (len(expected), len(entries))


def is_meant(when: object, artifact: Artifact) -> bool:
    """Tell whether a `when` as written is about an artifact."""
    assert isinstance(when, dict)
    names = {"policy": artifact.variant.policy.name, "target": artifact.target}
    return all(
        names[key] == wanted or (isinstance(wanted, list) and names[key] in wanted)
        for key, wanted in when.items()
    )


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("contains: ", "PP010"),
        ("max_tokens: null", "PP010"),
        ('contains: x, absent: "z"', "PP010"),
        ("when: {policy: look}", "PP010"),
        ('contains: " "', "PP013"),
        ("max_tokens: 0", "PP010"),
        ("max_tokens: many", "PP010"),
        ("absent: x, when: {policies: look}", "PP012"),
        ("absent: x, when: {policy: nowhere}", "PP022"),
        ("absent: x, when: {model: [tiny, huge]}", "PP021"),
        ("absent: x, when: {target: [opencode, emacs]}", "PP023"),
    ],
)
def test_an_expectation_that_says_nothing_is_an_error(
    entry: str, code: str, tmp_path: Path
) -> None:
    files = expecting(entry)
    with pytest.raises(UserError) as caught:
        load_project(make_project(tmp_path, files))
    assert {finding.code for finding in caught.value.findings} == {code}
    assert {finding.line for finding in caught.value.findings} == {files[PACK].count("\n")}


def test_the_numbers_are_in_the_reports_of_build_and_lint(tmp_path: Path) -> None:
    make_project(tmp_path, expecting('contains: "You answer"', "max_tokens: 9000"))
    for name in ("build", "lint"):
        data = json.loads(call(name, "--format", "json", cwd=tmp_path).out)
        REPORTS[name].model_validate(data)
        assert data["expectations"] == {"held": 2, "broken": 0, "prompts": 6}


@pytest.mark.parametrize("path", sorted((ROOT / "packs").glob("*/pack.yaml")), ids=str)
def test_the_packs_of_this_project_expect_something(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["expect"]
