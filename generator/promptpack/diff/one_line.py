"""A change in one sentence, for formats that have a line for it and a place in a source file."""

from collections.abc import Iterable

from promptpack.diff.model import PERMISSION_KINDS, Change
from promptpack.diff.wording import describe_action, find_suspicious_lines, mark_lines, name_subject
from promptpack.model import Origin
from promptpack.reporting.characters import reveal
from promptpack.source.text import LIBRARY_PREFIX

MAX_LENGTH = 300


def summarize_change(change: Change) -> str:
    """Return what a change is, where it reaches and its first words, on one line."""
    lead = f"{name_subject(change)} {describe_action(change)}"
    if change.kind in PERMISSION_KINDS or change.kind == "output-renamed":
        return (
            f"{lead}: {_truncate(f'{reveal(change.old)} → {reveal(change.new)}')} "
            f"({reveal(change.reach)})"
        )
    lines = find_suspicious_lines(change) if change.kind == "hidden" else mark_lines(change)
    frames = {"gone": "[-{}-]", "come": "{{+{}+}}", "same": "{}"}
    words = ("".join(frames[word.mark].format(word.text) for word in line) for line in lines)
    return f"{lead} ({reveal(change.reach)}): {_truncate(' '.join(' '.join(words).split()))}"


def select_project_causes(causes: Iterable[Origin]) -> tuple[Origin, ...]:
    """Return the causes that lie in the project, not in the standard library."""
    return tuple(origin for origin in causes if not origin.path.startswith(LIBRARY_PREFIX))


def _truncate(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"
