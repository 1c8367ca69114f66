"""Workflow commands: a message and its place in, an annotation that GitHub shows out."""

from promptpack.reporting.characters import reveal

ANNOTATION_LIMIT = 10
"""GitHub shows so many annotations of each severity for a step."""


def format_annotation(level: str, title: str, message: str, path: str = "", line: int = 0) -> str:
    """Return a workflow command that annotates a line of a file, or the step where there is none.

    `level` is `error`, `warning` or `notice`.
    """
    location = f"file={_escape_property(path)},line={line}," if path else ""
    return f"::{level} {location}title={_escape_property(title)}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return (
        reveal(text)
        .replace("\t", " ")
        .replace("%", "%25")
        .replace("\r", "%0D")
        .replace("\n", "%0A")
    )


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
