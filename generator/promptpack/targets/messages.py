"""`messages.json`: the start of a chat request, for any API. It holds no policy."""

from typing import Any

from promptpack.model import Agent
from promptpack.targets.codec import as_number, as_text, make_text_agent
from promptpack.targets.json_text import as_mapping, as_mappings, read_json, write_json
from promptpack.targets.problems import Problem, list_misread
from promptpack.targets.target import TEXT_REASONS, ClientCheck, Target


def encode(agent: Agent) -> str:
    """Return the system message, and a temperature where one is given."""
    data: dict[str, Any] = {"messages": [{"role": "system", "content": agent.prompt}]}
    if agent.temperature is not None:
        data["temperature"] = agent.temperature
    return write_json(data)


def decode(text: str, stem: str) -> Agent:
    """Return the agent of the system messages in a chat request."""
    data = as_mapping(read_json(text))
    system = [
        as_text(message.get("content"))
        for message in as_mappings(data.get("messages"))
        if message.get("role") == "system"
    ]
    temperature = as_number(data.get("temperature"))
    return make_text_agent(stem, "", "\n\n".join(system), temperature=temperature)


def find_problems(text: str) -> list[Problem]:
    """Return why there is nothing to send."""
    return [] if decode(text, "").prompt.strip() else list_misread(["the prompt is empty"])


MESSAGES = Target(
    name="messages",
    title="Messages",
    synonyms=("JSON", "API", "chat"),
    path="{name}/messages.json",
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
