"""`list libraries`: the version, the folder and the digest of what templates come from."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import support
from promptpack.model import UserError
from promptpack.model.root import PROJECT, Root
from promptpack.reading.libraries import describe_libraries
from promptpack.version import __version__

LIBRARY = Path(__file__).resolve().parents[1] / "templates"
SUFFIXES = {"fragments": ".md", "models": ".yaml", "policies": ".yaml", "layouts": ".md.j2"}


def digest_files(folder: Path) -> tuple[int, str]:
    """Count and hash the files of a library without promptpack, as `sha256sum` lists them."""
    paths = sorted(
        path.relative_to(folder).as_posix()
        for kind, suffix in SUFFIXES.items()
        for path in (folder / "templates" / kind).rglob(f"*{suffix}")
    )
    lines = [
        f"{hashlib.sha256((folder / path).read_bytes()).hexdigest()}  {path}\n" for path in paths
    ]
    return len(paths), hashlib.sha256("".join(lines).encode()).hexdigest()


def describe(folder: Path) -> tuple[int, str]:
    """Return what promptpack says of a folder as a library."""
    roots = (Root(PROJECT, folder / "none", True), Root("acme", folder, False))
    (library,) = describe_libraries(roots)
    return library.file_count, library.digest


def test_the_standard_library_is_listed_with_its_digest(tmp_path: Path) -> None:
    project = support.make_project(tmp_path)
    done = support.call("list", "libraries", "--format", "json", cwd=project)
    (row,) = json.loads(done.out)["libraries"]
    assert (row["count"], row["digest"]) == digest_files(LIBRARY.parent)
    assert (row["name"], row["version"]) == ("promptpack", __version__)
    assert Path(row["path"]) == LIBRARY.parent
    human = support.call("list", "libraries", cwd=project).out
    assert row["digest"] in human.replace("\n", "")


def test_a_file_that_the_project_shadows_counts_too(tmp_path: Path) -> None:
    plain = support.make_project(tmp_path / "plain")
    text = (LIBRARY / "policies/read-only.yaml").read_text(encoding="utf-8")
    files = {"templates/policies/read-only.yaml": text.replace("title:", "title: My", 1)}
    shadowing = support.make_project(tmp_path / "shadowing", files)
    outs = [support.call("list", "libraries", cwd=root).out for root in (plain, shadowing)]
    assert outs[0] == outs[1]
    assert "shadows" in support.call("list", "policies", cwd=shadowing).out


@pytest.mark.parametrize("change", ["text", "name", "added", "removed", "none", "other"])
def test_the_digest_changes_if_and_only_if_a_template_does(change: str, tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    fragments = folder / "templates/fragments"
    support.write_files(fragments, {"a/one.md": "One.\n", "a/two.md": "Two.\n", "b/empty.md": ""})
    before = describe(folder)
    assert before == digest_files(folder)
    if change == "text":
        (fragments / "a/one.md").write_text("Other.\n", encoding="utf-8")
    elif change == "name":
        (fragments / "a/one.md").rename(fragments / "a/three.md")
    elif change == "added":
        (fragments / "a/three.md").write_text("", encoding="utf-8")
    elif change == "removed":
        (fragments / "b/empty.md").unlink()
    elif change == "other":
        (folder / "README.md").write_text("About.\n", encoding="utf-8")
    assert (describe(folder) != before) == (change not in {"none", "other"})
    assert describe(folder) == digest_files(folder)


def test_line_ends_do_not_count(tmp_path: Path) -> None:
    path = "templates/fragments/a/one.md"
    support.write_files(
        tmp_path, {f"lf/{path}": b"One.\nTwo.\n", f"crlf/{path}": b"One.\r\nTwo.\r\n"}
    )
    assert describe(tmp_path / "lf") == describe(tmp_path / "crlf")


def test_no_digest_is_made_of_a_library_that_cannot_be_read(tmp_path: Path) -> None:
    shutil.copytree(LIBRARY, tmp_path / "templates")
    (tmp_path / "templates/models/bad.yaml").write_bytes(b"title: \xff\n")
    with pytest.raises(UserError, match=r"acme:templates/models/bad\.yaml"):
        describe(tmp_path)
