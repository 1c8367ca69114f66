"""In: a page of the docs and the built package. Out: its agents, as OpenCode sees them.

The page is played in an empty home folder, with the package as it is released: a wheel, installed
into a folder of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import support
from clients import opencode
from clients.gate import need_clients
from clients.replies import Call
from test_commands import Stage
from test_docs import ROOT, play_page

pytestmark = pytest.mark.clients

PAGE = ROOT / "docs" / "first-hour.md"
READ_ONLY = {"read", "glob", "grep"}


class WheelStage(Stage):
    """A stage without a project, on which `promptpack` is that of the wheel."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder, self.project, self.home = folder, folder / "project", folder / "home"
        for made in (self.project, self.home):
            made.mkdir(parents=True)
        self.commands, self.program = 0, program

    def _ran(self, command: str) -> tuple[str, int]:
        path = os.pathsep.join((str(self.program), os.environ["PATH"]))
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.project,
            env=support.environment({"PATH": path, "HOME": str(self.home)}),
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.stdout, done.returncode


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the command of the built package, and of nothing of the checkout."""
    need_clients()
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    unpacked = folder / "unpacked"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*install, "--target", str(unpacked), str(wheel)], check=True)
    script = folder / "bin" / "promptpack"
    script.parent.mkdir()
    script.write_text(
        f'#!/bin/sh\nPYTHONPATH={unpacked} exec {sys.executable} -m promptpack "$@"\n'
    )
    script.chmod(0o755)
    found = "import promptpack; print(promptpack.__file__)"
    env = support.environment({"PYTHONPATH": str(unpacked)})
    told = subprocess.check_output([sys.executable, "-c", found], env=env, text=True)
    assert told.startswith(str(unpacked))
    return script.parent


@pytest.fixture(scope="module")
def agents(program: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files that are installed once all of the page is done."""
    stage = WheelStage(tmp_path_factory.mktemp("hour"), program)
    assert play_page(PAGE, stage) == PAGE.read_text(encoding="utf-8")
    folder = stage.project / ".opencode"
    return {
        path.relative_to(stage.project).as_posix(): path.read_bytes()
        for path in folder.rglob("*.md")
    }


def test_five_commands_to_an_agent_and_none_fails() -> None:
    first, *_ = PAGE.read_text(encoding="utf-8").split("OpenCode now has an agent")
    assert first.count("\n$ ") == 5
    assert "[exit" not in PAGE.read_text(encoding="utf-8")


def test_open_code_loads_both_agents(agents: dict[str, bytes]) -> None:
    reviewer, writer = opencode.observe_many(agents, ["reviewer", "writer"])
    assert reviewer.prompt is not None
    assert "You know the shop and its payment rules." in reviewer.prompt
    for agent in (reviewer, writer):
        assert agent.prompt is not None
        assert "- Write short sentences." in agent.prompt
    assert reviewer.tools is not None
    assert not {"bash", "edit", "write", "webfetch", "task"} & reviewer.tools
    assert reviewer.tools >= READ_ONLY


@pytest.mark.parametrize(("path", "is_written"), [("docs/new.md", True), ("src/new.md", False)])
def test_the_writer_edits_the_documentation_alone(
    path: str, is_written: bool, agents: dict[str, bytes]
) -> None:
    as_main = {
        key: text.replace(b"mode: subagent", b"mode: primary") for key, text in agents.items()
    }
    call = Call("write", {"filePath": path, "content": "two\n"})
    after = opencode.use_tool(as_main, "writer", call)
    assert (path in after) == is_written
