"""The documents are true: their commands are run, their tables are derived, their examples build.

Fences in README.md and docs/ are played like a story of `commands/`; the README's in a copy of this
project, a page's in an empty folder. A fence with a `title` is a file of that name, or where it is
a `diff`, lines of one to replace. What a `console` fence shows is what its commands print. Tables
between `<!-- table: name -->` and `<!-- end -->` are computed. `PROMPTPACK_ACCEPT=1` rewrites both.
"""

import inspect
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

import faults
import pack_tables
import promptpack
import support
from new_tools import NEW_TOOLS, POLICIES, encode_unaware, is_offered
from promptpack.cli import program
from promptpack.model import EFFORTS, Agent, Effect, Model, Policy
from promptpack.targets import TARGETS
from promptpack.targets.table import CAPABILITY_ROWS, Enforcement, make_capability_table
from test_commands import Stage

ROOT = Path(__file__).resolve().parents[1]
ACCEPT = bool(os.environ.get("PROMPTPACK_ACCEPT"))
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
SHORT: dict[Enforcement, str] = {
    "patterns": "denies, asks, patterns",
    "ask": "denies, asks",
    "deny": "denies",
    "told": "advisory",
    "not held": "**not enforced**",
    "no tool": "no tool",
}

_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_TITLE = re.compile(r'title="(\S+)"')
_FENCE = re.compile(r"^`{3,4}([^`\n]+)\n(.*?)^`{3,4}$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def hold(page: Path, text: str, told: str) -> None:
    """Compare a page with what it should say, or rewrite it."""
    if ACCEPT and told != text:
        page.write_text(told, encoding="utf-8")
    assert ACCEPT or told == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_print_what_it_says(page: Path, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    shutil.rmtree(stage.project)
    for folder in ("packs", "templates"):
        if page.name == "README.md":
            shutil.copytree(ROOT / folder, stage.project / folder)
        (stage.project / folder).mkdir(parents=True, exist_ok=True)
    hold(page, page.read_text(encoding="utf-8"), play_page(page, stage))


def play_page(page: Path, stage: Stage) -> str:
    """Do what the fences of a page say; return the page as it should read."""

    def play(fence: re.Match[str]) -> str:
        info, body = fence[1], fence[2]
        if title := _TITLE.search(info):
            if info.startswith("diff "):
                return stage.play("```", f"diff file={title[1]}", body) and fence[0]
            support.write_files(stage.project, {title[1]: body})
        elif info == "console":
            return stage.play("`" * fence[0].index(info), info, body)
        return fence[0]

    return _FENCE.sub(play, page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_of_a_page_are_the_computed_ones(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    told = _TABLE.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", text)
    hold(page, text, told)


def test_the_examples_of_the_authors_guide_build(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
    beside = {
        "packs/code-guide/role.md": "You explain {{ vars.language }}.\n",
        "packs/code-guide/in-scope.md": "- Reading code.\n",
    }
    titled = {
        title[1]: body for info, body in _FENCE.findall(page) if (title := _TITLE.search(info))
    }
    assert len(titled) == len(_FENCE.findall(page))
    support.write_files(tmp_path, {**beside, **titled})
    for command in (("build",), ("check",), ("lint", "--strict")):
        said = support.call(*command, cwd=tmp_path)
        assert said.code == 0, said.err + said.out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_fence_of_a_page_is_of_a_kind_that_is_checked(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(re.findall("^`{3,4}", text, re.MULTILINE)) == 2 * len(_FENCE.findall(text)), (
        "a fence without a kind"
    )
    kinds = {info for info, _ in _FENCE.findall(text) if not _TITLE.search(info)}
    more = {"architecture.md": {"text"}, "api.md": {"python", "pycon"}}.get(page.name, set())
    assert kinds <= {"console", "sh", *more}


def test_the_page_of_the_packs_says_of_each_what_it_hands_back() -> None:
    page = (ROOT / "docs" / "packs.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"\| it hands back \|\n\|---\|---\|\n((?:\|.*\n)+)", page)
    names = re.findall(r"^\| `([\w-]+)` \| \S.*\.", table, re.MULTILINE)
    assert names == sorted(pack_tables.project().packs)
    assert len(names) == 8
    assert "has eight packs" in page


def test_the_example_of_the_api_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    exec(next(body for info, body in _FENCE.findall(text) if info == "python"), {})  # noqa: S102 - the page's own example
    built = {artifact.path for artifact in promptpack.build_project(promptpack.load_project("."))}
    printed = {line.split(" ")[0] for line in capsys.readouterr().out.splitlines()}
    assert printed == {path for path in built if path.startswith("opencode/")} != set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_shell_of_a_page_names_what_there_is(page: Path) -> None:
    scripts = [body for info, body in _FENCE.findall(page.read_text("utf-8")) if info == "sh"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for script in scripts:
        done = subprocess.run(["sh", "-n"], input=script, text=True, check=False)
        assert done.returncode == 0, script
        for goal in re.findall(r"^make (\w+)", script, re.MULTILINE):
            assert re.search(rf"^{goal}:", makefile, re.MULTILINE), goal


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_text_of_a_page_exist(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    context = click.Context(program)
    for words in (said.split() for said in re.findall(r"`promptpack ([^`]+)`", text)):
        options = known(program.params)
        name = next((word for word in words if not word.startswith("-")), "")
        if name:
            command = program.get_command(context, name)
            assert command is not None, words
            inner = command.commands if isinstance(command, click.Group) else {}
            options |= known(command.params).union(*(known(c.params) for c in inner.values()))
        asked = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert asked <= options, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_that_a_page_names_exist(page: Path) -> None:
    for path, name in _TEST.findall(page.read_text(encoding="utf-8")):
        assert re.search(rf"^ *def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), name


def read_security(heading: str) -> list[str]:
    """Return the sections under a heading of the page on security."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    _, *sections = text.partition(f"## {heading}\n")[2].partition("\n## ")[0].split("\n### ")
    return sections


def test_security_names_a_test_for_each_promise() -> None:
    promises = read_security("What we promise")
    assert len(promises) == 6
    assert all("\n- `tests/" in promise for promise in promises)


def test_security_names_a_test_for_each_protection() -> None:
    threats = read_security("Threats and protections")
    assert len(threats) == 6
    for threat in threats:
        protections = re.findall(r"^- .*", threat, re.MULTILINE)
        assert protections, threat
        assert not [one for one in protections if not _TEST.search(one)]


def test_each_word_has_its_heading_in_concepts() -> None:
    guide = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8").partition("## A pack")[0]
    page = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (\w+)$", page, re.MULTILINE)
    words = set(re.findall(r"^\| (\w+) \|", guide, re.MULTILINE)) - {"word"}
    assert words | {"agent", "artifact", "finding", "origin"} == {h.lower() for h in headings}
    assert len(headings) == 14, "the page says so"


def test_the_picture_takes_the_colours_of_the_page_and_can_be_heard() -> None:
    page = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")
    (picture,) = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    svg = ElementTree.fromstring(picture)  # noqa: S314 - our own
    assert svg.get("role") == "img"
    labels = {node.get("id"): node.text for node in svg if node.get("id")}
    assert [*labels] == (svg.get("aria-labelledby") or "").split()
    assert all(labels.values())
    used = {node.get(key) for node in svg.iter() for key in ("fill", "stroke")}
    assert used <= {None, "none", "currentColor"}
    assert not re.search(
        r"https?://(?!www\.w3\.org/2000/svg)|<style|font-family=\"(?!inherit)", picture
    )


def known(parameters: list[click.Parameter]) -> set[str]:
    """Return the options among the parameters of a command, however they are spelled."""
    return {"--help", "-h"}.union(*(parameter.opts for parameter in parameters))


def test_the_readme_names_every_client_and_says_which_are_not_asked() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (sentence,) = re.findall(r"In CI, the real clients load .*", text)
    known, unknown = sentence.split("documentation", 1)
    for target in (one for one in TARGETS.values() if one.program):
        title = target.title.removeprefix("GitHub ").removeprefix("OpenAI ")
        assert title in (known if target.check.means == "client" else unknown), title
    assert "<!-- table: clients -->" in text


def test_the_versions_are_those_that_ci_asks() -> None:
    clients = ROOT / "tests" / "clients"
    lock = (ROOT / "requirements-formats.lock").read_text(encoding="utf-8")
    pinned = {one.replace("==", " ") for one in re.findall(r"^\S+==\S+", lock, re.MULTILINE)}
    for path in (clients, clients / "evaluation", clients / "formats"):
        packages = json.loads((path / "package.json").read_text(encoding="utf-8"))["dependencies"]
        for name, version in packages.items():
            pinned |= {f"{one} {version}" for one in (name, name[1:], name.rpartition("/")[2])}
    for target in TARGETS.values():
        versions = {*target.check.versions.split(", ")} - {""}
        assert versions <= pinned, target.name
        assert bool(versions) == (target.check.means in ("client", "schema")), target.name
        assert bool(target.check.day) == (target.check.means != "text"), target.name


def held() -> str:
    table = make_capability_table()
    enforced = [name for name in TARGETS if set(table[name].values()) - {"told"}]
    rows = [["capability", *(TARGETS[name].title for name in enforced)]]
    rows += [
        [f"`{row}`", *(SHORT[table[name][row]] for name in enforced)] for row in CAPABILITY_ROWS
    ]
    others = ", ".join(TARGETS[name].title for name in TARGETS if name not in enforced)
    return f"{as_table(rows)}\nThe other targets are advisory only: {others}.\n\n"


def verified() -> str:
    rows = [["target", "file", "also read by", "checked with"]]
    rows += [
        [
            f"`{t.name}`",
            f"`{t.path.format(name='<name>')}`",
            ", ".join(TARGETS[name].title for name in t.read_by),
            t.verified,
        ]
        for t in TARGETS.values()
    ]
    return as_table(rows)


def clients() -> str:
    """Return each target with how it was checked, as the README shows it."""
    words = {
        "client": "real client",
        "schema": "its schema",
        "documentation": "documentation",
        "text": "read back",
    }
    rows = [["client", "target", "checked with", "version", "day"]]
    rows += [
        [t.title, f"`{t.name}`", words[t.check.means], t.check.versions, t.check.day]
        for t in TARGETS.values()
    ]
    return as_table(rows)


def drift() -> str:
    titles = [TARGETS[target].title for target in NEW_TOOLS]
    rows = [["policy", *titles]]
    for told, policy in POLICIES.items():
        offered = (is_offered(name, encode_unaware(name, policy)) for name in NEW_TOOLS)
        rows.append([told, *("open" if one else "closed" for one in offered)])
    return as_table(rows) + "\n"


def as_table(rows: list[list[str]]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join(["", head, "|" + "---|" * len(rows[0]), *body]) + "\n"


def api() -> str:
    """Return the public functions and types as Markdown: signature, docstring, fields."""
    functions = [name for name in promptpack.__all__ if name.islower()]
    types = [name for name in promptpack.__all__ if name not in functions]
    blocks = ["", "## Functions", *(block for name in functions for block in api_function(name))]
    blocks += ["## Types", *(block for name in types for block in api_type(name))]
    return "\n\n".join(blocks) + "\n\n"


def api_function(name: str) -> Iterator[str]:
    function = getattr(promptpack, name)
    prose, _, example = (inspect.getdoc(function) or "").partition(">>> ")
    signature = re.sub(r"\b(?:[a-z]+\.)+(?=[A-Z])", "", str(inspect.signature(function)))
    parameters, arrow, result = signature.removeprefix("(").partition(") -> ")
    lines = "".join(f"    {parameter},\n" for parameter in parameters.split(", "))
    long = f"(\n{lines}{arrow}{result}"
    yield f"### `{name}`"
    yield f"```python\n{name}{signature if len(signature) < 80 else long}\n```"
    yield unwrap(prose)
    yield f"```pycon\n>>> {example.rstrip()}\n```"


def api_type(name: str) -> Iterator[str]:
    kind = getattr(promptpack, name)
    yield f"### `{name}`"
    yield unwrap(inspect.getdoc(kind) or "")
    if fields := getattr(kind, "__annotations__", {}):
        rows = [[f"`{field}`", f"`{type_name(one)}`"] for field, one in fields.items()]
        yield as_table([["attribute", "type"], *rows]).strip()


def unwrap(text: str) -> str:
    """Return paragraphs, each on one line."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def type_name(annotation: object) -> str:
    """Return a type as an author writes it, without the modules."""
    text = getattr(annotation, "__name__", "") if isinstance(annotation, type) else str(annotation)
    return re.sub(r"[a-zA-Z_]+\.", "", text or str(annotation)).replace("|", "\\|")


def efforts() -> str:
    """Return what each client takes for a reasoning effort: its key, and the values read back."""
    rows = [["client", "key", "values"]]
    for target in TARGETS.values():
        model = Model("m", ids={target.name: "a/b"})
        plain = Agent("a", "A.", "primary", model, None, Policy(Effect.INHERIT), "x\n")
        texts = {effort: target.encode(replace(plain, effort=effort)) for effort in EFFORTS}
        kept = [e for e, text in texts.items() if target.decode(text, "a").effort == e]
        if kept:
            before = target.encode(plain).splitlines()
            (line,) = (one for one in texts[kept[0]].splitlines() if one not in before)
            key = re.split(r"[:\s]", line)[0]
            rows.append([target.title, f"`{key}`", ", ".join(f"`{one}`" for one in kept)])
    return as_table(rows)


def extras() -> str:
    """Return the extra keys of each client, and those that it has but a pack can't add."""
    rows = [["client", "key", "takes", "what it does"]]
    refused = [["client", "key", "why not"]]
    for target in TARGETS.values():
        for key, extra in target.extras.items():
            does = f"{extra.does}; held against the policy" if extra.grants else extra.does
            rows.append([target.title, f"`{key}`", extra.form, does])
        for key, reason in target.refused_extras.items():
            refused.append([target.title, f"`{key}`", reason])
    return f"{as_table(rows)}\nA pack can't add these:\n{as_table(refused)}\n"


def places() -> str:
    """Return where each target's file lies in a repository, and for a user."""
    rows = [["target", "in a repository", "for a user"]]
    for name, target in TARGETS.items():
        stem = target.make_user_path("<name>")
        user_path = f"`~/{stem}`" if stem else "none"
        rows.append([f"`{name}`", f"`{target.make_path('<name>')}`", user_path])
    return as_table(rows)


def list_faults() -> str:
    """Return the faults by area, each with the tests that name it."""
    holders = faults.list_holders()
    lines = []
    for area, titles in faults.read_areas().items():
        lines += ["", f"## {area}"]
        for name, title in titles.items():
            tests = [f"- `tests/{h.path}::{h.name}`" for h in holders if name in h.faults]
            lines += ["", f"**{name}.** {title}", "", *tests]
    return "\n".join(lines) + "\n\n"


TABLES: dict[str, Callable[[], str]] = {
    "faults": list_faults,
    "held": held,
    "verified": verified,
    "clients": clients,
    "drift": drift,
    "api": api,
    "efforts": efforts,
    "extras": extras,
    "places": places,
    "packs": lambda: as_table(pack_tables.list_packs()) + "\n",
    "policies": lambda: as_table(pack_tables.list_policies()) + "\n",
    "inherited": lambda: as_table(pack_tables.list_inherited()) + "\n",
}
