"""The pages of targets: a catalogue in, pages out."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from promptpack.model import Artifact, Policy
from promptpack.reporting.loss_words import LOSS_MEANINGS, LOSS_WORDS, LossWord
from promptpack.site.address import Link, make_address, make_file_address
from promptpack.site.catalogue import (
    HOME_PAGE,
    TARGET_INDEX,
    Catalog,
    locate_raw_file,
    locate_reference_page,
    make_slug,
)
from promptpack.site.client_columns import find_client_column, make_client_table
from promptpack.site.links import link_policy, link_target, link_variant
from promptpack.site.losses import LossSentence, describe_losses, summarize_losses
from promptpack.site.page import LateView, View, complete_later
from promptpack.site.permissions import (
    PermissionTable,
    PolicyColumn,
    make_permission_table,
)
from promptpack.site.wording import format_count
from promptpack.targets import TARGETS as CLIENTS
from promptpack.targets import Target
from promptpack.targets.table import (
    CAPABILITY_ROWS,
    ENFORCEMENT_WORDS,
    Enforcement,
    make_capability_table,
)

_ENFORCEMENT_EFFECTS: Mapping[Enforcement, str] = {
    "patterns": "allow",
    "ask": "allow",
    "deny": "allow",
    "told": "ask",
    "not held": "deny",
    "no tool": "inherit",
}


class ListedTarget(NamedTuple):
    """A target in a list."""

    page: Link
    file: str
    verified: str


class HeldCapabilities(NamedTuple):
    """What a client can do about some capabilities, as an effect with the same sign and in words.

    Of a client that can do the same about all of them, none is named.
    """

    effect: str
    word: str
    capabilities: list[str]


class EnforcementRow(NamedTuple):
    """A client, and what it can do about each capability."""

    client: Link
    held: list[HeldCapabilities]


class LossMeaning(NamedTuple):
    """A word for a loss, and what it means."""

    word: LossWord
    meaning: str


class TargetIndex(NamedTuple):
    """All targets, what each can enforce of a policy, and the words for what is lost."""

    targets: list[ListedTarget]
    rows: list[EnforcementRow]
    words: list[LossMeaning]


class TargetPolicy(NamedTuple):
    """What is lost under one policy."""

    title: str
    anchor: str
    loss_summary: str
    losses: list[LossSentence]


class TargetExample(NamedTuple):
    """One file of a target."""

    pack: str
    variant: Link
    raw: str
    content: str


class TargetPage(NamedTuple):
    """A target: what it makes of each policy, and what is lost on the way."""

    title: str
    name: str
    synonyms: str
    variants: Link
    file: str
    readers: list[Link]
    is_advisory: bool
    verified: str
    permissions: PermissionTable
    policies: list[TargetPolicy]
    example: TargetExample | None = None


def make_target_index() -> View:
    """Return the list of targets, and what each can enforce of a policy."""
    targets = [
        ListedTarget(
            link_target(target, TARGET_INDEX), target.path.format(name="NAME"), target.verified
        )
        for target in CLIENTS.values()
    ]
    enforcement_by_target = make_capability_table()
    rows = [
        EnforcementRow(
            link_target(target, TARGET_INDEX), _group_enforcement(enforcement_by_target[name])
        )
        for name, target in CLIENTS.items()
    ]
    words = [LossMeaning(word, LOSS_MEANINGS[word]) for word in LOSS_WORDS]
    return View("targets.html.j2", "Targets", TargetIndex(targets, rows, words))


def make_target_page(catalog: Catalog, target: Target) -> LateView:
    """Return the page of a target."""
    here = locate_reference_page(TARGET_INDEX, target.name)
    page = TargetPage(
        title=target.title,
        name=target.name,
        synonyms=", ".join(target.synonyms),
        variants=_link_variants(catalog, target, here),
        file=target.path.format(name="NAME"),
        readers=[link_target(CLIENTS[name], here) for name in target.read_by],
        is_advisory=target.advisory,
        verified=target.verified,
        permissions=make_permission_table([]),
        policies=[],
    )
    entry = View("target.html.j2", target.title, page)
    return complete_later(entry, lambda: _complete_target(catalog, target, page, here))


def _complete_target(catalog: Catalog, target: Target, page: TargetPage, here: str) -> TargetPage:
    policies = [*catalog.project.policies.values()]
    columns = [find_client_column(catalog, target, policy) for policy in policies]
    labels = [link_policy(policy, here) for policy in policies]
    return page._replace(
        permissions=make_client_table(catalog, ("target", target.name), columns, labels),
        policies=[_describe_policy(*pair) for pair in zip(policies, columns, strict=True)],
        example=next(_iter_examples(catalog, target, here), None),
    )


def _link_variants(catalog: Catalog, target: Target, here: str) -> Link:
    """Return a link to the variants that are built for a target; without a script, to all."""
    names = [
        name
        for name, files in catalog.files.items()
        if any(artifact.target == target.name for artifact in files)
    ]
    if not names:
        return Link("")
    agent_count = format_count(len({pack for pack, _ in names}), "agent")
    label = f"{format_count(len(names), 'variant')} of {agent_count}"
    return Link(label, f"{make_address(HOME_PAGE, here)}?client={target.name}")


def _group_enforcement(enforcements: Mapping[str, Enforcement]) -> list[HeldCapabilities]:
    groups: dict[Enforcement, list[str]] = {enforcement: [] for enforcement in ENFORCEMENT_WORDS}
    for capability in CAPABILITY_ROWS:
        groups[enforcements[capability]].append(capability)
    return [
        HeldCapabilities(
            _ENFORCEMENT_EFFECTS[enforcement],
            ENFORCEMENT_WORDS[enforcement],
            names if len(names) < len(CAPABILITY_ROWS) else [],
        )
        for enforcement, names in groups.items()
        if names
    ]


def _describe_policy(policy: Policy, column: PolicyColumn) -> TargetPolicy:
    return TargetPolicy(
        policy.title,
        make_slug(policy.name),
        summarize_losses(column.losses),
        describe_losses(column.losses),
    )


def _iter_examples(catalog: Catalog, target: Target, here: str) -> Iterator[TargetExample]:
    for artifact in _iter_default_artifacts(catalog, target):
        variant = artifact.variant
        yield TargetExample(
            pack=variant.pack.title,
            variant=link_variant(variant, here, f"?client={target.name}"),
            raw=make_file_address(locate_raw_file(artifact), here),
            content=artifact.text,
        )


def _iter_default_artifacts(catalog: Catalog, target: Target) -> Iterator[Artifact]:
    for pack in catalog.project.packs.values():
        files = catalog.list_files(catalog.find_default_variant(pack))
        yield from (artifact for artifact in files if artifact.target == target.name)
