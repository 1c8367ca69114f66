"""Every format stays well-formed whatever the prompts hold, and says what it leaves out."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from promptpack.diff.compare import compare_sides
from promptpack.diff.formats import BUDGET, FORMATS, render_markdown
from promptpack.diff.formats.html import PAIR_LIMIT
from promptpack.diff.formats.markdown import MARKER
from promptpack.diff.model import Cause, Drift, Review, SourceHunk, ToolChange
from promptpack.diff.representatives import add_pairs
from promptpack.model import Origin
from promptpack.reporting.characters import is_deceptive, reveal
from promptpack.reporting.console import drop_styles
from promptpack.reporting.github import ANNOTATION_LIMIT
from promptpack.reporting.json_schemas import REPORTS
from review_cases import side
from support import PATIENCE, count_cases

CHROMIUM = shutil.which("chromium")

HOSTILE = (
    *("```", "`````js", "~~~", "</details>", "<details>", "| a | b |", "@team", "cc @org/team now"),
    *("fixes #1", "GH-12", "\x1b[31mred\x1b[0m", "\x9b31m", "::error file=x::y", "::set-output::z"),
    *(MARKER, "<script>alert(1)</script>", '<img src=x onerror="alert(1)">', "&lt;b&gt;", "[a](b)"),
    *(
        "%0A::error::x",
        "a\rb",
        "\u202egnp.exe",
        "zero\u200bwidth",
        "\u2028",
        "`",
        "`` ` ``",
        "</pre>",
    ),
    *("](javascript:x)", "# Heading", "- - item", "===", "![x](//y)", "\udc80", "x" * 500, "{+-}"),
    *("]]>", "<!--", "-->", "--!>", "</style>", "https://example.invalid/x", "a\tb", "\u00ad"),
)
FOLD = r"<details><summary>[A-Za-z0-9 ()]+</summary>\n|</details>\n"
lines = st.lists(st.sampled_from(HOSTILE), max_size=8)
texts = lines.map(lambda found: "\n".join(["# Role", "", *found, ""]))
names = st.sampled_from(["a", "b/`x`", "c @team #1", "d|<b>", "e\x1b[1m,:%", "f\n::error::x"])
sides = st.dictionaries(names, texts, max_size=4)


@st.composite
def reviews(draw: st.DrawFn) -> Review:
    base, head = side(draw(sides), label=draw(names)), side(draw(sides), label=draw(names))
    review = add_pairs(compare_sides(base, head), base, head)
    pending = tuple(one.id for one in review.changes[:1])
    review = replace(review, pending=pending, accept_file=draw(names), failed_gate="any")
    origin = Origin(draw(names), 3)
    groups = tuple(change._replace(causes=(origin,)) for change in review.groups)
    causes = (Cause(origin, 1, 1, 1, "1/1 outputs"),) if groups else ()
    review = replace(review, groups=groups, causes=causes, origins_known=True)
    if not draw(st.booleans()):
        return review
    ids, keys = tuple(one.id for one in review.changes), tuple(one.key for one in review.outputs)
    shown = draw(st.integers(0, len(ids)))
    before, after = draw(texts), draw(texts)
    lines = frozenset({origin})
    hunks = (
        SourceHunk(origin.path, (3, 4), None, before, after, lines, keys, ids[:shown], 1, 1, "all"),
        SourceHunk(draw(names), None, (1, 2), after, before, frozenset(), keys, (), 1, 1, "a"),
        SourceHunk(draw(names), None, (1, 2), after, before, frozenset()),
    )
    drift = tuple(Drift(draw(names), ("base", "head"), is_new=True) for _ in keys)
    tool = ToolChange(draw(names), draw(names), (draw(names),))
    return replace(review, sources=hunks, accepted=review.changes[:1], drift=drift, tool=tool)


def flat(tokens: list[Token]) -> list[Token]:
    return [t for token in tokens for t in (token, *flat(token.children or []))]


@pytest.mark.fault(61)
@settings(max_examples=count_cases(100), deadline=None)
@given(review=reviews(), budget=st.sampled_from([2_000, BUDGET]))
def test_markdown_is_inert(review: Review, budget: int) -> None:
    said = render_markdown(review, budget)
    assert said.splitlines()[0] == MARKER
    tokens = flat(MarkdownIt("commonmark").parse(said))
    kinds = [token.type for token in tokens]
    blocks = [token.content for token in tokens if token.type == "html_block"]
    assert blocks.pop(0) == f"{MARKER}\n"
    assert all(re.fullmatch(FOLD, block) for block in blocks), blocks
    assert sum(block == "</details>\n" for block in blocks) * 2 == len(blocks)
    assert not {"html_inline", "link_open", "image", "code_block", "hr"} & set(kinds)
    loose = "\n".join(token.content for token in tokens if token.type == "text")
    assert not re.search(r"[@#<>|`\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e]|::|://", loose), loose
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e\udc80]", said)
    if review.differs:
        assert " hunk" in loose.splitlines()[-1], "a fence or a list was left open"


@pytest.mark.fault(61, "forged-line")
@settings(max_examples=count_cases(100), deadline=None)
@given(review=reviews())
def test_text_cannot_act_on_a_terminal(review: Review) -> None:
    said = drop_styles(FORMATS["text"](review))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e\udc80\u2028]", said)
    assert "Error" not in said


@pytest.mark.fault(61, "forged-line")
@settings(max_examples=count_cases(100), deadline=None)
@given(review=reviews())
def test_workflow_commands_are_only_ours(review: Review) -> None:
    for line in FORMATS["github"](review).splitlines():
        if not line.startswith("::"):
            assert re.fullmatch(r"No generated output changed\.|\d+ of \d+ groups? annotated", line)
            continue
        level, rest = line[2:].split(" ", 1)
        assert level in {"error", "warning", "notice"}
        properties, _, message = rest.partition("::")
        assert all(re.fullmatch(r"(file|line|title)=[^,:]*", p) for p in properties.split(","))
        assert "\x1b" not in message


@pytest.mark.fault(61)
@settings(max_examples=count_cases(100), deadline=None)
@given(review=reviews())
def test_what_programs_read_can_be_read(review: Review) -> None:
    data = json.loads(FORMATS["json"](review))
    REPORTS["diff"].model_validate(data)
    entries = json.loads(FORMATS["gitlab"](review))
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    assert {e["severity"] for e in entries} <= {"info", "minor", "major", "critical", "blocker"}
    (run,) = json.loads(FORMATS["sarif"](review))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == len(entries) == len(review.changes)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        for place in result["locations"]:
            uri = place["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[\w./%~-]+", uri)


class Page(HTMLParser):
    """Reads a page: its tags, its attributes, and whether each tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "ul", "li", "code"),
    *("article", "pre", "ins", "del", "details", "summary", "div", "strong"),
}


@pytest.mark.fault(61)
@settings(max_examples=count_cases(100), deadline=None)
@given(review=reviews())
def test_the_page_has_no_tags_but_ours(review: Review) -> None:
    said = FORMATS["html"](review)
    page = Page(said)
    assert page.tags <= TAGS
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "open"}
    assert page.open == []
    assert "default-src 'none'" in said


HARNESS = """<!doctype html><body><iframe style="width:360px;height:600px;border:0" srcdoc="{}">
</iframe><script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const page = frame.contentDocument;
  for (const part of page.querySelectorAll("details")) part.open = true;
  const wide = [...page.querySelectorAll("body *")]
    .filter(part => part.getBoundingClientRect().right > 360.5);
  document.title = [page.documentElement.scrollWidth, wide.length, page.scripts.length,
    page.querySelectorAll("[onerror], img, iframe, link").length,
    getComputedStyle(page.querySelector("ins")).textDecorationLine].join(" ");
}};
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="no Chromium here")
def test_a_browser_shows_the_page_without_script_in_360_pixels(tmp_path: Path) -> None:
    text = "# Role\n\nHelp.\n" + "".join(f"{line}\n" for line in HOSTILE if "\udc80" not in line)
    key = "opencode/" + "long-name-" * 30 + "/a.md"
    review = compare_sides(
        side({key: "# Role\n\nHelp.\n"}), side({key: text.replace("Help", "Aid")})
    )
    (tmp_path / "page.html").write_text(HARNESS.format(escape(FORMATS["html"](review))))
    done = subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000"),
            (tmp_path / "page.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    title = re.search(r"<title>([^<]*)</title>", done.stdout)
    assert title is not None, done.stderr
    width, *others = title[1].split(" ")
    assert int(width) <= 360
    assert others == ["0", "0", "0", "none"]


@pytest.fixture(scope="module")
def large() -> Review:
    """Return 2,000 changed outputs, each changed in its own way, with 60 changed permissions."""
    head = "---\ndescription: x\npermission:\n  '*': deny\n  bash: {}\n  git_{}: {}\n---\n\n"
    base, now = {}, {}
    for n in range(2_000):
        key = f"opencode/m{n}.p/.opencode/agents/a.md"
        name = f"s{n % 60}_*"
        base[key] = f"{head.format('ask', name, 'ask')}# Role\n\nYou are number {n}.\n"
        now[key] = f"{head.format('allow', name, 'allow')}# Role\n\nYou were number {n}.\n"
    hidden = "opencode/m7.p/.opencode/agents/a.md"
    now[hidden] += "x\u200by\n"
    sides = side(base, "opencode"), side(now, "opencode")
    return add_pairs(compare_sides(*sides), *sides)


@pytest.mark.fault(62)
@pytest.mark.parametrize("budget", [BUDGET, 30_000, 10_000])
def test_two_thousand_outputs_fit_with_every_permission_group(large: Review, budget: int) -> None:
    said = render_markdown(large, budget)
    assert len(said) <= budget
    assert len(large.permissions) > 60
    for change in (*large.permissions, *(c for c in large.groups if c.kind == "hidden")):
        assert f"- **{change.id}** " in said
    here = len(re.findall(r"^- \*\*[PG]\d+\*\* ", said, re.MULTILINE))
    assert f"**{here} of {large.summary.groups} groups shown**" in said
    assert said.endswith(" · origins unknown\n")
    assert not {t.type for t in flat(MarkdownIt().parse(said))} & {"html_inline", "code_block"}


@pytest.mark.fault(62)
def test_permissions_are_never_cut_whatever_the_budget(large: Review) -> None:
    said = render_markdown(large, 1_000)
    shown = re.findall(r"^- \*\*([PG]\d+)\*\* ", said, re.MULTILINE)
    expected = [change.id for change in (*large.permissions, *large.groups)]
    assert set(shown) >= {change.id for change in large.permissions}
    assert len(shown) < len(expected)


def test_the_page_and_the_programs_get_all_of_it(large: Review) -> None:
    page = FORMATS["html"](large)
    assert page.count("<article ") == large.summary.groups == len(large.changes)
    assert page.count('<details class="pair"') <= PAIR_LIMIT
    assert len(json.loads(FORMATS["gitlab"](large))) == large.summary.groups
    annotated = FORMATS["github"](large).splitlines()
    levels = [line.split(" ")[0] for line in annotated[:-1]]
    assert {level: levels.count(level) for level in set(levels)} == {
        "::error": ANNOTATION_LIMIT,
        "::notice": ANNOTATION_LIMIT,
    }
    assert annotated[-1] == f"{2 * ANNOTATION_LIMIT} of {large.summary.groups} groups annotated"


def test_the_order_is_the_same_everywhere(large: Review) -> None:
    ids = [change.id for change in large.changes]
    text = re.findall(r"^  ([PG]\d+) ", drop_styles(FORMATS["text"](large)), re.MULTILINE)
    page = re.findall(r"<h3>([PG]\d+) ", FORMATS["html"](large))
    assert text == page == ids
    kinds = [change.kind for change in large.changes]
    assert kinds == sorted(kinds, key=["widened", "hidden", "head", "prose"].index)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\u200bb", "a<U+200B>b"),
        ("\x1b[31m", "<U+001B>[31m"),
        ("a\u00a0b", "a<U+00A0>b"),
        ("\udcff", "<0xFF>"),
        ("\U000e0041", "<U+E0041>"),
        ("plain é 日本", "plain é 日本"),
    ],
)
def test_what_is_hidden_is_shown_by_name(text: str, said: str) -> None:
    assert reveal(text) == said


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "a\u200bb", True),
        ("a\u200bb", "a\u200bb c", False),
        ("", "\u0430dmin", True),
        ("", "\u043f\u0440\u0438\u0432\u0435\u0442 admin", False),
        ("", "\u2764\ufe0f \U0001f468\u200d\U0001f469", False),
        ("", "a\tb\r\n", False),
        ("", "a\u00a0b", False),
        ("", "x\U000e0041", True),
    ],
)
def test_what_is_deceptive(old: str, new: str, *, found: bool) -> None:
    assert is_deceptive(old, new) is found
