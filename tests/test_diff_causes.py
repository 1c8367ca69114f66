"""Causes first: each changed place of a source once, with what follows; what comes or goes, once.

The places are held against `git diff`, the outputs against two builds that are compared as bytes.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

import support
from promptpack.diff.formats import FORMATS
from promptpack.reporting.json_schemas import REPORTS
from review_cases import commit, edit, git, report, repository

PACK = "packs/demo/pack.yaml"
SMALL = "templates/fragments/standards/small-steps.md"
LOOK = "templates/policies/look.yaml"
CHANGE = "templates/policies/change.yaml"
TINY = "templates/models/tiny.yaml"
CLIENTS = "opencode, claude-code, gemini"
FILES = {
    **support.DEMO,
    PACK: support.DEMO[PACK].replace("[opencode]", f"[{CLIENTS}]") + support.NO_CURSOR,
    "templates/models/big.yaml": support.DEMO[TINY].replace("Tiny", "Big"),
    "templates/policies/run.yaml": support.DEMO[LOOK].replace("list: allow", "execute: allow"),
    "templates/policies/less.yaml": support.DEMO[LOOK].replace(", list: allow", ""),
}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return a project of two variants for three clients, committed."""
    return repository(tmp_path / "repo", FILES)


def list_git_hunks(root: Path) -> set[tuple[str, str, str]]:
    """Return each changed place as git sees it: its file, its old and its new lines."""
    places = set()
    for part in git(root, "diff", "-U0", "--no-color", "HEAD").split("diff --git ")[1:]:
        path = re.search(r"^\+\+\+ b/(.*)$", part, re.MULTILINE)
        assert path is not None
        for hunk in re.split(r"^@@ .*\n", part, flags=re.MULTILINE)[1:]:
            lines = hunk.splitlines(keepends=True)
            old = "".join(line[1:] for line in lines if line.startswith("-"))
            new = "".join(line[1:] for line in lines if line.startswith("+"))
            places.add((path[1], old, new))
    return places


def test_sources_are_the_places_that_git_sees(repo: Path) -> None:
    edit(repo, SMALL, "- Take one small step at a time.\n", "- Take small steps.\n- Stop.\n")
    edit(repo, SMALL, "- Say what you are about to change, and why.\n", "")
    edit(repo, LOOK, "glob: allow", "glob: ask")
    edit(repo, TINY, "title: Tiny", "title: Small")
    found = report(repo)
    REPORTS["diff"].model_validate(found)
    sources = found["sources"]
    assert {(s["file"], s["before"], s["after"]) for s in sources} == list_git_hunks(repo)
    for source in sources:
        text = (repo / source["file"]).read_text().splitlines(keepends=True)
        first, last = source["lines"]["head"] or (1, 0)
        assert "".join(text[first - 1 : last]) == source["after"]


def build_files(root: Path, into: Path) -> dict[str, bytes]:
    done = support.call("build", "--out", str(into), cwd=root)
    assert done.code == 0, done.err
    return {
        path.relative_to(into).as_posix(): path.read_bytes()
        for path in into.rglob("*")
        if path.is_file() and not path.name.startswith(".promptpack")
    }


def list_changed(old: dict[str, bytes], new: dict[str, bytes]) -> set[str]:
    return {path for path in {*old, *new} if old.get(path) != new.get(path)}


EDITS = (
    (SMALL, "Take one small step", "Take one tiny step"),
    (CHANGE, "edit: ask", "edit: deny"),
    ("packs/demo/role.md", "You answer", "You only answer"),
    (PACK, "count: 2", "count: 3"),
)


def test_each_source_reaches_the_outputs_that_it_alone_changes(repo: Path, tmp_path: Path) -> None:
    before = build_files(repo, tmp_path / "before")
    expected: dict[str, set[str]] = {}
    for number, (path, old, new) in enumerate(EDITS):
        edit(repo, path, old, new)
        expected[path] = list_changed(before, build_files(repo, tmp_path / str(number)))
        edit(repo, path, new, old)
    for path, old, new in EDITS:
        edit(repo, path, old, new)
    found = report(repo)
    assert {s["file"]: set(s["outputs"]) for s in found["sources"]} == expected
    ids = {change["id"] for change in (*found["permissions"], *found["groups"])}
    assert {one for source in found["sources"] for one in source["groups"]} == ids


def test_a_change_without_effect_is_listed_and_reaches_nothing(repo: Path) -> None:
    edit(repo, LOOK, "summary: Searches, and changes nothing.", "summary: Only searches.")
    edit(repo, "packs/demo/role.md", "You answer", "You only answer")
    sources = {source["file"]: source for source in report(repo)["sources"]}
    assert (sources[LOOK]["outputs"], sources[LOOK]["groups"]) == ([], [])
    assert len(sources["packs/demo/role.md"]["outputs"]) == 6
    text = support.call("diff", cwd=repo).out
    assert "1 changed place of sources without effect" in text


def test_the_worst_consequence_comes_first_and_each_group_once(repo: Path) -> None:
    for path, old, new in EDITS:
        edit(repo, path, old, new)
    edit(repo, LOOK, "list: allow", "list: allow, execute: allow")
    ids = {change["id"] for part in ("permissions", "groups") for change in report(repo)[part]}
    text = support.call("diff", cwd=repo).out
    assert re.search(r"^! PERMISSIONS WIDENED  \d+ groups?: P1", text, re.MULTILINE)
    headings = re.findall(r"^(\S+):\d+ → ", text, re.MULTILINE)
    assert headings[0] == LOOK
    assert len(headings) == len(set(headings)) == 5
    assert sorted(re.findall(r"^  ([PG]\d+) ", text, re.MULTILINE)) == sorted(ids)
    markdown = support.call("diff", "--format", "markdown", cwd=repo).out
    assert sorted(re.findall(r"^- \*\*([PG]\d+)\*\*", markdown, re.MULTILINE)) == sorted(ids)
    assert markdown.count("<details>") == markdown.count("</details>") > 0
    assert markdown.index("Permissions widened") < markdown.index(LOOK) < markdown.index("- **")
    page = support.call("diff", "--format", "html", cwd=repo).out
    assert page.count("<article ") == len(ids)


def test_a_part_never_says_that_nothing_is_widened(repo: Path) -> None:
    edit(repo, LOOK, "list: allow", "list: allow, execute: allow")
    text = support.call("diff", "--only", "prose", cwd=repo).out
    assert re.search(r"^! Permissions widened in \d+ groups?: P1", text, re.MULTILINE)
    assert "No permission" not in text


class Addition(NamedTuple):
    """A word that is added to the pack of the project, and the number of outputs it brings."""

    old: str
    new: str
    axis: str
    value: str
    added_count: int


ADDITIONS = (
    Addition("model: [tiny]", "model: [tiny, big]", "model", "big", 6),
    Addition("policy: [look, change]", "policy: [look, change, less]", "policy", "less", 3),
    Addition(f"[{CLIENTS}]", f"[{CLIENTS}, codex]", "target", "codex", 2),
)


@pytest.mark.parametrize("added", ADDITIONS, ids=lambda added: added.axis)
def test_what_is_added_to_a_pack_is_one_group_without_news_of_permissions(
    repo: Path, added: Addition
) -> None:
    edit(repo, PACK, added.old, added.new)
    if added.value == "codex":
        (repo / PACK).write_text((repo / PACK).read_text() + support.NO_SHELL)
    found = report(repo, "--fail-on", "permissions")
    assert found["permissions"] == []
    (group,) = found["groups"]
    assert (group["kind"], group["field"]) == ("output-added", added.axis)
    assert group["new"] == added.value
    assert len(group["outputs"]) == found["summary"]["added"] == added.added_count
    assert found["sources"][0]["groups"] == ["G1"]
    commit(repo)
    edit(repo, PACK, added.new, added.old)
    if added.value == "codex":
        edit(repo, PACK, support.NO_SHELL, "")
    (group,) = report(repo, "HEAD")["groups"]
    assert (group["kind"], group["field"]) == ("output-removed", added.axis)
    assert (group["old"], len(group["outputs"])) == (added.value, added.added_count)


def test_a_right_that_no_sibling_has_trips_the_gate_once(repo: Path) -> None:
    edit(repo, PACK, "policy: [look, change]", "policy: [look, change, run]")
    done = support.call("diff", "--fail-on", "permissions", "--format", "json", cwd=repo)
    assert done.code == 1
    found = json.loads(done.out)
    (widened,) = found["permissions"]
    assert (widened["kind"], widened["field"]) == ("widened", "policy run")
    assert "execute: allow" in widened["new"]
    assert "glob" not in widened["new"]
    assert len(widened["outputs"]) == 3


def test_rights_of_two_siblings_together_are_news(repo: Path) -> None:
    both = support.DEMO[CHANGE].replace("glob: allow, ", "execute: allow, ")
    support.write_files(repo, {"templates/policies/both.yaml": both})
    edit(repo, PACK, "policy: [look, change]", "policy: [look, change, run]")
    commit(repo)
    edit(repo, PACK, "policy: [look, change, run]", "policy: [look, change, run, both]")
    done = support.call("diff", "HEAD", "--fail-on", "permissions", "--format", "json", cwd=repo)
    assert done.code == 1
    assert [one["field"] for one in json.loads(done.out)["permissions"]] == ["policy both"]


def test_a_model_that_comes_with_a_wider_policy_repeats_nothing(repo: Path) -> None:
    edit(repo, PACK, "model: [tiny]", "model: [tiny, big]")
    edit(repo, LOOK, "list: allow", "list: allow, execute: allow")
    found = report(repo)
    assert {one["field"] for one in found["permissions"]} == {"execute"}
    assert all(one["old"] != "no such output" for one in found["permissions"])
    only = report(repo, "--variant", "big.look")
    assert [one["field"] for one in only["permissions"]] == ["model big"]
    assert "execute: allow" in only["permissions"][0]["new"]


def test_a_new_pack_is_one_group_and_its_permissions_another(repo: Path) -> None:
    pack = FILES[PACK].replace("name: demo", "name: other")
    support.write_files(repo, {"packs/other/pack.yaml": pack, "packs/other/role.md": "You help.\n"})
    done = support.call("diff", "--fail-on", "permissions", "--format", "json", cwd=repo)
    assert done.code == 1
    found = json.loads(done.out)
    (group,), (widened,) = found["groups"], found["permissions"]
    assert (group["field"], group["new"], len(group["outputs"])) == ("pack", "other", 6)
    assert (widened["field"], len(widened["outputs"])) == ("pack other", 6)
    assert "edit: ask" in widened["new"]
    assert "glob: allow" in widened["new"]
    assert {source["file"] for source in found["sources"] if source["groups"]} == {
        "packs/other/pack.yaml",
        "packs/other/role.md",
    }


def test_an_accepted_addition_is_shown_again_with_another_text(repo: Path) -> None:
    edit(repo, PACK, "model: [tiny]", "model: [tiny, big]")
    support.write_files(repo, {"reviewed.json": json.dumps(report(repo))})
    git(repo, "add", "reviewed.json")
    git(repo, "commit", "--quiet", "--message", "accept")
    again = report(repo, "HEAD", "--accept", "reviewed.json")
    assert (again["groups"], len(again["accepted"])) == ([], 1)
    text = support.call("diff", "HEAD", "--accept", "reviewed.json", cwd=repo).out
    assert re.search(r"^Accepted earlier\n  model big added", text, re.MULTILINE)
    edit(repo, "packs/demo/role.md", "You answer", "You never answer")
    changed = report(repo, "HEAD", "--accept", "reviewed.json")
    assert "big" in [group["new"] for group in changed["groups"]]


@pytest.mark.parametrize("name", ['"mcp:issues"', "'mcp:issues'", "mcp:issues"])
def test_a_capability_is_found_quoted_or_not(repo: Path, name: str) -> None:
    edit(repo, PACK, f"[{CLIENTS}]", "[opencode]")
    quoted = f"  {name}: ask\n"
    text = "title: Look\nsummary: Searches.\ndefault: deny\ncapabilities:\n  glob: allow\n"
    support.write_files(repo, {LOOK: text + quoted})
    commit(repo)
    new = quoted.replace("ask", "allow") + "  web_search: allow\n"
    support.write_files(repo, {LOOK: text.replace("Searches", "Looks") + new})
    causes = {
        change["field"]: [cause["line"] for cause in change["causes"]]
        for change in report(repo, "HEAD")["permissions"]
        if change["kind"] == "widened"
    }
    assert causes == {"mcp:issues": [6], "web_search": [7]} | (
        {"mcp:issues/*": [6]} if "mcp:issues/*" in causes else {}
    )


def test_a_pattern_is_a_cause_of_the_capability_above_it(repo: Path) -> None:
    text = (
        "title: Look\nsummary: Searches.\ndefault: deny\ncapabilities:\n"
        '  execute:\n    "*": deny\n    "ls *": ask\n  web_fetch: deny\n'
    )
    support.write_files(repo, {LOOK: text})
    edit(repo, PACK, f"[{CLIENTS}]", "[opencode]")
    commit(repo)
    edit(repo, LOOK, '"ls *": ask', '"ls *": allow')
    edit(repo, LOOK, "web_fetch: deny", "web_fetch: ask")
    causes = {
        change["field"]: [cause["line"] for cause in change["causes"]]
        for change in report(repo, "HEAD")["permissions"]
    }
    assert causes == {"execute": [7], "web_fetch": [8]}


def test_every_sarif_result_has_a_place(repo: Path) -> None:
    """Taking a policy of one's own away, for that of the library, has no cause in the project."""
    edit(repo, PACK, "[look, change]", "[look, change, read-only]")
    own = {"templates/policies/read-only.yaml": FILES[LOOK]}
    support.write_files(repo, own)
    commit(repo)
    (repo / "templates/policies/read-only.yaml").unlink()
    done = support.call("diff", "HEAD", "--format", "sarif", cwd=repo)
    results = json.loads(done.out)["runs"][0]["results"]
    assert results
    for result in results:
        (place,) = result["locations"]
        uri = place["physicalLocation"]["artifactLocation"]["uri"]
        assert uri
        assert not uri.startswith("promptpack:")


def test_formats_agree_on_a_review_by_causes(repo: Path) -> None:
    for path, old, new in EDITS:
        edit(repo, path, old, new)
    groups = report(repo)["summary"]["groups"]
    for name in ("sarif", "gitlab"):
        data = json.loads(support.call("diff", "--format", name, cwd=repo).out)
        entries = data["runs"][0]["results"] if name == "sarif" else data
        assert len(entries) >= groups
    assert set(FORMATS) == {"text", "markdown", "html", "json", "sarif", "github", "gitlab"}


def test_causes_are_links_where_the_address_is_known(repo: Path) -> None:
    edit(repo, SMALL, "Take one small step", "Take one tiny step")
    (repo / "packs/demo/role.md").unlink()
    edit(repo, PACK, "  role: ./role.md\n", "")
    address = "https://git.example.com/o/r/blob/0123abc"
    out = support.call("diff", "--format", "markdown", "--link-to", f"{address}/", cwd=repo).out
    assert re.findall(r"\]\(([^)]*)\)", out) == [f"{address}/{SMALL}#L5"]
    assert "### `packs/demo/role.md:1` →" in out or "### `packs/demo/pack.yaml:" in out
    plain = support.call("diff", "--format", "markdown", cwd=repo).out
    assert "](" not in plain


@pytest.mark.parametrize(
    "address", ["javascript:x", "https://a b", "https://a)](x", "x", "ftp://a"]
)
def test_an_address_of_another_kind_is_refused(repo: Path, address: str) -> None:
    done = support.call("diff", "--link-to", address, cwd=repo)
    assert (done.code, done.out) == (2, "")
    assert "is not an http or https address" in done.err
