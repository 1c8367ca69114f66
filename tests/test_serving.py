"""A served site: the pages of a build, the last good ones while sources are broken, no more."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from html import unescape
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from playwright.sync_api import Browser, expect

from browsers import open_browser
from promptpack.cli import program
from promptpack.lint.registry import RULES
from promptpack.model import UserError
from promptpack.serving.banner import SourceProblem, finish_page
from promptpack.serving.builder import BuildError, SiteBuilder
from promptpack.serving.server import SiteServer
from promptpack.site.gather import SiteMemory, gather_site
from promptpack.site.page import LatePage
from promptpack.site.site_parts import SiteParts
from promptpack.site.tree import Site
from promptpack.targets import TARGETS
from sites import reference_project, with_site
from support import PATIENCE, call, environment, make_project

ADDRESS = "http://127.0.0.1:1/"
VARIANT = "/packs/demo/tiny.look.html"
ROLE = "packs/demo/role.md"
NO_COMMANDS = click.Group()
"""Their pages are the same in each site, and take a while."""

expect.set_options(timeout=PATIENCE * 1_000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project with a site and pages written by hand."""
    return with_site(make_project(tmp_path / "p"))


def make_builder(
    root: Path,
    folder: Path,
    commands: click.Group = program,
    kind: type[SiteBuilder] = SiteBuilder,
) -> SiteBuilder:
    """Return what builds the site of a project into a folder, as the command does."""
    memory = SiteMemory(is_late=True)

    def load(site: Path) -> MkDocsConfig:
        return load_config(str(root / "mkdocs.yml"), site_dir=str(site), strict=True)

    def gather(_: Any) -> Site:
        return gather_site(root, commands, "", 5, memory)

    folder.mkdir()
    return kind(folder, load, gather)


def read(builder: SiteBuilder, path: str) -> str:
    """Return a page of the site that is served now."""
    return unescape(builder.site.answer(path, "/").content.decode())


def test_served_pages_are_those_that_mkdocs_builds(root: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    config = load_config(str(root / "mkdocs.yml"), site_dir=str(plain))
    config.site_url = ADDRESS
    config.plugins.on_startup(command="serve", dirty=False)
    build(config, serve_url=ADDRESS)
    config.plugins.on_shutdown()
    builder = make_builder(root, tmp_path / "live")
    assert builder.build(ADDRESS) is None
    paths = sorted(path.relative_to(plain).as_posix() for path in plain.rglob("*.*"))
    assert len(paths) > 100
    for path in reversed(paths):
        wanted = (plain / path).read_bytes()
        if path.endswith(".html"):
            wanted = finish_page(wanted, builder.site.epoch, None)
        if not path.startswith("sitemap"):  # it tells the day
            assert builder.site.answer(f"/{path}", "/").content == wanted, path


def list_answers(builder: SiteBuilder) -> dict[str, bytes]:
    """Return all files and pages of the site that is served now, but for when it was built."""
    site = replace(builder.site, epoch=0)
    assert site.built
    files = {path.relative_to(site.built.folder) for path in site.built.folder.rglob("*.*")}
    pages = {Path(path) for path in site.built.pages.list_paths()}
    paths = sorted(path.as_posix() for path in files | pages)
    return {path: site.answer(f"/{path}", "/").content for path in paths if "sitemap" not in path}


def edit_site(root: Path, folder: str, *changes: tuple[str, str]) -> Callable[[], None]:
    """Return the edit that replaces text in the file of a project."""

    def edit() -> None:
        text = (root / folder).read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (root / folder).write_text(text)

    return edit


IMPURE = "pymdownx.snippets: {base_path: [.]}, pymdownx.blocks.html: {}, pymdownx.emoji: {}, "


@pytest.fixture
def few_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have few pages of each kind in a site: those of other rules and clients are made alike."""
    monkeypatch.setattr("promptpack.site.gather.RULES", dict(islice(RULES.items(), 3)))
    clients = {name: TARGETS[name] for name in ("opencode", "gemini", "cursor-rule")}
    for module in ("tree", "pages.policies"):
        monkeypatch.setattr(f"promptpack.site.{module}.CLIENTS", clients)


@pytest.mark.usefixtures("few_pages")
@pytest.mark.parametrize("is_kept", [True, False])
def test_a_site_that_is_built_again_is_one_that_is_built_anew(
    root: Path, tmp_path: Path, is_kept: bool
) -> None:
    """What is kept of MkDocs' work is used only while nothing differs, and warnings come again.

    A page that includes `mkdocs.yml` is not kept.
    """
    if is_kept:
        edit_site(root, "mkdocs.yml", (IMPURE, ""))()
    other = [("footnotes: {}", "toc: {permalink: false}")] * is_kept
    docs, settings = root / "docs", "mkdocs.yml"
    text = "# One\n\n## Part\n\nSee [two](two.md#there).\n\n```yaml\na: 1\n```\n"
    edits: list[Callable[[], object]] = [
        lambda: (docs / "one.md").write_text(text),
        lambda: (docs / "two.md").write_text("---\ntags: [x]\n---\n# Two\n\n## There\n\nText.\n"),
        edit_site(root, "docs/two.md", ("Text", "More <b>text</b>"), ("## There", "## Elsewhere")),
        lambda: None,
        edit_site(root, "docs/two.md", ("## Elsewhere", "## There"), ("[x]", "[y]")),
        edit_site(root, settings, ("site_name: ", "site_name: Another "), *other),
        lambda: (docs / "two.md").rename(docs / "other.md"),
        edit_site(root, "docs/one.md", ("two.md", "other.md"), ("a: 1", "a: 2")),
        lambda: (root / ROLE).write_text("You answer in verse.\n"),
    ]
    builder, words = make_builder(root, tmp_path / "live", NO_COMMANDS), set()
    for number, edit in enumerate(edits):
        edit()
        new = make_builder(root, tmp_path / f"new-{number}", NO_COMMANDS)
        error = builder.build(ADDRESS)
        assert str(error) == str(new.build(ADDRESS)), number
        assert builder.site.problem == new.site.problem, number
        assert list_answers(builder) == list_answers(new), number
        words.add(error is None)
    assert words == {True, False}


def test_while_sources_are_broken_the_last_site_stays(root: Path, tmp_path: Path) -> None:
    builder = make_builder(root, tmp_path / "live")
    assert builder.build(ADDRESS) is None
    first = builder.site
    (root / ROLE).write_text("{{ vars.langage }} <b>\n")
    error = builder.build(ADDRESS)
    assert isinstance(error, UserError)
    assert [finding.code for finding in error.findings] == ["PP031"]
    for path in ("/index.html", VARIANT, "/no/such/page.html"):
        page = read(builder, path)
        assert "The sources have 1 error." in page
        assert "This is the last site that built." in page
        assert "undefined name 'langage' in 'vars'\n  --> packs/demo/role.md:1:1" in page
    assert "about a Python project" in read(builder, VARIANT)
    assert "<b>" not in builder.site.answer("/no/such/page.html", "/").content.decode()
    (root / ROLE).write_text("You answer in verse.\n")
    assert builder.build(ADDRESS) is None
    assert "in verse" in read(builder, VARIANT)
    assert "pp-broken" not in read(builder, VARIANT)
    assert builder.site.epoch > first.epoch
    assert [*(tmp_path / "live").iterdir()] == [builder.site.built and builder.site.built.folder]


def test_a_project_that_never_built_says_why(root: Path, tmp_path: Path) -> None:
    (root / ROLE).write_text("{{ vars.langage }}\n")
    builder = make_builder(root, tmp_path / "live")
    assert isinstance(builder.build(ADDRESS), UserError)
    answer = builder.site.answer("/index.html", "/")
    assert answer.status == 503
    assert "The site appears here as soon as they are fixed." in read(builder, "/index.html")
    assert "data-epoch" in read(builder, "/index.html")


@pytest.mark.parametrize(
    ("page", "title", "text"),
    [
        ("other.md", "MkDocs has warnings.", "'no.md', but the target is not found"),
        ("compare.md", "MkDocs found errors.", "docs/compare.md has the path of a generated page"),
    ],
)
def test_what_is_wrong_with_pages_is_shown(
    root: Path, tmp_path: Path, page: str, title: str, text: str
) -> None:
    builder = make_builder(root, tmp_path / "live")
    assert builder.build(ADDRESS) is None
    (root / "docs" / page).write_text("# Other\n\n[x](no.md)\n")
    assert builder.build(ADDRESS) is not None
    shown = read(builder, "/index.html")
    assert title in shown
    assert text in shown
    assert builder.site.answer("/other.html", "/").status == (200 if page == "other.md" else 404)


def test_no_path_leads_out_of_the_site(root: Path, tmp_path: Path) -> None:
    builder = make_builder(root, tmp_path / "live")
    assert builder.build(ADDRESS) is None
    assert builder.site.built is not None
    folder = builder.site.built.folder
    (folder / "link.txt").symlink_to(root / "mkdocs.yml")
    (folder / "folder").symlink_to(root)
    (folder / "own.txt").write_text("Own.")
    ways = ("link.txt", "folder/mkdocs.yml", "../../p/mkdocs.yml", f"/{root}/mkdocs.yml", "a\0b")
    for way in (*ways, "%2e%2e/%2e%2e/p/mkdocs.yml"):
        assert builder.site.answer(f"/{way}", "/").status == 404, way
    assert builder.site.answer("/own.txt", "/").content == b"Own."
    assert builder.site.answer("/sub/own.txt", "/sub/").content == b"Own."
    assert builder.site.answer("/own.txt", "/sub/").status == 404


def test_a_page_without_an_end_is_finished_too() -> None:
    page = finish_page(b"<p>x", 7, SourceProblem("<i>", "", "a & b")).decode()
    assert page.startswith("<p>x")
    assert "&#60;i&#62;" in page
    assert "<i>" not in page


def change_line(path: Path, start: str, line: str) -> None:
    """Change the line of a file that starts like this."""
    lines = path.read_text().splitlines()
    lines[next(n for n, old in enumerate(lines) if old.startswith(start))] = line
    path.write_text("\n".join([*lines, ""]))


@pytest.mark.usefixtures("few_pages")
def test_a_site_with_kept_parts_is_the_same_as_a_new_one(root: Path) -> None:
    memory, pack = SiteMemory(), root / "packs/demo/pack.yaml"
    fragments, policy = root / "templates/fragments/standards", "templates/policies/look.yaml"
    accept = "accept: [{target: gemini, capability: all, reason: It is so in this test.}]"

    def move() -> None:
        (fragments / "small-steps.md").rename(fragments / "steps.md")
        change_line(pack, "    - standards/small", "    - standards/steps")

    edits: list[Callable[[], object]] = [
        lambda: None,
        lambda: (root / ROLE).write_text("You answer in verse.\n"),
        lambda: change_line(pack, "title", "title: Another"),
        lambda: change_line(root / policy, "title", "title: Looks about"),
        lambda: change_line(root / policy, "capab", "capabilities: {glob: allow, grep: deny}"),
        lambda: change_line(pack, "targets", f"targets: [opencode, gemini]\n{accept}"),
        lambda: change_line(pack, "accept", f"{accept}\nmode: all"),
        move,
    ]
    for number, edit in enumerate(edits):
        edit()
        again = gather_site(root, NO_COMMANDS, "", 0, memory)
        new = gather_site(root, NO_COMMANDS, "", 0)
        assert again.pages == new.pages, number
        assert again.files == new.files, number


def test_what_can_be_found_of_a_page_that_waits_is_what_is_on_it(tmp_path: Path) -> None:
    """The search and the outline read a page before it is made."""
    site = gather_site(reference_project(tmp_path / "p"), program, "", 0, SiteMemory(is_late=True))
    waiting = {path: one for path, one in site.pages.items() if isinstance(one, LatePage)}
    assert len(waiting) > 100
    for path, page in waiting.items():
        made = page.make()
        assert page.searched == made.searched, path
        assert page.head == made.head, path
        found = [heading for heading in made.headings if heading.searched]
        assert [heading for heading in page.headings if heading.searched] == found, path


def test_what_is_made_of_other_things_is_made_again() -> None:
    kept, first, second = SiteParts(), ["x"], ["x"]
    part = kept.reuse("key", [first], object)
    kept.begin()
    assert kept.reuse("key", [first], object) is part
    assert kept.reuse("other", [first], object) is not part
    kept.begin()
    assert kept.reuse("key", [second], object) is not part
    kept.begin()
    kept.begin()
    assert kept.reuse("key", [second], lambda: "new") == "new"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as started:
        yield started


def test_an_open_page_follows_edits_and_says_what_is_wrong(root: Path, browser: Browser) -> None:
    words = [sys.executable, "-m", "promptpack", "docs", "serve", "--address", "127.0.0.1:0"]
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1_000)
    (root / ROLE).write_text("{{ vars.langage }}\n")
    env = environment({"NO_MKDOCS_2_WARNING": "1"})
    with subprocess.Popen(words, cwd=root, stderr=subprocess.PIPE, text=True, env=env) as serving:
        assert serving.stderr is not None
        limit = threading.Timer(PATIENCE, serving.kill)
        limit.start()
        try:
            said = [*iter_until(serving.stderr, "Serving on")]
            page.goto(find_address(said[-1]) + VARIANT)
            expect(page.locator(".pp-broken")).to_contain_text("undefined name 'langage'")
            (root / ROLE).write_text("You answer in verse.\n")
            expect(page.locator(".pp-file")).to_contain_text("in verse")
            expect(page.locator(".pp-broken")).to_have_count(0)
            (root / ROLE).write_text("{{ vars.word }}\n")
            expect(page.locator(".pp-broken")).to_contain_text("undefined name 'word'")
            expect(page.locator(".pp-file")).to_contain_text("in verse")
            (root / ROLE).write_text("You answer in prose.\n")
            expect(page.locator(".pp-file")).to_contain_text("in prose")
        finally:
            limit.cancel()
            serving.terminate()
            page.close()
        said += serving.stderr
    log = "".join(said)
    assert "error[PP031]: undefined name 'langage' in 'vars'\n  --> packs/demo/role.md:1:1" in log
    assert "1 error; the last site that built is still served\nBuilt the site again\n" in log
    assert "Traceback" not in log


def test_an_address_that_is_taken_is_said_at_once(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        done = call("docs", "serve", "--address", place, cwd=root)
    assert done.code == 2
    assert (
        f"The site can't be served at '{place}': {os.strerror(errno.EADDRINUSE).lower()}."
        in done.err
    )
    assert "Serving" not in done.err


FAMILIES = {
    "127.0.0.1": socket.AF_INET,
    "[::1]": socket.AF_INET6,
    "localhost": socket.AF_INET,
}


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let a signal end what waits, also where the tests run in the background."""
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, old)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("host", FAMILIES)
def test_an_address_that_is_said_can_be_asked_at_once(root: Path, host: str) -> None:
    """A page that is asked for while the site is built comes when the build has ended."""
    try:
        socket.create_server(("::1" if host == "[::1]" else host, 0), family=FAMILIES[host]).close()
    except OSError:
        pytest.skip(f"this machine has no address {host}")
    settings = load_config(str(root / "mkdocs.yml"), dev_addr=f"{host}:0")
    answers: list[str] = []
    said: list[str] = []
    asking: list[threading.Thread] = []

    class AskedBuilder(SiteBuilder):
        def build(self, serve_url: str) -> BuildError | None:
            asking.append(threading.Thread(target=ask, args=(serve_url,)))
            asking[0].start()
            return super().build(serve_url)

    def ask(url: str) -> None:
        try:
            asked = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
            asked.request("GET", VARIANT)
            answers.append(asked.getresponse().read().decode())
            asked.close()
        finally:
            signal.raise_signal(signal.SIGINT)

    builder = make_builder(root, root.parent / "live", NO_COMMANDS, AskedBuilder)
    SiteServer(builder, settings, tuple, lambda url, _: said.append(url)).serve()
    asking[0].join()
    assert urlsplit(said[0]).hostname == host.strip("[]")
    assert urlsplit(said[0]).port
    assert "demo" in answers[0]


@pytest.mark.usefixtures("interruptible")
def test_a_source_that_is_saved_during_the_first_build_is_built_again(root: Path) -> None:
    settings = load_config(str(root / "mkdocs.yml"), dev_addr="127.0.0.1:0")
    new = root / "library/note.md"
    texts: list[bool] = []

    class EditedBuilder(SiteBuilder):
        def build(self, serve_url: str) -> BuildError | None:
            error = super().build(serve_url)
            if self.count == 1:  # the sources have been read
                (root / ROLE).write_text("You answer in verse.\n")
                new.parent.mkdir()
            elif self.count == 2:
                new.write_text("New\n")
            return error

    builder = make_builder(root, root.parent / "live", NO_COMMANDS, EditedBuilder)

    def follow(_url: str, _: BuildError | None) -> None:
        texts.append("in verse" in read(builder, VARIANT))
        if builder.count == 3:
            signal.raise_signal(signal.SIGINT)

    stop = threading.Timer(PATIENCE, signal.raise_signal, (signal.SIGINT,))
    stop.start()
    SiteServer(builder, settings, lambda: [root / "packs", new.parent], follow).serve()
    stop.cancel()
    assert texts == [False, True, True]


def test_a_taken_port_is_found_before_anything_is_built(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = load_config(
            str(root / "mkdocs.yml"), dev_addr=f"127.0.0.1:{taken.getsockname()[1]}"
        )
        builder = make_builder(root, root.parent / "live")
        with pytest.raises(OSError, match="in use"):
            SiteServer(builder, settings, tuple, lambda _url, _error: None)
    assert builder.count == 0


@pytest.mark.parametrize("address", ["x", "127.0.0.1", "127.0.0.1:65536", "a.example:80", ":80"])
def test_an_address_that_can_not_be_one_is_said(root: Path, address: str) -> None:
    done = call("docs", "serve", "--address", address, cwd=root)
    assert done.code == 2
    assert "as 127.0.0.1:8000." in " ".join(done.err.split())


def find_address(line: str) -> str:
    """Return the address in the line that says where a site is served, without its last slash."""
    return line.split()[2].rstrip("/")


def iter_until(lines: Iterable[str], word: str) -> Iterator[str]:
    """Yield lines up to one with a word in it."""
    for line in lines:
        yield line
        if word in line:
            return
