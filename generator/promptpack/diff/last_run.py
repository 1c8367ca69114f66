"""What a comment showed last time: the old comment and a new report in, the new one marked out.

The second line of a comment is hidden and has the fingerprints of the changes that it shows.
Whoever may edit the comment may write what they like there, so it decides only which changes are
called new: none is left out, and no gate asks for it.
"""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

SHOWN_LIMIT = 400
"""So many fingerprints are remembered; where there are more, nothing is said next time."""

MARK_LIMIT = 50
"""Up to so many new changes are marked where they stand."""

_PREFIX_LENGTH = 8
_ID_LIMIT = 10
_STATE = re.compile(r"<!-- promptpack:shown ((?:[0-9a-f]{8}){0,400})(\+?) -->")
_HEADING = "**promptpack diff** "
_TITLE = re.compile(r"^- \*\*([PG][0-9]+)\*\* ", re.MULTILINE)
_ID = re.compile(r"[PG][0-9]+")
_FINGERPRINT = re.compile(r"[0-9a-f]{8,}")


class ShownChanges(NamedTuple):
    """The beginnings of the fingerprints that a comment showed; not all of them if incomplete."""

    fingerprints: tuple[str, ...]
    is_complete: bool = True

    def format_state(self) -> str:
        """Return the hidden line."""
        known = self.fingerprints[:SHOWN_LIMIT]
        is_complete = self.is_complete and len(known) == len(self.fingerprints)
        return f"<!-- promptpack:shown {''.join(known)}{'' if is_complete else '+'} -->"


def add_news(body: str, report: str, previous: str) -> str:
    """Return the body of a comment with its hidden line, and what is new since the previous one.

    `report` is the JSON that the body was made of; without one, as after a run that could not
    compare, what is remembered stays. `previous` is "" where there is no comment yet.
    """
    old = read_shown(previous)
    changes = read_changes(report)
    if changes is None:
        return body if old is None else _insert_state(body, old)
    shown = ShownChanges(tuple(dict.fromkeys(changes.values())))
    if old is not None and old.is_complete:
        body = _mark_news(body, changes, old)
    return _insert_state(body, shown)


def read_shown(body: str) -> ShownChanges | None:
    """Return what a comment showed; None where it does not say so in the one place for it."""
    lines = body.splitlines()[:2]
    match = _STATE.fullmatch(lines[1].strip()) if len(lines) == 2 else None
    if match is None:
        return None
    text = match[1]
    starts = range(0, len(text), _PREFIX_LENGTH)
    return ShownChanges(tuple(text[n : n + _PREFIX_LENGTH] for n in starts), not match[2])


def read_changes(report: str) -> Mapping[str, str] | None:
    """Return the beginning of each change's fingerprint by its id; None for another report."""
    try:
        data = json.loads(report)
        changes = {str(one["id"]): str(one["fingerprint"]) for one in _list_entries(data)}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    words = [*map(_ID.fullmatch, changes), *map(_FINGERPRINT.match, changes.values())]
    if not all(words):
        return None
    return {key: fingerprint[:_PREFIX_LENGTH] for key, fingerprint in changes.items()}


def _list_entries(data: Mapping[str, list[Mapping[str, str]]]) -> list[Mapping[str, str]]:
    return [*data["permissions"], *data["groups"]]


def _mark_news(body: str, changes: Mapping[str, str], old: ShownChanges) -> str:
    """Return a body that says what is new, and how much of what was shown is gone."""
    known = frozenset(old.fingerprints)
    new_ids = [key for key, fingerprint in changes.items() if fingerprint not in known]
    resolved = len(known.difference(changes.values()))
    ids = [*new_ids[:_ID_LIMIT], *(["…"] if len(new_ids) > _ID_LIMIT else [])]
    names = f" ({', '.join(ids)})" if ids else ""
    end = f", {resolved} resolved" if resolved else ""
    first, heading, rest = _split_heading(body)
    if heading:
        heading = f"{heading} · {len(new_ids) or 'nothing'} new since the last run{names}{end}"
    marked = frozenset(new_ids if len(new_ids) <= MARK_LIMIT else ())
    rest = _TITLE.sub(
        lambda match: f"- **{match[1]} (new)** " if match[1] in marked else match[0], rest
    )
    return f"{first}{heading}{rest}"


def _insert_state(body: str, shown: ShownChanges) -> str:
    first, _, rest = body.partition("\n")
    return f"{first}\n{shown.format_state()}\n{rest}"


def _split_heading(body: str) -> tuple[str, str, str]:
    """Return the marker's line, the heading without its end, and the rest; "" for no heading."""
    marker, _, rest = body.partition("\n")
    heading, end, after = rest.partition("\n")
    if not heading.startswith(_HEADING):
        return f"{marker}\n", "", rest
    return f"{marker}\n", heading, f"{end}{after}"


def insert_notes(report: str, notes: list[str]) -> str:
    """Return a report with paragraphs below its heading, above all else."""
    head, _, rest = report.partition("\n\n")
    return "\n\n".join([head, *notes, *([rest] if rest else [])]) if notes else report
