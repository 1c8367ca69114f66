"""Where a source is on the web: a review and a changed place in, the address of its line out."""

from urllib.parse import quote

from promptpack.diff.model import Review, SourceHunk
from promptpack.model import is_in_project


def make_link(review: Review, source: SourceHunk | None) -> str:
    """Return the address of a changed place on the new side, where there are both; else ""."""
    if not review.link or source is None or source.head is None:
        return ""
    path = quote(f"{review.prefix}{source.path}".encode("utf-8", "surrogateescape"))
    return f"{review.link.rstrip('/')}/{path}#L{source.line}" if is_in_project(source.path) else ""
