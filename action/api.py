"""GitHub's API: a request in, the JSON of the answer out, or why there is none."""

import http.client
import json
import urllib.error
import urllib.request
from typing import IO, Any, NamedTuple

_TIMEOUT = 20
_LARGEST = 64 << 20
_PATIENCE = 30


class Access(NamedTuple):
    """Where the API is and who asks."""

    url: str
    token: str


class Refused(Exception):  # noqa: N818 - what happened, not whose fault it is
    """A request that failed; `wait` says after how many seconds it is worth trying again."""

    def __init__(self, status: int, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.status = status
        self.wait = wait


def ask(access: Access, method: str, path: str, data: object = None) -> Any:  # noqa: ANN401 - JSON
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
        with _OPENER.open(request, timeout=_TIMEOUT) as answer:
            return json.loads(answer.read(_LARGEST))
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(_status(error), _message(error), _wait(error)) from None
    except (ValueError, RecursionError):
        raise Refused(0, "the answer is not JSON") from None
    except (OSError, http.client.HTTPException) as error:
        raise Refused(0, f"no answer: {error}", 1) from None


class _Straight(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_: object) -> None:
        """Return that there is nothing to ask instead."""


_OPENER = urllib.request.build_opener(_Straight)


def _status(error: urllib.error.HTTPError) -> int:
    """Return the status; GitHub also says 403 where there were too many requests."""
    limited = error.headers.get("Retry-After") or error.headers.get("X-RateLimit-Remaining") == "0"
    return 429 if limited and error.code == 403 else error.code


def _message(error: urllib.error.HTTPError) -> str:
    """Return the status and what the answer says of it, on one line."""
    said: object = ""
    try:
        said = json.loads(_read(error.fp)).get("message", "")
    except (OSError, ValueError, RecursionError, AttributeError, http.client.HTTPException):
        said = error.reason
    return f"{error.code} {str(said)[:300]}".encode("ascii", "backslashreplace").decode()


def _read(stream: IO[bytes] | None) -> bytes:
    return stream.read(1 << 16) if stream else b""


def _wait(error: urllib.error.HTTPError) -> float | None:
    """Return when to try again: after a fault of the server, or when the rate limit says so."""
    said = error.headers.get("Retry-After", "")
    if said.isdecimal() and int(said) <= _PATIENCE:
        return int(said)
    return 2 if error.code >= 500 else None
