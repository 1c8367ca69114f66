"""Changes that somebody reviewed: a saved JSON report in, fingerprints with their outputs out."""

import json
from collections.abc import Iterable, Iterator, Mapping

from promptpack.diff.model import Change
from promptpack.model import Finding, UserError

Accepted = Mapping[str, frozenset[str]]
"""The outputs for which a change was accepted, by its fingerprint."""


def read_accepted(data: bytes, path: str) -> Accepted:
    """Return what a saved `diff --format json` accepts; raises UserError for anything else.

    Of each entry of `permissions` and `groups`, `fingerprint` and `outputs` count.
    """
    found: dict[str, frozenset[str]] = {}
    try:
        report = json.loads(data)
        for entry in (*report.get("permissions", ()), *report.get("groups", ())):
            name, outputs = entry["fingerprint"], entry["outputs"]
            found[name] = found.get(name, frozenset()) | frozenset(map(str, outputs))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        hint = "save a report: promptpack diff --format json"
        said = Finding("PP052", "error", path, 1, 1, "not a report of accepted changes", hint)
        raise UserError((said,)) from None
    return found


def unaccepted(changes: Iterable[Change], accepted: Accepted) -> Iterator[Change]:
    """Yield the changes that are not accepted for each output that they reach."""
    for change in changes:
        if not frozenset(change.outputs) <= accepted.get(change.fingerprint, frozenset()):
            yield change
