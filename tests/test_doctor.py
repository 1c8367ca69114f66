"""What `doctor` finds, what `help` prints, and what the exit codes and colors are."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from promptpack.starting import machine
from support import PATIENCE, call, environment, make_project, run, snapshot, write_files
from test_cli import ANSI, on_terminal

ROOT = Path(__file__).resolve().parents[1]
CLIENT = "#!/bin/sh\n{}\n"
NAMESAKE = "Metadata-Version: 2.1\nName: promptpack\nVersion: 9.8\n"


def make_programs(folder: Path, **programs: str) -> dict[str, str]:
    """Return an environment in which clients are these shell scripts."""
    for name, script in programs.items():
        path = folder / name.replace("_", "-")
        write_files(folder, {path.name: CLIENT.format(script)})
        path.chmod(0o755)
    return {"PATH": os.pathsep.join((str(folder), os.environ["PATH"]))}


def test_it_works_anywhere_and_writes_nothing(tmp_path: Path) -> None:
    done = call("doctor", "--no-clients", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "Project: none here" in done.out
    assert snapshot(tmp_path) == {}
    assert call("-C", "nowhere", "doctor", "--no-clients", cwd=tmp_path).code == 0


def test_clients_are_asked_and_none_of_them_can_fail_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_PATIENCE", 0.5)
    hanging = "(sleep 600; echo late) & sleep 600"
    env = make_programs(
        tmp_path / "bin",
        opencode='echo "1.18.4 $1"; echo more',
        claude="exit 3",
        codex=hanging,
        gemini="printf '\\033[2Jx\\377'; pwd > /dev/null; touch here",
        cursor_agent="kill -9 $$",
    )
    done = call("doctor", "--format", "json", cwd=tmp_path, env=env)
    clients = {one["target"]: one for one in json.loads(done.out)["clients"]}
    assert done.code == 0
    assert clients["opencode"]["version"] == "1.18.4 --version"
    assert clients["opencode"]["path"] == str(tmp_path / "bin/opencode")
    for name in ("claude-code", "codex", "cursor"):
        assert (clients[name]["path"] != "", clients[name]["version"]) == (True, ""), name
    assert not [*tmp_path.rglob("here")]
    done = call("doctor", cwd=tmp_path, env=env)
    assert ANSI not in done.out
    assert "1.18.4 --version" in done.out
    done = call("doctor", "--no-clients", cwd=tmp_path, env=env)
    assert "1.18.4" not in done.out


def test_a_program_in_the_current_folder_is_not_run(tmp_path: Path) -> None:
    make_programs(tmp_path, opencode="touch ran")
    env = {"PATH": f".:{os.environ['PATH']}"}
    done = call("doctor", "--format", "json", cwd=tmp_path, env=env)
    clients = {one["target"]: one["path"] for one in json.loads(done.out)["clients"]}
    assert (done.code, clients["opencode"].startswith(".")) == (0, False)
    assert not (tmp_path / "ran").exists()


def test_the_other_distribution_of_that_name_is_named(tmp_path: Path) -> None:
    write_files(tmp_path, {"lib/promptpack-9.8.dist-info/METADATA": NAMESAKE})
    env = {"PYTHONPATH": str(tmp_path / "lib")}
    done = run("doctor", "--no-clients", cwd=tmp_path, env=env)
    text = " ".join(done.out.split())
    assert (done.code, "'promptpack' 9.8 is another project" in text) == (0, True), done.out
    assert f"`import promptpack` finds {ROOT / 'generator' / 'promptpack'}" in text


def test_a_package_that_two_distributions_wrote_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "lib/promptpack-9.8.dist-info/METADATA": NAMESAKE,
        "lib/promptpack-9.8.dist-info/RECORD": f"{ROOT}/generator/promptpack/__init__.py,,\n",
    }
    write_files(tmp_path, files)
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    done = call("doctor", "--no-clients", cwd=tmp_path)
    assert (done.code, "Broken: " in done.out) == (1, True), done.out


def test_a_project_and_what_would_be_installed(tmp_path: Path) -> None:
    shared = "name: shop\ninstallations: [{into: .}]\n"
    project = make_project(tmp_path, {"promptpack.yaml": shared})
    before = snapshot(project)
    done = call("doctor", "--no-clients", cwd=project)
    assert "install into .: 1 file, 1 would be written or removed" in done.out
    assert snapshot(project) == before
    assert call("install", cwd=project).code == 0
    done = call("doctor", "--no-clients", cwd=project)
    assert "install into .: 1 file, nothing to write" in done.out


@pytest.mark.parametrize(
    "shared", ["installations: [{into: gone}]\n", "targets: [nobody]\n", "nonsense"]
)
def test_a_project_that_is_broken_is_said(shared: str, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"promptpack.yaml": shared})
    done = call("doctor", "--no-clients", cwd=project)
    assert (done.code, "Broken: " in done.out) == (1, True), done.out


def test_every_page_of_the_guide_is_a_topic(tmp_path: Path) -> None:
    done = call("help", cwd=tmp_path)
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {line.split()[0] for line in done.out.split("\n\n")[0].splitlines()} == pages
    for page in pages:
        done = call("help", page, cwd=tmp_path)
        first = (ROOT / "docs" / f"{page}.md").read_text("utf-8").splitlines()[0]
        assert (done.code, done.out.splitlines()[0]) == (0, first.removeprefix("# "))
        assert not re.search(r"\]\((?!https?:)[^)]*\.md|<!--|<svg", done.out), page


def test_a_page_keeps_its_code_and_loses_its_marks(tmp_path: Path) -> None:
    done = call("help", "installing.md", cwd=tmp_path)
    assert "    name: acme-agents\n" in done.out
    assert "```" not in done.out
    assert "\n## " not in done.out


@pytest.mark.parametrize("name", ["build", "docs", "import"])
def test_a_command_is_a_topic_too(name: str, tmp_path: Path) -> None:
    assert call("help", name, cwd=tmp_path) == call(name, "--help", cwd=tmp_path)


@pytest.mark.parametrize(("word", "meant"), [("authring", "authoring"), ("biuld", "build")])
def test_a_wrong_topic_is_told(word: str, meant: str, tmp_path: Path) -> None:
    done = call("help", word, cwd=tmp_path)
    assert (done.code, f"Did you mean '{meant}'?" in done.err) == (2, True)


def test_each_exit_code_is_on_its_page_and_the_first_are_shown() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \|", page, re.MULTILINE)
    assert listed == ["0", "1", "2", "3", "4", "130", "141", "143"]
    assert {*re.findall(r"^\[exit (\d+)\]$", page, re.MULTILINE)} == {"1", "2", "3", "4"}


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [(signal.SIGINT, 130, b"promptpack: interrupted\n"), (signal.SIGTERM, 143, b"")],
)
def test_a_command_that_is_ended_says_so_in_a_line(
    number: signal.Signals, code: int, line: bytes, tmp_path: Path
) -> None:
    waiting = (
        "import sys, time; from promptpack import cli\n"
        "def wait(*_, **__):\n    print('ready', flush=True); time.sleep(600)\n"
        "cli.program.main = wait\nsys.argv = ['promptpack']\ncli.main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", waiting],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (code, line)


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": ""}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_colors_without_a_terminal(env: dict[str, str], coloured: bool, tmp_path: Path) -> None:
    project = make_project(tmp_path)
    assert (ANSI in call("list", cwd=project, env=env).out) == coloured
    assert ANSI not in call("--color", "never", "list", cwd=project, env=env).out


def test_force_color_on_a_dumb_terminal(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    env = {"FORCE_COLOR": "1", "TERM": "dumb"}
    assert ANSI in on_terminal("list", cwd=project, env=env)
