"""Speaking to the runner of a workflow: text in; log lines, annotations, outputs, a summary out.

A runner takes log lines for commands, so text that somebody else wrote is only ever logged by
`log`, which has commands stopped for as long as it speaks.
"""

import os
import re
import secrets
import sys
from collections import Counter
from collections.abc import Iterable

LIMIT = 10
"""So many annotations of each level are shown for a step."""

_ANNOTATION = re.compile("::(error|warning|notice) [^\r\n]*")


def log(text: str) -> None:
    """Print text of which no line is taken for a command, whatever it says."""
    if text.strip():
        resume_token = secrets.token_hex(16)
        _print(f"::stop-commands::{resume_token}\n{text.rstrip()}\n::{resume_token}::\n")


def annotate(messages: Iterable[tuple[str, str]], commands: str = "") -> None:
    """Print annotations: our own (level, message), then commands of a report, up to the limit."""
    lines = [f"::{level} title=promptpack::{_escape_data(message)}" for level, message in messages]
    lines += [line for line in commands.split("\n") if _ANNOTATION.fullmatch(line)]
    counts: Counter[str] = Counter()
    for line in lines:
        level = line[2:].partition(" ")[0]
        counts[level] += 1
        if counts[level] <= LIMIT:
            _print(f"{line}\n")


def set_outputs(**values: object) -> None:
    """Set outputs of this step; an underscore stands for a hyphen."""
    for name, value in values.items():
        _append_text("GITHUB_OUTPUT", f"{name.replace('_', '-')}={value}\n")


def append_summary(markdown: str) -> None:
    """Add to the job's summary."""
    _append_text("GITHUB_STEP_SUMMARY", f"{markdown.rstrip()}\n\n")


def _append_text(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        with open(path, "a", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - to append
            file.write(text)


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _print(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.flush()
