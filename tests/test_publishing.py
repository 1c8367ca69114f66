"""A site that is published below a path: its addresses, its page for unknown ones, its jobs."""

import re
import shlex
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import yaml

import sites
import support
from browsers import QuietHandler, open_browser, serve_folder
from promptpack.site.content_policy import find_inline_code
from review_cases import git

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
    words = ("docs", "build", "--out", str(out), "--site-url", SITE, "--edit-url", EDIT)
    done = support.run(*words, cwd=project, code=sites.FEW_PAGES)
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


class TamperedHost(QuietHandler):
    """Serves pages into which somebody has put code of three kinds."""

    ADDED = (
        b"<script>window.added = 1</script>"
        b"<img src=no.png onerror='window.added = 2'>"
        b"<script src='data:text/javascript,window.added = 3'></script>"
    )

    def copyfile(self, source: Any, outputfile: Any) -> None:
        content = source.read()
        outputfile.write(content.replace(b"<h1", self.ADDED + b"<h1", 1))

    def send_header(self, keyword: str, value: str) -> None:
        if keyword != "Content-Length":
            super().send_header(keyword, value)


class CodeReader(HTMLParser):
    """Gathers the scripts and styles that stand in a page, as another reader than ours sees it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.codes: dict[str, list[str]] = {"script": [], "style": [], "attribute": []}
        self.policies: list[str] = []
        self.handlers: list[str] = []
        self.is_open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policies.append(values["content"] or "")
        self.codes["attribute"] += filter(None, [values.get("style")])
        self.handlers += [name for name in values if name.startswith("on")]
        is_code = "src" not in values and values.get("type") != "application/json"
        self.is_open = tag if tag == "style" or (tag == "script" and is_code) else ""
        if self.is_open:
            self.codes[tag].append("")

    def handle_data(self, data: str) -> None:
        if self.is_open:
            self.codes[self.is_open][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.is_open = "" if tag == self.is_open else self.is_open


def test_each_page_allows_its_own_code_and_no_other(published: Path) -> None:
    headers = (published / BELOW / "_headers").read_text(encoding="utf-8")
    for path in (published / BELOW).rglob("*.html"):
        page = CodeReader(path.read_text(encoding="utf-8"))
        (policy,) = page.policies
        directives = {name: words for name, *words in map(str.split, policy.split(";"))}
        assert directives["default-src"] == ["'self'"]
        assert "'unsafe-inline'" not in policy
        assert not page.handlers
        for kind, name in (("script", "script-src"), ("style", "style-src")):
            hashes = {
                f"'sha256-{b64encode(sha256(code.encode()).digest()).decode()}'"
                for code in page.codes[kind]
            }
            assert {*directives[name]} == {"'self'", *hashes}
            assert all(one in headers for one in hashes)


def test_code_that_was_added_later_does_not_run(published: Path) -> None:
    note = (
        "addEventListener('securitypolicyviolation', event =>"
        " (window.refused ??= []).push(event.effectiveDirective))"
    )
    with serve_folder(published, TamperedHost) as address, open_browser() as browser:
        context = browser.new_context()
        context.add_init_script(note)
        page = context.new_page()
        page.goto(f"{address}{BELOW}/index.html")
        page.locator("h1").first.wait_for()
        assert page.evaluate("window.added") is None
        refused = page.evaluate("window.refused")
        assert sorted(refused) == ["script-src-attr", "script-src-elem", "script-src-elem"]


def test_a_project_has_its_own_headers_and_can_do_without_the_policy(tmp_path: Path) -> None:
    settings = "site_name: S\ntheme: {name: material, font: false}\n"
    plugins = "plugins: [search, {promptpack: {content_policy: false}}]\n"
    project = support.make_project(tmp_path / "project", support.DEMO)
    own = "/*\n  X: y\n"
    support.write_files(project, {"mkdocs.yml": settings + plugins, "docs/_headers": own})
    run_build(project, tmp_path / "bare")
    assert not CodeReader((tmp_path / "bare/index.html").read_text("utf-8")).policies
    (project / "mkdocs.yml").write_text(settings + "plugins: [search, promptpack]\n")
    run_build(project, tmp_path / "own")
    assert CodeReader((tmp_path / "own/index.html").read_text("utf-8")).policies
    assert (tmp_path / "own/_headers").read_text() == own


def test_hashes_are_of_the_code_as_a_browser_reads_it() -> None:
    page = (
        '<meta charset="utf-8"><SCRIPT>let a = "<b>";\r\nlet c</SCRIPT ><style>p{}</style>'
        '<script type="application/json">{}</script><script src="x.js"></script>'
        '<p style="color: &quot;x&quot;" class=a>style="none"</p>'
    )
    known = [['let a = "<b>";\nlet c'], ["p{}"], ['color: "x"']]
    expected = [
        frozenset(b64encode(sha256(text.encode()).digest()).decode() for text in texts)
        for texts in known
    ]
    assert [*find_inline_code(page)] == expected


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


def test_the_commands_for_each_version_build_a_whole_site_of_its_tag(tmp_path: Path) -> None:
    project = support.make_project(tmp_path / "project", support.DEMO)
    for first in ("init -q", "add -A", "commit -qm one", "tag v1.0.0"):
        git(project, *first.split())
    role = project / "packs/demo/role.md"
    role.write_text("You came later.\n")
    git(project, "commit", "-qam", "two")
    (block,) = re.findall("## A site for each version.*?```sh\n(.*?)```", GUIDE, re.DOTALL)
    for program, *words in map(shlex.split, block.splitlines()):
        if program == "git":
            git(project, *words)
        else:
            assert program == "promptpack"
            done = support.run(*words, cwd=project)
            assert done.code == 0, done.err
    page = (project / "public/v1.0.0/packs/demo/tiny.look.html").read_text(encoding="utf-8")
    assert "You came later" not in page
    assert 'rel="canonical" href="https://agents.example.com/v1.0.0/' in page
