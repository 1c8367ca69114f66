"""Files that several agents share: a path in, how such a file holds the block of each out."""

from pathlib import PurePosixPath

from promptpack.targets import ENTRIES, TARGETS
from promptpack.targets.blocks import MARKED_BLOCKS, SharedForm

_OWNERS = {one.shared_file: name for name, one in ENTRIES.items() if one.shared_file}
"""The targets that have blocks in shared files, by the names of these."""


def find_block_form(path: str) -> SharedForm:
    """Return how a shared file holds blocks; instructions of any name are Markdown.

    >>> find_block_form("docs/CLAUDE.md").put("", "a", "x")
    'x'
    """
    owner = _OWNERS.get(PurePosixPath(path).name)
    return (owner and TARGETS[owner].block) or MARKED_BLOCKS
