"""What of a client's file promptpack would not write, and whether the client minds."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

ProblemKind = Literal["misread", "unknown"]


class Problem(NamedTuple):
    """Something in a file that promptpack would not write.

    A client refuses a file for what is `misread`, or takes something else from it than it says.
    What is `unknown` is a key, a tool or a form of which promptpack doesn't know that the client
    minds it. `key` is the front matter key that it is about, or empty.
    """

    message: str
    kind: ProblemKind
    key: str = ""


def list_misread(messages: Iterable[str], key: str = "") -> list[Problem]:
    """Return problems that make the client refuse or misread a file."""
    return [Problem(message, "misread", key) for message in messages]


def list_unknown(messages: Iterable[str], key: str = "") -> list[Problem]:
    """Return problems of which it is not known that the client minds them."""
    return [Problem(message, "unknown", key) for message in messages]
