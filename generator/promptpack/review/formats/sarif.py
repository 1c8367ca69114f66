"""A review as SARIF 2.1.0, for code scanning: one result a group, at the source lines behind it."""

import json
from typing import Any
from urllib.parse import quote

from promptpack import __version__
from promptpack.model import Origin
from promptpack.review.nouns import KINDS, SEVERITIES, Change, Review
from promptpack.review.saying import in_repository, sentence

_LEVELS = {"critical": "error", "major": "warning", "minor": "note", "info": "note"}


def sarif(review: Review) -> str:
    """Return the log of one run."""
    driver = {
        "name": "promptpack diff",
        "version": __version__,
        "rules": [
            {"id": kind, "defaultConfiguration": {"level": _LEVELS[SEVERITIES[kind]]}}
            for kind in KINDS
        ],
    }
    results = [_result(review, change) for change in review.changes]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(review: Review, change: Change) -> dict[str, Any]:
    places = [_location(review, origin) for origin in in_repository(change.causes)]
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


def _location(review: Review, origin: Origin) -> dict[str, Any]:
    uri = quote(f"{review.prefix}{origin.path}")
    region = {"startLine": origin.line}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
