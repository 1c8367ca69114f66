"""The formats of a review: one small module each, from a review to text."""

from collections.abc import Callable

from promptpack.diff.formats import github, gitlab, html, json, sarif
from promptpack.diff.formats.markdown import BUDGET, markdown
from promptpack.diff.formats.text import text
from promptpack.diff.model import Review

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
