"""An output as lines that can be compared: what was built in, and what stands there, lines out.

Most files are compared line by line as they are. Where a prompt is spelled otherwise in its file
(JSON, TOML, a template), its own lines are, and of front matter that is kept the lines of that.
"""

import json
from collections.abc import Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple

from promptpack.absorb.hunks import OutputEdit, apply_output_edits
from promptpack.model import Agent, Artifact
from promptpack.output.locate import LocatedOutput
from promptpack.source.text import split_lines
from promptpack.targets import TARGETS, Target
from promptpack.targets.heads import merge_head, spells_prompt
from promptpack.targets.kept_file import KeptFile, KeptLine, split_kept


class OutputView(NamedTuple):
    """An output's lines as built and as they are now; the prompt's are from `start` to `stop`.

    `kind` says of what: of the whole file, of its kept front matter and its prompt, or of its
    prompt alone.
    """

    kind: Literal["file", "kept", "prompt"]
    target: Target
    place: LocatedOutput
    built: tuple[str, ...]
    now: tuple[str, ...]
    start: int
    stop: int

    def read(self, artifact: Artifact) -> tuple[str, ...]:
        """Return the lines of another build of the output."""
        return _read_built(self.kind, self.target, artifact)

    def make_text(self, edits: Sequence[OutputEdit]) -> str:
        """Return the file as built, with some hunks of what stands before and after the prompt."""
        lines = apply_output_edits(self.built, edits)
        if self.kind == "file":
            return "\n".join(lines)
        agent = self.place.artifact.agent
        if agent.form.head is None:
            return self.place.artifact.text
        count = self.start + sum(len(edit.new) - len(edit.old) for edit in edits)
        kept = tuple(KeptLine(line, 0) for line in lines[:count])
        is_ended = agent.form.head.text.endswith("\n")
        return KeptFile(kept, frozenset(), is_ended, self.target.prompt_key).make_text(agent.prompt)

    def number_kept(self) -> list[int]:
        """Return which line of the kept front matter each line before the prompt is, or 0."""
        agent = self.place.artifact.agent
        if agent.form.head is None or self.kind == "prompt":
            return [0] * self.start
        return [line.line for line in merge_head(self.target, agent).lines][: self.start]

    def find_line(self, edit: OutputEdit) -> int:
        """Return the line of the file on disk at which a hunk stands, from 1."""
        before, lines = self.place.before, self.place.text.split("\n")
        if self.kind == "file" or (self.kind == "kept" and edit.last <= self.start):
            last = max(len(lines) - (not lines[-1]), 1)
            return min(edit.place + 1, last) + before
        words = next((line for line in (edit.new or edit.old) if line.strip()), "")
        spelled = {words, json.dumps(words)[1:-1], json.dumps(words, ensure_ascii=False)[1:-1]}
        holders = (
            number for number, line in enumerate(lines, 1) if any(s and s in line for s in spelled)
        )
        return next(holders, self.find_first_change() - before) + before

    def find_first_change(self) -> int:
        """Return the first line of the file on disk that is not as it was built, from 1."""
        pairs = zip_longest(self.place.text.split("\n"), self.place.artifact.text.split("\n"))
        numbers = (number for number, (now, old) in enumerate(pairs, 1) if now != old)
        return next(numbers, 1) + self.place.before

    def find_text(self, text: str) -> int:
        """Return the line of the file on disk that holds a text, else the first that changed."""
        lines = enumerate(self.place.text.split("\n"), 1)
        first = self.find_first_change()
        return next((n + self.place.before for n, line in lines if text and text in line), first)


def make_view(place: LocatedOutput) -> OutputView:
    """Return an output's lines; raises ValueError where its kept front matter can't be read."""
    artifact = place.artifact
    target, agent = TARGETS[artifact.target], artifact.agent
    prompt = split_lines(agent.prompt)
    if not target.prompt_key and not spells_prompt(target) and prompt:
        lines = tuple(artifact.text.split("\n"))
        start = _find_lines(lines, prompt)
        if start >= 0:
            stop = start + len(prompt)
            stop += stop == len(lines) - 1
            now = tuple(place.text.split("\n"))
            return OutputView("file", target, place, lines, now, start, stop)
    if agent.form.head is not None and agent.form.head.text.strip():
        start = len(merge_head(target, agent).lines)
        head, text = split_kept(target, place.text)
        built = _read_built("kept", target, artifact)
        now = (*split_lines(head), *text.split("\n"))
        return OutputView("kept", target, place, built, now, start, len(built))
    if agent.form.head is not None:
        now = tuple(place.text.split("\n"))
    else:
        now = tuple(_split_edited(agent, target.decode(place.text, agent.stem)))
    built = _read_built("prompt", target, artifact)
    return OutputView("prompt", target, place, built, now, 0, len(built))


def _read_built(kind: str, target: Target, artifact: Artifact) -> tuple[str, ...]:
    agent = artifact.agent
    if kind == "file":
        return tuple(artifact.text.split("\n"))
    if kind == "kept":
        head = (line.text for line in merge_head(target, agent).lines)
        return (*head, *agent.prompt.split("\n"))
    return tuple(split_lines(agent.prompt) if agent.form.head is None else agent.prompt.split("\n"))


def _find_lines(lines: Sequence[str], part: Sequence[str]) -> int:
    """Return where some lines stand last among others, or -1."""
    wanted, size = tuple(part), len(part)
    starts = (n for n in range(len(lines) - size, -1, -1) if lines[n] == wanted[0])
    return next((n for n in starts if tuple(lines[n : n + size]) == wanted), -1)


def _split_edited(built: Agent, now: Agent) -> list[str]:
    """Return the lines of an edited prompt, with the blank ends that it was built with.

    What a client reads of a file says nothing of those.
    """
    lines = split_lines(built.prompt)
    filled = [number for number, line in enumerate(lines) if line.strip()] or [0]
    body = split_lines(now.prompt)
    if body and lines:  # the first line's indent, and what is blank at the last one's end
        first, last = lines[filled[0]], lines[filled[-1]]
        body[0] = first[: len(first) - len(first.lstrip())] + body[0].lstrip()
        body[-1] += last[len(last.rstrip()) :]
    return [*lines[: filled[0]], *body, *lines[filled[-1] + 1 :]]
