"""The words for losses: a loss in, one word out; each word with what it means.

The reports of `build`, the site and the guide use these words and no others.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from promptpack.model import Loss

LossWord = Literal["lost", "narrowed", "dropped", "advisory", "widened", "accepted", "note"]
"""What became of something that an agent grants or sets."""

LOSS_WORDS: tuple[LossWord, ...] = get_args(LossWord)
LOSS_MEANINGS: Mapping[LossWord, str] = {
    "lost": "the policy grants it, and the client has nothing of it",
    "narrowed": "the client allows less",
    "dropped": "the client has no such tool but another that does the same, "
    "or its file has no such field",
    "advisory": "the prompt states it, but the client doesn't enforce it",
    "widened": "the client allows more; the build stops",
    "accepted": "widened, but the pack accepts it with a written reason",
    "note": "only a guard of the client's own differs, and nothing is lost",
}
"""What each word means, as it is to be read after a colon."""


def choose_loss_word(loss: Loss) -> LossWord:
    """Return the word for what became of something."""
    if loss.is_note:
        return "note"
    if loss.is_lost:
        return "lost"
    return "accepted" if loss.kind == "widened" and loss.accepted else loss.kind
