"""Files that several agents share: a path in, how such a file holds the block of each out."""

from pathlib import PurePosixPath

from promptpack.targets import TARGETS
from promptpack.targets.blocks import MARKED_BLOCKS, SharedForm

_FORMS = {PurePosixPath(one.path).name: one.block for one in TARGETS.values() if one.block}


def find_block_form(path: str) -> SharedForm:
    """Return how a shared file holds blocks; instructions of any name are Markdown.

    >>> find_block_form("docs/CLAUDE.md").put("", "a", "x")
    'x'
    """
    return _FORMS.get(PurePosixPath(path).name, MARKED_BLOCKS)
