"""A real browser opens the pages of a hostile project: nothing of its text runs, all of it shows.

Skipped, saying so, where there is no Chromium; in CI that is a failure.
"""

import html
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import sites
import support

ALARM = "<script>function pwned() { document.documentElement.dataset.pwned = 'yes' }</script>"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--virtual-time-budget=3000", "--dump-dom", "--host-resolver-rules=MAP * ~NOTFOUND"),
)


def browser() -> str:
    """Return the system's Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium is installed")
        pytest.skip("no Chromium is installed")
    return found


def opened(page: Path, profile: Path) -> str:
    """Return a page's document after its scripts had time to run, with an alarm set."""
    source = page.read_text(encoding="utf-8")
    armed = page.with_name("armed.html")
    armed.write_text(source.replace("<head>", f"<head>{ALARM}", 1), encoding="utf-8")
    command = [browser(), *FLAGS, f"--user-data-dir={profile}", armed.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> sites.Built:
    browser()
    root = tmp_path_factory.mktemp("project")
    project = sites.with_site(support.make_project(root, sites.HOSTILE))
    return sites.site_of(project, tmp_path_factory.mktemp("site") / "out")


def test_the_alarm_works(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html><head></head><body><img src=x onerror=pwned()></body>", encoding="utf-8")
    assert 'data-pwned="yes"' in opened(page, tmp_path / "profile")


@pytest.mark.parametrize(
    "pattern",
    [
        *("index.html", "packs/demo/index.html", "packs/demo/*look*/index.html"),
        *("fragments/*/*/index.html", "reference/*/*/index.html"),
    ],
)
def test_nothing_of_an_authors_text_runs(site: sites.Built, pattern: str, tmp_path: Path) -> None:
    pages = sorted(site.site.glob(pattern))[:2]  # of a kind
    assert pages
    for page in pages:
        document = opened(page, tmp_path / "profile")
        assert 'data-pwned="yes"' not in document, page
        assert "pwned" in document


def test_the_prompt_shows_to_the_letter(site: sites.Built, tmp_path: Path) -> None:
    page = next(site.site.glob("packs/demo/*look*/index.html"))
    document = opened(page, tmp_path / "profile")
    blocks = re.findall(
        r"<pre[^>]*pp-text[^>]*>.*?<code[^>]*>(.*?)</code></pre>", document, re.DOTALL
    )
    shown = {html.unescape(re.sub(r"<[^>]*>", "", block)) for block in blocks}
    wanted = {a.content.decode() for a in site.artifacts if a.variant.policy.name == "look"}
    assert wanted <= shown
