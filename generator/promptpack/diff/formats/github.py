"""A review as workflow commands: annotations on the source lines, as many as GitHub shows."""

from collections import Counter
from collections.abc import Iterator

from promptpack.diff.model import Review, Severity
from promptpack.diff.one_line import in_repository, sentence
from promptpack.diff.wording import NOTHING
from promptpack.reporting.github import LIMIT, annotation
from promptpack.reporting.plurals import count

_LEVELS: dict[Severity, str] = {
    "critical": "error",
    "major": "warning",
    "minor": "notice",
    "info": "notice",
}


def github(review: Review) -> str:
    """Return one command a line; the last notice says how many groups are shown, where not all."""
    if not review.differs:
        return f"{NOTHING}\n"
    lines = list(_annotations(review))
    total = review.summary.groups
    if len(lines) < total:
        lines.append(f"{len(lines)} of {count(total, 'group')} annotated")
    return "".join(f"{line}\n" for line in lines)


def _annotations(review: Review) -> Iterator[str]:
    said: Counter[str] = Counter()
    for change in review.changes:
        level = _LEVELS[change.severity]
        said[level] += 1
        if said[level] > LIMIT:
            continue
        path, line = "", 0
        for origin in in_repository(change.causes)[:1]:
            path, line = review.prefix + origin.path, origin.line
        yield annotation(
            level, f"promptpack {change.id}: {change.kind}", sentence(change), path, line
        )
