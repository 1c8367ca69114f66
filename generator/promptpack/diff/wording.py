"""The words of a review in any format: changes in, titles, verbs and marked words out."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promptpack.diff.axes import AXES
from promptpack.diff.edits import describe_framing, is_layout, is_moved, list_rule_edits
from promptpack.diff.hunks import HEADING, MOVED_FROM
from promptpack.diff.model import PERMISSION_KINDS, Change, ChangeKind, Review, SourceHunk
from promptpack.diff.words import MarkedText, WordStatus, compare_words
from promptpack.redaction import redact
from promptpack.reporting.characters import reveal
from promptpack.reporting.plurals import pluralize

MOVED_AND_CHANGED = "moved and changed"
NO_CHANGES = "No generated output changed."
_ID_LIMIT = 10


class ReportSection(NamedTuple):
    """Changes of one urgency under one title."""

    title: str
    urgent: bool
    changes: tuple[Change, ...]


_SECTIONS: tuple[tuple[str, frozenset[ChangeKind]], ...] = (
    ("Permissions widened", frozenset({"widened", "unproven"})),
    ("Hidden or deceptive characters", frozenset({"hidden"})),
    (
        "Outputs added, removed or renamed",
        frozenset({"output-added", "output-removed", "output-renamed"}),
    ),
    ("Model or mode changed", frozenset({"model", "mode"})),
    ("Safety text changed or removed", frozenset({"safety"})),
    ("Permissions narrowed", frozenset({"narrowed"})),
    ("Other front matter fields", frozenset({"head"})),
    ("Prose", frozenset({"prose", "moved"})),
    ("Whitespace only", frozenset({"whitespace"})),
)
_URGENT_COUNT = 2


def iter_sections(review: Review) -> Iterator[ReportSection]:
    """Yield the blocks of a review that have something in them, the most urgent first."""
    for number, (title, kinds) in enumerate(_SECTIONS):
        changes = tuple(change for change in review.changes if change.kind in kinds)
        if changes:
            yield ReportSection(title, number < _URGENT_COUNT, changes)


def describe_action(change: Change) -> str:
    """Return what happened, in a word or two."""
    actions: dict[ChangeKind, str] = {
        "unproven": "possibly widened",
        "widened": "widened",
        "narrowed": "narrowed",
        "output-added": "output added",
        "output-removed": "output removed",
        "output-renamed": "output renamed",
        "whitespace": "whitespace",
    }
    if find_axis_name(change):
        return "added" if change.kind == "output-added" else "removed"
    if change.kind in actions:
        return actions[change.kind]
    if is_layout(change):
        return describe_framing(change)
    if is_moved(change):
        origin = change.field if change.field.startswith(MOVED_FROM) else ""
        moved = "moved" if change.old == change.new or change.kind == "moved" else MOVED_AND_CHANGED
        return f"{moved} {reveal(origin)}".rstrip()
    return "changed" if change.old and change.new else "removed" if change.old else "added"


def describe_transition(change: Change) -> str:
    """Return what became of what: of a long grant only the rules that came, went or moved."""
    edits = list_rule_edits(change.old, change.new) if change.kind in PERMISSION_KINDS else []
    return "; ".join(edits) or f"{reveal(change.old)} → {reveal(change.new)}"


def name_subject(change: Change) -> str:
    """Return what a change is about: a capability, a front matter field or a section."""
    if axis := find_axis_name(change):
        return reveal(axis)
    if is_layout(change) or change.field == HEADING:
        return reveal(f"{change.section} {change.field}".rstrip())
    if change.kind in PERMISSION_KINDS or change.section == "head":
        return reveal(change.field or change.section)
    return reveal(change.section or change.field or "text")


def find_axis_name(change: Change) -> str:
    """Return the pack, target, model, policy or variant that came or went; empty for others."""
    if change.kind not in ("output-added", "output-removed") or change.field not in AXES:
        return ""
    return f"{change.field} {change.new or change.old}"


def measure_outputs(change: Change) -> Iterator[tuple[str, str]]:
    """Yield each output that came or went, and its size."""
    for output, hunk in change.places:
        yield reveal(output), pluralize(len(_split_lines(hunk.new or hunk.old)), "line")


def count_by_section(changes: Iterable[Change]) -> Iterator[str]:
    """Yield what happened to each section: `scope: 2 changed, 1 removed`."""
    sections: dict[str, Counter[str]] = {}
    for change in changes:
        sections.setdefault(name_subject(change), Counter())[describe_action(change)] += 1
    for name, actions in sections.items():
        yield f"{name}: {', '.join(f'{number} {action}' for action, number in actions.items())}"


def mark_lines(change: Change) -> list[list[MarkedText]]:
    """Return the text of a change line by line, with what went and what came; nothing is hidden."""
    if change.kind in PERMISSION_KINDS and (edits := list_rule_edits(change.old, change.new)):
        return [[MarkedText("same", edit)] for edit in edits]
    if change.kind == "output-renamed" or change.kind in PERMISSION_KINDS:
        old_text, new_text = (
            MarkedText("gone", reveal(change.old)),
            MarkedText("come", reveal(change.new)),
        )
        return [[old_text, MarkedText("same", " → "), new_text]]
    if is_layout(change) or change.field == HEADING:
        texts = dict.fromkeys((place.hunk.old, place.hunk.new) for place in change.places)
        pairs = sorted(texts, key=lambda pair: (not all(pair), pair))
        return [line for old, new in pairs for line in mark_texts(redact(old), redact(new))]
    if is_moved(change) and change.old == change.new:
        return [[MarkedText("same", line)] for line in _split_lines(change.old)]
    if change.kind in ("output-added", "output-removed"):
        return _mark_whole(change)
    return mark_texts(change.old, change.new)


def mark_texts(old: str, new: str) -> list[list[MarkedText]]:
    """Return two texts line by line, with what went and what came; nothing is hidden."""
    if not old or not new:
        status: WordStatus = "come" if new else "gone"
        return [[MarkedText(status, line)] for line in _split_lines(old or new)]
    return _group_by_line(compare_words(old, new))


def find_suspicious_lines(change: Change) -> list[list[MarkedText]]:
    """Return only the new lines of a change that hold something hidden, where there are such."""
    new_lines = [
        line for line in change.new.split("\n") if reveal(line) != line or not line.isascii()
    ]
    hidden_lines = [line for line in new_lines if reveal(line) != line] or new_lines
    return [[MarkedText("come", reveal(line))] for line in hidden_lines]


def format_causes(change: Change, source: SourceHunk | None = None) -> str:
    """Return the source lines behind a change, without those of a place that is shown above it."""
    origins = [one for one in change.causes if source is None or one not in source.lines]
    return ", ".join(f"{reveal(origin.path)}:{origin.line}" for origin in origins)


def format_place(source: SourceHunk) -> str:
    """Return the file and the line of a changed place of a source."""
    return f"{reveal(source.path)}:{source.line}"


def format_radius(source: SourceHunk) -> str:
    """Return in how many packs and targets a changed place has consequences."""
    return f"{pluralize(source.packs, 'pack')}, {pluralize(source.targets, 'target')}"


def is_urgent(review: Review) -> bool:
    """Tell whether a review has a change that nobody may overlook."""
    return bool(review.widened) or any(one.severity == "critical" for one in review.changes)


def list_widened(review: Review) -> str:
    """Return the ids of the changes that widen a permission, the first few of many."""
    ids = [*review.widened[:_ID_LIMIT], *(["…"] if len(review.widened) > _ID_LIMIT else [])]
    return ", ".join(ids)


def format_verdict(review: Review) -> str:
    """Return what matters most of a review, in one line: which changes widen a permission."""
    if review.widened:
        count = pluralize(len(review.widened), "group")
        return f"Permissions widened in {count}: {list_widened(review)}"
    hidden = [change.id for change in review.groups if change.kind == "hidden"]
    characters = f"; hidden or deceptive characters in {', '.join(hidden)}" if hidden else ""
    if any(change.kind in ("widened", "unproven") for change in review.accepted):
        return f"Permissions widened only as accepted earlier{characters}"
    return f"No permission is widened{characters}"


DRIFT_TITLE = "Not from your sources"


def list_drift(review: Review) -> list[str]:
    """Return the committed outputs that differ, each with the sides on which it does."""
    return [f"{reveal(one.key)} ({', '.join(one.sides)})" for one in review.drift]


def describe_drift(review: Review) -> Iterator[str]:
    """Yield what is known of committed outputs that their sources do not give; nothing for none."""
    tool, count = review.tool, len(review.drift)
    if tool.base and tool.head and tool.base != tool.head:
        yield (
            f"The committed outputs were built with promptpack {reveal(tool.base)}, "
            f"now with {reveal(tool.head)}."
        )
    for one in tool.packages:
        yield (
            f"The library '{reveal(one.name)}' was {reveal(one.base) or 'not used'} in the build "
            f"of the base, and is {reveal(one.head) or 'not used'} in that of the head."
        )
    if tool.library:
        files = ", ".join(map(reveal, tool.library))
        yield f"Library files that changed between the two builds: {files}."
    new_count = sum(one.is_new for one in review.drift)
    head_count = sum("head" in one.sides for one in review.drift)
    if count:
        verb = "differs from its" if head_count == 1 else "differ from their"
        was = "" if new_count == head_count else f"; the change made {new_count} of them differ"
        yield f"{pluralize(head_count, 'committed output')} {verb} sources{was}."
    if count > head_count:
        yield f"In the base, {pluralize(count - head_count, 'more output')} did."


def format_tokens(number: int) -> str:
    """Return an estimated number of tokens."""
    return f"≈ {number:+d} tokens" if number else "≈ 0 tokens"


def format_totals(review: Review) -> str:
    """Return the last line of a report: all that a reader has to know in numbers."""
    summary = review.summary
    outputs = f"{summary.changed} changed, {summary.added} added, {summary.removed} removed"
    outputs += f", {summary.renamed} renamed" if summary.renamed else ""
    parts = [
        pluralize(len(review.causes), "cause"),
        outputs,
        f"{pluralize(summary.groups, 'group')} ({pluralize(summary.hunks, 'hunk')})",
        f"{format_tokens(summary.tokens_per_output)} per output",
        f"{summary.unexplained} unexplained" if review.origins_known else "origins unknown",
    ]
    parts += [f"{summary.suppressed} accepted earlier"] if summary.suppressed else []
    return " · ".join(parts)


def describe_truncation(review: Review) -> str:
    """Return how many groups are shown, where not all are; else nothing."""
    visible_count = len(review.changes)
    return (
        f"{visible_count} of {review.summary.groups} groups shown"
        if visible_count < review.summary.groups
        else ""
    )


def _mark_whole(change: Change) -> list[list[MarkedText]]:
    """Return the text of outputs that came or went, each text once, below the first such output."""
    status: WordStatus = "come" if change.new else "gone"
    if not find_axis_name(change):
        lines = _split_lines(change.new or change.old)
        return [[MarkedText(status, line)] for line in lines]
    outputs = {place.hunk.new or place.hunk.old: place.output for place in reversed(change.places)}
    marked_lines: list[list[MarkedText]] = []
    for text, output in sorted(outputs.items(), key=lambda item: item[1]):
        marked_lines.append([MarkedText("same", reveal(output))])
        lines = _split_lines(redact(text))
        marked_lines += [[MarkedText(status, line)] for line in lines]
    return marked_lines


def _split_lines(text: str) -> list[str]:
    lines = [reveal(line) for line in text.split("\n")]
    return lines[:-1] if lines and not lines[-1] and len(lines) > 1 else lines


def _group_by_line(words: Iterable[MarkedText]) -> list[list[MarkedText]]:
    """Return marked words line by line; a line end alone that came or went is made visible."""
    lines: list[list[MarkedText]] = [[]]
    for status, text in words:
        if status != "same" and not lines[-1] and text.endswith("\n"):
            whole = [[MarkedText(status, reveal(line) or "↵")] for line in text.split("\n")[:-1]]
            lines[-1:] = [*whole, []]
            continue
        first, *rest = text.split("\n")
        if first:
            lines[-1].append(MarkedText(status, reveal(first)))
        for part in rest:
            if status != "same":
                lines[-1].append(MarkedText(status, "↵"))
            if status != "gone" or part:
                lines.append([])
            if part:
                lines[-1].append(MarkedText(status, reveal(part)))
    return lines if lines[-1] else lines[:-1]
