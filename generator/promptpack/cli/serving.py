"""`promptpack docs serve`: the site of a project, which follows its sources until it is ended."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig

from promptpack.cli import program, report
from promptpack.cli.state import State
from promptpack.model import UserError
from promptpack.reading.root_finding import list_watched_paths
from promptpack.reporting.console import print_line, print_text
from promptpack.serving.builder import BuildError, SiteBuilder
from promptpack.serving.server import SiteServer
from promptpack.site.gather import SiteMemory, gather_site
from promptpack.site.tree import Site
from promptpack.source.disk import find_real_path

_STILL_SERVED = "; the last site that built is still served"
_NO_SITE = "; the site appears as soon as they are fixed"


def serve_project(state: State, root: Path, settings: Path, address: str) -> None:
    """Serve the site of a project at an address, with these settings, until it is interrupted.

    Raises MkDocsException for settings that can't be read at the start, and UsageError where the
    address can't be used.
    """
    memory = SiteMemory(is_late=True)

    def load_settings(folder: Path) -> MkDocsConfig:
        config = load_config(str(settings), site_dir=str(folder), dev_addr=address)
        if "promptpack" not in config.plugins:
            raise click.UsageError(f"'{settings}' does not list promptpack under 'plugins'.")
        return config

    def gather_again(plugin: Any) -> Site:  # noqa: ANN401 - the plugin's class is above this room
        options = plugin.config
        return gather_site(root, program, options.edit, options.releases, memory)

    with tempfile.TemporaryDirectory(prefix="promptpack-") as folder:
        builder = SiteBuilder(find_real_path(folder), load_settings, gather_again)

        def report_build(url: str, error: BuildError | None) -> None:
            _report_error(state, builder, error)
            if not state.quiet and builder.count == 1:
                print_line(f"Serving on {url} (press Ctrl+C to stop)", err=True)
            elif not state.quiet and error is None:
                print_line("Built the site again", err=True)

        def list_sources() -> Iterator[Path]:
            return (root / name for name in list_watched_paths(root))

        config = load_settings(Path(folder))
        try:
            server = SiteServer(builder, config, list_sources, report_build)
        except OSError as error:
            reason = os.strerror(error.errno).lower() if error.errno else "it is unknown"
            message = f"The site can't be served at '{address}': {reason}."
            raise click.UsageError(message) from None
        server.serve()


def _report_error(state: State, builder: SiteBuilder, error: BuildError | None) -> None:
    if isinstance(error, UserError):
        outcome = _STILL_SERVED if builder.site.built else _NO_SITE
        report.print_user_error(error, outcome, verbose=state.verbose)
    elif error is not None:
        print_text(f"promptpack: {error.format_message()}", err=True)
