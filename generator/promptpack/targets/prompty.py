"""Prompty: `prompts/<name>.prompty`, front matter and a Jinja template. It holds no policy.

Measured with prompty 2.1.0. The front matter ends at the first `---` or `+++` after its start,
wherever that stands. The body is rendered, then cut into messages at each line that is a role and a
colon, so there is no way to write such a line as text. Every end of a line that Python knows
becomes a newline, and blank lines at the ends of a message are dropped. A name or description that
is `${env:…}` or `${file:…}` is replaced.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from promptpack.model import Agent
from promptpack.patterns import compile_late
from promptpack.source.frontmatter import dump_front_matter
from promptpack.targets.codec import (
    as_number,
    as_text,
    end_line,
    make_model,
    make_text_agent,
    split_between,
)
from promptpack.targets.json_text import as_mapping
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import FRONT_MATTER_FIELDS, TEXT_REASONS, ClientCheck, Target
from promptpack.targets.template_tags import has_own_tags, quote_tags, unquote_tags

NAME = "prompty"
_START = compile_late(r"\s*---")
_END = compile_late(r"---|\+\+\+")
_ROLE = compile_late(r"#?\s*(system|user|assistant|developer)\s*(\[.*\])?\s*:", re.IGNORECASE)
_OTHER_LINE_END = compile_late("[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_KEYS = frozenset({"name", "description", "model"})


def encode(agent: Agent) -> str:
    """Return the file: one message, of the system, in which every tag is quoted."""
    model: dict[str, Any] = {}
    if identifier := agent.model.ids.get(NAME):
        model["id"] = identifier
    if agent.temperature is not None:
        model["options"] = {"temperature": agent.temperature}
    keys = {"name": agent.name, "description": agent.description, "model": model}
    head = dump_front_matter({key: value for key, value in keys.items() if value})
    return f"{head}system:\n{quote_tags(end_line(agent.prompt))}"


def decode(text: str, stem: str) -> Agent:
    """Return the agent of the system messages; tags of a template of its own stay as they are."""
    keys, body = _split(text)
    said = keys.get("model")
    model = {"id": said} if isinstance(said, str) else as_mapping(said)
    agent = make_text_agent(
        as_text(keys.get("name")) or stem,
        as_text(keys.get("description")),
        "\n\n".join(_iter_system_messages(unquote_tags(body))),
        stem=stem,
        temperature=as_number(as_mapping(model.get("options")).get("temperature")),
    )
    return replace(agent, model=make_model(NAME, model.get("id")))


def find_problems(text: str) -> list[Problem]:
    """Return what Prompty would take otherwise than the file says, or promptpack not write."""
    keys, body = _split(text)
    texts = ((key, as_text(keys.get(key))) for key in sorted(FRONT_MATTER_FIELDS))
    replaced = (key for key, value in texts if value.startswith("${") and value.endswith("}"))
    return [
        *list_misread(f"Prompty replaces a {key} that is '${{…}}'" for key in replaced),
        *list_unknown(f"unknown key '{key}'" for key in keys if key not in _KEYS),
        *list_unknown(["the prompt has template tags of its own"] * has_own_tags(body)),
        *([] if decode(text, "").prompt.strip() else list_misread(["the prompt is empty"])),
    ]


def refuse(agent: Agent) -> Iterator[str]:
    """Yield why Prompty can't give a text back as it is."""
    for key in sorted(FRONT_MATTER_FIELDS):
        if match := _END.search(getattr(agent, key)):
            yield f"Prompty ends the front matter at '{match[0]}' in the {key}"
    role = next(filter(_is_role, agent.prompt.split("\n")), "")
    if role:
        yield f"Prompty takes the line '{role.strip()}' of the prompt for the start of a message"
    if match := _OTHER_LINE_END.search(agent.prompt):
        yield f"Prompty makes the character U+{ord(match[0]):04X} of the prompt a newline"


def _is_role(line: str) -> bool:
    return _ROLE.fullmatch(line.strip()) is not None


def _split(text: str) -> tuple[Mapping[str, Any], str]:
    """Return the keys and the body of a file, cut where Prompty cuts it."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    parts = split_between(text, _START, _END)
    return (parts[0], parts[1].lstrip()) if parts else ({}, text)


def _iter_system_messages(body: str) -> Iterator[str]:
    """Yield the text of each message of the system; what stands before any role is one too."""
    lines: list[str] = []
    is_system = True
    for line in (*body.splitlines(), "system:"):
        if not _is_role(line):
            lines.append(line)
            continue
        if is_system and lines:
            yield "\n".join(lines).strip("\n")
        lines = []
        match = _ROLE.match(line.strip())
        is_system = match is not None and match[1].lower() == "system"


PROMPTY = Target(
    name=NAME,
    title="Prompty",
    synonyms=("prompty file", "jinja", "prompt file"),
    path="prompts/{name}.prompty",
    places=("{path}.prompty",),
    is_on_request=True,
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    refuse=refuse,
    check=ClientCheck(
        "client",
        "its own loader, renderer and parser (name, description, model, prompt)",
        "prompty 2.1.0",
        "2026-11-27",
    ),
    reasons=TEXT_REASONS,
    keeps=FRONT_MATTER_FIELDS,
    advisory=True,
    tells_policy=True,
    keys=_KEYS,
    field_keys={"temperature": ("model",)},
)
