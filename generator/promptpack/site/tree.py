"""The whole site: a project and its artifacts in, pages by path and a navigation out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from promptpack.model import Artifact, Project
from promptpack.site.catalogue import (
    FRAGMENTS,
    HOME,
    MODELS,
    POLICIES,
    TARGETS,
    Catalogue,
    catalogue,
    fragment_page,
    pack_page,
    reference_page,
    variant_page,
)
from promptpack.site.library import (
    fragment_document,
    fragments_document,
    groups,
    model_document,
    models_document,
    policies_document,
    policy_document,
    target_document,
    targets_document,
)
from promptpack.site.markdown import document
from promptpack.site.packs import pack_cards, pack_document, variant_document
from promptpack.targets import TARGETS as CLIENTS

Nav = list[Any]
"""A navigation as MkDocs reads it: page paths, and titles with a path or a list under them."""


@dataclass(frozen=True)
class Site:
    """Pages by their path, in Markdown, and the navigation; `unlisted` pages are not in it.

    `packs` is the list of packs alone, for a home page written by hand.
    """

    pages: Mapping[str, str]
    nav: Nav
    unlisted: frozenset[str]
    packs: str


def tree(project: Project, artifacts: Iterable[Artifact]) -> Site:
    """Return the site of a project and everything that was built from it."""
    known = catalogue(project, artifacts)
    variants = {
        variant_page(variant): variant_document(known, variant)
        for found in known.variants.values()
        for variant in found
    }
    packs = pack_cards(known)
    home = {HOME: document("Packs", "# Packs", packs)}
    pages = home | dict(_pack_pages(known)) | variants | dict(_reference_pages(known))
    return Site(pages, _nav(known), frozenset(variants), packs)


def _pack_pages(known: Catalogue) -> Iterator[tuple[str, str]]:
    for pack in known.project.packs.values():
        yield pack_page(pack), pack_document(known, pack)
    yield FRAGMENTS, fragments_document(known)
    for fragment in known.project.fragments.values():
        yield fragment_page(fragment), fragment_document(known, fragment)


def _reference_pages(known: Catalogue) -> Iterator[tuple[str, str]]:
    yield POLICIES, policies_document(known)
    for policy in known.project.policies.values():
        yield reference_page(POLICIES, policy.name), policy_document(known, policy)
    yield MODELS, models_document(known)
    for model in known.project.models.values():
        yield reference_page(MODELS, model.name), model_document(known, model)
    yield TARGETS, targets_document()
    for target in CLIENTS.values():
        yield reference_page(TARGETS, target.name), target_document(known, target)


def _nav(known: Catalogue) -> Nav:
    project = known.project
    fragments = [
        {group.title: [fragment_page(fragment) for fragment in group.fragments]}
        for group in groups(known)
    ]
    reference = [
        {"Policies": _listed(POLICIES, project.policies)},
        {"Models": _listed(MODELS, project.models)},
        {"Targets": _listed(TARGETS, CLIENTS)},
    ]
    return [
        {"Packs": [HOME, *(pack_page(pack) for pack in project.packs.values())]},
        {"Fragments": [FRAGMENTS, *fragments]},
        {"Reference": reference},
    ]


def _listed(index: str, names: Iterable[str]) -> Nav:
    return [index, *(reference_page(index, name) for name in names)]
