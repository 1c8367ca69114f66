"""Agents by what they may do: what the site says is what the list of rights says, and no more."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import sites
from promptpack.build import render
from promptpack.model import Effect, PatternRule, Policy
from promptpack.output.rights import list_rights
from promptpack.reading.project import load_project
from promptpack.session import Session
from promptpack.site.abilities import QUESTIONS, TOPICS, find_abilities
from promptpack.site.page import Heading
from promptpack.site.synonyms import list_policy_synonyms
from promptpack.site.tree import Site, make_site
from promptpack.targets import TARGETS
from support import DEMO, make_project

WORDS = {
    "edit": ("edit", "write", "patch"),
    "run": ("execute",),
    "web": ("web_fetch", "web_search"),
    "agents": ("task",),
}
"""The capabilities of each topic, MCP servers aside, in the words of the list of rights."""

SPARSE = {
    "packs/demo/pack.yaml": DEMO["packs/demo/pack.yaml"]
    .replace("targets: [opencode]", "targets: [opencode, system]")
    .replace("model: [tiny]\n", "model: [tiny, big]\n")
    .replace(
        "policy: [look, change]",
        "policy: [look, change]\n  exclude: [{model: big, policy: change}]",
    ),
    "templates/models/big.yaml": DEMO["templates/models/tiny.yaml"].replace("Tiny", "Big"),
}
"""A pack that has not every model with every policy."""

Rights = dict[tuple[str, str, str], dict[str, str]]


def make(root: Path) -> Site:
    """Return the site of a project."""
    session = Session(load_project(root))
    return make_site(session, render(session))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return the site of this project."""
    return sites.reference_tree(tmp_path_factory)


def read_rights(told: dict[str, Any]) -> Rights:
    """Return what the list of rights says of the variants in the catalogue, for their own client.

    By pack, client and variant.
    """
    names = {pack["name"]: {one["name"] for one in pack["variants"]} for pack in told["packs"]}
    found: Rights = defaultdict(dict)
    for line in list_rights(Session(load_project(sites.ROOT))).splitlines()[1:]:
        pack, client, capability, grant, where, *_ = line.split(" | ")
        is_shown = pack in names and ", read by" not in client
        for name in expand(where, names[pack]) if is_shown else ():
            found[pack, client, name][capability] = grant
    return found


def expand(where: str, names: set[str]) -> Iterator[str]:
    """Yield the variants that a line of the list is about."""
    for one in where.split(", "):
        if one == "all variants":
            yield from names
        elif one.startswith("*."):
            yield from (name for name in names if name.endswith(one[1:]))
        else:
            yield one


def read_effect(rights: dict[str, str], capabilities: tuple[str, ...]) -> str:
    """Return the widest effect that a list of rights names for some capabilities."""
    if "everything" in rights:
        return rights["everything"]
    words = {
        word.split()[0] for name in capabilities for word in rights.get(name, "deny").split("; ")
    }
    return next(effect for effect in ("allow", "inherit", "ask", "deny") if effect in words)


def test_the_catalogue_says_of_permissions_what_the_list_of_rights_says(site: Site) -> None:
    told = json.loads(site.files["catalog.json"])
    rights = read_rights(told)
    seen = 0
    for pack in told["packs"]:
        for variant in pack["variants"]:
            for client, effects in told["permissions"][variant["permissions"]].items():
                own = rights[pack["name"], client, variant["name"]]
                expected = {topic: read_effect(own, names) for topic, names in WORDS.items()}
                assert {topic: effects[topic] for topic in WORDS} == expected, (own, client)
                seen += 1
    assert seen >= len(rights) > 100
    assert len(told["permissions"]) < 10


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        ("deny", Effect.DENY),
        ("ask", Effect.ASK),
        ("allow", Effect.ALLOW),
        ("ask; allow git status", Effect.ALLOW),
        ("deny; ask git status", Effect.ASK),
        ("allow; deny git status", Effect.ALLOW),
        ("allow; deny *", Effect.DENY),
        ("inherit", Effect.INHERIT),
    ],
)
def test_an_agent_asks_only_where_nothing_goes_through_unasked(
    grant: str, expected: Effect
) -> None:
    first, *rest = grant.split("; ")
    rules = [PatternRule("*", Effect(first))]
    rules += [PatternRule(p, Effect(e)) for e, _, p in (rule.partition(" ") for rule in rest)]
    policy = Policy(default=Effect.DENY, grants={"execute": tuple(rules)})
    assert find_abilities(policy)["run"] is expected


def test_what_limits_nothing_may_everything() -> None:
    assert {*find_abilities(None).values()} == {Effect.ALLOW}


def test_a_tool_of_a_server_counts_among_the_servers() -> None:
    allow = (PatternRule("*", Effect.ALLOW),)
    policy = Policy(default=Effect.DENY, grants={"mcp:github/read": allow})
    assert find_abilities(policy)["mcp"] is Effect.ALLOW


def links_of(site: Site, path: str, pattern: str) -> set[str]:
    """Return the addresses on a page that match, seen from the root."""
    links = (link for _, link in sites.Page(site.pages[path].html).links)
    return {link.replace("../", "") for link in links if re.search(pattern, link)}


def test_each_question_has_a_page_for_each_client_that_lists_what_fits(site: Site) -> None:
    told = json.loads(site.files["catalog.json"])
    clients = {client for one in told["permissions"] for client in one}
    for question in QUESTIONS:
        for client in clients:
            expected = {
                f"{variant['page']}?client={client}"
                for pack in told["packs"]
                for variant in pack["variants"]
                for effects in [told["permissions"][variant["permissions"]].get(client)]
                if effects and all(effects[topic] == e for topic, e in question.effects.items())
            }
            path = f"find/{question.name}/{client}.md"
            found = links_of(site, path, r"packs/[^/]+/[^/.]+\.[^/]+\.html\?")
            assert found == expected, path
            assert ("exclude" in site.pages[path].head.get("search", {})) == (not expected)
    first = links_of(site, "index.md", "find/")
    listed = links_of(site, "find/index.md", "[a-z-]+/[a-z-]+.html")
    assert first == {f"find/{link}" for link in listed}
    assert "find/may-not-edit/claude-code.html" in first
    assert "find/may-not-edit/system.html" not in first  # a file of text limits nothing


def test_a_chip_leads_to_the_sibling_that_differs_least(tmp_path: Path) -> None:
    site = make(make_project(tmp_path, SPARSE))
    page = site.pages["packs/demo/tiny.change.md"].html
    chips = dict(re.findall(r'<a class="pp-chip" href="([^"]+)"[^>]*><span>([^<]+)</span>', page))
    assert {link.rpartition("/")[2]: unescape(label) for link, label in chips.items()} == {
        "tiny.change.html": "Change",
        "big.look.html": "Big",
        "tiny.look.html": "Look",
    }
    notes = re.findall(r"<small>\((.*?)\)</small>", unescape(page))
    assert notes == ["Big, Look"]
    assert page.count("aria-current") == 2


def test_the_chips_of_a_pack_start_at_its_default(tmp_path: Path) -> None:
    site = make(make_project(tmp_path, SPARSE))
    page = site.pages["packs/demo/index.md"].html
    assert 'data-variants="tiny.look tiny.change big.look"' in unescape(page)
    current = re.findall(r'data-value="([^"]+)" aria-current', page)
    assert current == ["tiny", "look"]


def test_every_client_and_policy_is_found_by_other_words(site: Site) -> None:
    assert all(target.synonyms for target in TARGETS.values())
    assert "chatgpt" in site.pages["reference/targets/codex.md"].searched
    policy = load_project(sites.ROOT).policies["read-only"]
    assert {"no edits", "no commands"} <= {*list_policy_synonyms(policy)}
    assert "no edits" in site.pages["reference/policies/read-only.md"].searched


def test_the_topics_are_told_apart_by_name() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    for question in QUESTIONS:
        assert question.effects.keys() <= {topic.name for topic in TOPICS}


def test_what_stands_before_the_title_is_not_searched(site: Site) -> None:
    page = sites.list_pages(site)["packs/code-reviewer/claude.review.md"]
    assert isinstance(page.parts[1], Heading)
    assert page.searched.startswith("<h1")
    assert "pp-path" in page.html
