"""`promptpack audit`: which files are found, what is said of them, and what is not."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from promptpack.importing.agent_file import make_agent_file
from promptpack.importing.audit import Audit, audit_paths, make_audit_data, read_base
from promptpack.importing.copies import find_copies
from promptpack.importing.findings import find_problems
from promptpack.importing.heads import list_head_keys
from promptpack.importing.places import find_agent_files, match_place
from promptpack.reporting.json_schemas import REPORTS
from promptpack.targets import TARGETS

CLAUDE, COPILOT = ".claude/agents/critic.md", ".github/agents/critic.agent.md"
CODEX, GEMINI = ".codex/agents/critic.toml", ".gemini/agents/critic.md"
OPENCODE = ".opencode/agents/critic.md"
BODY = "You review changes.\n\nSay what breaks, and where.\n\nBe brief.\n"


def markdown(head: str, body: str = BODY) -> str:
    return f"---\n{head}---\n{body}"


def named(head: str, body: str = BODY) -> str:
    return markdown(f"name: critic\ndescription: Reviews.\n{head}", body)


def role(keys: str) -> str:
    return f"name = 'a'\ndescription = 'b'\ndeveloper_instructions = 'c'\n{keys}"


def audited(folder: Path, files: dict[str, str | bytes]) -> Audit:
    support.write_files(folder, files)
    return audit_paths([folder])


def said(audit: Audit, *codes: str) -> list[tuple[str, str, str, int]]:
    """Return severity, code, file name and line of the findings with these codes, or of all."""
    return [
        (one.severity, one.code, Path(one.path).name, one.line)
        for one in audit.findings
        if not codes or one.code in codes
    ]


def of_text(path: str, text: str) -> list[tuple[str, str]]:
    """Return the code and message of each finding on one file."""
    found = match_place(path)
    assert found
    return [
        (one.code, one.message) for one in find_problems([make_agent_file(path, found, text)], [])
    ]


# Which files


@pytest.mark.parametrize(
    ("path", "target", "root", "stem"),
    [
        (".claude/agents/a.md", "claude-code", "", "a"),
        ("shop/.claude/agents/team/a.md", "claude-code", "shop", "a"),
        (".opencode/agent/core/a.md", "opencode", "", "core/a"),
        (".opencode/modes/a.md", "opencode", "", "a"),
        (".github/agents/a.agent.md", "copilot", "", "a"),
        (".github/agents/a.md", "copilot", "", "a"),
        (".cursor/agents/a.md", "cursor", "", "a"),
        (".codex/agents/x/a.toml", "codex", "", "a"),
        (".gemini/agents/a.md", "gemini", "", "a"),
        (".qwen/agents/a.md", "qwen", "", "a"),
        (".kilo/agents/core/a.md", "kilo", "", "core/a"),
        (".kilocode/modes/a.md", "kilo", "", "a"),
        (".factory/droids/a.md", "factory", "", "a"),
        (".cline/agents/a.yaml", "cline", "", "a"),
        (".cline/agents/a.yml", "cline", "", "a"),
        (".kiro/agents/team/a.md", "kiro", "", "team/a"),
        (".roomodes", "roo", "", ""),
        ("shop/.zoomodes", "roo", "shop", ""),
        (".junie/agents/a.md", "junie", "", "a"),
        (".agents/a.md", "junie", "", "a"),
    ],
)
def test_a_place_tells_the_client(path: str, target: str, root: str, stem: str) -> None:
    found = match_place(path)
    assert found
    assert (found.target, found.root, found.stem) == (target, root, stem)


@pytest.mark.parametrize(
    "path",
    [
        *("agents/a.md", ".claude/a.md", ".gemini/agents/x/a.md", ".cursor/rules/a.mdc"),
        *("AGENTS.md", ".codex/agents/a.md", "my.claude/agents/a.md", ".claude/agents/a.txt"),
    ],
)
def test_any_other_place_is_no_agent(path: str) -> None:
    assert match_place(path) is None


def test_tools_folders_and_built_outputs_are_passed_over(tmp_path: Path) -> None:
    text = named("")
    kept = {f"{folder}/{CLAUDE}": text for folder in ("", "a/b", "dist/notes")}
    passed = ("node_modules/x", ".git", ".venv/y", "dist/claude-code/m.p")
    files = {**kept, **{f"{folder}/{CLAUDE}": text for folder in passed}}
    files["dist/.promptpack.json"] = "{}"
    support.write_files(tmp_path, {path.lstrip("/"): text for path, text in files.items()})
    found = {one.path for one in find_agent_files(tmp_path)}
    assert found == {path.lstrip("/") for path in kept}


def test_links_are_followed_within_the_folder_only(tmp_path: Path) -> None:
    support.write_files(
        tmp_path,
        {"repo/shared/critic.md": named(""), "secret/critic.md": named(""), "repo/.git/x": ""},
    )
    agents = tmp_path / "repo/.claude/agents"
    agents.mkdir(parents=True)
    (agents / "inside.md").symlink_to("../../shared/critic.md")
    (agents / "outside.md").symlink_to(tmp_path / "secret/critic.md")
    (agents / "loop").symlink_to(agents.parent)
    (agents / "dead.md").symlink_to("nothing")
    (tmp_path / "repo/.opencode").mkdir()
    (tmp_path / "repo/.opencode/agents").symlink_to("../shared")
    found = {one.path for one in find_agent_files(tmp_path / "repo")}
    assert found == {".claude/agents/inside.md", ".opencode/agents/critic.md"}


def test_one_file_and_a_client_that_is_named(tmp_path: Path) -> None:
    support.write_files(tmp_path, {CLAUDE: named("tools: Read\n"), "agents/x.md": named("")})
    assert [one.path for one in audit_paths([tmp_path / CLAUDE]).files] == [f"{tmp_path}/{CLAUDE}"]
    for folder in (".claude", ".claude/agents"):
        (file,) = audit_paths([tmp_path / folder]).files
        assert file.target.name == "claude-code"
    assert not audit_paths([tmp_path / "agents"]).files
    (file,) = audit_paths([tmp_path / "agents"], "opencode").files
    assert (file.target.name, file.found.stem) == ("opencode", "x")
    assert not audit_paths([tmp_path / "agents"], "codex").files


def test_a_file_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    support.write_files(tmp_path, {CLAUDE: named("")})
    audit = audit_paths([tmp_path, tmp_path / ".claude", tmp_path / CLAUDE])
    assert [file.found.target for file in audit.files] == ["claude-code"]


@pytest.mark.parametrize("content", [b"---\nname: \xff\n---\n", b"x" * ((1 << 20) + 1)])
def test_what_cannot_be_read_is_said(content: bytes, tmp_path: Path) -> None:
    audit = audited(tmp_path, {CLAUDE: content})
    assert said(audit) == [("error", "PP601", "critic.md", 1)]
    assert not audit.files


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / ".claude/agents").mkdir(parents=True)
    os.mkfifo(tmp_path / CLAUDE)
    assert said(audit_paths([tmp_path])) == [("error", "PP601", "critic.md", 1)]


# What is said


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        (CLAUDE, markdown("name: critic\n"), "PP601"),
        (CLAUDE, "<!-- x -->\n" + named("tools: Read\n"), "PP602"),
        (OPENCODE, "\n" + markdown("permission: {edit: deny}\n"), "PP602"),
        (CLAUDE, named("tools: Read\nmemory: user\n"), "PP603"),
        (OPENCODE, markdown("permission: {bash: allow}\ntools: {bash: false}\n"), "PP603"),
        (OPENCODE, markdown("tools: {edit: false, write: true}\n"), "PP603"),
        (OPENCODE, markdown("permissions: {edit: deny}\n"), "PP606"),
        (OPENCODE, markdown("disallowedTools: Edit\n"), "PP606"),
        (COPILOT, markdown("description: x\npermission: {edit: deny}\n"), "PP606"),
        (CODEX, role('sandbox_mode = "read-only"\n'), "PP606"),
        (CODEX, role("[mcp_servers.db]\ncommand = 'x'\n"), "PP610"),
        (OPENCODE, markdown("tools: {read: true}\n"), "PP607"),
        (OPENCODE, markdown("permission: {grep: allow}\n"), "PP607"),
        (CLAUDE, named("tools: Read, Bash\n"), "PP608"),
        (OPENCODE, markdown("permission: {read: allow, edit: deny}\n"), "PP609"),
        (CLAUDE, named("tools: Read\nhooks: {Stop: []}\n"), "PP610"),
        (OPENCODE.replace("critic", "plan"), markdown("description: x\n"), "PP605"),
        (OPENCODE, markdown("description: x\nmodel: sonnet\n"), "PP612"),
        (OPENCODE, markdown("permission: {edit: {'~/x': deny}}\n"), "PP612"),
        (CLAUDE, named("color: a --- b\ntools: Read\n"), "PP612"),
        (CLAUDE, named("tools: Read\nreadonly: please\n"), "PP612"),
        (GEMINI, markdown("name: a\ndescription: x\n", "Say ${NAME}.\n"), "PP612"),
        (CLAUDE, named("", "You review.\n\n- Never modify files.\n"), "PP613"),
        (CLAUDE, named("", "You are a strictly read-only reviewer.\n"), "PP613"),
        (OPENCODE, markdown("permission: {edit: deny}\n", "Don't run commands.\n"), "PP613"),
        (CLAUDE, named("tools: Read\n", "Review.\n\nRun the tests.\n"), "PP613"),
    ],
)
def test_a_fault_is_found(path: str, text: str, code: str) -> None:
    assert code in dict(of_text(path, text))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (OPENCODE, markdown('permission: {"*": deny, grep: allow}\n')),
        (OPENCODE, markdown("permission: {edit: {'*': deny, 'docs/**': allow}, bash: deny}\n")),
        (OPENCODE, markdown("permission: {edit: deny, bash: ask, webfetch: deny}\n")),
        (OPENCODE, markdown("description: x\nmode: subagent\ncolor: '#000000'\n")),
        (COPILOT, markdown("description: x\ntools: [read, search]\n")),
        (".gemini/agents/a.md", markdown("name: a\ndescription: x\ntools: [read_file]\n")),
        (OPENCODE, "---\n---\nRules:\n---\na: b\n---\n"),
        (OPENCODE, "Just text.\n\n---\n\nMore text.\n\n---\n"),
    ],
)
def test_nothing_is_said_of_what_holds(path: str, text: str) -> None:
    assert [row for row in of_text(path, text) if row[0] != "PP601"] == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (GEMINI, markdown("name: a\ndescription: x\ntools: [read_file]\n", "${a b} $NAME\n")),
        (OPENCODE, markdown("description: x\nvibe: y\nemoji: z\ntools: {frobnicate: false}\n")),
        (CLAUDE, named("", "Never modify files outside docs.\n")),
        (CLAUDE, named("", "Never modify unread code.\n\nIf asked, don't edit files.\n")),
        (CLAUDE, named("disallowedTools: Bash\n", "Ask before you run the tests.\n")),
        (CLAUDE, named("vibe: y\ncolor: mauve\ntools: Read, Frobnicate\n")),
        (COPILOT, markdown("description: x\ntools: [read, runTasks]\nhandoffs: 5\n")),
        (OPENCODE, markdown("permission: {edit: deny}\n", "Never modify files.\n")),
    ],
)
def test_what_is_only_unknown_is_not_said_to_be_misread(path: str, text: str) -> None:
    assert {"PP612", "PP613"} & {*dict(of_text(path, text))} == set()


def test_the_line_of_a_finding_is_that_of_its_key(tmp_path: Path) -> None:
    head = "# kept\ndescription: >\n  Reviews\n\n  changes.\ntools:\n  bash: true\n  write: false\n"
    audit = audited(tmp_path, {OPENCODE: markdown(f"{head}  edit: true\npermissions: {{}}\n")})
    assert ("error", "PP603", "critic.md", 9) in said(audit)
    assert ("error", "PP606", "critic.md", 11) in said(audit)


def test_another_client_that_is_used_makes_an_error_of_a_warning(tmp_path: Path) -> None:
    text = named("disallowedTools: Edit, Write, NotebookEdit, Bash, PowerShell, Monitor\n")
    alone = audited(tmp_path / "a", {CLAUDE: text})
    other = named("tools: [read]\n", "Other words.\n").replace("critic", "other")
    used = audited(tmp_path / "b", {CLAUDE: text, ".github/agents/other.agent.md": other})
    severities = [
        {
            (severity, one.message.split(",")[0].removeprefix("in "))
            for one in audit.findings
            if one.code == "PP603"
            for severity in [one.severity]
        }
        for audit in (alone, used)
    ]
    assert severities[0] == {("warning", "GitHub Copilot"), ("warning", "Cursor")}
    assert severities[1] == {("error", "GitHub Copilot"), ("warning", "Cursor")}


def test_a_client_that_prefers_its_own_file_reads_no_other(tmp_path: Path) -> None:
    text = named("disallowedTools: Edit, Write, NotebookEdit, Bash, PowerShell, Monitor\n")
    audit = audited(tmp_path, {CLAUDE: text, COPILOT: named("tools: [read]\n", "Other words.\n")})
    assert not [one for one in audit.findings if one.message.startswith("in GitHub Copilot")]


# Copies


def test_copies_that_disagree_are_named_with_both_places(tmp_path: Path) -> None:
    files = {CLAUDE: named("tools: Read\n"), COPILOT: named("tools: [read, execute]\n")}
    (finding,) = [one for one in audited(tmp_path, {**files}).findings if one.code == "PP604"]
    assert finding.severity == "error"
    assert "may run commands in GitHub Copilot, but not in Claude Code" in finding.message
    assert finding.hint == f"compare {tmp_path}/{CLAUDE}:4"


def test_copies_that_agree_are_no_finding(tmp_path: Path) -> None:
    files = {CLAUDE: named("tools: Read\n"), COPILOT: named("tools: [read]\n")}
    audit = audited(tmp_path, {**files})
    assert not said(audit, "PP604")
    assert audit.count_copies() == (1, 1)


@pytest.mark.parametrize(
    "files",
    [
        {CLAUDE: named("tools: Read\n"), COPILOT: named("", "Quite another text.\n\nSo it is.\n")},
        {CLAUDE: named("tools: Read\n"), f"shop/{COPILOT}": named("")},
        {CLAUDE: named("tools: Read\n"), COPILOT.replace("critic", "judge"): named("")},
    ],
    ids=["another text", "another root", "another name"],
)
def test_what_is_no_copy_does_not_disagree(files: dict[str, str], tmp_path: Path) -> None:
    assert not said(audited(tmp_path, {**files}), "PP604")


def test_planted_copies_are_found_exactly(tmp_path: Path) -> None:
    lines = [f"Rule {number} says what to do." for number in range(20)]
    drifted = [*lines[:16], *(f"Changed {number}." for number in range(4))]
    other = [f"Another {number}." for number in range(20)]
    bodies = {"same": lines, "drifted": drifted, "other": other}
    files: dict[str, str | bytes] = {}
    for name, body in bodies.items():
        text = "\n".join(lines)
        files[CLAUDE.replace("critic", name)] = named("", text).replace("critic", name)
        copy = named("", "\n".join(body)).replace("critic", name)
        files[COPILOT.replace("critic", name)] = copy
    audit = audited(tmp_path, files)
    found = {copies[0].found.stem for copies in find_copies(audit.files)}
    assert found == {"same", "drifted"}


def test_two_files_of_one_name_collide(tmp_path: Path) -> None:
    files = {CLAUDE: named(""), ".claude/agents/team/second.md": named("")}
    assert ("error", "PP605", "second.md", 1) in said(audited(tmp_path, {**files}))


# Reports


def test_the_report_is_what_its_schema_says_and_what_decode_says(tmp_path: Path) -> None:
    audit = audited(tmp_path, {CLAUDE: named("tools: Read\n"), COPILOT: named("tools: [read]\n")})
    data = json.loads(json.dumps(make_audit_data(audit)))
    REPORTS["audit"].model_validate(data)
    for entry in data["files"]:
        text = Path(entry["path"]).read_text(encoding="utf-8")
        for reader in entry["readers"]:
            policy = TARGETS[reader["target"]].decode(text, "critic").policy
            for name, words in reader["permissions"].items():
                assert words == "; ".join(
                    f"{effect} {pattern}" if index else str(effect)
                    for index, (pattern, effect) in enumerate(policy.grant(name))
                )


@pytest.mark.parametrize("format_", ["human", "json", "github", "sarif"])
def test_each_format_tells_the_place(format_: str, tmp_path: Path) -> None:
    support.write_files(tmp_path, {CLAUDE: named("tools: Read, Bash\n")})
    done = support.call("audit", "--format", format_, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert CLAUDE in done.out
    assert "PP608" in done.out


def test_no_secret_is_printed(tmp_path: Path) -> None:
    secret = "AKIA" + "Q3EGRIFJ5XLZ2B7T"
    support.write_files(tmp_path, {OPENCODE: markdown(f"permissions: {{edit: {secret}}}\n")})
    for format_ in ("human", "json", "github", "sarif"):
        done = support.call("audit", "--format", format_, cwd=tmp_path)
        assert secret not in done.out + done.err


HEADS = st.text(alphabet="abtools:permission-[]{}\"*\n #,&!|>'d\ufeff\r", max_size=80)


@given(head=HEADS, place=st.sampled_from([CLAUDE, COPILOT, OPENCODE, ".gemini/agents/a.md"]))
@settings(max_examples=support.count_cases(400))
def test_no_text_stops_the_audit(head: str, place: str) -> None:
    of_text(place, f"---\n{head}\n---\n{BODY}")
    of_text(place, head)
    list_head_keys(head)


# Against a git revision


def commit(folder: Path) -> None:
    words = ("-c", "user.name=a", "-c", "user.email=a@example.invalid")
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    subprocess.run(["git", *words, "commit", "-qm", "x"], cwd=folder, check=True)


REORDERED = "# kept\ntools:\n  - Grep\n  - Read\ndescription: 'Reviews.'\nname: critic\n"
BASE: dict[str, str | bytes] = {
    CLAUDE: named("tools: Read, Grep\n"),
    OPENCODE: markdown('permission:\n  edit: deny\n  bash: {"*": deny, "git log*": allow}\n'),
    COPILOT: named("tools: [read]\n"),
}


def changed(folder: Path, files: dict[str, str | bytes]) -> support.Result:
    """Return what is said of a change of these files since the base."""
    support.write_files(folder, BASE)
    commit(folder)
    support.write_files(folder, files)
    return support.call("audit", "--base", "HEAD", cwd=folder)


@pytest.mark.parametrize(
    ("files", "place", "words"),
    [
        ({CLAUDE: named("")}, f"{CLAUDE}:1", "Claude Code lets this agent change files"),
        ({CLAUDE: named("tools: Read, Grep, Bash\n")}, f"{CLAUDE}:4", "run commands"),
        ({CLAUDE: named("tool: Read, Grep\n")}, f"{CLAUDE}:1", "change files, run commands"),
        (
            {OPENCODE: markdown('permission:\n  edit: deny\n  bash: {"*": deny, "git*": allow}\n')},
            f"{OPENCODE}:4",
            "run commands ('deny; allow git*' instead of 'deny; allow git log*')",
        ),
        ({OPENCODE: markdown("permission:\n  edit: deny\n")}, f"{OPENCODE}:2", "run commands"),
        (
            {OPENCODE: markdown('permission:\n  bash: {"git log*": allow, "*": allow}\n')},
            f"{OPENCODE}:3",
            "run commands",
        ),
        ({COPILOT: named("tools: [read, 'db/execute']\n")}, f"{COPILOT}:4", "run commands"),
        ({".gemini/agents/n.md": named("tools: ['*']\n")}, ".gemini/agents/n.md:4", "new: Gemini"),
        ({CLAUDE: named("tools: Read, Grep\nhooks: {Stop: []}\n")}, f"{CLAUDE}:5", "'hooks.Stop'"),
        ({CLAUDE: "<!-- x -->\n" + named("tools: Read\n"), CODEX: role("")}, CODEX, "new: Cursor"),
    ],
)
def test_a_change_that_allows_more_fails(
    files: dict[str, str | bytes], place: str, words: str, tmp_path: Path
) -> None:
    done = changed(tmp_path, files)
    assert done.code == 1
    assert f"--> {place}" in done.out
    assert words in done.out
    assert "error[PP611]" in done.out


@pytest.mark.parametrize(
    "files",
    [
        {CLAUDE: markdown(REORDERED)},
        {CLAUDE: named("tools: Read, Grep\n", "Another prompt.\n")},
        {CLAUDE: named("tools: Read, Grep\ncolor: red\n")},
        {CLAUDE: named("tools: Read\n")},
        {OPENCODE: markdown("permission: {bash: {'*': deny, 'git log*': allow}, edit: deny}\n")},
        {OPENCODE: markdown("permission: {bash: deny, edit: deny}\n")},
        {CLAUDE: markdown("tools: Read, Bash\n")},
    ],
    ids=["reordered", "prompt", "color", "narrower", "flow", "narrower map", "not loaded"],
)
def test_a_change_that_allows_no_more_passes(files: dict[str, str | bytes], tmp_path: Path) -> None:
    done = changed(tmp_path, files)
    assert "PP611" not in done.out
    assert done.code == 0


def test_what_is_narrower_is_told_and_passes(tmp_path: Path) -> None:
    done = changed(tmp_path, {CLAUDE: named("tools: Read\n")})
    words = " ".join(done.out.split())
    assert f"narrower: {CLAUDE} in Claude Code: grep ('deny' instead of 'allow')" in words


def test_the_change_of_a_deny_list_counts_in_the_client_that_ignores_it(tmp_path: Path) -> None:
    support.write_files(tmp_path, {CLAUDE: named("tools: Read\n")})
    commit(tmp_path)
    text = named("disallowedTools: Edit, Write, NotebookEdit, Bash, PowerShell, Monitor\n")
    support.write_files(tmp_path, {CLAUDE: text})
    data = json.loads(support.call("audit", "--base", "HEAD", "--format", "json", cwd=tmp_path).out)
    REPORTS["audit"].model_validate(data)
    rows = {(one["target"], one["field"]) for one in data["changes"] if one["kind"] == "widened"}
    assert ("copilot", "execute") in rows
    assert ("claude-code", "execute") not in rows


def test_a_base_that_cannot_be_read_is_no_answer(tmp_path: Path) -> None:
    support.write_files(tmp_path, BASE)
    assert support.call("audit", "--base", "HEAD", cwd=tmp_path).code == 2
    commit(tmp_path)
    assert support.call("audit", "--base", "nowhere", cwd=tmp_path).code == 2
    blob = subprocess.run(
        ["git", "rev-parse", f"HEAD:{CLAUDE}"], cwd=tmp_path, check=True, capture_output=True
    ).stdout.decode()
    (tmp_path / ".git/objects" / blob[:2] / blob[2:].strip()).unlink()
    done = support.call("audit", "--base", "HEAD", cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert "git does not have the content" in done.err


def test_a_revision_has_the_files_that_its_checkout_has(tmp_path: Path) -> None:
    """The oracle is git: what it checks out is searched as any folder."""
    repository, checkout = tmp_path / "repository", tmp_path / "checkout"
    text = named("")
    support.write_files(
        repository,
        {
            **BASE,
            "shop/.codex/agents/x/a.toml": role(""),
            "dist/.promptpack.json": "{}",
            f"dist/claude-code/m.p/{CLAUDE}": text,
            f"node_modules/x/{CLAUDE}": text,
            "shared/team/a.md": text,
            "notes.md": "x",
        },
    )
    links = {
        ".claude/agents/linked.md": "../../shared/team/a.md",
        ".gemini/agents": "../shared/team",
        ".claude/agents/loop": "..",
        ".claude/agents/out.md": "../../../secret.md",
        ".claude/agents/dead.md": "nothing",
        "shop/.claude": "../.claude",
    }
    for path, end in links.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).symlink_to(end)
    commit(repository)
    subprocess.run(
        ["git", "worktree", "add", "-q", "--detach", checkout], cwd=repository, check=True
    )
    for folder in ("", "shop", ".claude", ".opencode/agents"):
        found = find_agent_files(checkout / folder)
        expected = {one.path: (checkout / folder / one.path).read_text() for one in found}
        seen = read_base([repository / folder], "HEAD")
        prefix = f"{repository / folder}/"
        assert {file.path.removeprefix(prefix): file.text for file in seen} == expected
    assert {one.path for one in find_agent_files(checkout)} > {
        ".gemini/agents/a.md",
        ".claude/agents/linked.md",
        "shop/.claude/agents/critic.md",
    }
