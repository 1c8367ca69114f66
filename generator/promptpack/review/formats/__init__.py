"""The formats of a review: one small module each, from a review to text."""

from collections.abc import Callable

from promptpack.review.formats import github, gitlab, html, json, sarif
from promptpack.review.formats.markdown import BUDGET, markdown
from promptpack.review.formats.text import text
from promptpack.review.nouns import Review

__all__ = ["BUDGET", "FORMATS", "markdown"]

FORMATS: dict[str, Callable[[Review], str]] = {
    "text": text,
    "markdown": markdown,
    "html": html.html,
    "json": json.json,
    "sarif": sarif.sarif,
    "github": github.github,
    "gitlab": gitlab.gitlab,
}
"""Each format by its name; what they return ends with a newline."""
