"""The pictures of the README and of the docs: the real site and reports in, small images out.

They go to `docs/assets`. Run by `make screenshots` with the system's Chromium; look at the pictures
before you commit them.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

import forge_pages
import sites
import support
from promptpack.diff.last_run import insert_notes

PICTURES = sites.ROOT / "docs/assets"
PAGES = {
    "catalogue.png": "index.html",
    "variant.png": "packs/python-ml-architect/claude.review.html?client=claude-code&view=origins",
}
SIZE = {"width": 1280, "height": 800}
REPORTS = {
    "review-comment.png": ("comment", 828, 760),
    "review-report.png": ("report", 1280, 640),
    "review-phone.png": ("report", 360, 720),
}
"""The page of a report, and the width and the height of its picture, in pixels."""

GATE = "🔴 **Failed because of `fail-on: permissions`**: widened permissions are not accepted."


def main() -> int:
    """Take all pictures; return 1 where there is no browser."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        sys.stderr.write("no Chromium is installed\n")
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        project = sites.reference_project(Path(folder, "project"))
        built = sites.mkdocs(project, Path(folder, "site"))
        if built.returncode:
            sys.stderr.write(built.stderr)
            return 1
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = started.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]  # a TypedDict
        for name, path in PAGES.items():
            page.goto(f"{Path(folder, 'site').as_uri()}/{path}")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=PICTURES / name)
        take_reports(started, Path(folder))
        started.close()
    return 0


def take_reports(browser: Browser, folder: Path) -> None:
    """Take the pictures of a review: the comment, and the page with columns or without."""
    project = forge_pages.make_example(folder / "example")
    words = ("diff", "--accept", "reviewed.json", "--fail-on", "permissions", "--format")
    link = ("--link-to", "https://github.example/o/r/blob/main")
    comment, report = (
        support.call(*words, name, *link, cwd=project).out for name in ("markdown", "html")
    )
    body = forge_pages.render_forge(insert_notes(comment, [GATE]))
    pages = {"comment": forge_pages.make_page(body), "report": report}
    for name, (kind, width, height) in REPORTS.items():
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="light",
        )
        page.set_content(pages[kind])
        if kind == "report":
            page.evaluate("document.querySelector('.pair').previousElementSibling.scrollIntoView()")
        page.screenshot(path=PICTURES / name)
        page.close()


if __name__ == "__main__":
    sys.exit(main())
