"""The site's command: any project has a site, written anywhere it may be, by plain MkDocs too."""

import importlib.util
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from mkdocs.structure.pages import Page

from promptpack.git.repository import find_repository
from promptpack.git.revisions import list_tags
from promptpack.mkdocs_plugin import PromptpackPlugin, ReadyPage
from promptpack.site.history import read_history
from promptpack.site.theme import STYLE, iter_theme_files
from promptpack.targets import TARGETS
from sites import FEW_PAGES, HOSTILE, ROOT, mkdocs, with_site
from support import (
    PATIENCE,
    Result,
    environment,
    make_project,
    run,
    snapshot,
    tree_hash,
    write_files,
)

MORE = {"NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "default"}


def docs(*words: str | Path, cwd: Path) -> Result:
    """Call `promptpack docs` for a site with few pages of each kind."""
    return run("docs", *words, cwd=cwd, env=MORE, code=FEW_PAGES)


class Article(HTMLParser):
    """The words of a page's content."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = self._inside or (tag == "article" and bool(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "article"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.words += data.split()


def test_a_project_without_settings_has_a_site(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p")
    before = snapshot(root)
    done = run("docs", "build", "--out", tmp_path / "out", cwd=root, env=MORE)
    assert done.code == 0, done.err
    assert done.err == ""
    assert re.fullmatch(r"Built the site in \S+: \d+ generated pages\n", done.out)
    assert snapshot(root) == before
    page = (tmp_path / "out/packs/demo/tiny.look.html").read_text()
    assert "promptpack install demo" in page.replace("&#45;", "-")
    assert docs("build", "-q", "--out", tmp_path / "out", cwd=root) == Result(0, "", "")


@pytest.mark.fault(52)
def test_the_same_sources_give_the_same_site(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", HOSTILE)
    for name in ("a", "b"):
        assert docs("build", "-q", "--out", tmp_path / name, cwd=root).code == 0
    for site in (tmp_path / "a", tmp_path / "b"):
        for stamped in ("sitemap.xml", "sitemap.xml.gz"):
            (site / stamped).unlink(missing_ok=True)
    assert tree_hash(tmp_path / "a") == tree_hash(tmp_path / "b")


@pytest.mark.parametrize("place", ["packs", ".", "docs/site"])
def test_a_site_goes_nowhere_among_the_sources(tmp_path: Path, place: str) -> None:
    root = make_project(tmp_path / "p", {"docs/index.md": "# Home\n"})
    before = snapshot(root)
    for words in (("build", "--out", place), ("export", place)):
        done = docs(*words, cwd=root)
        assert done.code == 2
        assert "can't be written to" in done.err
    assert snapshot(root) == before


def test_a_folder_with_files_of_others_is_not_emptied(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p")
    write_files(tmp_path / "out", {"thesis.txt": "mine"})
    done = docs("build", "--out", tmp_path / "out", cwd=root)
    assert done.code == 2
    assert "contains files that are not a promptpack site" in done.err
    assert snapshot(tmp_path / "out") == {"thesis.txt": b"mine"}


def test_an_export_leaves_alone_what_was_edited(tmp_path: Path) -> None:
    root, out = make_project(tmp_path / "p"), tmp_path / "out"
    assert docs("export", out, cwd=root).code == 0
    (out / "mkdocs.yml").write_text("mine\n")
    assert docs("export", out, cwd=root).code == 3
    assert (out / "mkdocs.yml").read_text() == "mine\n"
    assert docs("export", "--force", out, cwd=root).code == 0
    assert (out / "mkdocs.yml.orig").read_text() == "mine\n"


THEMED = (
    "site_name: x\ntheme: {name: material, custom_dir: ours/templates}\nplugins: [promptpack]\n"
)
OWN_TEMPLATE = '{% extends "base.html" %}{% block libs %}<!-- ours -->{% endblock %}'


def test_an_export_has_the_templates_of_the_project(tmp_path: Path) -> None:
    files = {
        "mkdocs.yml": THEMED,
        "docs/index.md": "# x\n",
        "ours/templates/main.html": OWN_TEMPLATE,
        "ours/templates/partials/copyright.html": "Nobody's",
        "ours/templates/.hidden": "x",
    }
    root, out = make_project(tmp_path / "p", files), tmp_path / "out"
    done = docs("export", out, cwd=root)
    assert done.code == 0, done.err
    assert yaml.safe_load((out / "mkdocs.yml").read_text())["theme"]["custom_dir"] == "overrides"
    paths = {path.relative_to(out).as_posix() for path in (out / "overrides").rglob("*.*")}
    assert paths == {"overrides/" + p for p in ("404.html", "main.html", "partials/copyright.html")}
    built = mkdocs(out, tmp_path / "b")
    assert built.returncode == 0, built.stderr
    assert "<!-- ours -->" in (tmp_path / "b/index.html").read_text()
    (root / "ours/templates/main.html").unlink()
    assert docs("export", out, cwd=root).code == 0
    assert not (out / "overrides/main.html").exists()
    write_files(root, {"ours/templates/404.html": "Mine."})
    assert docs("export", out, cwd=root).code == 0
    assert (out / "overrides/404.html").read_text() == "Mine."


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("../else", "outside the project"),
        ("away", "outside the project"),
        ("nowhere", "no such folder"),
    ],
)
def test_templates_have_to_be_in_the_project(tmp_path: Path, folder: str, message: str) -> None:
    """What is exported is published, and mkdocs.yml may be a stranger's."""
    write_files(tmp_path / "else", {"main.html": "secret"})
    settings = THEMED.replace("ours/templates", folder)
    root = make_project(tmp_path / "p", {"mkdocs.yml": settings, "docs/index.md": "# x\n"})
    (root / "away").symlink_to("../else")
    done = docs("export", tmp_path / "out", cwd=root)
    assert done.code == 3
    assert message in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [("build", "--out", "x"), ("export", "x"), ("serve",)])
def test_without_the_extra_it_says_what_to_install(tmp_path: Path, words: tuple[str, ...]) -> None:
    root = make_project(tmp_path / "p")
    code = "import sys; sys.modules['mkdocs'] = None; from promptpack.cli import main; main()"
    done = run("docs", *words, cwd=root, code=code)
    assert done.code == 2
    assert "pip install 'promptpack-generator[docs]'" in done.err


def test_a_project_that_does_not_build_has_no_site(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", {"packs/demo/role.md": "{{ vars.langage }}\n"})
    for words in (("build", "--out", tmp_path / "out"), ("export", tmp_path / "out")):
        done = docs(*words, cwd=root)
        assert done.code == 3
        assert (
            "error[PP031]: undefined name 'langage' in 'vars'\n  --> packs/demo/role.md:1:1"
            in done.err
        )
        assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module", params=[{}, HOSTILE], ids=["plain", "hostile"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the site of a project, `a`, and an export of the same, `e`."""
    folder = tmp_path_factory.mktemp("exported")
    root = with_site(make_project(folder / "p", request.param))
    (root / "docs/getting-started.md").write_text("# Start\n\nHere.\n")
    (root / "docs/leak.md").unlink()  # it shows the project's settings, which an export has merged
    assert docs("build", "--out", folder / "a", cwd=root).code == 0
    assert docs("export", folder / "e", cwd=root).code == 0
    return folder


def compare_sites(site: Path, other: Path) -> None:
    """Compare the words of each page, and the bytes of each raw file, in two sites."""
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        same = other / page.relative_to(site)
        assert Article(page.read_text()).words == Article(same.read_text()).words, page
    for raw in (site / "raw").rglob("*.txt"):
        assert raw.read_bytes() == (other / raw.relative_to(site)).read_bytes()


@pytest.mark.fault(60)
def test_plain_mkdocs_builds_the_same_pages_from_an_export(exported: Path, tmp_path: Path) -> None:
    settings = yaml.safe_load((exported / "e/mkdocs.yml").read_text())
    assert "promptpack" not in json.dumps(settings["plugins"])
    done = mkdocs(exported / "e", tmp_path / "b")
    assert done.returncode == 0, done.stderr
    compare_sites(exported / "a", tmp_path / "b")


@pytest.mark.parametrize("exported", [HOSTILE], ids=["hostile"], indirect=True)
def test_zensical_builds_the_same_pages_from_an_export(exported: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("zensical") is None:
        if os.environ.get("CI"):
            pytest.fail("zensical is not installed")
        pytest.skip("zensical is not installed")
    shutil.copytree(exported / "e", tmp_path / "e")  # it writes beside the settings
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=tmp_path / "e",
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    compare_sites(exported / "a", tmp_path / "e/site")


@pytest.mark.parametrize("name", ["read_source", "render"])
def test_mkdocs_still_has_what_a_generated_page_replaces(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(kind, name)) for kind in (ReadyPage, Page))
    assert [*ours.parameters] == [*theirs.parameters]
    assert {"markdown", "meta", "content", "toc", "edit_url"} <= {*dir(Page), *Page.__annotations__}


def git(root: Path, *words: str) -> None:
    """Call git as somebody with a name and nothing else set up."""
    who = ("-c", "user.name=A", "-c", "user.email=a@b.invalid", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=root, env=environment(), check=True, timeout=PATIENCE)


def test_changes_are_told_from_tag_to_tag(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p")
    assert "not in a git repository" in read_history(root).reason
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "one")
    assert "no tags yet" in read_history(root).reason
    git(root, "tag", "v1")
    (root / "packs/demo/role.md").write_text("You answer in verse.\n")
    git(root, "commit", "-qam", "two")
    git(root, "tag", "-am", "second", "v2")
    (root / "templates/policies/look.yaml").write_text(
        "title: Look\nsummary: Looks.\ndefault: deny\ncapabilities: {glob: allow}\n"
    )
    done = docs("build", "--out", tmp_path / "out", cwd=root)
    assert done.code == 0, done.err
    words = " ".join(Article((tmp_path / "out/changes.html").read_text()).words)
    now, _, last = words.partition("Since v1 : 2 changed of 2 files")
    assert "Unreleased" in now
    assert "Permissions narrowed" in now
    assert "grep" in now
    assert "verse" in last
    recent = " ".join(Article((tmp_path / "out/packs/demo/index.html").read_text()).words)
    assert "Recent changes" in recent


def test_while_mkdocs_serves_a_commit_is_built_once(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "one")
    git(root, "tag", "v1")
    (tag,) = list_tags(find_repository(root), 1)
    plugin = PromptpackPlugin()
    plugin.on_startup(command="serve", dirty=False)
    assert plugin.memory is not None
    build_side = plugin.memory.releases.build
    assert build_side(root, tag.commit) is build_side(root, tag.commit)
    plugin.on_shutdown()
    assert plugin.memory is None


def test_the_style_sheet_knows_every_client() -> None:
    sheet = dict(iter_theme_files())[STYLE].decode()
    for number in range(len(TARGETS)):
        assert f".pp-client-{number}:checked" in sheet


def test_the_settings_of_this_project_start_from_the_shipped_ones() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    assert text.startswith("INHERIT: generator/promptpack/site/assets/mkdocs.yml\n")
    assert set(re.findall("^([a-z_]+):", text, re.MULTILINE)) == {
        *("site_name", "site_url", "site_description", "plugins")
    }
