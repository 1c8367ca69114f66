"""Code in Markdown: a text of anybody in, a code span in which nothing acts out."""

import re

from promptpack.reporting.characters import reveal

_BACKTICKS = re.compile("`+")


def format_code(text: str) -> str:
    """Return text as a code span that it can't leave, on one line, with hidden characters named."""
    clean = " ".join(reveal(text).split()) or " "
    ticks = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(clean)), default=0))
    pad = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{ticks}{pad}{clean}{pad}{ticks}"
