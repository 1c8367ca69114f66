"""What a command of promptpack asks of the system: no network, and no program but git.

Only `doctor` starts more, where it is not told otherwise: clients, for their versions.

Python tells an audit hook of each connection, name look-up and program before it happens. The hook
ends the process, so nothing can catch what it says.
"""

from pathlib import Path

import pytest
from click import Context

from promptpack.cli import program
from review_cases import commit
from support import built, run, write_files

WATCHED = """
import os, sys

def watch(event, details):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        refuse(event)
    if event == "subprocess.Popen" and os.path.basename(os.fspath(details[0])) != "git":
        refuse(f"{event} {details[0]}")
    if event in ("os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn"):
        refuse(event)

def refuse(what):
    os.write(2, f"refused: {what}\\n".encode())
    os._exit(99)

sys.addaudithook(watch)
from promptpack.cli import main
main()
"""

OUTPUT = "dist/opencode/tiny.look/.opencode/agents/demo.md"
COMMANDS = (
    ("build",),
    ("check",),
    ("lint",),
    ("list",),
    ("show", "demo"),
    ("explain", f"{OUTPUT}:5"),
    ("impact", "packs/demo/role.md:1"),
    ("targets",),
    ("schema", "pack"),
    ("install", "--target", "opencode", "--into", "../shop"),
    ("diff", "HEAD"),
    ("accept", "P1", "HEAD", "--reason", "it was reviewed"),
    ("docs", "export", "../site"),
    ("docs", "build", "--out", "../site"),
    ("absorb", "--yes", OUTPUT),
    ("audit", "."),
    ("audit", "--base", "HEAD"),
    ("import", "dist", "--into", "../imported", "--yes"),
    ("disagree",),
    ("init", "../new"),
    ("new", "other"),
    ("new-library", "acme", "--into", "../acme-prompts"),
    ("eject", "review"),
    ("doctor", "--no-clients"),  # without it, clients are asked for their versions
    ("help", "installing"),
    ("completion", "zsh"),  # for bash, click asks that program for its version
)


@pytest.mark.fault("network")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_uses_no_network_and_no_program_but_git(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    project = built(tmp_path / "project")
    write_files(tmp_path / "shop", {"README.md": "A shop.\n"})
    commit(project)
    edited = {"diff": "packs/demo/role.md", "absorb": OUTPUT}
    if path := edited.get(words[0]):
        text = (project / path).read_text(encoding="utf-8")
        write_files(project, {path: text.replace("You answer", "You always answer")})
    if words[0] == "accept":
        path = "templates/policies/look.yaml"
        text = (project / path).read_text(encoding="utf-8")
        write_files(project, {path: text.replace("glob: allow", "glob: allow, read: allow")})
    done = run(*words, cwd=project, code=WATCHED, env={"NO_MKDOCS_2_WARNING": "1"})
    assert (done.code, "refused" in done.err) == (0, False), done.err


def test_every_command_is_watched() -> None:
    assert {words[0] for words in COMMANDS} == set(program.list_commands(Context(program)))


@pytest.mark.parametrize(
    "act",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.getaddrinfo('host.invalid', 80)",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
    ],
)
def test_the_watch_notices(act: str, tmp_path: Path) -> None:
    code = WATCHED.partition("from promptpack")[0]
    done = run(cwd=tmp_path, code=f"{code}{act}")
    assert (done.code, done.err.startswith("refused: ")) == (99, True)
