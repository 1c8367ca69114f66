"""What clients replace in the text of a command: patterns, shared by the codecs of commands.

A pattern may find more than a client replaces, never less: what it finds is refused.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from promptpack.patterns import compile_late
from promptpack.source import frontmatter
from promptpack.targets.codec import check_front_matter
from promptpack.targets.extras import Extras
from promptpack.targets.problems import Problem, list_unknown
from promptpack.targets.target import TEXT_REASONS, Injection

COMMAND_REASONS = replace(
    TEXT_REASONS,
    fields={
        **TEXT_REASONS.fields,
        "arguments": "it has no single arguments: the prompt says in words which one is meant",
    },
)
"""The reasons of commands that are text only."""

_HINT = "; write a '`' right before the '@', or leave it out"

FILE_PATTERN = compile_late(r"(?<![A-Za-z0-9_`])@[^ \t\n`,]|(?:^|\s)@", re.MULTILINE)
"""`@` where OpenCode or Claude Code reads a file, or a folder, of the name behind it (measured).

OpenCode passes over it behind a letter, a digit, `_` and a backtick; Claude Code reads it at the
start of a line and behind white space, in code too.
"""

COMMAND_PATTERN = compile_late(r"!`|(?:`{3,}|~{3,})!")
"""Where OpenCode or Claude Code runs a command, or would if the text went on so (measured)."""


def make_file_injection(client: str) -> Injection:
    """Return that a client reads files whose names stand behind `@`."""
    return Injection("read", FILE_PATTERN, f"{client} would read the file behind an '@'{_HINT}")


def make_command_injection(client: str) -> Injection:
    """Return that a client runs commands that stand behind `!` in backticks."""
    message = f"{client} would run what stands in the text after '!`' or '```!'"
    return Injection("execute", COMMAND_PATTERN, message)


def check_command(
    text: str,
    key_types: Mapping[str, type | tuple[type, ...]],
    extras: Extras = MappingProxyType({}),
    held_keys: Collection[str] = (),
) -> list[Problem]:
    """Return what is wrong with a file's head, as `check_front_matter`; it need not have one."""
    if frontmatter.split_front_matter(text).head is None:
        return list_unknown([] if text.strip() else ["the prompt is empty"])
    return check_front_matter(text, key_types, (), extras, held_keys)
