"""Sources replaced in memory: the same project, or the same errors, as with the texts on disk."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.model import Finding, Project, UserError
from promptpack.reading.project import load_project, replace_sources
from promptpack.reading.roots import KINDS, parse_source_path
from support import DEMO, count_cases, make_project, write_files

PACK, ROLE = "packs/demo/pack.yaml", "packs/demo/role.md"
FRAGMENT = "templates/fragments/standards/small-steps.md"
MODEL, POLICY = "templates/models/tiny.yaml", "templates/policies/look.yaml"
LAYOUT = "templates/layouts/plain.md.j2"
NEW = "packs/new/pack.yaml"
SHARED = "promptpack.yaml"
ACCEPT = "accept: [{target: gemini, capability: edit, reason: it asks by itself}]\n"

GOOD: Mapping[str, Mapping[str, str]] = {
    "pack": {PACK: DEMO[PACK].replace("title: Demo", "title: Other")},
    "own fragment": {ROLE: "---\ntitle: Role\nparams: {x: 1}\n---\nYou are {{ params.x }}.\n"},
    "fragment": {FRAGMENT: DEMO[FRAGMENT].replace("Small steps", "Steps") + "More.\n"},
    "line ends": {FRAGMENT: DEMO[FRAGMENT].replace("\n", "\r\n") + "More.\r\n"},
    "model": {MODEL: DEMO[MODEL].replace("8192", "4096")},
    "policy": {POLICY: DEMO[POLICY].replace("glob: allow", "glob: ask")},
    "layout": {LAYOUT: "{{ sections | length }}\n"},
    "a project file": {SHARED: "targets: [gemini]\n" + ACCEPT},
    "kept front matter": {
        PACK: DEMO[PACK] + "clients: {opencode: {head: ./kept.head}}\n",
        "packs/demo/kept.head": "---\ndescription: Kept.\n---\n",
    },
    "several": {ROLE: "A.\n", LAYOUT: "B.\n", MODEL: DEMO[MODEL].replace("Tiny", "Small")},
    "a new fragment that is used": {
        "packs/demo/sub/new.md": "New.\n",
        PACK: DEMO[PACK].replace("./role.md", "./sub/new"),
    },
    "a new pack": {NEW: DEMO[PACK].replace("demo", "new"), "packs/new/role.md": "New.\n"},
    "a fragment that shadows the library's": {"templates/fragments/ethics/zero-trust.md": "Own.\n"},
    "a model that shadows the library's": {"templates/models/claude.yaml": DEMO[MODEL]},
}
BROKEN: Mapping[str, Mapping[str, str]] = {
    "pack": {PACK: DEMO[PACK].replace("title: Demo", "titel: Demo")},
    "a fragment that there is not": {PACK: DEMO[PACK].replace("./role.md", "./rule.md")},
    "a model that there is not": {PACK: DEMO[PACK].replace("model: [tiny]", "model: [tiny, x]")},
    "a target that there is not": {PACK: DEMO[PACK].replace("[opencode]", "[opencod]")},
    "another name": {PACK: DEMO[PACK].replace("name: demo", "name: other")},
    "own fragment": {ROLE: "---\ntitle: [\n---\n"},
    "fragment": {FRAGMENT: "---\ntitle: Small steps\n"},
    "hidden character": {FRAGMENT: "Text\u202e\n"},
    "half a character": {FRAGMENT: "Text\ud800\n"},
    "too long": {LAYOUT: "x" * (1 << 20) + "\n"},
    "model": {MODEL: DEMO[MODEL].replace("plain", "plane")},
    "model for no target": {MODEL: DEMO[MODEL].replace("opencode", "opencod")},
    "policy": {POLICY: DEMO[POLICY].replace("allow", "yes")},
    "layout": {LAYOUT: "\x1b\n"},
    "a project file with another key": {SHARED: "target: [gemini]\n"},
    "a project file for no target": {SHARED: ACCEPT.replace("gemini", "gemni")},
    "a pack without a pack file": {"packs/new/role.md": "New.\n"},
}
IGNORED = ("packs/demo/README.md", "packs/demo/notes.txt", "packs/notes.txt", "packs/.x/pack.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("project"))


@contextmanager
def written(folder: Path, texts: Mapping[str, str]) -> Iterator[None]:
    """Put texts into the files of a folder for a while."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write_files(
        folder, {name: text.encode("utf-8", "surrogatepass") for name, text in texts.items()}
    )
    try:
        yield
    finally:
        for path in sorted(folder.rglob("*"), reverse=True):
            if path in before:
                path.write_bytes(before[path])
            elif path.is_file():
                path.unlink()
            elif not any(path.iterdir()):
                path.rmdir()


def outcome(
    folder: Path, texts: Mapping[str, str], *, on_disk: bool
) -> Project | tuple[Finding, ...]:
    """Return the project with some texts replaced, on disk or in memory, or what is wrong."""
    project = load_project(folder)
    try:
        if not on_disk:
            return replace_sources(project, texts)
        with written(folder, texts):
            return load_project(folder)
    except UserError as error:
        return error.findings


def order(project: Project | tuple[Finding, ...]) -> object:
    """Return the names of all that a project holds, in order."""
    if not isinstance(project, Project):
        return ()
    kinds = (project.packs, project.fragments, project.models, project.policies, project.layouts)
    return [*map(list, kinds), list(project.shared), list(project.sources)]


def assert_same(folder: Path, texts: Mapping[str, str]) -> Project | tuple[Finding, ...]:
    in_memory, on_disk = (outcome(folder, texts, on_disk=on_disk) for on_disk in (False, True))
    assert in_memory == on_disk
    assert order(in_memory) == order(on_disk)
    return in_memory


@pytest.mark.parametrize("texts", GOOD.values(), ids=GOOD)
def test_a_good_text_makes_the_project_that_a_file_makes(
    folder: Path, texts: Mapping[str, str]
) -> None:
    after = assert_same(folder, texts)
    assert isinstance(after, Project)
    assert after != load_project(folder)


@pytest.mark.parametrize("texts", BROKEN.values(), ids=BROKEN)
def test_a_broken_text_gives_the_errors_that_a_file_gives(
    folder: Path, texts: Mapping[str, str]
) -> None:
    assert isinstance(assert_same(folder, texts), tuple)


@pytest.mark.parametrize("path", IGNORED)
def test_what_is_no_source_is_left_alone(folder: Path, path: str) -> None:
    assert assert_same(folder, {path: "\x00"}) == load_project(folder)


@pytest.mark.parametrize("texts", GOOD.values(), ids=GOOD)
def test_only_what_changed_is_made_anew(folder: Path, texts: Mapping[str, str]) -> None:
    before = load_project(folder)
    after = replace_sources(before, texts)
    for old, new in (
        (before.packs, after.packs),
        (before.fragments, after.fragments),
        (before.models, after.models),
        (before.policies, after.policies),
        (before.layouts, after.layouts),
    ):
        for name, item in old.items():
            is_new = new[name].path in texts
            assert (new[name] is item) != is_new


def test_a_project_can_be_edited_again_and_again(folder: Path) -> None:
    project = load_project(folder)
    for texts in GOOD.values():
        project = replace_sources(project, texts)
    with written(folder, {path: text for texts in GOOD.values() for path, text in texts.items()}):
        assert load_project(folder) == project


LINES = [
    *sorted({line for text in DEMO.values() for line in text.split("\n")}),
    *(
        "x",
        "\x00",
        "\u202e",
        "titel: x",
        "- a",
        "---",
        "[",
        "  look: {}",
        "vars: {a: &b 1}",
        "y: no",
    ),
    *("targets: [opencod]", "layout: plane", "ids: {codx: y}", "  role: ./sub/new", "name: new"),
]
PATHS = (*DEMO, "packs/demo/sub/new.md", NEW, "templates/fragments/ethics/zero-trust.md")


@st.composite
def edits(draw: st.DrawFn) -> dict[str, str]:
    """Return some files with a few of their lines left out, put in or put in place of others."""
    texts = {}
    for path in draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3, unique=True)):
        lines = DEMO.get(path, DEMO[PACK] if path == NEW else "New.\n").split("\n")
        for _ in range(draw(st.integers(0, 2))):
            start = draw(st.integers(0, len(lines)))
            length = draw(st.integers(0, 1))
            lines[start : start + length] = draw(st.lists(st.sampled_from(LINES), max_size=1))
        texts[path] = "\n".join(lines)
    return texts


@settings(deadline=None, max_examples=count_cases(150))
@given(edits())
def test_any_edit_comes_to_the_same(folder: Path, texts: dict[str, str]) -> None:
    assert_same(folder, texts)


def test_the_edits_are_of_each_kind() -> None:
    paths = {path for texts in chain(GOOD.values(), BROKEN.values()) for path in texts}
    kinds = {name.kind for path in paths if (name := parse_source_path(path))}
    assert kinds == {*KINDS} - {"files"}  # what goes beside a skill is no text
