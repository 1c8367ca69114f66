"""`system.md`: the prompt and nothing else, for any API. It holds no policy."""

from promptpack.model import Agent
from promptpack.targets.codec import make_text_agent
from promptpack.targets.problems import Problem, list_misread
from promptpack.targets.target import TEXT_REASONS, ClientCheck, Target


def encode(agent: Agent) -> str:
    """Return the prompt."""
    return agent.prompt


def decode(text: str, stem: str) -> Agent:
    """Return the agent of a prompt alone."""
    return make_text_agent(stem, "", text)


def find_problems(text: str) -> list[Problem]:
    """Return why there is nothing to send."""
    return [] if text.strip() else list_misread(["the prompt is empty"])


SYSTEM = Target(
    name="system",
    title="System prompt",
    synonyms=("plain text", "API", "raw prompt"),
    path="{name}/system.md",
    is_on_request=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck("text", "plain text, read back"),
    reasons=TEXT_REASONS,
    keeps=frozenset(),
    advisory=True,
    tells_policy=True,
)
