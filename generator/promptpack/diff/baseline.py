"""Changes that somebody reviewed: a saved JSON report in, fingerprints with their outputs out.

Such a report can also be a list that grows: each entry with a reason, and perhaps a last day.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from promptpack.diff.data import SCHEMA_VERSION, serialize_change
from promptpack.diff.model import PERMISSION_KINDS, Change
from promptpack.model import Finding, UserError

Baseline = Mapping[str, frozenset[str]]
"""The outputs for which a change was accepted, by its fingerprint."""


def find_today() -> date:
    """Return the day that it is in UTC, for which entries have to hold."""
    return datetime.now(UTC).date()


def read_baseline(data: bytes, path: str, today: date = date.min) -> Baseline:
    """Return what a saved `diff --format json` accepts; raises UserError for anything else.

    Of each entry of `permissions` and `groups`, `fingerprint` and `outputs` count, and `until`
    where it has one: the last day on which it holds.
    """
    baseline: dict[str, frozenset[str]] = {}
    try:
        report = json.loads(data)
        for entry in (*report.get("permissions", ()), *report.get("groups", ())):
            if date.fromisoformat(entry.get("until") or date.max.isoformat()) < today:
                continue
            fingerprint, outputs = entry["fingerprint"], entry["outputs"]
            baseline[fingerprint] = baseline.get(fingerprint, frozenset()) | frozenset(
                map(str, outputs)
            )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        hint = "save a report with 'promptpack diff --format json'"
        finding = Finding(
            "PP052", "error", path, 1, 1, "this file is not a saved report of changes", hint
        )
        raise UserError((finding,)) from None
    return baseline


def find_unaccepted(changes: Iterable[Change], baseline: Baseline) -> Iterator[Change]:
    """Yield the changes that are not accepted for each output that they reach."""
    for change in changes:
        if not frozenset(change.outputs) <= baseline.get(change.fingerprint, frozenset()):
            yield change


def add_accepted(
    data: bytes, path: str, changes: Iterable[Change], reason: str, until: date | None
) -> dict[str, Any]:
    """Return a saved report with some changes added, each with the reason for accepting it.

    No data is a new one. Raises UserError for data that is no saved report.
    """
    read_baseline(data or b"{}", path)
    report = json.loads(data or b"{}")
    report = {"schema_version": SCHEMA_VERSION, "permissions": [], "groups": [], **report}
    for change in changes:
        kind = "permissions" if change.kind in PERMISSION_KINDS else "groups"
        entry = {**serialize_change(change), "reason": reason}
        entry |= {"until": until.isoformat()} if until else {}
        report[kind] = [*report[kind], *([] if entry in report[kind] else [entry])]
    return report
