"""The step with a token: the body of a comment in, the one comment of a pull request kept current.

A comment is ours where its first line is the marker and its author is whoever the token speaks for:
anybody can write the marker, and could edit that comment once we had filled it. Where there may be
no comment, or it can't be reached, the job's summary says so; nothing fails for it.
"""

import json
import os
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import runner
from api import Access, Refused, ask
from wording import MARKER, code

LONGEST = 65_536
"""The characters that GitHub takes, counted here in units of 16 bits, which are never fewer."""

_PAGE = 100
_PAGES = 50
_TRIES = 3
_BOT = "github-actions[bot]"
_READ_ONLY = (401, 403, 404)
_FORK = " The token of a pull request from a fork may only read."
_ROOM = "The report is too long for a comment; the summary of the run has it."


class Place(NamedTuple):
    """A pull request, and how to get there."""

    access: Access
    graphql: Access
    repository: str
    number: int
    commit: str


def main() -> int:
    """Keep the comment up to date; return 0, whatever became of it."""
    place = _place(os.environ)
    if place is None:
        runner.log("No comment: not asked for, no pull request, or no token.")
        return 0
    folder = Path(os.environ["REVIEW_FOLDER"])
    texts = ((folder / name).read_text("utf-8") for name in ("comment.md", "short.md"))
    end = _links(os.environ, place.commit)
    body = fitting([f"{text}\n{end}\n" for text in texts])
    try:
        runner.log(_kept(place, body, new=os.environ.get("REVIEW_NEWS") == "true"))
    except Refused as refusal:
        _give_up(refusal)
    return 0


def fitting(texts: list[str]) -> str:
    """Return the first text that fits into a comment."""
    last = f"{MARKER}\n**promptpack diff**\n\n{_ROOM}\n"
    return next(text for text in [*texts, last] if len(text.encode("utf-16-le")) <= 2 * LONGEST)


def _give_up(refusal: Refused) -> None:
    fork = _FORK if refusal.status in _READ_ONLY else ""
    said = "No comment could be written; the report is in the summary of the job."
    runner.annotate([("warning", f"{said}{fork} ({refusal})")])
    runner.summarise(f"*{said}*{fork} {code(str(refusal))}")


def _kept(place: Place, body: str, *, new: bool, tries: int = _TRIES) -> str:
    """Return what was done; tries again as a whole, so that no comment is made twice."""
    try:
        return _once(place, body, new=new)
    except Refused as refusal:
        if refusal.wait is None or tries == 1:
            raise
        time.sleep(refusal.wait)
    return _kept(place, body, new=new, tries=tries - 1)


def _once(place: Place, body: str, *, new: bool) -> str:
    comments = f"repos/{place.repository}/issues/comments"
    own = next(_own(place), None)
    if own is not None:
        try:
            ask(place.access, "PATCH", f"{comments}/{own}", {"body": body})
        except Refused as refusal:
            if refusal.status != 404:  # 404: deleted since
                raise
        else:
            return f"Comment {own} updated."
    if not new:
        return "Nothing to say: no comment."
    ask(place.access, "POST", f"{_thread(place)}/comments", {"body": body})
    return "Comment added."


def _own(place: Place) -> Iterator[int]:
    """Yield the ids of our comments, the oldest first."""
    author = _author(place)
    for page in range(1, _PAGES + 1):
        path = f"{_thread(place)}/comments?per_page={_PAGE}&page={page}"
        found = ask(place.access, "GET", path)
        comments = (
            [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        )
        yield from (one["id"] for one in comments if _is_ours(one, author))
        if len(comments) < _PAGE:
            return


def _is_ours(comment: Mapping[str, Any], author: str) -> bool:
    user, body = comment.get("user"), comment.get("body")
    lines = body.splitlines() if isinstance(body, str) else []
    marked = bool(lines) and lines[0].strip() == MARKER
    written = isinstance(user, dict) and user.get("login") == author
    return marked and written and isinstance(comment.get("id"), int)


def _author(place: Place) -> str:
    """Return the login that the token speaks for: the token of a job is the bot's own."""
    try:
        answer = ask(place.graphql, "POST", "graphql", {"query": "query { viewer { login } }"})
        login = answer["data"]["viewer"]["login"]
    except Refused as refusal:
        if refusal.wait is not None:
            raise
        return _BOT
    except (KeyError, TypeError):
        return _BOT
    return login if isinstance(login, str) and login else _BOT


def _thread(place: Place) -> str:
    return f"repos/{place.repository}/issues/{place.number}"


def _place(env: Mapping[str, str]) -> Place | None:
    """Return the pull request of this run, or None where there is none to comment on."""
    event = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_text("utf-8"))
    wanted = env.get("INPUT_COMMENT") == "true" and env.get("GITHUB_EVENT_NAME") == "pull_request"
    if not wanted or not env.get("GITHUB_TOKEN"):
        return None
    pull_request, token = event["pull_request"], env["GITHUB_TOKEN"]
    return Place(
        Access(env["GITHUB_API_URL"], token),
        Access(env["GITHUB_GRAPHQL_URL"].removesuffix("/graphql"), token),
        urllib.parse.quote(env["GITHUB_REPOSITORY"]),
        int(pull_request["number"]),
        str(pull_request["head"]["sha"]),
    )


def _links(env: Mapping[str, str], commit: str) -> str:
    """Return where the rest is, and which commit all this is about."""
    run = (
        f"{env['GITHUB_SERVER_URL']}/{env['GITHUB_REPOSITORY']}/actions/runs/{env['GITHUB_RUN_ID']}"
    )
    report = env.get("REPORT_URL")
    links = [f"[The whole report]({report})"] if report else []
    return " · ".join([*links, f"[this run]({run})", f"commit {code(commit[:7])}"])


if __name__ == "__main__":
    sys.exit(main())
