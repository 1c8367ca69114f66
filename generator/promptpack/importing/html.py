"""Audits and imports as one page: what to say in, HTML without script out, nothing left away."""

from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader

from promptpack.importing.markdown import IMPORT_LEAD, NOTHING_FOUND, NOTHING_SINCE
from promptpack.importing.overview import ImportOverview
from promptpack.model import Finding
from promptpack.reporting.findings import count_findings
from promptpack.reporting.html_page import make_page_environment, render_page


def format_audit_page(findings: Sequence[Finding], base: str | None, import_command: str) -> str:
    """Return the page of an audit; with a base, the findings are about what is allowed since."""
    title = f"promptpack audit since {base}" if base else "promptpack audit"
    nothing = NOTHING_SINCE if base else NOTHING_FOUND
    return render_page(
        _get_environment(),
        "audit.html.j2",
        title,
        summary=count_findings(findings) if findings else nothing,
        findings=findings,
        lead=IMPORT_LEAD,
        import_command=import_command,
    )


def format_import_page(overview: ImportOverview) -> str:
    """Return the page, in which all text is escaped and no character is hidden."""
    return render_page(
        _get_environment(), "overview.html.j2", "promptpack import", overview=overview
    )


@cache
def _get_environment() -> Environment:
    return make_page_environment(PackageLoader("promptpack", "importing"))
