"""A review as JSON, for programs."""

from json import dumps

from promptpack.diff.data import serialize_review
from promptpack.diff.model import Review


def render_json(review: Review) -> str:
    """Return the whole review; its schema is printed by `promptpack schema diff`."""
    return dumps(serialize_review(review), indent=2) + "\n"
