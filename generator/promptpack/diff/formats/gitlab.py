"""A review as a GitLab code quality report: an entry for each group and source line behind it."""

from typing import Any

from promptpack.diff.model import Change, Review
from promptpack.diff.one_line import locate_change, summarize_change
from promptpack.model import Origin
from promptpack.reporting.gitlab import make_quality_entry
from promptpack.reporting.json_text import dump_json


def render_gitlab(review: Review) -> str:
    """Return the entries as a JSON list; no two have the same fingerprint."""
    entries = [
        _make_entry(review, change, origin)
        for change in review.changes
        for origin in locate_change(review, change)
    ]
    return dump_json(entries)


def _make_entry(review: Review, change: Change, origin: Origin) -> dict[str, Any]:
    return make_quality_entry(
        check=change.kind,
        description=summarize_change(change),
        severity=change.severity,
        path=f"{review.prefix}{origin.path}",
        line=origin.line,
        unique=f"{change.fingerprint} {origin.path}:{origin.line}",
    )
