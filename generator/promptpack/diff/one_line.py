"""A change in one sentence, for formats that have a line for it and a place in a source file."""

from promptpack.diff.model import PERMISSION_KINDS, Change, Review
from promptpack.diff.wording import (
    describe_action,
    describe_transition,
    find_axis_name,
    find_suspicious_lines,
    mark_lines,
    name_subject,
)
from promptpack.model import Origin, is_in_project
from promptpack.reporting.characters import reveal

MAX_LENGTH = 300


def summarize_change(change: Change) -> str:
    """Return what a change is, where it reaches and its first words, on one line."""
    lead = f"{name_subject(change)} {describe_action(change)}"
    if change.kind in PERMISSION_KINDS or change.kind == "output-renamed":
        return f"{lead}: {_truncate(describe_transition(change))} ({reveal(change.reach)})"
    if find_axis_name(change):
        return f"{lead} ({reveal(change.reach)})"
    lines = find_suspicious_lines(change) if change.kind == "hidden" else mark_lines(change)
    frames = {"gone": "[-{}-]", "come": "{{+{}+}}", "same": "{}"}
    words = ("".join(frames[word.mark].format(word.text) for word in line) for line in lines)
    return f"{lead} ({reveal(change.reach)}): {_truncate(' '.join(' '.join(words).split()))}"


def locate_change(review: Review, change: Change) -> tuple[Origin, ...]:
    """Return where a change is shown: its causes in the project, else its pack there, else itself.

    There is always such a place, since some readers refuse a report with an entry that has none.
    """
    causes = tuple(origin for origin in change.causes if is_in_project(origin.path))
    output = change.outputs[0]
    pack = review.pack_paths.get(output, output)
    return causes or (Origin(pack if is_in_project(pack) else output, 1),)


def _truncate(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"
