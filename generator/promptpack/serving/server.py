"""The server of a site for its author: a builder in, pages on a port that follow the sources out.

MkDocs' own server watches, and tells pages when to load again. Its way of serving files is not
used: it would wait for a build that fails.
"""

import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer

from promptpack.serving.builder import BuildError, SiteBuilder

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_POLLING_SECONDS = 0.2
_RELOAD = "/livereload/"
"""Where pages ask whether there is a newer site; MkDocs' server answers that."""


def check_address(config: MkDocsConfig) -> None:
    """Raise OSError where nothing can be served at the address of the settings.

    MkDocs' server takes the address only after the first build.
    """
    host, port = config.dev_addr
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    socket.create_server((host, port), family=family).close()


def serve_site(
    builder: SiteBuilder, config: MkDocsConfig, report: Callable[[str, BuildError | None], None]
) -> None:
    """Serve a site and build it again when a file of it changes, until the user interrupts.

    `report` is called after each build, with the address, and with what was wrong if anything was.
    Raises OSError where the address can't be used.
    """
    host, port = config.dev_addr
    mount = _find_mount(config)
    url = f"http://{host}:{port}{mount}"

    def rebuild() -> None:
        report(url, builder.build(url))

    server = LiveReloadServer(
        rebuild, host, port, config.site_dir, mount, polling_interval=_POLLING_SECONDS
    )
    server.set_app(_make_application(server, builder, mount))
    config.plugins.on_startup(command="serve", dirty=False)
    try:
        rebuild()
        server.watch(config.docs_dir)
        if config.config_file_path:
            server.watch(config.config_file_path)
        server = config.plugins.on_serve(server, config=config, builder=rebuild)
        for path in config.watch:
            server.watch(path)
        server.serve()  # type: ignore[no-untyped-call]  # it has no types of its own
    except KeyboardInterrupt:
        pass
    finally:
        server.shutdown()
        config.plugins.on_shutdown()


def _find_mount(config: MkDocsConfig) -> str:
    """Return the path of the site on its server, with a slash at both ends."""
    path = urlsplit(config.site_url or "/").path.strip("/")
    return f"/{path}/" if path else "/"


def _make_application(
    server: LiveReloadServer, builder: SiteBuilder, mount: str
) -> "WSGIApplication":
    def answer(environment: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environment["PATH_INFO"].encode("latin-1").decode("utf-8", "ignore")
        if path.startswith(_RELOAD):
            return server.serve_request(environment, start_response)
        if path == "/" and mount != "/":
            start_response("302 Found", [("Location", mount)])
            return []
        found = builder.site.answer(path, mount)
        headers = [("Content-Type", found.kind), ("Content-Length", f"{len(found.content)}")]
        status = f"{found.status.value} {found.status.phrase}"
        start_response(status, [*headers, ("Cache-Control", "no-store")])
        return [found.content]

    return answer
