"""A terminal to print on, and a reading of what was printed that shares nothing with the program.

The parser follows ECMA-48, where a control sequence begins with ESC or with one of the C1 codes.
"""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from support import PATIENCE, environment

_SEQUENCE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"  # a control sequence
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)?"  # a string
    "|\x1b[ -/]*[0-~]?"  # any other escape
)
_DRIVER = """
import json, os, sys
from promptpack.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["promptpack", *words]
    try:
        main()
    except SystemExit as end:
        os.write(1, b"\\0%d\\0" % end.code)
"""
_SESSION = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from promptpack.cli import main
main()
"""
_COLOR = re.compile("\x1b\\[(?:0|1|3[1-6]|3[1-6];1)m")
_COMMAND = re.compile(r"\s*::|.*##\w*\[", re.DOTALL)


def find_actions(shown: str, *, in_log: bool = True) -> Iterator[str]:
    """Yield what acts on a terminal or in a log: all but text, line ends and plain colors."""
    for sequence in _SEQUENCE.findall(shown):
        if not _COLOR.fullmatch(sequence):
            yield f"sequence {sequence!r}"
    text = _SEQUENCE.sub("", shown)
    for character in sorted(set(text) - {"\n"}):
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
            yield f"character {character!r}"
    for line in text.split("\n") if in_log else ():
        if _COMMAND.match(line):
            yield f"command {line!r}"


def run_on_terminal(
    calls: Iterable[Sequence[str]], cwd: Path, columns: int = 80, *, err: bool = True
) -> list[tuple[int, str]]:
    """Return the exit code of each command and what it writes to a terminal of its own.

    One process runs them all, which is ten times as fast. Nobody types there. Without `err`, what
    goes to stderr is dropped.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", _DRIVER, json.dumps([*calls])],
        cwd=cwd,
        env=environment({"TERM": "xterm", "COLUMNS": ""}),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs if err else subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        assert process.wait(PATIENCE) == 0, shown
    os.close(ours)
    text = shown.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    parts = text.split("\0")
    return [(int(code), part) for part, code in zip(parts[::2], parts[1::2], strict=False)]


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # what Linux says when the other end is closed
        return b""


def answer_on_terminal(
    words: Sequence[str], cwd: Path, answer: str, columns: int = 80, **variables: str
) -> tuple[int, str]:
    """Run a command on a terminal and type an answer once it asks; return its code and all shown.

    It is typed when a question has ended in `]: `. The character 3 is an interrupt, as Ctrl-C is.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", _SESSION, *words],
        cwd=cwd,
        env=environment({"TERM": "xterm", "COLUMNS": "", **variables}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown, is_answered = b"", False
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 2)[0]:
                if is_answered:  # an interrupt is lost if it comes just before the program reads
                    os.write(ours, answer.encode())
                continue
            chunk = _read(ours)
            if not chunk:
                break
            shown += chunk
            if not is_answered and b"]: " in shown:
                is_answered = True
                os.write(ours, answer.encode())
        os.close(ours)
        code = process.wait(PATIENCE)
    return code, shown.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
