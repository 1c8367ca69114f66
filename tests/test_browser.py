"""A real browser reads the site: what it finds, copies and compares is what the files say.

Skipped, saying so, where there is no Chromium; in CI that is a failure. Nothing is fetched from
anywhere but the site itself, and one site and one browser serve all tests.
"""

import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
)

import sites
import support
from browsers import SIZE, clear_page, open_browser, serve_folder
from promptpack.site.catalogue import locate_raw_file

PACK = "packs/python-ml-architect"
KINDS = {
    "home": "index.html",
    "pack": f"{PACK}/index.html",
    "find": "find/index.html",
    "answer": "find/may-not-edit/claude-code.html",
    "filtered": "index.html?client=claude-code&edit=deny&model=claude",
    "nothing": "index.html?client=codex&edit=deny",
    "variant": f"{PACK}/claude.implement.html",
    "origins": f"{PACK}/claude.implement.html?view=origins&client=codex",
    "rendered": f"{PACK}/gpt.review.html?view=rendered",
    "difference": f"{PACK}/gpt.review.html?view=difference",
    "fragments": "fragments/index.html",
    "fragment": "fragments/interaction/compare-trade-offs.html",
    "own fragment": f"{PACK}/fragments/role.html",
    "policies": "reference/policies/index.html",
    "policy": "reference/policies/implement.html",
    "models": "reference/models/index.html",
    "model": "reference/models/claude.html",
    "targets": "reference/targets/index.html",
    "target": "reference/targets/claude-code.html",
    "layout": "reference/layouts/xml.html",
    "rules": "reference/rules/index.html",
    "command": "reference/commands/diff.html",
    "compare": "compare.html?a=python-ml-architect/gpt.review&b=python-ml-architect/gpt.implement",
    "changes": "changes.html",
    "guide": "getting-started.html",
}
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules of axe that depend on the colours."""
REPEATED = [
    ".pp-run:nth-child(n+14)",
    "tr:nth-child(n+8)",
    "li:nth-child(n+16)",
    ".pp-card:nth-child(n+5)",
    ".pp-diff span:nth-child(n+30)",
]
"""What stands on a page more often than axe has to look at it."""
AXE = """([excluded, options]) => axe.run(
  {include: [["html"]], exclude: excluded.map((one) => [one])},
  {resultTypes: ["violations"], preload: false, iframes: false, elementRef: false, ...options},
)"""
GROUND = "getComputedStyle(document.body).backgroundColor"
SEARCH = "input[name=query]"
expect.set_options(timeout=support.PATIENCE * 1_000)

WIDTHS = (360, 1440)
NARROW = ("variant", "rendered", "policy", "compare", "guide")
"""The kinds of pages at whose stops of the keyboard it is looked in a narrow window too."""
FRAME = [".md-header", ".md-sidebar--primary", ".md-footer"]
"""What is the same around each page: axe looks at it on the first few kinds."""

Open = Callable[..., Page]


class Look(NamedTuple):
    """What a page is in a window of some width, as far as a reader needs no action for it.

    `over` is how much wider it is than the window, `stops` what the keyboard stops at, by name.
    """

    over: int
    policies: int
    scrollers: list[str]
    stops: list[str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as started:
        yield started


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> sites.Built:
    """Return the site of this project, if there is a browser to read it."""
    assert browser.is_connected()
    return sites.reference_site(tmp_path_factory)


@pytest.fixture(scope="module")
def server(site: sites.Built) -> Iterator[str]:
    """Serve the site on this machine and return its address."""
    with serve_folder(site.site) as address:
        yield address


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """Return the page that those tests use, one after another, that ask for no other than usual."""
    with browser.new_context() as context:
        yield make_page(context)


@pytest.fixture
def opened(browser: Browser, server: str, window: Page) -> Iterator[Open]:
    """Open pages of the site; at the end nothing may have gone wrong or been asked of others.

    Each is as one that was never opened.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []
    unused = [window]

    def open_(path: str, base: str = server, **options: Any) -> Page:
        if unused and not options:
            page = unused.pop()
            page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})
        else:
            contexts.append(browser.new_context(**options))
            page = make_page(contexts[-1], has_script=options.get("java_script_enabled", True))
        watch(page, base, wrong)
        page.goto(base + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    if not unused:
        clear_page(window)
    assert not wrong


def make_page(context: BrowserContext, *, has_script: bool = True) -> Page:
    """Return a new page that may copy."""
    if has_script:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(support.PATIENCE * 1_000)
    return page


def watch(page: Page, base: str, wrong: list[str]) -> None:
    """Note every error, and every request that goes elsewhere or fails.

    A request that fails because the reader went to another page is none.
    """

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            wrong.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((base, "data:", "about:")):
            wrong.append(request.url)

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            wrong.append(request.url)

    page.on("console", said)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", asked)
    page.on("requestfailed", failed)


def clipboard(page: Page) -> str:
    """Return what was copied."""
    return str(page.evaluate("navigator.clipboard.readText()"))


def search(page: Page, words: str) -> None:
    """Type into the search box; it looks at keys, not at the text that is put there."""
    page.locator(SEARCH).fill(words)
    page.locator(SEARCH).press("End")


def told(site: sites.Built, variant: str, target: str) -> str:
    """Return the file that a client loads for a variant of the architect."""
    wanted = ("python-ml-architect", variant, target)
    found = (a for a in site.artifacts if (a.variant.pack.name, a.variant.name, a.target) == wanted)
    return next(found).content.decode()


def test_a_reader_finds_an_agent_and_follows_a_line_to_all_it_reaches(
    site: sites.Built, opened: Open
) -> None:
    variants = {(a.variant.pack.name, a.variant.name) for a in site.artifacts}
    fitting = [name for name in variants if name[1].startswith("claude.")]
    agents = len({pack for pack, _ in variants})
    assert agents == len({pack for pack, _ in fitting})
    page = opened(KINDS["home"])
    page.get_by_text("More filters").click()
    page.get_by_text("Claude Sonnet", exact=True).first.click()
    expect(page).to_have_url(re.compile(r"\?model=claude"))
    expect(page.locator(".pp-count")).to_have_text(f"{agents} agents, {len(fitting)} variants")
    page.locator("label", has_text="architecture").click()
    expect(page.locator(".pp-count")).to_have_text(f"1 of {agents} agents, 4 variants")
    page.get_by_role("link", name="Python Backend & ML Systems Architect").first.click()
    page.get_by_role("link", name="Claude Sonnet, Review").click()
    page.get_by_text("Claude Code", exact=True).first.click()
    expect(page).to_have_url(re.compile(r"\?client=claude-code"))
    page.locator(".pp-panel:visible [data-pp-file]").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert clipboard(page) == told(site, "claude.review", "claude-code")
    page.get_by_text("Where each line comes from").click()
    page.locator(".pp-run > p:visible a", has_text="compare-trade-offs").first.click()
    expect(page.locator("h1")).to_contain_text("Compare")
    expect(page.locator(":target")).to_be_visible()
    expect(page.locator("#used-by")).to_contain_text("Used by 8 variants")
    page.get_by_role("link", name="GPT, Implement").click()
    page.get_by_role("link", name="Compare", exact=True).last.click()
    expect(page.locator(".pp-found ins").first).to_be_visible()
    expect(page.locator(".pp-count")).to_contain_text("only in the first")


def test_search_finds_a_fragment_by_a_sentence(opened: Open) -> None:
    page = opened(KINDS["home"])
    search(page, "no blocking call inside async code")
    page.locator(".md-search-result__link", has_text="Async first").first.click()
    expect(page).to_have_url(re.compile("fragments/standards/async-first.html"))


class Reader:
    """A reader whose clicks are counted; what is typed is none."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1


def test_three_clicks_copy_an_agent_that_may_not_edit_and_may_run_tests(
    site: sites.Built, opened: Open
) -> None:
    reader = Reader(opened(KINDS["home"]))
    page = reader.page
    reader.click(page.locator(".pp-filters label", has_text="Claude Code").first)
    reader.click(page.get_by_role("button", name="May not edit files, may run commands"))
    expect(page.locator(".pp-card:visible")).to_have_count(1)
    reader.click(page.get_by_role("button", name="Copy Claude Sonnet, Plan only for Claude Code"))
    expect(page.get_by_text("Copied")).to_be_visible()
    assert reader.clicks == 3
    assert clipboard(page) == told(site, "claude.plan-only", "claude-code")


@pytest.mark.parametrize(
    ("words", "variant"),
    [
        ("claude review", "claude.review"),
        ("architect gpt implement", "gpt.implement"),
        ("claude.review", "claude.review"),
    ],
)
def test_a_variant_is_the_first_that_a_search_finds(opened: Open, words: str, variant: str) -> None:
    page = opened(KINDS["home"])
    search(page, words)
    page.locator(".md-search-result__link").first.click()
    expect(page).to_have_url(re.compile(rf"packs/[^/]+/{re.escape(variant)}\.html"))


def test_one_choice_holds_on_every_page(site: sites.Built, opened: Open) -> None:
    page = opened(KINDS["home"])
    page.locator(".pp-filters label", has_text="OpenAI Codex").click()
    page.get_by_role("link", name="Python Backend & ML Systems Architect").first.click()
    expect(page).to_have_url(re.compile(r"client=codex"))
    page.locator(".pp-use .pp-chip", has_text="GPT").click()
    page.locator(".pp-use .pp-chip", has_text="Review").click()
    expect(page).to_have_url(re.compile(r"model=gpt&policy=review"))
    expect(page.locator(".pp-command:visible")).to_contain_text("--variant gpt.review --into")
    page.locator(".pp-panel:visible [data-pp-file]").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert clipboard(page) == told(site, "gpt.review", "codex")
    with page.expect_download() as download:
        page.locator(".pp-panel:visible a[download]").click()
    assert download.value.path().read_text() == told(site, "gpt.review", "codex")
    page.locator(".pp-chosen:visible a").click()
    expect(page.locator("h1")).to_contain_text("GPT, Review")
    expect(page.locator(".pp-panel:visible h2")).to_have_text("OpenAI Codex")
    page.get_by_text("Rendered").click()
    page.locator(".pp-chip", has_text="Claude Sonnet").click()
    expect(page.locator("h1")).to_contain_text("Claude Sonnet, Review")
    expect(page.locator(".pp-panel:visible h2")).to_have_text("OpenAI Codex")
    expect(page.locator(".pp-rendered")).to_be_visible()
    page.goto(page.url.partition("packs/")[0] + "packs/code-reviewer/index.html")
    expect(page.locator(".pp-chosen:visible")).to_have_text("Claude Sonnet, Review")
    expect(page.locator(".pp-panel:visible h3")).to_have_text("OpenAI Codex")
    page.goto(page.url.partition("packs/")[0] + KINDS["home"])
    expect(page.locator(".pp-filters input[name=client]:checked")).to_have_value("codex")


def test_an_empty_result_says_what_to_leave_out(opened: Open) -> None:
    page = opened(KINDS["nothing"])
    expect(page.locator(".pp-card:visible")).to_have_count(0)
    ways = page.locator(".pp-loosen button")
    expect(ways).to_have_text(
        ["Client: OpenAI Codex (then 2 agents)", "Edit files: may not (then 2 agents)"]
    )
    ways.last.click()
    expect(page.locator(".pp-card:visible")).to_have_count(2)
    page.get_by_label("Find").fill("no such agent")
    expect(ways).to_have_text(["“no such agent” (then 2 agents)"])
    ways.click()
    page.get_by_label("Find").fill("review gpt")
    expect(page.locator(".pp-count")).to_have_text("2 agents, 3 variants")
    page.get_by_label("Sort").select_option("tokens")
    expect(page.locator(".pp-card h2").first).to_have_text("Code Reviewer")
    page.get_by_label("Sort").select_option("variants")
    expect(page.locator(".pp-card h2").first).to_contain_text("Architect")
    expect(page).to_have_url(re.compile(r"words=review\+gpt&.*sort=variants"))


SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((one) => {
  if (!one.hadRecentInput) window.shifted += one.value;
})).observe({type: "layout-shift", buffered: true})"""


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_pages_to_choose_from_stay_where_they_are(opened: Open, server: str, width: int) -> None:
    page = opened(KINDS["home"], viewport={"width": width, "height": 800})
    page.add_init_script(SHIFTS)
    for kind in ("home", "filtered", "nothing", "find", "answer", "pack", "variant", "origins"):
        page.goto(server + KINDS[kind], wait_until="networkidle")
        assert page.evaluate("window.shifted") <= 0.05, kind


def test_a_thumb_meets_every_choice(opened: Open, server: str) -> None:
    page = opened(KINDS["home"], viewport={"width": 360, "height": 800})
    low = "(all) => all.filter((one) => one.offsetHeight && one.offsetHeight < 32).length"
    chosen = ".pp-pick:not(.pp-view) label, .pp-chip, .pp-button, .pp-fits a, .pp-questions a"
    for kind in ("home", "filtered", "nothing", "find", "answer", "pack", "variant"):
        page.goto(server + KINDS[kind])
        found = page.locator(".md-content").locator(chosen)
        assert found.count() > 10, kind
        assert found.evaluate_all(low) == 0, kind
    lowest = (
        "(all) => Math.min(...all.filter((one) => one.offsetHeight).map((one) => one.offsetHeight))"
    )
    page.goto(server + KINDS["target"])
    assert page.locator("a.pp-badge").evaluate_all(lowest) >= 24


def test_what_copies_a_file_stays_in_view(opened: Open) -> None:
    page = opened(KINDS["variant"], viewport={"width": 1440, "height": 800})
    page.locator(".pp-file pre > span:visible").nth(90).scroll_into_view_if_needed()
    expect(page.locator(".pp-panel:visible [data-pp-file]")).to_be_in_viewport()


@pytest.mark.parametrize("words", ["vs code", "vscode"])
def test_a_client_is_found_by_the_editor_it_is_in(opened: Open, words: str) -> None:
    page = opened(KINDS["home"])
    search(page, words)
    page.locator(".md-search-result__link").first.click()
    expect(page.locator("h1")).to_contain_text("GitHub Copilot")
    page.locator(".pp-facts a", has_text=" variants of ").click()
    expect(page.locator(".pp-filters input[name=client]:checked")).to_have_value("copilot")


def test_the_first_card_is_near_the_top(opened: Open) -> None:
    for width in (768, 1440):
        page = opened(KINDS["home"], viewport={"width": width, "height": 900})
        box = page.locator(".pp-card").first.bounding_box()
        assert box is not None
        assert box["y"] < 500


def test_the_site_works_from_a_disk(site: sites.Built, opened: Open) -> None:
    page = opened(KINDS["home"], f"{site.site.as_uri()}/", offline=True)
    search(page, "Timeouts retries")
    page.locator(".md-search-result__link").first.click()
    expect(page).to_have_url(re.compile("fragments/"))
    page.get_by_role("link", name="GPT, Plan only").click()
    page.locator(".pp-panel:visible [data-pp-file]").click()
    assert clipboard(page) == told(site, "gpt.plan-only", "opencode")
    page.get_by_role("link", name="All variants").click()
    page.locator("label", has_text="OpenAI Codex").click()
    page.locator(".pp-panel:visible [data-pp-file]").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert clipboard(page) == told(site, "gpt.plan-only", "codex")
    page.goto(f"{site.site.as_uri()}/{KINDS['compare']}")
    expect(page.locator(".pp-found ins").first).to_be_visible()


def test_every_client_is_copied_and_downloaded_to_the_byte(site: sites.Built, opened: Open) -> None:
    page = opened(KINDS["variant"])
    files = [a for a in site.artifacts if a.variant.name == "claude.implement"]
    for number, artifact in enumerate(files):
        page.locator(f"label[for=client-{number}]").click()
        page.locator(".pp-panel:visible [data-pp-file]").click()
        assert clipboard(page) == artifact.content.decode()
        with page.expect_download() as download:
            page.locator(".pp-panel:visible a[download]").click()
        assert download.value.path().read_bytes() == artifact.content
        name = artifact.path.rpartition("/")[2]
        block_name = f"python-ml-architect-block-for-{name}"
        assert download.value.suggested_filename == (block_name if name == "AGENTS.md" else name)
        assert download.value.url.endswith(locate_raw_file(artifact))


def test_an_address_names_client_view_and_line(opened: Open) -> None:
    page = opened(f"{KINDS['variant']}?client=codex&view=raw#L5")
    line = page.locator(".pp-here")
    expect(line).to_be_in_viewport()
    numbers = page.locator(".pp-file pre > span:visible")
    assert numbers.nth(4).text_content() == line.text_content()
    page = opened(f"{PACK}/gpt.review.html#difference")
    expect(page.locator(".pp-differences")).to_be_visible()


def test_two_variants_are_compared_as_the_address_says(opened: Open) -> None:
    page = opened(KINDS["compare"])
    expect(page.locator("select[name=a]")).to_have_value("python-ml-architect/gpt.review")
    expect(page.locator(".pp-found ins", has_text="edit: ask")).to_be_visible()
    page.locator("select[name=client]").select_option("claude-code")
    expect(page).to_have_url(re.compile("client=claude-code"))
    expect(page.locator(".pp-found ins", has_text="edit: ask")).to_have_count(0)
    page.get_by_text("Any other file").click()
    page.locator("select[name=b]").select_option("python-ml-architect/gpt.review")
    expect(page.locator(".pp-count")).to_have_text("Both are the same.")


def test_without_a_script_everything_can_be_read(site: sites.Built, opened: Open) -> None:
    page = opened(KINDS["variant"], java_script_enabled=False)
    page.locator("label", has_text="OpenAI Codex").click()
    file = page.locator(".pp-run:visible pre").all_text_contents()
    assert "".join(file) == told(site, "claude.implement", "codex")
    page.locator("label", has_text="Rendered").click()
    expect(page.locator(".pp-rendered")).to_be_visible()
    page.locator("label", has_text="Difference").click()
    expect(page.locator(".pp-diff:visible").first).to_be_visible()
    expect(page.locator("[data-pp-file]:visible")).to_have_count(0)
    page.get_by_role("link", name="Compare", exact=True).last.click()
    page.locator("a[data-name='python-ml-architect/claude.review']").click()
    expect(page.locator(".pp-differences")).to_be_visible()
    page = opened(KINDS["home"], java_script_enabled=False)
    expect(page.locator(".pp-card:visible")).to_have_count(len(site.project.packs))
    expect(page.locator(".pp-filters")).to_be_hidden()
    page.locator(".pp-questions > div", has_text="Asks before commands").get_by_text(
        "OpenCode"
    ).click()
    page.get_by_role("link", name="May not use the web").click()
    page.get_by_role("link", name="Claude Code", exact=True).first.click()
    page.get_by_role("link", name="GPT, Review").first.click()
    page.get_by_role("navigation", name="Model").get_by_text("Claude Sonnet").click()
    page.get_by_role("navigation", name="Policy").get_by_text("Read only").click()
    expect(page.locator("h1")).to_contain_text("Claude Sonnet, Read only")


def test_the_keyboard_is_enough(opened: Open) -> None:
    page = opened(KINDS["variant"])
    page.locator(".pp-client input").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".pp-panel:visible h2")).to_have_text("Claude Code")
    chips = page.locator(".pp-choice .pp-chip").count()
    for _ in range(chips + 2):  # the chips, the name of the client, and the button
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('[data-pp-file]')")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copied")).to_be_visible()
    assert clipboard(page).startswith("---\nname: python-ml-architect\n")


SCROLLERS = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const style = getComputedStyle(one);
  const scrolls = (way, size, room) => /auto|scroll/.test(way) && size > room + 1;
  return one.tabIndex < 0 && one.offsetParent && (
    scrolls(style.overflowX, one.scrollWidth, one.clientWidth) ||
    scrolls(style.overflowY, one.scrollHeight, one.clientHeight)
  ) && !one.querySelector("a[href], button, input, select, summary, [tabindex='0']");
}).map((one) => one.outerHTML.slice(0, 160))"""
"""What Chromium lets the keyboard stop at because it scrolls, and nothing within can be reached."""


SETTLED = """async () => {
  const draw = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  await draw()
  document.getAnimations().forEach((one) => one.finish())
  await draw()
}"""
"""Waits until a page that was resized stands still: the theme moves parts of it to new places.

Meanwhile it can be wider than its window."""


@pytest.fixture(scope="module")
def looks(browser: Browser, server: str) -> Mapping[tuple[str, int], Look]:
    """Return how each kind of page looks in a narrow window, and in the same one made wide."""
    wrong: list[str] = []
    found = {}
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(support.PATIENCE * 1_000)
    watch(page, server, wrong)
    tree = context.new_cdp_session(page)
    for kind, path in KINDS.items():
        page.set_viewport_size({"width": WIDTHS[0], "height": 800})
        page.goto(server + path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate(SETTLED)
            found[kind, width] = look_at(page, tree, has_stops=kind in NARROW or width > 360)
    context.close()
    assert not wrong
    return found


def look_at(page: Page, tree: CDPSession, *, has_stops: bool) -> Look:
    """Return what a page is now; its stops are listed only if they are asked for."""
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    nodes = tree.send("Accessibility.getFullAXTree")["nodes"] if has_stops else []
    return Look(
        page.evaluate(over),
        page.locator("meta[http-equiv=Content-Security-Policy]").count(),
        page.evaluate(SCROLLERS),
        [name_node(node) for node in nodes if is_stop(node)],
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_every_stop_of_the_keyboard_has_a_name(
    looks: Mapping[tuple[str, int], Look], width: int
) -> None:
    for kind in KINDS if width == 1440 else NARROW:
        look = looks[kind, width]
        assert look.scrollers == [], kind
        assert len(look.stops) > 10, kind
        assert "" not in look.stops, kind


def is_stop(node: dict[str, Any]) -> bool:
    """Tell whether the keyboard stops at a node of a page's accessibility tree."""
    known = node.get("properties", ())
    return not node["ignored"] and any(
        one["name"] == "focusable" and one["value"]["value"] for one in known
    )


def name_node(node: dict[str, Any]) -> str:
    """Return the name that a node has for who does not see the page; the page has its title."""
    return str(node.get("name", {}).get("value", "")).strip()


def test_tab_leads_through_a_variant_by_names(opened: Open) -> None:
    page = opened(KINDS["variant"])
    tree = page.context.new_cdp_session(page)
    page.evaluate("document.querySelector('.pp-client input').focus()")
    names: list[str] = []
    while not names or page.evaluate("document.activeElement !== document.body"):
        page.keyboard.press("Tab")
        page.evaluate("window.stop = document.activeElement")
        stop = tree.send("Runtime.evaluate", {"expression": "window.stop"})["result"]
        found = tree.send(
            "Accessibility.getPartialAXTree",
            {"objectId": stop["objectId"], "fetchRelatives": False},
        )["nodes"]
        names.append(name_node(found[0]))
        assert len(names) < 40
    assert "The file" in names
    assert "" not in names[:-1]


def list_looks(number: int) -> list[tuple[int, str, Mapping[str, object]]]:
    """Return the widths and colour schemes in which a page is looked at, and with which rules.

    Each is looked at wide with all rules, narrower with those that colours don't matter for, and
    dark with the others. The widths of these two change from page to page, unless more cases are
    asked for: then each page is looked at in all.
    """
    looks: list[tuple[int, str, Mapping[str, object]]] = [(1440, "default", {})]
    if support.count_cases(1) > 1:
        dark = [(width, "slate", {"runOnly": COLOURS}) for width in (1440, 768, 360)]
        return [*looks, (768, "default", {}), (360, "default", {}), *dark]
    others = {"rules": {rule: {"enabled": False} for rule in COLOURS}}
    looks.append(((768, 360)[number % 2], "default", others))
    return [*looks, ((1440, 768, 360)[number % 3], "slate", {"runOnly": COLOURS})]


def test_no_page_keeps_anybody_out(opened: Open, server: str) -> None:
    rules = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    page = opened(KINDS["home"], color_scheme="light", reduced_motion="reduce")
    found = []
    for number, (kind, path) in enumerate(KINDS.items()):
        page.goto(server + path)
        page.evaluate(rules)
        ground = page.evaluate(GROUND)
        for width, scheme, options in list_looks(number):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("scheme => { document.body.dataset.mdColorScheme = scheme }", scheme)
            assert (page.evaluate(GROUND) != ground) == (scheme == "slate")
            said = page.evaluate(AXE, [REPEATED + FRAME * (number > 2), options])
            for one in said["violations"]:
                if one["impact"] in ("moderate", "serious", "critical"):
                    nodes = [node["html"][:160] for node in one["nodes"][:3]]
                    found.append((kind, width, scheme, one["id"], nodes))
    assert not found


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_window(
    looks: Mapping[tuple[str, int], Look], width: int
) -> None:
    for kind, path in KINDS.items():
        assert looks[kind, width].policies == 1, path
        assert looks[kind, width].over == 0, kind


def test_a_variant_is_light(opened: Open, site: sites.Built, server: str) -> None:
    asked: list[str] = []
    page = opened(KINDS["home"])
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server + KINDS["variant"], wait_until="networkidle")
    files = [site.site / url.removeprefix(server).partition("?")[0] for url in asked]
    assert len(files) > 5
    assert (site.site / f"{PACK}/claude.implement.html").stat().st_size <= 250_000
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= 200_000


@pytest.fixture(scope="module")
def hostile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> sites.Built:
    """Return the site of a project whose every text wants to be more than text."""
    assert browser.is_connected()
    return sites.hostile_site(tmp_path_factory)


def test_chips_leave_the_agents_that_fit(hostile: sites.Built, browser: Browser) -> None:
    page = browser.new_page()
    page.goto((hostile.site / "index.html").as_uri())
    cards, count = page.locator(".pp-card:visible"), page.locator(".pp-count")
    expect(cards).to_have_count(2)
    page.get_by_text("More filters").click()
    page.locator("label", has_text="Change").click()
    expect(cards).to_have_count(1)
    expect(count).to_have_text("1 of 2 agents, 1 variant")
    page.locator("label", has_text="System prompt").click()
    expect(count).to_have_text("1 of 2 agents, 1 variant")
    page.reload()
    expect(count).to_have_text("1 of 2 agents, 1 variant")
    assert page.url.endswith("?client=system&policy=change")
    page.get_by_role("button", name="Show all").click()
    expect(cards).to_have_count(2)
    assert "?" not in page.url
    page.goto(f"{(hostile.site / 'index.html').as_uri()}?tag=quiet")
    expect(cards).to_have_count(1)
    page.close()


ALARM = "window.pwned = () => { document.documentElement.dataset.pwned = 'yes' }"


def test_the_alarm_works(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.add_init_script(ALARM)
    place = tmp_path / "page.html"
    place.write_text("<body><img src=x onerror=pwned()></body>", encoding="utf-8")
    page.goto(place.as_uri())
    page.wait_for_selector("[data-pwned=yes]", state="attached")
    page.close()


def list_some(site: Path, folder: Path) -> list[Path]:
    """Return some pages of a folder: fewer where the pages are alike but for the client or rule."""
    alike = folder.relative_to(site).parts[:1] == ("find",) or folder.name in OWN
    return sorted(folder.glob("*.html"))[: 1 if alike else 3]


OWN = ("rules", "commands", "targets")
"""The folders of pages in which authors have text in the navigation alone."""


@pytest.mark.fault(59)
def test_nothing_of_an_authors_text_runs(hostile: sites.Built, browser: Browser) -> None:
    page = browser.new_page()
    page.add_init_script(ALARM)
    folders = sorted({path.parent for path in hostile.site.rglob("*.html")})
    for path in (path for folder in folders for path in list_some(hostile.site, folder)):
        page.goto(path.as_uri())
        assert not page.locator("[data-pwned]").count(), path
    page.goto((hostile.site / "index.html").as_uri())
    search(page, "indented")
    page.wait_for_selector(".md-search-result__item")
    assert not page.locator("[data-pwned]").count()
    page.goto(f"{(hostile.site / 'compare.html').as_uri()}?a=demo/tiny.look&b=demo/tiny.change")
    page.wait_for_selector(".pp-found ins")
    assert not page.locator("[data-pwned]").count()
    page.close()


@pytest.mark.fault(60)
def test_a_hostile_prompt_is_copied_to_the_letter(hostile: sites.Built, browser: Browser) -> None:
    context = browser.new_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto((hostile.site / "packs/demo/tiny.look.html").as_uri())
    page.locator(".pp-panel:visible [data-pp-file]").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    wanted = (a for a in hostile.artifacts if a.path.startswith("opencode/tiny.look/"))
    wanted = (a for a in wanted if a.variant.pack.name == "demo")
    assert clipboard(page) == next(wanted).content.decode()
    context.close()
