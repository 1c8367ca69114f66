"""Templates by name: `show` prints them, `eject` makes them the project's own."""

from pathlib import Path

import pytest

from promptpack.output.manifest import MANIFEST
from support import DEMO, built, call, make_project, snapshot, write_files

LIBRARY = Path(__file__).resolve().parents[1] / "templates"
PACK = DEMO["packs/demo/pack.yaml"]
TWINS = {"templates/policies/tiny.yaml": DEMO["templates/policies/look.yaml"]}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("standards/type-safety", "fragments/standards/type-safety.md"),
        ("read-only", "policies/read-only.yaml"),
        ("model:claude", "models/claude.yaml"),
        ("xml", "layouts/xml.md.j2"),
    ],
)
def test_a_template_of_the_library_is_shown_as_it_is(name: str, path: str, tmp_path: Path) -> None:
    done = call("show", name, cwd=make_project(tmp_path))
    assert done.out == (LIBRARY / path).read_text(encoding="utf-8")
    assert f"promptpack:templates/{path} (the standard library)" in done.err


def test_a_template_of_the_project_is_shown_with_what_it_shadows(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"templates/policies/review.yaml": TWINS.popitem()[1]})
    done = call("show", "review", cwd=project)
    assert done.out == DEMO["templates/policies/look.yaml"]
    assert "(the project), shadows promptpack:templates/policies/review.yaml" in done.err
    done = call("show", "packs/demo/role.md", "-v", cwd=project)
    assert done.out == DEMO["packs/demo/role.md"]
    assert str(project / "packs/demo/role.md") in done.err
    assert call("show", "review", "-q", cwd=project).err == ""


def test_a_name_of_two_templates_needs_its_kind(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"templates/policies/tiny.yaml": DEMO[LOOK]})
    for command in ("show", "eject"):
        done = call(command, "tiny", cwd=project)
        assert done.code == 2
        assert "model:tiny and policy:tiny" in done.err
    assert call("show", "policy:tiny", cwd=project).out == DEMO[LOOK]
    assert call("show", "model:tiny", cwd=project).out == DEMO["templates/models/tiny.yaml"]


LOOK = "templates/policies/look.yaml"


def test_a_pack_goes_before_templates_of_its_name(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"templates/policies/demo.yaml": DEMO[LOOK]})
    done = call("show", "demo", cwd=project)
    assert done.out == call("show", cwd=project).out
    assert "promptpack show policy:demo" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "standards/type-safty"), "Did you mean 'standards/type-safety'?"),
        (("show", "policy:red-only"), "Did you mean 'policy:read-only'?"),
        (("show", "dmo"), "Did you mean 'demo'?"),
        (("show", "read-only", "--target", "opencode"), "--target is for packs"),
        (("eject", "red-only"), "Did you mean 'read-only'?"),
        (("eject", "demo"), "No fragment, model, policy or layout 'demo'"),
        (("eject", "look"), "the project's own already: templates/policies/look.yaml"),
        (("eject", "packs/demo/role.md"), "the project's own already"),
    ],
)
def test_wrong_use_is_told(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    project = make_project(tmp_path)
    before = snapshot(project)
    done = call(*words, cwd=project)
    assert (done.code, message in done.err) == (2, True), done.err
    assert snapshot(project) == before


def test_outputs_are_the_same_after_everything_they_use_is_ejected(tmp_path: Path) -> None:
    pack = PACK.replace("[tiny]", "[tiny, claude]").replace("[look, change]", "[look, read-only]")
    pack = pack.replace("    - standards/small-steps\n", "    - standards/type-safety\n")
    project = built(tmp_path, {"packs/demo/pack.yaml": pack})
    before = snapshot(project / "dist")
    ejected = {
        "standards/type-safety": "templates/fragments/standards/type-safety.md",
        "read-only": "templates/policies/read-only.yaml",
        "claude": "templates/models/claude.yaml",
        "layout:xml": "templates/layouts/xml.md.j2",
    }
    for name, path in ejected.items():
        done = call("eject", name, cwd=project)
        assert (done.code, done.out.startswith(f"Wrote {path},")) == (0, True), done.err
        assert (project / path).read_bytes() == (LIBRARY.parent / path).read_bytes()
        assert call("eject", name, cwd=project).code == 2
    assert call("check", cwd=project).code == 0
    assert call("build", cwd=project).code == 0
    after = snapshot(project / "dist")
    assert {**after, MANIFEST: b""} == {**before, MANIFEST: b""}  # it names files of the library
    write_files(
        project, {"templates/fragments/standards/type-safety.md": "---\ntitle: T\n---\nX.\n"}
    )
    assert call("check", cwd=project).code == 1
