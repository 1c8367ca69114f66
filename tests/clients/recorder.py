"""In: the requests a client sends to its model. Out: their bodies; each is answered in a word.

It listens on loopback only, on a port the system picks, and stops by itself after a while.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from clients import replies
from clients.replies import Call, Json
from support import PATIENCE

ANSWERS = {
    "/messages": replies.anthropic,
    "/chat/completions": replies.chat,
    "/responses": replies.responses,
}

LARGEST = 64 * 2**20
"""A request body above this many bytes is refused."""


@dataclass(frozen=True)
class Request:
    """One request to the model: the path without its query, and the body parsed as JSON."""

    path: str
    body: Json


class Recorder:
    """A model that says "ok", or calls the tool that `answer` returns for a request body."""

    def __init__(
        self, answer: Callable[[Json], Call | None] | None = None, seconds: float = PATIENCE
    ) -> None:
        self.requests: list[Request] = []
        self._answer = answer or (lambda _body: None)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.stopped = threading.Event()
        self._limit = threading.Timer(seconds, self._server.shutdown)
        self._limit.daemon = True

    @property
    def url(self) -> str:
        """Where it listens, without a trailing slash."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._limit.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._limit.cancel()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)
        self.stopped.set()

    def reply(self, path: str, content: bytes) -> tuple[str, bytes]:
        """Record a request and return the content type and the bytes to answer with.

        Raises LookupError for a path that is none of the three model APIs.
        """
        path = path.partition("?")[0]
        ending = next(ending for ending in ANSWERS if path.endswith(ending))
        body: Json = json.loads(content)
        with self._lock:
            self.requests.append(Request(path, body))
            number = len(self.requests)
            call = self._answer(body)
        stream = bool(body.get("stream"))
        kind = "text/event-stream" if stream else "application/json"
        return kind, ANSWERS[ending](call, number, stream=stream)


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE

        def do_GET(self) -> None:
            self._send(404, "application/json", b"{}")

        do_HEAD = do_GET  # noqa: N815 - the name is http.server's

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            if size > LARGEST:
                self._send(413, "application/json", b"{}")
                return
            content = self.rfile.read(size)
            if not any(self.path.partition("?")[0].endswith(path) for path in ANSWERS):
                self._send(404, "application/json", b"{}")
                return
            self._send(200, *recorder.reply(self.path, content))

        def _send(self, status: int, kind: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.send_header("connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent; stderr is the test's."""

    return Handler
