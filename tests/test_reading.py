"""Reading what others wrote: links, pipes, huge files, odd names and odd YAML end in findings.

The kernel is the oracle for what a path leads to; whatever is asked, the program ends by itself.
"""

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.model import Finding, UserError
from promptpack.reading import files
from promptpack.reading.file_kinds import FileKind
from promptpack.reading.file_models import FILE_MODELS
from promptpack.reading.project import load_project
from promptpack.reading.validation import validate
from promptpack.source.disk import UnreadableFileError, read_regular_file, walk_folder
from promptpack.source.yaml_entries import read_yaml
from review_cases import git
from support import DEMO, PATIENCE, call, count_cases, environment, make_project, run, write_files

PRIVATE = "Kept out of every output."
ROLE = "packs/demo/role.md"
MEMORY = 1 << 30
"""The bytes of address space that hostile files may take; the program itself takes a third."""


def find_problems(folder: Path) -> list[tuple[str, str, str]]:
    """Return the code, the path and the message of whatever is wrong with a project."""
    try:
        load_project(folder)
    except UserError as error:
        return [(f.code, f.path, f.message) for f in error.findings]
    return []


def link(path: Path, target: str | Path) -> None:
    """Put a link in place of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


# Links: an output holds what a source says, and a link can't make a source of anything else.


@pytest.mark.fault(7, "link-to-secret")
@pytest.mark.parametrize(
    "target",
    [
        ".env",
        ".git/config",
        "packs/demo/notes.txt",
        "packs/.hidden/x.md",
        "dist/x.md",
        "mkdocs.yml",
    ],
)
def test_a_link_to_what_is_no_source_is_a_finding(tmp_path: Path, target: str) -> None:
    project = make_project(tmp_path, {target: PRIVATE})
    link(project / ROLE, project / target)
    assert find_problems(project) == [
        ("PP001", ROLE, "the link leads to a file that is not a source")
    ]
    for arguments in (("build",), ("show",), ("list",), ("lint",), ("explain", "tiny.look:1")):
        done = call(*arguments, cwd=project)
        assert done.code in {1, 3}
        assert PRIVATE not in done.out + done.err


@pytest.mark.fault("link-to-secret")
@pytest.mark.parametrize("kind", ["chain", "folder on the way", "model", "project file"])
def test_a_link_is_followed_to_its_end(tmp_path: Path, kind: str) -> None:
    project = make_project(tmp_path, {"private/role.md": PRIVATE, "private/tiny.yaml": PRIVATE})
    path = project / ROLE
    if kind == "chain":
        link(project / "templates/fragments/one.md", project / "private/role.md")
        link(path, "../../templates/fragments/one.md")
    elif kind == "folder on the way":
        link(project / "shared", "private")
        link(path, "../../shared/role.md")
    elif kind == "model":
        path = project / "templates/models/tiny.yaml"
        link(path, "../../private/tiny.yaml")
    else:
        path = project / "promptpack.yaml"
        link(path, "private/tiny.yaml")
    name = path.relative_to(project).as_posix()
    assert ("PP001", name, "the link leads to a file that is not a source") in find_problems(
        project
    )


@pytest.mark.fault(7)
def test_a_link_to_another_source_shares_its_text(tmp_path: Path) -> None:
    text = "---\ntitle: T\nsummary: S.\n---\nShared.\n"
    project = make_project(tmp_path, {"templates/fragments/shared/role.md": text})
    link(project / "packs/demo/middle.md", "../../templates/fragments/shared/role.md")
    link(project / ROLE, "middle.md")
    assert find_problems(project) == []
    assert "\nShared.\n" in call("show", cwd=project).out


@pytest.mark.fault(7, "linked-folder")
@pytest.mark.parametrize(
    "folder", ["packs", "templates", "templates/fragments", "packs/demo", "packs/demo/more"]
)
@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
def test_a_folder_that_is_a_link_is_a_finding(tmp_path: Path, folder: str, inside: bool) -> None:
    project = make_project(tmp_path / "project")
    moved = (project / "moved") if inside else (tmp_path / "moved")
    path = project / folder
    if path.exists():
        path.rename(moved)
    else:
        write_files(moved, {"x.md": PRIVATE})
    path.symlink_to(moved)
    assert ("PP001", folder, "the folder is a link, which is not followed") in find_problems(
        project
    )


@pytest.mark.fault(7)
def test_the_project_may_itself_be_reached_through_a_link(tmp_path: Path) -> None:
    make_project(tmp_path / "project")
    link(tmp_path / "linked", "project")
    assert call("-C", tmp_path / "linked", "build", cwd=tmp_path).code == 0


OUTSIDE = ("../../.env", "/etc/hostname", "./../../../.env", ".env", "./../notes.txt", "packs/demo")


@pytest.mark.fault(8)
@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize(
    "template",
    [
        '{{% include "{}" %}}',
        '{{% include ["{}"] ignore missing %}}',
        '{{% extends "{}" %}}',
        '{{% import "{}" as x %}}',
        '{{% from "{}" import x %}}',
        '{{% set x = "{}" %}}{{% include x %}}',
        "{{% include vars.language %}}{}",
    ],
)
def test_a_template_cannot_include_what_is_no_source(
    tmp_path: Path, template: str, name: str
) -> None:
    text = template.format(name)
    pack = DEMO["packs/demo/pack.yaml"].replace("language: Python", f"language: '{name}'")
    files = {".env": PRIVATE, "packs/notes.txt": PRIVATE, "packs/demo/pack.yaml": pack}
    project = make_project(tmp_path, {**files, ROLE: f"{text}\n"})
    done = call("build", cwd=project)
    assert (done.code, f"--> {ROLE}:1:" in done.err) == (3, True)
    assert PRIVATE not in done.out + done.err


@pytest.mark.fault(8)
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_pack_cannot_use_what_is_no_source(tmp_path: Path, name: str) -> None:
    pack = DEMO["packs/demo/pack.yaml"].replace("role: ./role.md", f"role: '{name}'")
    project = make_project(tmp_path, {".env": PRIVATE, "packs/demo/pack.yaml": pack})
    done = call("show", cwd=project)
    assert (done.code, "packs/demo/pack.yaml:7:" in done.err) == (3, True)
    assert PRIVATE not in done.out + done.err


# What is no file, or too much of one.


def make_two_loops(path: Path) -> None:
    path.symlink_to(f"{path.name}.other")
    path.with_name(f"{path.name}.other").symlink_to(path.name)


def bind_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


KINDS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "socket": bind_socket,
    "folder": Path.mkdir,
    "loop": lambda path: path.symlink_to(path.name),
    "two loops": make_two_loops,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "nowhere": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.fault(9)
@pytest.mark.parametrize("name", ["packs/demo/x.md", "templates/models/x.yaml", "promptpack.yaml"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_a_finding_and_nothing_hangs(
    tmp_path: Path, kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path)
    monkeypatch.chdir((project / name).parent)
    KINDS[kind](Path(Path(name).name))
    done = run("build", cwd=project)
    assert done.code == 3
    assert f"  --> {name}:1:1\n" in done.err
    assert "Traceback" not in done.err


@pytest.mark.fault(9, "linked-folder")
def test_folders_that_lead_back_are_not_followed(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    link(project / "packs/demo/again", "..")
    link(project / "templates/fragments/again", ".")
    assert sorted(path for _, path, _ in find_problems(project)) == [
        "packs/demo/again",
        "templates/fragments/again",
    ]


@pytest.mark.fault("huge-source")
@pytest.mark.parametrize("name", [ROLE, "packs/demo/pack.yaml", "templates/policies/look.yaml"])
def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path, name: str) -> None:
    project = make_project(tmp_path)
    with (project / name).open("wb") as file:
        file.truncate(1 << 33)
    done = subprocess.run(
        [sys.executable, "-m", "promptpack", "build"],
        cwd=project,
        env=environment(),
        capture_output=True,
        check=False,
        timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert done.returncode == 3, done.stderr
    assert b"error[PP001]: file is larger than 1 MiB" in done.stderr


@pytest.mark.fault("huge-source")
def test_a_file_that_grows_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 11)
    assert read_regular_file(path, 11) == b"x" * 11
    with pytest.raises(UnreadableFileError, match="file is larger than 10 bytes"):
        read_regular_file(path, 10)


@pytest.mark.fault("huge-source")
def test_links_to_one_large_file_are_bounded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path, {"packs/demo/large.md": "x" * 4000})
    for number in range(10):
        link(project / f"packs/demo/{number}.md", "large.md")
    assert find_problems(project) == []
    monkeypatch.setattr(files, "TOTAL_LIMIT", 1 << 15)
    ((code, _, message),) = find_problems(project)
    assert (code, message) == ("PP001", "the sources are larger than 0 MiB together")


@pytest.mark.fault(51)
def test_the_number_of_files_is_bounded(tmp_path: Path) -> None:
    write_files(tmp_path, {f"{n % 7}/{n}.md": "" for n in range(50)})
    assert len([*walk_folder(tmp_path, 57)]) == 57
    assert [*walk_folder(tmp_path, 56)][-1] == (tmp_path, True, "more than 56 files and folders")


@pytest.mark.fault(9)
def test_a_folder_that_cannot_be_listed_is_a_finding(tmp_path: Path) -> None:
    """A path that is longer than the kernel takes can be made step by step, but not be listed."""
    project = make_project(tmp_path)
    descriptor = os.open(project / "packs/demo", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=descriptor)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    ((code, path, message),) = find_problems(project)
    assert (code, path[:15], message) == ("PP001", "packs/demo/dddd", "file name too long")
    remove = ["rm", "-rf", "d" * 250]  # pytest can't: its paths are too long as well
    subprocess.run(remove, cwd=project / "packs/demo", check=True)


@pytest.mark.fault(9)
def test_a_file_that_is_swapped_while_it_is_opened_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("first")
    second.write_text(PRIVATE)
    real_open = os.open

    def open_late(path: str | Path, flags: int) -> int:
        second.replace(first)
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", open_late)
    with pytest.raises(UnreadableFileError, match="it changes while it is read"):
        read_regular_file(first, 100)


@pytest.mark.fault(9, "link-to-secret")
def test_a_link_swapped_in_while_a_file_is_opened_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("first")
    second.write_text(PRIVATE)
    real_open = os.open

    def open_late(path: str | Path, flags: int) -> int:
        link(first, second)
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", open_late)
    with pytest.raises(UnreadableFileError, match="a link"):
        read_regular_file(first, 100)


# Names.

NAMES = {
    b"a\x1b[31m.md": ("PP301", "U+001B"),
    b"a\n::error::x.md": ("PP301", "U+000A"),
    b"a\x07.md": ("PP301", "U+0007"),
    "a\u202egnp.md".encode(): ("PP301", "U+202E"),
    "a\u2028b.md".encode(): ("PP301", "U+2028"),
    "a\x9bm.md".encode(): ("PP301", "U+009B"),
    "a\U000e0041.md".encode(): ("PP301", "U+E0041"),
    b"a\xff.md": ("PP001", "not UTF-8"),
    b"a\xed\xa0\x80.md": ("PP001", "not UTF-8"),
}


@pytest.mark.fault(15, 43, "raw-names")
@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("folder", ["packs/demo", "templates/fragments", "templates/models"])
def test_a_name_with_control_characters_is_a_finding(
    tmp_path: Path, name: bytes, folder: str
) -> None:
    project = make_project(tmp_path)
    suffix = b".yaml" if folder.endswith("models") else b".md"
    path = os.fsencode(project / folder) + b"/" + name.replace(b".md", suffix)
    with open(path, "wb"):  # noqa: PTH123 - a path in bytes
        pass
    ((code, _, message),) = find_problems(project)
    expected_code, words = NAMES[name]
    assert (code, words in message) == (expected_code, True)


# Text that no source spells.


@pytest.mark.fault(43, "written-character")
@pytest.mark.parametrize(
    "template",
    [
        '{{ "\\u001b[2J" }}',
        '{{ "\\u202e" }}',
        '{{ "\\U000E0041" }}',
        '{% filter replace("a", "\\x07") %}a{% endfilter %}',
        '{% set hidden = "\\ud800" %}{{ hidden }}',
        '{{ "%c" % 27 }}',
    ],
)
@pytest.mark.parametrize("path", [ROLE, "templates/layouts/plain.md.j2"])
def test_a_template_cannot_write_a_hidden_character(
    tmp_path: Path, template: str, path: str
) -> None:
    text = make_project(tmp_path).joinpath(path).read_text(encoding="utf-8")
    write_files(tmp_path, {path: f"{text}\n{template}\n"})
    done = call("build", cwd=tmp_path)
    assert (done.code, "PP301" in done.err) == (3, True)
    line = text.count("\n") + 2 if "\\" in template else 1
    assert f"  --> {path}:{line}:1\n" in done.err


# YAML of odd shapes reaches our own code as findings.

KEYS = [
    "<<",
    "<name>",
    "<patterns>",
    "[key]",
    "",
    "~",
    "=",
    "0",
    "true",
    "a\n::error::b",
    "\x00",
    "\ud800",
    "name",
    "use",
]
VALUES = st.recursive(
    st.sampled_from([None, True, 0, -1, 1.5, "", "x", "<<", "read", "allow", "./role.md"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=2)
    ),
    max_leaves=5,
)
FILES = {
    "pack": "packs/demo/pack.yaml",
    "model": "templates/models/tiny.yaml",
    "policy": "templates/policies/look.yaml",
    "project": "promptpack.yaml",
}


def spell(data: object) -> str:
    """Return YAML without anything that the strict reader refuses by itself, where that can be."""
    return yaml.dump(data, Dumper=yaml.SafeDumper, default_flow_style=True, width=10**9)


@pytest.mark.fault("merge-key", 39, 44)
@pytest.mark.parametrize("key", KEYS[:10])
@pytest.mark.parametrize("kind", FILES)
def test_an_odd_key_is_an_unknown_key(tmp_path: Path, kind: str, key: str) -> None:
    project = make_project(tmp_path, {"promptpack.yaml": "targets: [opencode]\n"})
    path = project / FILES[kind]
    quoted = key if key == "<<" else json.dumps(key)
    path.write_text(f"{path.read_text(encoding='utf-8')}{quoted}: x\n", encoding="utf-8")
    problems = find_problems(project)
    shown = repr(key) if key.isprintable() else "'a\n::error::b'"
    assert ("PP012", FILES[kind], f"unknown key {shown}") in problems


@pytest.mark.fault("merge-key", 39, 44)
@pytest.mark.parametrize("kind", FILE_MODELS)
@settings(max_examples=count_cases(300))
@given(data=st.data())
def test_yaml_of_any_shape_is_valid_or_has_findings(kind: str, data: st.DataObject) -> None:
    """Some of the known keys with values of any shape, and keys that nobody knows."""
    known = sorted(FILE_MODELS[kind].model_fields)
    keys = st.sampled_from([*known, *known, *KEYS])
    text = spell(data.draw(st.dictionaries(keys, VALUES, max_size=6)))
    document = read_yaml(text, "f.yaml")
    valid = validate(FileKind(kind), document, "f.yaml", text)
    assert (valid is None) == bool(document.findings)
    for finding in document.findings:
        assert isinstance(finding, Finding)
        assert finding.line >= 1


@pytest.mark.fault(37)
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "a:\n ", "? ", "!!seq [", "&a [", "[{? "])
@pytest.mark.parametrize("depth", [33, 1_000, 100_000])
def test_deep_nesting_is_a_finding(opening: str, depth: int) -> None:
    """Whatever gives up first: our own limit, or that of the parser, which differs by version."""
    nested = opening * depth
    if opening == "a:\n ":
        nested = "".join(f"{' ' * n}a:\n" for n in range(min(depth, 1_000)))
    findings = read_yaml(nested, "f.yaml").findings
    assert findings
    assert {finding.code for finding in findings} <= {"PP002", "PP005", "PP006"}


# The other files that are read.


@pytest.mark.fault(9, "huge-source")
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nowhere", "loop"])
def test_a_list_of_accepted_changes_that_is_no_file_is_a_usage_error(
    project: Path, kind: str
) -> None:
    KINDS[kind](project / "accepted")
    folders = ("--from-dir", "dist", "--to-dir", "dist")
    done = run("diff", *folders, "--accept", "accepted", cwd=project)
    assert (done.code, "'accepted' can't be read: " in done.err) == (2, True)


@pytest.mark.fault(9, "huge-source")
@pytest.mark.parametrize("kind", ["pipe", "huge"])
def test_a_built_folder_with_what_is_no_output_is_no_side(project: Path, kind: str) -> None:
    path = project / "dist/opencode/odd.md"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        with path.open("wb") as file:
            file.truncate(1 << 33)
    done = run("diff", "--from-dir", "dist", "--to-dir", "dist", cwd=project)
    assert (done.code, "dist/opencode/odd.md:1:1" in done.err) == (3, True)


@pytest.mark.fault(7, 9, "link-to-secret")
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_an_export_takes_no_page_from_outside_the_docs(tmp_path: Path, kind: str) -> None:
    project = make_project(
        tmp_path / "project",
        {".env": PRIVATE, "private/x.md": PRIVATE, "docs/index.md": "# Home\n"},
    )
    if kind == "pipe":
        os.mkfifo(project / "docs/page.md")
    else:
        link(project / "docs/page.md", "../.env" if kind == "link" else "../private")
    done = run("docs", "export", tmp_path / "out", cwd=project)
    assert (done.code, "docs/page.md:1:1" in done.err) == (3, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.fault(7, "link-to-secret")
def test_a_link_that_a_revision_brings_is_not_followed(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", {".env": PRIVATE})
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-qm", "One")
    link(project / ROLE, "../../.env")
    done = call("diff", "HEAD", cwd=project)
    assert done.code == 3
    assert PRIVATE not in done.out + done.err
