"""A review as plain data: what `diff --format json` prints, of which other formats are views."""

from dataclasses import asdict
from typing import Any

from promptpack.diff.model import Cause, Change, OutputChange, Review, SourceHunk
from promptpack.diff.representatives import Representative, choose_representatives

SCHEMA_VERSION = 1


def serialize_review(review: Review) -> dict[str, Any]:
    """Return the whole review; `truncated` tells that only a part of it was asked for."""
    return {
        "schema_version": SCHEMA_VERSION,
        "base": review.base,
        "head": review.head,
        "summary": {"outputs": review.built, **asdict(review.summary)},
        "permissions": [serialize_change(change) for change in review.permissions],
        "groups": [serialize_change(change) for change in review.groups],
        "causes": [_serialize_cause(cause) for cause in review.causes],
        "sources": [_serialize_hunk(hunk) for hunk in review.sources],
        "drift": [
            {
                "path": one.key,
                "sides": list(one.sides),
                "new": one.is_new,
                "groups": list(one.groups),
            }
            for one in review.drift
        ],
        "tool": {
            "base": review.tool.base or None,
            "head": review.tool.head or None,
            "library": list(review.tool.library),
            "packages": [one._asdict() for one in review.tool.packages],
        },
        "accepted": [
            {"kind": one.kind, "field": one.field or one.section, "fingerprint": one.fingerprint}
            for one in review.accepted
        ],
        "pending": list(review.pending),
        "outputs": [_serialize_output(output) for output in review.outputs],
        "representatives": [_serialize_chosen(one) for one in choose_representatives(review)],
        "truncated": len(review.changes) < review.summary.groups,
    }


def _serialize_cause(cause: Cause) -> dict[str, Any]:
    return {
        "file": cause.origin.path,
        "line": cause.origin.line,
        "outputs": cause.outputs,
        "packs": cause.packs,
        "targets": cause.targets,
        "reach": cause.reach,
    }


def _serialize_hunk(hunk: SourceHunk) -> dict[str, Any]:
    return {
        "file": hunk.path,
        "lines": {"base": _list_lines(hunk.base), "head": _list_lines(hunk.head)},
        "before": hunk.before,
        "after": hunk.after,
        "outputs": list(hunk.outputs),
        "groups": list(hunk.groups),
    }


def _list_lines(lines: tuple[int, int] | None) -> list[int] | None:
    return None if lines is None else list(lines)


def _serialize_output(output: OutputChange) -> dict[str, Any]:
    data = {"path": output.key, "status": output.status, "groups": list(output.groups)}
    return {**data, "before": output.before} if output.before else data


def _serialize_chosen(chosen: Representative) -> dict[str, Any]:
    data = {"path": chosen.path, "groups": list(chosen.groups)}
    return {**data, "before": chosen.before} if chosen.before else data


def serialize_change(change: Change) -> dict[str, Any]:
    """Return one change: what it is, and the outputs that have it."""
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
