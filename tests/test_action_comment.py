"""The one comment of a pull request: found, kept current, never somebody else's, never too long."""

from pathlib import Path

import pytest

from forges import ARTIFACT, BOT, MARKER, Api, run_comment, served

OLD = f"{MARKER}\n**promptpack diff**\n\nwhat was said before\n"
NEW = "what is said now"


def test_a_comment_says_where_the_rest_is(tmp_path: Path, api: Api) -> None:
    assert run_comment(tmp_path, api, NEW).code == 0
    (comment,) = api.comments
    run = "https://github.example/o/r/actions/runs/5"
    links = f"[Full report]({ARTIFACT}) · [this run]({run}) · commit `abcdef0`"
    assert comment["body"] == f"{MARKER}\n{NEW}\n\n{links}\n"


@pytest.mark.parametrize(
    ("body", "login"),
    [
        pytest.param(OLD, "mallory", id="by somebody else"),
        pytest.param(OLD, "github-actions", id="by somebody named alike"),
        pytest.param(f"Look:\n{OLD}", BOT, id="marker not on the first line"),
        pytest.param(f"> {OLD}", BOT, id="quoted marker"),
        pytest.param("", BOT, id="empty"),
    ],
)
def test_a_comment_that_is_not_ours_is_left_alone(
    tmp_path: Path, api: Api, body: str, login: str
) -> None:
    theirs = dict(api.add(body, login))
    run_comment(tmp_path, api, NEW)
    assert api.comments[0] == theirs
    assert len(api.comments) == 2
    assert NEW in api.comments[1]["body"]
    assert not api.asked("PATCH")


def test_our_comment_is_found_behind_hundreds_of_others(tmp_path: Path, api: Api) -> None:
    for number in range(230):
        api.add(OLD if number % 2 else "Nice.", "mallory")
    ours = api.add(OLD.replace("\n", "\r\n"))
    run_comment(tmp_path, api, NEW)
    assert NEW in ours["body"]
    assert [path[-6:] for path in api.asked("GET")] == ["page=1", "page=2", "page=3"]
    assert len(api.comments) == 231


def test_a_full_last_page_is_not_the_end(tmp_path: Path, api: Api) -> None:
    for _ in range(200):
        api.add("Nice.", "mallory")
    run_comment(tmp_path, api, NEW)
    assert len(api.asked("GET")) == 3
    assert len(api.comments) == 201


def test_the_oldest_of_several_is_kept(tmp_path: Path, api: Api) -> None:
    first, second = api.add(OLD), dict(api.add(OLD))
    run_comment(tmp_path, api, NEW)
    assert NEW in first["body"]
    assert api.comments[1] == second


def test_a_comment_of_another_account_is_known_by_the_token(tmp_path: Path, api: Api) -> None:
    api.login = "our-app[bot]"
    ours, other = api.add(OLD, "our-app[bot]"), dict(api.add(OLD, BOT))
    run_comment(tmp_path, api, NEW)
    assert NEW in ours["body"]
    assert api.comments[1] == other


def test_where_nobody_says_whose_the_token_is_it_is_the_job_s(tmp_path: Path, api: Api) -> None:
    api.login = ""
    ours = api.add(OLD)
    run_comment(tmp_path, api, NEW)
    assert NEW in ours["body"]


def test_a_comment_that_was_deleted_meanwhile_is_made_again(tmp_path: Path, api: Api) -> None:
    api.add(OLD)
    api.refusals.append(("PATCH", 404, {}))
    run_comment(tmp_path, api, NEW)
    assert [NEW in one["body"] for one in api.comments] == [False, True]


@pytest.mark.parametrize("old", [True, False])
def test_no_news_are_told_only_where_something_was_told(
    tmp_path: Path, api: Api, *, old: bool
) -> None:
    if old:
        api.add(OLD)
    run = run_comment(tmp_path, api, NEW, news="false")
    assert run.code == 0
    assert [NEW in one["body"] for one in api.comments] == [True] * old


@pytest.mark.parametrize("status", [500, 502, 503, 403, 429])
def test_a_passing_fault_is_tried_again_and_makes_no_second_comment(
    tmp_path: Path, api: Api, status: int
) -> None:
    api.refusals += [("POST", status, {"Retry-After": "0"}), ("GET", status, {"Retry-After": "0"})]
    run = run_comment(tmp_path, api, NEW)
    assert (run.code, len(api.comments), run.commands(), run.summary) == (0, 1, [], "")


def test_a_comment_that_was_made_although_the_answer_was_lost_is_found(
    tmp_path: Path, api: Api
) -> None:
    api.lost = 1
    run = run_comment(tmp_path, api, NEW)
    assert (run.code, len(api.comments), run.summary) == (0, 1, "")
    assert len(api.asked("PATCH")) == 1


def test_a_lasting_fault_is_given_up_and_fails_nothing(tmp_path: Path, api: Api) -> None:
    api.refusals += [("GET", 500, {"Retry-After": "0"})] * 20
    run = run_comment(tmp_path, api, NEW)
    assert (run.code, len(api.asked("GET"))) == (0, 3)
    assert "The comment could not be written" in run.summary
    assert "is read-only" not in run.summary


@pytest.mark.parametrize("headers", [{"Retry-After": "3600"}, {"X-RateLimit-Remaining": "0"}])
def test_a_rate_limit_is_not_waited_out(tmp_path: Path, api: Api, headers: dict[str, str]) -> None:
    api.refusals += [("GET", 403, headers)] * 5
    run = run_comment(tmp_path, api, NEW)
    assert (run.code, len(api.asked("GET"))) == (0, 1)
    assert "is read-only" not in run.summary


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_may_not_is_not_tried_again(tmp_path: Path, api: Api, status: int) -> None:
    api.refusals += [("POST", status, {})]
    run = run_comment(tmp_path, api, NEW)
    assert (run.code, api.comments) == (0, [])
    assert f"is read-only. `{status} {status} as told`" in run.summary


def test_no_answer_fails_nothing(tmp_path: Path) -> None:
    with served(Api()) as gone:
        pass
    run = run_comment(tmp_path, gone, NEW)
    assert run.code == 0
    assert "The comment could not be written" in run.summary


@pytest.mark.parametrize("answer", [b"<html>", b"[" * 100_000], ids=["html", "nested"])
def test_an_answer_that_is_not_json_fails_nothing(tmp_path: Path, api: Api, answer: bytes) -> None:
    api.garbled = answer
    run = run_comment(tmp_path, api, NEW)
    assert run.code == 0
    assert "the response is not JSON" in run.summary


def test_the_token_follows_no_redirect(tmp_path: Path, api: Api) -> None:
    with served(Api()) as elsewhere:
        api.refusals.append(("GET", 302, {"Location": f"{elsewhere.url}/x"}))
        run = run_comment(tmp_path, api, NEW)
        assert (run.code, elsewhere.requests, api.comments) == (0, [], [])
    assert "302" in run.summary


@pytest.mark.parametrize("lengths", [(70_000, 500), (70_000, 70_000)])
def test_more_than_a_comment_holds_is_never_sent(
    tmp_path: Path, api: Api, lengths: tuple[int, int]
) -> None:
    long, short = lengths
    run_comment(tmp_path, api, "x" * long, "y" * short)
    (comment,) = api.comments
    assert comment["body"].startswith(f"{MARKER}\n")
    assert len(comment["body"]) < 1_000
    assert ("yyy" in comment["body"]) == (short == 500)


def test_characters_are_counted_in_the_way_that_gives_more(tmp_path: Path, api: Api) -> None:
    run_comment(tmp_path, api, "😀" * 40_000, "short")
    assert "short" in api.comments[0]["body"]
