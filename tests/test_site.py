"""The site: strict, linked through, the same bytes as the files, and deaf to what prompts say."""

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import markdown  # type: ignore[import-untyped]  # has no types of its own
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mkdocs.config.defaults import MkDocsConfig

from promptpack.mkdocs_plugin import PromptpackPlugin
from promptpack.model import Origin
from promptpack.session import Session
from promptpack.site import escape as inert
from promptpack.site.address import Link
from promptpack.site.catalogue import (
    MAX_TRACED_VARIANTS,
    locate_data_file,
    locate_fragment_page,
    locate_pack_page,
    locate_raw_file,
    locate_variant_page,
)
from promptpack.site.client_merge import FileParts, Row, make_runs, merge_sequences
from promptpack.site.rendered import render_chunk, split_chunks
from promptpack.site.templating import render_macro
from promptpack.site.theme import read_settings
from promptpack.site.tree import Site, iter_nav_pages, make_site
from promptpack.site.usage import VariantRow, VariantTable
from sites import (
    BODY,
    LINES,
    ROOT,
    TITLE,
    Built,
    Page,
    hostile_site,
    mkdocs,
    reference_site,
    reference_tree,
    site_of,
    url,
    with_site,
)
from support import DEMO, PATIENCE, make_project

if TYPE_CHECKING:
    from mkdocs.livereload import LiveReloadServer

EXTENSIONS = [*yaml.safe_load(read_settings())["markdown_extensions"]]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return the site of this project, built from a copy."""
    return reference_site(tmp_path_factory)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return the site of a project whose every text wants to be more than text."""
    return hostile_site(tmp_path_factory)


@pytest.fixture(params=["reference", "hostile"])
def built(request: pytest.FixtureRequest) -> Built:
    """Return each of the two sites."""
    found: Built = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def tree(
    built: Built, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """Return the pages of the site as MkDocs is given them."""
    if request.node.callspec.params["built"] == "reference":
        return reference_tree(tmp_path_factory)
    return make_site(Session(built.project), built.artifacts)


def test_nothing_is_written_into_docs(built: Built) -> None:
    before, after = built.docs
    assert before == after


def test_every_noun_has_a_page(built: Built, tree: Site) -> None:
    assert {url(path) for path in tree.pages} <= set(built.pages)
    nouns = {locate_pack_page(pack) for pack in built.project.packs.values()}
    nouns |= {locate_variant_page(artifact.variant) for artifact in built.artifacts}
    nouns |= {locate_fragment_page(fragment) for fragment in built.project.fragments.values()}
    assert nouns <= set(tree.pages)
    assert len(nouns) > len(built.project.fragments) + len(built.project.packs)


@pytest.mark.fault(60)
def test_variant_pages_show_the_files_to_the_byte(built: Built) -> None:
    files: dict[str, list[bytes]] = {}
    for artifact in built.artifacts:
        files.setdefault(url(locate_variant_page(artifact.variant)), []).append(artifact.content)
    for path, contents in files.items():
        page = built.pages[path]
        assert [page.file(n).encode() for n in range(len(contents))] == contents, path


def test_raw_files_and_data_are_the_files_to_the_byte(built: Built) -> None:
    for artifact in built.artifacts:
        assert (built.site / locate_raw_file(artifact)).read_bytes() == artifact.content
        variant = artifact.variant
        script = (built.site / locate_data_file(variant.pack)).read_text()
        told = json.loads(script[script.index("]=") + 2 :])
        pieces = told["files"][variant.name][artifact.target]
        lines = ("\n".join(told["lines"][n] for n in told["pieces"][piece]) for piece in pieces)
        assert "".join(lines).encode() == artifact.content


def test_a_variant_page_offers_each_file_to_download_to_the_byte(built: Built) -> None:
    files: dict[str, list[bytes]] = {}
    for artifact in built.artifacts:
        files.setdefault(url(locate_variant_page(artifact.variant)), []).append(artifact.content)
    for path, contents in files.items():
        tags = re.findall("<a [^>]*download[^>]*>", (built.site / path).read_text())
        links = [unquote(re.findall('href="([^"]*)"', tag)[0]) for tag in tags]
        assert [(built.site / path).parent.joinpath(x).read_bytes() for x in links] == contents


def test_source_pages_show_the_source_to_the_byte(built: Built) -> None:
    for fragment in built.project.fragments.values():
        assert built.pages[url(locate_fragment_page(fragment))].blocks == [fragment.text]
    for pack in built.project.packs.values():
        shown = built.pages[url(locate_pack_page(pack))].blocks
        assert shown == [built.project.sources[pack.path]]


def test_the_catalogue_for_programs_holds_everything_but_text(built: Built) -> None:
    told = (built.site / "catalog.json").read_text()
    found = json.loads(told)
    names = {(p["name"], v["name"]) for p in found["packs"] for v in p["variants"]}
    assert names == {(a.variant.pack.name, a.variant.name) for a in built.artifacts}
    files = {path for p in found["packs"] for v in p["variants"] for path in v["files"].values()}
    assert files == {locate_raw_file(artifact) for artifact in built.artifacts}
    for artifact in built.artifacts:
        assert not [x for x in artifact.agent.prompt.split("\n") if len(x) > 60 and x in told]
    linked = re.findall(r"\]\(([^)]+)\)", (built.site / "llms.txt").read_text())
    assert linked
    assert all((built.site / link).is_file() for link in linked)


@pytest.mark.fault(59)
def test_no_text_becomes_markup(reference: Built, hostile: Built) -> None:
    known = {pair for page in reference.pages.values() for pair in page.elements}
    known |= {("hr", ""), ("ol", "start"), ("br", "")}  # of a prompt's structure
    for path, page in hostile.pages.items():
        assert page.elements <= known, path
        assert not [name for _, name in page.elements if name.startswith("on")], path
        assert not [text for text in page.texts["script"] if "pwned" in text], path
        said = {name for _, name, value in page.values if _wild(value)}
        assert said <= {"content", "aria-label", "data-pack"}, path
        assert not [link for _, link in page.links if link.startswith("javascript")], path


@pytest.mark.fault(60)
def test_no_file_leaks_into_a_page(hostile: Built) -> None:
    line = b"site_description:"
    assert line in (hostile.site.parent / "p/mkdocs.yml").read_bytes()
    leaks = {
        path.relative_to(hostile.site).as_posix()
        for path in hostile.site.rglob("*")
        if path.is_file() and line in path.read_bytes()
    }
    assert leaks == {"leak.html", "search/search_index.js", "search/search_index.json"}


@pytest.mark.fault(59)
def test_titles_are_text_in_heading_head_and_navigation(hostile: Built) -> None:
    page = hostile.pages["packs/demo/index.html"]
    assert page.texts["title"][0] == f"{TITLE} - promptpack"
    assert page.texts["h1"][0].startswith(TITLE)
    assert TITLE in {" ".join(text.split()) for text in page.texts["a"]}


@pytest.mark.fault(59)
def test_the_search_knows_no_markup_of_authors(hostile: Built) -> None:
    found = json.loads((hostile.site / "search/search_index.json").read_text())["docs"]
    assert "packs/demo/index.html" in [entry["location"] for entry in found]
    texts = [entry[key] for entry in found for key in ("title", "text")]
    assert not [text for text in texts if re.search("<(script|img|details)", text)]


def test_the_search_leaves_examples_and_front_matter_out(reference: Built) -> None:
    found = json.loads((reference.site / "search/search_index.json").read_text())["docs"]
    code = {entry["location"].partition("/")[0] for entry in found if "<pre>" in entry["text"]}
    assert code == {"fragments", "packs", "reference"}  # no page of the guide
    assert not [
        entry
        for entry in found
        if entry["location"].startswith("reference/rules/") and "<pre>" in entry["text"]
    ]
    sources = [entry["text"] for entry in found if entry["location"].endswith("#source")]
    assert len(sources) > 50
    assert not [text for text in sources if text.startswith("<pre><code>---")]
    assert any("Async first for I/O" in text for text in sources)


def test_variants_are_not_in_the_navigation(built: Built, tree: Site) -> None:
    variants = {locate_variant_page(artifact.variant) for artifact in built.artifacts}
    assert variants <= tree.pages.keys()
    assert variants.isdisjoint(iter_nav_pages(tree.nav))


def test_the_search_has_one_small_entry_for_each_variant(built: Built) -> None:
    found = json.loads((built.site / "search/search_index.json").read_text())["docs"]
    variants = {url(locate_variant_page(a.variant)): a for a in built.artifacts}
    entries = [entry for entry in found if entry["location"].partition("#")[0] in variants]
    assert sorted(entry["location"] for entry in entries) == sorted(variants)
    for entry in entries:
        agent = variants[entry["location"]].agent
        assert f"{agent.model.title}, {agent.policy.title}" in unescape(entry["title"])
        rest = unescape(entry["text"]).replace(agent.policy.summary, "")
        assert not [line for line in agent.prompt.split("\n") if len(line) > 60 and line in rest]
        assert len(json.dumps(entry)) < 300 + 6 * len(agent.policy.title + agent.policy.summary)


def test_the_words_of_facts_and_cells_are_apart_in_the_search(reference: Built) -> None:
    found = json.loads((reference.site / "search/search_index.json").read_text())["docs"]
    texts = {entry["location"]: re.sub("<[^>]*>", " ", entry["text"]) for entry in found}
    pack = texts["packs/python-ml-architect/index.html"]
    assert pack.split()[0] == "Use"  # the description, and not the path of the page
    assert "Mode subagent Temperature 0.55" in " ".join(pack.split())
    targets = " ".join(texts["reference/targets/index.html"].split())
    assert "Target File Checked with OpenCode .opencode/agents/NAME.md" in targets


def test_every_link_leads_somewhere(built: Built) -> None:
    for path, page in built.pages.items():
        for _, link in page.links:
            if urlsplit(link).scheme or link.startswith("//"):
                continue
            place, anchor = urldefrag(urljoin(f"/{path}", link))
            target = unquote(urlsplit(place).path).lstrip("/")
            if (built.site / target).is_dir():
                target = f"{target.rstrip('/')}/index.html".lstrip("/")
            assert (built.site / target).is_file(), f"{path}: {link}"
            if anchor and target in built.pages:
                assert unquote(anchor) in built.pages[target].ids, f"{path}: {link}"


def test_pages_ask_no_other_server_for_anything(built: Built) -> None:
    for path, page in built.pages.items():
        foreign = [(tag, link) for tag, link in page.links if urlsplit(link).netloc]
        assert {tag for tag, _ in foreign} <= {"a"}, path
    for sheet in built.site.rglob("*.css"):
        assert not re.search(r"(url\(|@import\s*)[\"']?(https?:)?//", sheet.read_text()), sheet


def test_home_lists_the_packs(built: Built) -> None:
    links = [link for tag, link in built.pages["index.html"].links if tag == "a"]
    assert {f"packs/{name}/index.html" for name in built.project.packs} <= set(links)


def test_a_project_that_does_not_build_says_what_to_fix(tmp_path: Path) -> None:
    broken = {"packs/demo/role.md": "{{ vars.langage }}\n"}
    done = mkdocs(with_site(make_project(tmp_path / "p", broken)), tmp_path / "out")
    assert done.returncode == 1
    assert "error[PP031]: undefined name 'langage' in 'vars'\n" in done.stderr
    assert "  --> packs/demo/role.md:1:1\n    1 | {{ vars.langage }}\n" in done.stderr
    assert "^ help: did you mean 'language'?\n\n1 error\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_hand_written_pages_follow_in_the_order_asked_for(tmp_path: Path) -> None:
    root = with_site(make_project(tmp_path / "p"))
    (root / "docs/index.md").unlink()
    for name in ("a-note", "architecture", "getting-started"):
        (root / f"docs/{name}.md").write_text(f"# {name}\n")
    pages = site_of(root, tmp_path / "out").pages
    assert "packs/demo/index.html" in [link for _, link in pages["index.html"].links]
    links = [link for tag, link in pages["a-note.html"].links if tag == "a"]
    wanted = ["getting-started.html", "architecture.html", "a-note.html"]
    assert [link for link in dict.fromkeys(links) if link in wanted] == wanted


def test_a_hand_written_page_may_not_hide_a_generated_one(tmp_path: Path) -> None:
    root = with_site(make_project(tmp_path / "p"))
    (root / "docs/compare.md").write_text("# Compare\n")
    done = mkdocs(root, tmp_path / "out")
    assert done.returncode == 1
    assert "docs/compare.md has the path of a generated page; rename it" in done.stderr


def test_serving_watches_what_pages_are_made_from(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p")
    watched: list[str] = []
    server = SimpleNamespace(watch=watched.append)
    config = MkDocsConfig(config_file_path=str(root / "mkdocs.yml"))
    plugin = PromptpackPlugin()
    plugin.load_config({})
    plugin.on_serve(cast("LiveReloadServer", server), config=config)
    assert watched == [str(root / "packs"), str(root / "templates")]


def test_a_module_of_pages_takes_nothing_from_another() -> None:
    modules = [*(ROOT / "generator/promptpack/site/pages").glob("*.py")]
    assert len(modules) > 5
    for path in modules:
        assert "promptpack.site.pages" not in path.read_text(encoding="utf-8"), path
        assert "from ." not in path.read_text(encoding="utf-8"), path


def test_pages_are_made_without_mkdocs() -> None:
    code = "import sys, promptpack.site.tree; sys.exit('mkdocs' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE)


@pytest.mark.fault(59)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t"))
)
def test_any_text_survives_html(text: str) -> None:
    assert re.fullmatch(r"([^\W_]|[^\x00-\x7f]|[ _]|&#[0-9]+;)*", inert.escape_text(text))
    assert Page(inert.escape_source(text)).blocks == [text]


@pytest.mark.fault(59, 60)
@given(
    st.lists(st.sampled_from([*BODY, *LINES, "&#46;", "&#38", "\n  \n"]), max_size=30).map("".join)
)
def test_any_text_survives_html_that_only_a_browser_reads(text: str) -> None:
    link = render_macro("pieces.html.j2", "link", Link(text, f"x?{text}"))
    whole = f"<div>\n\n  {inert.escape_source(text)}{link}\n</div>"
    strict, relaxed = Page(whole), Page(inert.drop_indentation(inert.relax_references(whole)))
    assert relaxed.blocks == [text]
    assert relaxed.elements == strict.elements
    assert relaxed.values == strict.values
    assert relaxed.texts == strict.texts


@pytest.mark.fault(60)
@given(st.lists(st.sampled_from([*BODY, *LINES]), max_size=30).map("".join))
def test_any_text_survives_markdown(text: str) -> None:
    page = Page(markdown.markdown(inert.escape_source(text), extensions=EXTENSIONS))
    assert page.blocks == [text]
    assert {tag for tag, _ in page.elements} <= {"div", "pre", "code", "span"}
    table = VariantTable("Variants", [Link("a")], [VariantRow(Link(text), [])])
    cell = render_macro("pieces.html.j2", "variant_table", table)
    found = re.search("<th [^>]*row[^>]*>(.*)</th>", markdown.markdown(cell, extensions=EXTENSIONS))
    assert found is not None
    assert unescape(found[1]).split() == text.split()
    assert "<" not in found[1]


BLOCKS = (
    "# Head\n",
    "text\n",
    "- item\n",
    "  more\n",
    "```\n",
    "~~~ py\n",
    "> quote\n",
    "\n",
    "1. x\n",
    "<role>\n",
    "</role>\n",
)


@given(st.lists(st.sampled_from([*BLOCKS, *(f"{line}\n" for line in LINES)]), max_size=12))
def test_a_prompt_is_rendered_the_same_in_chunks(blocks: list[str]) -> None:
    text = "".join(blocks)
    assert "".join(map(render_chunk, split_chunks(text))) == render_chunk(text)
    page = Page(render_chunk(text))
    assert not {tag for tag, _ in page.elements} & {"script", "img", "a", "details", "h1"}


def test_a_tag_line_is_the_heading_of_its_section() -> None:
    told = render_chunk("<role>\nYou *help*.\n</role>\n\n<out_of_scope>\n- <b>\n</out_of_scope>\n")
    heading = '<p role="heading" aria-level="3" class="pp-h2">'
    assert told == (
        f"{heading}Role</p><p>You <em>help</em>&#46;</p>"
        f"{heading}Out of scope</p><ul><li>&#60;b&#62;</li></ul>"
    )
    fenced = render_chunk("```\n<role>\n```\ntext <role>\n    <role>\n<Role>\n")
    assert "heading" not in fenced
    assert fenced.count("role&#62;") + fenced.count("Role&#62;") == 4


def test_an_empty_line_stands_with_the_line_before_it() -> None:
    role, layout = (Origin(path, 1) for path in ("role.md", "layout.md.j2"))
    rows = [Row("a", (role,)), Row("", (layout,)), Row("b", (role,)), Row("# c", (layout,))]
    runs = make_runs([FileParts((), tuple(rows), ())])
    assert [[row.text for row in run.rows] for run in runs] == [["a", "", "b"], ["# c"]]
    assert [row for run in runs for row in run.rows] == rows
    first = make_runs([FileParts((), (Row("", (layout,)), Row("a", (role,))), ())])
    assert [len(run.rows) for run in first] == [1, 1]


@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=12), min_size=1, max_size=4))
def test_merged_sequences_give_each_back(sequences: list[list[str]]) -> None:
    found = merge_sequences(sequences)
    for number, sequence in enumerate(sequences):
        assert [item for item, numbers in found if number in numbers] == sequence


def _wild(value: str) -> bool:
    """Tell whether an attribute holds an author's words other than in a plain address."""
    return "pwned" in value and re.fullmatch("[a-z0-9./#-]+", value) is None


LARGE = 21
"""How many variants are traced here: as many as a large project has would take longer."""


def test_a_large_project_has_a_site_too(tmp_path: Path) -> None:
    packs: dict[str, str | bytes] = {}
    for number in range(LARGE // 3 + 1):
        name = f"agent-{number}"
        text = DEMO["packs/demo/pack.yaml"].replace("name: demo", f"name: {name}")
        packs[f"packs/{name}/pack.yaml"] = text.replace("policy: [look", "policy: [third, look")
        packs[f"packs/{name}/role.md"] = f"You are {name}.\n"
    third = DEMO["templates/policies/look.yaml"].replace("title: Look", "title: Third")
    root = with_site(
        make_project(tmp_path / "p", {**packs, "templates/policies/third.yaml": third})
    )
    built = site_of(root, tmp_path / "out", LARGE)
    assert LARGE < len(built.artifacts) < MAX_TRACED_VARIANTS
    for artifact in built.artifacts:
        page = built.pages[url(locate_variant_page(artifact.variant))]
        assert page.file(0).encode() == artifact.content
    page = built.pages["packs/agent-7/tiny.look.html"]
    places = {link.rpartition("/")[2] for tag, link in page.links if tag == "a" and "#L" in link}
    assert {"role.html#L1", "look.html#L1", "index.html#L1", "small-steps.html#L5"} <= places
    home = [link for tag, link in built.pages["index.html"].links if tag == "a"]
    assert {f"packs/agent-{number}/index.html" for number in range(LARGE // 3 + 1)} <= set(home)
