"""The command line as a program: what it imports, exit codes, streams, colours and terminals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from promptpack import __version__
from promptpack.cli import COMMANDS, program
from support import Result, call, environment, run, write_files

HEAVY = {"jinja2", "yaml", "pydantic", "rich", "mkdocs", "markdown_it"}
BROKEN = {"packs/demo/pack.yaml": "name: demo\nsectoins: {}\n"}
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ANSI = "\x1b["

IMPORTS = """
import sys
from promptpack.cli import run
code = run(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("completion", "bash")])
def test_what_is_quick_imports_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path, code=IMPORTS)
    assert done.code == 0
    assert "click" in done.err.split()
    assert not HEAVY & set(done.err.split())


def test_version(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path) == Result(0, f"promptpack {__version__}\n", "")


def test_the_installed_script_is_the_module(tmp_path: Path) -> None:
    code = "from promptpack.cli import main; main()"
    assert run("--help", cwd=tmp_path, code=code) == run("--help", cwd=tmp_path)


def test_help_lists_every_command(tmp_path: Path) -> None:
    said = call("--help", cwd=tmp_path).out
    assert all(f"  {name} " in said for name in COMMANDS)
    context = click.Context(program)
    for name, summary in COMMANDS.items():
        command = program.get_command(context, name)
        assert command is not None
        assert command.help, name
        assert summary in said
        assert call(name, "--help", cwd=tmp_path).code == 0


def test_exit_codes(project: Path) -> None:
    assert call("build", cwd=project).code == 0
    assert call("check", cwd=project).code == 0
    assert call("biuld", cwd=project).code == 2
    assert call("build", "--pack", "dmo", cwd=project).code == 2
    write_files(project, {"packs/demo/role.md": "New.\n"})
    assert call("check", cwd=project).code == 1
    write_files(project, {"out/opencode": "a file where a folder has to be"})
    assert call("build", "--out", "out", cwd=project).code == 4
    write_files(project, BROKEN)
    assert call("check", cwd=project).code == 3


def test_a_fault_of_ours_keeps_its_traceback(project: Path) -> None:
    code = "from promptpack import cli; cli.program.callback = None; cli.main()"
    done = run("list", cwd=project, code=code)
    assert (done.code, "Traceback" in done.err) == (4, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("show",),
        ("build",),
        ("build", "--format", "json"),
        ("check",),
        ("schema", "pack"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_data_goes_to_stdout(arguments: tuple[str, ...], project: Path) -> None:
    done = call(*arguments, cwd=project)
    assert (done.code, bool(done.out), done.err) == (0, True, "")
    if "json" in arguments:
        json.loads(done.out)


@pytest.mark.parametrize(
    "arguments", [("list",), ("build", "--format", "json"), ("check",), ("biuld",)], ids=" ".join
)
def test_talk_goes_to_stderr(arguments: tuple[str, ...], project: Path) -> None:
    write_files(project, BROKEN)
    done = call(*arguments, cwd=project)
    assert (done.code in {2, 3}, done.out, bool(done.err)) == (True, "", True)


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    "arguments",
    [("list",), ("show",), ("build",), ("build", "--format", "json"), ("schema", "pack")],
    ids=" ".join,
)
def test_a_reader_that_has_left(arguments: tuple[str, ...], project: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "promptpack", *arguments],
        cwd=project,
        env=environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.fault(67)
def test_errors_that_nobody_reads(project: Path) -> None:
    write_files(project, BROKEN)
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "promptpack", "build"]
    done = subprocess.run(
        command, cwd=project, env=environment(), stdout=writer, stderr=writer, check=False
    )
    os.close(writer)
    assert done.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_stdout_is_full(project: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "promptpack", "list"],
            cwd=project,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (4, b"promptpack: no space left on device\n")


@pytest.mark.fault(67)
@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&- 0<&-"])
def test_streams_that_are_closed(closed: str, project: Path) -> None:
    command = f'"{sys.executable}" -m promptpack build --force {closed}'
    done = subprocess.run(
        ["sh", "-c", command], cwd=project, env=environment(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.fault(67)
def test_colours(project: Path) -> None:
    write_files(project, {"packs/demo/role.md": "New.\n"})
    assert ANSI not in call("check", cwd=project).out
    assert ANSI in call("--color", "always", "check", cwd=project).out
    assert ANSI not in call("--color", "never", "check", cwd=project).out
    assert ANSI in call("--color", "always", "check", cwd=project, env={"NO_COLOR": "1"}).out
    write_files(project, BROKEN)
    assert ANSI not in call("build", cwd=project).err
    assert ANSI in call("--color", "always", "build", cwd=project).err


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    ("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_on_a_terminal(env: dict[str, str], coloured: bool, project: Path) -> None:
    write_files(project, {"packs/demo/role.md": "New.\n"})
    said = on_terminal("check", cwd=project, env={"TERM": "xterm", **env})
    assert "tiny.look" in said
    assert (ANSI in said) is coloured


@pytest.mark.fault(67)
def test_a_bar_on_a_terminal_leaves_nothing_behind(project: Path) -> None:
    said = on_terminal("build", cwd=project, env={"TERM": "xterm"})
    assert said.splitlines()[-1].endswith("Built\x1b[0m 2 files in dist: 0 written, 2 unchanged")
    said = on_terminal("build", cwd=project, env={"TERM": "dumb"})
    assert ANSI not in said


@pytest.mark.fault(67)
@pytest.mark.parametrize("env", [ASCII, {"PYTHONIOENCODING": "latin-1"}], ids=["C", "latin-1"])
def test_a_locale_without_unicode(env: dict[str, str], project: Path) -> None:
    write_files(project, {"packs/demo/role.md": "Caf\u00e9 \u2192 \u6771\u4eac.\n"})
    for arguments in (("check",), ("-v", "build"), ("show",)):
        done = subprocess.run(
            [sys.executable, "-m", "promptpack", *arguments],
            cwd=project,
            env=environment(env),
            capture_output=True,
            check=False,
        )
        assert done.returncode in {0, 1}
        assert b"Traceback" not in done.stderr
    assert "Caf\u00e9 \u2192 \u6771\u4eac." in done.stdout.decode()


@pytest.mark.fault(67)
def test_a_narrow_terminal(project: Path) -> None:
    narrow = {"COLUMNS": "40"}
    write_files(project, {"packs/demo/role.md": f"You {'really ' * 40}are.\n"})
    for arguments in (("check",), ("build",), ("list",), ("--help",), ("build", "--help")):
        done = call(*arguments, cwd=project, env=narrow)
        assert done.code in {0, 1}
        assert "Traceback" not in done.err
    said = call("--help", cwd=project, env=narrow).out
    assert max(len(line) for line in said.splitlines()) <= 50, "as narrow as click gets"


def test_a_long_line_is_cropped_around_the_mistake(project: Path) -> None:
    write_files(project, {"packs/demo/role.md": f"{'x' * 300}\u202e{'y' * 300}\n"})
    lines = call("build", cwd=project).err.partition("PP301")[2].splitlines()
    caret = next(line for line in lines if "^" in line)
    shown = lines[lines.index(caret) - 1]
    assert len(shown) < 120
    assert shown[caret.index("^")] == "\N{REPLACEMENT CHARACTER}"


def test_errors_come_in_one_order(project: Path) -> None:
    write_files(project, BROKEN)
    said = {run("build", cwd=project, env={"PYTHONHASHSEED": str(seed)}) for seed in range(1, 5)}
    assert len(said) == 1


@pytest.mark.fault(9)
@pytest.mark.parametrize("kind", ["pipe", "folder", "broken link"])
def test_a_source_that_is_no_file(kind: str, project: Path) -> None:
    path = project / "packs/demo/odd.md"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere.md")
    done = call("build", cwd=project)
    assert (done.code, "  --> packs/demo/odd.md:1:1\n" in done.err) == (3, True)


@pytest.mark.fault(15, "raw-names")
def test_hostile_names_do_not_reach_the_terminal(project: Path) -> None:
    write_files(project, {"packs/demo/\x1b[31mred\u202e.md": "Text.\n"})
    write_files(
        project, {"templates/fragments/\x1b[31mred\u202e.md": "caf\u00e9".encode("latin-1")}
    )
    done = call("build", cwd=project)
    assert done.code == 3
    assert "\x1b" not in done.err
    assert "\u202e" not in done.err
    for arguments in (("list",), ("list", "--format", "json")):
        assert "\x1b" not in call(*arguments, cwd=project).out


def on_terminal(*arguments: str, cwd: Path, env: dict[str, str]) -> str:
    """Return what a terminal shows of a command, escape sequences and all."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "promptpack", *arguments]
    with subprocess.Popen(
        command, cwd=cwd, env=environment(env), stdin=theirs, stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # what Linux says when the other end is closed
        return b""
