"""Front matter that is kept: files come out as they were, and only what is said anew changes."""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from promptpack.api import build_project, diff_projects, load_project
from promptpack.model import (
    AS_WRITTEN,
    CAPABILITIES,
    Agent,
    Artifact,
    Effect,
    FileForm,
    Finding,
    Model,
    PatternRule,
    Policy,
    Source,
    UserError,
)
from promptpack.policy.lattice import grant_of, list_effects
from promptpack.session import Session
from promptpack.site.tree import make_site
from promptpack.targets import TARGETS, Target
from promptpack.targets.emit import encode_and_check
from promptpack.targets.heads import encode_file, spell_file, takes_head
from promptpack.targets.kept_file import split_file

PACK = "packs/demo/pack.yaml"
HEAD = "packs/demo/opencode.head"
OUTPUT = "dist/opencode/as-written.look/.opencode/agents/demo.md"
KEPT = """\
---
# who it is
description: 'Answers questions.'   # kept
color: "#aabbcc"

temperature: 0.30
unknown: {x: [1, 2],
  y: 2}
permission:
    "*": deny
    grep: allow
    # why
    glob: allow
    list: allow
    external_directory: ask
    doom_loop: ask
mode: subagent
# the end
---


"""
READ_ONLY = Policy(Effect.DENY, {name: grant_of(Effect.ALLOW) for name in ("read", "grep")})
CLOSED = "title: Closed\nsummary: Closed.\ndefault: deny\ncapabilities: {edit: deny, grep: allow}\n"


def make_pack(path: Path, more: str = "", head: str = KEPT, **files: str) -> Path:
    """Write the demo as one text with kept front matter, and with more lines of its pack."""
    pack = "\n".join(
        [
            "name: demo\ntitle: Demo\ndescription: Answers questions.\ntargets: [opencode]",
            "sections: ./prompt.md\nvariants:\n  default: {model: as-written, policy: look}",
            "  model: [as-written]\n  policy: [look]",
            f"clients:\n  opencode:\n    head: ./opencode.head\n{more}",
        ]
    )
    named = {"policy": "templates/policies/look.yaml", "prompt": "packs/demo/prompt.md"}
    others = {named[name]: text for name, text in files.items()}
    base = {PACK: pack, HEAD: head, "packs/demo/prompt.md": "Help {{ me }}."}
    support.make_project(path, {**base, **others})
    (path / "packs/demo/role.md").unlink(missing_ok=True)
    return path


def build(path: Path) -> Artifact:
    return build_project(load_project(path))[0]


def find_findings(path: Path) -> list[Finding]:
    with pytest.raises(UserError) as caught:
        build_project(load_project(path))
    return list(caught.value.findings)


def read_change(old: str, new: str) -> list[str]:
    """Return the lines that differ, as `diff` marks them."""
    lines = difflib.ndiff(old.split("\n"), new.split("\n"))
    return [line for line in lines if line[0] in "+-"]


def test_a_head_stays_as_it_is_where_the_pack_says_the_same(tmp_path: Path) -> None:
    artifact = build(make_pack(tmp_path))
    assert artifact.content.decode() == f"{KEPT}Help {{{{ me }}}}."
    assert artifact.losses == ()


@pytest.mark.parametrize(
    ("more", "changes"),
    [
        ("    description: 'a: \"b\"'\n", ["-description: 'Answers questions.'   # kept",
                                          "+description: 'a: \"b\"'"]),
        ("    name: Guide\n", ["+name: Guide"]),
        ("    model: a/b\n", ["+model: a/b"]),
        ("    extra: {color: accent}\n", ['-color: "#aabbcc"', "+color: accent"]),
        ("    extra: {steps: 3}\n", ["+steps: 3"]),
        ("mode: primary\n", ["-mode: subagent", "+mode: primary"]),
        ("temperature: 0.3\n", []),
        ("temperature: 0.5\n", ["-temperature: 0.30", "+temperature: 0.5"]),
    ],
)  # fmt: skip
def test_what_the_pack_says_otherwise_is_replaced_where_it_stands(
    tmp_path: Path, more: str, changes: list[str]
) -> None:
    text = build(make_pack(tmp_path, more)).content.decode()
    found = [line.replace("+ ", "+").replace("- ", "-") for line in read_change(KEPT, text)]
    assert [line for line in found if "Help" not in line and line != "-"] == changes
    keys = yaml.safe_load(text.split("---\n")[1])
    assert keys["unknown"] == {"x": [1, 2], "y": 2}


def test_a_policy_is_replaced_as_one_and_holds(tmp_path: Path) -> None:
    policy = support.DEMO["templates/policies/look.yaml"].replace("glob: allow", "edit: ask")
    artifact = build(make_pack(tmp_path, policy=policy))
    text = artifact.content.decode()
    before, after = KEPT.split("permission:", maxsplit=1)[0], KEPT.partition("mode: subagent")[2]
    assert text.startswith(before + 'permission:\n  "*": deny\n')
    assert text.endswith(f"mode: subagent{after}Help {{{{ me }}}}.")
    read = TARGETS["opencode"].decode(text, "demo").policy
    assert read.grant("edit") == grant_of(Effect.ASK)
    assert read.grant("glob") == grant_of(Effect.DENY)


def test_a_kept_key_that_gives_back_what_the_policy_takes_stops_the_build(tmp_path: Path) -> None:
    head = "---\nname: demo\ndescription: Answers questions.\ntools: Grep\nmemory: user\n---\n"
    path = make_pack(tmp_path, head=head, policy=CLOSED)
    pack = (path / PACK).read_text().replace("opencode", "claude-code", 3)
    (path / PACK).write_text(pack.replace("claude-code.head", "opencode.head") + support.NO_CURSOR)
    (found,) = find_findings(path)
    assert found.code == "PP101"
    assert f"'memory' in the kept head ({HEAD}:5) gives it back" in found.hint


@pytest.mark.parametrize("policy", [CLOSED, CLOSED.replace("grep", "execute")])
def test_a_kept_hook_runs_commands(tmp_path: Path, policy: str) -> None:
    head = "---\nname: demo\ndescription: Answers questions.\nhooks: {Stop: []}\n---\n"
    path = make_pack(tmp_path, head=head, policy=policy)
    pack = (path / PACK).read_text().replace("opencode", "claude-code", 3)
    (path / PACK).write_text(pack.replace("claude-code.head", "opencode.head") + support.NO_CURSOR)
    if "execute" in policy:
        assert b"hooks: {Stop: []}" in build(path).content
        return
    (found,) = find_findings(path)
    assert f"'hooks' in the kept head ({HEAD}:4): a hook runs commands" in found.hint


def test_a_key_that_changes_how_others_are_read_takes_them_with_it() -> None:
    head = "---\ndescription: a: b\ntools: [Read, Grep]\nname: x: y\n---\n\n"
    agent = Agent(
        "demo",
        "Says it.",
        "subagent",
        Model(AS_WRITTEN),
        None,
        READ_ONLY,
        "Help.\n",
        form=FileForm(Source("", "h.head", head)),
    )
    text, losses, problems = encode_and_check(TARGETS["claude-code"], agent)
    assert problems == []
    assert not [loss for loss in losses if loss.kind == "widened" and not loss.reader]
    read = TARGETS["claude-code"].decode(text, "demo")
    assert (read.name, read.description) == ("demo", "Says it.")


def test_a_change_that_the_client_would_not_read_is_an_error_with_the_key() -> None:
    head = "---\n{name: demo, description: a}\n---\n\n"
    form = FileForm(Source("", "h.head", head))
    agent = Agent("demo", "b", "all", Model(AS_WRITTEN), None, Policy(Effect.ALLOW), "x", form=form)
    (problem,) = encode_and_check(TARGETS["claude-code"], agent)[2]
    assert problem.startswith("'description' can't be changed in h.head: Claude Code would refuse")
    cursor = encode_and_check(TARGETS["cursor-rule"], agent)[2]
    assert cursor == []


def test_an_empty_head_is_a_file_without_front_matter(tmp_path: Path) -> None:
    policy = "title: O\nsummary: O.\ndefault: inherit\ncapabilities: {}\n"
    path = make_pack(tmp_path, "mode: all\n", head="", policy=policy)
    pack = (path / PACK).read_text().replace("description: Answers questions.\n", "")
    (path / PACK).write_text(pack)
    assert build(path).content == b"Help {{ me }}."
    (path / PACK).write_text(pack.replace("title: Demo", "title: Demo\ndescription: Helps."))
    assert build(path).content == b"---\ndescription: Helps.\n---\n\nHelp {{ me }}."


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("    newlines: crlf\n", f"{KEPT}Help {{{{ me }}}}.".replace("\n", "\r\n")),
        ("    bom: true\n", f"\ufeff{KEPT}Help {{{{ me }}}}."),
        ("    newlines: crlf\n    bom: true\n    description: X\n", ""),
    ],
)
def test_line_ends_and_a_mark_are_those_of_the_file(
    tmp_path: Path, more: str, expected: str
) -> None:
    content = build(make_pack(tmp_path, more)).content.decode()
    if expected:
        assert content == expected
    else:
        assert content.startswith("\ufeff---\r\n")
        assert "\r\ndescription: X\r\n" in content
        assert not re.search("(?<!\r)\n", content)


@pytest.mark.parametrize(
    ("more", "path", "name"),
    [
        ("    file: core/open_Agent\n", "core/open_Agent", "core/open_Agent"),
        ("    file: My Agent\n    name: mine\n", "My Agent", "mine"),
    ],
)
def test_a_file_has_another_name_than_its_pack(
    tmp_path: Path, more: str, path: str, name: str
) -> None:
    artifact = build(make_pack(tmp_path, more))
    assert artifact.path == f"opencode/as-written.look/.opencode/agents/{path}.md"
    assert artifact.agent.name == name
    assert (b"name: mine" in artifact.content) == (name == "mine")


@pytest.mark.parametrize(
    "name", ["../x", "/x", "x/", "a/../b", ".x", "x.", "a//b", "a\\b", "a:b", " a", "a?", "a#b", ""]
)
def test_a_file_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    path = make_pack(tmp_path, f"    file: {json.dumps(name)}\n")
    assert [one.code for one in find_findings(path)] == ["PP013"]


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_stem_of_a_path_is_the_one_that_made_it(target: Target) -> None:
    for stem in ("a", "core/open_Agent", "A b.c"):
        expected = stem if "{name}" in target.path else ""
        assert target.find_stem(target.make_path(stem)) == expected
    for path in ("", "x", target.make_path("a") + "x"):
        assert target.find_stem(path) is None, path
    if not target.path.startswith("{"):
        assert target.find_stem(f"x/{target.make_path('a')}") is None
    if "{name}" in target.path:
        assert target.find_stem(target.make_path("../a")) is None


def test_two_packs_can_not_be_one_file(tmp_path: Path) -> None:
    other = (make_pack(tmp_path) / PACK).read_text().replace("demo", "other", 1)
    files = {"packs/other/pack.yaml": f"{other}    file: Demo\n"}
    for name in ("prompt.md", "opencode.head"):
        files[f"packs/other/{name}"] = (tmp_path / "packs/demo" / name).read_text()
    support.write_files(tmp_path, files)
    (found,) = find_findings(tmp_path)
    assert (found.code, found.path) == ("PP013", "packs/other/pack.yaml")
    assert found.message == "'.opencode/agents/Demo.md' is the file of the pack 'demo' too"


@pytest.mark.parametrize(
    ("target", "key"),
    [
        *((name, "head: ./opencode.head") for name in ("system", "agents-md", "messages")),
        *(("agents-md", key) for key in ("file: x", "newlines: crlf", "bom: true")),
    ],
)
def test_what_a_clients_file_can_not_have(tmp_path: Path, target: str, key: str) -> None:
    path = make_pack(tmp_path, f"  {target}: {{{key}}}\n")
    (found,) = find_findings(path)
    assert found.code == "PP037"
    assert found.message.startswith(f"'{key.partition(':')[0]}' can't be set for ")


def test_a_head_that_there_is_not(tmp_path: Path) -> None:
    path = make_pack(tmp_path)
    (path / HEAD).unlink()
    (found,) = find_findings(path)
    assert (found.code, found.message) == ("PP020", "unknown head './opencode.head'")


def test_a_hidden_character_in_a_head_is_refused(tmp_path: Path) -> None:
    found = find_findings(make_pack(tmp_path, head=KEPT.replace("why", "w\u202ey")))
    assert [(one.code, one.path, one.line) for one in found] == [("PP301", HEAD, 12)]


def test_a_line_of_a_head_comes_from_its_own_and_from_what_was_said_anew(tmp_path: Path) -> None:
    project = load_project(make_pack(tmp_path, "    description: Else.\n"))
    session = Session(project)
    artifact = build_project(project)[0]
    origins = session.tracer.trace_file(artifact)
    lines = artifact.text.split("\n")
    kept = KEPT.split("\n")
    for text, (first, *_) in zip(lines, origins, strict=True):
        if text == "description: Else.":
            assert first == (PACK, 13)
        elif first.path == HEAD:
            assert kept[first.line - 1] == text
        else:
            assert text == "Help {{ me }}."
    assert make_site(session, [artifact]).pages
    said = support.call("explain", OUTPUT + ":4", cwd=support_build(tmp_path))
    assert f"{HEAD}:4" in said.out


def support_build(path: Path) -> Path:
    """Build a project on disk and return its folder."""
    done = support.call("build", cwd=path)
    assert done.code == 0, done.err
    return path


@pytest.mark.parametrize(
    ("old", "new", "pack"),
    [
        ("# who it is", "# who it was", ""),
        ('color: "#aabbcc"', "color: '#000000'\nhidden: true", ""),
        ("temperature: 0.30\n", "", ""),
        ("'Answers questions.'   # kept", "  Answers. # kept", "description: Answers.\n"),
        ("Help {{ me }}.", "Help {% you %}.\n\n\n", ""),
        ("mode: subagent", "mode: subagent\nmodel: a/b", ""),
    ],
)
@pytest.mark.parametrize("more", ["", "    newlines: crlf\n    bom: true\n"])
def test_an_edit_of_a_kept_file_goes_back_into_what_is_kept(
    tmp_path: Path, old: str, new: str, pack: str, more: str
) -> None:
    path = support_build(make_pack(tmp_path, more))
    output = path / OUTPUT
    text = output.read_bytes().decode()
    end = "\r\n" if "crlf" in more else "\n"
    edited = text.replace(old.replace("\n", end), new.replace("\n", end))
    assert edited != text
    output.write_bytes(edited.encode())
    done = support.call("absorb", OUTPUT, "--yes", cwd=path)
    assert done.code == 0, done.err
    assert pack in (path / PACK).read_text()
    assert support.call("build", cwd=path).code == 0
    assert output.read_bytes().decode() == edited


def test_an_edit_of_kept_permissions_is_for_the_policy(tmp_path: Path) -> None:
    path = support_build(make_pack(tmp_path))
    output = path / OUTPUT
    output.write_text(output.read_text().replace("grep: allow", "grep: ask"))
    done = support.call("absorb", OUTPUT, cwd=path)
    assert done.code == 1
    assert "change templates/policies/look.yaml" in done.err


def test_a_change_of_a_head_is_traced_to_it(tmp_path: Path) -> None:
    before = load_project(make_pack(tmp_path / "a"))
    after = load_project(make_pack(tmp_path / "b", head=KEPT.replace("#aabbcc", "#000000")))
    review = diff_projects(before, after)
    assert {cause for change in review.changes for cause in change.causes} == {(HEAD, 4)}


def test_targets_with_a_head_can_keep_it() -> None:
    assert {name for name, target in TARGETS.items() if takes_head(target)} == {
        *("opencode", "claude-code", "copilot", "cursor", "cursor-rule", "gemini", "qwen"),
        *(
            "copilot-instructions",
            "codex",
            "skill",
            "claude-skill",
            "kilo",
            "factory",
            "cline",
            "kiro",
            "junie",
            "devin-rule",
            "goose",
        ),
        *("opencode-command", "claude-command", "copilot-prompt", "gemini-command"),
    }


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_keys_of_what_an_agent_says_are_keys_of_the_target(target: Target) -> None:
    known = target.keys | target.policy_keys
    assert {key for keys in target.field_keys.values() for key in keys} <= known
    assert target.kept_grants.keys() <= target.refused_extras.keys()
    assert {name for names in target.kept_grants.values() for name in names} <= {*CAPABILITIES}


KINDS = [name for name, target in TARGETS.items() if takes_head(target) and not target.prompt_key]
LINES: Mapping[str, tuple[str, ...]] = {
    "name": ("name: it", 'name: "it"', "name:   it  # here", ""),
    "description": (
        "description: Says a thing.",
        'description: "Says: a thing"',
        "description: Says: a thing",
        "description: >-\n  Says a\n  thing.",
        "description: |\n  Says a\n\n  # thing.",
        "",
    ),
    "policy": (
        "tools: Read, Grep",
        "tools: [Read, Grep]",
        "tools:\n- Read\n- Grep",
        "tools: {write: false, edit: false}",
        "permission: {edit: deny}",
        "permission:\n  bash:\n    '*': ask",
        "disallowedTools: Bash",
        "readonly: true",
        "",
    ),
    "other": (
        "color: 'red'",
        "# a comment",
        "metadata:\n  a: [1]\n",
        "'quoted key': 1",
        "globs: **/*.ts",
        "model: 'x/y'",
        "date: 2026-01-01",
        "x: {{ y }}",
        "",
    ),
}
BODIES = [
    "You {{ are }} {% raw %}.",
    "## A\n\n```\n---\n```\n## B",
    "---\nrule\n---",
    "  indented\n\n\n${{ x }}",
    "",
]


lines_by_key = [st.sampled_from(choices) for choices in LINES.values()]
other_lines = st.lists(st.sampled_from(LINES["other"]), max_size=2)
fences = st.sampled_from([("---", "---"), ("--- ", "---"), ("---", "---  ")])
gaps = st.sampled_from(["\n", "\n\n", "\n\n\n", "\n \n"])
bodies = st.sampled_from(BODIES)
ends = st.sampled_from(["", "\n", "\n\n", " \n"])
kinds = st.sampled_from(KINDS)


@st.composite
def kept_files(draw: st.DrawFn) -> tuple[str, str]:
    """Return a file of some client as people keep them, with LF line ends."""
    lines = [draw(one) for one in lines_by_key]
    lines += draw(other_lines)
    head = "\n".join(line for line in draw(st.permutations(lines)) if line)
    opening, closing = draw(fences)
    gap = draw(gaps)
    body = draw(bodies) + draw(ends)
    front = draw(st.sampled_from([f"{opening}\n{head}\n{closing}{gap}", "", "<!-- x -->\n"]))
    return draw(kinds), front + body


@settings(max_examples=support.count_cases(600), deadline=None)
@given(kept_files(), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_file_is_made_again_to_the_byte_and_changes_only_where_it_is_told_to(
    kept: tuple[str, str], newline: str, mark: bool
) -> None:
    target, text = TARGETS[kept[0]], kept[1]
    file = ("\ufeff" if mark else "") + text.replace("\n", newline)
    head, prompt = split_file(text)
    assert head + prompt == text
    read = target.decode(file, "it")
    form = FileForm(Source("", "h.head", head), newline, mark)
    agent = replace(read, prompt=prompt, form=form, model=Model(AS_WRITTEN), extra={})
    assert spell_file(encode_file(target, agent), form) == file
    losses, problems = encode_and_check(target, agent)[1:]
    assert problems == []
    own = [loss for loss in losses if not loss.reader and loss.kind == "widened"]
    assert [loss for loss in own if loss.excess != "given by the text"] == []
    for changed, keys in list_changes(target, agent):
        new_text, new_losses, new_problems = encode_and_check(target, changed)
        if new_problems:
            continue
        if head and is_yaml(head):  # else one mended key may bring others to life
            assert strip_keys(text, keys) == strip_keys(new_text, keys)
        now = target.decode(spell_file(new_text, form), "it")
        assert now.name == read.name
        if changed.policy is agent.policy:
            assert now.policy == read.policy
        if changed.description != agent.description:
            assert now.description == changed.description
        wider = [x for x in new_losses if not x.reader and x.kind == "widened"]
        for name in CAPABILITIES:
            if list_effects(changed.policy.grant(name)) == {Effect.DENY} and not wider:
                assert now.policy.grant(name) == grant_of(Effect.DENY) or target.advisory


def list_changes(target: Target, agent: Agent) -> list[tuple[Agent, frozenset[str]]]:
    """Return an agent with one thing changed, and the keys that may change with it."""
    keys = frozenset(target.field_keys.get("policy", target.policy_keys))
    changes = [(replace(agent, description="Does it: now."), frozenset({"description"}))]
    if target.holds_policy:
        changes.append((replace(agent, policy=READ_ONLY), keys))
    model = Model("m", ids={target.name: "a/b"})
    if "model" in target.keys:
        changes.append((replace(agent, model=model), frozenset({"model", "variant", "effort"})))
    return changes


def is_yaml(head: str) -> bool:
    """Tell whether another parser takes a head for a mapping, in which no key stands twice."""
    names = re.findall(r"^['\w][^:\n]*:", head, re.MULTILINE)
    if len(names) > len({*names}):
        return False
    try:
        return isinstance(yaml.safe_load(head.strip().strip("-")), dict)
    except yaml.YAMLError:
        return False


def strip_keys(text: str, keys: frozenset[str]) -> str:
    """Return a file without the values of some keys; a plain reading, line by line."""
    head, body = split_file(text)
    kept, skips = [], False
    for line in head.split("\n"):
        if match := re.match(r"""(['"]?)([A-Za-z_][\w. -]*)\1[ \t]*:(\s|$)""", line):
            skips = match[2] in keys
        elif line.startswith(("---", "#")):
            skips = False
        if not skips and line.strip():
            kept.append(line)
    return "\n".join(kept) + body


def test_a_pattern_of_a_kept_policy_is_compared_like_any() -> None:
    head = "---\npermission:\n  bash: {'*': deny, 'git *': allow}\n---\n"
    form = FileForm(Source("", "h.head", head))
    grant = (PatternRule("*", Effect.DENY), PatternRule("git *", Effect.ALLOW))
    policy = Policy(Effect.INHERIT, {"execute": grant})
    agent = Agent("x", "", "all", Model(AS_WRITTEN), None, policy, "Help.", form=form)
    assert encode_file(TARGETS["opencode"], agent) == f"{head}Help."
    narrower = Policy(Effect.INHERIT, {"execute": grant[:1]})
    text = encode_file(TARGETS["opencode"], replace(agent, policy=narrower))
    assert text == "---\npermission:\n  bash: deny\n---\nHelp."
