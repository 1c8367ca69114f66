"""A review as plain data: what `diff --format json` prints, of which other formats are views."""

from dataclasses import asdict
from typing import Any

from promptpack.diff.model import Cause, Change, Reached, Review

SCHEMA_VERSION = 1


def review_data(review: Review) -> dict[str, Any]:
    """Return the whole review; `truncated` tells that only a part of it was asked for."""
    return {
        "schema_version": SCHEMA_VERSION,
        "base": review.base,
        "head": review.head,
        "summary": {"outputs": review.built, **asdict(review.summary)},
        "permissions": [_change_data(change) for change in review.permissions],
        "groups": [_change_data(change) for change in review.groups],
        "causes": [_cause_data(cause) for cause in review.causes],
        "outputs": [_output_data(output) for output in review.outputs],
        "truncated": len(review.changes) < review.summary.groups,
    }


def _cause_data(cause: Cause) -> dict[str, Any]:
    return {
        "file": cause.origin.path,
        "line": cause.origin.line,
        "outputs": cause.outputs,
        "packs": cause.packs,
        "targets": cause.targets,
        "reach": cause.reach,
    }


def _output_data(output: Reached) -> dict[str, Any]:
    data = {"path": output.key, "status": output.status, "groups": list(output.groups)}
    return {**data, "before": output.before} if output.before else data


def _change_data(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "kind": change.kind,
        "severity": change.severity,
        "section": change.section,
        "field": change.field,
        "old": change.old,
        "new": change.new,
        "causes": [{"file": origin.path, "line": origin.line} for origin in change.causes],
        "outputs": list(change.outputs),
        "reach": change.reach,
        "hunks": len(change.places),
        "fingerprint": change.fingerprint,
        "token_delta": change.token_delta,
    }
