"""Why a repository can't be read: a message in, the error that the user sees out.

A wrong word of the user has no place, and the exit code 2. What can't be read has one, and the exit
code 3, because a comparison that could not look must not pass for one that found nothing.
"""

from promptpack.model import Finding, UserError

REPOSITORY_PATH = ".git"
"""The place of what is wrong with a repository as a whole."""


def make_usage_error(message: str, hint: str) -> UserError:
    """Return the error of a name that means nothing, or of a project outside of git."""
    return UserError((Finding("PP051", "error", "", 0, 0, message, hint),))


def make_read_error(path: str, message: str, hint: str = "") -> UserError:
    """Return the error of something at a path that is there, or should be, and can't be read."""
    return UserError((Finding("PP051", "error", path, 1, 1, message, hint),))
