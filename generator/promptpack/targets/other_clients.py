"""Names that are no targets: a word in, the target that is meant or what there is instead out."""

from collections.abc import Mapping
from typing import NamedTuple

from promptpack.source.closest import suggest
from promptpack.targets import TARGETS


class OtherClient(NamedTuple):
    """A client that loads no agent from a file, and the targets whose files it reads.

    `reason` says what it has instead, `check` by what means that was found out, and when.
    """

    name: str
    title: str
    reason: str
    reads: tuple[str, ...]
    check: str

    @property
    def hint(self) -> str:
        """What to name instead, in one line."""
        names = " or ".join(f"'{name}'" for name in self.reads)
        words = f"{self.title} loads no agent from a file: {self.reason}"
        return f"{words}; name {names}, which it reads"


OTHER_CLIENTS: Mapping[str, OtherClient] = {
    one.name: one
    for one in (
        OtherClient(
            "amp",
            "Amp",
            "its agents are TypeScript programs or stand in its own service",
            ("agents-md", "skill"),
            "the program of ampcode/cli 0.0.1790142911, read and not run; 2026-11-27",
        ),
    )
}
"""The clients that people ask for and that can't be a target."""


def suggest_target(word: str) -> str:
    """Return a hint for a word that is no target: what the client has, or which target is meant.

    >>> suggest_target("windsurf"), suggest_target("opencod")
    ("did you mean 'devin-rule'?", "did you mean 'opencode'?")
    >>> suggest_target("Amp").startswith("Amp loads no agent")
    True
    """
    name = word.casefold()
    if name in OTHER_CLIENTS:
        return OTHER_CLIENTS[name].hint
    meant = [one.name for one in TARGETS.values() if name in map(str.casefold, one.synonyms)]
    is_certain = len(meant) == 1 and name not in TARGETS
    return f"did you mean '{meant[0]}'?" if is_certain else suggest(word, TARGETS)
