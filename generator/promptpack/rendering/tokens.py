"""The one estimate of tokens: a number of characters in, about how many tokens out."""

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb; a number of tokens is always shown with `≈` or "about"."""


def estimate_tokens(characters: float) -> int:
    """Return about how many tokens a text of this length has, to the nearest.

    >>> estimate_tokens(17), estimate_tokens(-17), estimate_tokens(len("word"))
    (4, -4, 1)
    """
    return round(characters / CHARACTERS_PER_TOKEN)
