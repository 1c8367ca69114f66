"""Changes that somebody reviewed: a saved JSON report in, fingerprints with their outputs out."""

import json
from collections.abc import Iterable, Iterator, Mapping

from promptpack.diff.model import Change
from promptpack.model import Finding, UserError

Baseline = Mapping[str, frozenset[str]]
"""The outputs for which a change was accepted, by its fingerprint."""


def read_baseline(data: bytes, path: str) -> Baseline:
    """Return what a saved `diff --format json` accepts; raises UserError for anything else.

    Of each entry of `permissions` and `groups`, `fingerprint` and `outputs` count.
    """
    baseline: dict[str, frozenset[str]] = {}
    try:
        report = json.loads(data)
        for entry in (*report.get("permissions", ()), *report.get("groups", ())):
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
