"""Command tests: each file of `commands/` is a story that is told and checked.

A story begins in the demo project of `support.py`, built. Its fences are:

- `yaml file=packs/demo/pack.yaml` (any language): a file to write; with the word `escaped`, its
  bytes are spelled as in a Python bytes literal;
- `diff file=packs/demo/pack.yaml`: lines of that file to replace;
- `console`: commands after `$ `, what each prints (stdout, then stderr), and `[exit 3]` where the
  exit code is not 0. Commands other than promptpack go to the shell, and promptpack's stdout may be
  piped into one.

After a change of what is said, `PROMPTPACK_ACCEPT=1 pytest tests/test_commands.py` rewrites what
the stories expect; the difference is then yours to review.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import NamedTuple

import pytest

import support

STORIES = sorted((Path(__file__).parent / "commands").glob("*.md"))
ACCEPT = bool(os.environ.get("PROMPTPACK_ACCEPT"))
WRITERS = (
    "absorb",
    "accept",
    "build",
    "eject",
    "import",
    "init",
    "install",
    "new",
    "new-library",
    "--export",
)

_FENCE = re.compile(
    r"^(?P<ticks>`{3,})(?P<info>[^`\n]+)\n(?P<body>.*?)^(?P=ticks)$", re.MULTILINE | re.DOTALL
)


class Step(NamedTuple):
    """A command of a console fence, and what it is to print."""

    command: str
    expected: str


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_story(story: Path, tmp_path: Path) -> None:
    text = story.read_text(encoding="utf-8")
    stage = Stage(tmp_path)
    told = tell(text, stage)
    assert stage.commands, "a story runs a command"
    if ACCEPT and told != text:
        story.write_text(told, encoding="utf-8")
    assert ACCEPT or told == text


def test_a_story_that_is_not_true_is_noticed(tmp_path: Path) -> None:
    said = Stage(tmp_path).play("```", "console", "$ promptpack --version\npromptpack 0.0\n")
    assert "promptpack 0.0\n" not in said


class Stage:
    """Where a story is played: a folder with the demo project and a home in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = support.built(folder / "project")
        self.home = folder / "home"
        self.home.mkdir()
        self.commands = 0

    def play(self, ticks: str, info: str, body: str) -> str:
        """Do what a fence says; return the fence as it should read."""
        name = re.search(r"file=(\S+)", info)
        if name and info.startswith("diff "):
            self._patch(self.project / name[1], body)
        elif name:
            content = ast.literal_eval(f'b"""{body}"""') if "escaped" in info.split() else body
            support.write_files(self.project, {name[1]: content})
        else:
            assert info == "console", f"a fence of no known kind: {info}"
            body = "".join(self._told(step) for step in _steps(body))
        return f"{ticks}{info}\n{body}{ticks}"

    def _patch(self, path: Path, hunk: str) -> None:
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if not line.startswith("+"))
        new = "".join(line[1:] for line in lines if not line.startswith("-"))
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"not once in {path.name}:\n{old}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def _told(self, step: Step) -> str:
        self.commands += 1
        before = support.snapshot(self.folder)
        said, code = self._ran(step.command)
        for place, name in ((self.home, "$HOME"), (self.project, "$PWD"), (self.folder, "$TMP")):
            said = said.replace(str(place), name)
        assert "Traceback" not in said
        words = shlex.split(step.command)
        if words[0] == "promptpack" and (code or not set(words) & set(WRITERS)):
            assert support.snapshot(self.folder) == before, f"{step.command} changed a file"
        assert not support.temporaries(self.folder)
        said += "" if said.endswith("\n") or not said else "\n"
        return f"$ {step.command}\n{said}" + (f"[exit {code}]\n" if code else "")

    def _ran(self, command: str) -> tuple[str, int]:
        env = {"HOME": str(self.home)}
        first, _, filter_ = command.partition(" | ")
        if not first.startswith("promptpack"):
            return self._shell(command, "")
        arguments = shlex.split(Template(first).substitute(env, PWD=str(self.project)))[1:]
        done = support.call(*arguments, cwd=self.project, env=env)
        if not filter_:
            return done.out + done.err, done.code
        said, code = self._shell(filter_, done.out)
        return said + done.err, done.code or code

    def _shell(self, command: str, given: str) -> tuple[str, int]:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.project,
            env=support.environment({"PATH": path, "HOME": str(self.home)}),
            input=given,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.stdout, done.returncode


def tell(story: str, stage: Stage) -> str:
    """Play a story on a stage; return it as it should read."""
    return _FENCE.sub(lambda fence: stage.play(fence["ticks"], fence["info"], fence["body"]), story)


def _steps(body: str) -> Iterator[Step]:
    assert body.startswith("$ "), "a console fence starts with a command"
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield Step(command, expected)
