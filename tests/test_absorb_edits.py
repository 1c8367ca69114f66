"""Random hand edits of outputs: absorbed to the byte, or refused at the line that is the reason."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

import support
from absorb_cases import BLANKS, KEPT, KINDS, SHARED, HandEdit, make_hand_edit, write_reference
from promptpack.build import build_project
from promptpack.output.manifest import MANIFEST
from promptpack.reading.project import load_project

PROJECTS = ("shared", "kept", "reference")
TURNS = ("shared",) * 4 + ("kept",) * 3 + ("reference",)
"""Which projects the edits are of; the outputs of the last one take the longest to build."""


class Built(NamedTuple):
    """A project that is built, and the texts of its outputs by path."""

    root: Path
    outputs: Mapping[tuple[str, str], bytes]

    def list_paths(self) -> list[str]:
        """Return the outputs that have a file of their own and are text."""
        paths = [path for path, _ in self.outputs]
        return sorted(path for path in paths if path.endswith(".md") and paths.count(path) == 1)

    def read(self, path: str) -> str:
        return (self.root / path).read_bytes().decode()


class Case(NamedTuple):
    """What came of one edit: absorbed at once, asked (absorbed once a place is named), refused."""

    kind: str
    outcome: str
    detail: str


def build_outputs(root: Path) -> dict[tuple[str, str], bytes]:
    """Return what a plain build of the sources gives, by path and pack: packs share some files."""
    artifacts = build_project(load_project(root))
    return {(f"dist/{one.path}", one.variant.pack.name): one.content for one in artifacts}


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Built]:
    found = {}
    for name in PROJECTS:
        root = tmp_path_factory.mktemp(name)
        if name == "reference":
            write_reference(root)
        else:
            support.write_files(root, SHARED if name == "shared" else KEPT)
        assert (done := support.call("build", cwd=root)).code == 0, done.err
        found[name] = Built(root, build_outputs(root))
    return found


def list_sources(root: Path) -> dict[str, bytes | str]:
    return {k: v for k, v in support.snapshot(root).items() if not k.startswith("dist")}


def run_case(built: Built, folder: Path, kind: str, output: str, edit: HandEdit) -> Case:
    """Absorb one edit in a copy of the project, and hold what came of it against a plain build."""
    root = folder / "project"
    shutil.copytree(built.root, root, ignore=shutil.ignore_patterns("dist"))
    try:
        manifest = (built.root / "dist" / MANIFEST).read_bytes()
        files: dict[str, str | bytes] = {output: edit.text, f"dist/{MANIFEST}": manifest}
        support.write_files(root, files)
        before = list_sources(root)
        done = support.call("absorb", output, "--yes", "--format", "json", cwd=root)
        options = re.findall(r"'--to ([^']*?)'", " ".join(done.err.split()))
        is_asked = "could go to more than one place" in done.err
        if is_asked and done.err.count("error[") == 1:  # do what it says
            choice = ("--to", options[0].replace(" ", ""))
            done = support.call("absorb", output, "--yes", "--format", "json", *choice, cwd=root)
        if done.code == 0:
            data = json.loads(done.out)
            assert kind in BLANKS or data["ignored"] == []
            _check_absorbed(built, root, output, edit.text, data, is_exact=kind not in BLANKS)
            return Case(kind, "asked" if is_asked else "absorbed", "")
        assert done.code == 1, done.err
        assert list_sources(root) == before
        places = {int(number) for number in re.findall(rf"--> {re.escape(output)}:(\d+)", done.err)}
        assert places, done.err
        assert places <= edit.lines, (places, edit.lines, done.err)
        return Case(kind, "refused", done.err.split("\n")[0])
    finally:
        shutil.rmtree(root)


def _check_absorbed(
    built: Built,
    root: Path,
    output: str,
    wanted: str,
    data: Mapping[str, list[str]],
    *,
    is_exact: bool,
) -> None:
    """Hold the changed sources against the edit, and the report against what changed."""
    shutil.rmtree(root / "dist")
    outputs = build_outputs(root)
    (now,) = (content.decode() for (path, _), content in outputs.items() if path == output)
    if not is_exact:
        now, wanted = (re.sub(r"[ \n]+$", "", one, flags=re.MULTILINE) for one in (now, wanted))
    assert now == wanted
    changed = sorted(key[0] for key in outputs if outputs[key] != built.outputs[key])
    told = sorted([*(f"dist/{path}" for path in (*data["siblings"], *data["others"])), output])
    assert told == changed


def choose_cases(
    projects: Mapping[str, Built], number: int
) -> list[tuple[str, str, str, HandEdit]]:
    """Return so many edits, all kinds and projects in turn."""
    random, turn = Random(7), 0  # noqa: S311 - no secret
    cases: list[tuple[str, str, str, HandEdit]] = []
    while len(cases) < number:
        kind = [*KINDS][turn % len(KINDS)]
        name = random.choice(TURNS)
        turn += 1
        output = random.choice(projects[name].list_paths())
        edit = make_hand_edit(random, kind, projects[name].read(output))
        if edit:
            cases.append((name, kind, output, edit))
    return cases


def test_hand_edits_are_absorbed_to_the_byte_or_refused_at_their_line(
    projects: Mapping[str, Built], tmp_path: Path
) -> None:
    number = support.count_cases(60)
    results = [
        run_case(projects[name], tmp_path, kind, output, edit)
        for name, kind, output, edit in choose_cases(projects, number)
    ]
    absorbed = [one for one in results if one.outcome == "absorbed"]
    assert len(absorbed) >= number * 0.7, [one for one in results if one.outcome != "absorbed"]
