"""Files beside a skill: what stands in `packs/<name>/skill/` goes into the skill's folder as it is.

What came out is read with `os.walk` and git, and compared with what was written into the pack.
"""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import support
from promptpack.diff.sides import read_folder_side
from promptpack.output.manifest import INSTALLED, MANIFEST
from promptpack.targets.paths import explain_attached

needs_modes = pytest.mark.skipif(sys.platform == "win32", reason="no executable bit there")

PICTURE = b"\x89PNG\r\n\x1a\n\0\xff\xfe"
SCRIPT = b"#!/bin/sh\r\necho {{ hi }}\n"
FILES: Mapping[str, bytes] = {
    "scripts/run.sh": SCRIPT,
    "assets/logo.png": PICTURE,
    "references/long name (1).md": b"---\ntitle: {% no %}\n---\nNo last line",
    "empty.txt": b"",
    "latin.txt": b"caf\xe9\n",
}
PACK = support.DEMO["packs/demo/pack.yaml"].replace(
    "targets: [opencode]\n", "targets: [skill, system]\n"
)
SOURCE = "packs/demo/skill"
OWN = "dist/skill/tiny.look/.agents/skills/demo"
Tree = dict[str, tuple[bytes, bool]]


def read_tree(folder: Path) -> Tree:
    """Return the bytes of the files below a folder, and whether their owner may run them."""
    found: Tree = {}
    for top, _, names in os.walk(folder):
        for name in names:
            path = Path(top, name)
            bit = bool(path.stat().st_mode & stat.S_IXUSR) and sys.platform != "win32"
            found[path.relative_to(folder).as_posix()] = path.read_bytes(), bit
    return found


EXPECTED: Tree = {
    name: (content, name == "scripts/run.sh" and sys.platform != "win32")
    for name, content in FILES.items()
}


@contextmanager
def use_umask(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


def make_project(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    written = {f"{SOURCE}/{name}": content for name, content in files.items()}
    project = support.make_project(folder, {"packs/demo/pack.yaml": PACK, **written})
    for script in (project / SOURCE).rglob("*.sh"):
        script.chmod(0o755)
    return project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def built(project: Path) -> Path:
    done = support.call("build", cwd=project)
    assert (done.code, done.err) == (0, "")
    return project


def refuse(project: Path) -> str:
    done = support.call("build", cwd=project)
    assert done.code == 3
    assert not (project / "dist").exists()
    return done.err


def test_files_are_built_byte_for_byte_into_the_skill_of_each_variant(built: Path) -> None:
    for variant in ("tiny.look", "tiny.change"):
        tree = read_tree(built / f"dist/skill/{variant}/.agents/skills/demo")
        assert tree.pop("SKILL.md")[0].startswith(b"---\nname: demo\n")
        assert tree == EXPECTED
    assert {*read_tree(built / "dist/system")} == {
        "tiny.look/demo/system.md",
        "tiny.change/demo/system.md",
    }


def test_files_left_by_systems_and_tools_are_not_built(project: Path) -> None:
    left = (".git/config", ".DS_Store", "scripts/.env", "__pycache__/a.pyc", "a/Thumbs.db")
    support.write_files(project / SOURCE, dict.fromkeys(left, b"\0"))
    (project / SOURCE / ".git/link").symlink_to("/")
    assert support.call("build", cwd=project).code == 0
    assert {*read_tree(project / OWN)} == {"SKILL.md", *FILES}


@needs_modes
@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_a_mode_depends_on_the_source_and_not_on_the_umask(tmp_path: Path, mask: int) -> None:
    with use_umask(mask):
        project = make_project(tmp_path / "project")
        assert support.call("build", cwd=project).code == 0
    run, logo = (stat.S_IMODE((project / OWN / name).stat().st_mode) for name in [*FILES][:2])
    assert (run, logo) == (0o777 & ~mask, 0o666 & ~mask)
    manifest = json.loads((project / "dist" / MANIFEST).read_text("utf-8"))["files"]
    key = "skill/tiny.look/.agents/skills/demo/scripts/run.sh"
    assert manifest[key]["mode"] == "100755"
    assert manifest[key]["sha256"] == sha256(SCRIPT).hexdigest()
    assert "mode" not in manifest[key.replace("scripts/run.sh", "assets/logo.png")]


@needs_modes
def test_check_tells_of_a_lost_bit_and_build_puts_it_back(built: Path) -> None:
    (built / OWN / "scripts/run.sh").chmod(0o644)
    (built / OWN / "empty.txt").chmod(0o755)
    done = support.call("check", "--format", "json", cwd=built)
    changed = {one["path"]: one["chmod"] for one in json.loads(done.out)["files"]}
    assert done.code == 1
    prefix = OWN.removeprefix("dist/")
    assert changed == {f"{prefix}/scripts/run.sh": "+x", f"{prefix}/empty.txt": "-x"}
    assert "mode is to be changed: +x" in support.call("check", cwd=built).out
    assert "2 written" in support.call("build", cwd=built).out
    assert support.call("check", cwd=built).code == 0
    assert read_tree(built / OWN)["scripts/run.sh"] == EXPECTED["scripts/run.sh"]


def test_an_edited_file_is_kept_and_a_file_that_is_gone_is_removed(built: Path) -> None:
    logo = built / OWN / "assets/logo.png"
    logo.write_bytes(PICTURE + b"\0")
    assert support.call("check", cwd=built).code == 1
    assert "PP403" in support.call("build", cwd=built).err
    assert logo.read_bytes() == PICTURE + b"\0"
    logo.write_bytes(PICTURE)
    (built / SOURCE / "assets/logo.png").unlink()
    (built / SOURCE / "empty.txt").write_bytes(b"no more")
    assert support.call("build", cwd=built).code == 0
    assert not logo.parent.exists()
    assert (built / OWN / "empty.txt").read_bytes() == b"no more"


@pytest.mark.parametrize("calls", [1, 3, 6])
def test_a_build_that_is_cut_short_leaves_old_or_new_files_and_converges(
    built: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    old = read_tree(built / OWN)
    for name in FILES:
        (built / SOURCE / name).write_bytes(b"new " + FILES[name])
    (built / SOURCE / "scripts/run.sh").chmod(0o644)
    count = 0
    rename = os.replace

    def fail_later(*arguments: str, **options: Any) -> None:
        nonlocal count
        count += 1
        if count > calls:
            raise OSError(28, "No space left on device")
        rename(*arguments, **options)

    monkeypatch.setattr(os, "replace", fail_later)
    assert support.call("build", cwd=built).code == 4
    monkeypatch.undo()
    new: Tree = {name: (b"new " + content, False) for name, content in FILES.items()}
    for name, entry in read_tree(built / OWN).items():
        assert name == "SKILL.md" or entry in (old[name], new[name])
    assert support.call("build", cwd=built).code == 0
    tree = read_tree(built / OWN)
    assert tree.pop("SKILL.md")
    assert tree == new


@pytest.mark.parametrize(
    "name", ["SKILL.md", "old/skill.MD", "a#b", "con.txt", "dots./a", "a:b", " a", "x" * 201]
)
def test_a_name_that_a_system_or_a_client_mistakes_is_refused(project: Path, name: str) -> None:
    support.write_files(project / SOURCE, {name: b"x"})
    error = refuse(project)
    assert "PP401" in error
    assert "rename the file" in error


def test_names_that_differ_in_case_only_are_refused(project: Path) -> None:
    support.write_files(project / SOURCE, {"Empty.txt": b"x"})
    if len(read_tree(project / SOURCE)) == len(FILES):
        pytest.skip("this file system has no case")
    assert "are one file on some systems" in refuse(project)


@pytest.mark.parametrize("end", ["/etc/hostname", "../../../.env", "../role.txt"])
def test_a_link_leads_only_to_another_source(project: Path, end: str) -> None:
    support.write_files(project, {".env": "KEY=1\n", "packs/demo/role.txt": "x"})
    link = project / SOURCE / "link"
    link.symlink_to(end)
    assert "PP001" in refuse(project)
    link.unlink()
    link.symlink_to("scripts/run.sh")
    assert support.call("build", cwd=project).code == 0
    assert read_tree(project / OWN)["link"] == EXPECTED["scripts/run.sh"]


def test_a_large_file_hidden_characters_and_conflict_markers_are_refused(project: Path) -> None:
    bad = {
        "large.bin": bytes((1 << 20) + 1),
        "bidi.txt": "a\u202eb\n".encode(),
        "merge.py": b"<" * 7 + b" a\nx\n" + b"=" * 7 + b"\ny\n" + b">" * 7 + b" b\n",
    }
    support.write_files(project / SOURCE, bad)
    error = refuse(project)
    assert all(code in error for code in ("PP001", "PP301", "PP008"))
    assert "1 MiB" in error


def test_a_secret_in_a_file_is_found_and_not_shown(project: Path) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    support.write_files(project / SOURCE, {"scripts/run.sh": f"export TOKEN={secret}\n"})
    done = support.call("lint", "--format", "json", cwd=project)
    places = {(one["code"], one["path"]) for one in json.loads(done.out)["findings"]}
    assert ("PP306", f"{SOURCE}/scripts/run.sh") in places
    assert secret not in done.out


def test_files_of_a_pack_without_a_skill_are_reported(project: Path) -> None:
    pack = project / "packs/demo/pack.yaml"
    found = {}
    for targets in ("[skill, system]", "[system]"):
        text = PACK.replace("[skill, system]", targets)
        pack.write_text(text, encoding="utf-8")
        data = json.loads(support.call("lint", "--format", "json", cwd=project).out)
        paths = (one["path"] for one in data["findings"])
        found[targets] = [path for path in paths if path.startswith(SOURCE)]
    assert found == {"[skill, system]": [], "[system]": [f"{SOURCE}/assets/logo.png"]}


def test_build_and_list_name_each_file(built: Path) -> None:
    data = json.loads(support.call("build", "--format", "json", cwd=built).out)
    artifacts = {one["path"]: one for one in data["artifacts"]}
    files = artifacts[f"{OWN.removeprefix('dist/')}/SKILL.md"]["files"]
    described = {one["source"]: (one["bytes"], one["sha256"], one["executable"]) for one in files}
    assert described == {
        f"{SOURCE}/{name}": (len(content), sha256(content).hexdigest(), bit)
        for name, (content, bit) in EXPECTED.items()
    }
    assert "files" not in artifacts["system/tiny.look/demo/system.md"]
    listed = json.loads(support.call("list", "packs", "--format", "json", cwd=built).out)
    assert listed["packs"][0]["files"] == sorted(f"{SOURCE}/{name}" for name in FILES)


def test_explain_and_impact_know_that_a_file_is_a_copy(built: Path) -> None:
    script = f"{OWN}/scripts/run.sh"
    done = support.call("explain", f"{script}:2", "--format", "json", cwd=built)
    (origin,) = json.loads(done.out)["origins"]
    assert (origin["path"], origin["line"]) == (f"{SOURCE}/scripts/run.sh", 2)
    assert support.call("explain", f"{script}:3", cwd=built).code == 2
    reached = support.call("impact", f"{SOURCE}/scripts/run.sh:2", "--format", "json", cwd=built)
    outputs = [(one["path"], one["lines"]) for one in json.loads(reached.out)["outputs"]]
    prefix = "skill/tiny.{}/.agents/skills/demo/scripts/run.sh"
    assert outputs == [(prefix.format(policy), [2]) for policy in ("look", "change")]


def test_absorb_takes_an_edit_of_a_file_back(built: Path) -> None:
    logo, script = built / OWN / "assets/logo.png", built / OWN / "scripts/run.sh"
    logo.write_bytes(b"\0new")
    script.write_bytes(b"#!/bin/sh\r\nexit\n")
    script.chmod(0o644)
    assert support.call("absorb", str(logo), cwd=built).code == 1  # another variant changes too
    assert (built / SOURCE / "assets/logo.png").read_bytes() == PICTURE
    for path in (logo, script):
        name = path.relative_to(built).as_posix()
        options = ("--yes", "--format", "json", "-C", built)
        done = support.call("absorb", name, *options, cwd=built)
        assert done.code == 0, done.err
        data = json.loads(done.out)
        assert data["path"] == name
        assert [one["path"] for one in data["sources"]] == [name.replace(OWN, SOURCE)]
    expected = {
        **EXPECTED,
        "assets/logo.png": (b"\0new", False),
        "scripts/run.sh": (b"#!/bin/sh\r\nexit\n", False),
    }
    assert read_tree(built / SOURCE) == expected
    assert support.call("build", cwd=built).code == 0
    assert support.call("check", cwd=built).code == 0


def test_absorb_refuses_what_may_not_be_in_a_source(built: Path) -> None:
    path = built / OWN / "empty.txt"
    path.write_text("a\u202eb\n", encoding="utf-8")
    done = support.call("absorb", str(path), "--yes", cwd=built)
    assert done.code == 1
    assert "PP301" in done.err
    assert (built / SOURCE / "empty.txt").read_bytes() == b""


def commit(folder: Path) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-qm", "all")):
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@needs_modes
def test_diff_shows_text_size_and_mode_with_the_source_line(project: Path) -> None:
    commit(project)
    assert (
        json.loads(support.call("diff", "HEAD", "--format", "json", cwd=project).out)["groups"]
        == []
    )
    support.write_files(project / SOURCE, {"assets/logo.png": b"\0", "scripts/run.sh": b"exit\n"})
    (project / SOURCE / "latin.txt").chmod(0o755)
    done = support.call("diff", "HEAD", "--format", "json", cwd=project)
    groups = json.loads(done.out)["groups"]
    causes = {cause["file"] for group in groups for cause in group["causes"]}
    changed = ("assets/logo.png", "scripts/run.sh", "latin.txt")
    assert causes == {f"{SOURCE}/{name}" for name in changed}
    texts = "".join(group["old"] + group["new"] for group in groups)
    assert "11 bytes" in texts
    assert "mode: 100755" in texts
    assert json.loads(done.out)["summary"]["unexplained"] == 0


def test_a_built_folder_is_compared_as_its_sources_are(built: Path) -> None:
    outputs = read_folder_side(built / "dist", "dist").outputs
    script = outputs["skill/tiny.look/.agents/skills/demo/scripts/run.sh"]
    assert script.dims["file"] == "scripts/run.sh"
    assert ("mode: 100755" in script.text) == EXPECTED["scripts/run.sh"][1]
    assert outputs["skill/tiny.look/.agents/skills/demo/SKILL.md"].target == "skill"


@needs_modes
def test_the_commit_is_recorded_only_if_files_and_modes_are_those_in_it(project: Path) -> None:
    support.write_files(project, {".gitignore": "dist\n/to\n"})
    commit(project)

    def read_commit() -> str:
        done = support.call("install", "demo", "--target", "skill", "--into", "to", cwd=project)
        assert done.code == 0, done.err
        files = json.loads((project / "to" / INSTALLED).read_text("utf-8"))["files"]
        support.call("install", "--uninstall", "--into", "to", cwd=project)
        (record,) = {record.get("commit", "") for record in files.values()}
        return str(record)

    (project / "to").mkdir()
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project, capture_output=True, text=True, check=True
    )
    assert read_commit() == head.stdout.strip()
    (project / SOURCE / "scripts/run.sh").chmod(0o644)
    assert read_commit() == ""


def test_install_puts_the_folder_in_place_and_takes_only_that_out(project: Path) -> None:
    repository = project.parent / "repository"
    mine = {".agents/skills/demo/mine.txt": "mine", ".claude/skills/other/run.sh": "theirs"}
    support.write_files(repository, mine)
    where = ("--into", repository)
    done = support.call("install", "demo", "--target", "skill", *where, cwd=project)
    assert done.code == 0, done.err
    tree = read_tree(repository / ".agents/skills/demo")
    assert tree.pop("SKILL.md")
    assert tree == {**EXPECTED, "mine.txt": (b"mine", False)}
    assert support.call("install", "--check", *where, cwd=project).code == 0
    (project / SOURCE / "latin.txt").unlink()
    assert support.call("install", "--check", *where, cwd=project).code == 1
    assert support.call("install", *where, cwd=project).code == 0
    assert "latin.txt" not in read_tree(repository / ".agents/skills/demo")
    assert support.call("install", "demo", "--uninstall", *where, cwd=project).code == 0
    assert read_tree(repository) == {name: (text.encode(), False) for name, text in mine.items()}


def test_a_skill_is_installed_under_another_name_with_its_files(project: Path) -> None:
    (project / "to").mkdir()
    named = ("--as", "other", "--into", "to", "--target", "skill")
    assert support.call("install", "demo", *named, cwd=project).code == 0
    assert {*FILES} < {*read_tree(project / "to/.agents/skills/other")}
    script = project / "to/.agents/skills/other/scripts/run.sh"
    done = support.call("explain", f"{script}:1", cwd=project)
    assert f"{SOURCE}/scripts/run.sh:1" in done.out


@pytest.mark.parametrize(
    "path",
    [
        ".agents/skills/demo/../victim/run.sh",
        ".agents/skills/victim/run.sh",
        ".agents/skills/demo/sub/SKILL.md",
        ".agents/skills/demo/.hidden",
        ".agents/skills/run.sh",
        ".claude/agents/victim.md",
        "src/main.py",
    ],
)
def test_a_record_claims_nothing_outside_the_folder_of_its_skill(project: Path, path: str) -> None:
    repository = project.parent / "repository"
    support.write_files(repository, {path: "mine"})
    words = {"target": "skill", "pack": "demo", "model": "tiny", "policy": "look"}
    record = {path: {"sha256": sha256(b"mine").hexdigest(), **words}}
    data = {"schema_version": 1, "files": record, "pending": {}}
    support.write_files(repository, {INSTALLED: json.dumps(data)})
    support.call("install", "demo", "--uninstall", "--force", "--into", repository, cwd=project)
    assert (repository / path).read_text("utf-8") == "mine"


@pytest.mark.parametrize("path", ["", "/", "a//b", "./a", "a/./b", "a/..", "..", "a\\b", "a\nb"])
def test_no_odd_path_is_one_beside_a_skill(path: str) -> None:
    assert explain_attached(path)


def test_the_page_of_a_pack_lists_the_files_and_shows_text_as_text(project: Path) -> None:
    support.write_files(project / SOURCE, {"page.html": b"<script>alert(1)</script>\n"})
    assert support.call("docs", "export", "site", cwd=project).code == 0
    page = (project / "site/docs/packs/demo/index.md").read_text("utf-8")
    assert "<script>alert" not in page
    assert "&#60;script&#62;alert" in page
    assert all(Path(name).name.split(".")[0][:4] in page for name in FILES)
    assert "11 bytes" in page
