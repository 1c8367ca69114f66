"""What a page of a served site has besides: a page in, the same with problems and a reload out."""

from typing import NamedTuple

from promptpack.site.templating import render_macro

_TEMPLATE = "served.html.j2"
_END = b"</body>"


class SourceProblem(NamedTuple):
    """What is wrong with the sources, what is served therefore, and all of it as text."""

    title: str
    outcome: str
    text: str


def finish_page(html: bytes, epoch: int, problem: SourceProblem | None) -> bytes:
    """Return a page that loads itself again after the next build, and says what is wrong."""
    parts = [render_macro(_TEMPLATE, "banner", problem)] if problem else []
    parts.append(render_macro(_TEMPLATE, "reload", epoch))
    start, _, end = html.rpartition(_END)
    return b"".join([start or html, *(str(part).encode() for part in parts), _END, end])


def make_bare_page(title: str) -> bytes:
    """Return an empty page, for a project that has had no site yet."""
    return str(render_macro(_TEMPLATE, "bare_page", title)).encode()
