r"""dotprompt: `prompts/<name>.prompt`, front matter and a Handlebars template. It holds no policy.

Measured with dotprompt 1.1.2. The body is trimmed, rendered, then cut into messages at marks that
its helpers print; such a mark in a text is taken for one. Handlebars prints `{{` for `\{{`, and a
backslash less where two stand before a tag. A comment prints nothing; two in a row also stop what
is trimmed. From its documentation: `_name.prompt` is a partial, `name.other.prompt` a variant.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from promptpack.model import Agent
from promptpack.patterns import compile_late
from promptpack.source.frontmatter import dump_front_matter
from promptpack.targets.codec import as_number, as_text, make_model, make_text_agent, split_between
from promptpack.targets.json_text import as_mapping
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import FRONT_MATTER_FIELDS, TEXT_REASONS, ClientCheck, Target

NAME = "dotprompt"
_START = compile_late(r"---[^\S\r\n]*(?=[\r\n])")
_END = compile_late(r"(?:\r\n|\r|\n)---[^\S\r\n]*(?:\r\n|\r|\n)")
_SYSTEM = '{{role "system"}}'
_OPEN = compile_late(r"(?<!\\)(\\*)\{\{")
_TAG = compile_late(r"(?<!\\)(\\*)\{\{(?:(!\}\})| *role +[\"']([a-z]+)[\"'] *\}\})?")
_EMPTY = "{{!}}"
_TEXT = compile_late(r"[^\s\ufeff]")
_TRIMMED = compile_late(r"[\s\ufeff]\Z")
_MARK = "<<<dotprompt:"
_KEYS = frozenset({"name", "description", "model", "config"})


def encode(agent: Agent) -> str:
    """Return the file: one message, of the system, in which every tag is escaped.

    The role stands in the first line of the prompt, because a newline after it would be text.
    """
    keys: dict[str, Any] = {"name": agent.name, "description": agent.description}
    if model := agent.model.ids.get(NAME):
        keys["model"] = model
    if agent.temperature is not None:
        keys["config"] = {"temperature": agent.temperature}
    head = dump_front_matter({key: value for key, value in keys.items() if value})
    prompt = agent.prompt.removesuffix("\n")
    start = _EMPTY if prompt.startswith("}") else ""
    stop = _EMPTY * 2 if _TRIMMED.search(prompt) else ""
    return f"{head}{_SYSTEM}{start}{_escape(prompt)}{stop}\n"


def decode(text: str, stem: str) -> Agent:
    """Return the agent of the system messages; tags of a template of its own stay as they are."""
    keys, body = _split(text)
    system = [text for role, text in _iter_messages(body) if role == "system"]
    agent = make_text_agent(
        as_text(keys.get("name")) or stem,
        as_text(keys.get("description")),
        "\n\n".join(system),
        stem=stem,
        temperature=as_number(as_mapping(keys.get("config")).get("temperature")),
    )
    return replace(agent, model=make_model(NAME, keys.get("model")))


def find_problems(text: str) -> list[Problem]:
    """Return what dotprompt would take otherwise than the file says, or promptpack not write."""
    keys, body = _split(text)
    message = f"dotprompt takes '{_MARK}' in the prompt for a mark of its own"
    tags = (match for match in _TAG.finditer(body) if len(match[1]) != 1)
    has_tags = any(not match[2] and not match[3] for match in tags)
    return [
        *list_misread([message] * (_MARK in body)),
        *list_unknown(f"unknown key '{key}'" for key in keys if key not in _KEYS),
        *list_unknown(["the prompt has template tags of its own"] * has_tags),
        *list_misread(["the prompt is empty"] * (not _TEXT.search(decode(text, "").prompt))),
    ]


def refuse(agent: Agent) -> Iterator[str]:
    """Yield why programs that load a folder of prompts take the file for something else."""
    name = agent.stem.rpartition("/")[2]
    if name.startswith("_") or "." in name:
        yield f"dotprompt takes '{name}.prompt' for a partial or for a variant of another prompt"


def _escape(text: str) -> str:
    r"""Return a template that prints a text.

    Backslashes before a tag would act, so an empty tag takes them, with one more that it eats.
    """
    return _OPEN.sub(lambda m: rf"{m[1]}\{_EMPTY}\{{{{" if m[1] else r"\{{", text)


def _iter_messages(template: str) -> Iterator[tuple[str, str]]:
    """Yield the role, "" where none is said, and the text of each message that a template prints.

    A tag that is neither a role nor a comment stays as it is.
    """
    role, text, place = "", "", 0
    for match in _TAG.finditer(template):
        slashes, comment, name = match.groups()
        text += template[place : match.start()] + slashes[1:]
        place = match.end()
        if len(slashes) == 1 or not (comment or name):
            text += match[0].removeprefix(slashes)
        elif name:
            yield role, text
            role, text = name, ""
    yield role, text + template[place:]


def _split(text: str) -> tuple[Mapping[str, Any], str]:
    """Return the keys and the body of a file, cut where dotprompt cuts it."""
    parts = split_between(text, _START, _END)
    return (parts[0], parts[1].strip()) if parts else ({}, text)


DOTPROMPT = Target(
    name=NAME,
    title="dotprompt",
    synonyms=("Genkit", "prompt file", "handlebars"),
    path="prompts/{name}.prompt",
    places=("{path}.prompt",),
    is_on_request=True,
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    refuse=refuse,
    check=ClientCheck(
        "client",
        "its own parser and renderer (name, description, model, prompt)",
        "dotprompt 1.1.2",
        "2026-11-27",
    ),
    reasons=TEXT_REASONS,
    keeps=FRONT_MATTER_FIELDS,
    advisory=True,
    tells_policy=True,
    keys=_KEYS,
    field_keys={"temperature": ("config",)},
    harmless_keys=frozenset({"config"}),
)
