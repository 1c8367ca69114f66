"""The command that `audit` names at its end: it is run as it stands, and has to take the files."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

import support

LEAD = "To make packs of these files: "
CLAUDE, OPENCODE = ".claude/agents/critic.md", ".opencode/agents/critic.md"
TEXT = "---\nname: critic\ndescription: Reviews.\ntools: Read\n---\nYou review.\n"
ODD_TOML = 'name = "a"\ndescription = "x"\ndeveloper_instructions = "b \\u2014"\n'


def find_command(folder: Path, *arguments: str) -> list[str]:
    """Return the words of the command in the last line of an audit, or nothing."""
    done = support.call("audit", *arguments, cwd=folder)
    assert done.code == 0, done.err
    last = done.out.splitlines()[-1]
    return shlex.split(last.removeprefix(LEAD)) if last.startswith(LEAD) else []


@pytest.mark.parametrize(
    ("files", "arguments", "sources"),
    [
        ({CLAUDE: TEXT}, (), {CLAUDE}),
        ({f"my repo/{CLAUDE}": TEXT}, ("my repo",), {f"my repo/{CLAUDE}"}),
        ({f"a/{CLAUDE}": TEXT, "b/x": ""}, ("a", "b"), {f"a/{CLAUDE}"}),
        ({f"a/{CLAUDE}": TEXT, "b/.codex/agents/a.toml": ODD_TOML}, ("a", "b"), {f"a/{CLAUDE}"}),
        ({"agents/critic.md": TEXT}, ("agents", "--from", "claude-code"), {"agents/critic.md"}),
        ({f"-x/{CLAUDE}": TEXT}, ("--", "-x"), {f"-x/{CLAUDE}"}),
        ({CLAUDE: TEXT}, (CLAUDE,), {CLAUDE}),
        ({CLAUDE: TEXT, OPENCODE: TEXT}, (), {CLAUDE, OPENCODE}),
        ({f"it's/$(touch pwned)/{CLAUDE}": TEXT}, ("it's",), {f"it's/$(touch pwned)/{CLAUDE}"}),
    ],
)
def test_the_command_takes_the_files(
    files: Mapping[str, str], arguments: tuple[str, ...], sources: set[str], tmp_path: Path
) -> None:
    support.write_files(tmp_path, files)
    name, *command = find_command(tmp_path, *arguments)
    assert (name, command[0]) == ("promptpack", "import")
    assert "b" not in command
    done = support.call(*command, "--yes", "--format", "json", cwd=tmp_path)
    assert done.code == 0, done.err
    packs = json.loads(done.out)["packs"]
    assert {file["source"] for pack in packs for file in pack["files"]} == sources
    assert (tmp_path / "packs").is_dir()
    said = support.call("audit", "--format", "markdown", *arguments, cwd=tmp_path).out
    assert LEAD not in said, "its packs are there already"


def test_markdown_names_it_in_code(tmp_path: Path) -> None:
    support.write_files(tmp_path, {CLAUDE: TEXT})
    said = support.call("audit", "--format", "markdown", cwd=tmp_path).out
    assert said.endswith(f"\n{LEAD}`promptpack import .`\n")


@pytest.mark.parametrize(
    "files",
    [
        {"a.md": TEXT},
        {CLAUDE: b"\xff"},
        {CLAUDE: TEXT.replace("\n", "\r\n", 2)},
        {".codex/agents/a.toml": ODD_TOML},
        {CLAUDE: TEXT, "packs/x/pack.yaml": "name: [\n"},
    ],
)
def test_there_is_none_where_it_would_take_nothing(
    files: Mapping[str, str | bytes], tmp_path: Path
) -> None:
    support.write_files(tmp_path, files)
    assert find_command(tmp_path) == []
    assert LEAD not in support.call("audit", "--format", "markdown", cwd=tmp_path).out


def test_quiet_means_quiet(tmp_path: Path) -> None:
    support.write_files(tmp_path, {CLAUDE: TEXT})
    assert LEAD not in support.call("-q", "audit", cwd=tmp_path).out
