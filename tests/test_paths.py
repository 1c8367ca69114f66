"""Paths of outputs: names that only some file systems can hold are errors on all of them."""

from dataclasses import replace
from pathlib import Path

import pytest

import support
from promptpack.build import build_project
from promptpack.model import Artifact
from promptpack.reading.project import load_project
from promptpack.targets.paths import PathProblems, explain_name


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    """Return an artifact like any."""
    return build_project(load_project(support.make_project(tmp_path)))[0]


@pytest.mark.fault(13)
@pytest.mark.parametrize("name", ["con", "nul", "aux", "prn", "com1", "lpt9"])
def test_a_device_of_windows_is_no_name(name: str, tmp_path: Path) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"].replace("name: demo", f"name: {name}")
    files = {f"packs/{name}/pack.yaml": pack, f"packs/{name}/role.md": "You help.\n"}
    project = support.make_project(tmp_path / "pack", files)
    done = support.call("build", cwd=project)
    assert (done.code, f"'{name}.md' is the name of a device" in done.err) == (3, True), done.err
    assert f"--> packs/{name}/pack.yaml:1:1" in done.err
    assert not (project / "dist").exists()
    model = support.DEMO["templates/models/tiny.yaml"]
    text = support.DEMO["packs/demo/pack.yaml"].replace("tiny", name)
    files = {"packs/demo/pack.yaml": text, f"templates/models/{name}.yaml": model}
    project = support.make_project(tmp_path / "model", files)
    done = support.call("build", cwd=project)
    assert (done.code, f"'{name}.look' is the name of a device" in done.err) == (3, True), done.err


@pytest.mark.fault(13, 14)
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("CON", "device"),
        ("Nul.md", "device"),
        ("com¹.tar.gz", "device"),
        ("aux .md", "device"),
        ("CONIN$", "device"),
        ("guide.", "Windows leaves out"),
        ("guide ", "Windows leaves out"),
        ("x" * 256, "longer than 255 bytes"),
        ("é" * 128, "longer than 255 bytes"),
        ("console.md", ""),
        ("x" * 255, ""),
        (".opencode", ""),
        ("tiny.con", ""),
    ],
)
def test_what_not_every_file_system_can_hold(name: str, reason: str) -> None:
    found = explain_name(name)
    assert reason in found
    assert bool(found) == bool(reason)


@pytest.mark.fault(10, 11, 12)
@pytest.mark.parametrize(
    ("first", "second", "collides"),
    [
        ("opencode/a.b/x.md", "opencode/A.b/x.md", True),
        ("opencode/a.b/caf\u00e9.md", "opencode/a.b/cafe\u0301.md", True),
        ("opencode/a.b/stra\u00dfe.md", "opencode/a.b/STRASSE.md", True),
        ("opencode/a.b/x.md", "opencode/a.c/x.md", False),
    ],
)
def test_two_outputs_that_are_one_file_somewhere(
    first: str, second: str, collides: bool, artifact: Artifact
) -> None:
    problems = PathProblems()
    other_pack = replace(artifact.variant.pack, path="packs/other/pack.yaml")
    other = replace(artifact, variant=replace(artifact.variant, pack=other_pack))
    problems.add(replace(artifact, path=first))
    problems.add(replace(artifact, path=first))
    problems.add(replace(other, path=second))
    assert [finding.path for finding in problems.list_findings()] == (
        ["packs/other/pack.yaml"] if collides else []
    )


@pytest.mark.fault(10)
def test_two_packs_with_one_path(artifact: Artifact) -> None:
    problems = PathProblems()
    other_pack = replace(artifact.variant.pack, path="packs/other/pack.yaml")
    problems.add(artifact)
    problems.add(replace(artifact, variant=replace(artifact.variant, pack=other_pack)))
    (finding,) = problems.list_findings()
    assert finding.path == "packs/other/pack.yaml"
    assert "packs/demo/pack.yaml" in finding.message
