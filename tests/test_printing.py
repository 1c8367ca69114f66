"""Nothing that is printed acts on who reads it, on a terminal or in the log of a workflow.

Everything that a stranger can name is hostile here: files, keys, titles, reasons, refs, arguments,
edited outputs. A parser of terminal sequences that shares nothing with the program looks at it.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.cli import COMMANDS
from promptpack.reporting.characters import reveal_line
from promptpack.reporting.console import clean_line, drop_styles, style
from promptpack.reporting.github import format_annotation
from promptpack.reporting.json_text import dump_json
from review_cases import git
from support import DEMO, Result, built, call, count_cases, make_project, run, write_files
from terminals import find_actions, run_on_terminal

ACTS = "\x1b[2J\x1b]0;owned\x07\x9b5A\u202e\u2066\u200f\x08\r\U000e0041"
"""What a terminal acts on, or what swaps words."""
FORGED = "\n::error file=x::forged\n  ::add-mask::forged\n##[error]forged ##vso[x]forged"
"""What forges lines of a log, each of which is a command there."""
HOSTILE = f"x{ACTS}{FORGED}\udcff"
OUTPUT = "dist/opencode/tiny.look/.opencode/agents/demo.md"
QUOTED = json.dumps(f"::error::forged \u200f\u00ad{FORGED}", ensure_ascii=False)
REASON = json.dumps("::error::forged ##[error]forged \u200f", ensure_ascii=False)
"""What a valid file may hold between double quotes, in several lines or in one."""

PACK = DEMO["packs/demo/pack.yaml"]
SMALL_STEPS = "templates/fragments/standards/small-steps.md"


def make_hostile(folder: Path) -> Path:
    """Return a project that builds, and in which every text is hostile that may be any text."""
    pack = PACK.replace("title: Demo", "title: '::error::forged ##[error]forged \u200f'")
    pack = pack.replace("{language: Python}", f"{{language: {QUOTED}}}")
    pack = pack.replace(
        "description: Answers", "description: '##[error]forged ::x \u00ad' # Answers"
    )
    pack += (
        f"ignore:\n  - {{rule: PP503, reason: {REASON}}}\n  - {{rule: PP501, reason: {REASON}}}\n"
    )
    pack += f"accept:\n  - {{target: cursor, capability: all, reason: {REASON}}}\n"
    files = {
        "packs/demo/pack.yaml": pack,
        "packs/demo/role.md": "::error::forged\n\n##[error]forged {{ vars.language }}\n",
        SMALL_STEPS: DEMO[SMALL_STEPS].replace("title: Small", "title: '::error::forged'\n#"),
        "packs/demo/::error::forged \u200fx.md": "Text.\n",
        "templates/policies/look.yaml": DEMO["templates/policies/look.yaml"].replace(
            "title: Look", "title: '##[error]forged \u200f'"
        ),
    }
    return built(folder, files)


def make_broken(folder: Path) -> Path:
    """Return a project that does not build, with something hostile in every finding."""
    key = json.dumps(HOSTILE[:-1])
    pack = f"{PACK}{key}: {key}\n? |\n  a\n  ::error::forged\n: x\n"
    pack += f"accept:\n  - {{target: {key}, capability: {key}, reason: {key}, {key}: x}}\n"
    pack = pack.replace("standards/small-steps", f'{key[:-1]}"').replace("role: ", f"{key}: ")
    project = make_project(folder, {"packs/demo/pack.yaml": pack})
    for name in (HOSTILE, f"::error::forged{HOSTILE}", "##[error]forged"):
        for place in ("packs/demo", "templates/fragments", "templates/models"):
            suffix = ".yaml" if place.endswith("models") else ".md"
            path = os.fsencode(project / place) + b"/" + os.fsencode(f"{name}{suffix}")
            with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path in bytes
                file.write(f"a: b\n{HOSTILE[:-1]}: x\n")
    return project


def edit_output(project: Path) -> Path:
    """Return a built project of which an output was edited by a stranger."""
    path = project / OUTPUT
    text = path.read_bytes() + os.fsencode(f"{HOSTILE}\n{FORGED}\n\\\n")
    path.write_bytes(text)
    return project


def commit(project: Path) -> Path:
    """Return a repository of a project, whose working tree differs from its commit."""
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-qm", "One")
    text = f"::error::forged\n  ##[error]forged\n{{{{ vars.language }}}}\n\u200f\n{FORGED}\n"
    write_files(project, {"packs/demo/role.md": text})
    return project


STATES: dict[str, Callable[[Path], Path]] = {
    "hostile": make_hostile,
    "broken": make_broken,
    "edited": lambda folder: edit_output(make_hostile(folder)),
    "changed": lambda folder: commit(make_hostile(folder)),
}

CALLS: tuple[tuple[str, ...], ...] = (
    *(
        ("audit", "--format", one)
        for one in ("human", "json", "markdown", "html", "github", "gitlab", "sarif")
    ),
    ("audit", "--base", "HEAD"),
    ("accept", "P1", "HEAD~1", "--reason", "it was reviewed"),
    *(
        ("import", ".", "--into", "imported", "--dry-run", "--format", one)
        for one in ("human", "json", "markdown", "html")
    ),
    *(("disagree", "--format", one) for one in ("human", "json")),
    *(("build", "--format", one) for one in ("human", "json")),
    ("-v", "build"),
    ("build", "--force", "--out", "other"),
    ("build", "--shard", "1/2", "--out", "part"),
    ("build", "--merge-shards", "--out", "part"),
    *(("check", "--format", one) for one in ("human", "json")),
    *(("lint", "--format", one) for one in ("human", "json", "github", "gitlab", "sarif")),
    ("-v", "lint"),
    *(
        ("diff", "HEAD", "-U", "3", "--format", one)
        for one in ("text", "markdown", "html", "json", "sarif", "github", "gitlab")
    ),
    ("diff", "--from-dir", "dist", "--to-dir", "packs"),
    *(("list", "--format", one) for one in ("human", "json")),
    ("list", "rules", "libraries"),
    ("show",),
    *(("targets", "--format", one) for one in ("human", "json", "gitattributes", "prettierignore")),
    *(("explain", "tiny.look:16", "--format", one) for one in ("human", "json")),
    ("explain", f"{OUTPUT}:16"),
    ("explain", "PP301"),
    *(("impact", "packs/demo/role.md", "--format", one) for one in ("human", "json")),
    ("impact", "packs/demo/::error::forged \u200fx.md"),
    *(("absorb", OUTPUT, "--dry-run", "--format", one) for one in ("human", "json")),
    ("absorb", OUTPUT, "--dry-run", "--partial", "--policy"),
    *(
        ("install", "--target", "opencode", "--into", ".", "--dry-run", "--format", one)
        for one in ("human", "json")
    ),
    ("schema", "pack"),
    ("schema", "pack", "--project"),
    ("completion", "bash"),
    ("init", "--dry-run"),
    ("init", HOSTILE, "--dry-run"),
    ("init", "--name", HOSTILE),
    ("init", "--target", HOSTILE),
    ("new", HOSTILE),
    ("new-library", HOSTILE),
    ("new-library", "acme", "--into", HOSTILE),
    ("new", "other", "--from", HOSTILE),
    ("eject", HOSTILE),
    ("show", "layout:plain"),
    *(("doctor", "--no-clients", "--format", one) for one in ("human", "json")),
    ("help",),
    ("help", "reviewing"),
    ("help", HOSTILE),
    # arguments that are hostile themselves
    (HOSTILE,),
    ("build", HOSTILE),
    ("build", "--pack", HOSTILE),
    ("build", "--out", f"packs/{HOSTILE}"),
    ("build", f"--{HOSTILE}"),
    ("-C", HOSTILE, "build"),
    ("--format", HOSTILE, "list"),
    ("check", "--policy", HOSTILE),
    ("lint", "--rule", HOSTILE),
    ("diff", HOSTILE),
    ("diff", "HEAD", "--pack", HOSTILE),
    ("diff", "HEAD", "--accept", HOSTILE),
    ("diff", "--out", HOSTILE),
    ("diff", "HEAD", "--export", HOSTILE),
    ("diff", "--from-dir", HOSTILE, "--to-dir", "."),
    ("diff", "--from-dir", "dist", "--to-dir", "dist", "--accept", HOSTILE),
    ("list", HOSTILE),
    ("show", HOSTILE),
    ("show", "demo", HOSTILE),
    ("show", "--target", HOSTILE),
    ("targets", "--format", "gitattributes", "--installed", HOSTILE),
    ("targets", "--format", "prettierignore", "--installed", HOSTILE),
    ("explain", HOSTILE),
    ("explain", f"{HOSTILE}:1"),
    ("explain", "tiny.look:99999"),
    ("impact", HOSTILE),
    ("absorb", HOSTILE),
    ("absorb", OUTPUT, "--to", HOSTILE),
    ("install", HOSTILE, "--into", "."),
    ("install", "--into", HOSTILE),
    ("install", "--target", HOSTILE, "--into", "."),
    ("docs", HOSTILE),
    ("docs", "export", f"docs/{HOSTILE}"),
    ("schema", HOSTILE),
    ("completion", HOSTILE),
)
PROGRAMS_READ = {"json", "github", "sarif", "html", "gitlab", "gitattributes", "prettierignore"}


def is_data(arguments: tuple[str, ...]) -> bool:
    """Tell whether a command prints a file or a report for programs."""
    return arguments[0] in {"show", "completion", "schema"} or (
        "--format" in arguments and arguments[arguments.index("--format") + 1] in PROGRAMS_READ
    )


@pytest.fixture(scope="module", params=STATES)
def state(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project in one of the states, which no test changes but by building it."""
    return STATES[request.param](tmp_path_factory.mktemp("state") / "project")


def find_data_problems(arguments: tuple[str, ...], out: str) -> Iterator[str]:
    """Yield what is wrong with a report for programs: it is well-formed and has no forged line."""
    format_ = arguments[arguments.index("--format") + 1] if "--format" in arguments else ""
    if format_ in {"json", "sarif", "gitlab"} and out:
        json.dumps(json.loads(out), ensure_ascii=False).encode()  # raises for half a character
        yield from find_actions(out)
    elif format_ == "html":
        yield from find_actions(out)
    elif format_ == "github":
        place = r"(file=[^,\n]*,line=\d+,)?"
        own = rf"::(error|warning|notice) {place}title=promptpack [^:\n]*::.*"
        for line in out.splitlines():
            yield from find_actions(line.removeprefix("::").replace("##", ""))
            if re.match(r"\s*::|##\[", line) and not re.fullmatch(own, line):
                yield f"command {line!r}"


@pytest.mark.fault(61, 15, "forged-line", "raw-names", "workflow-command")
@pytest.mark.parametrize("arguments", CALLS, ids=lambda words: ascii(" ".join(words))[:60])
def test_nothing_that_is_printed_acts(state: Path, arguments: tuple[str, ...]) -> None:
    done = call(*arguments, cwd=state)
    assert done.code in {0, 1, 2, 3}, done.err
    assert "Traceback" not in done.err
    assert [*find_actions(done.err)] == []
    problems = (
        find_data_problems(arguments, done.out) if is_data(arguments) else find_actions(done.out)
    )
    assert [*problems] == []


def test_every_command_is_tried() -> None:
    assert {word for words in CALLS for word in words} >= set(COMMANDS)


@pytest.mark.fault(61, 67, "forged-line", "raw-names", "workflow-command")
@pytest.mark.parametrize("columns", [20, 200])
def test_a_terminal_shows_text_and_colors_alone(state: Path, columns: int) -> None:
    """All but a build, which shows a bar there. What programs read is the same in each width."""
    calls = [
        words for words in CALLS if "build" not in words and not (columns < 80 and is_data(words))
    ]
    results = run_on_terminal(calls, state, columns)
    for words, (code, shown) in zip(calls, results, strict=True):
        assert code in {0, 1, 2, 3}, (words, shown)
        assert [*find_actions(shown, in_log=not is_data(words))] == [], words
    assert any("\x1b[" in shown for _, shown in results)


@pytest.mark.fault(61, 67)
def test_a_build_on_a_terminal_moves_the_cursor_only_for_its_bar(state: Path) -> None:
    ((code, shown),) = run_on_terminal([("build",)], state)
    assert code in {0, 3}
    bar = re.compile(r"\x1b\[(?:\?25[lh]|2K|1A|[0-9;]*m)|\r|\x1b\[K")
    assert [*find_actions(bar.sub("", shown))] == []
    ((code, shown),) = run_on_terminal([("build",)], state, err=False)
    assert [*find_actions(shown)] == []


@pytest.mark.fault(61)
def test_a_file_is_data_to_a_program_and_text_to_a_terminal(tmp_path: Path) -> None:
    text = "Caf\u00e9 \u200f \u00ad\ttab\n\n::error::x\n"
    project = make_project(tmp_path, {"packs/demo/role.md": text})
    body = text.rstrip("\n")
    assert body in call("show", cwd=project).out
    ((_, shown),) = run_on_terminal([("show",)], project)
    assert "Caf\u00e9 <U+200F> <U+00AD> tab" in shown
    assert not {*"\u200f\u00ad\t"} & {*shown}


@pytest.mark.fault(15, "raw-names")
def test_sarif_names_a_file_by_its_bytes(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    with open(os.fsencode(project) + b"/packs/demo/\xff.md", "wb"):  # noqa: PTH123 - a path in bytes
        pass
    done = call("lint", "--format", "sarif", cwd=project)
    (result,) = json.loads(done.out)["runs"][0]["results"]
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert (done.code, location) == (1, {"uri": "packs/demo/%FF.md"})


# Streams.

ENCODINGS = [
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONIOENCODING": "utf-8:strict"},
]


@pytest.mark.fault(67)
@pytest.mark.parametrize("env", ENCODINGS, ids=str)
def test_what_an_encoding_lacks_is_named(tmp_path: Path, env: dict[str, str]) -> None:
    project = make_project(tmp_path, {"packs/demo/\u6771.md": b"\xff"})
    done = run("build", cwd=project, env=env)
    name = "\u6771" if "utf-8" in str(env) else "<U+6771>"
    if "LC_ALL" in env:  # here the name is but bytes
        name = "<0xE6><0x9D><0xB1>"
    assert (done.code, f"  --> packs/demo/{name}.md:1:1" in done.err) == (3, True)
    assert run("list", os.fsdecode(b"\xff"), cwd=project, env=env).code == 2


@pytest.mark.fault(67)
def test_our_own_signs_have_stand_ins(project: Path) -> None:
    env = {"PYTHONIOENCODING": "ascii"}
    said = run("targets", cwd=project, env=env).out
    assert "  + " in said
    assert "  x " in said
    assert "<U+" not in said
    assert said.isascii()


# The parts of the one door.


@pytest.mark.fault(61, "forged-line")
@settings(max_examples=count_cases(400))
@given(
    parts=st.lists(
        st.text(max_size=8) | st.sampled_from([":", "::", "#", "##[", " ", ACTS, FORGED])
    )
)
def test_a_line_of_anything_is_one_line_that_does_nothing(parts: list[str]) -> None:
    """Whether its parts are styled or not, and in whatever order they come."""
    styled = "".join(
        style(part, "red", bold=bool(index % 2)) if index % 3 else part
        for index, part in enumerate(parts)
    )
    line = clean_line(styled)
    shown = drop_styles(line)
    assert "\n" not in shown
    assert [*find_actions(shown)] == []
    assert clean_line(line) == line
    assert not shown or shown != reveal_line("") or not parts


@pytest.mark.fault(61)
def test_a_color_of_somebody_else_is_no_color(project: Path) -> None:
    """Not even where it is written as promptpack itself marks colors."""
    forged = re.sub("[0-9a-f]{16}", "0" * 16, style("x", "red"))
    assert forged != style("x", "red")
    for text in ("\x1b[31mred\x1b[0m", forged):
        done = call("--color", "always", "show", text, cwd=project)
        assert done.code == 2
        assert "\x1b[3" not in done.err
        assert "<U+" in done.err


@pytest.mark.fault(61, "forged-line")
@given(text=st.text() | st.sampled_from([HOSTILE, FORGED]))
def test_an_annotation_is_one_line(text: str) -> None:
    line = format_annotation("error", text, text, text, 3)
    assert len(line.splitlines()) == 1
    assert [*find_actions(line.removeprefix("::").replace("##", ""))] == []


@pytest.mark.fault("raw-names", 61)
@given(
    data=st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_json_is_the_same_data_in_ascii(data: object) -> None:
    data = {"data": data, "commands": ["##[error]x", "a ##vso[b]", "###[x"]}
    text = dump_json(data)
    assert json.loads(text) == data
    assert text.isascii()
    assert [*find_actions(text)] == []


@pytest.mark.fault("raw-names")
def test_json_has_no_half_of_a_character() -> None:
    text = dump_json({"\udcff": "\ud800\U0001f600"})
    assert json.loads(text) == {"<0xFF>": "<U+D800>\U0001f600"}


@pytest.mark.fault(61)
def test_a_fault_of_ours_quotes_without_harm(project: Path) -> None:
    code = (
        "from promptpack.cli import list, main\n"
        "def fail(*_): raise ValueError('\\x1b[2J\\n::error::forged\\n##[error]forged')\n"
        "list.load_project = fail\n"
        "import sys; sys.argv = ['promptpack', 'list']; main()"
    )
    done = run(cwd=project, code=code)
    assert (done.code, "Traceback" in done.err) == (4, True)
    assert [*find_actions(done.err)] == []


@pytest.mark.fault("raw-names")
def test_an_error_of_the_system_quotes_without_harm(project: Path) -> None:
    done: Result = call("diff", "HEAD", "--out", f"text=gone/{HOSTILE}", cwd=commit(project))
    assert done.code in {2, 3, 4}
    assert [*find_actions(done.err)] == []


@pytest.mark.fault(61, "raw-names")
def test_what_mkdocs_warns_of_quotes_without_harm(tmp_path: Path) -> None:
    pages = {
        "docs/index.md": "# Home\n\n[x](gone\x1b[2J\u202e.md)\n",
        "docs/a\x1b[2J\u202e.md": "# A\n",
    }
    project = make_project(tmp_path / "project", pages)
    done = run("docs", "build", "--out", tmp_path / "site", cwd=project)
    assert (done.code, "gone<U+001B>" in done.err) == (3, True), done.err
    assert [*find_actions(done.err)] == []
