"""Reports as one page: a template and its values in, HTML out that can load and run nothing.

A template escapes all that it shows, and no character in it is hidden. It begins with `{{ head }}`.
"""

import base64
import hashlib
import re
from typing import Any

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from promptpack.reporting.characters import OLD_COMMAND, reveal
from promptpack.reporting.plurals import pluralize

_STYLE = PackageLoader("promptpack", "reporting")
_COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
_HEAD = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head><body>
<h1>{title}</h1>"""


def make_page_environment(loader: BaseLoader) -> Environment:
    """Return what renders the templates of a loader with `render_page`."""
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_reveal_value,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters = {"length": len, "pluralize": pluralize}
    return environment


def render_page(environment: Environment, template: str, title: str, **values: Any) -> str:  # noqa: ANN401 - values of a template
    """Return the page; its policy allows its own style sheet and nothing else."""
    style, _, _ = _STYLE.get_source(environment, "html_page.css")
    style = style.removesuffix("\n")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    shown_title = _reveal_value(title)
    head = Markup(_HEAD).format(digest=digest, title=shown_title, style=Markup(style))  # noqa: S704 - our own texts
    return environment.get_template(template).render(head=head, **values) + "\n"


def _reveal_value(value: object) -> object:
    """Return text in which nothing is hidden; what else a template shows is escaped as it is.

    Nor is anything in it a command, where the page is printed into a log.
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = OLD_COMMAND.sub("#&#35;", str(escape(reveal(value))))
    return Markup(_COMMAND.sub(r"\1&#58;", text))  # noqa: S704 - escaped above
