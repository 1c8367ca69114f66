"""Who uses something: the first packs in the open, the others folded, none left out."""

import re
from html import unescape
from pathlib import Path

import pytest

import support
from promptpack.build import render
from promptpack.reading.project import load_project
from promptpack.session import Session
from promptpack.site.tree import make_site
from promptpack.site.usage import MAX_OPEN_VARIANTS


@pytest.mark.parametrize(("count", "open_count"), [(14, 15), (20, 15)])
def test_a_long_list_of_users_is_folded(tmp_path: Path, count: int, open_count: int) -> None:
    packs: dict[str, str | bytes] = {}
    for number in range(count):
        text = support.DEMO["packs/demo/pack.yaml"]
        packs[f"packs/p{number}/pack.yaml"] = text.replace("name: demo", f"name: p{number}")
        packs[f"packs/p{number}/role.md"] = f"You are {number}.\n"
    session = Session(load_project(support.make_project(tmp_path, packs)))
    html = make_site(session, render(session)).pages["fragments/standards/small-steps.md"].html
    shown, _, folded = html.partition('<details class="pp-fold"><summary>')
    total = count + 1
    assert html.partition("Used by ")[2].startswith(f"{2 * total} variants")
    used = r'<p><strong><a href="\.\./\.\./packs/(\w+)/index\.html">'
    assert len(re.findall(used, shown)) == min(open_count, total)
    assert len(re.findall(used, html)) == total
    assert folded.startswith("6 more packs</summary>") == (total > open_count)
    assert "pp-variants" in shown
    assert "pp-variants" not in folded  # every variant of these packs uses it
    assert open_count * 2 == MAX_OPEN_VARIANTS


def test_a_drawing_shows_one_hop_and_leads_to_pages(tmp_path: Path) -> None:
    text = support.DEMO["packs/demo/pack.yaml"].replace("name: demo", "name: other")
    files = {
        "packs/other/pack.yaml": text.replace("    - standards/small-steps\n", ""),
        "packs/other/role.md": "You are another.\n",
    }
    session = Session(load_project(support.make_project(tmp_path, files)))
    pages = make_site(session, render(session)).pages
    for path, users in (
        ("fragments/standards/small-steps.md", {"demo"}),
        ("fragments/standards/examples.md", {"demo", "other"}),
    ):
        (drawing,) = re.findall("<svg.*?</svg>", pages[path].html)
        links = re.findall(r'href="\.\./\.\./([^"]*)\.html"', drawing)
        assert {*links} == {f"packs/{name}/index" for name in users}
        assert {f"{link}.md" for link in links} <= pages.keys()


def test_a_block_is_offered_as_one(tmp_path: Path) -> None:
    text = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[agents-md]")
    root = support.make_project(tmp_path, {"packs/demo/pack.yaml": text})
    session = Session(load_project(root))
    html = unescape(make_site(session, render(session)).pages["packs/demo/tiny.look.md"].html)
    assert "Add this block to <code>AGENTS.md</code>" in html
    assert re.findall('download="([^"]*)">([^<]*)<', html) == [
        ("demo-block-for-AGENTS.md", "Download the block")
    ]
