"""Pages and files made when somebody asks for them: what MkDocs gathered in, bytes by path out."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

from jinja2 import BaseLoader, ChoiceLoader, DictLoader, Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils.templates import TemplateContext

from promptpack.serving.kept_work import KeptWork

_BLANK = "promptpack-blank.html"
"""The template of a page that is not asked for yet; MkDocs writes no file that would be empty."""

_USUAL = "main.html"
"""The template of a page that names none."""


class _WaitingPage(NamedTuple):
    page: Page
    template: str
    context: TemplateContext


class LatePages(BasePlugin):  # type: ignore[type-arg, no-untyped-call]  # it has no options
    """Keeps what MkDocs would make each page of, until somebody asks for the page.

    All hooks of all plugins are called as in any build; only the theme's template is rendered
    later. `show_page` is called before, once a page. `files` are those that are no pages: they
    are read when somebody asks, and not written. `kept` is from the last site.
    """

    def __init__(
        self, show_page: Callable[[Page], None], files: Mapping[str, bytes], kept: KeptWork
    ) -> None:
        self._show_page, self._files, self._kept = show_page, files, kept
        self._lock = Lock()
        self._templates: dict[str, str] = {}
        self._waiting: dict[str, _WaitingPage] = {}
        self._finished: dict[str, bytes] = {}
        self._environment = Environment(autoescape=True)
        self._configuration = MkDocsConfig()
        self.is_complete = False

    @event_priority(-1000)
    def on_nav(self, nav: Navigation, /, *, config: MkDocsConfig, files: Files) -> Navigation:
        """Have pages written by hand rendered only if that is needed."""
        self._kept.pages.watch(files, config)
        return nav

    @event_priority(-1000)
    def on_env(self, env: Environment, /, *, config: MkDocsConfig, files: Files) -> Environment:
        """Put an empty template in the place of each page's own."""
        loaders: list[BaseLoader] = [DictLoader({_BLANK: ""})]
        env.loader = ChoiceLoader([*loaders, env.loader] if env.loader else loaders)
        self._environment, self._configuration = env, config
        self._kept.templates.watch(env)
        self._kept.entries.watch(config.plugins)
        for file in files:
            if file.page is not None:
                self._templates[file.dest_uri] = file.page.meta.get("template", "")
                file.page.meta["template"] = _BLANK
        return env

    @event_priority(-1000)
    def on_page_context(
        self, context: TemplateContext, /, *, page: Page, **_: object
    ) -> TemplateContext:
        """Keep what the page's own template is to be rendered with."""
        template = self._templates[page.file.dest_uri]
        if template:
            page.meta["template"] = template
        else:
            del page.meta["template"]  # a page without front matter has none at all again
        self._waiting[page.file.dest_uri] = _WaitingPage(page, template or _USUAL, context)
        return context

    @event_priority(-1000)
    def on_post_build(self, **_: object) -> None:
        """Note that all is there."""
        self.is_complete = True

    def list_paths(self) -> set[str]:
        """Return the paths of all pages and files in the site that nobody has written."""
        return {*self._waiting, *self._finished, *self._files}

    def render(self, path: str) -> bytes | None:
        """Return what would have been written to a path in the site, if that is known here.

        Requests come at the same time, so each waits for the one before.
        """
        with self._lock:
            if path in self._files:
                return self._files[path]
            if path not in self._finished and path in self._waiting:
                self._finished[path] = self._render(self._waiting.pop(path))
            return self._finished.get(path)

    def _render(self, waiting: _WaitingPage) -> bytes:
        page = waiting.page
        page.active = True  # the navigation shows where the reader is
        try:
            self._show_page(page)
            html = self._environment.get_template(waiting.template).render(waiting.context)
            plugins = self._configuration.plugins
            html = plugins.on_post_page(html, page=page, config=self._configuration)
        finally:
            page.active = False
        return html.encode("utf-8", errors="xmlcharrefreplace")
