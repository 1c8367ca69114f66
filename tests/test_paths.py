"""Paths of outputs: names that only some file systems can hold are errors on all of them."""

import json
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


HOSTILE = (
    "../../x",
    "..\\x",
    "/etc/x",
    "C:x",
    "a/b",
    "%2e%2e",
    "..",
    "x.md",
    "x\x00y",
    "x\ny",
    "\x1b[31mx",
    "\u202ex",
    "",
)
"""Names that would leave their folder, or that a terminal or a system would take for more."""

DEMO_PACK = support.DEMO["packs/demo/pack.yaml"]
FIELDS = {
    "name": "name: demo\n",
    "target": "targets: [opencode]\n",
    "model": "model: [tiny]\n",
    "default model": "{model: tiny,",
    "policy": "policy: [look, change]\n",
    "fragment": "- standards/small-steps\n",
}
"""What names something in a pack, and the text that does it."""


@pytest.mark.fault(1, 2, 3, 15)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("field", FIELDS)
def test_a_hostile_name_is_refused(field: str, name: str, tmp_path: Path) -> None:
    old = FIELDS[field]
    word = "tiny" if "model" in field else "look" if field == "policy" else ""
    word = word or old.rpartition(" ")[2].strip("[]\n")
    text = DEMO_PACK.replace(old, old.replace(word, json.dumps(name)))
    assert text != DEMO_PACK
    project = support.make_project(tmp_path / "a/project", {"packs/demo/pack.yaml": text})
    before = support.snapshot(tmp_path)
    done = support.call("build", cwd=project)
    assert (done.code, "Traceback" in done.err, "error[PP" in done.err) == (3, False, True)
    assert support.snapshot(tmp_path) == before


@pytest.mark.fault(21, 22)
def test_one_variant_that_fails_stops_all(project: Path) -> None:
    """Three mistakes in three fragments: all are told, in one order, and nothing is written."""
    files = {
        "packs/demo/role.md": "{{ vars.first }}\n",
        "templates/fragments/standards/small-steps.md": "{% if policy.asks('edit') %}\n"
        "{{ vars.second }}\n{% endif %}\n",
        "templates/fragments/standards/examples.md": "---\nparams: {count: null}\n---\n"
        "{{ params.count }} {{ vars.third }}\n",
    }
    support.write_files(project, files)
    before = support.snapshot(project)
    said = {support.call("build", cwd=project).err for _ in range(2)}
    (text,) = said
    assert [word in text for word in ("first", "second", "third")] == [True, True, True]
    assert text.count("error[PP") == 3
    assert support.snapshot(project) == before
    support.write_files(project, {"packs/demo/role.md": support.DEMO["packs/demo/role.md"]})
    support.write_files(project, {"templates/fragments/standards/examples.md": "Some.\n"})
    assert support.call("build", cwd=project).code == 3
    assert support.snapshot(project / "dist") == {
        name.removeprefix("dist/"): content
        for name, content in before.items()
        if name.startswith("dist/")
    }
