"""A review as SARIF 2.1.0, for code scanning: one result a group, at the source lines behind it."""

from typing import Any

from promptpack.diff.model import KINDS, SEVERITIES, Change, Review
from promptpack.diff.one_line import in_repository, sentence
from promptpack.reporting.sarif import location, log

_LEVELS = {"critical": "error", "major": "warning", "minor": "note", "info": "note"}


def sarif(review: Review) -> str:
    """Return the log of one run."""
    rules = [
        {"id": kind, "defaultConfiguration": {"level": _LEVELS[SEVERITIES[kind]]}} for kind in KINDS
    ]
    return log("promptpack diff", rules, [_result(review, change) for change in review.changes])


def _result(review: Review, change: Change) -> dict[str, Any]:
    causes = in_repository(change.causes)
    places = [location(f"{review.prefix}{origin.path}", origin.line) for origin in causes]
    result: dict[str, Any] = {
        "ruleId": change.kind,
        "ruleIndex": KINDS.index(change.kind),
        "level": _LEVELS[change.severity],
        "message": {"text": sentence(change)},
        "locations": places[:1],
        "partialFingerprints": {"promptpackChange/v1": change.fingerprint},
    }
    if places[1:]:
        result["relatedLocations"] = places[1:]
    return result
