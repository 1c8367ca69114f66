"""AGENTS.md: a block between two markers in a file that is shared with other authors.

The rest of the file is left alone, several agents may have a block each, and none is a persona: the
file is read by many clients as instructions, and holds no policy.
"""

from promptpack.model import Agent
from promptpack.targets import blocks
from promptpack.targets.codec import end_line, make_text_agent
from promptpack.targets.problems import Problem, list_misread
from promptpack.targets.target import TEXT_REASONS, ClientCheck, SoftLimit, Target


def encode(agent: Agent) -> str:
    """Return the agent's block, markers included."""
    return blocks.wrap_block(agent.stem, end_line(agent.prompt))


def decode(text: str, stem: str) -> Agent:
    """Return the agent of a block, or of the whole file where there is no such block."""
    block = blocks.find_block(text, stem)
    if block is not None:
        text = blocks.unwrap_block(block)
    return make_text_agent(stem, "", text)


def find_problems(text: str) -> list[Problem]:
    """Return why the block could not be found again."""
    if text.count(blocks.MARKER) == 2:
        return []
    return list_misread(["the prompt contains one of promptpack's own block markers"])


AGENTS_MD = Target(
    name="agents-md",
    title="AGENTS.md",
    synonyms=("project instructions",),
    path="AGENTS.md",
    is_on_request=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck(
        "client", "the request that Codex sends with it (text)", "codex 0.171.0", "2026-11-26"
    ),
    reasons=TEXT_REASONS,
    keeps=frozenset(),
    advisory=True,
    tells_policy=True,
    block=blocks.MARKED_BLOCKS,
    is_common=True,
    read_by=("codex",),
    soft_limit=SoftLimit("bytes", 32 * 1024, "Codex reads"),
)
