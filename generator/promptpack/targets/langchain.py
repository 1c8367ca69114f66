"""`prompts/<name>.langchain.json`: a ChatPromptTemplate in LangChain's own form. It has no policy.

The prompt is a SystemMessage, which is no template in LangChain, so nothing in it is quoted. The
conversation goes into the variable `messages`. Only what `langchain-core` has itself is named, so
it loads with the classes that are allowed by default.
"""

from collections.abc import Mapping
from typing import Any

from promptpack.model import Agent
from promptpack.targets.codec import as_text, make_text_agent
from promptpack.targets.json_text import as_mapping, as_mappings, read_json, write_json
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import TEXT_REASONS, ClientCheck, Target

_MESSAGE = ("langchain", "schema", "messages", "SystemMessage")
_TEMPLATE = "SystemMessagePromptTemplate"


def encode(agent: Agent) -> str:
    """Return the template: the prompt as a message, and a place for those of a conversation."""
    place = {"variable_name": "messages", "optional": True}
    messages = [
        _construct(*_MESSAGE, content=agent.prompt, type="system"),
        _construct("langchain", "prompts", "chat", "MessagesPlaceholder", **place),
    ]
    chat = {"input_variables": [], "messages": messages}
    return write_json(_construct("langchain", "prompts", "chat", "ChatPromptTemplate", **chat))


def decode(text: str, stem: str) -> Agent:
    """Return the agent of the system messages; variables of a template stay as they are."""
    system = (_read_message(one) for one in _list_messages(text))
    return make_text_agent(stem, "", "\n\n".join(filter(None, system)))


def find_problems(text: str) -> list[Problem]:
    """Return what LangChain would make into something else than the prompt as it stands."""
    is_template = any(_find_class(one) == _TEMPLATE for one in _list_messages(text))
    return [
        *([] if decode(text, "").prompt.strip() else list_misread(["the prompt is empty"])),
        *list_unknown(["the prompt is a template"] * is_template),
    ]


def _construct(*identifier: str, **values: object) -> dict[str, Any]:
    """Return what LangChain makes an object of: its class, and what that is called with."""
    return {"lc": 1, "type": "constructor", "id": [*identifier], "kwargs": values}


def _list_messages(text: str) -> list[Mapping[str, Any]]:
    return as_mappings(as_mapping(as_mapping(read_json(text)).get("kwargs")).get("messages"))


def _find_class(data: Mapping[str, Any]) -> str:
    identifier = data.get("id")
    return as_text(identifier[-1]) if isinstance(identifier, list) and identifier else ""


def _read_message(data: Mapping[str, Any]) -> str:
    """Return the text of a system message, nothing of any other."""
    values = as_mapping(data.get("kwargs"))
    if _find_class(data) == _MESSAGE[-1]:
        return as_text(values.get("content"))
    if _find_class(data) != _TEMPLATE:
        return ""
    prompt = as_mapping(as_mapping(values.get("prompt")).get("kwargs"))
    template = as_text(prompt.get("template"))
    is_format = prompt.get("template_format", "f-string") == "f-string"
    return template.replace("{{", "{").replace("}}", "}") if is_format else template


LANGCHAIN = Target(
    name="langchain",
    title="LangChain",
    synonyms=("LangSmith", "hub", "ChatPromptTemplate", "JSON"),
    path="prompts/{name}.langchain.json",
    places=("{path}.langchain.json",),
    is_on_request=True,
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck(
        "client",
        "its own loader and the messages of the template (prompt)",
        "langchain-core 1.8.3",
        "2026-11-27",
    ),
    reasons=TEXT_REASONS,
    keeps=frozenset(),
    advisory=True,
    tells_policy=True,
)
