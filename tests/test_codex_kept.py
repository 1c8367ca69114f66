"""Codex files that are kept: all around the prompt stays as it stands, or the build says why not.

The oracles are the file itself, and `tomllib` and lines of text where something is changed.
"""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from promptpack.model import Agent, Effect, FileForm, Model, Policy, Source
from promptpack.model.project import AS_WRITTEN
from promptpack.policy.lattice import grant_of
from promptpack.targets import TARGETS
from promptpack.targets.emit import encode_and_check
from promptpack.targets.heads import encode_file, spell_file
from promptpack.targets.kept_file import split_kept

CODEX = TARGETS["codex"]
READ_ONLY = Policy(Effect.DENY, dict.fromkeys(("read", "grep"), grant_of(Effect.ALLOW)))
NO_SHELL = Policy(Effect.INHERIT, {"execute": grant_of(Effect.DENY)})
INHERIT = Policy(Effect.INHERIT)
NAMES = 'name = "it"\ndescription = "Says a thing."\n'
OTHER_NAMES = NAMES.replace('"it"', '"x"')
KEPT = (
    f"# ours\n{NAMES}developer_instructions = '''\n'''\nnickname_candidates = [\n  'Ann', # x\n]\n"
)

TWINS = {
    "block": f'{NAMES}developer_instructions = """\nA\n\n  B "c"\n"""\n',
    "literal": f"{NAMES}\ndeveloper_instructions = '''\nC:\\temp\n'''\n",
    "escaped": f'{NAMES}developer_instructions = """\nC:\\\\temp ""\\"\n"""',
    "same-line": f'{NAMES}developer_instructions = """A\nB"""   # end\nmodel = \'m\'\n',
    "one-line": f'developer_instructions = "A \\"b\\"\\nC"\n{NAMES}',
    "quoted": "'name'='it'\n\"description\" = 'd'\n\"developer_instructions\"= 'x'\n",
    "last": f"# kept\n{KEPT.removeprefix('# ours')}\n[mcp_servers.x]\ncommand = ']'  # [\n\n",
    "no-shell": f"{NAMES}developer_instructions = 'x'\n[features]\nshell_tool = false\nx = true\n",
    "dotted": f"features.shell_tool = false\nsandbox_mode = 'x'\n{NAMES}developer_instructions='x'",
    "nameless": 'model = "m"\ndeveloper_instructions = """\nx\n"""\n',
    "empty": f"{NAMES}developer_instructions = ''\n",
    "crlf": f'{NAMES}developer_instructions = """\nA\nB\n"""\n'.replace("\n", "\r\n"),
    "bom": f"\ufeff{NAMES}developer_instructions = 'x'\n",
    "inner": f"{NAMES}developer_instructions = '''\n[features]\nname = 'x'\n# y\n\"\"\"\n'''\n",
}
REFUSED = {
    "half.toml": ('name = "x\n', "not valid TOML: "),
    "none.toml": (NAMES, "it has no 'developer_instructions' at the top that is a text"),
    "number.toml": ("developer_instructions = 5\n", "at the top that is a text"),
    "table.toml": ("[a]\ndeveloper_instructions = 'x'\n", "at the top that is a text"),
    "unicode.toml": ('developer_instructions = "\\u2014"\n', "a way that promptpack does not"),
    "joined.toml": ('developer_instructions = """a\\\n  b"""\n', "a way that promptpack does not"),
    "ends.toml": (f"{NAMES}\r\ndeveloper_instructions = 'x'\n", "line ends are of several kinds"),
    "twice.toml": ("developer_instructions = 'x'\ndeveloper_instructions = 'y'\n", "not valid"),
}


def make_agent(
    head: str,
    prompt: str = "Help.\n",
    policy: Policy = INHERIT,
    name: str = "it",
    description: str = "Says a thing.",
) -> Agent:
    form = FileForm(Source("", "h.head", head))
    return Agent(
        name=name,
        description=description,
        mode="subagent",
        stem="it",
        model=Model(AS_WRITTEN),
        temperature=None,
        policy=policy,
        prompt=prompt,
        form=form,
    )


def test_codex_files_are_imported_to_the_byte_or_refused_with_the_reason(tmp_path: Path) -> None:
    good = {f".codex/agents/{name}.toml": text for name, text in TWINS.items()}
    bad = {f".codex/agents/{name}": text for name, (text, _) in REFUSED.items()}
    repository, project = tmp_path / "repository", tmp_path / "project"
    support.write_files(repository, {**good, **bad})
    arguments = ("import", ".", "--into", project, "--yes", "--format", "json")
    done = support.call(*arguments, cwd=repository)
    assert done.code == 0, done.err
    data = json.loads(done.out)
    reasons = {one["source"].rpartition("/")[2]: one["reason"] for one in data["refused"]}
    assert reasons.keys() == REFUSED.keys()
    for name, (_, reason) in REFUSED.items():
        assert reason in reasons[name]
    built = support.call("build", cwd=project)
    assert built.code == 0, built.err
    files = [file for pack in data["packs"] for file in pack["files"]]
    assert {file["source"] for file in files} == good.keys()
    for file in files:
        content = (project / "dist" / file["artifact"]).read_bytes()
        assert content == good[file["source"]].encode()
    linted = support.call("lint", cwd=project)
    assert "error[" not in linted.out + linted.err


@pytest.mark.parametrize(
    ("head", "changed", "expected"),
    [
        (KEPT, {"description": 'So: "it"'}, KEPT.replace('"Says a thing."', r'"So: \"it\""')),
        (KEPT, {"name": "other"}, KEPT.replace('"it"', '"other"')),
        (KEPT.replace(NAMES, ""), {"name": "x"}, KEPT.replace(NAMES, "") + OTHER_NAMES),
        (
            "developer_instructions = ''\n\n[features]\nx = true\n",
            {"name": "x"},
            f"developer_instructions = ''\n\n{OTHER_NAMES}[features]\nx = true\n",
        ),
    ],
)
def test_a_key_is_replaced_where_it_stands(
    head: str, changed: dict[str, Any], expected: str
) -> None:
    agent = replace(make_agent(head), **changed)
    text, _, problems = encode_and_check(CODEX, agent)
    assert problems == []
    prompt = "Help.\n" if "'''" in head else '"""\nHelp.\n"""'
    hole = "'''\n'''" if "'''" in head else "''"
    whole = f"'''\n{prompt}'''" if "'''" in head else prompt
    assert text == expected.replace(hole, whole)
    data = tomllib.loads(text)
    assert data["developer_instructions"] == "Help.\n"
    assert data["name"] == changed.get("name", "it")
    assert data["description"] == changed.get("description", "Says a thing.")


@pytest.mark.parametrize(
    "features",
    [
        "",
        "features.shell_tool = true\nfeatures.x = 1\n",
        "features = { shell_tool = true, x = true }\n",
        "[features]\nshell_tool = true\n\n[features.y]\nz = [\n'[features]',\n]\n",
        "[mcp_servers.x]\ncommand = 'x'\n\n[features]\n",
        "['features']\n\"shell_tool\" = true\n",
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_a_shell_that_the_policy_denies_is_off(features: str, before: bool) -> None:
    lines = f"{NAMES}developer_instructions = '''\n'''\n"
    is_table = features.startswith("[")
    head = f"{features}{lines}" if before and not is_table else f"{lines}{features}"
    for policy in (NO_SHELL, READ_ONLY):
        text, losses, problems = encode_and_check(CODEX, make_agent(head, policy=policy))
        assert problems == []
        data = tomllib.loads(text)
        assert data["features"] == {"shell_tool": False}
        assert data["developer_instructions"] == "Help.\n"
        assert ("mcp_servers" in data) == ("mcp_servers" in head)
        assert not [loss for loss in losses if loss.kind == "widened" and not loss.reader]
        assert data.get("sandbox_mode") == ("read-only" if policy is READ_ONLY else None)


def test_a_shell_that_the_policy_allows_is_on_again() -> None:
    policy = Policy(Effect.INHERIT, {"execute": grant_of(Effect.ALLOW)})
    head = f"{NAMES}developer_instructions = '''\n'''\n\n[features]\nshell_tool = false\n# end\n"
    text = encode_file(CODEX, make_agent(head, policy=policy))
    assert text == f"{NAMES}developer_instructions = '''\nHelp.\n'''\n\n# end\n"


@pytest.mark.parametrize("key", ["hooks = {a = 1}", "notify = ['x']", "profile = 'x'"])
def test_a_kept_key_that_runs_commands_is_held_against_the_policy(key: str) -> None:
    head = f"{key}\n{KEPT}"
    losses = encode_and_check(CODEX, make_agent(head, policy=NO_SHELL))[1]
    (loss,) = (one for one in losses if one.kind == "widened" and not one.reader)
    assert loss.subject == "execute"
    assert f"'{key.split(maxsplit=1)[0]}' in the kept head (h.head:1)" in loss.reason
    free = encode_and_check(CODEX, make_agent(head))[1]
    assert not [one for one in free if one.kind == "widened"]


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("", "has to be an empty text in it"),
        (NAMES, "has to be an empty text in it"),
        ("developer_instructions = 'x'\n", "has to be an empty text in it"),
        ("[a]\ndeveloper_instructions = ''\n", "has to be an empty text in it"),
        ("developer_instructions = ''\nname = \n", "not valid TOML"),
        pytest.param('x = """' + '\\"""' * 200_000, "not valid TOML", id="open quotes"),
        pytest.param('x = """' + "\\x" * 200_000, "not valid TOML", id="open escapes"),
        ("developer_instructions = ''\na" + ".a" * 40 + " = 1\n", "nested more than"),
    ],
)
def test_a_head_without_a_place_for_the_prompt_is_an_error(head: str, reason: str) -> None:
    (problem,) = encode_and_check(CODEX, make_agent(head))[2]
    assert problem.startswith("h.head can't be kept: ")
    assert reason in problem


PIECES = (
    "# a comment ' \" [\n",
    "\n",
    'model = "m"   # kept\n',
    "model_reasoning_effort = 'high'\n",
    "nickname_candidates = [\n  'A', # ]\n\n  \"B\"\n]\n",
    "'other key' = {a = '''\nname = 1\n''', b = [1]}\n",
)
TABLES = (
    "[features]\nshell_tool = false\n",
    "[features]\nx = true # on\n",
    "[[servers]]\nname = 'no'\n[servers.x]\ny = '''\n[features]\n'''\n",
    "  [ features . y ]\nz = 1\n",
)
QUOTES = ("'''\n{}'''", "'''{}'''", '"""\n{}"""', '"""{}"""', '"{}"', "'{}'")
PROMPTS = ("Help.\n", "Help", "\n\nA\n", "'''", '"""', 'a\\b "c"\n', "'x'", "", '"\n', "{}\té\n")


quote_styles = st.sampled_from(QUOTES)
piece_lists = st.lists(st.sampled_from(PIECES), max_size=4, unique=True)
table_lists = st.lists(st.sampled_from(TABLES), max_size=2, unique=True)
flags = st.booleans()


@st.composite
def heads(draw: st.DrawFn) -> str:
    """Return a head: keys in any order with comments, then tables, and no newline at times."""
    quotes = draw(quote_styles).format("")
    own = ["name = 'it'\n", "description = 'Says a thing.'\n"]
    own = [one for one in own if draw(flags)]
    pieces = draw(piece_lists)
    keys = draw(st.permutations([*own, *pieces, f"developer_instructions = {quotes}\n"]))
    tables = draw(table_lists)
    head = "".join((*keys, *tables))
    return head.removesuffix("\n") if draw(flags) else head


@settings(max_examples=support.count_cases(400), deadline=None)
@given(heads(), st.sampled_from(PROMPTS), st.sampled_from([INHERIT, NO_SHELL, READ_ONLY]))
def test_what_a_file_means_is_what_was_kept_and_what_is_told(
    head: str, prompt: str, policy: Policy
) -> None:
    try:
        before = tomllib.loads(head)
    except tomllib.TOMLDecodeError:
        return  # two tables of one name
    text = encode_file(CODEX, make_agent(head, prompt, policy))
    after = tomllib.loads(text)
    assert after["developer_instructions"] == prompt
    assert (after.get("name"), after["description"]) == (before.get("name"), "Says a thing.")
    assert policy is INHERIT or after["features"]["shell_tool"] is False
    changed = {"developer_instructions", "name", "description", "features", "sandbox_mode"}
    for key in {*before, *after} - changed:
        assert before[key] == after[key]
    lines = head.split("\n")
    if before.keys() >= {"name", "description"} and policy is INHERIT:
        shell = before.get("features", {}).get("shell_tool", True)
        assert not shell or {*lines} - {*text.split("\n")} <= {"'''", '"""', *_find_opening(lines)}


def _find_opening(lines: list[str]) -> set[str]:
    """Return the lines that begin or end the prompt's string: the prompt may stand on them."""
    return {
        line for line in lines if line.startswith("developer_instructions") or line in ("'", '"')
    }


@settings(max_examples=support.count_cases(400), deadline=None)
@given(heads(), st.sampled_from(PROMPTS), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_file_comes_apart_and_together_again(
    head: str, prompt: str, newline: str, mark: bool
) -> None:
    for quotes in QUOTES:
        empty = f"developer_instructions = {quotes.format('')}"
        if f"{empty}\n" in f"{head}\n":
            file = head.replace(empty, f"developer_instructions = {quotes.format(prompt)}")
            break
    try:
        data = tomllib.loads(file)
        kept, split_prompt = split_kept(CODEX, file)
    except ValueError:
        return
    assert data["developer_instructions"] == split_prompt
    form = FileForm(Source("", "h.head", kept), newline, mark)
    read = CODEX.decode(spell_file(file, form), "it")
    agent = replace(read, prompt=split_prompt, form=form, model=Model(AS_WRITTEN), extra={})
    assert encode_file(CODEX, agent) == file
    assert encode_and_check(CODEX, agent)[2] == []


FREE = "title: F\nsummary: F.\ndefault: inherit\ncapabilities: {}\n"
PACK = "packs/demo/pack.yaml"
OUTPUT = "dist/codex/as-written.free/.codex/agents/demo.toml"


def make_pack(folder: Path) -> Path:
    """Write a pack whose prompt and Codex file are kept, and build it."""
    pack = """\
name: demo
title: Demo
targets: [codex]
sections: ./prompt.md
clients:
  codex: {head: ./codex.head, prompt: ./prompt.md}
variants:
  default: {model: as-written, policy: free}
  model: [as-written]
  policy: [free]
"""
    head = "# ours\ndeveloper_instructions = '''\n'''\nmodel = 'm' # x\n[features]\ny = true\n"
    files = {
        PACK: pack,
        "packs/demo/codex.head": head,
        "packs/demo/prompt.md": "One.\n\nTwo.\n",
        "templates/policies/free.yaml": FREE,
    }
    support.make_project(folder, files)
    done = support.call("build", "--pack", "demo", cwd=folder)
    assert done.code == 0, done.err
    return folder


def test_each_line_comes_from_the_head_or_the_prompt(tmp_path: Path) -> None:
    path = make_pack(tmp_path)
    lines = (path / OUTPUT).read_text().split("\n")
    expected = {
        "# ours": "packs/demo/codex.head:1",
        "developer_instructions = '''": "packs/demo/codex.head:2",
        "Two.": "packs/demo/prompt.md:3",
        "'''": "packs/demo/codex.head:3",
        "model = 'm' # x": "packs/demo/codex.head:4",
    }
    for text, origin in expected.items():
        done = support.call("explain", f"{OUTPUT}:{lines.index(text) + 1}", cwd=path)
        assert done.code == 0, done.err
        assert origin in done.out.split("\n")[2], text


@pytest.mark.parametrize(
    ("old", "new", "source"),
    [
        ("# ours", "# yours", "codex.head"),
        ("model = 'm' # x", "model = 'n'", "codex.head"),
        ("Two.", "Two, three.", "prompt.md"),
    ],
)
def test_an_edit_of_a_kept_file_is_absorbed(
    tmp_path: Path, old: str, new: str, source: str
) -> None:
    path = make_pack(tmp_path)
    output = path / OUTPUT
    edited = output.read_text().replace(old, new)
    output.write_text(edited)
    done = support.call("absorb", OUTPUT, cwd=path)
    assert done.code == 0, done.err
    assert new in (path / "packs/demo" / source).read_text()
    assert support.call("build", "--pack", "demo", cwd=path).code == 0
    assert output.read_text() == edited


def test_an_edit_that_is_no_longer_toml_is_refused(tmp_path: Path) -> None:
    path = make_pack(tmp_path)
    (path / OUTPUT).write_text((path / OUTPUT).read_text() + "name =\n")
    done = support.call("absorb", OUTPUT, cwd=path)
    assert done.code == 1
    assert "this can't be kept as it is: not valid TOML" in done.err
