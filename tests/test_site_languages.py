"""Languages on the site: a row of links where a pack has several, and nothing where it has not."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

import sites
import support
from browsers import open_browser
from promptpack.build import render
from promptpack.reading.project import load_project
from promptpack.session import Session
from promptpack.site.theme import SCRIPTS, STYLE
from promptpack.site.tree import make_site
from test_languages import BOTH, PACK

FILES = {
    **BOTH,
    PACK: BOTH[PACK].replace(
        "  model: [tiny]\n", "  model: [tiny]\n  exclude: [{policy: change, language: de}]\n"
    ),
    "packs/other/pack.yaml": support.DEMO[PACK].replace("name: demo", "name: other"),
    "packs/other/role.md": "You answer others.\n",
    "packs/demo/role-de.md": "x\n",
}
LOOK = {"en": "tiny.look", "de": "tiny.look.de"}
expect.set_options(timeout=support.PATIENCE * 1_000)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the pages as files, with the site's style and scripts and without a theme."""
    root = support.make_project(tmp_path_factory.mktemp("project"), FILES)
    session = Session(load_project(root))
    built, folder = make_site(session, render(session)), tmp_path_factory.mktemp("site")
    support.write_files(folder, built.files)
    for path, page in sites.list_pages(built).items():
        up = "../" * path.count("/")
        scripts = "".join(f'<script src="{up}{one}"></script>' for one in SCRIPTS)
        text = f'<link rel="stylesheet" href="{up}{STYLE}"><div class="md-content md-typeset">'
        html = (
            f'<!DOCTYPE html><html lang="en"><meta charset="utf-8">{text}{page.html}</div>{scripts}'
        )
        support.write_files(folder, {path.replace(".md", ".html"): html})
    return folder


@pytest.fixture
def page(site: Path) -> Iterator[Page]:
    """Return a page that was never opened; at the end nothing may have gone wrong on it."""
    assert site.is_dir()
    with open_browser() as browser:
        opened = browser.new_page(reduced_motion="reduce")
        opened.set_default_timeout(support.PATIENCE * 1_000)
        wrong: list[str] = []
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        yield opened
        assert not wrong


def read(site: Path, path: str) -> str:
    return (site / path).read_text(encoding="utf-8")


def list_chips(site: Path, path: str) -> list[tuple[str, str]]:
    """Return the languages to choose from on a page, with the path of the page each leads to."""
    html = read(site, path)
    row = re.search(r'<nav class="?pp-choice"?[^>]*data-kind="?language.*?</nav>', html, re.DOTALL)
    chips = r'<a [^>]*href="?([^" >]+)"?[^>]*><span>(.*?)</span>(?:<small>(.*?)</small>)?'
    found = re.findall(chips, row[0]) if row else []
    return [(label, urljoin(path, link)) for link, label, _ in found]


def test_a_page_leads_to_the_same_in_another_language(site: Path) -> None:
    look = [(tag, f"packs/demo/{name}.html") for tag, name in LOOK.items()]
    assert list_chips(site, "packs/demo/tiny.look.html") == look
    assert list_chips(site, "packs/demo/index.html") == look
    change = "packs/demo/tiny.change.html"
    assert list_chips(site, change) == [("en", change), look[1]]
    assert "(Tiny, Look, de)" in unescape(read(site, change))
    for path in ("packs/other/tiny.look.html", "packs/other/index.html"):
        assert 'data-kind="language"' not in read(site, path)
        assert list_chips(site, path) == []


def test_the_text_of_a_prompt_says_its_language(site: Path) -> None:
    german = read(site, "packs/demo/tiny.look.de.html")
    tags = re.findall(r'<div class="pp-(?:file|rendered)[^>]*>', german)
    assert len(tags) == 2
    assert all('lang="de"' in tag for tag in tags)
    assert "Du beantwortest Fragen" in german
    assert re.search(r'<html lang="?en', german)
    english = re.findall(r'<div class="pp-file[^>]*>', read(site, "packs/demo/tiny.look.html"))
    assert all('lang="en"' in tag for tag in english)
    other = re.findall(r'<div class="pp-file[^>]*>', read(site, "packs/other/tiny.look.html"))
    assert other
    assert not any("lang=" in tag for tag in other)


def test_a_translation_has_a_page_of_its_own(site: Path) -> None:
    for name, text in (("role", "You answer"), ("role.de", "Du beantwortest"), ("role-de", "x")):
        assert text in read(site, f"packs/demo/fragments/{name}.html")
    assert "Role (de)" in unescape(read(site, "packs/demo/fragments/role.de.html"))


def test_programs_read_the_language(site: Path) -> None:
    packs = json.loads(read(site, "catalog.json"))["packs"]
    languages = {
        f"{pack['name']} {one['name']}": one.get("language")
        for pack in packs
        for one in pack["variants"]
    }
    assert languages == {
        "demo tiny.look": "en",
        "demo tiny.look.de": "de",
        "demo tiny.change": "en",
        "other tiny.look": None,
        "other tiny.change": None,
    }


def test_a_language_is_kept_in_the_address_and_for_the_next_page(page: Page, site: Path) -> None:
    page.goto(f"{site.as_uri()}/packs/demo/index.html")
    page.locator(".pp-use .pp-chip", has_text="de").last.click()
    expect(page).to_have_url(re.compile(r"language=de"))
    expect(page.locator(".pp-chosen:visible")).to_have_text("Tiny, Look, de")
    expect(page.locator(".pp-command:visible")).to_contain_text("--variant tiny.look.de --into")
    page.goto(f"{site.as_uri()}/packs/other/index.html")
    expect(page.locator(".pp-chosen:visible")).to_have_text("Tiny, Look")
    page.goto(f"{site.as_uri()}/packs/demo/index.html")
    expect(page.locator(".pp-chosen:visible")).to_have_text("Tiny, Look, de")
    page.locator('[data-kind="policy"] .pp-chip', has_text="Change").click()
    expect(page.locator(".pp-chosen:visible")).to_have_text("Tiny, Change, en")
    page.goto(f"{site.as_uri()}/compare.html?a=demo/tiny.look&b=demo/tiny.look.de")
    row = page.get_by_role("group", name="Other language")
    expect(row).to_contain_text("de")
    expect(page.get_by_role("group", name="Other policy")).to_contain_text("Change")
    expect(page.locator(".pp-between")).to_contain_text("Tiny, Look, de")
