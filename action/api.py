"""GitHub's API: a request in, the JSON of the answer out, or why there is none."""

import http.client
import json
import urllib.error
import urllib.request
from typing import IO, Any, NamedTuple

_TIMEOUT = 20
_MAX_BYTES = 64 << 20
_MAX_WAIT = 30


class Access(NamedTuple):
    """Where the API is and who asks."""

    url: str
    token: str


class RequestError(Exception):
    """A request that failed; `wait` says after how many seconds it is worth trying again."""

    def __init__(self, status: int, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait


def send_request(access: Access, method: str, path: str, data: object = None) -> Any:  # noqa: ANN401 - JSON
    """Return the answer to a request; raises Refused.

    A redirect is an answer like any other: followed, it would take the token elsewhere.
    """
    request = urllib.request.Request(  # noqa: S310 - the runner's own API
        f"{access.url.rstrip('/')}/{path}",
        method=method,
        data=None if data is None else json.dumps(data).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {access.token}",
            "Content-Type": "application/json",
            "User-Agent": "promptpack",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    try:
        with _OPENER.open(request, timeout=_TIMEOUT) as response:
            return json.loads(response.read(_MAX_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            raise RequestError(
                _read_status(error), _read_message(error), _find_wait(error)
            ) from None
    except (ValueError, RecursionError):
        raise RequestError(0, "the response is not JSON") from None
    except (OSError, http.client.HTTPException) as error:
        raise RequestError(0, f"no response: {error}", 1) from None


class _NoRedirectHandler(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_: object) -> None:
        """Return that there is nothing to ask instead."""


_OPENER = urllib.request.build_opener(_NoRedirectHandler)


def _read_status(error: urllib.error.HTTPError) -> int:
    """Return the status; GitHub also says 403 where there were too many requests."""
    is_limited = (
        error.headers.get("Retry-After") or error.headers.get("X-RateLimit-Remaining") == "0"
    )
    return 429 if is_limited and error.code == 403 else error.code


def _read_message(error: urllib.error.HTTPError) -> str:
    """Return the status and what the answer says of it, on one line."""
    message: object = ""
    try:
        message = json.loads(_read_stream(error.fp)).get("message", "")
    except (OSError, ValueError, RecursionError, AttributeError, http.client.HTTPException):
        message = error.reason
    return f"{error.code} {str(message)[:300]}".encode("ascii", "backslashreplace").decode()


def _read_stream(stream: IO[bytes] | None) -> bytes:
    return stream.read(1 << 16) if stream else b""


def _find_wait(error: urllib.error.HTTPError) -> float | None:
    """Return when to try again: after a fault of the server, or when the rate limit says so."""
    retry_after = error.headers.get("Retry-After", "")
    if retry_after.isdecimal() and int(retry_after) <= _MAX_WAIT:
        return int(retry_after)
    return 2 if error.code >= 500 else None
