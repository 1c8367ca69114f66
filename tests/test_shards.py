"""`build --shard I/N` and `--merge-shards`: all shards together are one build, byte for byte.

Each shard is built in a copy of the project of its own, as on a machine of its own. What it wrote
is brought together by copying files, and compared with what one build of all files wrote.
"""

import itertools
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import support

PACK, SHARED, LIST = "packs/demo/pack.yaml", "promptpack.yaml", "PERMISSIONS.txt"
RECORD = ".promptpack-shard-{}-of-{}.json"
Files = Mapping[str, str | bytes]


def make_packs(count: int, targets: str, **more: str) -> dict[str, str | bytes]:
    """Return packs beside the demo, each with a role of its own; `more` is added by their names."""
    files: dict[str, str | bytes] = {}
    for name in ("demo", *(f"pack-{number}" for number in range(1, count))):
        text = support.DEMO[PACK].replace("name: demo", f"name: {name}")
        text = text.replace("targets: [opencode]", f"targets: [{targets}]")
        files[f"packs/{name}/pack.yaml"] = text + more.get(name.replace("-", "_"), "")
        files[f"packs/{name}/role.md"] = f"You are {name}, and write {{{{ vars.language }}}}.\n"
    return files


PROJECTS: Mapping[str, Files] = {
    "no packs": {PACK: "", "packs/demo/role.md": ""},
    "one pack": {},
    "shared blocks": {
        **make_packs(3, "opencode, agents-md, system"),
        SHARED: f"name: shop\nout: built\npermissions: {LIST}\n",
    },
    "skills with files": {
        **make_packs(2, "skill"),
        "packs/demo/skill/scripts/run.sh": "#!/bin/sh\necho hi\n",
        "packs/demo/skill/a/picture.png": b"\x89PNG\r\n\x1a\n\0\xff",
    },
    "installations": {
        **make_packs(2, "opencode", pack_1="clients: {opencode: {file: other}}\n"),
        SHARED: f"permissions: docs/{LIST}\n"
        "installations:\n  - {into: ., packs: all, variant: tiny.look}\n",
    },
    "one shared file alone": make_packs(4, "agents-md"),
}


def make_project(path: Path, files: Files) -> Path:
    support.make_project(path, files)
    if not files.get(PACK, "x"):
        shutil.rmtree(path / "packs/demo")
    for script in path.rglob("*.sh"):
        script.chmod(0o755)
    return path


def build_shards(root: Path, total: int) -> list[Path]:
    """Return copies of a project, each with one shard built in it."""
    copies = []
    for number in range(1, total + 1):
        copies.append(root.with_name(f"{root.name}-{number}-of-{total}"))
        shutil.copytree(root, copies[-1])
        done = support.call("build", "--shard", f"{number}/{total}", cwd=copies[-1])
        assert done.code == 0, done.err
    return copies


def find_out(root: Path) -> Path:
    text = (root / SHARED).read_text() if (root / SHARED).exists() else ""
    return root / ("built" if "out: built" in text else "dist")


def copy_shards(copies: list[Path], into: Path) -> None:
    """Copy the output folder of each shard into one, in this order; modes are lost on the way."""
    for copy in copies:
        for path in sorted(find_out(copy).rglob("*")):
            target = find_out(into) / path.relative_to(find_out(copy))
            if path.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())


def read_state(root: Path) -> dict[str, tuple[bytes, bool]]:
    """Return each file of a project and its outputs: its bytes, and whether it can be run."""
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), os.access(path, os.X_OK))
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project in whose output folder are the files of both shards, not merged yet."""
    folder, files = tmp_path_factory.mktemp("prepared"), make_packs(2, "opencode")
    root = make_project(folder / "merged", files)
    copy_shards(build_shards(make_project(folder / "shard", files), 2), root)
    return root


@pytest.mark.parametrize("name", PROJECTS)
def test_all_shards_are_the_whole_build(name: str, tmp_path: Path) -> None:
    whole = make_project(tmp_path / "whole", PROJECTS[name])
    assert support.call("build", cwd=whole).code == 0
    for total in range(1, 6):
        source = make_project(tmp_path / f"source-{total}", PROJECTS[name])
        copies = build_shards(source, total)
        root = make_project(tmp_path / f"merged-{total}", PROJECTS[name])
        copy_shards(copies[total // 2 :] + copies[: total // 2], root)
        done = support.call("build", "--merge-shards", cwd=root)
        assert (done.code, done.err) == (0, "")
        assert read_state(root) == read_state(whole)
        code = support.call("check", cwd=root).code
        assert code == (1 if name == "installations" else 0)  # nothing is installed yet


def test_each_file_is_of_one_shard_and_shards_are_of_like_size(tmp_path: Path) -> None:
    root = make_project(tmp_path / "a", make_packs(5, "opencode, agents-md"))
    sizes: list[int] = []
    seen: set[str] = set()
    for copy in build_shards(root, 3):
        files = {
            path.relative_to(copy).as_posix()
            for path in (copy / "dist").rglob("*")
            if path.is_file() and not path.name.startswith(".promptpack")
        }
        assert not files & seen
        seen |= files
        units = {name.rsplit("/", 1)[1] for name in files if "/opencode/" in name}
        sizes.append(len(units) + len([name for name in files if name.endswith("AGENTS.md")]))
    assert sorted(sizes) == [2, 2, 3]  # five packs and two shared files


@pytest.mark.parametrize("order", [*itertools.permutations((1, 2, 3))], ids=str)
def test_shards_in_one_folder_leave_each_other_alone(
    order: tuple[int, ...], tmp_path: Path
) -> None:
    files = PROJECTS["shared blocks"]
    root, whole = make_project(tmp_path / "a", files), make_project(tmp_path / "b", files)
    assert support.call("build", cwd=whole).code == 0
    before: dict[str, tuple[bytes, bool]] = {}
    for number in order:
        assert support.call("build", "--shard", f"{number}/3", cwd=root).code == 0
        found = read_state(root)
        assert all(found[p] == before[p] for p in before if not p.endswith(".promptpack.json"))
        before = found
    assert support.call("build", "--merge-shards", cwd=root).code == 0
    assert read_state(root) == read_state(whole)


def test_a_shard_builds_again_over_a_whole_build(tmp_path: Path) -> None:
    files = {**make_packs(3, "opencode, agents-md"), SHARED: f"permissions: {LIST}\n"}
    root = make_project(tmp_path, files)
    assert support.call("build", cwd=root).code == 0
    (root / "packs/demo/role.md").write_text("You help.\n")
    shutil.rmtree(root / "packs/pack-2")
    for number in (1, 2):
        done = support.call("build", "--shard", f"{number}/2", cwd=root)
        assert done.code == 0
        assert (root / "dist/opencode/tiny.look/.opencode/agents/pack-2.md").exists()
    done = support.call("build", "--merge-shards", cwd=root)
    assert "2 removed" in done.out  # its two files; its blocks were in files that stay
    expected = make_project(tmp_path / "expected", {})
    shutil.copytree(root / "packs", expected / "packs", dirs_exist_ok=True)
    shutil.copy(root / SHARED, expected / SHARED)
    assert support.call("build", cwd=expected).code == 0
    assert support.snapshot(root / "dist") == support.snapshot(expected / "dist")


def test_what_is_yours_stays_yours(tmp_path: Path) -> None:
    root = make_project(tmp_path, make_packs(2, "opencode"))
    mine = {
        "dist/notes.md": "Mine.\n",
        "dist/opencode/tiny.look/.opencode/agents/own.md": "Mine too.\n",
        "dist/.promptpack-shard-1-of-x.json": "{}",
        "dist/.promptpack-shard-7-of-9.json": "A note.\n",
    }
    support.write_files(root, mine)
    for words in (("--shard", "1/2"), ("--shard", "2/2")):
        assert support.call("build", *words, cwd=root).code == 0
    refused = support.call("build", "--merge-shards", cwd=root)
    assert (refused.code, "not the record of this shard" in refused.err) == (3, True)
    assert support.call("build", cwd=root).code == 0
    assert {name: (root / name).read_text() for name in mine} == mine
    assert not (root / "dist" / RECORD.format(1, 2)).exists()
    taken = root / "dist/opencode/tiny.look/.opencode/agents/demo.md"
    taken.write_text("Edited.\n")
    assert support.call("build", "--shard", "1/2", cwd=root).code == 3
    assert taken.read_text() == "Edited.\n"
    assert support.call("build", "--shard", "2/2", cwd=root).code == 0


def _lose_shard(root: Path) -> None:
    (root / "dist" / RECORD.format(1, 2)).unlink()


def _lose_file(root: Path) -> None:
    (root / "dist/opencode/tiny.look/.opencode/agents/demo.md").unlink()


def _edit_file(root: Path) -> None:
    path = root / "dist/opencode/tiny.change/.opencode/agents/pack-1.md"
    path.write_text(path.read_text() + "One more line.\n")


def _change_sources(root: Path) -> None:
    (root / "packs/demo/role.md").write_text("You do something else.\n")


def _add_other_count(root: Path) -> None:
    copies = build_shards(make_project(root.parent / "other", make_packs(2, "opencode")), 3)
    shutil.copy(copies[2] / "dist" / RECORD.format(3, 3), root / "dist")


def _rename_record(root: Path) -> None:
    shutil.copy(root / "dist" / RECORD.format(1, 2), root / "dist" / RECORD.format(2, 2))


def edit_record(root: Path, number: int, edit: Callable[[dict[str, object]], object]) -> None:
    path = root / "dist" / RECORD.format(number, 2)
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def _change_version(root: Path) -> None:
    edit_record(root, 2, lambda data: data.update(tool="0.0.1"))


def _double_file(root: Path) -> None:
    one = json.loads((root / "dist" / RECORD.format(1, 2)).read_text())
    edit_record(root, 2, lambda data: data.update(files=one["files"]))


def _claim_other_path(root: Path) -> None:
    path, words = "opencode/tiny.look/notes.md", {"sha256": "0", "target": "opencode"}
    edit_record(root, 2, lambda data: data.update(files={path: words}))


def _break_words(root: Path) -> None:
    edit_record(root, 1, lambda data: data.update(files={"a": {"sha256": 1}}))


def _link_file(root: Path) -> None:
    path = root / "dist/opencode/tiny.look/.opencode/agents/demo.md"
    path.rename(root / "elsewhere.md")
    path.symlink_to(root / "elsewhere.md")


WRONG: tuple[tuple[Callable[[Path], None], str], ...] = (
    (_lose_shard, r"the shard's record is missing\n.*promptpack-shard-1-of-2"),
    (_lose_file, r"not the bytes that its shard wrote\n.*agents/demo\.md"),
    (_edit_file, r"not the bytes that its shard wrote\n.*agents/pack-1\.md"),
    (_change_sources, "was built from other sources than those that are here"),
    (_add_other_count, "is one of 3 shards; there are shards of 2 and 3 here"),
    (_rename_record, "is not the record of this shard"),
    (_change_version, r"was built by promptpack 0\.0\.1"),
    (_double_file, "which shard 1/2 has too"),
    (_claim_other_path, "lists a path that promptpack would not write"),
    (_break_words, "is not the record of this shard"),
    (_link_file, "not the bytes that its shard wrote"),
)


@pytest.mark.fault("mixed-shards")
@pytest.mark.parametrize(
    ("harm", "reason"), WRONG, ids=lambda value: getattr(value, "__name__", "")
)
def test_shards_that_are_no_whole_are_refused(
    harm: Callable[[Path], None], reason: str, prepared: Path, tmp_path: Path
) -> None:
    if harm is _link_file and sys.platform == "win32":
        pytest.skip("links need rights there")
    root = shutil.copytree(prepared, tmp_path / "project")
    harm(root)
    before = support.snapshot(root)
    done = support.call("build", "--merge-shards", cwd=root)
    assert (done.code, done.out) == (3, "")
    assert re.search(reason, done.err)
    assert "PP406" in done.err
    assert support.snapshot(root) == before


def test_line_ends_of_a_checkout_are_no_edit(prepared: Path, tmp_path: Path) -> None:
    root = shutil.copytree(prepared, tmp_path / "project")
    path = root / "dist/opencode/tiny.look/.opencode/agents/demo.md"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert support.call("build", "--merge-shards", cwd=root).code == 0
    assert support.call("check", cwd=root).code == 0


def test_an_error_of_one_pack_is_of_its_shard_and_one_in_a_file_of_each(tmp_path: Path) -> None:
    files = make_packs(2, "opencode")
    root = make_project(tmp_path, {**files, "packs/pack-1/role.md": "{{ vars.nothing }}\n"})
    codes = [support.call("build", "--shard", f"{n}/2", cwd=root).code for n in (1, 2)]
    assert codes == [0, 3]
    (root / "packs/pack-1/pack.yaml").write_text("name: pack-1\n")
    codes = [support.call("build", "--shard", f"{n}/2", cwd=root).code for n in (1, 2)]
    assert codes == [3, 3]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--shard", "0/2"), "is not a part of a whole"),
        (("--shard", "3/2"), "is not a part of a whole"),
        (("--shard", "2"), "is not a part of a whole"),
        (("--shard", ""), "is not a part of a whole"),
        (("--shard", "1/2", "--merge-shards"), "not both"),
        (("--shard", "1/2", "--watch"), "not both"),
        (("--shard", "1/2", "--pack", "demo"), "leave out --pack"),
        (("--merge-shards", "--target", "opencode"), "leave out --pack"),
        (("--merge-shards", "--format", "json"), "no JSON"),
        (("--merge-shards",), "There are no shards in 'dist'"),
    ],
    ids=" ".join,
)
def test_options_that_make_no_sense(words: tuple[str, ...], reason: str, project: Path) -> None:
    done = support.call("build", *words, cwd=project)
    assert (done.code, done.out, reason in done.err) == (2, "", True)


def test_a_report_names_the_shard(project: Path) -> None:
    done = support.call("build", "--shard", "1/1", "--format", "json", cwd=project)
    assert json.loads(done.out)["shard"] == "1/1"
    assert "shard" not in json.loads(support.call("build", "--format", "json", cwd=project).out)
