"""The templates of the site: what they show is escaped, by type, and nothing can say otherwise."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError, nodes

import sites
import support
from promptpack.site.address import Link
from promptpack.site.escape import escape_code
from promptpack.site.page import Heading, Page
from promptpack.site.templating import get_environment, render_macro

SITE = Path(sites.ROOT, "generator/promptpack/site")
MODULES = sorted(SITE.rglob("*.py"))
MAKE_HTML = {
    "content_policy.py",
    "escape.py",
    "file_html.py",
    "own_markdown.py",
    "page.py",
    "rendered.py",
}
"""The modules with HTML of their own, each with a reason; everything else is in templates."""

TEMPLATES = sorted(get_environment().list_templates())
OWN_WORD = re.compile("</?[a-z]")


@pytest.fixture(scope="module", params=["reference", "hostile"])
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Page]:
    """Return the pages of this project, and of one whose every text wants to be more than text."""
    if request.param == "reference":
        return [*sites.list_pages(sites.reference_tree(tmp_path_factory)).values()]
    root = support.make_project(tmp_path_factory.mktemp(request.param), sites.HOSTILE)
    return [*sites.list_pages(sites.make_tree(root)).values()]


class Balanced(HTMLParser):
    """Notes what is opened and closed, and the depth after each of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.depths: list[int] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's own signature
        if tag != "input":
            self.open.append(tag)
            self.depths.append(len(self.open))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("br", "hr", "wbr"), attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.depths.append(len(self.open))

    def handle_data(self, data: str) -> None:
        assert self.open, f"text outside of any element: {data}"


def test_each_part_of_a_page_is_one_element_on_one_line(pages: list[Page]) -> None:
    parts = [part for page in pages for part in page.parts if not isinstance(part, Heading)]
    assert len(parts) > 500
    for part in parts:
        read = Balanced(part)
        assert "\n" not in part
        assert not re.match("<h[1-6]", part), "a heading that is in no outline"
        assert read.open == []
        assert read.depths.count(0) == 1, part[:200]


def test_the_headings_of_a_page_have_anchors_of_their_own(pages: list[Page]) -> None:
    for page in pages:
        anchors = [heading.anchor for heading in page.headings]
        assert anchors, page.title
        assert len(anchors) == len(set(anchors))
        assert not [anchor for anchor in anchors if "pwned" in anchor]


@pytest.mark.fault(59)
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_escapes_everything_it_shows(name: str) -> None:
    environment = get_environment()
    assert environment.autoescape is True
    tree = environment.parse(Path(SITE, "templates", name).read_text(encoding="utf-8"))
    joins = (nodes.Concat, nodes.Add, nodes.Mod)  # with finished HTML these escape less than we do
    switches = (nodes.MarkSafe, nodes.MarkSafeIfAutoescape, nodes.ScopedEvalContextModifier)
    assert not [*tree.find_all((*joins, *switches, nodes.FilterBlock))]
    assert {node.name for node in tree.find_all(nodes.Filter)} <= environment.filters.keys()


def test_no_filter_of_jinja_is_left() -> None:
    environment = get_environment()
    assert not {"safe", "escape", "join", "replace", "format"} & environment.filters.keys()


@pytest.mark.fault(59)
def test_text_is_escaped_and_finished_html_is_not() -> None:
    label = "<b>*_{{ x }}\n"
    told = render_macro("pieces.html.j2", "link", Link(label, "a_b.html?x=<&\"'"))
    assert told == (
        '<a href="a_b.html?x=&#60;&#38;&#34;&#39;">'
        "&#60;b&#62;&#42;&#95;&#123;&#123; x &#125;&#125;&#10;</a>"
    )
    code = escape_code("<i>")
    assert render_macro("pieces.html.j2", "link", Link(code)) == "<code>&#60;i&#62;</code>"


@pytest.mark.parametrize("label", [None, True, 1.5, ["a"], b"a"])
def test_only_text_and_whole_numbers_are_shown(label: object) -> None:
    with pytest.raises(TypeError, match="a template shows"):
        render_macro("pieces.html.j2", "badge", label, "advisory")


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render_macro("pieces.html.j2", "link", "no link")


def strings(path: Path) -> Iterator[str]:
    """Yield the texts in a module's code, less its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    }  # docstrings, of attributes too
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def calls(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {ast.unparse(function).rpartition(".")[2] for function in functions}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SITE).as_posix())
def test_html_stands_in_templates(path: Path) -> None:
    if path.name in MAKE_HTML:
        assert any(OWN_WORD.search(text) for text in strings(path)), "no reason to be listed"
        return
    assert [text for text in strings(path) if OWN_WORD.search(text)] == []
    assert not {"Markup", "mark_safe"} & calls(path)


def test_only_one_module_makes_finished_html() -> None:
    assert {path.name for path in MODULES if "Markup" in calls(path)} == {"escape.py"}


def test_no_module_keeps_texts_longer_than_a_site_is_made() -> None:
    """What an object keeps in a `cached_property` goes with it."""
    cached = [
        node.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and any(
            "cache" in (word := ast.unparse(decorator)) and word != "cached_property"
            for decorator in node.decorator_list
        )
    ]
    assert cached == ["get_environment"]
