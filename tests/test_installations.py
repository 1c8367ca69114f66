"""Where agents live: installations of the project file, records, checks and removal."""

import json
from pathlib import Path
from typing import Any

import pytest

import support
from promptpack.output.manifest import INSTALLED, MANIFEST
from promptpack.targets import TARGETS
from review_cases import commit, git
from terminals import answer_on_terminal, find_actions

PACK, ROLE, SHARED = "packs/demo/pack.yaml", "packs/demo/role.md", "promptpack.yaml"
DEMO = support.DEMO[PACK].replace("targets: [opencode]\n", "targets: [opencode, gemini]\n")
OPENCODE, GEMINI = ".opencode/agents/demo.md", ".gemini/agents/demo.md"
HERE = "name: acme\ninstallations:\n  - {into: ../shop}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "home").mkdir()
    accept = support.NO_CURSOR + support.NO_SHELL
    return support.make_project(tmp_path / "project", {PACK: DEMO + accept, SHARED: HERE})


def install(project: Path, *arguments: str | Path) -> support.Result:
    home = {"HOME": str(project.parent / "home")}
    return support.call("install", *arguments, cwd=project, env=home)


def list_files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found} - {INSTALLED}


def read_records(folder: Path) -> dict[str, dict[str, str]]:
    records: dict[str, dict[str, str]] = json.loads((folder / INSTALLED).read_bytes())["files"]
    return records


def states(done: support.Result) -> dict[str, str]:
    data: dict[str, Any] = json.loads(done.out)
    return {f["path"]: f["state"] for one in data["installations"] for f in one["files"]}


def write(project: Path, path: str, text: str) -> None:
    support.write_files(project, {path: text})


def test_the_project_file_says_what_is_installed(project: Path) -> None:
    done = install(project)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"create {GEMINI}\ncreate {OPENCODE}\n"
    assert list_files(project.parent / "shop") == {OPENCODE, GEMINI}
    again = install(project)
    assert (again.code, again.out) == (0, "2 files in ../shop, all up to date\n")


def test_without_installations_it_says_what_to_do(project: Path) -> None:
    write(project, SHARED, "name: acme\n")
    done = install(project)
    assert done.code == 2
    assert "list 'installations' in promptpack.yaml" in done.err


def test_a_pack_that_is_gone_is_taken_out(project: Path) -> None:
    other = DEMO.replace("name: demo", "name: other") + support.NO_CURSOR + support.NO_SHELL
    support.write_files(project, {"packs/other/pack.yaml": other, "packs/other/role.md": "Help.\n"})
    install(project)
    for path in (project / "packs/other").iterdir():
        path.unlink()
    (project / "packs/other").rmdir()
    checked = install(project, "--check")
    assert checked.code == 1
    assert ".opencode/agents/other.md: extra" in checked.out
    assert (
        install(project).out == "remove .gemini/agents/other.md\nremove .opencode/agents/other.md\n"
    )
    assert list_files(project.parent / "shop") == {OPENCODE, GEMINI}


def test_check_covers_what_is_built_and_what_is_installed(project: Path) -> None:
    assert support.call("build", cwd=project).code == 0
    nothing = support.call("check", cwd=project)
    assert nothing.code == 0
    assert nothing.err == "Not checked: nothing is installed in '../shop' here\n"
    install(project)
    assert support.call("check", cwd=project).code == 0
    (project.parent / "shop" / OPENCODE).write_text("Mine.\n", encoding="utf-8")
    done = support.call("check", cwd=project)
    assert done.code == 1
    assert f"{OPENCODE}: edited by hand" in done.out
    assert "promptpack install --force" in done.out
    data = json.loads(support.call("check", "--format", "json", cwd=project).out)
    assert data["files"] == []
    assert data["installations"] == [
        {
            "into": "../shop",
            "files": [
                {"path": GEMINI, "pack": "demo", "variant": "tiny.look", "target": "gemini"}
                | {"state": "current"},
                {"path": OPENCODE, "pack": "demo", "variant": "tiny.look", "target": "opencode"}
                | {"state": "edited"},
            ],
        }
    ]
    assert support.call("check", "--pack", "demo", cwd=project).code == 0


def test_what_belongs_into_the_own_repository_is_missing_until_it_is_there(project: Path) -> None:
    git(project, "init", "--quiet")
    write(project, SHARED, "installations: [{into: ., targets: [opencode]}]\n")
    support.call("build", cwd=project)
    done = support.call("check", cwd=project)
    assert (done.code, f"{OPENCODE}: missing" in done.out) == (1, True)
    assert install(project).code == 0
    assert support.call("check", cwd=project).code == 0


@pytest.mark.parametrize("change", ["stale", "edited", "missing", "foreign", "current"])
def test_each_state_of_an_installed_file(project: Path, change: str) -> None:
    path = project.parent / "shop" / OPENCODE
    if change != "foreign":
        install(project)
    if change == "stale":
        write(project, ROLE, "You are another.\n")
    elif change in ("edited", "foreign"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Mine.\n", encoding="utf-8")
    elif change == "missing":
        path.unlink()
    before = support.snapshot(project.parent / "shop")
    done = install(project, "--check", "--format", "json")
    assert states(done)[OPENCODE] == change
    assert done.code == (0 if change == "current" else 1)
    assert support.snapshot(project.parent / "shop") == before


def test_a_second_variant_has_its_own_name_or_is_refused(project: Path) -> None:
    shop = project.parent / "shop"
    words = ("demo", "--target", "opencode", "--into", shop, "--yes")
    assert install(project, *words, "--variant", "tiny.look").code == 0
    before = support.snapshot(shop)
    refused = install(project, *words, "--variant", "tiny.change")
    assert refused.code == 2
    assert "demo (tiny.look)" in refused.err
    assert "--as NAME" in refused.err
    assert support.snapshot(shop) == before
    twice = install(project, *words, "--variant", "tiny.look", "--variant", "tiny.change")
    assert (twice.code, "Name one --variant" in twice.err) == (2, True)
    assert install(project, *words, "--variant", "tiny.change", "--as", "demo-change").code == 0
    second = ".opencode/agents/demo-change.md"
    assert list_files(shop) == {OPENCODE, second}
    assert (shop / OPENCODE).read_bytes() == before[OPENCODE]
    assert (
        install(project, "demo-change", "--uninstall", "--into", shop).out == f"remove {second}\n"
    )
    assert list_files(shop) == {OPENCODE}


def test_a_name_is_what_the_client_sees(project: Path) -> None:
    pack = DEMO.replace("[opencode, gemini]", "[gemini]").replace("\nvariants", "\nvariants")
    write(project, PACK, pack)
    install(
        project, "demo", "--target", "gemini", "--as", "mine", "--into", project.parent / "shop"
    )
    text = (project.parent / "shop/.gemini/agents/mine.md").read_text(encoding="utf-8")
    assert TARGETS["gemini"].decode(text, "mine").name == "mine"
    assert "name: mine" in text.split("\n")


def test_a_renamed_pack_is_removed_by_its_record(project: Path) -> None:
    write(project, SHARED, "out: dist\n")
    shop = project.parent / "shop"
    install(project, "--target", "opencode", "--into", shop)
    pack = (project / PACK).read_text(encoding="utf-8").replace("name: demo", "name: zzz")
    (project / "packs/demo").rename(project / "packs/zzz")
    write(project, "packs/zzz/pack.yaml", pack)
    checked = install(project, "--check", "--into", shop, "--format", "json")
    assert (checked.code, states(checked)) == (1, {OPENCODE: "stale"})
    done = install(project, "--target", "opencode", "--into", shop)
    assert "the project has no pack 'demo' any more" in done.out
    assert f"promptpack install --uninstall demo --into {shop}" in done.out
    assert list_files(shop) == {OPENCODE, ".opencode/agents/zzz.md"}
    assert install(project, "demo", "--uninstall", "--into", shop).out == f"remove {OPENCODE}\n"
    assert list_files(shop) == {".opencode/agents/zzz.md"}
    assert install(project, "--uninstall", "--into", shop).code == 0
    assert list(shop.iterdir()) == []


def test_what_is_recorded_is_brought_up_to_date(project: Path) -> None:
    write(project, SHARED, "out: dist\n")
    shop = project.parent / "shop"
    empty = install(project, "--into", shop)
    assert (empty.code, "Nothing of this project is installed" in empty.err) == (2, True)
    words = ("demo", "--target", "opencode", "--into", shop)
    install(project, *words)
    install(project, *words, "--as", "mine", "--variant", "tiny.change")
    write(project, ROLE, "You are another.\n")
    assert install(project, "--check", "--into", shop).code == 1
    mine = ".opencode/agents/mine.md"
    assert install(project, "--into", shop).out == f"replace {OPENCODE}\nreplace {mine}\n"
    assert install(project, "--check", "--into", shop).code == 0
    assert b"edit: ask" in (shop / mine).read_bytes()
    assert b"edit: ask" not in (shop / OPENCODE).read_bytes()


def test_agents_of_a_user_lie_where_each_client_looks(project: Path) -> None:
    home = project.parent / "home"
    usual = {name: one for name, one in support.AGENT_TARGETS.items() if not one.is_on_request}
    del usual["kiro"], usual["junie"]  # they can have no such policy
    places = {name: one.user_path for name, one in usual.items() if one.user_path}
    reason = "  - {target: %s, capability: all, reason: this is only a test}\n"
    accept = "accept:\n" + "".join(reason % name for name in support.AGENT_TARGETS)
    accept += "  - {target: codex, capability: [list, glob, grep], reason: only a test}\n"
    write(project, PACK, DEMO.replace("[opencode, gemini]", f"[{', '.join(places)}]") + accept)
    write(project, SHARED, "name: acme\ninstallations: [{into: user}]\n")
    done = install(project)
    assert done.code == 0, done.err
    assert list_files(home) == {path.format(name="demo") for path in places.values()}
    assert states(install(project, "--check", "--user", "--format", "json")) == dict.fromkeys(
        list_files(home), "current"
    )
    assert install(project, "--uninstall", "--user").code == 0
    assert list(home.iterdir()) == []


def test_a_file_that_is_only_for_a_repository_is_refused_for_a_user(project: Path) -> None:
    pack = (
        DEMO.replace("[opencode, gemini]", "[opencode, system]")
        + support.NO_CURSOR
        + support.NO_SHELL
    )
    write(project, PACK, pack)
    done = install(project, "demo", "--user", "--target", "system")
    assert done.code == 2, done.err
    assert "has no folder for the agents of a user" in done.err


def test_a_build_and_an_installation_in_one_folder_keep_apart(project: Path) -> None:
    shop = project.parent / "shop"
    assert support.call("build", "--out", shop, cwd=project).code == 0
    built = list_files(shop) - {MANIFEST}
    install(project)
    assert list_files(shop) - {MANIFEST} == built | {OPENCODE, GEMINI}
    write(project, SHARED, HERE + "  - {into: ../shop, packs: [demo], as: more}\n")
    install(project)
    install(project, "--uninstall")
    assert list_files(shop) - {MANIFEST} == built
    assert support.call("check", "--out", shop, cwd=project).code == 0


def test_a_record_says_of_which_commit_a_file_is(project: Path) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    first = commit(project, "first")
    install(project)
    shop = project.parent / "shop"
    assert {r["commit"] for r in read_records(shop).values()} == {first}
    assert {r["project"] for r in read_records(shop).values()} == {"acme"}
    record = (shop / INSTALLED).read_bytes()
    write(project, "README.md", "Words.\n")
    commit(project, "second")
    install(project)
    assert (shop / INSTALLED).read_bytes() == record  # what stays keeps its record
    write(project, ROLE, "You are another.\n")
    install(project)
    assert [r.get("commit") for r in read_records(shop).values()] == [None, None]
    write(project, ROLE, "You are a third.\n")
    third = commit(project, "third")
    install(project)
    assert {r["commit"] for r in read_records(shop).values()} == {third}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{into: ., packs: [nope]}", "PP029"),
        ("{into: ., targets: [nope]}", "PP023"),
        ("{into: ., variant: {nope: tiny.look}}", "PP023"),
        ("{into: ., variant: tiny.nope}", "the pack 'demo' has no variant 'tiny.nope'"),
        ("{into: ., variant: tiny}", "use '<model>.<policy>', such as 'claude.review'"),
        ("{into: ., packs: [demo], targets: [codex]}", "is not built for 'codex'"),
        ("{into: user, targets: [agents-md]}", "has no folder for the agents of a user"),
        ("{into: .}, {into: ., variant: tiny.change}", "would be both demo (tiny.look) and"),
        ("{into: ., as: X}", "PP013"),
        ("{packs: all}", "into"),
    ],
)
def test_a_wrong_installation_is_told_with_its_place(
    project: Path, entry: str, message: str
) -> None:
    write(project, SHARED, f"name: acme\ninstallations: [{entry}]\n")
    done = support.call("build", cwd=project)
    assert done.code == 3
    assert message in done.err
    assert "promptpack.yaml:2:" in done.err


def test_a_name_for_many_packs_is_refused(project: Path) -> None:
    support.write_files(
        project,
        {
            "packs/other/pack.yaml": DEMO.replace("name: demo", "name: other"),
            "packs/other/role.md": "Help.\n",
            SHARED: "installations: [{into: ., as: x}]\n",
        },
    )
    done = install(project)
    assert (done.code, "'as' gives a name to one pack, and this installs 2" in done.err) == (
        3,
        True,
    )


def test_the_output_folder_of_the_project_file(project: Path) -> None:
    write(project, SHARED, "out: made/agents\n")
    assert support.call("build", cwd=project).code == 0
    assert (project / "made/agents" / MANIFEST).is_file()
    assert not (project / "dist").exists()
    assert support.call("check", cwd=project).out.endswith("in made/agents, all up to date\n")
    write(project, SHARED, "out: ..\n")
    assert support.call("build", cwd=project).code == 2


def test_a_file_with_a_stem_of_its_own_is_built_again_after_an_edit(project: Path) -> None:
    write(project, PACK, DEMO + "clients: {opencode: {file: core/Open_Agent}}\n")
    write(project, SHARED, "name: acme\ninstallations: [{into: ../shop, targets: [opencode]}]\n")
    path = ".opencode/agents/core/Open_Agent.md"
    for text in ("You are one.\n", "You are two.\n"):
        write(project, ROLE, text)
        for words in (("build",), ("install",), ("check",)):
            done = support.call(*words, cwd=project)
            assert done.code == 0, done.out + done.err
        for made in (project.parent / "shop" / path, project / "dist/opencode/tiny.look" / path):
            assert text in made.read_text(encoding="utf-8")
    write(project, PACK, DEMO)
    assert f"remove {path}" in install(project).out.splitlines()
    assert support.call("build", cwd=project).code == 0
    assert not list((project / "dist").rglob("Open_Agent.md"))


@pytest.mark.parametrize("columns", [20, 80])
@pytest.mark.parametrize("answer", ["y\n", "n\n", "\x03"])
def test_on_a_terminal_it_asks_first(project: Path, answer: str, columns: int) -> None:
    home = str(project.parent / "home")
    code, shown = answer_on_terminal(("install",), project, answer, columns, HOME=home)
    assert not [*find_actions(shown.replace("^C", ""), in_log=False)]
    assert f"create {OPENCODE}" in shown
    assert "Continue?" in shown
    is_done = answer == "y\n"
    assert code == {"y\n": 0, "n\n": 0, "\x03": 130}[answer], shown
    assert list_files(project.parent / "shop") == ({OPENCODE, GEMINI} if is_done else set())
    assert "Traceback" not in shown
