"""AGENTS.md: a block between two markers in a file that is shared with other authors.

The rest of the file is left alone, several agents may have a block each, and none is a persona: the
file is read by many clients as instructions, and holds no policy.
"""

import re

from promptpack.model import Agent
from promptpack.targets.codec import TEXT_REASONS, Target, told

_MARKER = "<!-- promptpack:"


def markers(name: str) -> tuple[str, str]:
    """Return the lines that begin and end an agent's block."""
    return f"{_MARKER}begin {name} -->", f"{_MARKER}end {name} -->"


def find_block(text: str, name: str) -> tuple[int, int] | None:
    """Return where an agent's block stands in a text, markers and last newline included."""
    begin, end = markers(name)
    pattern = rf"^{re.escape(begin)}\r?$(.*?)^{re.escape(end)}\r?$\n?"
    match = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    return match.span() if match else None


def encode(agent: Agent) -> str:
    """Return the agent's block, markers included."""
    begin, end = markers(agent.name)
    return f"{begin}\n{agent.prompt}{end}\n"


def decode(text: str, stem: str) -> Agent:
    """Return the agent of a block, or of the whole file where there is no such block."""
    span = find_block(text, stem)
    if span is not None:
        text = "".join(text[slice(*span)].splitlines(keepends=True)[1:-1])
    return told(stem, "", text)


def problems(text: str) -> list[str]:
    """Return why the block could not be found again."""
    return ["the prompt holds a marker of ours"] if text.count(_MARKER) != 2 else []


AGENTS_MD = Target(
    name="agents-md",
    title="AGENTS.md",
    path="AGENTS.md",
    encode=encode,
    decode=decode,
    problems=problems,
    verified="the request that Codex sends with it (text); codex 0.169.0",
    reasons=TEXT_REASONS,
    keeps=frozenset({"name"}),
    advisory=True,
    tells_policy=True,
    block=True,
)
