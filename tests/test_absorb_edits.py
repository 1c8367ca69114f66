"""Random hand edits of outputs: absorbed to the byte, or refused at the line that is the reason."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

import support
from absorb_cases import BLANKS, KEPT, KINDS, SHARED, HandEdit, make_hand_edit, write_reference
from promptpack.build import build_project
from promptpack.reading.project import load_project

PROJECTS = ("shared", "kept", "reference")


class Built(NamedTuple):
    """A project that is built, and the texts of its outputs by path."""

    root: Path
    outputs: Mapping[str, bytes]


class Case(NamedTuple):
    """What came of one edit: absorbed, asked (choose a place), or refused."""

    kind: str
    outcome: str
    detail: str


def build_outputs(root: Path) -> dict[str, bytes]:
    """Return what a plain build of the sources gives, by path in the project."""
    return {f"dist/{one.path}": one.content for one in build_project(load_project(root))}


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
    shutil.copytree(built.root, root)
    try:
        (root / output).write_bytes(edit.text.encode())
        before = list_sources(root)
        done = support.call("absorb", output, "--yes", "--format", "json", cwd=root)
        if done.code == 0:
            _check_absorbed(built, root, kind, output, edit, json.loads(done.out))
            return Case(kind, "absorbed", "")
        assert done.code == 1, done.err
        assert list_sources(root) == before
        places = {int(part.split(":")[0]) for part in done.err.split(f"{output}:")[1:]}
        assert places, done.err
        assert places <= edit.lines, (places, edit.lines, done.err)
        is_asked = "could go to more than one place" in done.err
        return Case(kind, "asked" if is_asked else "refused", done.err.split("\n")[0])
    finally:
        shutil.rmtree(root)


def _check_absorbed(
    built: Built, root: Path, kind: str, output: str, edit: HandEdit, data: Mapping[str, list[str]]
) -> None:
    """Hold the changed sources against the edit, and the report against what changed."""
    shutil.rmtree(root / "dist")
    outputs = build_outputs(root)
    now = outputs[output].decode()
    if kind in BLANKS and data["ignored"]:
        assert [one.rstrip() for one in now.rstrip("\n").split("\n")] == [
            one.rstrip() for one in edit.text.rstrip("\n").split("\n")
        ]
    else:
        assert now == edit.text
        assert data["ignored"] == []
    changed = {path for path in outputs if outputs[path] != built.outputs[path]}
    told = {f"dist/{path}" for path in (*data["siblings"], *data["others"])} | {output}
    assert told == changed


def choose_cases(
    projects: Mapping[str, Built], number: int
) -> list[tuple[str, str, str, HandEdit]]:
    """Return so many edits, all kinds and projects in turn."""
    random, cases, turn = Random(7), [], 0  # noqa: S311 - no secret
    while len(cases) < number:
        kind = [*KINDS][turn % len(KINDS)]
        name = random.choice(PROJECTS)
        turn += 1
        paths = sorted(path for path in projects[name].outputs if path.endswith(".md"))
        output = random.choice(paths)
        edit = make_hand_edit(random, kind, projects[name].outputs[output].decode())
        if edit:
            cases.append((name, kind, output, edit))
    return cases


def test_hand_edits_are_absorbed_to_the_byte_or_refused_at_their_line(
    projects: Mapping[str, Built], tmp_path: Path
) -> None:
    number = support.count_cases(36)
    results = [
        run_case(projects[name], tmp_path, kind, output, edit)
        for name, kind, output, edit in choose_cases(projects, number)
    ]
    absorbed = [one for one in results if one.outcome == "absorbed"]
    assert len(absorbed) >= number * 0.6, [one for one in results if one.outcome != "absorbed"]
