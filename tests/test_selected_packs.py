"""A command that is about one pack reads that pack, and no other.

What a process opens is told by Python itself, before it happens. What is in the other packs can't
matter then, so it may be wrong; where all packs have to be read, that is said.
"""

import json
import re
from pathlib import Path

import pytest

import forked
import support
from review_cases import commit

PACK, SHARED = "packs/demo/pack.yaml", "promptpack.yaml"
OTHER = support.DEMO[PACK].replace("name: demo", "name: other")
OTHERS = {"packs/other/pack.yaml": OTHER, "packs/other/role.md": "You are another.\n"}
WATCHED = """
import os, sys

def watch(event, details):
    if event == "open" and isinstance(details[0], (str, os.PathLike)):
        path = os.path.realpath(details[0])
        if path.startswith(os.path.realpath("packs")):
            os.write(2, f"opened: {os.path.relpath(path)}\\n".encode())

sys.addaudithook(watch)
from promptpack.cli import main
main()
"""
OWN = {"packs/demo/pack.yaml", "packs/demo/role.md"}
INSTALL = ("--target", "opencode", "--into", ".")


def list_opened(text: str) -> set[str]:
    return {path for path in re.findall(r"opened: (\S+)", text) if not Path(path).is_dir()}


@pytest.mark.parametrize(
    ("words", "opened"),
    [
        (("show", "demo"), OWN),
        (("show", "demo", "tiny.change", "--target", "opencode"), OWN),
        (("show", "policy:look"), set()),
        (("show", "standards/examples"), set()),
        (("install", "demo", *INSTALL, "--yes"), OWN),
        (("install", "demo", *INSTALL, "--check"), OWN),
        (("build", "--pack", "demo"), OWN),
        (("check", "--pack", "demo"), OWN),
        (("list", "models", "policies", "layouts", "rules", "libraries"), set()),
        (("build",), OWN | {*OTHERS}),
        (("list", "packs"), {p for p in (*OWN, *OTHERS) if p.endswith("pack.yaml")}),
        (("list", "fragments"), OWN | {*OTHERS}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_only_files_of_what_was_asked_for_are_opened(
    words: tuple[str, ...], opened: set[str], tmp_path: Path
) -> None:
    root = support.make_project(tmp_path, OTHERS)
    done = forked.run(*words, cwd=root, code=WATCHED)
    assert done.code in {0, 1}, done.err
    assert list_opened(done.err) & {*OWN, *OTHERS} == opened


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (("show", "demo"), (0, 0)),
        (("show", "policy:look"), (0, 0)),
        (("install", "demo", *INSTALL, "--yes"), (0, 0)),
        (("list", "models"), (0, 0)),
        (("build", "--pack", "demo"), (0, 0)),
        (("build", "--pack", "demo", "--pack", "other"), (3, 0)),
        (("build", "--pack", "othr"), (3, 2)),
        (("show", "nothing"), (3, 2)),
        (("show",), (3, 2)),
        (("build",), (3, 0)),
        (("list",), (3, 0)),
        (("lint", "--rule", "PP301"), (1, 0)),
        (("install", "demo", "--target", "opencode"), (2, 2)),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_errors_in_other_packs(
    words: tuple[str, ...], codes: tuple[int, int], tmp_path: Path
) -> None:
    """The code is the first one where another pack can't be read, and the second where it can."""
    for code, text in zip(codes, ("name: other\n", OTHER), strict=True):
        root = support.make_project(
            tmp_path / f"{len(text)}", {**OTHERS, "packs/other/pack.yaml": text}
        )
        done = support.call(*words, cwd=root)
        assert done.code == code, done.err
        assert ("packs/other/pack.yaml" in done.out + done.err) == (code in {1, 3})


def test_a_selection_builds_what_a_whole_build_has(tmp_path: Path) -> None:
    root = support.built(tmp_path, OTHERS)
    before = support.snapshot(root / "dist")
    assert support.call("build", "--pack", "demo", "--exit-code", cwd=root).code == 0
    assert support.call("check", "--pack", "other", cwd=root).code == 0
    (root / "packs/demo/role.md").write_text("You help.\n")
    assert support.call("check", "--pack", "other", cwd=root).code == 0
    assert support.call("check", "--pack", "demo", cwd=root).code == 1
    assert support.call("build", "--pack", "demo", cwd=root).code == 0
    after = support.snapshot(root / "dist")
    changed = {path for path in after if after[path] != before[path]}
    assert {path.rpartition("/")[2] for path in changed} == {"demo.md", ".promptpack.json"}
    assert support.call("check", cwd=root).code == 0


def test_the_list_of_permissions_is_about_all_packs(tmp_path: Path) -> None:
    root = support.make_project(tmp_path, {**OTHERS, SHARED: "permissions: PERMISSIONS.txt\n"})
    assert support.call("build", "--pack", "demo", cwd=root).code == 0
    listed = (root / "PERMISSIONS.txt").read_text()
    assert "demo | " in listed
    assert "other | " in listed


@pytest.mark.parametrize("file", ["demo", "DEMO"])
def test_a_file_that_is_recorded_as_of_another_pack_has_all_packs_read(
    file: str, tmp_path: Path
) -> None:
    """Where both are the file of one path, neither takes it from the other."""
    rival = OTHER + f"clients: {{opencode: {{file: {file}}}}}\n"
    root = support.make_project(tmp_path, {**OTHERS, "packs/other/pack.yaml": rival})
    assert support.call("build", "--pack", "other", cwd=root).code == 0
    before = support.snapshot(root / "dist")
    done = support.call("build", "--pack", "demo", cwd=root)
    assert (done.code, "is the file of the pack" in done.err) == (3, True)
    assert support.call("check", "--pack", "demo", cwd=root).code == 3
    assert support.snapshot(root / "dist") == before
    support.write_files(root, OTHERS)
    assert support.call("build", "--pack", "demo", cwd=root).code == 0


def test_a_pack_that_was_not_read_is_not_gone(tmp_path: Path) -> None:
    root = support.make_project(tmp_path, OTHERS)
    for name in ("other", "demo"):
        done = support.call("install", name, *INSTALL, "--yes", cwd=root)
        assert (done.code, "stays" in done.out) == (0, False)
    done = support.call("install", "demo", "--into", ".", "--uninstall", "--yes", cwd=root)
    assert (done.code, "stays" in done.out) == (0, False)
    assert (root / ".opencode/agents/other.md").exists()
    assert not (root / ".opencode/agents/demo.md").exists()


@pytest.mark.parametrize("edited", [None, "packs/other/role.md", "packs/demo/role.md"])
def test_the_commit_of_an_installation_is_about_its_own_sources(
    edited: str | None, tmp_path: Path
) -> None:
    root = support.make_project(tmp_path, OTHERS)
    commit(root)
    if edited:
        (root / edited).write_text("Edited.\n")
    assert support.call("install", "demo", *INSTALL, "--yes", cwd=root).code == 0
    record = json.loads((root / ".promptpack-installed.json").read_text())["files"]
    assert ("commit" in record[".opencode/agents/demo.md"]) == (edited != "packs/demo/role.md")
