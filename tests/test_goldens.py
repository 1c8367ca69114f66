"""Small projects and the files they become, for every client, compared file by file.

`tests/golden/<case>/input` is a project, `expected` its output folder. `PROMPTPACK_ACCEPT=1` (or
`make goldens`) rewrites what is expected; for users that difference is the change.
"""

import os
import shutil
from pathlib import Path

import pytest

from promptpack.build import build_project
from promptpack.reading.project import load_project
from promptpack.rendering.sandbox import Templates
from promptpack.targets import TARGETS

CASES = sorted((Path(__file__).parent / "golden").iterdir())
ACCEPT = bool(os.environ.get("PROMPTPACK_ACCEPT"))


def emitted(case: Path) -> dict[str, bytes]:
    """Return what a case's project becomes, blocks that share a file one after the other."""
    files: dict[str, bytes] = {}
    for artifact in build_project(load_project(case / "input")):
        before = files.get(artifact.path)
        files[artifact.path] = b"\n".join(filter(None, (before, artifact.content)))
    return files


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_project_becomes_the_expected_files(case: Path) -> None:
    expected = case / "expected"
    found = emitted(case)
    if ACCEPT:
        shutil.rmtree(expected, ignore_errors=True)
        for path, content in found.items():
            (expected / path).parent.mkdir(parents=True, exist_ok=True)
            (expected / path).write_bytes(content)
    kept = {
        path.relative_to(expected).as_posix(): path.read_bytes()
        for path in expected.rglob("*")
        if path.is_file()
    }
    assert sorted(found) == sorted(kept)
    for path, content in kept.items():
        assert found[path].decode() == content.decode(), path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_input_is_used(case: Path) -> None:
    project = load_project(case / "input")
    templates, packs = Templates(project), project.packs.values()
    uses = [u for pack in packs for s in pack.sections for part in s.parts for u in part.uses]
    used = {name for use in uses for name in templates.dependencies.closure(use.fragment)}
    paths = {project.fragments[name].path for name in used} | {pack.path for pack in packs}
    paths |= {project.models[name].path for pack in packs for name in pack.models}
    paths |= {project.policies[name].path for pack in packs for name in pack.policies}
    found = (path for path in (case / "input").rglob("*") if path.is_file())
    assert {path.relative_to(case / "input").as_posix() for path in found} <= paths


def test_every_target_has_goldens() -> None:
    """What has to be named has a case of its own; a pack that names no target is for all others."""
    named = {name for name, target in TARGETS.items() if target.is_named_only}
    assert named
    for case in CASES:
        found = {path.name for path in (case / "expected").iterdir()}
        assert found == (named if case.name == "named" else TARGETS.keys() - named)
