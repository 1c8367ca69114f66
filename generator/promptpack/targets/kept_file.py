"""A file with a kept head in its pieces: text in, lines and keys with their numbers out, and back.

The head of a Markdown file is its front matter, that of a TOML file all but its prompt.
"""

from typing import NamedTuple

from promptpack.patterns import compile_late
from promptpack.targets import Target
from promptpack.targets.toml_text import find_hole, insert_text, list_toml_spans, split_toml

_KEY = compile_late(r"(?:([A-Za-z_][\w.-]*)|\"([^\"\n]*)\"|'([^'\n]*)')[ \t]*:(?:\s|\Z)")
_OPENING = compile_late(r"---[ \t]*")
_CLOSING = compile_late(r"(?:---|\.\.\.)[ \t]*")


class KeptLine(NamedTuple):
    """A line of a file's head, and the line of the kept head that it is, 0 where it is new."""

    text: str
    line: int


class KeptKey(NamedTuple):
    """A key of a head: its lines, and the comments and blank lines after them."""

    name: str
    lines: tuple[KeptLine, ...]
    rest: tuple[KeptLine, ...]
    is_table: bool = False


class KeptHead(NamedTuple):
    """A head in its pieces; joined they are its lines."""

    before: tuple[KeptLine, ...]
    keys: tuple[KeptKey, ...]
    after: tuple[KeptLine, ...]

    def list_lines(self) -> tuple[KeptLine, ...]:
        """Return its lines in order."""
        keys = (line for key in self.keys for line in (*key.lines, *key.rest))
        return (*self.before, *keys, *self.after)


class KeptFile(NamedTuple):
    """A file with a kept head: the lines of that, and the keys that were replaced.

    The prompt follows the head, or of a TOML file goes into the string of its `prompt_key`.
    """

    lines: tuple[KeptLine, ...]
    replaced: frozenset[str]
    is_ended: bool = True
    """Whether its last line has a newline, also where no prompt follows."""
    prompt_key: str = ""

    def make_text(self, prompt: str) -> str:
        """Return the file's text."""
        head = "\n".join(line.text for line in self.lines)
        if self.prompt_key:
            return insert_text(f"{head}\n" if self.is_ended else head, self.prompt_key, prompt)
        return head + ("\n" if self.lines and (self.is_ended or prompt) else "") + prompt

    def number_lines(self, prompt: str) -> list[int]:
        """Return for each line of the file which line of the kept head it is, 0 for others."""
        numbers = [line.line for line in self.lines]
        head = "\n".join(line.text for line in self.lines)
        hole = find_hole(head, self.prompt_key) if self.prompt_key else None
        if hole is None:
            return numbers
        at = head.count("\n", 0, hole)
        more = self.make_text(prompt).count("\n") - self.make_text("").count("\n")
        first = 0 if head[:hole].endswith("\n") else numbers[at]
        between = [first, *([0] * (more - 1))] if more else []
        return [*numbers[:at], *between, *numbers[at:]]


def split_file(text: str) -> tuple[str, str]:
    """Return the head of a client's file, blank lines after it included, and its prompt.

    The head is empty where the file does not begin with front matter that is closed.
    """
    lines = text.split("\n")
    if not _OPENING.fullmatch(lines[0].removesuffix("\r")):
        return "", text
    ends = (n for n, one in enumerate(lines[1:], 1) if _CLOSING.fullmatch(one.removesuffix("\r")))
    end = next(ends, -1)
    if end < 0:
        return "", text
    end += 1
    while end < len(lines) - 1 and not lines[end].strip():
        end += 1
    head = "\n".join(lines[:end]) + ("\n" if end < len(lines) else "")
    return head, text[len(head) :]


def split_kept(target: Target, text: str) -> tuple[str, str]:
    """Return the head of a target's file and its prompt, as they are kept.

    Raises ValueError for a TOML file that can't be put together from these again.
    """
    return split_toml(text, target.prompt_key) if target.prompt_key else split_file(text)


def split_head(text: str, prompt_key: str = "") -> KeptHead:
    """Return a head in its pieces: each key with all lines up to the next one."""
    texts = text.split("\n")
    lines = [KeptLine(one, number) for number, one in enumerate(texts, 1)]
    if not texts[-1]:
        lines.pop()
    if prompt_key:
        return _split_toml_head(text, lines)
    filled = [number for number, line in enumerate(lines) if line.text.strip()]
    if len(filled) < 2:
        return KeptHead(tuple(lines), (), ())
    starts = [n for n in range(1, filled[-1]) if _KEY.match(lines[n].text)]
    ends = [*starts[1:], filled[-1]] if starts else []
    keys = [_make_key(lines[start:end]) for start, end in zip(starts, ends, strict=True)]
    first = starts[0] if starts else filled[-1]
    return KeptHead(tuple(lines[:first]), tuple(keys), tuple(lines[filled[-1] :]))


def _split_toml_head(text: str, lines: list[KeptLine]) -> KeptHead:
    spans = list_toml_spans(text)
    ends = [*(span.start for span in spans[1:]), len(lines)][: len(spans)]
    keys = [
        KeptKey(
            one.name, tuple(lines[one.start : one.end]), tuple(lines[one.end : end]), one.is_table
        )
        for one, end in zip(spans, ends, strict=True)
    ]
    return KeptHead(tuple(lines[: spans[0].start] if spans else lines), tuple(keys), ())


def _make_key(lines: list[KeptLine]) -> KeptKey:
    match = _KEY.match(lines[0].text)
    name = next(filter(None, match.groups()), "") if match else ""
    end = len(lines)
    while end > 1 and (not lines[end - 1].text.strip() or lines[end - 1].text.startswith("#")):
        end -= 1
    return KeptKey(name, tuple(lines[:end]), tuple(lines[end:]))
