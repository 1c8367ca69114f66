"""How much a layout learns of the texts that it is given."""

from enum import StrEnum

PACK_TEXTS = ("name", "title", "description")
"""The fields of a pack that a layout may place."""


class Placing(StrEnum):
    """What a layout learns of the texts that it is given."""

    NOTHING = "nothing"
    """It prints the bodies and texts of sections, and the name, title and description of a pack."""
    PACK = "pack"
    """The same of sections; what it says may depend on what the pack says of itself."""
    ALL = "all"
    """It may depend on anything."""
