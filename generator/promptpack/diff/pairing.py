"""Which output became which: two sides in, pairs of outputs out, renamed ones found."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from promptpack.diff.model import Hunk, Output, OutputStatus, Side
from promptpack.diff.segments import split_segments
from promptpack.reporting.characters import is_deceptive

RENAME_SIMILARITY = 0.5
"""How much of two files has to be the same for one to be the other under a new name."""


class Pair(NamedTuple):
    """An output on both sides; None where it is not there."""

    old: Output | None
    new: Output | None

    @property
    def output(self) -> Output:
        """Return the output as it is now, or else as it was."""
        output = self.new or self.old
        assert output is not None  # noqa: S101 - a pair has one of them
        return output

    @property
    def key(self) -> str:
        """Return what the output is called now, or else was."""
        return self.output.key

    @property
    def status(self) -> OutputStatus:
        """Return what became of the output."""
        if self.old is None or self.new is None:
            return "added" if self.old is None else "removed"
        if self.old.key != self.new.key:
            return "renamed"
        return "same" if self.old.text == self.new.text else "changed"

    def make_rename_hunk(self) -> Hunk:
        """Return the renaming as a hunk that holds no text: which words about it changed."""
        old, new = self.old or self.output, self.output
        changed_dims = [d for d in new.dims if old.dims.get(d) != new.dims[d]]
        old_words = ", ".join(old.dims.get(d, "") for d in changed_dims) or old.key
        new_words = ", ".join(new.dims[d] for d in changed_dims) or new.key
        return Hunk(
            "output-renamed",
            "",
            ", ".join(changed_dims) or "path",
            old_words,
            new_words,
            0,
            0,
            0,
            0,
        )


def pair_outputs(base: Side, head: Side, includes: Callable[[Output], bool]) -> tuple[Pair, ...]:
    """Return the pairs of two sides that `takes` lets through, by what they are called."""
    old, new = base.outputs, head.outputs
    removed_outputs = [old[key] for key in sorted(old) if key not in new and includes(old[key])]
    added_outputs = [new[key] for key in sorted(new) if key not in old and includes(new[key])]
    renames = dict(_find_renames(removed_outputs, added_outputs))
    renamed_ids = {id(output) for output in renames.values()}
    pairs = [
        Pair(old[k], new[k])
        for k in old.keys() & new.keys()
        if includes(old[k]) or includes(new[k])
    ]
    pairs += [Pair(renames.get(output.key), output) for output in added_outputs]
    pairs += [Pair(output, None) for output in removed_outputs if id(output) not in renamed_ids]
    return tuple(sorted(pairs, key=lambda pair: (pair.key, pair.new is None)))


def make_whole_hunks(pair: Pair) -> tuple[Hunk, ...]:
    """Return the one hunk of an output that came or went."""
    if pair.old is None:
        text, segment_count = (
            pair.output.text,
            len(split_segments(pair.output.text, pair.output.sections)),
        )
        kind = "hidden" if is_deceptive("", text) else "output-added"
        hunk = Hunk("output-added", "", pair.output.target, "", text, 0, 0, 0, segment_count, "raw")
        return (hunk if kind == "output-added" else hunk._replace(kind="hidden"),)
    text, segment_count = pair.old.text, len(split_segments(pair.old.text, pair.old.sections))
    return (Hunk("output-removed", "", pair.old.target, text, "", 0, segment_count, 0, 0, "raw"),)


def _find_renames(
    removed_outputs: Sequence[Output], added_outputs: Sequence[Output]
) -> Iterator[tuple[str, Output]]:
    """Yield the new name and the old output of each renaming, the likeliest first."""
    line_counts = {
        id(output): Counter(output.text.splitlines())
        for output in (*removed_outputs, *added_outputs)
    }
    outputs_by_words: dict[object, list[Output]] = defaultdict(list)
    for new in added_outputs:
        for words in _iter_partial_dims(new):
            outputs_by_words[words].append(new)
    candidates = set()
    for old in removed_outputs:
        for new in dict.fromkeys(
            new for words in _iter_partial_dims(old) for new in outputs_by_words[words]
        ):
            similarity = _measure_overlap(line_counts[id(old)], line_counts[id(new)])
            if similarity >= RENAME_SIMILARITY:
                candidates.add((-similarity, old.key, new.key))
    by_key = {output.key: output for output in removed_outputs}
    used_names: set[str] = set()
    for _, old_key, new_key in sorted(candidates):
        if not {f"-{old_key}", f"+{new_key}"} & used_names:
            used_names |= {f"-{old_key}", f"+{new_key}"}
            yield new_key, by_key[old_key]


def _iter_partial_dims(output: Output) -> Iterator[tuple[object, ...]]:
    """Yield the client and all words about an output but one, which a renaming may have changed."""
    for dimension in output.dims or ("",):
        others = sorted(item for item in output.dims.items() if item[0] != dimension)
        yield output.target, dimension, *others


def _measure_overlap(old: Counter[str], new: Counter[str]) -> float:
    return 2 * (old & new).total() / max(1, old.total() + new.total())
