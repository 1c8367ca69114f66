"""In: one client's way to ask, and agent files. Out: what it made of each, in one shape for all."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

Files = Mapping[str, bytes]
"""Paths relative to the project folder, and their bytes."""

Case = tuple[Files, str]
"""The files of one project folder and the name of the agent to ask about."""


@dataclass(frozen=True)
class Observation:
    """What a client made of an agent file; None is a thing this client does not tell."""

    loaded: bool
    prompt: str | None = None
    model: str | None = None
    temperature: float | None = None
    mode: str | None = None
    description: str | None = None
    tools: frozenset[str] | None = None
    permissions: tuple[tuple[str, str, str], ...] | None = None
    """Permission, pattern, action, in the order the client keeps them."""
    errors: tuple[str, ...] = ()


def observe_each(
    observe: Callable[[Files, str], Observation], cases: Sequence[Case]
) -> list[Observation]:
    """Ask about each case in a sandbox of its own, two at a time; answers keep the order."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda case: observe(*case), cases))
