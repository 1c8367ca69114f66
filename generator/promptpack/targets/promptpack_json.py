"""PromptPack JSON: `prompts/<name>.pack.json`, a format of another project. It holds no policy.

From the public schema of PromptPack 1.9.0. Its engines put the values of variables where the
template has `{{variable}}`, and have no escape. One leaves what is no variable's name as it is,
another refuses any `{{` with a `}}` after it, in values too. So such a prompt is refused.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from promptpack.model import Agent
from promptpack.patterns import compile_late
from promptpack.targets.codec import as_number, as_text, make_text_agent
from promptpack.targets.extras import Extra
from promptpack.targets.json_text import as_mapping, read_json, write_json
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import FRONT_MATTER_FIELDS, TEXT_REASONS, ClientCheck, Target

_ID = compile_late(r"[a-z][a-z0-9-]{0,99}")
_VERSION = compile_late(r"v?(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}([-+][0-9A-Za-z.+-]+)?")
_TAG = compile_late(r"\{\{.*?\}\}", re.DOTALL)
_NO_VERSION = "0.0.0"
_LONGEST_NAME, _LONGEST_DESCRIPTION = 200, 5_000
_KEYS = frozenset({"id", "name", "version", "description", "template_engine", "prompts"})
_EXTRAS: Mapping[str, Extra] = {
    "version": Extra(
        "a version such as 1.2.0",
        lambda v: isinstance(v, str) and v != _NO_VERSION and bool(_VERSION.fullmatch(v)),
        "says which version of the prompt the file has",
    )
}


def encode(agent: Agent) -> str:
    """Return the file: a pack of one prompt, without variables."""
    identifier = agent.stem.rpartition("/")[2]
    said = {"name": agent.name, "version": agent.extra.get("version", _NO_VERSION)}
    prompt: dict[str, Any] = {"id": identifier, **said, "system_template": agent.prompt}
    if agent.temperature is not None:
        prompt["parameters"] = {"temperature": agent.temperature}
    head = {"id": identifier, **said, "description": agent.description}
    engine = {"version": "v1", "syntax": "{{variable}}"}
    return write_json({**head, "template_engine": engine, "prompts": {identifier: prompt}})


def decode(text: str, stem: str) -> Agent:
    """Return the agent of the first prompt in a pack."""
    data = as_mapping(read_json(text))
    prompt = as_mapping(next(iter(as_mapping(data.get("prompts")).values()), None))
    version = as_text(data.get("version"))
    return make_text_agent(
        as_text(data.get("name")) or stem,
        as_text(data.get("description")),
        as_text(prompt.get("system_template")),
        stem=stem,
        temperature=as_number(as_mapping(prompt.get("parameters")).get("temperature")),
        extra={"version": version} if version not in ("", _NO_VERSION) else {},
    )


def find_problems(text: str) -> list[Problem]:
    """Return what the schema or an engine of PromptPack would refuse, or what is not ours."""
    data, agent = as_mapping(read_json(text)), decode(text, "")
    prompts = as_mapping(data.get("prompts"))
    unknown = [f"unknown key '{key}'" for key in data if key not in _KEYS]
    unknown += ["there is more than one prompt"] * (len(prompts) > 1)
    return [*list_misread(_iter_refusals(data, agent)), *list_unknown(unknown)]


def _iter_refusals(data: Mapping[str, Any], agent: Agent) -> Iterator[str]:
    identifier, version = as_text(data.get("id")), as_text(data.get("version"))
    if not _ID.fullmatch(identifier):
        yield f"'id' can't be '{identifier}': it has lower-case letters, digits and hyphens"
    if not _VERSION.fullmatch(version):
        yield f"'version' can't be '{version}'"
    for key, most in (("name", _LONGEST_NAME), ("description", _LONGEST_DESCRIPTION)):
        if len(getattr(agent, key)) > most:
            yield f"'{key}' has more than {most:,} characters"
    if match := _TAG.search(agent.prompt):
        shown = match[0].split("\n")[0][:40]
        yield f"PromptPack takes '{shown}' in the prompt for a variable, and has no escape for it"
    if not agent.prompt.strip():
        yield "the prompt is empty"


PROMPTPACK_JSON = Target(
    name="promptpack-json",
    title="PromptPack JSON",
    synonyms=("PromptKit", "pack.json", "JSON"),
    path="prompts/{name}.pack.json",
    places=("{path}.pack.json",),
    is_on_request=True,
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck(
        "client",
        "a template engine of its makers (prompt); the rest from the schema of 1.9.0",
        "promptpack/langchain 0.1.0",
        "2026-11-27",
    ),
    reasons=TEXT_REASONS,
    keeps=FRONT_MATTER_FIELDS,
    hard_limits={"description": _LONGEST_DESCRIPTION},
    advisory=True,
    tells_policy=True,
    extras=_EXTRAS,
)
