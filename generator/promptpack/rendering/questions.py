"""What a template asks of the policy, and what several ask together.

A template that asks plain questions learns their answers and nothing else, so it says the same
under all policies with equal answers.
"""

from typing import NamedTuple


class PolicyQuestion(NamedTuple):
    """A word of a policy, or a test of one capability; of the policy as written if `authored`."""

    name: str
    capability: str
    authored: bool


Questions = frozenset[PolicyQuestion] | None
"""The questions of a template, or None where it may learn anything of the policy."""


def join_questions(*parts: Questions) -> Questions:
    """Return the questions of several templates."""
    known = [part for part in parts if part is not None]
    return frozenset().union(*known) if len(known) == len(parts) else None
