"""Relative addresses: the path of a page and of the page it is linked from in, a link out."""

import re
from typing import NamedTuple

_END_OF_PATH = re.compile(r"[?#]|$")

LEGEND_PAGE = "reference/targets/index.md"
"""The list of targets, which also says what the words for losses mean."""


class Link(NamedTuple):
    """A label, and the address that it leads to; without one it is the label alone."""

    label: str
    address: str = ""


def make_address(page: str, here: str) -> str:
    """Return the relative address of a page from the page `here`; both are paths from the root.

    >>> make_address("fragments/index.md#about", "packs/demo/index.md")
    '../../fragments/index.html#about'
    """
    end = _END_OF_PATH.search(page)
    path_length = end.start() if end else len(page)
    path, rest = page[:path_length], page[path_length:]
    return make_file_address(f"{path.removesuffix('.md')}.html{rest}", here)


def make_file_address(file: str, here: str) -> str:
    """Return the relative address of a file that is no page from the page `here`.

    >>> make_file_address("packs/demo/index.html", "packs/demo/fragments/role.md")
    '../index.html'
    """
    names, folders = file.split("/"), here.split("/")[:-1]
    shared = 0
    while shared < min(len(names) - 1, len(folders)) and names[shared] == folders[shared]:
        shared += 1
    return "../" * (len(folders) - shared) + "/".join(names[shared:])


def link_page(label: str, page: str, here: str) -> Link:
    """Return a link to a page by its path."""
    return Link(label, make_address(page, here))
