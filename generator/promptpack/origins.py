"""Where each line of an output comes from: a project and an artifact in, origins by line out.

A line of the prompt has the origin that composing gave it. A line of the head has the origin of
every field and capability on which it depends; that is found by changing each of them in turn and
encoding again, so that it holds for any client and needs no table.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from promptpack.model import Agent, Artifact, Effect, Model, Origin, Policy, Project, Rule
from promptpack.source import Document, Path, read_yaml
from promptpack.targets import TARGETS

_OTHER = {Effect.DENY: Effect.ALLOW, Effect.ALLOW: Effect.DENY, Effect.ASK: Effect.DENY}


class _Change(NamedTuple):
    """An agent with one thing changed, and where that thing is written."""

    agent: Agent
    origin: Origin


def line_origins(project: Project, artifact: Artifact) -> tuple[tuple[Origin, ...], ...]:
    """Return the origins of each line of an artifact, the most specific first; never none.

    A line that depends on nothing in particular comes from the pack's first line.
    """
    lines = artifact.content.decode().split("\n")[:-1]
    origins: list[list[Origin]] = [[] for _ in lines]
    _place_body(lines, origins, artifact)
    for change in _changes(project, artifact):
        changed = TARGETS[artifact.target].encode(change.agent).split("\n")[:-1]
        for number in _touched(lines, changed):
            origins[number].append(change.origin)
    first = Origin(artifact.variant.pack.path, 1)
    return tuple(tuple(dict.fromkeys(found)) or (first,) for found in origins)


def _place_body(lines: list[str], origins: list[list[Origin]], artifact: Artifact) -> None:
    """Give the prompt's lines their origins, where they stand; one line may hold all of them."""
    body = artifact.agent.body
    blank = replace(artifact.agent, body=tuple(line._replace(text="") for line in body))
    empty = TARGETS[artifact.target].encode(blank).split("\n")[:-1]
    start = next(
        (n for n, pair in enumerate(zip(lines, empty, strict=False)) if pair[0] != pair[1]), 0
    )
    if len(empty) == len(lines) and start + len(body) <= len(lines):
        for offset, line in enumerate(body):
            origins[start + offset].append(line.origin)
    else:
        origins[start].extend(dict.fromkeys(line.origin for line in body))


def _touched(lines: list[str], changed: list[str]) -> Iterator[int]:
    """Yield the numbers of the lines that are not in the changed file."""
    matcher = difflib.SequenceMatcher(None, lines, changed, autojunk=False)
    for tag, start, end, _, _ in matcher.get_opcodes():
        if tag in ("replace", "delete"):
            yield from range(start, end)


def _changes(project: Project, artifact: Artifact) -> Iterator[_Change]:
    agent, variant = artifact.agent, artifact.variant
    pack = _places(project, variant.pack.path)
    fields: Mapping[str, Any] = {
        "name": f"{agent.name}-x",
        "description": f"{agent.description} x",
        "mode": "primary" if agent.mode != "primary" else "subagent",
        "temperature": None,
    }
    for field, value in fields.items():
        if value != getattr(agent, field):
            yield _Change(replace(agent, **{field: value}), pack((field,)))
    model = _places(project, variant.model.path)
    yield _Change(replace(agent, model=Model("x")), model(("ids", artifact.target)))
    policy = _places(project, variant.policy.path)
    for capability in agent.policy.grants:
        place = policy(("capabilities", capability))
        yield _Change(_with_grant(agent, capability), place)
    other = Effect.INHERIT if agent.policy.default is Effect.DENY else Effect.DENY
    yield _Change(replace(agent, policy=replace(agent.policy, default=other)), policy(("default",)))


def _with_grant(agent: Agent, capability: str) -> Agent:
    """Return the agent with a capability turned round."""
    first = agent.policy.grant(capability)[0].effect
    grants = {**agent.policy.grants, capability: (Rule("*", _OTHER.get(first, Effect.DENY)),)}
    policy: Policy = replace(agent.policy, grants=grants)
    return replace(agent, policy=policy, accepted=agent.accepted - {capability})


@lru_cache
def _document(text: str, path: str) -> Document:
    """Read a source once for all the artifacts whose lines it is asked about."""
    return read_yaml(text, path)


def _places(project: Project, path: str) -> Callable[[Path], Origin]:
    """Return what tells the origin of a path in a source file's data."""
    document = _document(project.sources[path], path)

    def place(data: Path) -> Origin:
        return Origin(path, document.at(data).line)

    return place
