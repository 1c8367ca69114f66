"""The page that compares, in a real browser: a review of two files, and nothing that jumps.

One small site serves all tests: two packs, of which one accepts a widening.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Error, Page, expect

import sites
import support
from browsers import clear_page, open_browser
from promptpack.model import Effect, PatternRule
from promptpack.policy.lattice import RANK, compare_grants
from promptpack.site.comparison import judge_grants, rank_grants
from promptpack.site.line_pairs import mark_words, pair_lines
from promptpack.site.wording import EFFECT_WORDS

SHIFTS = """new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (!entry.hadRecentInput) window.shifted = (window.shifted || 0) + entry.value;
})).observe({type: 'layout-shift', buffered: true})"""
PACK = """\
name: {0}
title: {0} agent
description: Works on a small project.
targets: [opencode, claude-code, system, messages]
sections: {{role: ./role.md}}
variants: {{default: {{model: tiny, policy: look}}, model: [tiny, big], policy: [look, work]}}
accept:
  - {{target: cursor, capability: [read, list, glob, grep, edit, write, patch, execute, web_fetch,
      web_search, todo, task, skill, question, "mcp:*"], reason: "Nobody here uses Cursor."}}
"""
ACCEPTS = """\
  - {target: claude-code, capability: [execute], reason: "A sandbox holds it."}
  - {target: copilot, capability: [execute], reason: "A sandbox holds it."}
"""
FILES: Mapping[str, str | bytes] = {
    "packs/careful/pack.yaml": PACK.format("careful"),
    "packs/careful/role.md": 'You help.\n{% if policy.allows("read") %}\n'
    "Read the whole file before you answer.\n{% else %}\n"
    "Search the whole file before you answer.\n{% endif %}\n",
    "packs/bold/pack.yaml": PACK.format("bold") + ACCEPTS,
    "packs/bold/role.md": "You help at once.\n",
    "packs/far/pack.yaml": PACK.format("far"),
    "packs/far/role.md": '{% if policy.allows("edit") %}\nYou write.\n{% else %}\nYou read.\n'
    "{% endif %}\n"
    + "".join(f"Rule {number} holds.\n" for number in range(12))
    + '{% if policy.allows("edit") %}\nSay what you wrote.\n{% endif %}\n',
    "templates/models/big.yaml": support.DEMO["templates/models/tiny.yaml"].replace("Tiny", "Big"),
    "templates/policies/work.yaml": "title: Work\nsummary: Works.\ndefault: deny\ncapabilities: "
    '{read: allow, glob: allow, edit: ask, execute: {"*": deny, "git log*": ask}}\n',
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as started:
        yield started


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert browser.is_connected()
    root = support.make_project(tmp_path_factory.mktemp("project"), FILES)
    built = sites.site_of(sites.with_site(root), tmp_path_factory.mktemp("site") / "out")
    return built.site


@pytest.fixture(scope="module")
def window(browser: Browser, site: Path) -> Iterator[Page]:
    """Return the page that all tests use, one after another."""
    assert site.is_dir()
    opened = browser.new_page(reduced_motion="reduce")
    opened.set_default_timeout(support.PATIENCE * 1_000)
    opened.add_init_script(SHIFTS)
    yield opened
    opened.close()


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """Return a page that knows of no other test; at the end nothing may have gone wrong on it."""
    window.set_viewport_size({"width": 1440, "height": 900})
    wrong: list[str] = []

    def note(error: Error) -> None:
        wrong.append(str(error))

    window.on("pageerror", note)
    yield window
    clear_page(window)
    window.remove_listener("pageerror", note)
    assert not wrong


def visit(page: Page, site: Path, path: str) -> None:
    page.goto(f"{site.as_uri()}/{path}")


def compare(page: Page, site: Path, first: str, second: str, more: str = "") -> None:
    visit(page, site, f"compare.html?a={first}&b={second}{more}")
    expect(page.locator(".pp-found h2")).to_have_count(4)


def shifts(page: Page) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(".pp-shift").all_text_contents()]


def test_permissions_come_first_with_what_is_wider(page: Page, site: Path) -> None:
    compare(page, site, "careful/tiny.look", "careful/tiny.work", "&client=opencode")
    titles = page.locator(".pp-found h2").all_text_contents()
    assert titles == ["Permissions", "Losses", "Front matter", "Prompt"]
    assert shifts(page) == [
        "read: deny → allow + 3 patterns note wider",
        "edit, write, patch: deny → ask wider",
        "execute: deny → deny + 1 pattern wider",
        "list, grep: allow → deny narrower",
    ]
    expect(page.locator(".pp-between")).to_have_text(
        "From careful agent: Tiny, Look (OpenCode) to careful agent: Tiny, Work (OpenCode)"
    )
    expect(page.locator(".pp-count")).to_contain_text("5 permissions wider, 2 permissions narrower")


def test_words_that_changed_are_marked(page: Page, site: Path) -> None:
    compare(page, site, "careful/tiny.look", "careful/tiny.work")
    prompt = page.locator(".pp-diff").last
    assert prompt.locator("del mark").all_text_contents() == ["Search"]
    assert prompt.locator("ins mark").all_text_contents() == ["Read"]


def test_one_thing_at_a_time_is_offered_and_kept_in_the_address(page: Page, site: Path) -> None:
    compare(page, site, "careful/tiny.look", "careful/tiny.work", "&client=opencode")
    rows = page.locator(".pp-axis-row").all_text_contents()
    assert rows == [
        "Other policyWork",
        "Other modelBig",
        "Other clientClaude CodeSystem promptMessages",
    ]
    current = page.locator(".pp-axis[aria-current]")
    expect(current).to_have_text("Work")
    page.get_by_role("link", name="Messages").click()
    expect(page.locator(".pp-between")).to_contain_text("Tiny, Look (Messages)")
    page.get_by_role("link", name="System prompt").click()
    expect(current).to_have_text("System prompt")
    expect(page.locator(".pp-between")).to_contain_text("Tiny, Look (System prompt)")
    assert "to=system" in page.url
    page.get_by_role("link", name="Big", exact=True).click()
    expect(page.locator(".pp-between")).to_contain_text("to careful agent: Big, Look (OpenCode)")
    page.reload()
    expect(page.locator(".pp-between")).to_contain_text("to careful agent: Big, Look (OpenCode)")


def test_split_puts_both_sides_beside_each_other(page: Page, site: Path) -> None:
    compare(page, site, "careful/tiny.look", "careful/tiny.work")
    pair = page.locator(".pp-diff .pp-pair").last
    places = [pair.locator(tag).bounding_box() for tag in ("del", "ins")]
    assert places[0] and places[1] and places[0]["y"] < places[1]["y"]
    page.locator("label[for=layout-1]").click()
    places = [pair.locator(tag).bounding_box() for tag in ("del", "ins")]
    assert places[0] and places[1] and places[0]["y"] == places[1]["y"]
    assert places[0]["x"] < places[1]["x"]
    assert "layout=split" in page.url


def test_packs_are_compared_with_care(page: Page, site: Path) -> None:
    compare(page, site, "careful/tiny.work", "bold/tiny.work", "&client=claude-code")
    assert shifts(page) == ["execute: deny lost → allow accepted wider"]
    expect(page.locator(".pp-losses").last).to_contain_text("A sandbox holds it.")
    compare(page, site, "careful/tiny.look", "bold/tiny.work", "&client=opencode")
    assert "execute: deny → deny + 1 pattern not proven" in shifts(page)


@pytest.mark.parametrize("client", ["claude-code", "messages"])
@pytest.mark.parametrize("pack", ["careful", "far"])
def test_a_page_says_the_same_before_as_the_script(
    page: Page, site: Path, pack: str, client: str
) -> None:
    compare(page, site, f"{pack}/tiny.look", f"{pack}/tiny.work", f"&client={client}")
    made = shifts(page), page.locator(".pp-losses").all_text_contents()
    lines = page.locator(".pp-diff").all_text_contents()
    visit(page, site, f"packs/{pack}/tiny.work.html?client={client}&view=difference")
    shown = page.locator(".pp-differences")
    visible = [
        " ".join(text.split()) for text in shown.locator(".pp-shift:visible").all_text_contents()
    ]
    assert (visible, shown.locator(".pp-losses:visible").all_text_contents()) == made
    assert shown.locator(".pp-diff:visible").all_text_contents() == lines


def test_a_prompt_is_compared_line_by_line_wherever_it_is_written(page: Page, site: Path) -> None:
    """In `messages.json` a prompt is one line, and its line ends are spelled."""
    visit(page, site, "packs/far/tiny.work.html?client=messages&view=difference")
    shown = page.locator(".pp-differences .pp-diff:visible")
    assert shown.count() > 1
    old, new = (read_prompt(site, f"far/tiny.{policy}") for policy in ("look", "work"))
    for tag, lines, others in (("del", old, new), ("ins", new, old)):
        found = "".join(shown.locator(tag).all_text_contents()).splitlines()
        assert [*filter(None, found)] == [line for line in lines if line and line not in others]
    assert {"You read.", "Say what you wrote."} <= {*old} ^ {*new}


def read_prompt(site: Path, variant: str) -> list[str]:
    """Return the lines of a prompt as a client reads them."""
    (message, *_) = json.loads((site / f"raw/messages/{variant}.txt").read_text())["messages"]
    return str(message["content"]).splitlines()


def test_a_chosen_tab_is_in_view(page: Page, site: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 780})
    visit(page, site, "packs/far/tiny.work.html?view=difference")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200)))")
    assert page.evaluate("[scrollY, window.shifted || 0]") == [0, pytest.approx(0, abs=0.05)]
    for view in (3, 0, 3):
        tab, row = page.locator(f"label[for=view-{view}]"), page.locator(".pp-view")
        if not page.locator(f"#view-{view}").is_checked():
            tab.click()
        inner, outer = tab.bounding_box(), row.bounding_box()
        assert inner and outer
        assert outer["x"] <= inner["x"]
        assert inner["x"] + inner["width"] <= outer["x"] + outer["width"]


def test_the_logo_leads_home_on_a_disk_too(page: Page, site: Path) -> None:
    visit(page, site, "packs/far/tiny.work.html")
    page.locator("header .md-logo").click()
    expect(page.locator("h1")).to_contain_text("Agents, written once")


@pytest.mark.parametrize(
    ("variant", "first"),
    [
        ("tiny.look", "This is the default variant. "),
        ("tiny.work", "From the default variant, Tiny, Look (first)"),
        ("big.look", "From the default variant, Tiny, Look (first)"),
        ("big.work", "From Big, Look (first)"),
    ],
)
def test_a_page_shows_the_difference_of_one_thing(
    page: Page, site: Path, variant: str, first: str
) -> None:
    visit(page, site, f"packs/careful/{variant}.html?view=difference")
    note = page.locator(".pp-differences > .pp-note").first
    expect(note).to_contain_text(first)
    if variant == "big.work":
        note.get_by_role("link", name="Compare it with the default").click()
        expect(page.locator(".pp-between")).to_contain_text("Tiny, Look (OpenCode) to careful")
        expect(page.locator(".pp-between")).to_contain_text("Big, Work (OpenCode)")


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_jumps(page: Page, site: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in (
        "compare.html",
        "compare.html?a=careful/tiny.look&b=bold/big.work&layout=split",
    ):
        visit(page, site, path)
        expect(page.locator(".pp-found h2")).to_have_count(4)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200)))")
        assert page.evaluate("window.shifted || 0") <= 0.05, path


def test_two_policies_are_two_clicks_from_home(page: Page, site: Path) -> None:
    clicks = 0
    visit(page, site, "index.html")
    for name in ("careful agent", "Compare policies"):
        page.locator(".md-content").get_by_role("link", name=name).first.click()
        clicks += 1
    expect(page.locator(".pp-between")).to_contain_text("Tiny, Look (OpenCode) to careful agent")
    expect(page.locator(".pp-between")).to_contain_text("Tiny, Work (OpenCode)")
    expect(page.locator(".pp-shift").first).to_contain_text("wider")
    assert clicks == 2


def test_without_a_script_the_differences_to_the_default_are_there(
    browser: Browser, site: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    visit(page, site, "compare.html")
    expect(page.locator(".pp-compare")).to_be_hidden()
    page.locator("a[data-name='careful/tiny.work']").click()
    shown = page.locator(".pp-differences")
    expect(shown.locator(".pp-shift:visible").first).to_contain_text("wider")
    page.locator("label[for=layout-1]").click()
    pair = shown.locator(".pp-pair:visible").last
    places = [pair.locator(tag).bounding_box() for tag in ("del", "ins")]
    assert places[0] and places[1] and places[0]["y"] == places[1]["y"]
    context.close()


def test_the_script_knows_every_word_for_an_effect() -> None:
    script = Path(sites.ROOT, "generator/promptpack/site/assets/compare.js").read_text()
    table = script.split("const EFFECTS = { ")[1].split(" };")[0]
    told = {f"{effect}: {json.dumps(word)}" for effect, word in EFFECT_WORDS.items()}
    assert {*table.split(", ")} == told


EFFECTS = st.sampled_from([Effect.DENY, Effect.ASK, Effect.ALLOW])
GRANTS = st.builds(
    lambda first, rest: (PatternRule("*", first), *(PatternRule(*rule) for rule in rest)),
    EFFECTS,
    st.lists(st.tuples(st.sampled_from(["git *", "git log*", "rm"]), EFFECTS), max_size=2),
)


@given(st.lists(GRANTS, min_size=1, max_size=4, unique=True))
def test_nothing_wider_is_called_anything_else(grants: list[tuple[PatternRule, ...]]) -> None:
    ranks = rank_grants(grants)
    for old, row in zip(grants, ranks, strict=True):
        for new, rank in zip(grants, row, strict=True):
            verdict = judge_grants(old, new)
            assert ("wider", "not-proven", "narrower", "same")[rank] == verdict
            assert (verdict in ("narrower", "same")) == compare_grants(new, old).at_most
            if len(old) == len(new) == 1 and RANK[new[0].effect] > RANK[old[0].effect]:
                assert verdict == "wider"


def test_an_inherited_grant_is_not_judged() -> None:
    inherit, deny = (PatternRule("*", effect) for effect in (Effect.INHERIT, Effect.DENY))
    assert judge_grants((inherit,), (deny,)) == "not-proven"
    assert judge_grants((inherit,), (inherit,)) == "same"


LINES = st.lists(st.text("ab .", max_size=6), max_size=6)


@given(LINES, LINES)
def test_pairs_hold_all_lines_in_order(old: list[str], new: list[str]) -> None:
    pairs = [*pair_lines(old, new)]
    assert [pair.old for pair in pairs if pair.old is not None] == old
    assert [pair.new for pair in pairs if pair.new is not None] == new


@given(st.text("ab .", max_size=12), st.text("ab .", max_size=12))
def test_marked_words_give_both_lines_back(old: str, new: str) -> None:
    marked = mark_words(old, new)
    assert "".join(run.text for run in marked.old) == old
    assert "".join(run.text for run in marked.new) == new
    same = [[run.text for run in side if not run.is_changed] for side in marked]
    assert same[0] == same[1]
