"""Loading: a folder in, a project or every problem out; with links, pipes and unreadable files."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from promptpack.absorb.candidates import explain_closed_source
from promptpack.build import build_project, render
from promptpack.lint.engine import lint_session
from promptpack.model import Effect, Finding, PatternRule, Project, Root, UserError
from promptpack.reading.project import load_from_roots, load_project
from promptpack.reading.root_finding import find_roots
from promptpack.reading.roots import find_library, find_project_folder
from promptpack.session import Session
from promptpack.site.catalogue import make_catalog
from support import DEMO, PATIENCE, environment, make_project, write_files

REPOSITORY = Path(__file__).parents[1]
PACK = DEMO["packs/demo/pack.yaml"]

Change = Callable[[Path], object]


def line_of(words: str) -> int:
    """Return the line of the demo pack that holds some words."""
    (number,) = [n for n, line in enumerate(PACK.split("\n"), 1) if words in line]
    return number


def findings(folder: Path) -> list[Finding]:
    with pytest.raises(UserError) as caught:
        load_project(folder)
    return list(caught.value.findings)


def said(folder: Path) -> list[tuple[str, str, int, str]]:
    return [(f.code, f.path, f.line, f.message) for f in findings(folder)]


def test_a_project(tmp_path: Path) -> None:
    project = load_project(make_project(tmp_path))
    pack = project.packs["demo"]
    assert (pack.name, pack.mode, pack.temperature, pack.default) == (
        "demo",
        "subagent",
        None,
        ("tiny", "look"),
    )
    (role,), standards = pack.sections[0].parts[0].uses, pack.sections[1].parts[0].uses
    assert (role.fragment, role.origin) == (
        "packs/demo/role.md",
        ("packs/demo/pack.yaml", line_of("role:")),
    )
    assert [use.fragment for use in standards] == ["standards/small-steps", "standards/examples"]
    assert [use.origin.line for use in standards] == [line_of("small-steps"), line_of("count:")]
    assert standards[1].params == {"count": 2}
    assert project.fragments["standards/small-steps"].title == "Small steps"
    assert project.fragments["packs/demo/role.md"].title == "Role"
    assert project.policies["change"].grant("edit") == (PatternRule("*", Effect.ASK),)
    assert project.models["tiny"].ids == {"opencode": "demo/tiny"}


def test_body_keeps_the_line_numbers_of_the_file(tmp_path: Path) -> None:
    head = "---\ntitle: T\nneeds: [read]\n---\n"
    project = load_project(make_project(tmp_path, {"packs/demo/role.md": f"{head}Text.\n"}))
    fragment = project.fragments["packs/demo/role.md"]
    assert fragment.body.split("\n").index("Text.") == head.count("\n")
    assert fragment.needs == ("read",)


@pytest.mark.fault(40)
@pytest.mark.parametrize(
    "text",
    [
        b"---\r\ntitle: T\r\n---\r\nOne.\r\nTwo.\r\n",
        b"\xef\xbb\xbf---\ntitle: T\n---\nOne.\nTwo.\n",
        b"---\rtitle: T\r---\rOne.\rTwo.\r",
        b"--- \t\ntitle: T\n--- \nOne.\nTwo.\n",
    ],
)
def test_line_ends_and_byte_order_marks_change_nothing(tmp_path: Path, text: bytes) -> None:
    plain = load_project(
        make_project(tmp_path / "a", {"packs/demo/role.md": "---\ntitle: T\n---\nOne.\nTwo.\n"})
    )
    other = load_project(make_project(tmp_path / "b", {"packs/demo/role.md": text}))
    name = "packs/demo/role.md"
    assert other.fragments[name].body == plain.fragments[name].body
    assert other.fragments[name].title == "T"


def to_outside(folder: Path) -> None:
    outside = folder.parent / "outside.md"
    outside.write_text("A secret.", encoding="utf-8")
    replace(folder, lambda role: role.symlink_to(outside))


def replace(folder: Path, make: Callable[[Path], object]) -> None:
    role = folder / "packs/demo/role.md"
    role.unlink()
    make(role)


@pytest.mark.fault(7, 9, 41, "huge-source")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (to_outside, "the link leads out of the project"),
        (lambda f: replace(f, lambda r: r.symlink_to("../../../outside.md")), "no such file"),
        (
            lambda f: replace(f, lambda r: r.symlink_to("/dev/zero")),
            "the link leads out of the project",
        ),
        (lambda f: replace(f, lambda r: r.symlink_to("role.md")), "the link leads to itself"),
        (lambda f: replace(f, lambda r: r.symlink_to("gone.md")), "no such file"),
        (lambda f: replace(f, os.mkfifo), "not a regular file"),
        (lambda f: replace(f, lambda r: r.mkdir()), "not a regular file"),
        (lambda f: replace(f, lambda r: r.write_bytes(b"\xff")), "file is not UTF-8"),
        (lambda f: replace(f, lambda r: r.write_bytes(b"x" * 2**21)), "file is larger than 1 MiB"),
    ],
)
def test_what_is_no_text_file_is_one_finding(tmp_path: Path, change: Change, message: str) -> None:
    folder = make_project(tmp_path / "project")
    change(folder)
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.extend(said(folder)), daemon=True)
    thread.start()
    thread.join(10)
    assert found == [("PP001", "packs/demo/role.md", 1, message)]


@pytest.mark.fault(7)
def test_a_link_inside_the_project_is_followed(tmp_path: Path) -> None:
    folder = make_project(tmp_path, {"packs/demo/other.md": "From the other file.\n"})
    replace(folder, lambda role: role.symlink_to("other.md"))
    assert load_project(folder).fragments["packs/demo/role.md"].body == "From the other file.\n"


@pytest.mark.fault(7)
@pytest.mark.parametrize("folder", ["packs/demo", "templates/fragments", "templates/models"])
def test_a_folder_that_is_a_link_brings_nothing_from_outside(tmp_path: Path, folder: str) -> None:
    outside = tmp_path / "outside"
    write_files(outside, {"pack.yaml": PACK, "role.md": "A secret.", "tiny.yaml": "title: secret"})
    project = make_project(tmp_path / "project")
    for path in sorted((project / folder).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (project / folder).rmdir()
    (project / folder).symlink_to(outside)
    messages = " ".join(f"{f.message} {f.excerpt}" for f in findings(project))
    assert "the folder is a link, which is not followed" in messages
    assert "secret" not in messages


@pytest.mark.fault(9)
@pytest.mark.parametrize("kind", ["pack.yaml", "x.md"])
def test_a_pipe_anywhere_does_not_hang(tmp_path: Path, kind: str) -> None:
    folder = make_project(tmp_path)
    (folder / "packs/other").mkdir()
    os.mkfifo(folder / "packs/other" / kind)
    assert ("PP001", f"packs/other/{kind}", 1, "not a regular file") in said(folder)


@pytest.mark.fault(15, 41)
def test_a_file_name_that_is_not_utf8_is_no_crash(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    place = os.fsencode(folder) + b"/packs/demo/\xff.md"
    with open(place, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path in bytes
        file.write("\x00")
    ((code, path, *_),) = said(folder)
    assert (code, path.encode(errors="surrogateescape")) == ("PP001", b"packs/demo/\xff.md")


def test_hidden_things_beside_packs_are_left_alone(tmp_path: Path) -> None:
    extra = {"packs/.hidden/pack.yaml": "[", "packs/notes.txt": "x", "packs/demo/README.md": "\x00"}
    assert set(load_project(make_project(tmp_path, extra)).packs) == {"demo"}


def test_an_own_file_shadows_the_librarys(tmp_path: Path) -> None:
    name = "standards/async-first"
    plain = load_project(make_project(tmp_path / "a"))
    path = f"templates/fragments/{name}.md"
    other = load_project(make_project(tmp_path / "b", {path: "Mine.\n"}))
    library, own = plain.fragments[name], other.fragments[name]
    assert (library.path, library.shadows) == (f"promptpack:{path}", "")
    assert (own.path, own.body, own.shadows) == (path, "Mine.\n", library.path)
    assert (plain.is_writable(library.path), other.is_writable(own.path)) == (False, True)
    assert plain.locate(library.path) == REPOSITORY / path
    assert other.locate(own.path) == tmp_path / "b" / path


def test_models_policies_and_layouts_are_shadowed_too(tmp_path: Path) -> None:
    project = load_project(
        make_project(
            tmp_path,
            {
                "templates/models/claude.yaml": DEMO["templates/models/tiny.yaml"],
                "templates/policies/review.yaml": DEMO["templates/policies/look.yaml"],
                "templates/layouts/xml.md.j2": DEMO["templates/layouts/plain.md.j2"],
            },
        )
    )
    shadowing = (project.models["claude"], project.policies["review"], project.layouts["xml"])
    assert [one.shadows for one in shadowing] == [
        "promptpack:templates/models/claude.yaml",
        "promptpack:templates/policies/review.yaml",
        "promptpack:templates/layouts/xml.md.j2",
    ]


def make_package(folder: Path) -> Root:
    """Return a root as an installed package might bring it: read-only, with a name of its own."""
    policy = DEMO["templates/policies/look.yaml"]
    files = {
        "templates/fragments/ethics/zero-trust.md": "Acme's.\n",
        "templates/fragments/standards/small-steps.md": "Acme's.\n",
        "templates/fragments/acme/be-acme.md": "Be acme.\n",
        "templates/policies/acme.yaml": policy,
        "packs/acme/pack.yaml": "no: pack",
    }
    write_files(folder, files)
    return Root("acme", folder, False)


def test_a_third_root_has_names_of_its_own_and_shadows_nothing(tmp_path: Path) -> None:
    pack = PACK.replace("./role.md", "acme:acme/be-acme").replace("look, ", "look, acme:acme, ")
    folder = make_project(tmp_path / "project", {"packs/demo/pack.yaml": pack})
    own, library = find_roots(folder)
    acme = make_package(tmp_path / "acme")
    project = load_from_roots((own, acme, library))
    assert set(project.packs) == {"demo"}
    fragments = {name: (one.path, one.shadows) for name, one in project.fragments.items()}
    for name, path in {
        "acme:acme/be-acme": "acme:templates/fragments/acme/be-acme.md",
        "acme:ethics/zero-trust": "acme:templates/fragments/ethics/zero-trust.md",
        "ethics/zero-trust": "promptpack:templates/fragments/ethics/zero-trust.md",
        "acme:standards/small-steps": "acme:templates/fragments/standards/small-steps.md",
        "standards/small-steps": "templates/fragments/standards/small-steps.md",
    }.items():
        assert fragments[name] == (path, "")
    assert project.policies["acme:acme"].path == "acme:templates/policies/acme.yaml"
    assert load_from_roots((own, library, acme)).fragments == project.fragments
    build_project(project)


def test_a_third_root_is_not_written_to_and_need_not_be_used(tmp_path: Path) -> None:
    own, library = find_roots(make_project(tmp_path / "a", {"packs/demo/unused.md": "Text.\n"}))
    acme = make_package(tmp_path / "acme")
    project = load_from_roots((own, acme, library))
    path = "acme:templates/fragments/acme/be-acme.md"
    assert (project.find_root(path), project.is_writable(path)) == (acme, False)
    assert project.locate(path) == tmp_path / "acme/templates/fragments/acme/be-acme.md"
    reason = f"{path} belongs to the package 'acme', which is not changed here: change it there"
    assert explain_closed_source(project, path).startswith(reason)
    session = Session(project)
    result = lint_session(session, render(session), codes=["PP041", "PP042"])
    assert [finding.path for finding in result.findings] == ["packs/demo/unused.md"]
    catalog = make_catalog(session, (), "https://example.org/edit/")
    assert catalog.make_edit_address(path) == ""
    assert catalog.make_edit_address("packs/demo/role.md") == (
        "https://example.org/edit/packs/demo/role.md"
    )


@pytest.mark.parametrize("name", ["aaa", "zzz"])
@pytest.mark.parametrize("reference", ["packs/demo/role.md", "packs/demo/role"])
def test_a_pack_has_no_access_to_the_fragments_of_another(
    tmp_path: Path, name: str, reference: str
) -> None:
    pack = PACK.replace("name: demo", f"name: {name}").replace("./role.md", reference)
    folder = make_project(tmp_path, {f"packs/{name}/pack.yaml": pack})
    expected = (
        "PP020",
        f"packs/{name}/pack.yaml",
        line_of("role:"),
        f"unknown fragment '{reference}'",
    )
    assert said(folder) == [expected]


def test_two_packs_may_give_their_own_fragments_one_name(tmp_path: Path) -> None:
    pack = PACK.replace("name: demo", "name: other")
    files = {"packs/other/pack.yaml": pack, "packs/other/role.md": "Other.\n"}
    project = load_project(make_project(tmp_path, files))
    assert project.fragments["packs/other/role.md"].body == "Other.\n"
    assert project.fragments["packs/demo/role.md"].body != "Other.\n"
    assert project.fragments["packs/demo/role.md"].pack == "demo"


@pytest.mark.parametrize("reference", ["./sub/deep", "./sub/deep.md"])
def test_own_fragments_may_lie_deeper(tmp_path: Path, reference: str) -> None:
    files = {
        "packs/demo/pack.yaml": PACK.replace("./role.md", reference),
        "packs/demo/sub/deep.md": "Deep.\n",
    }
    project = load_project(make_project(tmp_path, files))
    (use,) = project.packs["demo"].sections[0].parts[0].uses
    assert use.fragment == "packs/demo/sub/deep.md"


@pytest.mark.parametrize(
    ("old", "new", "expected", "hint"),
    [
        ("./role.md", "./rule.md", "PP020 unknown fragment './rule.md'", "'./role.md'"),
        ("./role.md", "role.md", "PP020 unknown fragment 'role.md'", "'./role.md'"),
        (
            "standards/small-steps",
            "standards/smal-steps",
            "PP020 unknown fragment 'standards/smal-steps'",
            "'standards/small-steps'",
        ),
        ("model: [tiny]", "model: [tiny, tny]", "PP021 unknown model 'tny'", "'tiny'"),
        (
            "policy: [look, change]",
            "policy: [look, chance]",
            "PP022 unknown policy 'chance'",
            "'change'",
        ),
        (
            "default: {model: tiny, policy: look}",
            "default: {model: tiny, policy: review}",
            "PP026 'tiny.review' is not one of the pack's variants",
            "",
        ),
        ("name: demo", "name: domo", "PP013 the name must be the folder's name, 'demo'", ""),
        (
            "policy: [look, change]\n",
            "policy: [look, change]\n  exclude: [{policy: look}]\n",
            "PP026 'tiny.look' is not one of the pack's variants",
            "",
        ),
        (
            "policy: [look, change]\n",
            "policy: [look, change]\n  overrides: [{when: {model: tiny}, drop: [rol]}]\n",
            "PP027 unknown section 'rol'",
            "'role'",
        ),
        (
            "policy: [look, change]\n",
            "policy: [look, change]\n  exclude: [{policy: chang}]\n",
            "PP022 unknown policy 'chang'",
            "'change'",
        ),
    ],
)
def test_a_name_that_leads_nowhere(
    tmp_path: Path, old: str, new: str, expected: str, hint: str
) -> None:
    assert old in PACK
    folder = make_project(tmp_path, {"packs/demo/pack.yaml": PACK.replace(old, new)})
    (found,) = findings(folder)
    assert f"{found.code} {found.message}" == expected
    assert hint in found.hint


def test_an_unknown_layout(tmp_path: Path) -> None:
    model = DEMO["templates/models/tiny.yaml"].replace("plain", "plane")
    (found,) = findings(make_project(tmp_path, {"templates/models/tiny.yaml": model}))
    assert (found.code, found.path) == ("PP025", "templates/models/tiny.yaml")
    assert found.hint == "did you mean 'plain'?"


@pytest.mark.parametrize("capability", ["glob", "mcp:git", "write"])
def test_patterns_where_none_are_taken(tmp_path: Path, capability: str) -> None:
    policy = DEMO["templates/policies/look.yaml"].replace(
        "{glob: allow", f'{{{capability}: {{"*": ask}}, list: allow'
    )
    policy = policy.replace(", list: allow}", "}")
    (found,) = findings(make_project(tmp_path, {"templates/policies/look.yaml": policy}))
    assert (found.code, found.line) == ("PP028", 4)
    assert found.message == f"'{capability}' takes one value, not patterns"


def test_a_pattern_list_begins_with_the_default(tmp_path: Path) -> None:
    policy = DEMO["templates/policies/look.yaml"].replace(
        "{glob", '{execute: {"git *": allow}, glob'
    )
    project = load_project(make_project(tmp_path, {"templates/policies/look.yaml": policy}))
    assert project.policies["look"].grant("execute") == (
        PatternRule("*", Effect.DENY),
        PatternRule("git *", Effect.ALLOW),
    )


BROKEN: Mapping[str, str | bytes] = {
    "packs/demo/role.md": "bidi \u202e\n",
    "packs/twice/pack.yaml": "name: twice\nname: twice\n",
    "templates/fragments/standards/examples.md": "---\ntitel: x\n---\n",
    "templates/fragments/standards/small-steps.md": b"\xff",
    "templates/layouts/plain.md.j2": "\x1b",
    "templates/models/tiny.yaml": "title: [\n",
    "templates/policies/look.yaml": DEMO["templates/policies/look.yaml"] + "  exec: ask\n",
    "templates/policies/change.yaml": DEMO["templates/policies/change.yaml"].replace("ask", "yes"),
}


def test_every_problem_of_every_file_is_said_once_and_in_order(tmp_path: Path) -> None:
    found = findings(make_project(tmp_path, BROKEN))
    assert {f.path for f in found} == set(BROKEN), "and none that follows from another"
    ordered = sorted(set(found), key=lambda f: (f.path, f.line, f.column, f.code, f.message))
    assert found == ordered, "the same on every run"


@pytest.mark.parametrize("path", sorted(set(DEMO) - {"packs/demo/pack.yaml"}))
def test_a_file_that_cannot_be_read_is_not_said_to_be_unknown(tmp_path: Path, path: str) -> None:
    found = findings(make_project(tmp_path, {path: b"\xff"}))
    assert [(f.code, f.path) for f in found] == [("PP001", path)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("---\ntitle: x\ntitle: z\n---\n", "PP003", 3),
        ("---\n\n\nneeds: [exec]\n---\n", "PP010", 4),
        ("---\n- a\n---\n", "PP010", 2),
        ("---\nparams: {x: {z: z}}\n---\n", "PP010", 2),
        ("---\ntitle: &a x\n---\n", "PP005", 2),
        ("---\ntitle: x\n...\n---\n", "", 0),
        ("----\ntitle: x\n---\n", "", 0),
        (" ---\ntitel: x\n---\n", "", 0),
        ("text\n---\ntitel: x\n---\n", "", 0),
        ("---\ntitel: x\n", "PP007", 1),
        ("---\n---\n", "", 0),
        ("", "", 0),
    ],
)
def test_head_of_a_fragment(tmp_path: Path, text: str, code: str, line: int) -> None:
    folder = make_project(tmp_path, {"packs/demo/role.md": text})
    if code:
        assert [(f.code, f.path, f.line) for f in findings(folder)] == [
            (code, "packs/demo/role.md", line)
        ]
    else:
        assert "demo" in load_project(folder).packs


def test_no_folder_named_packs(tmp_path: Path) -> None:
    assert said(tmp_path) == [("PP001", "packs", 1, "there is no 'packs' folder here")]


def test_the_root_is_found_from_below(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    assert find_project_folder(folder / "packs/demo") == folder
    assert find_project_folder(folder) == folder
    assert find_project_folder(Path("/")) is None


def library(project: Project) -> dict[str, int]:
    kinds = {
        "fragments": project.fragments,
        "models": project.models,
        "policies": project.policies,
        "layouts": project.layouts,
    }
    return {kind: len(entries) for kind, entries in kinds.items()}


def test_the_library_beside_a_source_tree(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    assert find_library() == REPOSITORY / "templates"
    files = [p for p in (REPOSITORY / "templates").rglob("*") if p.is_file()]
    assert sum(library(load_project(tmp_path)).values()) == len(files)
    own = load_project(REPOSITORY)
    assert {root.name for root in own.roots} == {""}
    assert all(own.is_writable(path) for path in own.sources)


def make_wheel(folder: Path) -> Path:
    """Return a wheel of this project: a real one where its build backend is, else a likeness."""
    if importlib.util.find_spec("hatchling"):
        pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
        pip.append("--no-cache-dir")  # a test has no folder for caches
        subprocess.run([*pip, "--wheel-dir", folder, REPOSITORY], check=True, timeout=PATIENCE)
        return next(folder.glob("*.whl"))
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    target = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = {source: Path(source).name for source in target["packages"]}
    with zipfile.ZipFile(folder / "likeness.whl", "w") as wheel:
        for source, place in {**places, **target["force-include"]}.items():
            for path in (REPOSITORY / source).rglob("*"):
                inside = Path(place) / path.relative_to(REPOSITORY / source)
                if path.is_file() and "__pycache__" not in inside.parts:
                    wheel.write(path, inside)
    return folder / "likeness.whl"


def test_the_library_in_an_installed_wheel(tmp_path: Path) -> None:
    installed = tmp_path / "site"
    with zipfile.ZipFile(make_wheel(tmp_path)) as wheel:
        wheel.extractall(installed)
    folder = make_project(tmp_path / "project")
    code = (
        "import json, sys; from pathlib import Path\n"
        "from promptpack.reading import project, roots\n"
        "read = project.load_project(Path(sys.argv[1]))\n"
        "print(json.dumps([str(roots.find_library()), sorted(read.fragments)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder],
        env=environment({"PYTHONPATH": str(installed)}),
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr.decode()
    place, fragments = json.loads(done.stdout)
    assert place == str(installed / "promptpack/templates")
    assert fragments == sorted(load_project(folder).fragments)
