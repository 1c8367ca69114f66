"""The feeder for MkDocs: hands the pages of the site over in memory, so none lies in `docs/`."""

from pathlib import Path

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from promptpack.build import build
from promptpack.load import load
from promptpack.model import Finding, UserError
from promptpack.site.catalogue import HOME
from promptpack.site.tree import Nav, Site, tree
from promptpack.source import visible

PACKS = "<!-- promptpack: packs -->"
"""Where a home page written by hand wants the list of packs."""

GUIDE = "Guide"


class PromptpackConfig(Config):  # type: ignore[no-untyped-call]  # MkDocs types no such hook
    """The plugin's options: the project's folder, and the order of the hand-written pages."""

    root = config_options.Type(str, default=".")
    guide = config_options.ListOfItems(config_options.Type(str), default=[])


class PromptpackPlugin(BasePlugin[PromptpackConfig]):  # type: ignore[no-untyped-call]  # the same
    """Adds a page for each pack, variant, fragment, policy, model and target of a project."""

    site: Site

    def on_files(self, files: Files, /, *, config: MkDocsConfig) -> Files:
        """Add the generated pages, and the navigation unless `mkdocs.yml` has one.

        Raises PluginError where the project does not build, or where a hand-written page stands in
        the way of a generated one.
        """
        self.site = _site(self._root(config))
        guide = [file.src_uri for file in files.documentation_pages() if file.src_uri != HOME]
        taken = {file.dest_uri: file.src_uri for file in files}
        for path, text in self.site.pages.items():
            file = File.generated(config, path, content=text, inclusion=self._inclusion(path))
            by_hand = taken.get(file.dest_uri)
            if by_hand is None:
                files.append(file)
            elif by_hand != HOME:
                message = f"docs/{by_hand} stands in the way of a generated page; rename it"
                raise PluginError(message)
        if config.nav is None:
            config.nav = [*self.site.nav, *self._guide(guide)]
        return files

    def on_page_markdown(
        self,
        markdown: str,
        /,
        *,
        page: Page,
        **_: object,
    ) -> str:
        """Put the list of packs into a home page written by hand."""
        return markdown.replace(PACKS, self.site.packs) if page.file.src_uri == HOME else markdown

    def on_serve(
        self,
        server: LiveReloadServer,
        /,
        *,
        config: MkDocsConfig,
        **_: object,
    ) -> LiveReloadServer:
        """Build again when a pack or a template changes."""
        for name in ("packs", "templates"):
            folder = self._root(config) / name
            if folder.is_dir():
                server.watch(str(folder))
        return server

    def _root(self, config: MkDocsConfig) -> Path:
        return Path(config.config_file_path or ".").parent / self.config.root

    def _inclusion(self, path: str) -> InclusionLevel:
        unlisted = path in self.site.unlisted
        return InclusionLevel.NOT_IN_NAV if unlisted else InclusionLevel.INCLUDED

    def _guide(self, pages: list[str]) -> Nav:
        """Return the hand-written pages: first those whose order was asked for, if they exist."""
        first = [page for page in self.config.guide if page in pages]
        ordered = [*first, *(page for page in pages if page not in first)]
        return [{GUIDE: ordered}] if ordered else []


def _site(root: Path) -> Site:
    try:
        project = load(root)
        return tree(project, build(project))
    except UserError as error:
        said = "\n".join(_said(finding) for finding in error.findings)
        message = f"the project does not build\n{said}"
        raise PluginError(message) from None


def _said(finding: Finding) -> str:
    place = ":".join(str(part) for part in (finding.path, finding.line, finding.column) if part)
    hint = f"\n      {finding.hint}" if finding.hint else ""
    return visible(f"{place}: {finding.code} {finding.message}") + visible(hint)
