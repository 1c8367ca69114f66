"""Workflow commands: a message and its place in, an annotation that GitHub shows out."""

LIMIT = 10
"""GitHub shows so many annotations of each severity for a step."""


def annotation(level: str, title: str, message: str, path: str = "", line: int = 0) -> str:
    """Return a workflow command that annotates a line of a file, or the step where there is none.

    `level` is `error`, `warning` or `notice`.
    """
    place = f"file={_property(path)},line={line}," if path else ""
    return f"::{level} {place}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
