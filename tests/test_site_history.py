"""What releases changed, on the page of each variant and on the page of changes."""

import re
import subprocess
from html import unescape
from pathlib import Path

import pytest

import sites
import support
from promptpack.build import render
from promptpack.diff.model import Side
from promptpack.reading.project import load_project
from promptpack.session import Session
from promptpack.site.history import SideBuilder, read_history
from promptpack.site.tree import Site, SiteOptions, make_site

EDIT = "https://host.example/them/agents/edit/main/"
OTHER = {
    "packs/other/pack.yaml": support.DEMO["packs/demo/pack.yaml"]
    .replace("name: demo", "name: other")
    .replace("title: Demo", 'title: "Other <b>"')
    .replace("targets: [opencode]", "targets: [opencode, system]"),
    "packs/other/role.md": "You are another.\n",
}
VERSE = "You answer in verse.\n"


def git(root: Path, *words: str) -> None:
    """Call git as somebody with a name and nothing else set up."""
    who = ("-c", "user.name=A", "-c", "user.email=a@b.invalid", "-c", "init.defaultBranch=main")
    subprocess.run(
        ["git", *who, *words],
        cwd=root,
        env=support.environment(),
        check=True,
        timeout=support.PATIENCE,
        capture_output=True,
    )


def commit(root: Path, tag: str, path: str = "", text: str = "") -> None:
    if path:
        (root / path).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", tag, "--allow-empty")
    git(root, "tag", tag)


def test_releases_with_similar_names_have_files_of_their_own(tmp_path: Path) -> None:
    root = support.make_project(tmp_path / "p")
    git(root, "init", "-q")
    commit(root, "0")
    texts = {}
    for number, tag in enumerate(["a-b-c", "a-b/c", "a/b-c", "d/e"]):
        texts[tag] = f"You answer in verse {number}.\n"
        commit(root, tag, "packs/demo/role.md", texts[tag])
    site = site_of(root)
    page = unescape(sites.list_pages(site)["packs/demo/tiny.look.md"].html)
    found = {
        tag: re.findall(r'href="\.\./\.\./(raw/[^"]*@[^"]*)"', page.split(f"<h3>{tag} ")[1])[0]
        for tag in texts
    }
    assert len({*found.values()}) == len(texts)
    for tag, path in found.items():
        assert texts[tag].strip() in site.files[path].decode(), tag
    assert found["a-b-c"] == "raw/opencode/demo/tiny.look@a-b-c.txt"
    assert found["d/e"] == "raw/opencode/demo/tiny.look@d-e.txt"


def site_of(root: Path, edit: str = "", releases: int = 5) -> Site:
    session = Session(load_project(root))
    history = read_history(root, releases)
    return make_site(session, render(session), SiteOptions(history=history, edit=edit))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of three releases: text of one pack, then a policy, then nothing."""
    root = support.make_project(tmp_path_factory.mktemp("released"), {**OTHER})
    git(root, "init", "-q")
    commit(root, "v1")
    commit(root, "v2/a", "packs/demo/role.md", VERSE)
    policy = support.DEMO["templates/policies/look.yaml"].replace("glob: allow", "glob: ask")
    commit(root, "v3", "templates/policies/look.yaml", policy)
    commit(root, "v4")
    return root


def history_of(site: Site, path: str) -> str:
    """Return the words of a page's history."""
    html = site.pages[path].html
    found = re.search('<div class="pp-history">.*', html)
    return " ".join(unescape(re.sub("<[^>]*>", " ", found[0])).split()) if found else ""


def test_a_variant_lists_the_releases_that_changed_it(released: Path) -> None:
    site = site_of(released)
    said = history_of(site, "packs/demo/tiny.look.md")
    assert said.startswith("The changes of this variant in the last 3 releases.")
    assert re.findall(r"v\d\S* \d{4}-\d\d-\d\d Since (\S+)", said) == ["v2/a", "v1"]
    assert said.index("glob narrowed") < said.index("verse")
    said = history_of(site, "packs/demo/tiny.change.md")
    assert "verse" in said
    assert "glob" not in said
    said = history_of(site, "packs/other/tiny.look.md")
    assert "glob narrowed" in said
    assert "verse" not in said
    assert "No change." in history_of(site, "packs/other/tiny.change.md")


def test_a_version_of_a_file_is_what_the_tag_builds(released: Path, tmp_path: Path) -> None:
    site = site_of(released)
    page = unescape(site.pages["packs/demo/tiny.look.md"].html)
    links = re.findall(r'href="\.\./\.\./(raw/[^"]*@[^"]*)"', page)
    assert links == ["raw/opencode/demo/tiny.look@v3.txt"] + [
        link for link in links if "@v2" in link
    ]
    assert len(links) == 2
    for tag, link in zip(("v3", "v2/a"), links, strict=True):
        folder = tmp_path / tag.replace("/", "-")
        git(released, "worktree", "add", "-q", "--detach", str(folder), tag)
        built = {
            artifact.path: artifact.content
            for artifact in render(Session(load_project(folder)))
            if artifact.variant.pack.name == "demo"
        }
        git(released, "worktree", "remove", "--force", str(folder))
        assert site.files[link] == built["opencode/tiny.look/.opencode/agents/demo.md"]
    versions = {path for path in site.files if "@" in path}
    assert not [path for path in versions if "change@v3" in path]


def test_a_change_in_one_client_names_it(tmp_path: Path) -> None:
    root = support.make_project(tmp_path, {**OTHER})
    git(root, "init", "-q")
    commit(root, "v1")
    pack = OTHER["packs/other/pack.yaml"]
    commit(root, "v2", "packs/other/pack.yaml", pack.replace("description: A", "description: B"))
    said = history_of(site_of(root), "packs/other/tiny.look.md")
    assert "In OpenCode only." in said


def test_a_committed_version_is_read_in_the_repository(tmp_path: Path) -> None:
    root = support.make_project(tmp_path)
    git(root, "init", "-q")
    commit(root, "v1")
    (root / "packs/demo/role.md").write_text(VERSE)
    assert support.run("build", cwd=root).code == 0
    commit(root, "v2+x")
    site = site_of(root, EDIT)
    page = unescape(site.pages["packs/demo/tiny.look.md"].html)
    path = "dist/opencode/tiny.look/.opencode/agents/demo.md"
    assert (root / path).is_file()
    assert f'href="https://host.example/them/agents/raw/v2%2Bx/{path}"' in page
    assert not [path for path in site.files if "@" in path]
    (root / path).write_text("edited by hand\n")
    commit(root, "v3", "packs/demo/role.md", "You answer in prose.\n")
    assert [path for path in site_of(root, EDIT).files if "@" in path] != []


def test_without_tags_or_git_there_is_no_history(tmp_path: Path) -> None:
    root = support.make_project(tmp_path)
    for _ in range(2):
        pages = site_of(root).pages
        assert not [path for path, page in pages.items() if "pp-history" in page.html]
        git(root, "init", "-q")


def test_only_the_newest_releases_are_read_each_once(released: Path) -> None:
    asked: list[str] = []
    sides: list[Side] = []
    build = SideBuilder().build

    def count(root: Path, label: str) -> Side:
        asked.append(label)
        sides.append(build(root, label))
        return sides[-1]

    session = Session(load_project(released))
    history = read_history(released, 2, count)
    site = make_site(session, render(session), SiteOptions(history=history))
    said = history_of(site, "packs/demo/tiny.look.md")
    assert said.startswith("The changes of this variant in the last 2 releases.")
    assert "verse" not in said
    assert len(asked) > len(set(asked)) == 3
    assert len({*map(id, sides)}) == 3, "a commit was built again"


def test_the_page_of_changes_links_what_it_names(released: Path) -> None:
    html = site_of(released).pages["changes.md"].html
    assert 'href="packs/demo/index.html"' in html
    assert 'href="packs/other/index.html"' in html
    assert 'href="reference/policies/look.html"' in html
    assert "Other &#60;b&#62;" in html


def test_the_page_of_changes_says_why_it_lists_nothing(tmp_path: Path) -> None:
    root = support.make_project(tmp_path)
    git(root, "init", "-q")
    commit(root, "v1")
    page = unescape(site_of(root).pages["changes.md"].html)
    assert "The git repository has one tag, and nothing has changed since." in page
    (root / "packs/demo/role.md").write_text(VERSE)
    assert "one tag" not in site_of(root).pages["changes.md"].html


def test_a_change_counts_the_packs_that_it_does_not_name(tmp_path: Path) -> None:
    names = [f"pack-{number}" for number in range(8)]
    packs = {
        f"packs/{name}/{path.rpartition('/')[2]}": text.replace("name: demo", f"name: {name}")
        for name in names
        for path, text in support.DEMO.items()
        if path.startswith("packs/demo/")
    }
    root = support.make_project(tmp_path, packs)
    git(root, "init", "-q")
    commit(root, "v1")
    fragment = root / "templates/fragments/standards/small-steps.md"
    fragment.write_text(f"{fragment.read_text()}- One more line.\n")
    note = sites.list_pages(site_of(root))["changes.md"].html.split('<p class="pp-note">')[1]
    assert len(re.findall(r'href="packs/', note)) == 5
    assert "and 4 more" in note  # nine packs, the demo among them
