"""A site that is published below a path: its addresses, its page for unknown ones, its jobs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import yaml

import sites
import support
from browsers import QuietHandler, open_browser, serve_folder

BELOW = "team/agents"
SITE = f"https://agents.example.com/{BELOW}/"
EDIT = "https://git.example.com/team/agents/edit/main/"
GUIDE = (sites.ROOT / "docs/publishing.md").read_text(encoding="utf-8")


class PageHost(QuietHandler):
    """Serves files as a host of pages does: with its 404.html where there is none."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        del message, explain
        content = Path(self.directory, BELOW, "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder to serve, with a site below a path; its project has no mkdocs.yml."""
    folder = tmp_path_factory.mktemp("published")
    project = support.make_project(folder / "project", support.DEMO)
    run_build(project, folder / "served" / BELOW)
    return folder / "served"


@pytest.fixture(scope="module")
def server(published: Path) -> Iterator[str]:
    """Serve that folder on this computer, and return the address of the site."""
    with serve_folder(published, PageHost) as address:
        yield f"{address}{BELOW}/"


def run_build(project: Path, out: Path) -> None:
    done = support.run(
        *("docs", "build", "--out", str(out), "--site-url", SITE, "--edit-url", EDIT), cwd=project
    )
    assert done.code == 0, done.err


def test_each_page_has_the_address_where_it_is_published(published: Path) -> None:
    pages = [path for path in (published / BELOW).rglob("*.html") if path.name != "404.html"]
    assert len(pages) > 10
    for path in pages:
        found = re.findall(r'<link rel="canonical" href="([^"]*)"', path.read_text("utf-8"))
        assert found == [SITE + path.relative_to(published / BELOW).as_posix()]


def test_sources_are_edited_where_the_option_says(published: Path) -> None:
    pages = [*(published / BELOW).rglob("*.html")]
    texts = [sites.Page(page.read_text(encoding="utf-8")) for page in pages]
    links = {link for page in texts for _, link in page.links if link.startswith(EDIT)}
    sources = {link.removeprefix(EDIT) for link in links}
    assert "templates/policies/look.yaml" in sources
    assert all((published.parent / "project" / source).is_file() for source in sources)


def test_the_page_for_unknown_addresses_leads_on_from_any_depth(
    published: Path, server: str
) -> None:
    page = sites.Page((published / BELOW / "404.html").read_text(encoding="utf-8"))
    assert "Page not found" in page.texts["h1"]
    links = [link for tag, link in page.links if tag in ("a", "link", "script")]
    for link in links:
        address = urlsplit(urljoin(f"{server}packs/no/such/page.html", link))
        if address.netloc == urlsplit(server).netloc and not link.startswith("#"):
            assert address.path.startswith(f"/{BELOW}/"), link
            target = published / address.path.lstrip("/")
            assert target.is_file() or (target / "index.html").is_file(), link
    told = {text for text in page.texts["a"] if text}
    assert {"All agents", "Agents by what they may do", "Compare two variants"} <= told


def test_a_reader_goes_on_from_an_unknown_address(server: str) -> None:
    with open_browser() as browser:
        page = browser.new_page()
        failed: list[str] = []
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.goto(f"{server}packs/no/such/page.html")
        assert page.locator("h1").inner_text() == "Page not found"
        page.locator("input[name=query]").click()
        page.keyboard.type("demo")
        page.locator(".md-search-result__link").first.wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.get_by_role("link", name="All agents").click()
        page.wait_for_url(f"{server}index.html")
        assert not failed


@pytest.mark.parametrize(
    "address",
    ["agents.example.com", "ftp://x.example/", "https://", "https://x.example/?a=1", "https://["],
)
@pytest.mark.parametrize("option", ["--site-url", "--edit-url"])
def test_what_is_no_address_is_refused(option: str, address: str, tmp_path: Path) -> None:
    project = support.make_project(tmp_path, support.DEMO)
    done = support.run("docs", "build", option, address, cwd=project)
    assert done.code == 2
    assert "is no http or https address" in " ".join(done.err.split())
    assert not (project / "site").exists()


def test_an_export_has_the_same_addresses(tmp_path: Path) -> None:
    project = support.make_project(tmp_path / "project", support.DEMO)
    out = tmp_path / "out"
    done = support.run(
        *("docs", "export", str(out), "--site-url", SITE, "--edit-url", EDIT), cwd=project
    )
    assert done.code == 0, done.err
    assert yaml.safe_load((out / "mkdocs.yml").read_text())["site_url"] == SITE
    pages = [path.read_text(encoding="utf-8") for path in (out / "docs").rglob("*.md")]
    links = {link for page in pages for _, link in sites.Page(page).links}
    assert f"{EDIT}templates/policies/look.yaml" in links


@pytest.mark.parametrize("host", ["GitHub", "GitLab"])
def test_the_commands_of_a_job_publish_a_site(host: str, tmp_path: Path) -> None:
    project = support.make_project(tmp_path / "project", support.DEMO)
    job = yaml.safe_load(re.findall("```yaml[^\n]*\n(.*?)```", GUIDE, re.DOTALL)[host == "GitLab"])
    if host == "GitHub":
        steps = job["jobs"]["build"]["steps"]
        (script,) = (step["run"] for step in steps if "run" in step)
        (out,) = (step["with"]["path"] for step in steps if "path" in step.get("with", {}))
        names = {name for step in steps for name in step.get("env", {})}
    else:
        script = "\n".join(job["pages"]["script"])
        (out,) = job["pages"]["artifacts"]["paths"]
        names = {*job["pages"]["variables"]}
    assert names >= {"SITE_URL", "EDIT_URL"}
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    python = bin_folder / "python"
    python.write_text('#!/bin/sh\ntest "$*" = "-m pip install --quiet source[docs]"\n')
    python.chmod(0o755)
    (bin_folder / "promptpack").symlink_to(Path(sys.executable).with_name("promptpack"))
    done = subprocess.run(
        ["sh", "-euc", script],
        cwd=project,
        env=support.environment(
            {
                "PATH": f"{bin_folder}:/usr/bin:/bin",
                "PROMPTPACK_SOURCE": "source[docs]",
                "SITE_URL": SITE,
                "EDIT_URL": EDIT,
            }
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=support.PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert SITE in (project / out / "index.html").read_text(encoding="utf-8")
