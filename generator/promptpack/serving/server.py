"""The server of a site for its author: a builder in, pages on a port that follow the sources out.

MkDocs' own server watches, and tells pages when to load again. Its way of serving files is not
used: it would wait for a build that fails.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from watchdog.observers.polling import PollingObserver

from promptpack.serving.builder import BuildError, SiteBuilder

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_POLLING_SECONDS = 0.2
_RELOAD = "/livereload/"
"""Where pages ask whether there is a newer site; MkDocs' server answers that."""


class _Observer(PollingObserver):
    """What looks for changes; MkDocs' server starts it again after the first build."""

    def start(self) -> None:
        if not self.is_alive():
            super().start()


class _ListeningServer(LiveReloadServer):
    """MkDocs' server, except that it has its port and looks for changes from the start.

    MkDocs' own does both after the first build. Until then the address would be said and refused,
    another program could take it, port 0 would have no number, and a change would be missed. A
    browser that comes during the first build waits for its end.
    """

    def __init__(self, rebuild: Callable[[], None], config: MkDocsConfig, mount: str) -> None:
        host, port = config.dev_addr
        super().__init__(rebuild, host, port, config.site_dir, mount)
        self.observer = _Observer(timeout=_POLLING_SECONDS)
        self._is_listening = False
        try:
            self.server_bind()
            self.server_activate()
        except OSError:
            self.server_close()
            raise
        self._is_listening = True
        shown_host = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown_host}:{self.server_port}{mount}"

    def server_bind(self) -> None:
        if not self._is_listening:
            super().server_bind()

    def server_activate(self) -> None:
        if not self._is_listening:
            super().server_activate()


class SiteServer:
    """A site at an address, built again when a file of it changes.

    `list_sources` gives the paths of the project's sources as they are now, also of those that are
    not there. `report` is called after each build, with the address, and with what was wrong if
    anything was. Raises OSError where the address can't be used; nothing is built then.
    """

    def __init__(
        self,
        builder: SiteBuilder,
        config: MkDocsConfig,
        list_sources: Callable[[], Iterable[Path]],
        report: Callable[[str, BuildError | None], None],
    ) -> None:
        self._builder = builder
        self._config = config
        self._list_sources = list_sources
        self._report = report
        self._watched: set[str] = set()
        mount = _find_mount(config)
        self._server = _ListeningServer(self._rebuild, config, mount)
        self._server.set_app(_make_application(self._server, builder, mount))

    def serve(self) -> None:
        """Build and serve the site until the user interrupts."""
        config = self._config
        server: LiveReloadServer = self._server
        config.plugins.on_startup(command="serve", dirty=False)
        try:
            server.observer.start()  # before anything is read
            server.watch(config.docs_dir)
            if config.config_file_path:
                server.watch(config.config_file_path)
            self._rebuild()
            server = config.plugins.on_serve(server, config=config, builder=self._rebuild)
            for path in config.watch:
                server.watch(path)
            server.serve()  # type: ignore[no-untyped-call]  # it has no types of its own
        except KeyboardInterrupt:
            pass
        finally:
            server.shutdown()
            config.plugins.on_shutdown()

    def _rebuild(self) -> None:
        self._watch_sources()
        self._report(self._server.url, self._builder.build(self._server.url))

    def _watch_sources(self) -> None:
        """Look for changes of the sources that there are now, and no longer of those that went."""
        there = {str(path) for path in self._list_sources() if path.exists()}
        for path in self._watched - there:
            self._server.unwatch(path)
        for path in there - self._watched:
            self._server.watch(path)
        self._watched = there


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
