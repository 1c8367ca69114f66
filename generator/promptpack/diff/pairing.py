"""Which output became which: two sides in, pairs of outputs out, renamed ones found."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from promptpack.diff.model import Hunk, Output, Side, Status
from promptpack.diff.segments import pieces
from promptpack.reporting.characters import deceptive

ALIKE = 0.5
"""How much of two files has to be the same for one to be the other under a new name."""


class Pair(NamedTuple):
    """An output on both sides; None where it is not there."""

    old: Output | None
    new: Output | None

    @property
    def any(self) -> Output:
        """Return the output as it is now, or else as it was."""
        found = self.new or self.old
        assert found is not None  # noqa: S101 - a pair has one of them
        return found

    @property
    def key(self) -> str:
        """Return what the output is called now, or else was."""
        return self.any.key

    @property
    def status(self) -> Status:
        """Return what became of the output."""
        if self.old is None or self.new is None:
            return "added" if self.old is None else "removed"
        if self.old.key != self.new.key:
            return "renamed"
        return "same" if self.old.text == self.new.text else "changed"

    def renaming(self) -> Hunk:
        """Return the renaming as a hunk that holds no text: which words about it changed."""
        old, new = self.old or self.any, self.any
        words = [d for d in new.dims if old.dims.get(d) != new.dims[d]]
        was = ", ".join(old.dims.get(d, "") for d in words) or old.key
        now = ", ".join(new.dims[d] for d in words) or new.key
        return Hunk("output-renamed", "", ", ".join(words) or "path", was, now, 0, 0, 0, 0)


def paired(base: Side, head: Side, takes: Callable[[Output], bool]) -> tuple[Pair, ...]:
    """Return the pairs of two sides that `takes` lets through, by what they are called."""
    old, new = base.outputs, head.outputs
    gone = [old[key] for key in sorted(old) if key not in new and takes(old[key])]
    come = [new[key] for key in sorted(new) if key not in old and takes(new[key])]
    renamed = dict(_renamed(gone, come))
    befores = {id(output) for output in renamed.values()}
    found = [
        Pair(old[k], new[k]) for k in old.keys() & new.keys() if takes(old[k]) or takes(new[k])
    ]
    found += [Pair(renamed.get(output.key), output) for output in come]
    found += [Pair(output, None) for output in gone if id(output) not in befores]
    return tuple(sorted(found, key=lambda pair: (pair.key, pair.new is None)))


def whole(pair: Pair) -> tuple[Hunk, ...]:
    """Return the one hunk of an output that came or went."""
    if pair.old is None:
        text, size = pair.any.text, len(pieces(pair.any.text, pair.any.sections))
        kind = "hidden" if deceptive("", text) else "output-added"
        added = Hunk("output-added", "", pair.any.target, "", text, 0, 0, 0, size, "raw")
        return (added if kind == "output-added" else added._replace(kind="hidden"),)
    text, size = pair.old.text, len(pieces(pair.old.text, pair.old.sections))
    return (Hunk("output-removed", "", pair.old.target, text, "", 0, size, 0, 0, "raw"),)


def _renamed(gone: Sequence[Output], come: Sequence[Output]) -> Iterator[tuple[str, Output]]:
    """Yield the new name and the old output of each renaming, the likeliest first."""
    lines = {id(output): Counter(output.text.splitlines()) for output in (*gone, *come)}
    related: dict[object, list[Output]] = defaultdict(list)
    for new in come:
        for words in _all_but_one(new):
            related[words].append(new)
    candidates = set()
    for old in gone:
        for new in dict.fromkeys(new for words in _all_but_one(old) for new in related[words]):
            alike = _overlap(lines[id(old)], lines[id(new)])
            if alike >= ALIKE:
                candidates.add((-alike, old.key, new.key))
    by_key = {output.key: output for output in gone}
    taken: set[str] = set()
    for _, was, now in sorted(candidates):
        if not {f"-{was}", f"+{now}"} & taken:
            taken |= {f"-{was}", f"+{now}"}
            yield now, by_key[was]


def _all_but_one(output: Output) -> Iterator[tuple[object, ...]]:
    """Yield the client and all words about an output but one, which a renaming may have changed."""
    for left_out in output.dims or ("",):
        kept = sorted(pair for pair in output.dims.items() if pair[0] != left_out)
        yield output.target, left_out, *kept


def _overlap(old: Counter[str], new: Counter[str]) -> float:
    return 2 * (old & new).total() / max(1, old.total() + new.total())
