"""A review as JSON, for programs."""

from promptpack.diff.data import serialize_review
from promptpack.diff.model import Review
from promptpack.reporting.json_text import dump_json


def render_json(review: Review) -> str:
    """Return the whole review; its schema is printed by `promptpack schema diff`."""
    return dump_json(serialize_review(review))
