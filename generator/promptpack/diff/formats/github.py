"""A review as workflow commands: annotations on the source lines, as many as GitHub shows."""

from collections import Counter
from collections.abc import Iterator

from promptpack.diff.model import ChangeSeverity, Review
from promptpack.diff.one_line import locate_change, summarize_change
from promptpack.diff.wording import NO_CHANGES
from promptpack.reporting.github import ANNOTATION_LIMIT, format_annotation
from promptpack.reporting.plurals import pluralize

_LEVELS: dict[ChangeSeverity, str] = {
    "critical": "error",
    "major": "warning",
    "minor": "notice",
    "info": "notice",
}


def render_github(review: Review) -> str:
    """Return one command a line; the last notice says how many groups are shown, where not all."""
    if not review.differs:
        return f"{NO_CHANGES}\n"
    lines = list(_list_annotations(review))
    total = review.summary.groups
    if len(lines) < total:
        lines.append(f"{len(lines)} of {pluralize(total, 'group')} annotated")
    return "".join(f"{line}\n" for line in lines)


def _list_annotations(review: Review) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for change in review.changes:
        level = _LEVELS[change.severity]
        counts[level] += 1
        if counts[level] > ANNOTATION_LIMIT:
            continue
        origin = locate_change(review, change)[0]
        path, line = review.prefix + origin.path, origin.line
        yield format_annotation(
            level, f"promptpack {change.id}: {change.kind}", summarize_change(change), path, line
        )
