"""`promptpack import`: hand-kept files become packs, and a build gives each file back to the byte.

The oracle is the file itself: a real `build` of the written packs, compared as bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from promptpack.importing import importer
from promptpack.importing.agent_file import make_agent_file
from promptpack.importing.audit import make_audit
from promptpack.importing.importer import plan_import
from promptpack.importing.places import match_place
from promptpack.importing.policies import draft_policy
from promptpack.model import Policy
from promptpack.policy.lattice import compare_grants, list_compared
from promptpack.reading.project import load_project_or_none
from promptpack.reporting.json_schemas import REPORTS
from promptpack.targets import TARGETS
from review_cases import commit, git

EMPTY = load_project_or_none(Path(__file__).parent)
CLAUDE, COPILOT = ".claude/agents/critic.md", ".github/agents/critic.agent.md"
OPENCODE, GEMINI = ".opencode/agents/critic.md", ".gemini/agents/critic.md"
CURSOR = ".cursor/agents/critic.md"
PLACES = (CLAUDE, COPILOT, OPENCODE, GEMINI, CURSOR)
PATTERNS = 'description: x\npermission:\n  bash: {"*": ask, '
BODY = "\n# Critic\n\nYou review changes.\n\n## Rules\n\n- Say what breaks.\n"
HEAD = "name: critic\ndescription: Reviews changes.\n"


def markdown(head: str = HEAD, body: str = BODY) -> str:
    return f"---\n{head}---\n{body}"


class Imported(NamedTuple):
    """What an import reported, and the outputs of a build of what it wrote, by source."""

    data: Any
    outputs: Mapping[str, bytes]
    project: Path


def bring(folder: Path, files: Mapping[str, str | bytes], *options: str) -> Imported:
    """Write files, import them, build the packs, and return what came out for each file."""
    repository, project = folder / "repository", folder / "project"
    support.write_files(repository, files)
    before = support.snapshot(repository)
    arguments = ("import", ".", "--into", str(project), "--yes", "--format", "json", *options)
    done = support.call(*arguments, cwd=repository)
    assert done.code == 0, done.err
    assert support.snapshot(repository) == before
    data = json.loads(done.out)
    REPORTS["import"].model_validate(data)
    outputs = {}
    if data["packs"]:
        built = support.call("build", cwd=project)
        assert built.code == 0, built.err
        for pack in data["packs"]:
            for file in pack["files"]:
                outputs[file["source"]] = (project / "dist" / file["artifact"]).read_bytes()
    return Imported(data, outputs, project)


def hold(folder: Path, files: Mapping[str, str | bytes], *options: str) -> Imported:
    """Import files, of which each one has to come out as it was."""
    imported = bring(folder, files, *options)
    assert imported.data["refused"] == []
    expected = {p: text.encode() if isinstance(text, str) else text for p, text in files.items()}
    assert imported.outputs == expected
    return imported


ODD: Mapping[str, tuple[str, str]] = {
    "no final newline": (CLAUDE, markdown(body="\nYou review.")),
    "two final newlines": (CLAUDE, markdown(body="\nYou review.\n\n\n")),
    "blanks at the end": (CLAUDE, markdown(body="\nYou review.  \n \t")),
    "no blank line after the head": (OPENCODE, markdown(body="You review.\n")),
    "three blank lines after the head": (OPENCODE, markdown(body="\n\n\nYou review.\n")),
    "indented first line": (CLAUDE, markdown(body="\n    You review.\n")),
    "CRLF": (CLAUDE, markdown().replace("\n", "\r\n")),
    "byte-order mark": (OPENCODE, "\ufeff" + markdown()),
    "both": (OPENCODE, "\ufeff" + markdown().replace("\n", "\r\n")),
    "comments": (CLAUDE, markdown(f"# kept\n{HEAD}\n# more\nmodel: opus # large\n")),
    "blanks in the head": (CLAUDE, markdown("name: critic  \ndescription: Reviews.\t\n")),
    "blank after the fence": (CLAUDE, markdown().replace("---\n", "--- \n", 1)),
    "unquoted colon": (CLAUDE, markdown("name: critic\ndescription: Reviews: changes.\n")),
    "folded": (CLAUDE, markdown("name: critic\ndescription: >\n  Reviews\n  changes.\n")),
    "literal": (OPENCODE, markdown("description: |\n  Reviews\n  changes.\n")),
    "double quotes": (CLAUDE, markdown('name: "critic"\ndescription: "Reviews\\tchanges."\n')),
    "escaped newline": (CLAUDE, markdown('name: critic\ndescription: "Reviews.\\nChanges."\n')),
    "single quotes": (COPILOT, markdown("name: 'critic'\ndescription: 'It''s for review.'\n")),
    "key order": (CLAUDE, markdown("tools: Read\ndescription: Reviews.\nname: critic\n")),
    "unknown keys": (CLAUDE, markdown(f"{HEAD}emoji: x\nvibe: [a, {{b: 1}}]\n")),
    "nested keys": (COPILOT, markdown(f"{HEAD}handoffs:\n  - label: x\n    agent: y\n")),
    "date": (CLAUDE, markdown(f"{HEAD}since: 2026-01-02\n")),
    "flow head": (OPENCODE, "---\n{description: Reviews.}\n---\nYou review.\n"),
    "another name": (CLAUDE, markdown("name: Change reviewer\ndescription: Reviews.\n")),
    "emoji in the name": (COPILOT, markdown("name: 🚀 Critic\ndescription: Reviews.\n")),
    "stem with _": (CLAUDE.replace("critic", "my_critic"), markdown()),
    "capitals": (OPENCODE.replace("critic", "Critic"), markdown()),
    "nested folder": (OPENCODE.replace("critic", "core/critic"), markdown()),
    "model": (CLAUDE, markdown(f"{HEAD}model: opus\n")),
    "list of models": (COPILOT, markdown(f"{HEAD}model: [GPT-5, 'Claude Sonnet 4.5']\n")),
    "permissions": (OPENCODE, markdown("permissions: {edit: deny}\ndescription: x\n")),
    "allow-only map": (OPENCODE, markdown("description: x\ntools: {bash: true, edit: true}\n")),
    "edit and write": (OPENCODE, markdown("description: x\ntools: {edit: false, write: true}\n")),
    "read: true": (OPENCODE, markdown("description: x\ntools: {read: true}\n")),
    "patterns": (
        OPENCODE,
        markdown(
            'description: x\npermission:\n  bash: {"*": ask, "git *": allow, "git push*": deny}\n'
        ),
    ),
    "tools and permission": (
        OPENCODE,
        markdown("description: x\ntools: {bash: false}\npermission: {edit: ask}\n"),
    ),
    "Edit without Write": (CLAUDE, markdown(f"{HEAD}tools: Read, Edit, Bash\n")),
    "memory": (CLAUDE, markdown(f"{HEAD}tools: Read\nmemory: user\n")),
    "deny-list with a pattern": (CLAUDE, markdown(f"{HEAD}disallowedTools: Bash(rm *)\n")),
    "unknown tool": (CLAUDE, markdown(f"{HEAD}tools: Read, Frobnicate\n")),
    "every tool": (CLAUDE, markdown(f"{HEAD}tools: '*'\n")),
    "not for users": (COPILOT, markdown(f"{HEAD}user-invocable: false\n")),
    "tools as text": (COPILOT, markdown(f"{HEAD}tools: 'read, search'\n")),
    "rules in the body": (CLAUDE, markdown(body="\nOne.\n\n---\n\nTwo.\n\n***\n")),
    "head in a fence": (CLAUDE, markdown(body="\n```md\n---\nname: x\n---\n```\n")),
    "headings in fences": (
        CLAUDE,
        markdown(body="\n# A\n\n```sh\n# no\n## no\n```\n\n## B\n\nx\n"),
    ),
    "odd fence": (CLAUDE, markdown(body="\n# A\n\n```sh\n## no\n")),
    "long fence": (CLAUDE, markdown(body="\n````md\n```\n## no\n```\n````\n\n## B\nx\n")),
    "setext": (CLAUDE, markdown(body="\nTitle\n=====\n\nPart\n----\n\nx\n")),
    "HTML": (CLAUDE, markdown(body="\n<div>\n## no?\n</div>\n\n## B\n\nx\n")),
    "bold headings": (CLAUDE, markdown(body="\n**Rules**\n\n- x\n")),
    "XML sections": (CLAUDE, markdown(body="\n<role>\nYou.\n</role>\n<rules>\n- x\n</rules>\n")),
    "emoji heading": (CLAUDE, markdown(body="\n## 🚀\n\nx\n\n## 🎯\n\ny\n")),
    "headings twice": (CLAUDE, markdown(body="\n## A\n\nx\n\n## A\n\ny\n")),
    "long heading": (CLAUDE, markdown(body=f"\n## {'word ' * 30}\n\nx\n")),
    "closing hashes": (CLAUDE, markdown(body="\n## A ##\nx\n\n\n## B\ny\n")),
    "braces": (CLAUDE, markdown(body="\n{{ x }} {% raw %} {#if} ${{ y }} {% endfor %}\n")),
    "zero width": (CLAUDE, markdown(body="\nA \u200b```\n")),
    "emoji joiner": (CLAUDE, markdown(body="\n👩\u200d💻 and\u00a0space\n")),
    "long body": (CLAUDE, markdown(body="\n" + "You review changes, all of them.\n" * 3_500)),
    "doubled blanks": (CLAUDE, markdown(body="\nOne.  \nTwo.\n\n\n\nThree.\n")),
    "long description": (CLAUDE, markdown(f"name: critic\ndescription: {'word ' * 1_000}\n")),
    "no description": (OPENCODE, markdown("mode: primary\n")),
    "empty body": (CLAUDE, markdown(body="")),
    "no head": (OPENCODE, "You review changes.\n"),
    "comment before the head": (OPENCODE, "<!-- kept -->\n" + markdown()),
    "unclosed head": (OPENCODE, "---\ndescription: x\n\nYou review.\n"),
    "doubled key": (CLAUDE, markdown(f"{HEAD}tools: Read\ntools: Grep\n")),
    "server with _": (CLAUDE, markdown(f"{HEAD}tools: Read, mcp__my_docker\n")),
}


@pytest.mark.parametrize("oddity", ODD)
def test_an_oddity_is_kept(oddity: str, tmp_path: Path) -> None:
    path, text = ODD[oddity]
    hold(tmp_path, {path: text})


@pytest.mark.parametrize("key", ["tools: Edit", "disallowedTools: Edit", "disallowedTools: Write"])
def test_edit_and_write_are_told_apart(key: str, tmp_path: Path) -> None:
    """In a policy, what is said of `edit` holds for `write` too, unless that is named."""
    hold(tmp_path, {CLAUDE: markdown(f"{HEAD}{key}\n")})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (markdown().replace("\n", "\r\n", 3), "line ends"),
        (markdown(body="\nOne\rTwo\n"), "line ends"),
        (markdown(body="\nA\x85B\n"), "hidden or control character"),
        (markdown(body="\nA\u202eB\n"), "hidden or control character"),
        (b"---\nname: critic\ndescription: x\n---\n\xff\n", "not UTF-8"),
        (markdown(body="x" * (1 << 20)), "larger than 1 MiB"),
    ],
)
def test_what_can_not_be_kept_is_refused_with_the_reason(
    content: str | bytes, reason: str, tmp_path: Path
) -> None:
    other = markdown().replace("critic", "other")
    imported = bring(tmp_path, {CLAUDE: content, CLAUDE.replace("critic", "other"): other})
    (refused,) = imported.data["refused"]
    assert refused["source"] == CLAUDE
    assert reason in refused["reason"]
    assert len(imported.outputs) == 1


@pytest.mark.parametrize("oddity", ODD)
def test_the_policy_of_the_pack_is_that_of_the_file(oddity: str) -> None:
    """Without the kept front matter, the policy alone has to say what the file grants."""
    path, text = ODD[oddity]
    found = match_place(path)
    assert found
    target = TARGETS[found.target]
    policy = target.decode(text, found.stem).policy
    file = make_agent_file(path, found, text)
    draft = draft_policy(file)
    agent = replace(
        file.own.agent, policy=Policy(draft.default, dict(draft.grants)), extra={}, prompt="x\n"
    )
    built = target.decode(target.encode(agent), found.stem).policy
    for name in list_compared(policy, built):
        order = compare_grants(built.grant(name), policy.grant(name))
        is_guard = target.explain_guard(name, policy.grant(name), built.grant(name))
        assert order.name == "EQUAL" or is_guard, name


HEADS = st.lists(
    st.sampled_from(
        [
            *("# kept", "", "color: red", "emoji: '🚀'", "tools: Read, Bash", "tools: [Read]"),
            *("model: opus", "mode: primary", "temperature: 0.2", "permission: {edit: deny}"),
            *("tools:\n  bash: false\n  read: true", "unknown:\n  - a: {b: 'c'}", "x: |\n  y\n  z"),
            *("disallowedTools: Edit", "readonly: true", "steps: 5", "hidden: true"),
        ]
    ),
    max_size=6,
    unique_by=lambda line: line.partition(":")[0] or line,
)
DESCRIPTIONS = st.sampled_from(
    ["Reviews.", "'It''s.'", '"A: b"', "Reviews: all", ">\n  Folded\n  text.", "|-\n  Literal."]
)
BODIES = st.lists(
    st.sampled_from(
        [
            *("# Top", "## Part", "### Sub", "", "", "Text.", "- item", "```sh", "```", "{{ x }}"),
            *("{% if %}", "---", "  indented", "trailing  ", "<b>", "## Part", "~~~", "\ttab"),
        ]
    ),
    max_size=14,
)


FILES = st.builds(
    lambda description, head, body, newline, mark, end, seam: (
        mark
        + (
            "\n".join(["---", "name: critic", f"description: {description}", *head, "---", seam])
            + "\n".join(body)
            + end
        ).replace("\n", newline)
    ),
    DESCRIPTIONS,
    HEADS,
    BODIES,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["", "\n", "\n\n", " \n"]),
    st.sampled_from(["", "\n", "\n\n"]),
)


@given(place=st.sampled_from(PLACES), text=FILES)
@settings(max_examples=support.count_cases(200))
def test_any_file_is_kept_or_refused(place: str, text: str) -> None:
    found = match_place(place)
    assert found
    plan = plan_import(make_audit([make_agent_file(place, found, text)]), EMPTY)
    kept = [file for pack in plan.packs for file in pack.files]
    assert bool(kept) != bool(plan.refused)
    assert all(reason for reason in plan.refused.values())


# Several files


def test_equal_copies_are_one_pack_with_a_policy_for_each_client(tmp_path: Path) -> None:
    files = {
        CLAUDE: markdown(f"{HEAD}tools: Read\n"),
        COPILOT: markdown(f"{HEAD}tools: [read, execute]\n"),
        OPENCODE: markdown("description: Reviews all changes.\npermission: {edit: deny}\n"),
    }
    imported = hold(tmp_path, files)
    (pack,) = imported.data["packs"]
    assert {file["target"] for file in pack["files"]} == {"claude-code", "copilot", "opencode"}
    kinds = [one["kind"] for one in imported.data["disagreements"]]
    assert kinds[0] == "permission"
    assert "description" in kinds
    assert "text" not in kinds
    assert len(list((imported.project / "packs/critic").glob("*.md"))) == 1


def test_copies_that_drifted_are_joined_on_request(tmp_path: Path) -> None:
    rules = "".join(f"- Rule {number}.\n" for number in range(12))
    files = {
        CLAUDE: markdown(body=f"\n{rules}- In this client.\n"),
        COPILOT: markdown(body=f"\n{rules}- In that client.\n"),
    }
    apart = hold(tmp_path / "apart", files)
    assert [pack["name"] for pack in apart.data["packs"]] == ["critic", "critic-copilot"]
    joined = hold(tmp_path / "joined", files, "--join")
    assert [pack["name"] for pack in joined.data["packs"]] == ["critic"]
    assert [one["kind"] for one in joined.data["disagreements"]] == ["text"]


def test_two_files_that_would_be_one_output_are_not_mixed_up(tmp_path: Path) -> None:
    files = {CLAUDE: markdown(), f"shop/{CLAUDE}": markdown(body="\nQuite another.\n")}
    imported = bring(tmp_path, files)
    assert imported.outputs == {CLAUDE: files[CLAUDE].encode()}
    (refused,) = imported.data["refused"]
    assert refused["source"] == f"shop/{CLAUDE}"
    assert "is the file of the pack 'critic' too" in refused["reason"]


def test_equal_policies_are_shared(tmp_path: Path) -> None:
    files = {
        CLAUDE.replace("critic", name): markdown(f"{HEAD}tools: {tools}\n").replace("critic", name)
        for name, tools in (("a", "Read, Grep"), ("b", "[Grep, Read]"), ("c", "Read, Bash"))
    }
    imported = hold(tmp_path, files)
    policies = {path.stem for path in (imported.project / "templates/policies").iterdir()}
    assert policies == {"read", "read-and-run"}


def test_a_project_that_is_there_is_added_to(tmp_path: Path) -> None:
    hold(tmp_path / "first", {CLAUDE: markdown(f"{HEAD}tools: Read\n")})
    project = tmp_path / "first/project"
    kept = support.snapshot(project)
    more = {CLAUDE: markdown(f"{HEAD}tools: Read\n", "\nMore.\n"), OPENCODE: markdown()}
    support.write_files(tmp_path / "more", more)
    arguments = ("import", str(tmp_path / "more"), "--into", str(project), "--yes")
    done = support.call(*arguments, "--format", "json", cwd=tmp_path)
    data = json.loads(done.out)
    assert [pack["name"] for pack in data["packs"]] == ["critic-opencode"]
    assert [Path(one["source"]).name for one in data["refused"]] == ["critic.md"]
    now = support.snapshot(project)
    assert {path: now[path] for path in kept} == kept
    assert support.call("build", cwd=project).code == 0


def test_as_many_files_are_refused_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round may find only one: a plan still holds nothing that was refused."""
    explain = importer._explain_findings

    def explain_one(*arguments: Any) -> dict[str, str]:
        return dict([*explain(*arguments).items()][:1])

    monkeypatch.setattr(importer, "_explain_findings", explain_one)
    files = []
    for number in range(14):
        path = f"{number}/{CLAUDE}"
        found = match_place(path)
        assert found
        files.append(make_agent_file(path, found, markdown(body=f"\nText {number}.\n")))
    plan = plan_import(make_audit(files), EMPTY)
    assert len(plan.refused) == 13
    (pack,) = plan.packs
    (file,) = pack.files
    assert file.source not in plan.refused
    assert {path.split("/")[1] for path in plan.contents if path.startswith("packs/")} == {
        pack.name
    }


# The command


def test_nothing_is_written_without_an_answer(tmp_path: Path) -> None:
    support.write_files(tmp_path, {CLAUDE: markdown()})
    before = support.snapshot(tmp_path)
    for options, code in (((), 2), (("--dry-run",), 0), (("--format", "json"), 2)):
        done = support.call("import", ".", *options, cwd=tmp_path)
        assert done.code == code
        assert support.snapshot(tmp_path) == before


def test_strict_fails_on_what_is_refused(tmp_path: Path) -> None:
    support.write_files(tmp_path, {CLAUDE: markdown(body="\nOne\rTwo\n")})
    arguments = ("import", ".", "--dry-run")
    assert support.call(*arguments, cwd=tmp_path).code == 0
    assert support.call(*arguments, "--strict", cwd=tmp_path).code == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("description: Reviews changes.", "description: Reviews every change."),
        ("## Rules\n\n- Say what breaks.", "## Rules\n\n- Say what breaks, and where."),
    ],
)
def test_an_edit_of_the_pack_changes_these_lines_only(old: str, new: str, tmp_path: Path) -> None:
    text = markdown(f"# kept\n{HEAD}color: red # loud\ntools: Read\n")
    imported = hold(tmp_path, {CLAUDE: text})
    for path in (imported.project / "packs/critic").iterdir():
        content = path.read_text(encoding="utf-8")
        if path.suffix in (".yaml", ".md"):
            path.write_text(content.replace(old, new), encoding="utf-8")
    assert support.call("build", cwd=imported.project).code == 0
    (output,) = (imported.project / "dist").rglob("critic.md")
    assert output.read_text(encoding="utf-8") == text.replace(old, new)


def test_another_policy_is_written_in_its_place(tmp_path: Path) -> None:
    text = markdown(f"# kept\n{HEAD}tools: Read, Bash # all\ncolor: red\n")
    imported = hold(tmp_path, {CLAUDE: text})
    policy = imported.project / "templates/policies/read-and-run.yaml"
    policy.write_text(
        policy.read_text(encoding="utf-8").replace(", execute: allow", ""), encoding="utf-8"
    )
    assert support.call("build", cwd=imported.project).code == 0
    (output,) = (imported.project / "dist").rglob("critic.md")
    lines = output.read_text(encoding="utf-8").split("\n")
    kept = [line for line in text.split("\n") if not line.startswith("tools")]
    assert [line for line in lines if line in kept] == kept
    decoded = TARGETS["claude-code"].decode("\n".join(lines), "critic").policy
    assert str(decoded.grant("execute")[0].effect) == "deny"
    assert str(decoded.grant("read")[0].effect) == "allow"


def test_a_key_that_gives_back_what_the_policy_takes_stops_the_build(tmp_path: Path) -> None:
    text = markdown(f"{HEAD}tools: Read, Edit, Write\nmemory: user\n")
    imported = hold(tmp_path, {CLAUDE: text})
    policy = next((imported.project / "templates/policies").iterdir())
    policy.write_text(
        "title: T\nsummary: S.\ndefault: deny\ncapabilities: {read: allow}\n", encoding="utf-8"
    )
    done = support.call("build", cwd=imported.project)
    assert done.code == 3
    assert "memory" in done.err


def test_the_pack_works_for_another_client_too(tmp_path: Path) -> None:
    imported = hold(tmp_path, {CLAUDE: markdown(f"{HEAD}tools: Read\n")})
    pack = imported.project / "packs/critic/pack.yaml"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(
        text.replace("targets: [claude-code]", "targets: [claude-code, opencode]"),
        encoding="utf-8",
    )
    done = support.call("build", cwd=imported.project)
    assert done.code == 0, done.err
    assert support.call("lint", cwd=imported.project).code == 0


SHAPES: Mapping[str, Mapping[str, str | bytes]] = {
    "one client": {CLAUDE.replace("critic", n): markdown().replace("critic", n) for n in "abc"},
    "copies for five clients": {place: markdown() for place in PLACES},
    "copies with heads of their own": {
        CLAUDE: markdown(f"{HEAD}tools: Read\ncolor: red\n"),
        COPILOT: markdown("description: 'Reviews changes.'\nname: critic\ntools: [read]\n"),
        OPENCODE: markdown("# kept\ndescription: Reviews changes.\npermission: {edit: deny}\n"),
    },
    "nested folders": {
        OPENCODE.replace("critic", "core/one"): markdown("description: x\n"),
        CLAUDE.replace("critic", "core/two"): markdown().replace("critic", "two"),
    },
    "line ends and marks": {
        CLAUDE: markdown().replace("\n", "\r\n"),
        OPENCODE: "\ufeff" + markdown("description: x\n", "\nQuite another.\n"),
    },
    "prompts without a head": {OPENCODE: "You review changes.\n"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_imported_and_installed_again_is_no_change_for_git(
    shape: str, tmp_path: Path
) -> None:
    """Nested folders of Claude Code are flat in its agents' names, so they are not put back."""
    imported = hold(tmp_path, SHAPES[shape])
    repository = tmp_path / "repository"
    commit(repository)
    for pack in imported.data["packs"]:
        flat = [one for one in pack["files"] if one["source"] in one["artifact"]]
        targets = [word for one in flat for word in ("--target", one["target"])]
        if targets:
            into = ("--into", str(repository), "--yes")
            done = support.call("install", pack["name"], *targets, *into, cwd=imported.project)
            assert done.code == 0, done.err
    assert git(repository, "status", "--short") in ("", "?? .promptpack-installed.json\n")


HOSTILE = {
    "hashes": "# " + "#" * (1 << 17) + "x",
    "hashes apart": "# " + "# " * (1 << 16) + "x",
    "blanks": "#" + " " * (1 << 17),
    "digits": "1" * (1 << 17),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_is_imported_in_time(name: str) -> None:
    found = match_place(CLAUDE)
    assert found
    with support.limit_cpu():
        file = make_agent_file(CLAUDE, found, markdown(body=f"\n{HOSTILE[name]}\n"))
        plan_import(make_audit([file]), EMPTY)


@pytest.mark.parametrize(
    ("line", "title"),
    [("# Critic", "Critic"), ("# The Critic ##", "The Critic"), ("# #", "Critic")],
)
def test_the_only_top_heading_is_the_title(tmp_path: Path, line: str, title: str) -> None:
    imported = bring(tmp_path, {CLAUDE: markdown(body=f"\n{line}\n\nYou review changes.\n")})
    (pack,) = (imported.project / "packs").glob("*/pack.yaml")
    assert f"title: {title}\n" in pack.read_text(encoding="utf-8")
