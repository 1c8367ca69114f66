"""What a change itself accepts: the list of its new side in, which of its changes are on it out.

Such an entry counts once it is on the base, so all that is done with it here is to say so.
"""

import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from promptpack.diff.baseline import find_unaccepted, read_baseline
from promptpack.diff.model import Review
from promptpack.model import UserError
from promptpack.reporting.characters import reveal_line

DEFAULT_LIST = "reviewed.json"
"""Where reviewed changes are recorded, unless another file is named."""

_ID_LIMIT = 10


def add_pending(review: Review, path: str, data: bytes | None, today: date) -> Review:
    """Return a review that knows which of its open changes the new side's list accepts.

    `path` is that of the list in the project. A list that can't be read accepts nothing.
    """
    review = replace(review, accept_file=path)
    try:
        listed = read_baseline(data or b"{}", path, today)
    except UserError:
        return review
    unlisted = {change.id for change in find_unaccepted(review.changes, listed)}
    pending = tuple(change.id for change in review.changes if change.id not in unlisted)
    return replace(review, pending=pending)


def describe_pending(review: Review, quote: Callable[[str], str] = reveal_line) -> str:
    """Return what the new side's list accepts, and that it does not count; nothing for none.

    `quote` makes the name of the list safe where it is shown.
    """
    if not review.pending:
        return ""
    ids = ", ".join(review.pending[:_ID_LIMIT])
    more = f" and {len(review.pending) - _ID_LIMIT} more" if len(review.pending) > _ID_LIMIT else ""
    name = quote(review.accept_file)
    return f"This change accepts {ids}{more} in {name} itself; that counts once it is merged."


def format_accept_command(review: Review, fingerprint: str) -> str:
    """Return the command that accepts a change of this review, for a shell."""
    words = ["promptpack", "accept", fingerprint[:8]]
    if review.accept_file not in ("", DEFAULT_LIST):
        words += ["--file", reveal_line(review.accept_file)]
    return f'{shlex.join(words)} --reason "…"'
