"""A part of a review: what of it to show in, the same review with less to tell out."""

from collections.abc import Iterable
from dataclasses import replace

from promptpack.diff.model import PERMISSION_KINDS, Change, Review
from promptpack.diff.segments import FRONT_MATTER

PARTS = ("permissions", "head", "prose")


def filter_review(review: Review, only: str | None, sections: Iterable[str]) -> Review:
    """Return the review with the changes of one part and of some sections; its numbers stay."""
    names = frozenset(sections)
    if only is None and not names:
        return review

    def is_selected(change: Change) -> bool:
        in_section = not names or change.section in names
        return in_section and (only is None or _classify_part(change) == only)

    permissions = tuple(change for change in review.permissions if is_selected(change))
    groups = tuple(change for change in review.groups if is_selected(change))
    ids = {change.id for change in (*permissions, *groups)}
    sources = (
        source._replace(groups=tuple(one for one in source.groups if one in ids))
        for source in review.sources
    )
    origins = {origin for change in (*permissions, *groups) for origin in change.causes}
    return replace(
        review,
        permissions=permissions,
        groups=groups,
        causes=tuple(cause for cause in review.causes if cause.origin in origins),
        sources=tuple(source for source in sources if source.groups),
    )


def _classify_part(change: Change) -> str:
    if change.kind in PERMISSION_KINDS:
        return "permissions"
    return "head" if change.section == FRONT_MATTER else "prose"
