"""Builds a site again and again: the settings of MkDocs in, the newest live site out."""

import logging
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mkdocs.commands.build import build
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException

from promptpack.model import UserError
from promptpack.reporting.console import join_lines
from promptpack.reporting.findings import count_findings, format_findings
from promptpack.serving.banner import SourceProblem
from promptpack.serving.kept_work import KeptEntries, KeptPages, KeptTemplates, KeptWork
from promptpack.serving.late_pages import LatePages
from promptpack.serving.live_site import BuiltSite, LiveSite
from promptpack.site.tree import Site

_STILL_SERVED = "This is the last site that built."
_NEVER_BUILT = "The site appears here as soon as they are fixed."
_SHOWN_ANYHOW = "The site is shown as it is, but `docs build` would stop."
_PLUGIN = "promptpack"
_LATE_PAGES = "promptpack-late-pages"

LoadSettings = Callable[[Path], MkDocsConfig]
"""Reads the settings, for a site in a folder; raises MkDocsException."""

BuildError = UserError | MkDocsException
"""What is wrong with sources or settings."""

GatherSite = Callable[[Any], Site]
"""Makes the site of a project for the plugin of the settings; raises UserError."""


class _WarningList(logging.Handler):
    """Keeps what MkDocs warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname}: {record.getMessage()}")


class SiteBuilder:
    """Keeps the last site that built, and says what is wrong since.

    Each site is built into a folder of its own, so the one that is served stays whole.
    """

    def __init__(self, folder: Path, load_settings: LoadSettings, gather_site: GatherSite) -> None:
        self._folder = folder
        self._load_settings = load_settings
        self._gather_site = gather_site
        self._kept = KeptWork(KeptTemplates(), KeptPages(), KeptEntries())
        self.count = 0
        self.site = LiveSite(None, None, 0)

    def build(self, serve_url: str) -> BuildError | None:
        """Build the site, and return what is wrong if anything is."""
        old = self.site
        built, problem, error = self._try_build(serve_url)
        self.site = LiveSite(built, problem, _read_clock())
        if old.built and old.built is not built:
            shutil.rmtree(old.built.folder)
        return error

    def _try_build(
        self, serve_url: str
    ) -> tuple[BuiltSite | None, SourceProblem | None, BuildError | None]:
        self.count += 1
        folder, last = self._folder / str(self.count), self.site.built
        outcome = _STILL_SERVED if last else _NEVER_BUILT
        warnings = _WarningList()
        logger = logging.getLogger("mkdocs")
        logger.addHandler(warnings)
        pages: LatePages | None = None
        try:
            config = self._load_settings(folder)
            pages = self._prepare(config, serve_url)
            build(config, serve_url=serve_url)
        except UserError as error:
            title = f"The sources have {count_findings(error.findings)}."
            return last, _make_problem(title, outcome, format_findings(error.findings)), error
        except MkDocsException as error:
            lines = [*warnings.lines, *error.format_message().split("\n")]
            if pages is not None and pages.is_complete:
                problem = _make_problem("MkDocs has warnings.", _SHOWN_ANYHOW, lines)
                return BuiltSite(folder, pages), problem, error
            shutil.rmtree(folder, ignore_errors=True)
            return last, _make_problem("MkDocs found errors.", outcome, lines), error
        finally:
            logger.removeHandler(warnings)
        return BuiltSite(folder, pages), None, None

    def _prepare(self, config: MkDocsConfig, serve_url: str) -> LatePages:
        """Make the site of the project, and leave its pages for later; raises UserError."""
        plugin: Any = config.plugins[_PLUGIN]
        site = self._gather_site(plugin)
        plugin.ready_site = site
        plugin.is_late = True
        config.site_url = serve_url
        pages = LatePages(plugin.show_page, site.files, self._kept)
        config.plugins[_LATE_PAGES] = pages
        return pages


def _make_problem(title: str, outcome: str, lines: Iterable[str]) -> SourceProblem:
    return SourceProblem(title, outcome, join_lines(lines).rstrip())


def _read_clock() -> int:
    """Return the time in milliseconds as MkDocs' server reads it."""
    return round(time.monotonic() * 1000)
