"""What artifacts lost, as a table: artifacts in, out rows of what became of what, where and why.

What differs in the same variants of a client is one row.
"""

from collections.abc import Collection, Iterable
from typing import Any, Literal, NamedTuple, get_args

from promptpack.model import CAPABILITIES, Artifact, Loss
from promptpack.reporting.plurals import pluralize
from promptpack.targets import TARGETS

Outcome = Literal["lost", "narrowed", "widened", "advisory", "dropped"]
"""What became of something, the worst first; a widening that gets this far was accepted."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class Client(NamedTuple):
    """A target whose files are meant, and the reader if its client reads files of another one."""

    target: str
    reader: str = ""

    @property
    def label(self) -> str:
        """The client in words."""
        return f"{self.reader} (reads {self.target} files)" if self.reader else self.target


class Place(NamedTuple):
    """Which of a client's variants are meant, in words, and how many; all of them by default."""

    words: str = ""
    affected: int = 0
    total: int = 0

    def describe(self, client: str = "") -> str:
        """Return where something is so, perhaps with the client that it is so in."""
        of_client = f" of {client}" if client else ""
        if not self.total:
            return f"in every variant{of_client}"
        return f"{self.words}: {self.affected} of {self.total} variants{of_client}"


class LossRow(NamedTuple):
    """What became of some capabilities or fields in some variants of some clients, and why."""

    outcome: Outcome
    subjects: tuple[str, ...]
    clients: tuple[Client, ...]
    place: Place
    reasons: tuple[str, ...]


class _Atom(NamedTuple):
    """What became of one thing in one client; in detail also why."""

    outcome: Outcome
    client: Client
    subject: str
    reason: str


VariantKey = tuple[str, str, str]
"""A variant: its pack, model and policy."""

_PACK, _MODEL, _POLICY = (0, "in"), (1, "with"), (2, "under")
_AXES = (
    *((_POLICY,), (_MODEL,), (_POLICY, _PACK), (_MODEL, _PACK)),
    *((_POLICY, _MODEL), (_POLICY, _MODEL, _PACK)),
)
"""What tells variants apart, the simplest first: places in a variant's key, and their words."""


class LossTable:
    """The differences of artifacts as rows; what is only a note of the client's is left out."""

    def __init__(self, artifacts: Iterable[Artifact]) -> None:
        self.variants: dict[str, dict[VariantKey, None]] = {}
        self._alike: dict[tuple[str, tuple[Loss, ...]], list[VariantKey]] = {}
        for artifact in artifacts:
            variant = artifact.variant
            key = variant.pack.name, variant.model.name, variant.policy.name
            self.variants.setdefault(artifact.target, {})[key] = None
            self._alike.setdefault((artifact.target, artifact.losses), []).append(key)

    def list_exact(self) -> list[str]:
        """Return the targets whose files say exactly what was meant."""
        differing = {
            target for target, losses in self._alike if any(not loss.is_note for loss in losses)
        }
        return [name for name in self.variants if name not in differing]

    def list_rows(self) -> list[LossRow]:
        """Return the rows of all clients, the worst first; clients with the same row share it."""
        rows: dict[tuple[Outcome, tuple[str, ...], Place], LossRow] = {}
        for row in sorted(self._gather(is_detailed=False), key=_rank_row):
            key = row.outcome, row.subjects, row.place
            same = rows.get(key, row._replace(clients=(), reasons=()))
            reasons = tuple(dict.fromkeys((*same.reasons, *row.reasons)))
            rows[key] = same._replace(clients=(*same.clients, *row.clients), reasons=reasons)
        return sorted(rows.values(), key=_rank_row)

    def list_detailed_rows(self) -> list[LossRow]:
        """Return the rows client by client, each with one reason, and with what became of it."""
        rows = self._gather(is_detailed=True)
        return sorted(rows, key=lambda row: (rank_client(row.clients[0]), _rank_row(row)))

    def _gather(self, *, is_detailed: bool) -> list[LossRow]:
        """Return a row for each client, outcome and place; in detail, for each reason too."""
        atoms: dict[_Atom, list[tuple[str, list[VariantKey]]]] = {}
        for (target, losses), keys in self._alike.items():
            for loss in losses:
                if not loss.is_note:
                    atom, reason = _make_atom(target, loss, is_detailed=is_detailed)
                    atoms.setdefault(atom, []).append((reason, keys))
        groups: dict[tuple[Outcome, Client, str, Place], list[_Atom]] = {}
        for atom, parts in atoms.items():
            affected = {key for _, keys in parts for key in keys}
            place = self._make_place(atom.client.target, affected)
            groups.setdefault((atom.outcome, atom.client, atom.reason, place), []).append(atom)
        return [
            LossRow(
                outcome,
                tuple(sorted((atom.subject for atom in group), key=rank_subject)),
                (client,),
                place,
                tuple(dict.fromkeys(reason for atom in group for reason, _ in atoms[atom])),
            )
            for (outcome, client, _, place), group in groups.items()
        ]

    def _make_place(self, target: str, affected: Collection[VariantKey]) -> Place:
        """Return which of a target's variants are meant, by what tells them apart most simply."""
        variants = self.variants[target]
        if len(affected) == len(variants):
            return Place()
        names = [tuple(dict.fromkeys(v[n] for v in variants if v in affected)) for n in range(3)]
        for axes in _AXES:
            chosen = [key for key in variants if all(key[n] in names[n] for n, _ in axes)]
            if len(chosen) == len(affected):
                break
        words = " ".join(f"{word} {', '.join(names[n])}" for n, word in axes)
        return Place(words, len(affected), len(variants))


def _make_atom(target: str, loss: Loss, *, is_detailed: bool) -> tuple[_Atom, str]:
    """Return what of a loss is told apart, and its reason; in detail, with what became of it."""
    reason = _explain_loss(loss)
    has_change = is_detailed and not loss.is_field
    subject = loss.subject + (f" ({_describe_change(loss)})" if has_change else "")
    client = Client(target, loss.reader)
    return _Atom(_find_outcome(loss), client, subject, reason if is_detailed else ""), reason


def _find_outcome(loss: Loss) -> Outcome:
    return "lost" if loss.is_lost else loss.kind


def _describe_change(loss: Loss) -> str:
    stand_in = f"; {loss.stand_in} does the same" if loss.stand_in else ""
    return f"{_shorten_grant(loss.wanted)} → {_shorten_grant(loss.got)}{stand_in}"


def _shorten_grant(text: str) -> str:
    first, *patterns = text.split("; ")
    return f"{first} + {pluralize(len(patterns), 'pattern')}" if patterns else first


def _explain_loss(loss: Loss) -> str:
    return f"accepted: {loss.accepted}" if loss.accepted else loss.reason


def rank_subject(subject: str) -> tuple[int, str]:
    """Return what sorts capabilities in their usual order, then MCP servers and fields."""
    name = subject.partition(" ")[0]
    return ([*CAPABILITIES, name].index(name), subject)


def rank_client(client: Client) -> tuple[int, int]:
    """Return what sorts clients in the usual order of targets."""
    names = [*TARGETS]
    return names.index(client.target), names.index(client.reader) if client.reader else -1


def _rank_row(row: LossRow) -> tuple[Any, ...]:
    return (
        OUTCOMES.index(row.outcome),
        -len(row.clients),
        [rank_client(client) for client in row.clients],
        [rank_subject(subject) for subject in row.subjects],
        row.place,
    )
