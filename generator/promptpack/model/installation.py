"""Installations: what a project file says of where outputs are placed."""

from collections.abc import Mapping
from typing import NamedTuple

from promptpack.model.origin import Origin


class Installation(NamedTuple):
    """Where outputs are placed, and which, as the project file says it.

    `into` is a folder, relative to the project's, or `USER` for each client's own folder of the
    user. No packs mean all, no targets those of each pack. `variants` are names by target, and
    `DEFAULT_VARIANT` for the others; where neither names one, a pack's own default counts. `name`
    is what the one pack is called there, "" for its own name.
    """

    into: str
    packs: tuple[str, ...]
    targets: tuple[str, ...]
    variants: Mapping[str, str]
    name: str
    origin: Origin


EVERY_PACK = "all"
"""What an installation says for all packs."""

USER = "user"
"""The place of an installation for a user and not for a repository."""

DEFAULT_VARIANT = "default"
"""The key of the variant of all targets for which an installation names no other."""
