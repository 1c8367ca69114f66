"""In: skills in every place that a client may look. Out: which of them the real clients find."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import support
from clients import claude_code, codex, copilot, opencode
from clients.gate import need_clients
from clients.observation import Files
from promptpack.targets import TARGETS

pytestmark = pytest.mark.clients

FOLDERS = (".agents/skills", ".claude/skills", "~/.agents/skills", "~/.claude/skills")
CLAUDE = frozenset({".claude/skills", "~/.claude/skills"})
AGENTS = frozenset({".agents/skills", "~/.agents/skills"})
FOUND: Mapping[str, frozenset[str]] = {
    "claude-code": CLAUDE,
    "codex": AGENTS,
    "copilot": AGENTS | {".claude/skills"},
    "opencode": AGENTS | CLAUDE,
}
"""The folders of our two targets in which a client looks for skills, "~" for the user's."""

LIST: Mapping[str, Callable[[Files], str]] = {
    "claude-code": lambda files: " ".join(claude_code.list_skills(files)),
    "codex": codex.list_skills,
    "copilot": copilot.list_skills,
    "opencode": opencode.list_skills,
}


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def make_skill(name: str, body: str = "Do it.", head: str = "") -> bytes:
    return f"---\nname: {name}\ndescription: Asks.\n{head}---\n{body}\n".encode()


@pytest.mark.parametrize("client", FOUND)
def test_a_client_finds_skills_in_the_folders_that_we_say(client: str) -> None:
    names = {f"probe-{number}": folder for number, folder in enumerate(FOLDERS)}
    files = {f"{folder}/{name}/SKILL.md": make_skill(name) for name, folder in names.items()}
    listed = LIST[client](files)
    assert {folder for name, folder in names.items() if name in listed} == FOUND[client]


@pytest.mark.parametrize("client", ["codex", "opencode"])
def test_a_skill_in_the_folder_of_another_is_one_too(client: str) -> None:
    files = {
        ".agents/skills/outer/SKILL.md": make_skill("outer"),
        ".agents/skills/outer/old/probe-inner/SKILL.md": make_skill("probe-inner"),
    }
    assert "probe-inner" in LIST[client](files)


def test_claude_code_runs_commands_in_the_text_of_a_skill() -> None:
    body = "a !`echo in$((40+2))`\n```!\necho block$((40+3))\n```\nb!`echo in$((40+4))`"
    skill = make_skill("probe", body, "allowed-tools: Bash\n")
    told = claude_code.load_skill({TARGETS["claude-skill"].make_path("probe"): skill}, "probe")
    assert "in42" in told
    assert "block43" in told
    assert "in44" not in told


@pytest.mark.parametrize(
    ("target", "client"),
    [("skill", "codex"), ("skill", "opencode"), ("claude-skill", "claude-code")],
)
def test_a_client_finds_what_is_installed_for_it(tmp_path: Path, target: str, client: str) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", f"[{target}]")
    pack = pack.replace("name: demo", "name: probe-files")
    files = {"packs/probe-files/pack.yaml": pack, "packs/probe-files/role.md": "You ask.\n"}
    files["packs/probe-files/skill/scripts/run.sh"] = "echo\n"
    project = support.make_project(tmp_path / "project", files)
    (tmp_path / "to").mkdir()
    options = ("--target", target, "--into", tmp_path / "to")
    assert support.call("install", "probe-files", *options, cwd=project).code == 0
    placed = {
        path.relative_to(tmp_path / "to").as_posix(): path.read_bytes()
        for path in (tmp_path / "to").rglob("*")
        if path.is_file() and not path.name.startswith(".promptpack")
    }
    assert len(placed) == 2
    assert "probe-files" in LIST[client](placed)
