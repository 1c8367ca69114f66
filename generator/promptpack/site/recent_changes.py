"""What changed in a pack of late: the releases in, the newest changes of each pack out."""

from collections.abc import Mapping
from typing import NamedTuple

from promptpack.diff.model import Change
from promptpack.diff.wording import describe_action, name_subject
from promptpack.output.plan import make_key
from promptpack.site.catalogue import Catalog
from promptpack.site.history import History

_MAX_CHANGES = 5


class ChangeSummary(NamedTuple):
    """What a change is about, what happened, and how far it reaches."""

    subject: str
    action: str
    reach: str


class RecentChanges(NamedTuple):
    """The newest changes of a pack, and the releases they lie between."""

    release: str
    before: str
    changes: list[ChangeSummary]


def find_recent_changes(catalog: Catalog, history: History) -> Mapping[str, RecentChanges]:
    """Return the newest changes of each pack, by its name: those of the newest release with any."""
    releases = (release for release in history.releases if release.review)
    release = next((one for one in releases if one.review and one.review.differs), None)
    if release is None or release.review is None:
        return {}
    packs = {
        make_key(artifact.path, artifact): artifact.variant.pack.name
        for files in catalog.files.values()
        for artifact in files
    }
    changes_by_pack: dict[str, list[ChangeSummary]] = {}
    for change in release.review.changes:
        for name in dict.fromkeys(packs[output] for output in change.outputs if output in packs):
            changes_by_pack.setdefault(name, []).append(summarize_change(change))
    return {
        name: RecentChanges(release.name, release.before, changes[:_MAX_CHANGES])
        for name, changes in changes_by_pack.items()
    }


def summarize_change(change: Change) -> ChangeSummary:
    """Return a change in a few words."""
    return ChangeSummary(name_subject(change), describe_action(change), change.reach)
