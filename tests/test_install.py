"""Installing into a repository: what is put in, what is left alone, what comes out again."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import support
from promptpack.targets import blocks

PACK = support.DEMO["packs/demo/pack.yaml"].replace("targets: [opencode]\n", "")
PERSONA = "clients: {agents-md: {persona: true}}\n"
ACCEPT = support.NO_CURSOR + support.NO_SHELL
OPENCODE = ".opencode/agents/demo.md"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    other = PACK.replace("name: demo", "name: another")
    files = {
        "packs/demo/pack.yaml": PACK + PERSONA + ACCEPT,
        "packs/another/pack.yaml": other + PERSONA + ACCEPT,
        "packs/another/role.md": "You are another.\n",
    }
    (tmp_path / "repository").mkdir()
    return support.make_project(tmp_path / "project", files)


def install(project: Path, *arguments: str, pack: str = "demo") -> support.Result:
    into = ("--into", str(project.parent / "repository"))
    return support.call("install", pack, *into, *arguments, cwd=project)


def repository(project: Path) -> dict[str, bytes]:
    folder = project.parent / "repository"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.fault(34)
def test_a_variant_goes_where_the_client_looks_and_comes_out_again(project: Path) -> None:
    done = install(project, "--target", "opencode", "--target", "codex")
    assert (done.code, done.err) == (0, "")
    assert set(repository(project)) == {
        OPENCODE,
        ".codex/agents/demo.toml",
        ".promptpack-installed.json",
    }
    shown = support.call("show", "demo", cwd=project).out
    assert repository(project)[OPENCODE].decode() == shown
    assert install(project, "--uninstall").code == 0
    assert repository(project) == {}
    assert list((project.parent / "repository").iterdir()) == []


def test_another_variant_replaces_the_first(project: Path) -> None:
    install(project, "--target", "opencode", "--variant", "tiny.look")
    before = repository(project)[OPENCODE]
    done = install(project, "--target", "opencode", "--variant", "tiny.change", "--replace")
    assert done.out == f"replace {OPENCODE}\n"
    assert repository(project)[OPENCODE] != before
    assert b"edit: ask" in repository(project)[OPENCODE]


def test_a_dry_run_writes_nothing(project: Path) -> None:
    done = install(project, "--target", "opencode", "--dry-run")
    assert (done.code, done.out) == (0, f"create {OPENCODE}\n")
    assert repository(project) == {}


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.fault(26, 28)
def test_what_is_not_ours_is_left_alone(project: Path, ours: bool) -> None:
    path = project.parent / "repository" / OPENCODE
    if ours:
        install(project, "--target", "opencode")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("Mine.\n", encoding="utf-8")
    done = install(project, "--target", "opencode", "--variant", "tiny.change", "--replace")
    assert done.code == 1
    assert "-Mine." in done.err
    assert path.read_text(encoding="utf-8") == "Mine.\n"
    assert install(project, "--target", "opencode", "--force").code == 0
    kept = path.with_name("demo.md.orig")
    assert kept.read_text(encoding="utf-8") == "Mine.\n"
    assert path.read_bytes() != b"Mine.\n"


@pytest.mark.fault(26, 29)
def test_an_edited_file_stays_when_the_pack_is_taken_out(project: Path) -> None:
    install(project, "--target", "opencode", "--target", "gemini")
    path = project.parent / "repository" / OPENCODE
    path.write_text("Mine now.\n", encoding="utf-8")
    done = install(project, "--uninstall")
    assert done.code == 1
    assert set(repository(project)) == {OPENCODE, ".promptpack-installed.json"}
    assert path.read_text(encoding="utf-8") == "Mine now.\n"


@pytest.mark.parametrize(
    "rest", [b"", b"# Rules\r\n\r\nOurs.\r\n", b"no newline", b"\xff\xfe bytes\n"]
)
@pytest.mark.fault(28)
def test_agents_md_keeps_the_rest_to_the_byte(project: Path, rest: bytes) -> None:
    shared = project.parent / "repository" / "AGENTS.md"
    if rest:
        shared.write_bytes(rest)
    for pack in ("demo", "another"):
        assert install(project, "--target", "agents-md", pack=pack).code == 0
    content = shared.read_bytes()
    assert content.startswith(rest)
    assert content.index(b"begin another") < content.index(b"begin demo")
    (project / "packs/demo/role.md").write_text("You are the first.\n", encoding="utf-8")
    changed = install(project, "--target", "agents-md")
    assert changed.out == "replace AGENTS.md#demo\n"
    assert b"You are another." in shared.read_bytes()
    for pack in ("demo", "another"):
        assert install(project, "--uninstall", pack=pack).code == 0
    assert repository(project) == ({"AGENTS.md": rest} if rest else {})


@pytest.mark.fault(26)
def test_an_edited_block_is_left_alone(project: Path) -> None:
    install(project, "--target", "agents-md")
    shared = project.parent / "repository" / "AGENTS.md"
    edited = shared.read_bytes().replace(b"Python project", b"Perl project")
    shared.write_bytes(edited)
    done = install(project, "--target", "agents-md", "--variant", "tiny.change", "--replace")
    assert done.code == 1
    assert shared.read_bytes() == edited


def test_the_report_is_data_too(project: Path) -> None:
    done = install(project, "--target", "opencode", "--format", "json")
    said = json.loads(done.out)
    assert said["files"] == [{"path": OPENCODE, "state": "missing"}]
    assert (said["written"], said["removed"]) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Name at least one client with --target."),
        (("--target", "opencode", "--variant", "tiny.lok"), "Did you mean 'tiny.look'?"),
        (("--target", "opencod"), "did you mean 'opencode'?"),
    ],
)
def test_wrong_words_are_told(project: Path, arguments: tuple[str, ...], message: str) -> None:
    done = install(project, *arguments)
    assert done.code in (2, 3)
    assert message in done.err
    assert repository(project) == {}


texts = st.text(alphabet="ab\n#", max_size=30)
names = st.lists(st.sampled_from(["a", "b", "c-d"]), unique=True, min_size=1)


@given(rest=texts, order=names, out=st.randoms(use_true_random=False))
def test_blocks_put_in_any_order_stand_sorted_and_come_out_whole(
    rest: str, order: list[str], out: Random
) -> None:
    text = rest
    for name in order:
        text = blocks.put_block(text, name, blocks.wrap_block(name, f"first {name}\n"))
        text = blocks.put_block(text, name, blocks.wrap_block(name, f"body of {name}\n"))
    again = rest
    for name in sorted(order):
        again = blocks.put_block(again, name, blocks.wrap_block(name, f"body of {name}\n"))
    assert text == again
    for name in order:
        assert blocks.find_block(text, name) == blocks.wrap_block(name, f"body of {name}\n")
    out.shuffle(order)
    for name in order:
        text = blocks.remove_block(text, name)
    assert text == rest
