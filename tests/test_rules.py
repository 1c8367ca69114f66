"""The rules: each has a page, each is provoked by a test, and its table of cases holds."""

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from promptpack.build import render
from promptpack.cli import audit as audit_command
from promptpack.importing import audit
from promptpack.lint.engine import UNUSED_SUPPRESSION, lint_session
from promptpack.lint.registry import RULES, render_page
from promptpack.lint.rule import LintResult
from promptpack.lint.rules.copies import find_similar
from promptpack.model import Finding, UserError
from promptpack.output.manifest import MANIFEST
from promptpack.reading.project import load_project
from promptpack.session import Session
from rule_cases import CASES, Case
from test_commands import Stage, tell

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "generator" / "promptpack"
STORIES = ROOT / "tests" / "commands"
CODE = re.compile(r"\bPP[0-9]{3}\b")
FAMILIES = {
    "0": "input",
    "1": "policy",
    "2": "client",
    "3": "text",
    "4": "paths",
    "5": "prompt",
    "6": "audit",
}

CHECKS = [code for code, entry in RULES.items() if entry.check]
EACH_CASE = [
    pytest.param(code, case, id=f"{code}-{number}")
    for code, cases in CASES.items()
    for number, case in enumerate(cases)
]


def linted(folder: Path, case: Case, *codes: str) -> LintResult:
    """Return what rules say of the demo project with a case's files."""
    project = load_project(support.make_project(folder, case.files))
    session = Session(project)
    return lint_session(session, render(session), codes)


@pytest.mark.fault("denied-tool", "foreign-tool", "own-agent-name", "placeholder")
@pytest.mark.fault("dropped-section", "near-copy", "empty-fragment", "vague-description")
@pytest.mark.parametrize(("code", "case"), EACH_CASE)
def test_a_rule_says_what_its_table_says(code: str, case: Case, tmp_path: Path) -> None:
    verdict = linted(tmp_path, case, code)
    assert [f"{one.path}:{one.line}" for one in verdict.findings] == [*case.said]
    assert {(one.code, one.severity) for one in verdict.findings} <= {(code, RULES[code].severity)}


def test_every_check_has_cases_that_fail_and_cases_that_pass() -> None:
    assert [*CASES] == CHECKS
    for code, cases in CASES.items():
        assert any(case.said for case in cases), code
        assert not all(case.said for case in cases), code


def test_the_demo_project_is_clean_but_for_its_description(tmp_path: Path) -> None:
    assert {one.code for one in linted(tmp_path, Case({})).findings} == {"PP513"}


WORDS = st.frozensets(st.integers(0, 12), min_size=1, max_size=10)


@pytest.mark.fault("near-copy")
@settings(max_examples=support.count_cases(300))
@given(sets=st.dictionaries(st.text("abc", max_size=3), WORDS, max_size=7))
@pytest.mark.parametrize("threshold", [0.5, 0.8, 1.0])
def test_no_pair_of_near_copies_is_missed(
    threshold: float, sets: dict[str, frozenset[int]]
) -> None:
    expected = {
        frozenset((first, second)): len(sets[first] & sets[second])
        / len(sets[first] | sets[second])
        for first, second in combinations(sets, 2)
    }
    found = {frozenset((a, b)): ratio for a, b, ratio in find_similar(sets, threshold)}
    assert found == {pair: ratio for pair, ratio in expected.items() if ratio >= threshold}


# The registry


def test_every_code_that_is_used_has_an_entry_and_every_entry_is_used() -> None:
    texts = [p.read_text(encoding="utf-8") for p in HOUSE.rglob("*.py") if "rules" not in p.parts]
    used = {code for text in texts for code in CODE.findall(text)}
    said = {code for code, entry in RULES.items() if not entry.check}
    assert said - {UNUSED_SUPPRESSION} <= used
    assert used <= RULES.keys()


def test_no_code_and_no_name_is_given_twice() -> None:
    rows = [
        row
        for path in (HOUSE / "lint" / "rules").glob("*.py")
        for row in re.findall(
            r'\bmake_rule\(\s*"(PP[0-9]{3})",\s*"([a-z-]+)"', path.read_text(encoding="utf-8")
        )
    ]
    for path in (HOUSE / "lint" / "catalogue").iterdir():
        match = re.match(r"---\nname: ([a-z-]+)\n", path.read_text(encoding="utf-8"))
        assert match, path
        rows.append((path.stem, match[1]))
    assert sorted(code for code, _ in rows) == [*RULES]
    assert len({name for _, name in rows}) == len(RULES)


@pytest.mark.parametrize("code", RULES)
def test_a_page_says_what_why_and_how_to_fix_it(code: str) -> None:
    entry = RULES[code]
    told = render_page(code)
    assert told.startswith(f"# {code} {entry.name}\n\n{entry.family}, {entry.severity}")
    assert re.match(r"Reports .+\.\n\nWhy: ", entry.page)
    parts = ["\nWhy: ", "\nFix: ", "\nBad", "\nGood"]
    places = [entry.page.find(part) for part in parts]
    assert places == sorted(places)
    assert -1 not in places
    assert re.search(r"\nGood(, [^\n]*)?:[^`]*\n\n`{3,}[a-z]+\n", entry.page)
    assert entry.page.endswith("```")
    assert entry.page.count("\n") <= 40
    assert told.isprintable() or set(told) >= {"\n"}
    assert not re.search("[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", told)


@pytest.mark.parametrize("code", RULES)
def test_the_family_goes_with_the_number(code: str) -> None:
    assert RULES[code].family == FAMILIES[code[2]]


def test_an_unknown_code_has_no_page() -> None:
    with pytest.raises(KeyError):
        render_page("PP999")


MEASURED = re.compile(
    r"^Measured: (?P<findings>[0-9]+) findings? in (?P<files>[0-9]+) of (?P<all>[0-9,]+) "
    r"(?P<what>[a-z ]+), (?P<wrong>[0-9]+) false alarms? "
    r"\((?P<when>20[0-9]{2}-(?:0[1-9]|1[0-2]))\)\.$",
    re.MULTILINE,
)
SAMPLES = {
    "public agent files": 297,
    "public agent files that list tools": 169,
    "public agent files with a name": 253,
    "public descriptions": 253,
    "pairs of public agent files": 39_340,
    "packs of this project": 2,
}
"""What rules were tried on, and how many there are of each."""


@pytest.mark.fault("noisy-rule")
@pytest.mark.parametrize("code", CHECKS)
def test_the_page_of_a_rule_says_how_often_it_was_wrong(code: str) -> None:
    (line,) = MEASURED.finditer(RULES[code].page)
    assert int(line["all"].replace(",", "")) == SAMPLES[line["what"]]
    findings, files, wrong = (int(line[name]) for name in ("findings", "files", "wrong"))
    assert wrong <= findings
    assert files <= findings
    assert files <= SAMPLES[line["what"]]
    assert (findings == 0) == (files == 0)
    assert wrong <= max(1, files // 4), "a rule that is wrong so often is to be narrowed"


def test_a_page_says_it_in_one_way_only() -> None:
    for code, entry in RULES.items():
        said = len(re.findall("measured|false alarm", entry.page, re.IGNORECASE))
        assert said == 2 * len(MEASURED.findall(entry.page)), code


# What the pipeline says


def _broken_manifest(project: Path) -> list[str]:
    (project / "dist" / MANIFEST).write_text(
        '{"schema_version": 1, "files": {"../x": {}}, "pending": {}}'
    )
    return ["build"]


def _linked_output(project: Path) -> list[str]:
    output = project / "dist/opencode"
    output.rename(project / "elsewhere")
    output.symlink_to(project / "elsewhere")
    return ["build"]


def _device_name(project: Path) -> list[str]:
    (project / "packs/demo").rename(project / "packs/nul")
    pack = project / "packs/nul/pack.yaml"
    pack.write_text(pack.read_text().replace("name: demo", "name: nul"))
    return ["build"]


def _no_report(project: Path) -> list[str]:
    (project / "accepted.json").write_text("[]")
    folders = ["--from-dir", "dist", "--to-dir", "dist"]
    return ["diff", *folders, "--accept", "accepted.json"]


def _not_a_variant(project: Path) -> list[str]:
    pack = project / "packs/demo/pack.yaml"
    pack.write_text(pack.read_text().replace("policy: [look, change]", "policy: [change]"))
    return ["build"]


def _gemini_value(project: Path) -> list[str]:
    pack = project / "packs/demo/pack.yaml"
    pack.write_text(pack.read_text().replace("targets: [opencode]", "targets: [gemini]"))
    (project / "packs/demo/role.md").write_text("Read ${HOME}.\n")
    return ["build"]


def _seen_marks(project: Path) -> list[str]:
    text = "{% filter capitalize %}\n{{ vars.language }}\n{% endfilter %}\n"
    (project / "packs/demo/role.md").write_text(text)
    return ["lint", "--rule", "PP036"]


def _nothing_to_absorb(_: Path) -> list[str]:
    return ["absorb", "--dry-run", "dist/opencode/tiny.look/.opencode/agents/demo.md"]


def _lost_shard(project: Path) -> list[str]:
    assert support.call("build", "--shard", "1/2", cwd=project).code == 0
    return ["build", "--merge-shards"]


PROVOKED: dict[str, Callable[[Path], list[str]]] = {
    "PP026": _not_a_variant,
    "PP036": _seen_marks,
    "PP201": _gemini_value,
    "PP401": _device_name,
    "PP402": _linked_output,
    "PP404": _broken_manifest,
    "PP405": _nothing_to_absorb,
    "PP406": _lost_shard,
    "PP052": _no_report,
}
"""What makes the pipeline say a code, where no story does."""


@pytest.mark.parametrize("code", PROVOKED)
def test_the_pipeline_says_a_code(code: str, project: Path) -> None:
    done = support.call(*PROVOKED[code](project), cwd=project)
    assert f"[{code}]: " in done.out + done.err


ERRORS = [code for code, entry in RULES.items() if entry.severity == "error"]


def find_stories(code: str) -> list[Path]:
    """Return the stories in which an error is shown together with the exit code it leads to.

    An audit only reports, and fails if it is asked to.
    """
    is_audit = RULES[code].family == "audit"
    end = "$" if is_audit else r"\[exit [123]\]$"
    shown = re.compile(rf"^error\[{code}\]: (?:(?!^\$ ).*\n)*?{end}", re.MULTILINE)
    return [path for path in sorted(STORIES.glob("*.md")) if shown.search(path.read_text("utf-8"))]


def holds_true(story: Path, folder: Path) -> bool:
    """Tell whether a story is told as it is written; a program that fails doesn't do that."""
    text = story.read_text(encoding="utf-8")
    try:
        return tell(text, Stage(folder)) == text
    except AssertionError:
        return False


def take_out(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make nobody say a code any more: neither a check, nor the pipeline where it raises."""
    make_error = UserError.__init__

    def make_silent(error: UserError, findings: tuple[Finding, ...]) -> None:
        make_error(error, tuple(finding for finding in findings if finding.code != code))

    monkeypatch.setattr(UserError, "__init__", make_silent)
    if RULES[code].check:
        monkeypatch.setitem(RULES, code, RULES[code]._replace(check=lambda _: iter(())))
    for module, name in ((audit, "find_problems"), (audit_command, "report_widenings")):
        monkeypatch.setattr(module, name, _drop_code(getattr(module, name), code))


def _drop_code(
    find: Callable[..., tuple[Finding, ...]], code: str
) -> Callable[..., tuple[Finding, ...]]:
    def find_others(*arguments: object) -> tuple[Finding, ...]:
        return tuple(finding for finding in find(*arguments) if finding.code != code)

    return find_others


@pytest.mark.fault("silent-rule")
@pytest.mark.parametrize("code", ERRORS)
def test_an_error_that_is_taken_out_breaks_a_case(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories = find_stories(code)
    assert stories or code in PROVOKED or any(case.said for case in CASES.get(code, ()))
    take_out(code, monkeypatch)
    if stories:
        assert not holds_true(stories[0], tmp_path)
    elif code in CASES:
        case = next(case for case in CASES[code] if case.said)
        assert linted(tmp_path, case, code).findings == ()
    else:
        done = support.call(*PROVOKED[code](support.built(tmp_path)), cwd=tmp_path)
        assert f"[{code}]: " not in done.out + done.err


@pytest.mark.parametrize("code", RULES)
def test_every_code_is_provoked(code: str) -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in STORIES.glob("*.md"))
    assert code in CASES or code in PROVOKED or f"[{code}]: " in told
