"""An import as one page: its report in, HTML without script out, with nothing left away."""

from functools import cache

from jinja2 import Environment, PackageLoader

from promptpack.importing.overview import ImportOverview
from promptpack.reporting.html_page import make_page_environment, render_page


def format_import_page(overview: ImportOverview) -> str:
    """Return the page, in which all text is escaped and no character is hidden."""
    return render_page(
        _get_environment(), "overview.html.j2", "promptpack import", overview=overview
    )


@cache
def _get_environment() -> Environment:
    return make_page_environment(PackageLoader("promptpack", "importing"))
