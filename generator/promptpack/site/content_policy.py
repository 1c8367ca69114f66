"""The Content Security Policy of a page: its HTML in, what it may load and run out.

All comes from the site itself. Of the code that stands in a page, which is the theme's, only that
runs which was there when the site was built: each piece is named by its hash.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from html import unescape
from typing import NamedTuple

HEADERS_FILE = "_headers"
"""Where some hosts of static sites read headers from; others take the line from it by hand."""

_CHARSET = re.compile(r"<meta\s+charset=[^>]*>", re.IGNORECASE)
_ELEMENT = re.compile(r"<(script|style)\b([^>]*)>(.*?)</\1\s*>", re.DOTALL | re.IGNORECASE)
_STYLE_ATTRIBUTE = re.compile(r"<[a-z][^<>]*?\sstyle=\"([^\"]+)\"", re.IGNORECASE)
_TYPE = re.compile(r"\btype=\"?([^\"\s]+)", re.IGNORECASE)
_SOURCE = re.compile(r"\bsrc=", re.IGNORECASE)
_DATA_TYPES = ("application/json", "application/ld+json")
_FIXED = (
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
)
"""The theme's icons are pictures that stand in its style sheet."""


class InlineCode(NamedTuple):
    """The hashes of the code that stands in a page: scripts, style sheets, attributes."""

    scripts: frozenset[str] = frozenset()
    styles: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()

    def join(self, other: "InlineCode") -> "InlineCode":
        """Return the code of both."""
        return InlineCode(*(one | two for one, two in zip(self, other, strict=True)))


def find_inline_code(html: str) -> InlineCode:
    """Return the code that stands in a page; what is only data is none."""
    text = html.replace("\r\n", "\n")
    elements = [(one[1].lower(), one[2], one[3]) for one in _ELEMENT.finditer(text)]
    scripts = [code for name, tag, code in elements if name == "script" and _is_code(tag)]
    styles = [code for name, _, code in elements if name == "style"]
    has_attributes = 'style="' in text  # few pages have, and looking for them takes long
    found_attributes = _STYLE_ATTRIBUTE.finditer(text) if has_attributes else ()
    attributes = [unescape(match[1]) for match in found_attributes]
    found = (scripts, styles, attributes)
    return InlineCode(*(frozenset(map(_hash, texts)) for texts in found))


def _is_code(tag: str) -> bool:
    """Tell whether a script with these attributes is code, and stands in the page."""
    kind = _TYPE.search(tag)
    return not _SOURCE.search(tag) and (kind is None or kind[1].lower() not in _DATA_TYPES)


def make_policy(code: InlineCode) -> str:
    """Return the policy for pages with this code, on one line."""
    directives = [*_FIXED, _make_directive("script-src", "'self'", code.scripts)]
    directives.append(_make_directive("style-src", "'self'", code.styles))
    if code.attributes:
        directives.append(_make_directive("style-src-attr", "'unsafe-hashes'", code.attributes))
    return "; ".join(directives)


def add_policy(html: str, code: InlineCode) -> str:
    """Return a page with the policy for its code, before anything that could run.

    A page that names no character set is returned as it is.
    """
    tag = f'<meta http-equiv="Content-Security-Policy" content="{make_policy(code)}">'
    return _CHARSET.sub(lambda match: f"{match[0]}{tag}", html, count=1)


def write_headers(code: InlineCode) -> str:
    """Return a file of headers for all pages, which have this code together.

    What only a header can say is there too: no other site may show a page in a frame.
    """
    policy = f"{make_policy(code)}; frame-ancestors 'none'"
    return f"/*\n  Content-Security-Policy: {policy}\n  X-Content-Type-Options: nosniff\n"


def _make_directive(name: str, own: str, hashes: Iterable[str]) -> str:
    return " ".join([name, own, *(f"'sha256-{one}'" for one in sorted(hashes))])


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
