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
from api import Access, RequestError, send_request
from promptpack.diff.last_run import add_news
from wording import MARKER, quote_code

MAX_LENGTH = 65_536
"""The characters that GitHub takes, counted here in units of 16 bits, which are never fewer."""

_REPORT_FILE = "promptpack-diff.json"
_PAGE_SIZE = 100
_MAX_PAGES = 50
_MAX_TRIES = 3
_BOT = "github-actions[bot]"
_FORBIDDEN_STATUSES = (401, 403, 404)
_FORK_NOTE = " The token of a pull request from a fork is read-only."
_TOO_LONG = "The report is too long for a comment; see the job summary."


class PullRequest(NamedTuple):
    """A pull request, and how to get there."""

    access: Access
    graphql: Access
    repository: str
    number: int
    commit: str


class CommentDraft(NamedTuple):
    """The texts that a comment can have, the best one first, and the JSON report behind them."""

    texts: list[str]
    report: str

    def make_body(self, previous: str) -> str:
        """Return the body of the comment that takes the place of a previous one; "" for none."""
        marked = [add_news(text, self.report, previous) for text in self.texts]
        pairs = zip(marked, self.texts, strict=True)
        return choose_fitting([text for pair in pairs for text in pair])


def main() -> int:
    """Keep the comment up to date; return 0, whatever became of it."""
    pull_request = _find_pull_request(os.environ)
    if pull_request is None:
        runner.log(
            "No comment: comments are off, this is not a pull request, or there is no token."
        )
        return 0
    folder = Path(os.environ["REVIEW_FOLDER"])
    texts = ((folder / name).read_text("utf-8") for name in ("comment.md", "short.md"))
    footer = _make_links(os.environ, pull_request.commit)
    report = folder / _REPORT_FILE
    draft = CommentDraft(
        [f"{text}\n{footer}\n" for text in texts],
        report.read_text("utf-8") if report.is_file() else "",
    )
    try:
        runner.log(
            _update_with_retries(pull_request, draft, new=os.environ.get("REVIEW_NEWS") == "true")
        )
    except RequestError as error:
        _report_failure(error)
    return 0


def choose_fitting(texts: list[str]) -> str:
    """Return the first text that fits into a comment."""
    fallback = f"{MARKER}\n**promptpack diff**\n\n{_TOO_LONG}\n"
    return next(
        text for text in [*texts, fallback] if len(text.encode("utf-16-le")) <= 2 * MAX_LENGTH
    )


def _report_failure(error: RequestError) -> None:
    fork_note = _FORK_NOTE if error.status in _FORBIDDEN_STATUSES else ""
    message = "The comment could not be written; the report is in the job summary."
    runner.annotate([("warning", f"{message}{fork_note} ({error})")])
    runner.append_summary(f"*{message}*{fork_note} {quote_code(str(error))}")


def _update_with_retries(
    pull_request: PullRequest, draft: CommentDraft, *, new: bool, tries: int = _MAX_TRIES
) -> str:
    """Return what was done; tries again as a whole, so that no comment is made twice."""
    try:
        return _update_comment(pull_request, draft, new=new)
    except RequestError as error:
        if error.wait is None or tries == 1:
            raise
        time.sleep(error.wait)
    return _update_with_retries(pull_request, draft, new=new, tries=tries - 1)


def _update_comment(pull_request: PullRequest, draft: CommentDraft, *, new: bool) -> str:
    comments = f"repos/{pull_request.repository}/issues/comments"
    comment = next(_find_own_comments(pull_request), None)
    if comment is not None:
        comment_id, body = comment["id"], draft.make_body(comment["body"])
        try:
            send_request(pull_request.access, "PATCH", f"{comments}/{comment_id}", {"body": body})
        except RequestError as error:
            if error.status != 404:  # 404: deleted since
                raise
        else:
            return f"Comment {comment_id} updated."
    if not new:
        return "Nothing to report: no comment added."
    path = f"{_make_thread_path(pull_request)}/comments"
    send_request(pull_request.access, "POST", path, {"body": draft.make_body("")})
    return "Comment added."


def _find_own_comments(pull_request: PullRequest) -> Iterator[Mapping[str, Any]]:
    """Yield our comments, the oldest first, each with its `id` and its `body`."""
    author = _find_author(pull_request)
    for page in range(1, _MAX_PAGES + 1):
        path = f"{_make_thread_path(pull_request)}/comments?per_page={_PAGE_SIZE}&page={page}"
        answer = send_request(pull_request.access, "GET", path)
        comments = (
            [comment for comment in answer if isinstance(comment, dict)]
            if isinstance(answer, list)
            else []
        )
        yield from (comment for comment in comments if _is_ours(comment, author))
        if len(comments) < _PAGE_SIZE:
            return


def _is_ours(comment: Mapping[str, Any], author: str) -> bool:
    user, body = comment.get("user"), comment.get("body")
    lines = body.splitlines() if isinstance(body, str) else []
    has_marker = bool(lines) and lines[0].strip() == MARKER
    is_author = isinstance(user, dict) and user.get("login") == author
    return has_marker and is_author and isinstance(comment.get("id"), int)


def _find_author(pull_request: PullRequest) -> str:
    """Return the login that the token speaks for: the token of a job is the bot's own."""
    try:
        answer = send_request(
            pull_request.graphql, "POST", "graphql", {"query": "query { viewer { login } }"}
        )
        login = answer["data"]["viewer"]["login"]
    except RequestError as error:
        if error.wait is not None:
            raise
        return _BOT
    except (KeyError, TypeError):
        return _BOT
    return login if isinstance(login, str) and login else _BOT


def _make_thread_path(pull_request: PullRequest) -> str:
    return f"repos/{pull_request.repository}/issues/{pull_request.number}"


def _find_pull_request(env: Mapping[str, str]) -> PullRequest | None:
    """Return the pull request of this run, or None where there is none to comment on."""
    event = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_text("utf-8"))
    is_enabled = (
        env.get("INPUT_COMMENT") == "true" and env.get("GITHUB_EVENT_NAME") == "pull_request"
    )
    if not is_enabled or not env.get("GITHUB_TOKEN"):
        return None
    event_pull_request, token = event["pull_request"], env["GITHUB_TOKEN"]
    return PullRequest(
        Access(env["GITHUB_API_URL"], token),
        Access(env["GITHUB_GRAPHQL_URL"].removesuffix("/graphql"), token),
        urllib.parse.quote(env["GITHUB_REPOSITORY"]),
        int(event_pull_request["number"]),
        str(event_pull_request["head"]["sha"]),
    )


def _make_links(env: Mapping[str, str], commit: str) -> str:
    """Return where the rest is, and which commit all this is about."""
    run = (
        f"{env['GITHUB_SERVER_URL']}/{env['GITHUB_REPOSITORY']}/actions/runs/{env['GITHUB_RUN_ID']}"
    )
    report = env.get("REPORT_URL")
    links = [f"[Full report]({report})"] if report else []
    return " · ".join([*links, f"[this run]({run})", f"commit {quote_code(commit[:7])}"])


if __name__ == "__main__":
    sys.exit(main())
