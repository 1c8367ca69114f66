"""A review as JSON, for programs."""

from json import dumps

from promptpack.diff.data import review_data
from promptpack.diff.model import Review


def json(review: Review) -> str:
    """Return the whole review; its schema is printed by `promptpack schema diff`."""
    return dumps(review_data(review), indent=2) + "\n"
