"""The feeder for MkDocs: hands the pages of the site over in memory, so none lies in `docs/`."""

from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, DictLoader, Environment
from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents
from mkdocs.utils.templates import TemplateContext

from promptpack.cli import program
from promptpack.model import UserError
from promptpack.reading.root_finding import list_watched_paths
from promptpack.reporting.console import join_lines
from promptpack.reporting.findings import format_findings
from promptpack.site import page as ours
from promptpack.site.catalogue import HOME_PAGE
from promptpack.site.content_policy import (
    HEADERS_FILE,
    InlineCode,
    add_policy,
    find_inline_code,
    write_headers,
)
from promptpack.site.escape import UNSEARCHED, drop_indentation, relax_references
from promptpack.site.gather import SiteMemory, gather_site
from promptpack.site.history import DEFAULT_RELEASE_COUNT
from promptpack.site.theme import LOGO, NOT_FOUND, configure_theme, read_not_found
from promptpack.site.tree import CARDS_MARKER, Site, iter_nav_pages, make_guide_nav


class PromptpackConfig(Config):  # type: ignore[no-untyped-call]  # MkDocs types no such hook
    """The plugin's options.

    `root` is the project's folder, `guide` the order of the hand-written pages, `edit` the address
    before a source's path where it can be edited, `releases` how many tags the changes go back.
    `content_policy` tells whether pages say what they may load and run, `search_code` whether the
    search knows the code blocks of hand-written pages.
    """

    root = config_options.Type(str, default=".")
    guide = config_options.ListOfItems(config_options.Type(str), default=[])
    edit = config_options.Type(str, default="")
    releases = config_options.Type(int, default=DEFAULT_RELEASE_COUNT)
    content_policy = config_options.Type(bool, default=True)
    search_code = config_options.Type(bool, default=True)


class ReadyPage(Page):
    """A generated page: it is HTML already, so no Markdown is read."""

    def __init__(self, ready: ours.Page | ours.LatePage, file: File, config: MkDocsConfig) -> None:
        super().__init__(None, file, config)
        self.ready = ready

    def read_source(self, config: MkDocsConfig) -> None:  # noqa: ARG002 - MkDocs' own signature
        """Take the front matter as it is."""
        self.markdown, self.meta = "", self.ready.head

    def render(self, config: MkDocsConfig, files: Files) -> None:  # noqa: ARG002 - the same
        """Take the content as it is: first for the search, which reads what can be found."""
        self.content = self.ready.searched
        self.toc = TableOfContents(_make_outline(self.ready))

    def show(self) -> None:
        """Take all of the content, in the place of what can be found of it.

        The search has read it, so nothing need say any more what it leaves out.
        """
        ready = self.ready.make() if isinstance(self.ready, ours.LatePage) else self.ready
        self.content = relax_references(ready.html.replace(UNSEARCHED, ""))
        self.toc = TableOfContents(_make_outline(ready))


class PromptpackPlugin(BasePlugin[PromptpackConfig]):  # type: ignore[no-untyped-call]  # the same
    """Adds the pages of a project's packs and all they are made of."""

    site: Site
    code: InlineCode
    """The code that stands in the pages of the build that goes on."""
    ready_site: Site | None = None
    """A site that somebody has made already, for the first build."""
    memory: SiteMemory | None = None
    """What is kept from build to build while MkDocs serves."""
    is_late = False
    """Whether somebody else calls `show_page`, as late as a reader asks for the page.

    Then the files that are no pages are not written either.
    """

    is_served = False
    """Whether MkDocs serves the site: then it puts a script of its own into each page."""

    def on_startup(self, *, command: str, **_: object) -> None:
        """Stay for all builds of one run of MkDocs: it keeps plugins that have this method."""
        self.memory = SiteMemory()
        self.is_served = command == "serve"
        self.is_late = False

    def on_shutdown(self) -> None:
        """Forget what was built."""
        self.memory = None

    @event_priority(100)
    def on_config(self, config: MkDocsConfig, /) -> MkDocsConfig:
        """Add what the pages need, before any other plugin looks."""
        configure_theme(config)
        if not config.theme.get("logo"):
            config.theme["logo"] = LOGO
        config.theme["favicon"] = LOGO
        self.code = InlineCode()
        return config

    def on_files(self, files: Files, /, *, config: MkDocsConfig) -> Files:
        """Add the generated pages, and the navigation unless `mkdocs.yml` has one.

        Raises PluginError where the project does not build, or where a hand-written page stands in
        the way of a generated one.
        """
        self.site = self.ready_site or self._make_site(config)
        self.ready_site = None
        handwritten_pages = [
            file.src_uri for file in files.documentation_pages() if file.src_uri != HOME_PAGE
        ]
        nav = [*self.site.nav, *make_guide_nav(handwritten_pages, self.config.guide)]
        listed_paths = set(iter_nav_pages(nav))
        sources_by_destination = {file.dest_uri: file.src_uri for file in files}
        for path, page in self.site.pages.items():
            level = InclusionLevel.INCLUDED if path in listed_paths else InclusionLevel.NOT_IN_NAV
            file = File.generated(config, path, content="", inclusion=level)
            handwritten_page = sources_by_destination.get(file.dest_uri)
            if handwritten_page is None:
                ReadyPage(page, file, config)
                files.append(file)
            elif handwritten_page != HOME_PAGE:
                message = f"docs/{handwritten_page} has the path of a generated page; rename it"
                raise PluginError(message)
        if config.nav is None:
            config.nav = nav
        return files

    def on_env(self, env: Environment, /, *, files: Files, **_: object) -> Environment:
        """Put a page with ways to go on in the place of the theme's empty 404."""
        pages = {file.src_uri for file in files}
        loaders: list[BaseLoader] = [DictLoader({NOT_FOUND: read_not_found(pages)})]
        env.loader = ChoiceLoader([*loaders, env.loader] if env.loader else loaders)
        return env

    def on_page_content(self, html: str, /, *, page: Page, **_: object) -> str:
        """Put the catalogue into a home page written by hand; keep code out of the search."""
        if not self.config.search_code and not isinstance(page, ReadyPage):
            html = html.replace("<pre>", f"<pre{UNSEARCHED}>")
        return (
            html.replace(CARDS_MARKER, self.site.cards) if page.file.src_uri == HOME_PAGE else html
        )

    @event_priority(-100)
    def on_page_context(
        self, context: TemplateContext, /, *, page: Page, **_: object
    ) -> TemplateContext:
        """Show all of a page, now that the search has read it."""
        if not self.is_late:
            self.show_page(page)
        return context

    def show_page(self, page: Page) -> None:
        """Show all of a page, if it is a generated one."""
        if isinstance(page, ReadyPage):
            page.show()

    @event_priority(-200)
    def on_post_page(self, output: str, /, *, page: Page, **_: object) -> str:
        """Add the policy of what a page may load and run, now that nothing else is added."""
        return self._add_policy(drop_indentation(output) if isinstance(page, ReadyPage) else output)

    @event_priority(-200)
    def on_post_template(self, output_content: str, /, *, template_name: str, **_: object) -> str:
        """Do the same for a page of the theme's own, such as that for unknown addresses."""
        is_page = template_name.endswith(".html")
        return self._add_policy(output_content) if is_page else output_content

    def _add_policy(self, html: str) -> str:
        if self.is_served or self.is_late or not self.config.content_policy:
            return html
        code = find_inline_code(html)
        self.code = self.code.join(code)
        return add_policy(html, code)

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Write the files that are no pages: the shared ones, the raw ones, the data."""
        if self.is_late:
            return
        site = Path(config.site_dir)
        headers = site / HEADERS_FILE
        if self.code != InlineCode() and not headers.exists():
            headers.write_bytes(write_headers(self.code).encode())
        for folder in {(site / path).parent for path in self.site.files}:
            folder.mkdir(parents=True, exist_ok=True)
        for path, content in self.site.files.items():
            (site / path).write_bytes(content)

    def on_serve(
        self,
        server: LiveReloadServer,
        /,
        *,
        config: MkDocsConfig,
        **_: object,
    ) -> LiveReloadServer:
        """Build again when a source changes."""
        root = self._find_root(config)
        for name in list_watched_paths(root):
            source = root / name
            if source.exists():
                server.watch(str(source))
        return server

    def _find_root(self, config: MkDocsConfig) -> Path:
        return Path(config.config_file_path or ".").parent / self.config.root

    def _make_site(self, config: MkDocsConfig) -> Site:
        try:
            return gather_site(
                self._find_root(config),
                program,
                self.config.edit,
                self.config.releases,
                self.memory,
            )
        except UserError as error:
            problems = join_lines(format_findings(error.findings)).rstrip()
            message = f"the project does not build\n\n{problems}"
            raise PluginError(message) from error


def _make_outline(page: ours.Page | ours.LatePage) -> list[AnchorLink]:
    """Return the outline of a page: its headings, those of a lower level under the one before."""
    top: list[AnchorLink] = []
    ancestors: list[AnchorLink] = []
    for heading in page.headings:
        link = AnchorLink(heading.label, heading.anchor, heading.level)
        while ancestors and ancestors[-1].level >= heading.level:
            ancestors.pop()
        (ancestors[-1].children if ancestors else top).append(link)
        ancestors.append(link)
    return top
