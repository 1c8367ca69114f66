"""Work of MkDocs that a served site need not do again: a site in, the same site from kept parts.

A site is built again after each save, and most of it is as it was. What is kept is used only while
all is the same that it can depend on: a page with a change is made as in any build.
"""

import logging
from collections.abc import Callable, Hashable, Mapping
from copy import deepcopy
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import TableOfContents

_PURE_EXTENSIONS = frozenset(
    {
        *("abbr", "admonition", "attr_list", "def_list", "fenced_code", "footnotes"),
        *("md_in_html", "sane_lists", "tables", "toc"),
        *("pymdownx.betterem", "pymdownx.caret", "pymdownx.details", "pymdownx.highlight"),
        *("pymdownx.inlinehilite", "pymdownx.keys", "pymdownx.mark", "pymdownx.smartsymbols"),
        *("pymdownx.superfences", "pymdownx.tabbed", "pymdownx.tasklist", "pymdownx.tilde"),
    }
)
"""The extensions of Markdown whose HTML depends on nothing but the text and their settings."""

_PURE_MODULES = ("markdown.", "pymdownx.")
_SEARCH_PLUGINS = ("material/search", "search")
_ENTRY_LISTS = ("entries", "_entries")

Part = TypeVar("Part")


class _Parts(Generic[Part]):
    """Parts of the last site and of this one by name, each with what it depends on."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Hashable, Part]] = {}
        self._now: dict[str, tuple[Hashable, Part]] = {}

    def begin(self) -> None:
        """Begin another site; what the last one did not have is forgotten."""
        self._last, self._now = self._now, {}

    def find(self, name: str, about: Hashable) -> Part | None:
        """Return the part that the last site had, if all is the same that it depends on."""
        last = self._last.get(name)
        if last is None or last[0] != about:
            return None
        self._now[name] = last
        return last[1]

    def keep(self, name: str, about: Hashable, part: Part) -> None:
        """Keep a part for the next site."""
        self._now[name] = about, part


class KeptTemplates(BytecodeCache):
    """The compiled templates of a theme, by their text."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str, str], Any] = {}
        self._syntax = ""

    def watch(self, environment: Environment) -> None:
        """Have the templates of an environment compiled only where none is kept."""
        one = environment
        marks = one.block_start_string, one.variable_start_string, one.comment_start_string
        flags = one.trim_blocks, one.lstrip_blocks, one.keep_trailing_newline, one.autoescape
        self._syntax = repr((sorted(one.extensions), marks, flags, one.undefined))
        environment.bytecode_cache = self

    def load_bytecode(self, bucket: Bucket) -> None:
        """Put in the code of a template with the same text, if there is one."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum, self._syntax))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        self._codes[bucket.key, bucket.checksum, self._syntax] = bucket.code


class _RenderedMarkdown(NamedTuple):
    """What MkDocs makes of a page's Markdown; `links` are those to anchors, by their pages."""

    content: str | None
    toc: TableOfContents
    title: str | None
    anchors: set[str] | None
    links: Mapping[str, dict[str, str]] | None


class KeptPages:
    """The HTML of pages written by hand."""

    def __init__(self) -> None:
        self._parts = _Parts[_RenderedMarkdown]()

    def watch(self, files: Files, config: MkDocsConfig) -> None:
        """Have the pages of a site rendered only where none is kept.

        None is kept where an extension of Markdown may look at something else than the page.
        """
        self._parts.begin()
        if not {*config.markdown_extensions} <= _PURE_EXTENSIONS or not _is_pure(
            config.mdx_configs
        ):
            return
        names = [(file.src_uri, file.dest_uri, file.url, file.inclusion) for file in files]
        settings = config.markdown_extensions, config.mdx_configs, config.validation
        about = repr((names, *settings))
        for file in files.documentation_pages():
            if type(file.page) is Page:
                vars(file.page)["render"] = partial(self._render, file.page, about)

    def _render(self, page: Page, surroundings: str, config: MkDocsConfig, files: Files) -> None:
        about = page.markdown, surroundings
        kept = self._parts.find(page.file.src_uri, about)
        if kept is not None:
            _put_in(page, kept, files)
            return
        messages = _Messages()
        logger = logging.getLogger("mkdocs")
        logger.addHandler(messages)
        try:
            Page.render(page, config, files)
        finally:
            logger.removeHandler(messages)
        if not messages.count:  # else they are said again the next time
            self._parts.keep(page.file.src_uri, about, _take_out(page))


class KeptEntries:
    """What the search has of each page."""

    def __init__(self) -> None:
        self._parts = _Parts[list[dict[str, Any]]]()

    def watch(self, plugins: Mapping[str, object]) -> None:
        """Have the pages of a site read for the search only where nothing is kept."""
        self._parts.begin()
        for name in _SEARCH_PLUGINS:
            index: Any = getattr(plugins.get(name), "search_index", None)
            lists = [vars(index).get(one) for one in _ENTRY_LISTS] if index is not None else []
            for entries in lists:
                if isinstance(entries, list):
                    add = partial(self._add, index, entries, index.add_entry_from_context)
                    vars(index)["add_entry_from_context"] = add

    def _add(
        self,
        index: Any,  # noqa: ANN401 - of any plugin
        entries: list[dict[str, Any]],
        read: Callable[[Page], None],
        page: Page,
    ) -> None:
        settings = type(index), repr(index.config)
        about = settings, page.url, page.content, page.title, repr(page.meta), str(page.toc)
        kept = self._parts.find(page.file.src_uri, about)
        if kept is not None:
            entries += deepcopy(kept)
            return
        count = len(entries)
        read(page)
        self._parts.keep(page.file.src_uri, about, deepcopy(entries[count:]))


class KeptWork(NamedTuple):
    """All that is kept from site to site."""

    templates: KeptTemplates
    pages: KeptPages
    entries: KeptEntries


class _Messages(logging.Handler):
    """Counts what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - logging's own signature
        self.count += 1


def _is_pure(value: object) -> bool:
    """Tell whether settings are plain values, and functions of extensions that are known."""
    if isinstance(value, Mapping):
        return all(map(_is_pure, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_pure, value))
    module = str(getattr(value, "__module__", ""))
    return not callable(value) or module.startswith(_PURE_MODULES)


def _take_out(page: Page) -> _RenderedMarkdown:
    links = page.links_to_anchors
    by_path = None if links is None else {file.src_uri: links[file] for file in links}
    title = page._title_from_render
    toc, anchors = deepcopy(page.toc), page.present_anchor_ids
    return _RenderedMarkdown(page.content, toc, title, anchors, by_path)


def _put_in(page: Page, kept: _RenderedMarkdown, files: Files) -> None:
    found = ((files.get_file_from_path(path), links) for path, links in (kept.links or {}).items())
    page.content, page.toc = kept.content, deepcopy(kept.toc)
    page._title_from_render = kept.title
    page.present_anchor_ids = kept.anchors
    if kept.links is not None:
        page.links_to_anchors = {file: links for file, links in found if file is not None}
