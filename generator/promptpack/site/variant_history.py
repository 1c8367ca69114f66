"""What releases changed in a variant: the releases in, for each variant the newest changes out.

A version of a file has an address that stays: in the repository where its tag holds the file and
the repository is known, else a text beside the raw files of the site.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from promptpack.diff.model import Change
from promptpack.diff.wording import mark_lines
from promptpack.model import Artifact, Variant
from promptpack.output.plan import make_key
from promptpack.site.address import Link, make_file_address
from promptpack.site.catalogue import Catalog, locate_raw_file, locate_variant_page, make_slug
from promptpack.site.history import History, Release
from promptpack.site.recent_changes import summarize_change
from promptpack.site.templating import render_macro
from promptpack.site.wording import join_words
from promptpack.targets import TARGETS as CLIENTS

_EDIT_ADDRESS = re.compile(r"(https?://.+)/edit/[^/]+/(.*)")
"""Where a host lets a file be edited: the repository, a branch, and the way to the project."""

_MAX_CHANGES = 8
_MAX_LINES = 40
_WITHOUT_TEXT = ("output-added", "output-removed", "output-renamed")
"""The kinds of changes that are about whole files."""

VariantName = tuple[str, str]
"""A pack and a variant of it."""


class VariantChange(NamedTuple):
    """A change as HTML, and in which clients' files it is; empty for all of the variant's."""

    html: Markup
    where: str


class VariantRelease(NamedTuple):
    """What a release changed in a variant, and each client's file as it was then."""

    name: str
    date: str
    before: str
    changes: list[VariantChange]
    omitted_count: int
    files: list[Link]


@dataclass(frozen=True)
class VariantHistory:
    """The releases that changed each variant, the newest first, of so many that were looked at.

    `find_releases` finds them by variant. `texts` are the versions of files that are in no
    repository, by their path in the site.
    """

    release_count: int
    find_releases: Callable[[], Mapping[VariantName, list[VariantRelease]]]
    texts: Mapping[str, bytes]

    @cached_property
    def releases(self) -> Mapping[VariantName, list[VariantRelease]]:
        """The releases that changed each variant; they are looked for when somebody asks."""
        return self.find_releases()


def find_variant_history(catalog: Catalog, history: History) -> VariantHistory:
    """Return what the releases changed in the variants of a project."""
    if not history.released and history.reason:
        return VariantHistory(0, dict, {})
    artifacts = {
        make_key(artifact.path, artifact): artifact
        for files in catalog.files.values()
        for artifact in files
    }
    texts: dict[str, bytes] = {}
    slugs = make_release_slugs([release.name for release in history.released])
    for release in history.released:
        for key, text in release.texts.items():
            if key in artifacts and not _find_repository_address(catalog, release, key):
                path = _locate_version(artifacts[key], slugs[release.name])
                texts[path] = text.encode("utf-8", "surrogateescape")
    find_releases = partial(_find_releases, catalog, history, artifacts, slugs)
    return VariantHistory(len(history.released), find_releases, texts)


def _find_releases(
    catalog: Catalog,
    history: History,
    artifacts: Mapping[str, Artifact],
    slugs: Mapping[str, str],
) -> Mapping[VariantName, list[VariantRelease]]:
    releases: dict[VariantName, list[VariantRelease]] = defaultdict(list)
    for release in history.releases:
        slug = slugs.get(release.name, "")  # what is not released yet has no version of a file
        for variant, changes in _group_changes(release, artifacts):
            name = variant.pack.name, variant.name
            releases[name].append(_describe_release(catalog, release, slug, variant, changes))
    return releases


def _group_changes(
    release: Release, artifacts: Mapping[str, Artifact]
) -> Iterator[tuple[Variant, list[Change]]]:
    """Yield each variant that a release changed, with its changes."""
    variants: dict[VariantName, Variant] = {}
    changes: dict[VariantName, list[Change]] = defaultdict(list)
    for change in release.review.changes if release.review else ():
        touched = (artifacts[key].variant for key in change.outputs if key in artifacts)
        for name, variant in {(one.pack.name, one.name): one for one in touched}.items():
            variants[name] = variant
            changes[name].append(change)
    for name, variant in variants.items():
        yield variant, changes[name]


def _describe_release(
    catalog: Catalog, release: Release, slug: str, variant: Variant, changes: list[Change]
) -> VariantRelease:
    files = catalog.list_files(variant)
    shown_changes = [
        VariantChange(_render_change(catalog, release, change), _name_clients(change, files))
        for change in changes[:_MAX_CHANGES]
    ]
    return VariantRelease(
        name=release.name,
        date=release.date,
        before=release.before,
        changes=shown_changes,
        omitted_count=len(changes) - len(shown_changes),
        files=[*_iter_versions(catalog, release, slug, files)],
    )


def _render_change(catalog: Catalog, release: Release, change: Change) -> Markup:
    lines = [] if change.kind in _WITHOUT_TEXT else mark_lines(change)
    return catalog.pieces.render_once(
        ("change", release.name, change.id),
        lambda: render_macro(
            "change.html.j2",
            "change_fold",
            summarize_change(change),
            lines[:_MAX_LINES],
            len(lines) > _MAX_LINES,
        ),
    )


def _name_clients(change: Change, files: tuple[Artifact, ...]) -> str:
    """Return in which clients' files of a variant a change is, or nothing where it is in all."""
    changed_keys = frozenset(change.outputs)
    changed: list[str] = []
    others: list[str] = []
    for file in files:
        titles = changed if make_key(file.path, file) in changed_keys else others
        titles.append(CLIENTS[file.target].title)
    if not others:
        return ""
    is_in_most = len(changed) > len(others)
    return f"Not in {join_words(others)}." if is_in_most else f"In {join_words(changed)} only."


def _iter_versions(
    catalog: Catalog, release: Release, slug: str, files: tuple[Artifact, ...]
) -> Iterator[Link]:
    """Yield a link to each file of a variant that a release changed, as it was then."""
    for artifact in files:
        key = make_key(artifact.path, artifact)
        if key not in release.texts:
            continue
        address = _find_repository_address(catalog, release, key)
        if not address:
            here = locate_variant_page(artifact.variant)
            address = make_file_address(_locate_version(artifact, slug), here)
        yield Link(CLIENTS[artifact.target].title, address)


def _find_repository_address(catalog: Catalog, release: Release, key: str) -> str:
    """Return where the repository shows a file as it is in a tag, or nothing."""
    match = _EDIT_ADDRESS.fullmatch(catalog.edit)
    if match is None or key not in release.committed:
        return ""
    path = quote(f"{match[2]}{release.committed[key]}".encode("utf-8", "surrogateescape"))
    return f"{match[1]}/raw/{quote(release.name)}/{path}"


def make_release_slugs(names: Sequence[str]) -> dict[str, str]:
    """Return a part of a path for each release; no two have the same.

    A slash is a hyphen there. Where that gives the part of another release, the part tells from
    which name it was made. No name of a tag has a space.

    >>> make_release_slugs(["v/1-0", "v2"])
    {'v/1-0': 'v-1-0', 'v2': 'v2'}
    """
    slugs = {name: make_slug(name).replace("/", "-") for name in names}
    counts = Counter(slugs.values())
    return {
        name: make_slug(name.replace("/", " ")) if "/" in name and counts[slug] > 1 else slug
        for name, slug in slugs.items()
    }


def _locate_version(artifact: Artifact, slug: str) -> str:
    """Return the path of a file's text as it was in a release."""
    return f"{locate_raw_file(artifact).removesuffix('.txt')}@{slug}.txt"
