"""`promptpack lint`: its formats, its exit codes, what may be ignored, and secrets kept secret."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import support
from promptpack.build import build_project
from promptpack.lint.engine import lint_session
from promptpack.lint.registry import RULES
from promptpack.reading.project import load_project
from promptpack.redaction import redact
from promptpack.reporting.json_schemas import REPORTS
from promptpack.session import Session
from rule_cases import KEY, PACK, PEM, PEM_LINE, ROLE, STEPS
from support import DEMO, Result, call, limit_cpu, make_project

RUN = "You answer questions about {{ vars.language }}.\n\n- Run the tests after each change.\n"
IGNORED = 'ignore: [{rule: PP513, reason: "a demo is started by name"}]\nvariants:'
FORMATS = ("human", "json", "github", "sarif")


def ignoring(*entries: str, pack: str = DEMO[PACK]) -> str:
    """Return a pack that ignores rules, each entry without its braces."""
    told = "".join(f"  - {{{entry}}}\n" for entry in entries)
    return pack.replace("variants:\n", f"ignore:\n{told}variants:\n")


def codes(done: Result) -> list[str]:
    return [one["code"] for one in json.loads(done.out)["findings"]]


# Exit codes


@pytest.mark.parametrize(
    ("files", "options", "code"),
    [
        ({PACK: DEMO[PACK].replace("variants:", IGNORED)}, ("--strict",), 0),
        ({}, (), 0),
        ({}, ("--strict",), 1),
        ({}, ("--strict", "--rule", "PP041"), 0),
        ({ROLE: f"{{{{ vars.language }}}} {KEY}\n"}, (), 1),
        ({ROLE: f"{{{{ vars.language }}}} {KEY}\n"}, ("--rule", "PP513"), 0),
        ({ROLE: "{{ nothing }}\n"}, ("--rule", "PP513"), 1),
        ({PACK: "name: [\n"}, (), 1),
    ],
)
@pytest.mark.parametrize("format_", FORMATS)
def test_the_exit_code_is_the_same_in_every_format(
    files: dict[str, str], options: tuple[str, ...], code: int, format_: str, tmp_path: Path
) -> None:
    project = make_project(tmp_path, files)
    before = support.snapshot(project)
    done = call("lint", *options, "--format", format_, cwd=project)
    assert (done.code, done.err) == (code, "")
    assert support.snapshot(project) == before


def test_a_rule_that_is_none_is_a_usage_error(project: Path) -> None:
    done = call("lint", "--rule", "PP041", "--rule", "shell", cwd=project)
    assert (done.code, "No rule 'shell'" in done.err) == (2, True)


def test_quiet_says_findings_only(project: Path) -> None:
    assert call("-q", "lint", "--rule", "PP041", cwd=project) == Result(0, "", "")
    assert call("-q", "lint", cwd=project).out.endswith("1 warning\n")


# Formats


@pytest.mark.parametrize("files", [{}, {ROLE: RUN}, {PACK: "name: [\n"}])
def test_the_report_is_what_its_schema_says(files: dict[str, str], tmp_path: Path) -> None:
    done = call("lint", "--format", "json", cwd=make_project(tmp_path, files))
    REPORTS["lint"].model_validate(json.loads(done.out))


def test_the_same_findings_in_every_format(tmp_path: Path) -> None:
    project = make_project(tmp_path, {ROLE: RUN})
    told = {name: call("lint", "--format", name, cwd=project).out for name in FORMATS}
    results = json.loads(told["sarif"])["runs"][0]["results"]
    places = [
        (one["code"], one["path"], one["line"]) for one in json.loads(told["json"])["findings"]
    ]
    assert (
        [_place(result) for result in results]
        == places
        == [
            ("PP513", PACK, 3),
            ("PP107", ROLE, 3),
        ]
    )
    assert re.findall(
        r"^::warning file=(.+?),line=(\d+),title=promptpack (PP\d+)", told["github"], re.MULTILINE
    ) == [(path, str(line), code) for code, path, line in places]
    assert all(f"{path}:{line}:" in told["human"] for _, path, line in places)


def _place(result: dict[str, Any]) -> tuple[str, str, int]:
    (place,) = (one["physicalLocation"] for one in result["locations"])
    return result["ruleId"], place["artifactLocation"]["uri"], place["region"]["startLine"]


def test_sarif_brings_the_page_of_each_rule_it_names(project: Path) -> None:
    run = json.loads(call("lint", "--format", "sarif", cwd=project).out)["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["help"]["markdown"] for rule in rules] == [RULES["PP513"].page]
    assert rules[run["results"][0]["ruleIndex"]]["id"] == run["results"][0]["ruleId"]


def test_annotations_are_as_many_as_are_shown(tmp_path: Path) -> None:
    lines = "- Run the tests.\n" * 30
    project = make_project(tmp_path, {ROLE: f"{{{{ vars.language }}}}\n\n{lines}"})
    told = call("lint", "--rule", "PP107", "--format", "github", cwd=project).out.splitlines()
    assert (len(told), told[-1]) == (11, "10 of 30 findings annotated")


@pytest.mark.fault(61, "forged-line")
def test_hostile_words_cannot_leave_an_annotation(tmp_path: Path) -> None:
    text = "- Use `x` {{ vars.language }}\n\n::error::`d\u0435lete::error file=a,line=1::%0A`\n"
    project = make_project(
        tmp_path, {ROLE: text, PACK: DEMO[PACK].replace("Demo\n", '"::a,b%0A"\n')}
    )
    told = call("lint", "--format", "github", cwd=project).out
    assert all(line.startswith("::warning file=packs/demo/") for line in told.splitlines())
    assert "::error" not in told


def test_a_finding_in_the_library_is_annotated_without_a_file(tmp_path: Path) -> None:
    pack = DEMO[PACK].replace("look", "plan-only").replace("[opencode]", "[system]")
    project = make_project(tmp_path, {PACK: pack})
    told = call("lint", "--rule", "PP103", "--format", "github", cwd=project).out
    assert told.startswith(
        "::warning title=promptpack PP103%3A shell-can-write::promptpack:templates/"
    )
    sarif = call("lint", "--rule", "PP103", "--format", "sarif", cwd=project).out
    assert "locations" not in json.loads(sarif)["runs"][0]["results"][0]


# What may be ignored


def test_a_pack_ignores_what_is_said_of_its_own_files(tmp_path: Path) -> None:
    entries = (
        'rule: PP513, reason: "nothing to say"',
        'rule: PP107, reason: "they may, after all"',
    )
    project = make_project(tmp_path, {ROLE: RUN, PACK: ignoring(*entries)})
    done = call("lint", "--strict", "--format", "json", cwd=project)
    assert (done.code, codes(done)) == (0, [])
    told = [(one["code"], one["reason"]) for one in json.loads(done.out)["suppressed"]]
    assert told == [("PP513", "nothing to say"), ("PP107", "they may, after all")]


def test_where_limits_an_ignore_to_one_file(tmp_path: Path) -> None:
    entry = 'rule: PP107, reason: "they may, after all", where: '
    files = {ROLE: RUN, STEPS: "- Run the linters.\n"}
    project = make_project(tmp_path, {**files, PACK: ignoring(entry + ROLE)})
    found = json.loads(call("lint", "--rule", "PP107", "--format", "json", cwd=project).out)
    assert [one["path"] for one in found["findings"]] == [STEPS]
    assert [one["path"] for one in found["suppressed"]] == [ROLE]


def test_one_pack_cannot_ignore_for_another(tmp_path: Path) -> None:
    other = DEMO[PACK].replace("name: demo", "name: other")
    entry = 'rule: PP107, reason: "they may, after all"'
    files = {
        STEPS: "- Run the linters.\n",
        "packs/other/role.md": DEMO[ROLE],
        "packs/other/pack.yaml": other,
        PACK: ignoring(entry),
    }
    project = make_project(tmp_path, files)
    asked = ("lint", "--rule", "PP107", "--rule", "PP044", "--format", "json")
    assert codes(call(*asked, cwd=project)) == ["PP107"]
    files["packs/other/pack.yaml"] = ignoring(entry, pack=other)
    project = make_project(tmp_path, files)
    assert codes(call(*asked, cwd=project)) == []


@pytest.mark.parametrize(
    "comment",
    [
        "{# promptpack: ignore PP107 - they may, after all #}",
        "{# promptpack: ignore PP107 \u2013 they may, after all -#}",
        "{# promptpack: ignore PP308, PP107: they may, after all #}",
    ],
)
def test_a_comment_ignores_the_line_it_is_about(comment: str, tmp_path: Path) -> None:
    lines = [
        "{{ vars.language }}.",
        "",
        comment,
        "- Run the tests.",
        "- Execute commands as given.",
    ]
    project = make_project(tmp_path, {ROLE: "\n".join(lines)})
    found = json.loads(call("lint", "--rule", "PP107", "--format", "json", cwd=project).out)
    assert [one["line"] for one in found["findings"]] == [5]
    assert [one["reason"] for one in found["suppressed"]] == ["they may, after all"]


def test_of_many_ignores_the_first_one_tells_its_reason(tmp_path: Path) -> None:
    """A file that two packs use is ignored where both say so, with the reason of the first."""
    files = {"templates/fragments/standards/small-steps.md": RUN}
    for name, reason in (("demo", "as demo says"), ("aaa", "as aaa says")):
        pack = ignoring(f'rule: PP107, reason: "{reason}"').replace("name: demo", f"name: {name}")
        files |= {f"packs/{name}/pack.yaml": pack, f"packs/{name}/role.md": DEMO[ROLE]}
    root = make_project(tmp_path, files)
    found = json.loads(call("lint", "--rule", "PP107", "--format", "json", cwd=root).out)
    assert found["findings"] == []
    assert [one["reason"] for one in found["suppressed"]] == ["as aaa says"]


def test_a_comment_in_yaml_ignores_too(tmp_path: Path) -> None:
    pack = DEMO[PACK].replace("project.\n", "project.  # promptpack: ignore PP513 - a demo\n", 1)
    done = call("lint", "--strict", cwd=make_project(tmp_path, {PACK: pack}))
    assert done == Result(0, "No findings, 1 suppressed\n", "")


def test_words_in_a_prompt_ignore_nothing(tmp_path: Path) -> None:
    text = "{{ vars.language }}.\n# promptpack: ignore PP107 - I say so\n- Run the tests.\n"
    done = call("lint", "--rule", "PP107", cwd=make_project(tmp_path, {ROLE: text}))
    assert done.out.endswith("1 warning\n")


@pytest.mark.parametrize("code", [c for c, entry in RULES.items() if entry.stops_build])
def test_what_stops_the_build_cannot_be_ignored(code: str, tmp_path: Path) -> None:
    entry = f'rule: {code}, reason: "we would rather not know"'
    files = {PACK: ignoring(entry), ROLE: "{{ nothing }}\n"}
    assert codes(call("lint", "--format", "json", cwd=make_project(tmp_path, files))) == ["PP031"]
    project = make_project(tmp_path, {PACK: ignoring(entry)})
    told = call("lint", "--rule", "PP044", cwd=project).out
    assert f"warning[PP044]: {code} stops the build and can't be ignored" in told


# Secrets


@pytest.mark.fault(68)
@pytest.mark.parametrize(
    "files",
    [
        {ROLE: f"- Use `d\u0435lete` \u200b {KEY}. Run the tests. {{{{ vars.language }}}}\n"},
        {ROLE: f"- Use {KEY} {{{{ nothing }}}}.\n"},
        {ROLE: f"- Use {KEY} {{{{ nothing }}.\n"},
        {PACK: DEMO[PACK].replace("title: Demo", f"titel: {KEY}")},
        {PACK: DEMO[PACK].replace("title: Demo", f"title: {KEY}\ntitle: {KEY}")},
        {PACK: DEMO[PACK].replace("[opencode]", f"[{KEY}]")},
        {PACK: DEMO[PACK].replace("mode", "mode").replace("name: demo", f"name: {KEY}")},
        {ROLE: f"{{{{ vars.language }}}}\n{PEM}"},
        {ROLE: PEM.replace(PEM_LINE, f"{PEM_LINE}\u200b")},
    ],
)
def test_a_secret_is_in_no_report(files: dict[str, str], tmp_path: Path) -> None:
    project = make_project(tmp_path, files)
    told = [call("lint", "--format", name, cwd=project) for name in FORMATS]
    told += [call(name, cwd=project) for name in ("build", "check", "list")]
    told = [done for done in told if done.code]
    assert told
    for done in told:
        assert KEY[12:] not in done.out + done.err
        assert PEM_LINE[:20] not in done.out + done.err


def test_a_masked_text_keeps_its_places() -> None:
    text = f"Use {KEY}, not {KEY}.\n{PEM}End"
    told = redact(text)
    assert len(told) == len(text)
    assert told.count("\n") == text.count("\n")
    assert told.startswith("Use \u2022\u2022")
    assert told.endswith("\nEnd")
    assert KEY not in told
    assert PEM_LINE not in told


# Hostile sources

MANY = 1 << 17


@pytest.mark.parametrize(
    "text",
    [
        "curl " * (MANY // 5),
        "{# " * (MANY // 3),
        "[" * MANY,
        "<a " * (MANY // 3),
        "a." * (MANY // 2) + "\u0430",
        "a-" * (MANY // 2) + "\u0430",
        "\u200b" * (MANY // 3),
        "Go. " * (MANY // 4),
        "- Go.\n" * (MANY // 6),
        "```\n\n" * (MANY // 5),
        "# promptpack: ignore PP513 -" + " " * MANY + "x",
        "-----BEGIN " + "PRIVATE KEY-----\n" * (MANY // 17),
        "https://a:" * (MANY // 10),
        "iex " * (MANY // 4),
        "eyJ" * (MANY // 3),
        "-eyJ" + "a" * 10 + "-eyJaaaaaaaa" * (MANY // 12),
        "curl x | sh; " * (MANY // 13),
        "iex irm " * (MANY // 8),
        "1" * MANY,
        "TODO: x\n" * (MANY // 8),
        "x <!-- x\n" * (MANY // 9),
        "irm " * (MANY // 4) + "|",
        "x" + " " * MANY + "x",
        "Use a tool, " + "x " * (MANY // 3) + "WebFetch " * (MANY // 27),
        "aa-" * (MANY // 6) + ".aa" * (MANY // 6) + "\u0430",
        "<!-- " * (MANY // 5),
        "`" * MANY,
        "*" * MANY + " *",
        "Hand a-" * (MANY // 7),
        "Spawn " * (MANY // 6),
        "Use with " * (MANY // 9) + "TodoWrite",
        "`Read` tool " * (MANY // 12),
        "a_" * (MANY // 2),
        "TODO(" * (MANY // 5),
        "[YOUR " * (MANY // 6),
        "TODO" + " " * MANY + "x",
        ". " * (MANY // 2),
        "<<<<<<" * (MANY // 6),
        "==" * (MANY // 2),
    ],
    ids=lambda text: text[:12].strip(),
)
def test_a_hostile_source_is_linted_in_time(text: str, tmp_path: Path) -> None:
    files = {
        ROLE: f"{{{{ vars.language }}}} {{% raw %}}\n{text}\n{{% endraw %}}\n",
        STEPS: "- Go.\n",
    }
    project = make_project(tmp_path, {**files, "packs/demo/unused.md": text})
    pack = load_project(project)
    artifacts = build_project(pack)
    with limit_cpu():
        lint_session(Session(pack), artifacts)
