"""The note on a merge request: a folder with a job's reports in, the one note kept current.

`python -I -m promptpack.gitlab_note FOLDER` is a step of the GitLab job in `gitlab/promptpack.yml`,
after everything is built, and the only one with a token. It is no command: commands use no network.
A note is ours where its first line is the marker and its author is whoever the token speaks for.
Where there may be no note, or GitLab can't be reached, the log says so and nothing fails for it.
"""

import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from promptpack.diff.formats.markdown import MARKER
from promptpack.diff.last_run import add_news, insert_notes
from promptpack.reporting.console import print_line
from promptpack.source.disk import UnreadableFileError, read_regular_file

MAX_LENGTH = 1_000_000
"""The characters that GitLab takes in a note."""

_QUICK_ACTION = re.compile(r"^([ \t>]*)/", re.MULTILINE)
"""What GitLab would take for a command to it, such as `/merge`, if it stood outside of code."""

_LIMIT = 64 << 20
_PAGE_SIZE = 100
_MAX_PAGES = 50
_MAX_TRIES = 3
_TIMEOUT = 20
_CODE = re.compile(r"([0-9]{1,3}) ([0-9]{1,3})\n")


class NoteRequestError(Exception):
    """A request that failed; `status` is 0 without an answer, `again` if it is worth a new try."""

    def __init__(self, status: int, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.status, self.again = status, again


class MergeRequest(NamedTuple):
    """Where GitLab's API is, who asks, and the path of a merge request there."""

    url: str
    token: str
    path: str

    def send(self, method: str, path: str, data: object = None) -> Any:  # noqa: ANN401 - JSON
        """Return the answer to a request; raises NoteRequestError. No redirect is followed.

        It would take the token elsewhere.
        """
        request = urllib.request.Request(  # noqa: S310 - the API that GitLab named
            f"{self.url}/{path}",
            method=method,
            data=None if data is None else json.dumps(data).encode(),
            headers={"PRIVATE-TOKEN": self.token, "Content-Type": "application/json"},
        )
        try:
            with _OPENER.open(request, timeout=_TIMEOUT) as response:
                return json.loads(response.read(_LIMIT))
        except urllib.error.HTTPError as error:
            with error:
                again = error.code >= 500 or error.code == 429
                raise NoteRequestError(error.code, f"status {error.code}", again=again) from None
        except (ValueError, RecursionError):
            raise NoteRequestError(0, "the response is not JSON") from None
        except (OSError, http.client.HTTPException) as error:
            raise NoteRequestError(0, f"no response: {error}", again=True) from None


class NoteDraft(NamedTuple):
    """The text of a note, and the JSON report that it was made of."""

    text: str
    report: str

    def make_body(self, previous: str) -> str:
        """Return the body of the note that takes the place of a previous one; "" for none."""
        marked = add_news(self.text, self.report, previous)
        return marked if len(marked) <= MAX_LENGTH else self.text


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_: object) -> None:
        """Return that there is nothing to ask instead."""


_OPENER = urllib.request.build_opener(_NoRedirect)


def main() -> int:
    """Keep the note up to date; return 0, whatever became of it."""
    merge_request = find_merge_request(os.environ)
    if merge_request is None:
        print_line("No note: this is not a merge request, or there is no token.")
        return 0
    folder = Path(sys.argv[1])
    body, has_news = make_body(folder, os.environ)
    draft = NoteDraft(body, _read(folder / "report.json"))
    try:
        print_line(update_note(merge_request, draft, new=has_news))
    except NoteRequestError as error:
        print_line(f"The note could not be written; the report is in the artifacts. ({error})")
    return 0


def find_merge_request(env: Mapping[str, str]) -> MergeRequest | None:
    """Return the merge request of a job, or None where there is none, or no token."""
    names = ("CI_API_V4_URL", "PROMPTPACK_TOKEN", "CI_MERGE_REQUEST_PROJECT_ID")
    url, token, project = (env.get(name, "") for name in names)
    number = env.get("CI_MERGE_REQUEST_IID", "")
    if not (url and token and project and number):
        return None
    path = f"projects/{quote(project, '')}/merge_requests/{quote(number, '')}"
    return MergeRequest(url.rstrip("/"), token, path)


def make_body(folder: Path, env: Mapping[str, str]) -> tuple[str, bool]:
    """Return the text of the note on the reports in a folder, and whether it is worth a new one."""
    codes = _CODE.fullmatch(_read(folder / "code"))
    compared, checked = (int(one) for one in codes.groups()) if codes else (4, 0)
    report = _read(folder / "note.md") if compared in (0, 1) else ""
    text = report.rstrip() or "**promptpack diff**\n\n🔴 **Not compared: see the log of the job.**"
    if not text.startswith(MARKER):
        text = f"{MARKER}\n{text}"
    notes = []
    if compared == 1:
        notes.append(f"🔴 **Failed because of `fail-on: {env.get('PROMPTPACK_FAIL_ON', '')}`.**")
    if checked == 1:
        notes.append("🔴 **The outputs do not match the sources.** `promptpack build`")
    url = env.get("CI_JOB_URL", "")
    links = [f"[Full report]({url}/artifacts/file/promptpack-diff.html)", f"[this job]({url})"]
    footer = " · ".join([*links, f"commit {env.get('CI_COMMIT_SHA', '')[:8]}"])
    body = f"{insert_notes(text, notes)}\n\n{footer}\n"
    if len(body) > MAX_LENGTH:
        title = f"{MARKER}\n**promptpack diff**\n\nThe report is too long for a note."
        body = f"{insert_notes(title, notes)}\n\n{footer}\n"
    has_news = bool(compared or checked) or _has_changes(_read(folder / "report.json"))
    return _QUICK_ACTION.sub(r"\1\\/", body), has_news


def update_note(
    merge_request: MergeRequest, draft: NoteDraft, *, new: bool, tries: int = _MAX_TRIES
) -> str:
    """Return what was done; tries again as a whole, so that no note is made twice.

    Raises NoteRequestError where GitLab refuses.
    """
    try:
        return _update_once(merge_request, draft, new=new)
    except NoteRequestError as error:
        if not error.again or tries == 1:
            raise
        time.sleep(1)
    return update_note(merge_request, draft, new=new, tries=tries - 1)


def _update_once(merge_request: MergeRequest, draft: NoteDraft, *, new: bool) -> str:
    notes = f"{merge_request.path}/notes"
    note = next(_find_own_notes(merge_request), None)
    if note is not None:
        number, body = note["id"], draft.make_body(note["body"])
        try:
            merge_request.send("PUT", f"{notes}/{number}", {"body": body})
        except NoteRequestError as error:
            if error.status != 404:
                raise
        else:
            return f"Note {number} updated."
    if not new:
        return "Nothing to report: no note added."
    merge_request.send("POST", notes, {"body": draft.make_body("")})
    return "Note added."


def _find_own_notes(merge_request: MergeRequest) -> Iterator[Mapping[str, Any]]:
    """Yield our notes, the oldest first, each with its `id` and its `body`."""
    user = merge_request.send("GET", "user")
    author = user.get("id") if isinstance(user, dict) else None
    if not isinstance(author, int):
        raise NoteRequestError(0, "GitLab does not say whose the token is")
    for page in range(1, _MAX_PAGES + 1):
        order = "order_by=created_at&sort=asc"
        path = f"{merge_request.path}/notes?{order}&per_page={_PAGE_SIZE}&page={page}"
        answer = merge_request.send("GET", path)
        notes = [one for one in answer if isinstance(one, dict)] if isinstance(answer, list) else []
        yield from (note for note in notes if _is_ours(note, author))
        if len(notes) < _PAGE_SIZE:
            return


def _is_ours(note: Mapping[str, Any], author: int) -> bool:
    writer, body = note.get("author"), note.get("body")
    lines = body.splitlines() if isinstance(body, str) else []
    has_marker = bool(lines) and lines[0].strip() == MARKER
    is_author = isinstance(writer, dict) and writer.get("id") == author
    return has_marker and is_author and isinstance(note.get("id"), int)


def _has_changes(report: str) -> bool:
    """Tell whether a JSON report has changes; one that can't be read may have some."""
    try:
        data = json.loads(report)
        if "summary" in data:
            kinds = ("changed", "added", "removed", "renamed")
            return any(data["summary"][kind] for kind in kinds)
        return bool(data["changes"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return True


def _read(path: Path) -> str:
    """Return the text of a report, or "" where there is none."""
    try:
        return read_regular_file(path, _LIMIT).decode("utf-8", "replace")
    except (OSError, UnreadableFileError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
