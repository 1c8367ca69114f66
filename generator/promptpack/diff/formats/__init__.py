"""The formats of a review: one small module each, from a review to text."""

from collections.abc import Callable

from promptpack.diff.formats import github, gitlab, html, json, sarif
from promptpack.diff.formats.markdown import BUDGET, render_markdown
from promptpack.diff.formats.text import render_text
from promptpack.diff.model import Review

__all__ = ["BUDGET", "FORMATS", "render_markdown"]

FORMATS: dict[str, Callable[[Review], str]] = {
    "text": render_text,
    "markdown": render_markdown,
    "html": html.render_html,
    "json": json.render_json,
    "sarif": sarif.render_sarif,
    "github": github.render_github,
    "gitlab": gitlab.render_gitlab,
}
"""Each format by its name; what they return ends with a newline."""
