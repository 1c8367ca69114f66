"""What tests share: a tiny project on disk, and the command line run on it in two ways.

`run` starts a process, as a user would. `call` runs the same code in this process, which is ten
times as fast; both return what was said and the exit code.
"""

import contextlib
import hashlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from promptpack import cli
from promptpack.output.record import Look
from promptpack.targets import TARGETS

AGENT_TARGETS = {name: one for name, one in TARGETS.items() if one.command is None}

DEMO: Mapping[str, str] = {
    "packs/demo/pack.yaml": """\
name: demo
title: Demo
description: Answers questions about a small project.
targets: [opencode]
vars: {language: Python}
sections:
  role: ./role.md
  standards:
    - standards/small-steps
    - {use: standards/examples, with: {count: 2}}
variants:
  default: {model: tiny, policy: look}
  model: [tiny]
  policy: [look, change]
""",
    "packs/demo/role.md": """\
You answer questions about a {{ vars.language }} project.
""",
    "templates/fragments/standards/small-steps.md": """\
---
title: Small steps
summary: One change at a time.
---
- Take one small step at a time.
{% if policy.asks("edit") %}
- Say what you are about to change, and why.
{% endif %}
""",
    "templates/fragments/standards/examples.md": """\
---
title: Examples
summary: A number of examples.
params: {count: null}
---
- Give {{ params.count }} examples.
""",
    "templates/layouts/plain.md.j2": """\
{% for section in sections %}
# {{ section.title }}

{{ section.body }}

{% endfor %}
""",
    "templates/models/tiny.yaml": """\
title: Tiny
family: tiny
layout: plain
context_window: 8192
prompt_budget: 500
ids: {opencode: demo/tiny}
""",
    "templates/policies/look.yaml": """\
title: Look
summary: Searches, and changes nothing.
default: deny
capabilities: {glob: allow, grep: allow, list: allow}
""",
    "templates/policies/change.yaml": """\
title: Change
summary: Searches, and asks before each edit.
default: deny
capabilities: {glob: allow, grep: allow, list: allow, edit: ask, write: ask, patch: ask}
""",
}
"""A pack of two variants for one client, which can express all of it: nothing is lost."""


NO_CURSOR = """\
accept:
  - target: cursor
    capability: [read, list, glob, grep, edit, write, patch, execute, web_fetch, web_search, todo,
      task, skill, question, "mcp:*"]
    reason: "Nobody here uses Cursor, which loads the files of Claude Code and Codex too."
"""
"""What a pack says that is built for one of these clients."""

NO_SHELL = """\
  - target: codex
    capability: [glob, grep, list]
    reason: "Codex searches through its shell, which this agent does not get."
"""
"""What the accepted list of the demo goes on with where it is built for Codex."""

LIST_ONLY = """\
  - {target: codex, capability: read, reason: "Codex reads through its shell."}
  - {target: factory, capability: [todo, skill, "mcp:*"], reason: "No list takes these away."}
  - {target: kiro, capability: [todo, skill, question], reason: "No list takes these away."}
  - {target: junie, capability: [task, skill], reason: "No list takes these away."}
  - {target: roo, capability: [todo, task, skill, question], reason: "Every mode has these."}
  - {target: goose, capability: all, reason: "Goose reads the files of Claude Code, and no list."}
"""
"""What the accepted list goes on with for clients whose lists of tools hold back only some."""

EVERY_CLIENT: Mapping[str, str] = {
    "packs/demo/pack.yaml": DEMO["packs/demo/pack.yaml"].replace(
        "targets: [opencode]\n", f"targets: [{', '.join(AGENT_TARGETS)}]\n"
    )
    + NO_CURSOR
    + NO_SHELL
    + LIST_ONLY,
    **{
        path: DEMO[path].replace("{glob", "{read: allow, glob")
        for path in ("templates/policies/look.yaml", "templates/policies/change.yaml")
    },
}
"""The demo for every client; what some can't hold is accepted."""

REPRESENTATIVES = (
    *("opencode", "claude-code", "copilot", "cursor-rule", "codex", "gemini", "qwen", "cline"),
    *("junie", "goose", "roo", "skill", "agents-md", "messages"),
)
"""A target for each way in which files are read and written.

What is the same mechanism for all clients is tried with these, what is a fact of each with all.
`test_totality` says if one is missing.
"""

CASES = "PROMPTPACK_CASES"
"""The environment variable that says how many times as many cases property tests try."""
FEW = "0.25"
"""How many the suite tries where nothing is said: long runs are for those that ask."""

KEPT = ("PATH", "PYTHONPATH", "SYSTEMROOT")
PATIENCE = 300
"""The seconds after which something counts as hung. No test is about how fast a machine is."""
CPU_LIMIT = 30
"""The CPU seconds that hostile input may take: two on a common machine, and without the limits that
the tests are about, minutes to hours."""


def count_cases(number: int) -> int:
    """Return how many cases a property test tries: a quarter in the suite, more if asked for."""
    return max(1, int(number * float(os.environ.get(CASES, FEW))))


class Result(NamedTuple):
    """What a command left behind: its exit code and what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str


def make_project(path: Path, files: Mapping[str, str | bytes] | None = None) -> Path:
    """Write the demo project into a folder, with `files` added or in place of its own."""
    write_files(path, {**DEMO, **(files or {})})
    return path


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files by their path in a folder, byte for byte."""
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a command: nothing of ours but the path, warnings are errors.

    It leaves no record of unchanged runs, and finds none.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    ours = {"HOME": os.devnull, "COLUMNS": "80", "PYTHONWARNINGS": "error"}
    return {**kept, **ours, "XDG_CACHE_HOME": os.devnull, **(extra or {})}


def run(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None, code: str = ""
) -> Result:
    """Run the command line as a process; `code` is Python to run instead of the module."""
    python = [sys.executable, *(("-c", code) if code else ("-m", "promptpack"))]
    done = subprocess.run(
        [*python, *map(str, arguments)],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def call(
    *arguments: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    looks: list[Look] | None = None,
) -> Result:
    """Run the command line in this process; `looks` is what was found at a record's places."""
    out, err = _Captured(), _Captured()
    with (
        contextlib.chdir(cwd),
        replaced_environment(environment(env)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = cli.run([str(argument) for argument in arguments], looks)
    return Result(code, out.text(), err.text())


@contextlib.contextmanager
def limit_cpu() -> Iterator[None]:
    """Fail if the block takes far more work than it should; other processes don't count."""
    started = time.process_time()
    yield
    assert time.process_time() - started < CPU_LIMIT


def built(path: Path, files: Mapping[str, str | bytes] | None = None) -> Path:
    """Return the demo project, written into a folder and built."""
    project = make_project(path, files)
    done = call("build", cwd=project)
    assert done.code == 0, done.err
    return project


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """Return what a folder holds: each file's bytes, each link's target, each folder as "/"."""
    return dict(_entries(folder))


def tree_hash(folder: Path) -> str:
    """Return one hash of all names and bytes in a folder."""
    found = hashlib.sha256()
    for name, content in sorted(snapshot(folder).items()):
        data = content.encode() if isinstance(content, str) else content
        found.update(f"{name}\0{len(data)}\0".encode() + data)
    return found.hexdigest()


def temporaries(folder: Path) -> Sequence[str]:
    """Return the temporary files in a folder: after any run there should be none."""
    return [name for name in snapshot(folder) if name.endswith("tmp")]


class _Captured(io.TextIOWrapper):
    """A text stream into memory that, as a real one, has bytes underneath."""

    def __init__(self) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding="utf-8", newline="\n")

    def text(self) -> str:
        self.flush()
        return self.bytes.getvalue().decode()


def _entries(folder: Path) -> Iterator[tuple[str, bytes | str]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield name, f"-> {path.readlink()}"
        else:
            yield name, "/" if path.is_dir() else path.read_bytes()


@contextlib.contextmanager
def replaced_environment(env: Mapping[str, str]) -> Iterator[None]:
    """Have another environment for a while."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
