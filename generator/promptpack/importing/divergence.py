"""Where an agent differs from client to client, in files or in a pack, and how to find it."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from promptpack.importing.copies import compare_rights
from promptpack.importing.wording import join_phrases
from promptpack.model import ClientSettings, Pack, Policy, Project
from promptpack.targets import TARGETS
from promptpack.targets.built import list_built_targets

DivergenceKind = Literal["permission", "text", "description"]


@dataclass(frozen=True)
class Divergence:
    """Where the copies of one agent differ: their permissions, text, or description."""

    pack: str
    kind: DivergenceKind
    targets: tuple[str, ...]
    detail: str
    power: bool = False
    """Whether some can do harm and others not."""
    weight: int = 1
    """How many things it is about."""
    is_apart: bool = False
    """Whether the copies are in packs of their own."""
    is_silent: bool = False
    """Whether a file that grants it names no permissions at all."""


def make_divergence_data(one: Divergence) -> dict[str, Any]:
    """Return a divergence as commands print it as JSON."""
    return {"pack": one.pack, "kind": one.kind, "targets": [*one.targets], "detail": one.detail}


def rank_divergence(one: Divergence) -> tuple[bool, bool, int]:
    """Return the sort key of a divergence: rights that can do harm first, then other rights.

    Of each, those come first that are about more.
    """
    return not one.power, one.kind != "permission", -one.weight


def find_undecided(project: Project) -> list[Divergence]:
    """Return what the packs of a project have otherwise in single clients, rights first."""
    found = [one for pack in project.packs.values() for one in _iter_divergences(project, pack)]
    return sorted(found, key=rank_divergence)


def describe_rights(pack: str, holders: list[tuple[str, Policy]]) -> Iterator[Divergence]:
    """Yield what some clients allow an agent and another denies; `holders` are targets by name."""
    names = [name for name, _ in holders]
    for one in compare_rights([(TARGETS[name], policy) for name, policy in holders]):
        granting = tuple(dict.fromkeys(names[number] for number in one.granting))
        denying = names[one.denying]
        titles = " and ".join(TARGETS[name].title for name in granting)
        phrases = join_phrases(one.phrases)
        detail = f"in {titles} it may {phrases}, in {TARGETS[denying].title} not"
        weight = len(one.phrases)
        yield Divergence(pack, "permission", (*granting, denying), detail, one.power, weight)


def describe_similarity(one: list[str], other: list[str]) -> str:
    """Return which share of the lines of two texts is the same, rounded down."""
    ratio = difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()
    return f"{int(100 * ratio)}% of the lines are the same"


def _iter_divergences(project: Project, pack: Pack) -> Iterator[Divergence]:
    targets = list_built_targets(project, pack)
    main = next((name for name in targets if not _differs(pack, name)), targets[0])
    holders = [(name, project.policies[_find_policy(pack, name)]) for name in targets]
    if len({policy.name for _, policy in holders}) > 1:
        held = [(name, policy) for name, policy in holders if TARGETS[name].holds_policy]
        yield from describe_rights(pack.name, held)
    for name in targets:
        settings = pack.clients.get(name, ClientSettings())
        if settings.prompt:
            own, text = _read_text(project, pack), project.sources[settings.prompt]
            if own != text:
                detail = describe_similarity(own.split("\n"), text.split("\n"))
                yield Divergence(pack.name, "text", (main, name), detail)
        if "description" in settings.values:
            detail = f"{pack.path}: clients: {name}: description"
            yield Divergence(pack.name, "description", (main, name), detail)


def _read_text(project: Project, pack: Pack) -> str:
    """Return the prompt of a pack as it is written: one text, or its fragments as they stand."""
    if pack.text:
        return project.sources[pack.text]
    blocks: list[str] = []
    for section in pack.sections:
        blocks += [f"## {section.title}"] if section.title else []
        uses = (use for part in section.parts for use in part.uses)
        blocks += [project.fragments[use.fragment].text_below.rstrip("\n") for use in uses]
    return "\n\n".join(blocks) + "\n"


def _differs(pack: Pack, target: str) -> bool:
    settings = pack.clients.get(target, ClientSettings())
    return bool(settings.prompt or settings.policies or "description" in settings.values)


def _find_policy(pack: Pack, target: str) -> str:
    """Return the policy of the default variant in a client."""
    policy = pack.default[1]
    return pack.clients.get(target, ClientSettings()).policies.get(policy, policy)
