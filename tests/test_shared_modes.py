"""`.roomodes`, which packs and people share: entries go in and out, and all else stays.

PyYAML says what a file means, and the bytes of before are what has to be left.
"""

import json
from pathlib import Path
from random import Random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import support
from promptpack.api import diff_projects
from promptpack.model import Project
from promptpack.reading.project import load_project
from promptpack.targets import TARGETS
from promptpack.targets.blocks import SharedForm

_BLOCK = TARGETS["roo"].block
assert _BLOCK is not None
MODES: SharedForm = _BLOCK

OWN = """\
# Modes of this repository
customModes:
  # the first one
  - slug: docs-writer
    name: Docs
    roleDefinition: |
      You write.

      - slug: not a mode
    groups: [read, edit]

  # the second one
  - slug: tester
    name: Tester
    roleDefinition: "You test."
    groups:
      - read
"""
"""A file that a person keeps."""

PACK = {
    "packs/demo/pack.yaml": support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[roo]")
    + "accept:\n  - {target: roo, capability: all, reason: Every mode has these.}\n",
    **{
        f"templates/policies/{name}.yaml": f"title: {name}\nsummary: Looks.\ndefault: deny\n"
        "capabilities: {read: allow, list: allow, grep: allow}\n"
        for name in ("look", "change")
    },
}


def block_of(name: str, word: str) -> str:
    return (
        f"  - slug: {name}\n    name: {word}\n    roleDefinition: |\n      {word}\n    groups: []\n"
    )


def slugs(text: str) -> list[str]:
    return [mode["slug"] for mode in (yaml.safe_load(text) or {}).get("customModes") or []]


@given(
    rest=st.sampled_from(["", OWN, OWN.rstrip("\n"), OWN.replace("\n\n  #", "\n  #")]),
    order=st.lists(st.sampled_from(["a", "echo", "zed-1"]), unique=True, min_size=1),
    out=st.randoms(use_true_random=False),
)
def test_modes_put_in_any_order_are_read_and_come_out_whole(
    rest: str, order: list[str], out: Random
) -> None:
    text = rest
    for name in order:
        text = MODES.put(text, name, block_of(name, "first"))
        text = MODES.put(text, name, block_of(name, f"body-of-{name}"))
    again = rest
    for name in sorted(order):
        again = MODES.put(again, name, block_of(name, f"body-of-{name}"))
    assert text == again
    assert MODES.list_names(text) == slugs(text) == sorted({*order, *slugs(rest)})
    for name in order:
        assert MODES.find(text, name) == block_of(name, f"body-of-{name}")
        (mode,) = (m for m in yaml.safe_load(text)["customModes"] if m["slug"] == name)
        assert mode["name"] == f"body-of-{name}"
    out.shuffle(order)
    for name in order:
        text = MODES.remove(text, name)
    assert text == rest


def test_a_change_of_the_prompt_is_told_by_section_and_once_for_all_clients(
    tmp_path: Path,
) -> None:
    pack = PACK["packs/demo/pack.yaml"].replace("[roo]", "[roo, opencode]")

    def load(name: str, role: str) -> Project:
        files = {**PACK, "packs/demo/pack.yaml": pack, "packs/demo/role.md": f"{role}\n"}
        return load_project(support.make_project(tmp_path / name, files))

    before = load("before", "You answer.")
    (change,) = diff_projects(before, load("brief", "You answer briefly.")).changes
    assert change.section == "role"
    assert {place.output.partition("/")[0] for place in change.places} == {"roo", "opencode"}
    dashes = load("one", "You answer — so."), load("two", "You answer — or not.")
    changes = diff_projects(*dashes).changes
    assert {change.section for change in changes} == {"role"}
    places = [place for change in changes for place in change.places]
    assert {place.output.partition("/")[0] for place in places} == {"roo", "opencode"}


UNFIT = {
    "JSON": json.dumps(yaml.safe_load(OWN)),
    "flow": "customModes: [{slug: a, groups: []}]\n",
    "empty": "customModes: []\n",
    "other indent": "customModes:\n- slug: a\n  groups: []\n",
    "no list": "modes: 5\n",
    "no YAML": "customModes:\n  - 'slug\n",
    "no UTF-8": "customModes:\n  - slug: \udcff\n",
}


@pytest.mark.parametrize("text", UNFIT.values(), ids=UNFIT)
def test_a_file_of_another_form_takes_no_mode(text: str, tmp_path: Path) -> None:
    assert MODES.explain_unfit(text)
    project, shop = support.make_project(tmp_path / "project", PACK), tmp_path / "shop"
    content = text.encode("utf-8", "surrogateescape")
    support.write_files(shop, {".roomodes": content})
    words = ("install", "demo", "--target", "roo", "--into", shop, "--yes")
    done = support.call(*words, cwd=project)
    assert done.code != 0
    assert "PP403" in done.err
    assert support.snapshot(shop) == {".roomodes": content}
    done = support.call(*words, "--force", cwd=project)
    assert done.code == 0, done.err
    assert (shop / ".roomodes.orig").read_bytes() == content
    assert slugs((shop / ".roomodes").read_text()) == ["demo"]


def test_a_mode_goes_into_a_file_and_out_again(tmp_path: Path) -> None:
    project, shop = support.make_project(tmp_path / "project", PACK), tmp_path / "shop"
    support.write_files(shop, {".roomodes": OWN})
    words = ("--into", shop, "--yes")
    done = support.call("install", "demo", "--target", "roo", *words, cwd=project)
    assert done.code == 0, done.err
    text = (shop / ".roomodes").read_text()
    assert slugs(text) == ["demo", "docs-writer", "tester"]
    (mode, *_) = yaml.safe_load(text)["customModes"]
    assert mode["groups"] == ["read"]
    assert mode["roleDefinition"].startswith("# Role\n")
    checked = support.call("install", "--check", *words, cwd=project)
    assert checked.code == 0, checked.err
    (shop / ".roomodes").write_text(text.replace("      - read\n", "      - command\n", 1))
    checked = support.call("install", "--check", *words, cwd=project)
    assert checked.code == 1
    assert "edited" in checked.out + checked.err
    (shop / ".roomodes").write_text(text)
    done = support.call("install", "--uninstall", "demo", *words, cwd=project)
    assert done.code == 0, done.err
    assert (shop / ".roomodes").read_text() == OWN


def test_a_mode_of_the_same_slug_is_somebody_elses(tmp_path: Path) -> None:
    project, shop = support.make_project(tmp_path / "project", PACK), tmp_path / "shop"
    support.write_files(shop, {".roomodes": OWN.replace("tester", "demo")})
    words = ("install", "demo", "--target", "roo", "--into", shop, "--yes")
    done = support.call(*words, cwd=project)
    assert done.code != 0
    assert "PP403" in done.err


def test_packs_of_a_project_share_the_file_that_is_built(tmp_path: Path) -> None:
    second = {
        k.replace("demo", "second"): v.replace("name: demo", "name: second")
        for k, v in {**support.DEMO, **PACK}.items()
        if k.startswith("packs/")
    }
    project = support.built(tmp_path, {**PACK, **second})
    text = (project / "dist/roo/tiny.look/.roomodes").read_text()
    assert slugs(text) == ["demo", "second"]
    words = "      You answer questions about a Python project."
    number = text.split("\n").index(words) + 1
    done = support.call("explain", f"dist/roo/tiny.look/.roomodes:{number}", cwd=project)
    assert done.code == 0, done.err
    assert "packs/demo/role.md:1" in done.out


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_audit_and_import_take_each_mode(form: str, tmp_path: Path) -> None:
    text = OWN if form == "yaml" else json.dumps(yaml.safe_load(OWN))
    support.write_files(tmp_path, {".roomodes": text})
    data = json.loads(support.call("audit", ".", "--format", "json", cwd=tmp_path).out)
    files = {one["path"]: one["readers"][0]["permissions"] for one in data["files"]}
    assert {path: one["edit"] for path, one in files.items()} == {
        ".roomodes#docs-writer": "allow",
        ".roomodes#tester": "deny",
    }
    done = support.call("import", ".", "--into", "out", "--yes", "--format", "json", cwd=tmp_path)
    plan = json.loads(done.out)
    assert not [p for p in plan["packs"] for f in p["files"] if not f["identical"]]
    assert len(plan["packs"]) + len(plan["refused"]) == 2
    assert all("would differ" in one["reason"] for one in plan["refused"])


def test_a_file_in_the_form_of_the_clients_own_writer_is_imported_whole(tmp_path: Path) -> None:
    text = """\
customModes:
  - slug: docs
    name: ⚡ Docs
    roleDefinition: |-
      You write docs.

      Be short.
    whenToUse: Use it for docs.
    customInstructions: No code.
    groups:
      - read
      - mcp
    source: project
  - slug: looker
    name: looker
    roleDefinition: You look.
    description: Looks.
    groups:
      - read
    source: project
"""
    support.write_files(tmp_path, {".roomodes": text})
    done = support.call("import", ".", "--into", ".", "--yes", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "2 packs" in done.out
    assert "refused" not in done.out
    assert support.call("build", cwd=tmp_path).code == 0
    built = [*(tmp_path / "dist/roo").rglob(".roomodes")]
    assert sorted(m for one in built for m in slugs(one.read_text())) == ["docs", "looker"]
    checked = support.call("install", cwd=tmp_path)
    assert checked.code == 0, checked.err
    assert (tmp_path / ".roomodes").read_text() == text


@pytest.mark.parametrize("text", ["a: [", "customModes:\n  - slug: a\n  - slug: a\n", "x\n"])
def test_a_file_that_is_not_loaded_is_told_so(text: str, tmp_path: Path) -> None:
    support.write_files(tmp_path, {".roomodes": text})
    done = support.call("audit", ".", cwd=tmp_path)
    assert ".roomodes" in done.out + done.err
    data = json.loads(support.call("audit", ".", "--format", "json", cwd=tmp_path).out)
    assert all(one["refusal"] for one in data["files"])
