"""What a build lost, for people: artifacts in, lines for a terminal out.

The first line says which capabilities are gone. Then come the differences by what became of them,
the worst first; what differs in the same variants is one row.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

from promptpack.cli.report import wrap_text
from promptpack.model import Artifact
from promptpack.reporting.console import measure_width, style
from promptpack.reporting.loss_table import (
    OUTCOMES,
    Client,
    LossRow,
    LossTable,
    Outcome,
    rank_client,
    rank_subject,
)

Word = Outcome | Literal["exact"]
"""What a line can begin with."""

OUTCOME_WORDS: Mapping[Word, str] = {
    "lost": "✗ lost",
    "narrowed": "▼ narrowed",
    "widened": "▲ accepted",
    "advisory": "! advisory",
    "dropped": "- dropped",
    "exact": "✓ exact",
}
OUTCOME_STYLES: Mapping[Word, Mapping[str, Any]] = {
    "lost": {"color": "red", "bold": True},
    "narrowed": {"color": "cyan"},
    "widened": {"color": "magenta"},
    "advisory": {"color": "yellow"},
    "dropped": {"color": "blue"},
    "exact": {"color": "green"},
}

_MAX_NAMES = 3
_MAX_LOST_LINES = 8
_INDENT = max(map(len, OUTCOME_WORDS.values())) + 2


def summarize_losses(artifacts: Iterable[Artifact]) -> Iterator[str]:
    """Yield a table: what is lost in all, where it is lost, what is narrowed where, then the rest.

    The reasons for what is lost are there if they fit; all of them are in `format_losses`.
    """
    table = LossTable(artifacts)
    if not table.variants:
        return
    rows = table.list_rows()
    yield from _format_headline(rows, table)
    for outcome in OUTCOMES:
        group = [row for row in rows if row.outcome == outcome]
        if outcome == "lost" and group:
            lines = [*_format_rows(outcome, group, has_reasons=True)]
            if len(lines) > _MAX_LOST_LINES:
                lines = [*_format_rows(outcome, group), f"{'':{_INDENT}}(-v gives the reasons)"]
            yield from lines
        elif outcome == "narrowed":
            yield from _format_rows(outcome, group)
        elif group:
            yield from _format_line(outcome, _shorten_group(group, table.variants))
    if rows and (names := table.list_exact()):
        yield from _format_line("exact", ", ".join(names))


def format_losses(artifacts: Iterable[Artifact]) -> Iterator[str]:
    """Yield every difference, client by client; a reason stands once, below what it is for."""
    rows = LossTable(artifacts).list_detailed_rows()
    for clients, client_rows in groupby(rows, lambda row: row.clients):
        yield style(clients[0].label, bold=True)
        unnamed_rows = (row._replace(clients=()) for row in client_rows)
        for (outcome, reasons), same in groupby(unnamed_rows, lambda r: (r.outcome, r.reasons)):
            yield from _format_rows(outcome, same)
            for reason in reasons:
                yield from wrap_text(" " * _INDENT, reason, _INDENT)


def _format_headline(rows: Sequence[LossRow], table: LossTable) -> Iterator[str]:
    """Yield what is lost in all clients together."""
    lost_rows = [row for row in rows if row.outcome == "lost"]
    if not lost_rows:
        is_exact = "Nothing is lost: every file says exactly what was meant."
        yield "No granted capability is lost." if rows else is_exact
        return
    clients = dict.fromkeys(client.label for row in lost_rows for client in row.clients)
    names = ", ".join(dict.fromkeys(subject for row in lost_rows for subject in row.subjects))
    places = [f" in {_join_clients([*clients], table.variants, most)}" for most in (_MAX_NAMES, 0)]
    width = measure_width()
    place = next((place for place in places if len(f"Lost{place}: {names}") <= width), "")
    yield from wrap_text(style("Lost", **OUTCOME_STYLES["lost"]) + f"{place}: ", names, 6)


def _format_rows(
    outcome: Outcome, rows: Iterable[LossRow], *, has_reasons: bool = False
) -> Iterator[str]:
    word = OUTCOME_WORDS[outcome]
    for row in rows:
        where = row.place.describe(", ".join(client.label for client in row.clients))
        yield from _format_line(outcome, f"{', '.join(row.subjects)} {where}", word)
        word = ""
        for reason in row.reasons if has_reasons else ():
            yield from wrap_text(" " * _INDENT, reason, _INDENT)


def _format_line(outcome: Word, text: str, word: str | None = None) -> Iterator[str]:
    word = OUTCOME_WORDS[outcome] if word is None else word
    lead = style(word, **OUTCOME_STYLES[outcome]) if word else ""
    yield from wrap_text(lead + " " * (_INDENT - len(word)), text, _INDENT)


def _shorten_group(rows: Iterable[LossRow], built: Collection[str]) -> str:
    """Return which subjects differ in which clients, as many as fit on a line.

    A client that reads files of another one is named like any: it is the one where it is so.
    """
    clients_by_subject: dict[str, set[Client]] = {}
    for row in rows:
        for subject in row.subjects:
            reading_clients = (Client(client.reader or client.target) for client in row.clients)
            clients_by_subject.setdefault(subject, set()).update(reading_clients)
    groups: dict[tuple[str, ...], list[str]] = {}
    for subject in sorted(clients_by_subject, key=rank_subject):
        clients = sorted(clients_by_subject[subject], key=rank_client)
        groups.setdefault(tuple(client.target for client in clients), []).append(subject)
    items = [
        (subjects, f" in {_join_clients(names, built, _MAX_NAMES)}")
        for names, subjects in sorted(groups.items(), key=lambda item: -len(item[0]))
    ]
    return _fit_items(items, max(40, measure_width()) - _INDENT)


def _fit_items(items: Sequence[tuple[list[str], str]], width: int) -> str:
    """Return names, with what follows each list of them; those that do not fit are counted."""
    total = sum(len(names) for names, _ in items)
    text = _join_items(items, total)
    for count in range(total - 1, 0, -1):
        if len(text) <= width:
            break
        text = f"{_join_items(items, count)}; {total - count} more (-v)"
    return text


def _join_items(items: Iterable[tuple[list[str], str]], count: int) -> str:
    parts = []
    for names, rest in items:
        parts += [", ".join(names[:count]) + rest] if count > 0 else []
        count -= len(names)
    return "; ".join(parts)


def _join_clients(names: Sequence[str], built: Collection[str], most: int) -> str:
    """Return clients by their names, or where these are many, how many of those built for."""
    if {*names} == {*built} and len(names) > 1:
        return "every client"
    if len(names) > most and {*names} <= {*built}:
        return f"{len(names)} of {len(built)} clients"
    return ", ".join(names)
