"""What pages say of a permission is what the files say: statements against decoded files."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import NamedTuple

import pytest

import sites
import support
from promptpack.build import render
from promptpack.model import Artifact, Effect
from promptpack.policy.lattice import find_single_effect, list_compared
from promptpack.reading.project import load_project
from promptpack.reporting.loss_words import LOSS_MEANINGS, LOSS_WORDS
from promptpack.session import Session
from promptpack.site.catalogue import (
    POLICY_INDEX,
    TARGET_INDEX,
    locate_reference_page,
    make_catalog,
)
from promptpack.site.page import Page
from promptpack.site.pages.policies import make_policy_page
from promptpack.site.pages.targets import make_target_index, make_target_page
from promptpack.site.templating import render_page
from promptpack.site.tree import make_site
from promptpack.targets import TARGETS
from promptpack.targets.losses import find_policy_in_mode
from promptpack.targets.table import ENFORCEMENT_WORDS, make_capability_table

ROW = re.compile(r'<th scope="row">(.*?)</th>(.*?)</tr>')
PANEL = re.compile(r'<section class="pp-panel f\d+" aria-label="([^"]*)">(.*?)</section>')
SAID = re.compile(
    r'<span class="pp-(allow|ask|deny|inherit)">[^<]*</span>(?: \+ (\d+) patterns?)?'
    r'(?: <a class="pp-badge pp-(\w+)"[^>]*>)?'
)
ASKS = {
    "templates/policies/work.yaml": "title: Work\nsummary: Works.\ndefault: deny\ncapabilities: "
    '{read: allow, glob: allow, edit: ask, execute: {"*": deny, "git log*": ask}}\n'
}
PACK = """\
name: {0}
title: {0}
description: Works on a small project.
targets: [opencode, claude-code, copilot, agents-md]
sections: {{role: ./role.md}}
variants: {{default: {{model: tiny, policy: work}}, model: [tiny], policy: [work]}}
accept:
  - {{target: cursor, capability: [read, list, glob, grep, edit, write, patch, execute, web_fetch,
      web_search, todo, task, skill, question, "mcp:*"], reason: "Nobody here uses Cursor."}}
  - {{target: copilot, capability: [skill], reason: "Only sessions have them."}}
"""
ACCEPTS = """\
  - {target: copilot, capability: [execute], reason: "A sandbox holds it."}
"""
ACCEPTS += '  - {target: claude-code, capability: [execute], reason: "A sandbox holds it."}\n'


class Said(NamedTuple):
    """What a page says of a capability: an effect, the number of patterns, the word for a loss."""

    effect: str
    patterns: int
    word: str


class Cell(NamedTuple):
    """What is said first, and what else is so in how many packs, with the words before it."""

    first: Said
    others: dict[Said, tuple[int, str]]


class Read(NamedTuple):
    """A project with pages of its site by path, and its files."""

    pages: Mapping[str, Page]
    files: list[Artifact]
    policies: list[str]


@pytest.fixture(scope="module", params=["reference", "accepting"])
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Return this project, and one with a pack that accepts a widening and one that does not."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "reference":
        root = sites.reference_project(folder)
    else:
        packs: dict[str, str | bytes] = {**ASKS}
        for name, more in (("careful", ""), ("bold", ACCEPTS)):
            packs[f"packs/{name}/pack.yaml"] = PACK.format(name) + more
            packs[f"packs/{name}/role.md"] = "You help.\n"
        root = support.make_project(folder, packs)
    session = Session(load_project(root))
    files = [*render(session)]
    pages = make_reference_pages(session, files)
    if request.param == "accepting":  # the variants of the other would take long
        pages = sites.list_pages(make_site(session, files))
    return Read(pages, files, [*session.project.policies])


def make_reference_pages(session: Session, files: list[Artifact]) -> dict[str, Page]:
    """Return the pages of policies and targets alone."""
    catalog = make_catalog(session, files)
    views = {TARGET_INDEX: make_target_index()}
    for policy in session.project.policies.values():
        views[locate_reference_page(POLICY_INDEX, policy.name)] = make_policy_page(
            catalog, policy
        ).make()
    for target in TARGETS.values():
        views[locate_reference_page(TARGET_INDEX, target.name)] = make_target_page(
            catalog, target
        ).make()
    return {path: render_page(view) for path, view in views.items()}


def test_the_list_of_targets_says_what_each_can_enforce() -> None:
    html = unescape(render_page(make_target_index()).html)
    (table,) = re.findall('aria-label="What each client can enforce".*?</table>', html)
    rows = re.findall(r"<tr><th[^>]*><a[^>]*>([^<]*)</a></th>\s?<td>(.*?)</td>", table)
    assert [title for title, _ in rows] == [target.title for target in TARGETS.values()]
    for (_, cell), expected in zip(rows, make_capability_table().values(), strict=True):
        found: dict[str, str] = {}
        for word, names in re.findall(r"<li><span[^>]*>([^<]*)</span>: (.*?)</li>", cell):
            listed = re.findall("<code>([^<]*)</code>", names)
            found |= dict.fromkeys(listed or expected, word)
        assert found == {name: ENFORCEMENT_WORDS[one] for name, one in expected.items()}


def said(found: re.Match[str]) -> Said:
    return Said(found[1], int(found[2] or 0), found[3] or "")


def cells(html: str) -> dict[str, list[Cell]]:
    """Return what a table says of each capability, a cell for each column."""
    return {_capability(row[1]): [*map(_cell, _columns(row[2]))] for row in ROW.finditer(html)}


def _columns(html: str) -> list[str]:
    return re.findall("<td>(.*?)</td>", html)


def _capability(html: str) -> str:
    name = unescape(re.sub("<[^>]*>", "", html))
    return "mcp:*" if name == "any other MCP server" else name


def _cell(html: str) -> Cell:
    first, *rest = html.split('<small class="pp-unless">')
    others: dict[Said, tuple[int, str]] = {}
    for part in rest:
        found, count = SAID.search(part), re.search(r"(\d+)&?[^<]*?pack", unescape(part))
        assert found and count
        others[said(found)] = int(count[1]), unescape(part.partition("<")[0]).strip()
    own = SAID.search(first)
    assert own
    return Cell(said(own), others)


def panels(html: str) -> dict[str, str]:
    return {unescape(found[1]): found[2] for found in PANEL.finditer(html)}


def statements(read: Read) -> Iterator[tuple[str, str, str, Cell]]:
    """Yield each statement of policy and target pages: policy, client, capability and cell."""
    for policy in read.policies:
        page = read.pages[f"reference/policies/{policy}.md"].html
        by_title = panels(page)
        assert len(by_title) == len(TARGETS)
        for name, target in TARGETS.items():
            for capability, (_, cell) in cells(by_title[target.title]).items():
                yield policy, name, capability, cell
    for name in TARGETS:
        page = read.pages[f"reference/targets/{name}.md"].html
        for capability, columns in cells(page).items():
            assert len(columns) == len(read.policies)
            for policy, cell in zip(read.policies, columns, strict=True):
                yield policy, name, capability, cell


def in_file(artifact: Artifact) -> dict[str, tuple[str, int]]:
    """Return what a file grants: an effect, and the number of patterns besides."""
    target = TARGETS[artifact.target]
    decoded = target.decode(artifact.content.decode(), artifact.agent.stem)
    policy = find_policy_in_mode(target, decoded, artifact.agent.mode)
    found = {}
    for name in list_compared(artifact.agent.policy, policy):
        grant = policy.grant(name)
        effect = find_single_effect(grant)
        found[str(name)] = (str(effect), 0) if effect else (str(grant[0].effect), len(grant) - 1)
    return found


def test_policy_and_target_pages_say_what_the_files_say(read: Read) -> None:
    by_place: dict[tuple[str, str], list[Artifact]] = defaultdict(list)
    for artifact in read.files:
        by_place[artifact.agent.policy.name, artifact.target].append(artifact)
    decoded = {
        artifact.path + artifact.variant.pack.name: in_file(artifact) for artifact in read.files
    }
    checked = 0
    for policy, target, capability, cell in statements(read):
        packs: dict[Said, set[str]] = defaultdict(set)
        for artifact in by_place[policy, target]:
            granted = decoded[artifact.path + artifact.variant.pack.name].get(capability)
            if granted is None:
                continue
            fits = [
                one
                for one in (cell.first, *cell.others)
                if one.word == "advisory" or one[:2] == granted
            ]
            assert fits, (policy, target, capability, granted, cell)
            packs[_choose(artifact, capability, fits)].add(artifact.variant.pack.name)
            checked += 1
        counts = {one: len(names) for one, names in packs.items() if one != cell.first}
        assert counts == {one: count for one, (count, _) in cell.others.items()}, (policy, target)
    assert checked > 50


def _choose(artifact: Artifact, capability: str, fits: list[Said]) -> Said:
    """Return which statement is meant for a file: that with the word for what became of it."""
    word = ""
    for loss in artifact.losses:
        if (loss.subject, loss.reader, loss.is_field) == (capability, "", False):
            word = "accepted" if loss.kind == "widened" else "lost" if loss.is_lost else loss.kind
            word = "note" if loss.is_note else word
    chosen = [one for one in fits if one.word == word]
    assert len(chosen) == 1, (artifact.path, capability, word, fits)
    return chosen[0]


def test_variant_pages_say_what_the_files_say(read: Read) -> None:
    labels = {"allow": "May", "ask": "Asks before", "deny": "May not", "inherit": "Client default"}
    for artifact in read.files:
        variant = artifact.variant
        if f"packs/{variant.pack.name}/{variant.name}.md" not in read.pages:
            assert "work" not in read.policies
            continue
        page = read.pages[f"packs/{variant.pack.name}/{variant.name}.md"].html
        panel = panels(page)[TARGETS[artifact.target].title]
        told = {loss.subject for loss in artifact.losses if loss.kind == "advisory"}
        for capability, (effect, _) in in_file(artifact).items():
            expected = str(artifact.agent.policy.grant(capability)[0].effect)
            label = labels[expected if capability in told else effect]
            group = re.search(f'">{label}</span></dt> ?<dd><ul>(.*?)</ul>', panel)
            assert group, (artifact.path, label)
            names = [
                _capability(re.split(" \\+|<a", item)[0])
                for item in re.findall("<li>(.*?)</li>", group[1])
            ]
            assert capability in names, (artifact.path, capability, label)


def test_an_accepted_widening_is_counted(read: Read) -> None:
    found = {
        words
        for policy, target, capability, cell in statements(read)
        if (policy, target, capability) == ("work", "claude-code", "execute")
        for one, (_, words) in cell.others.items()
        if (one.effect, one.word) == (Effect.ALLOW, "accepted")
    }
    assert found == (set() if "work" not in read.policies else {"unless accepted: 1 pack does"})


def test_every_badge_of_a_loss_leads_to_its_meaning(read: Read) -> None:
    legend = read.pages["reference/targets/index.md"]
    assert "losses" in [heading.anchor for heading in legend.headings]
    for word, meaning in LOSS_MEANINGS.items():
        assert f"<strong>{word}</strong></th> <td>{meaning}" in unescape(legend.html)
    badges = 0
    for path, page in read.pages.items():
        for href, word in re.findall(
            r'<a class="pp-badge[^"]*" href="([^"]*)"[^>]*>(\w+)</a>', page.html
        ):
            assert word in LOSS_WORDS
            assert href == f"{'../' * path.count('/')}reference/targets/index.html#losses"
            badges += 1
    assert badges > 20


@pytest.mark.parametrize("name", ["docs/concepts.md", "docs/targets.md"])
def test_the_guide_has_the_same_words(name: str) -> None:
    rows = dict(
        re.findall(r"^\| (\w+) \| ([^|]+?) \|", Path(sites.ROOT, name).read_text(), re.MULTILINE)
    )
    assert {word: rows.get(word) for word in LOSS_WORDS} == dict(LOSS_MEANINGS)


@pytest.mark.parametrize("name", ["README.md", "docs/faq.md"])
def test_lists_of_words_say_the_same(name: str) -> None:
    found = re.findall(r"^- \*(\w+)\*: (.+?)\.", Path(sites.ROOT, name).read_text(), re.MULTILINE)
    rows = {word: text for word, text in found if word in LOSS_MEANINGS}
    assert len(rows) >= 4
    assert rows == {word: LOSS_MEANINGS[word] for word in rows}
