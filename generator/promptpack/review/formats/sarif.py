"""A review as SARIF 2.1.0, for code scanning: one result a group, at the source lines behind it."""

import json
from typing import Any
from urllib.parse import quote

from promptpack import __version__
from promptpack.review.nouns import KINDS, SEVERITIES, Change, Review
from promptpack.review.saying import in_repository, sentence

_LEVELS = {"critical": "error", "major": "warning", "minor": "note", "info": "note"}


def sarif(review: Review) -> str:
    """Return the log of one run."""
    rules = [
        {"id": kind, "defaultConfiguration": {"level": _LEVELS[SEVERITIES[kind]]}} for kind in KINDS
    ]
    return log("promptpack diff", rules, [_result(review, change) for change in review.changes])


def log(name: str, rules: list[dict[str, Any]], results: list[dict[str, Any]]) -> str:
    """Return the log of one run of a command."""
    driver = {"name": name, "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def location(path: str, line: int) -> dict[str, Any]:
    """Return the place of a line of a file; `path` is relative to the repository."""
    region = {"startLine": line}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(path)}, "region": region}}


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
