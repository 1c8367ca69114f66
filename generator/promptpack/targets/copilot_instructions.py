"""Copilot instructions: `.github/instructions/<name>.instructions.md`, text without a policy.

Measured on @github/copilot 1.0.102: the text of a file without `applyTo`, or with `**`, is in every
session. Of one for other paths, a session is told the patterns and the file's path, and has to read
it before it changes such a file. A file that excludes `cloud-agent` is left out there. `name`,
`description` and what `excludeAgent` takes are from the documentation of VS Code and GitHub; so is
that VS Code uses a file without `applyTo` only where its description fits.
"""

from collections.abc import Mapping

from promptpack.model import Agent
from promptpack.targets.codec import (
    as_text,
    check_front_matter,
    join_front_matter,
    make_text_agent,
    read_front_matter,
)
from promptpack.targets.extras import Extra, make_choice, make_glob_line, read_extra
from promptpack.targets.problems import Problem
from promptpack.targets.target import FRONT_MATTER_FIELDS, TEXT_REASONS, ClientCheck, Target

_KEYS: Mapping[str, type] = {"name": str, "description": str}
_EXTRAS: Mapping[str, Extra] = {
    "applyTo": make_glob_line("uses the text for files that match one of these patterns"),
    "excludeAgent": make_choice(
        "keeps the text from one of Copilot's agents", "code-review", "cloud-agent"
    ),
}


def encode(agent: Agent) -> str:
    """Return the instructions file; a name stands in it where it is not the file's."""
    name = agent.name if agent.name != agent.stem else ""
    return join_front_matter({"name": name, "description": agent.description}, agent)


def decode(text: str, stem: str) -> Agent:
    """Return the agent that a file of instructions describes."""
    keys, body = read_front_matter(text)
    return make_text_agent(
        as_text(keys.get("name")) or stem,
        as_text(keys.get("description")),
        body,
        stem=stem,
        extra=read_extra(keys, _EXTRAS),
    )


def find_problems(text: str) -> list[Problem]:
    """Return what Copilot would take otherwise than the file says."""
    return check_front_matter(text, _KEYS, (), _EXTRAS)


COPILOT_INSTRUCTIONS = Target(
    name="copilot-instructions",
    title="Copilot instructions",
    synonyms=("copilot", "VS Code", "VSCode", "custom instructions"),
    path=".github/instructions/{name}.instructions.md",
    places=(".github/instructions/{path}.instructions.md",),
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck(
        "client",
        "the request that Copilot sends with it (text, patterns)",
        "copilot 1.0.102",
        "2026-11-26",
    ),
    reasons=TEXT_REASONS,
    keeps=FRONT_MATTER_FIELDS,
    advisory=True,
    tells_policy=True,
    keys=frozenset(_KEYS),
    extras=_EXTRAS,
)
