"""The site that is served now: paths of a browser in, files and pages out, and nothing else."""

import mimetypes
import posixpath
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from promptpack.serving.banner import SourceProblem, finish_page, make_bare_page
from promptpack.serving.late_pages import LatePages
from promptpack.site.theme import NOT_FOUND
from promptpack.source.disk import UnreadableFileError, read_regular_file, resolve_links

_FILE_LIMIT = 1 << 30
_NO_SITE = "No site yet"


@dataclass(frozen=True)
class BuiltSite:
    """A site that MkDocs built: the files that it wrote, without links, and all that waits."""

    folder: Path
    pages: LatePages


class Response(NamedTuple):
    """What a browser gets."""

    status: HTTPStatus
    kind: str
    content: bytes


@dataclass(frozen=True)
class LiveSite:
    """The last site that built, if any did, and what is wrong with the sources since.

    `epoch` is the time when it was built, in milliseconds of the clock of MkDocs' server.
    """

    built: BuiltSite | None
    problem: SourceProblem | None
    epoch: int

    def answer(self, path: str, mount: str) -> Response:
        """Return what is at a path of the server; no path leads out of the site.

        `mount` is the path of the site on its server, with a slash at both ends.
        """
        if self.built is None:
            page = self._finish(make_bare_page(_NO_SITE))
            return Response(HTTPStatus.SERVICE_UNAVAILABLE, "text/html", page)
        if path.startswith(mount):
            name = posixpath.normpath(f"/{path.removeprefix(mount)}").lstrip("/")
            for candidate in (name, posixpath.join(name, "index.html")):
                content = _find_content(self.built, candidate)
                if content is not None:
                    return self._make_answer(candidate, content)
        content = _find_content(self.built, NOT_FOUND) or b""
        return Response(HTTPStatus.NOT_FOUND, "text/html", self._finish(content))

    def _make_answer(self, name: str, content: bytes) -> Response:
        if name.endswith(".html"):
            return Response(HTTPStatus.OK, "text/html", self._finish(content))
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(HTTPStatus.OK, kind, content)

    def _finish(self, html: bytes) -> bytes:
        return finish_page(html, self.epoch, self.problem)


def _find_content(built: BuiltSite, name: str) -> bytes | None:
    content = built.pages.render(name)
    if content is not None:
        return content
    try:
        path = resolve_links(built.folder / name, built.folder)
        return read_regular_file(path, _FILE_LIMIT)
    except (FileNotFoundError, UnreadableFileError):
        return None
