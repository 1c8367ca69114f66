"""Committed outputs that are not what their sources give: both sides in, drift and its rights out.

A comparison builds both sides with one promptpack. So what another version of it, another library
or a hand made of committed outputs is no difference between the two builds, and is found here.
"""

from collections.abc import Callable, Iterable, Iterator, Set

from promptpack.diff.committed import normalize_text
from promptpack.diff.grouping import ChangeKey, Occurrence
from promptpack.diff.model import Change, Committed, Drift, Output, PackageChange, Side, ToolChange
from promptpack.diff.pairing import Pair
from promptpack.diff.permissions import PolicyDecoder, compare_permissions
from promptpack.diff.sides import make_folder_output
from promptpack.model import Origin
from promptpack.output.manifest import MANIFEST
from promptpack.source.changed import find_changed_paths

SECTION = "drift"
"""The section of changes that no source caused."""


def find_drift(base: Side, head: Side, includes: Callable[[Output], bool]) -> tuple[Drift, ...]:
    """Return the committed outputs that differ from their sources on one of the sides."""
    stale = {"base": frozenset(_find_stale(base)), "head": frozenset(_find_stale(head))}
    old, new = base.committed.texts, head.committed.texts
    return tuple(
        Drift(
            key,
            tuple(name for name, keys in stale.items() if key in keys),
            is_new=key in stale["head"] and old.get(key) != new.get(key),
        )
        for key in sorted(stale["base"] | stale["head"])
        if any(includes(_make_output(key, side, "")) for side in (base, head))
    )


def compare_tools(base: Committed, head: Committed) -> ToolChange:
    """Return which promptpack and which library files built the committed outputs of both sides."""
    changed = list_changed_files(base, head)
    files = tuple(path for path in changed if not path.endswith(":"))
    packages = tuple(
        PackageChange(name[:-1], base.library.get(name, ""), head.library.get(name, ""))
        for name in changed
        if name.endswith(":")
    )
    return ToolChange(base.tool, head.tool, files, packages)


def list_changed_files(base: Committed, head: Committed) -> list[str]:
    """Return the library files that both builds had in another version, and such packages."""
    is_known = bool(base.tool and head.tool)
    return sorted(find_changed_paths(base.library, head.library)) if is_known else []


def pair_committed(drift: Iterable[Drift], base: Side, head: Side) -> list[Pair]:
    """Return the committed texts of outputs with drift, as they were and as they are.

    What is committed for the first time is held against what is built.
    """
    pairs = []
    for one in drift:
        old, new = base.committed.texts.get(one.key), head.committed.texts.get(one.key)
        built = head.outputs.get(one.key)
        if new is not None:
            old_output = built if old is None else _make_output(one.key, base, old)
            pairs.append(Pair(old_output, _make_output(one.key, head, new)))
    return pairs


def find_drift_occurrences(
    pairs: Iterable[Pair],
    known: Iterable[Occurrence],
    sides: tuple[Side, Side],
    decoder: PolicyDecoder,
) -> Iterator[Occurrence]:
    """Yield what committed outputs grant more than before, without what the sources tell.

    `known` are the occurrences between the two builds. The causes are the library files that
    changed and that the output is made of, or else the record of the build.
    """
    base, head = sides
    told = {(one.output, one.key.field, one.key.new) for one in known}
    changed = {*list_changed_files(base.committed, head.committed)}
    for pair in pairs:
        if pair.new is None or (pair.old is not None and pair.old.text == pair.new.text):
            continue
        for change in compare_permissions(pair.old, pair.new, decoder):
            is_told = (pair.key, change.field, change.new) in told
            if change.kind != "narrowed" and not is_told:
                key = ChangeKey(change.kind, SECTION, change.field, change.old, change.new)
                causes = _find_causes(head, pair.key, changed)
                yield Occurrence(key, pair.key, causes)


def _find_causes(head: Side, key: str, changed: Set[str]) -> tuple[Origin, ...]:
    """Return the changed library files that an output is made of: those that decide about all."""
    built = head.outputs.get(key)
    groups = ((*built.frame,), (*built.sources,)) if built else ()
    used = next((found for group in groups if (found := changed & {*group})), set())
    paths = sorted(used) or [f"{head.out}/{MANIFEST}"]
    return tuple(Origin(path, 1) for path in paths)


def _find_stale(side: Side) -> Iterator[str]:
    """Yield the keys of committed outputs that the sources of their side do not give."""
    built, committed = side.outputs, side.committed
    if not committed.texts:
        return
    for key in {*built, *committed.texts, *committed.recorded}:
        text = committed.texts.get(key)
        is_expected = text is not None or (key in committed.recorded and key in built)
        if is_expected and (key not in built or normalize_text(built[key].text) != text):
            yield key


def _make_output(key: str, side: Side, text: str) -> Output:
    built = side.outputs.get(key)
    if built is None:
        return make_folder_output(key, text)
    return Output(key, text, built.target, built.stem, built.dims)


def add_groups(drift: Iterable[Drift], changes: Iterable[Change]) -> tuple[Drift, ...]:
    """Return the drift with the ids of the changes that follow from it."""
    own = [change for change in changes if change.section == SECTION]
    return tuple(
        one._replace(groups=tuple(change.id for change in own if one.key in change.outputs))
        for one in drift
    )
