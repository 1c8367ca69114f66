"""Parts of a site that the next site of the same project may have too: what each is made of in."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar, cast

from promptpack.site.page import Page, View
from promptpack.site.templating import render_page

Part = TypeVar("Part")


class SiteParts:
    """Parts by a key; a part is taken again as long as what it is made of stays the same.

    So it is also made once for all pages of a site.

    Parts that the last site did not have are forgotten.
    """

    def __init__(self) -> None:
        self._parts: dict[Hashable, tuple[Sequence[object], object]] = {}
        self._pages: dict[Hashable, tuple[View, Page]] = {}
        self._last_parts = self._parts
        self._last_pages = self._pages

    def begin(self) -> None:
        """Begin another site."""
        self._last_parts, self._parts = self._parts, {}
        self._last_pages, self._pages = self._pages, {}

    def reuse(self, key: Hashable, made_of: Sequence[object], make: Callable[[], Part]) -> Part:
        """Return the part there is if it was made of the very same objects, else make it.

        Of one key all parts have one type.
        """
        last = self._parts.get(key) or self._last_parts.get(key)
        if last is None or [*map(id, last[0])] != [*map(id, made_of)]:
            last = made_of, make()
        self._parts[key] = last
        return cast("Part", last[1])

    def share(self, key: Hashable, value: Part) -> Part:
        """Return what the last site had by a key if it is equal to a value, else the value."""
        last = self._parts.get(key) or self._last_parts.get(key)
        shared = last if last is not None and last[1] == value else ((), value)
        self._parts[key] = shared
        return cast("Part", shared[1])

    def render_page(self, path: str, view: View) -> Page:
        """Return the page of a view; that of the last site if it had an equal view at this path."""
        last = self._last_pages.get(path)
        page = last[1] if last is not None and last[0] == view else render_page(view)
        self._pages[path] = view, page
        return page
