"""A review as workflow commands: annotations on the source lines, as many as GitHub shows."""

from collections import Counter
from collections.abc import Iterator

from promptpack.review.nouns import Review, Severity
from promptpack.review.saying import in_repository, sentence
from promptpack.review.wording import NOTHING
from promptpack.telling import count

LIMIT = 10
"""GitHub shows so many annotations of each severity for a step."""

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


def annotation(level: str, title: str, message: str, path: str = "", line: int = 0) -> str:
    """Return a workflow command that annotates a line of a file, or the step where there is none.

    `level` is `error`, `warning` or `notice`.
    """
    place = f"file={_property(path)},line={line}," if path else ""
    return f"::{level} {place}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
