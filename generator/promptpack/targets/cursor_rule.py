"""Cursor rules: `.cursor/rules/<name>.mdc`. A rule is text and holds no policy.

From Cursor's documentation, not measured. A rule is used in every session (`alwaysApply`), for the
files that its `globs` match, or where its description fits.
"""

from collections.abc import Mapping
from typing import Any

from promptpack.model import Agent
from promptpack.source.frontmatter import split_front_matter, split_keys
from promptpack.source.yaml_writer import write_mapping
from promptpack.targets.codec import (
    as_text,
    check_front_matter,
    make_text_agent,
    read_front_matter,
)
from promptpack.targets.extras import (
    Extra,
    find_wrong_extras,
    list_globs,
    make_flag,
    make_globs,
    read_extra,
)
from promptpack.targets.problems import Problem, list_unknown
from promptpack.targets.target import TEXT_REASONS, ClientCheck, Target

_KEYS: Mapping[str, type] = {"description": str}
_EXTRAS: Mapping[str, Extra] = {
    "globs": make_globs("uses the rule for files that match one of these patterns"),
    "alwaysApply": make_flag("uses the rule in every session", default=False),
}


def encode(agent: Agent) -> str:
    """Return the rule file, applied where its description fits unless extra keys say more.

    Cursor takes the patterns of `globs` without quotes, so that line need not be YAML.
    """
    said: dict[str, Any] = {"description": agent.description} if agent.description else {}
    globs = agent.extra.get("globs")
    lines = f"globs: {','.join(list_globs(globs) or ())}\n" if "globs" in agent.extra else ""
    rest = {"alwaysApply": False, **{k: v for k, v in agent.extra.items() if k != "globs"}}
    head = (write_mapping(said) if said else "") + lines
    return f"---\n{head}{write_mapping(rest)}---\n\n{agent.prompt}"


def decode(text: str, stem: str) -> Agent:
    """Return the agent that a rule describes."""
    keys, body = read_front_matter(text)
    description = as_text(keys.get("description"))
    return make_text_agent(stem, description, body, extra=read_extra(keys, _EXTRAS))


def find_problems(text: str) -> list[Problem]:
    """Return what Cursor would take otherwise than the rule says."""
    keys, _ = read_front_matter(text)
    globs = {key: value for key, value in keys.items() if key == "globs"}
    problems = list_unknown(find_wrong_extras(globs, _EXTRAS))
    head, body, _ = split_front_matter(text)
    spans = split_keys(head or "")
    written = f"globs: {','.join(list_globs(globs.get('globs')) or ())}\n"
    if not problems and any(one.startswith("globs:") and one != written for one in spans):
        message = "'globs' has to be patterns with commas between them, without quotes"
        problems.append(Problem(message, "misread", "globs"))
    if head is not None:
        others = "".join(one for one in spans if not one.startswith("globs:"))
        text = f"---\n{others}---\n{body}"
    return [*problems, *check_front_matter(text, _KEYS, (), _EXTRAS)]


CURSOR_RULE = Target(
    name="cursor-rule",
    title="Cursor rule",
    synonyms=("cursor", "mdc", "project rule"),
    path=".cursor/rules/{name}.mdc",
    places=(".cursor/rules/{path}.mdc",),
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck(
        "documentation",
        "Cursor can't be run for this check",
        day="2026-11-22",
    ),
    reasons=TEXT_REASONS,
    keeps=frozenset({"description"}),
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    extras=_EXTRAS,
)
