"""The README's pictures: the real site in, a few small images in `docs/assets` out.

Run by `make screenshots` with the system's Chromium; look at the pictures before you commit them.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import sites

PICTURES = sites.ROOT / "docs/assets"
PAGES = {
    "catalogue.png": "index.html",
    "variant.png": "packs/python-ml-architect/claude.review.html?client=claude-code&view=origins",
}
SIZE = {"width": 1280, "height": 800}


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
        started.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
