"""A review as SARIF 2.1.0, for code scanning: one result a group, at the source lines behind it."""

from typing import Any

from promptpack.diff.model import CHANGE_KINDS, SEVERITIES, Change, Review
from promptpack.diff.one_line import locate_change, summarize_change
from promptpack.reporting.sarif import make_location, make_log

_LEVELS = {"critical": "error", "major": "warning", "minor": "note", "info": "note"}


def render_sarif(review: Review) -> str:
    """Return the log of one run."""
    rules = [
        {"id": kind, "defaultConfiguration": {"level": _LEVELS[SEVERITIES[kind]]}}
        for kind in CHANGE_KINDS
    ]
    return make_log(
        "promptpack diff", rules, [_make_result(review, change) for change in review.changes]
    )


def _make_result(review: Review, change: Change) -> dict[str, Any]:
    causes = locate_change(review, change)
    locations = [make_location(f"{review.prefix}{origin.path}", origin.line) for origin in causes]
    result: dict[str, Any] = {
        "ruleId": change.kind,
        "ruleIndex": CHANGE_KINDS.index(change.kind),
        "level": _LEVELS[change.severity],
        "message": {"text": summarize_change(change)},
        "locations": locations[:1],
        "partialFingerprints": {"promptpackChange/v1": change.fingerprint},
    }
    if locations[1:]:
        result["relatedLocations"] = locations[1:]
    return result
