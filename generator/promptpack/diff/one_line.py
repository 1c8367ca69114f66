"""A change in one sentence, for formats that have a line for it and a place in a source file."""

from collections.abc import Iterable

from promptpack.diff.model import PERMISSIONS, Change
from promptpack.diff.wording import marked, subject, suspicious, verb
from promptpack.model import Origin
from promptpack.reporting.characters import shown
from promptpack.source.text import LIBRARY

LONGEST = 300


def sentence(change: Change) -> str:
    """Return what a change is, where it reaches and its first words, on one line."""
    lead = f"{subject(change)} {verb(change)}"
    if change.kind in PERMISSIONS or change.kind == "output-renamed":
        return (
            f"{lead}: {_cut(f'{shown(change.old)} → {shown(change.new)}')} ({shown(change.reach)})"
        )
    lines = suspicious(change) if change.kind == "hidden" else marked(change)
    frames = {"gone": "[-{}-]", "come": "{{+{}+}}", "same": "{}"}
    words = ("".join(frames[word.mark].format(word.text) for word in line) for line in lines)
    return f"{lead} ({shown(change.reach)}): {_cut(' '.join(' '.join(words).split()))}"


def in_repository(causes: Iterable[Origin]) -> tuple[Origin, ...]:
    """Return the causes that lie in the project, not in the standard library."""
    return tuple(origin for origin in causes if not origin.path.startswith(LIBRARY))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
