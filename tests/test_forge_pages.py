"""A comment as a forge renders it: GitHub's own renderer, a real browser, three widths.

Skipped, saying so, where there is no Chromium; in CI that is a failure.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from playwright.sync_api import Browser, Page

import support
from browsers import open_browser
from forge_pages import WIDTHS, make_example, make_page, render_forge
from forges import Api, Forge, run_action
from promptpack.diff.compare import compare_sides
from promptpack.diff.formats import BUDGET, FORMATS, render_markdown
from promptpack.diff.model import Review
from promptpack.diff.representatives import add_pairs
from review_cases import side
from support import count_cases
from test_diff_formats import reviews

GATE = ("--accept", "reviewed.json", "--fail-on", "permissions")
LINK = ("--link-to", "https://github.example/o/r/blob/abc")


class Outline(HTMLParser):
    """The tags of a page, those that are open at its end, and its text outside of code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.loose = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"{tag}.{dict(attrs).get('class') or ''}".rstrip("."))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - as the library calls it
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.crossed += [] if self.open[-1:] == [tag] else [tag]
        del self.open[-1:]

    def handle_data(self, data: str) -> None:
        self.loose += "" if {"code", "pre", "style"} & {*self.open} else data


@pytest.mark.fault(61)
@settings(max_examples=count_cases(60), deadline=None)
@given(review=reviews())
def test_what_a_forge_makes_of_a_comment_is_whole_and_inert(review: Review) -> None:
    outline = Outline(render_forge(render_markdown(review, BUDGET)))
    assert (outline.open, outline.crossed) == ([], [])
    assert {tag.partition(".")[0] for tag in outline.tags} <= {
        *("p", "strong", "code", "h3", "pre", "ul", "li", "details", "summary", "span", "br")
    }
    assert "a.acts" not in outline.tags
    assert "|" not in outline.loose


def test_the_renderer_would_show_what_acts() -> None:
    """What the test above looks for is found where it is."""
    outline = Outline(render_forge("@team #12 `@code`\n\n| a | b |\n\n<details>\n\nx\n"))
    assert outline.tags.count("a.acts") == 2
    assert "|" in outline.loose
    assert outline.open == ["details"]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the reports of a change that widens, with one accepted change, by format."""
    folder = make_example(tmp_path_factory.mktemp("example") / "project")
    return {
        name: support.call("diff", *GATE, *LINK, "--format", name, cwd=folder).out
        for name in ("markdown", "html", "json")
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as started:
        yield started


def show(browser: Browser, html: str, width: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="light")
    page.set_content(html)
    return page


def list_places(page: Page, *words: str) -> list[float]:
    """Return how far down each text is."""
    return [
        page.get_by_text(re.compile(word)).first.bounding_box()["y"]  # type: ignore[index]  # it is shown
        for word in words
    ]


def test_the_verdict_and_the_gate_are_on_top_and_the_rest_is_folded(
    browser: Browser, forge: Forge, api: Api
) -> None:
    """The comment of a run; in the job's summary it is the same, and longer at most."""
    forge.change("templates/policies/look.yaml", "list: allow}", "list: allow, execute: allow}")
    run = run_action(forge, api, fail_on="permissions")
    for text in (api.comments[0]["body"], run.summary):
        page = show(browser, make_page(render_forge(text)), 768)
        words = ("^promptpack diff", "Failed because of", "Permissions widened", "^P1$")
        places = list_places(page, *words)
        assert places == sorted(places)
        assert places[-1] < 400
        assert page.locator("h3 a[href^='https://github.example/o/r/blob/']").count() > 0
        page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_comment_fits_in_the_width_of_a_screen(
    browser: Browser, reports: dict[str, str], width: int
) -> None:
    page = show(browser, make_page(render_forge(reports["markdown"])), width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    details = page.locator("details")
    assert details.count() > 2
    assert page.locator("details[open]").count() == 0
    accepted = details.filter(has_text="Accepted earlier (1 group)")
    assert not accepted.locator("li").is_visible()
    accepted.locator("summary").click()
    assert accepted.locator("li").is_visible()
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_html_has_columns_where_there_is_room(
    browser: Browser, reports: dict[str, str], width: int
) -> None:
    page = show(browser, reports["html"], width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    places = list_places(page, "^Failed because of", "^Permissions widened", "execute widened")
    assert places == sorted(places)
    columns = (page.locator(f".pair[open] .{name}").first for name in ("old", "new"))
    old, new = (column.bounding_box() for column in columns)
    assert old is not None
    assert new is not None
    assert (old["y"] == new["y"]) == (width > 800)
    again = page.locator(".pair[open] .again").first
    assert again.is_visible() == (width > 800)
    assert page.locator("h2 a[href^='https://github.example/o/r/blob/abc/']").count() == 4
    assert not page.get_by_text("read widened: deny → allow (all").is_visible()
    page.close()


def test_the_html_is_not_wider_for_one_long_word(browser: Browser) -> None:
    word = "long" * 300
    old, new = {"x/system.md": f"{word}\n"}, {"x/system.md": f"{word}er\n"}
    base, head = side(old), side(new)
    review = add_pairs(compare_sides(base, head), base, head)
    page = show(browser, FORMATS["html"](review), 360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()
