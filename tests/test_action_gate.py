"""The gate of the action is closed: what can't be read fails the job, whatever may fail it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import support
from forges import Api, Forge, Run, run_action
from hostile_git import (
    PWNED,
    locate_loose,
    make_commit,
    plant_repository,
    store_instead,
    unpack_objects,
)
from review_cases import commit, git
from test_action_hostile import install

LOOK = "templates/policies/look.yaml"
GATE: dict[str, Any] = {"fail_on": "permissions", "check": "false"}


@pytest.fixture
def inner(tmp_path: Path) -> Forge:
    """Return a repository in which the project is in the folder `agents`."""
    forge = Forge(tmp_path)
    (forge.work / "agents").mkdir()
    git(forge.work, "mv", "packs", "templates", "dist", "agents/")
    commit(forge.work)
    forge.first = forge.commit_of("HEAD")
    forge.branch()
    return forge


def widen(forge: Forge, folder: str = ".") -> None:
    path = forge.work / folder / LOOK
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("list: allow}", "list: allow, execute: allow}"), encoding="utf-8")
    assert support.call("build", cwd=forge.work / folder).code == 0
    commit(forge.work)


def is_gate_closed(run: Run, forge: Forge) -> bool:
    """Tell whether a run says that permissions are widened, and ran nothing of the change."""
    assert not list(forge.folder.rglob(PWNED))
    assert run.code == 1, run.log
    assert run.outputs["permissions-widened"] == "1"
    return "### 🔴 Permissions widened (1 group)" in run.summary


@pytest.mark.fault("gate-bypass", 66)
@pytest.mark.parametrize("folder", ["agents", "agents/packs/demo"])
def test_a_folder_of_the_change_that_passes_for_a_repository_is_none(
    inner: Forge, api: Api, folder: str
) -> None:
    widen(inner, "agents")
    objects = f"{'../' * (folder.count('/') + 2)}.git/objects"
    plant_repository(inner.work / folder, inner.first, objects)
    commit(inner.work)
    run = run_action(inner, api, project="agents", **GATE)
    assert is_gate_closed(run, inner)


@pytest.mark.fault("promisor-remote")
def test_no_program_that_a_change_names_is_run(inner: Forge, api: Api) -> None:
    widen(inner, "agents")
    plant_repository(inner.work / "agents", "1" * 40, "x", inner.folder / PWNED)
    commit(inner.work)
    assert is_gate_closed(run_action(inner, api, project="agents", **GATE), inner)


@pytest.mark.fault("replace-refs")
def test_an_object_is_never_read_for_another(forge: Forge, api: Api) -> None:
    widen(forge)

    def replace(checkout: Path) -> None:
        change = git(checkout, "rev-parse", "HEAD^2").strip()
        tree = git(checkout, "rev-parse", "HEAD^{tree}").strip()
        git(checkout, "replace", "HEAD", make_commit(checkout, tree, change, change))
        old, new = (git(checkout, "rev-parse", f"HEAD{s}:{LOOK}").strip() for s in ("^1", ""))
        assert old == new  # as git says it, where nobody stops it

    assert is_gate_closed(run_action(forge, api, prepare=replace, **GATE), forge)


@pytest.mark.fault("replace-refs")
def test_content_is_never_read_for_other_content(forge: Forge, api: Api) -> None:
    widen(forge)

    def replace(checkout: Path) -> None:
        old, new = (git(checkout, "rev-parse", f"HEAD{s}:{LOOK}").strip() for s in ("^1", ""))
        git(checkout, "replace", new, old)
        assert "execute" not in git(checkout, "cat-file", "-p", new)

    assert is_gate_closed(run_action(forge, api, prepare=replace, **GATE), forge)


@pytest.mark.fault("replace-refs")
def test_a_history_that_a_file_makes_up_is_not_followed(forge: Forge, api: Api) -> None:
    widen(forge)

    def graft(checkout: Path) -> None:
        head = git(checkout, "rev-parse", "HEAD").strip()
        change = git(checkout, "rev-parse", "HEAD^2").strip()
        support.write_files(checkout, {".git/info/grafts": f"{head} {change} {change}\n"})
        assert git(checkout, "rev-parse", "HEAD^1").strip() == change

    assert is_gate_closed(run_action(forge, api, prepare=graft, **GATE), forge)


@pytest.mark.fault("replace-refs")
def test_where_a_change_left_its_base_is_not_made_up(forge: Forge, api: Api) -> None:
    widen(forge)
    merge, head = forge.merge()
    event = forge.pull_request(head)

    def graft(checkout: Path) -> None:
        grafts = (
            f"{forge.first} {head}\n{head}\n"  # the base comes from the change, that from nowhere
        )
        support.write_files(checkout, {".git/info/grafts": grafts})
        assert git(checkout, "merge-base", forge.first, "HEAD").strip() == head

    options = {"commit": merge, "revision": head, "prepare": graft, **GATE}
    assert is_gate_closed(run_action(forge, api, event, **options), forge)


def name_programs(checkout: Path) -> None:
    """Put every setting of a repository that names a program for a git that reads."""
    program = f"touch {checkout.parent / PWNED}"
    names = (
        *("core.fsmonitor", "core.pager", "core.sshCommand", "core.alternateRefsCommand"),
        *("core.gitProxy", "core.askPass", "core.editor", "diff.external", "gpg.program"),
        *("credential.helper", "pager.cat-file", "pager.rev-parse", "uploadpack.packObjectsHook"),
    )
    for name in names:
        git(checkout, "config", name, program)
    support.write_files(checkout, {".git/hooks/reference-transaction": f"#!/bin/sh\n{program}\n"})
    (checkout / ".git/hooks/reference-transaction").chmod(0o755)


@pytest.mark.fault(58, "promisor-remote")
def test_no_program_that_the_settings_of_a_repository_name_is_run(forge: Forge, api: Api) -> None:
    widen(forge)
    assert is_gate_closed(run_action(forge, api, prepare=name_programs, **GATE), forge)


def remove_blob(checkout: Path) -> None:
    unpack_objects(checkout)
    oid = git(checkout, "rev-parse", f"HEAD^1:{LOOK}").strip()
    locate_loose(checkout / ".git", oid).unlink()


def remove_tree(checkout: Path) -> None:
    unpack_objects(checkout)
    oid = git(checkout, "rev-parse", "HEAD:templates").strip()
    locate_loose(checkout / ".git", oid).unlink()


def remove_head(checkout: Path) -> None:
    unpack_objects(checkout)
    locate_loose(checkout / ".git", git(checkout, "rev-parse", "HEAD").strip()).unlink()


def swap_blob(checkout: Path) -> None:
    unpack_objects(checkout)
    new, old = (git(checkout, "rev-parse", f"HEAD{s}:{LOOK}").strip() for s in ("", "^1"))
    content = git(checkout, "cat-file", "-p", old).encode()
    store_instead(checkout / ".git", new, "blob", content)
    (checkout / LOOK).write_bytes(content)  # else the file has what git has not


def swap_tree(checkout: Path) -> None:
    unpack_objects(checkout)
    new, old = (git(checkout, "rev-parse", f"HEAD{s}:templates").strip() for s in ("", "^1"))
    content = subprocess.run(
        ["git", "cat-file", "tree", old], cwd=checkout, capture_output=True, check=True
    ).stdout
    store_instead(checkout / ".git", new, "tree", content)


def break_commit(checkout: Path) -> None:
    unpack_objects(checkout)
    path = locate_loose(checkout / ".git", git(checkout, "rev-parse", "HEAD^1").strip())
    path.unlink()
    path.write_bytes(b"broken")


def break_repository(checkout: Path) -> None:
    (checkout / ".git/HEAD").unlink()


def move_work_tree(checkout: Path) -> None:
    git(checkout, "config", "core.worktree", str(checkout / "packs"))


@pytest.mark.fault("damaged-object", "gate-bypass")
@pytest.mark.parametrize("fail_on", ["none", "permissions"])
@pytest.mark.parametrize(
    "damage",
    [
        remove_blob,
        remove_tree,
        remove_head,
        swap_blob,
        swap_tree,
        break_commit,
        break_repository,
        move_work_tree,
    ],
)
def test_what_can_not_be_read_fails_the_job(
    forge: Forge, api: Api, damage: Callable[[Path], None], fail_on: str
) -> None:
    widen(forge)
    run = run_action(forge, api, prepare=damage, fail_on=fail_on, check="false")
    assert run.code in (2, 3) if damage is remove_head else run.code == 3, run.log
    for text in (run.summary, api.comments[0]["body"]):
        assert "**Not compared: " in text
        assert "No generated output changed" not in text
    assert run.outputs["permissions-widened"] == ""


@pytest.mark.fault("promisor-remote", "damaged-object")
@pytest.mark.parametrize("git_version", ["this one", "older"])
def test_what_a_partial_clone_lacks_is_not_fetched(
    forge: Forge, api: Api, monkeypatch: pytest.MonkeyPatch, git_version: str
) -> None:
    widen(forge)
    if git_version == "older":  # it has neither the variable nor the setting
        script = f'#!/bin/sh\nunset GIT_NO_LAZY_FETCH\nexec {shutil.which("git")} "$@"\n'
        support.write_files(forge.folder, {"older/git": script})
        (forge.folder / "older/git").chmod(0o755)
        path = f"{forge.folder / 'older'}{os.pathsep}{os.environ['PATH']}"
        monkeypatch.setenv("PATH", path)

    def make_partial(checkout: Path) -> None:
        remove_blob(checkout)
        program = f"touch {checkout.parent / PWNED}; git-upload-pack"
        for name, value in {
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "origin",
            "remote.origin.promisor": "true",
            "remote.origin.uploadpack": program,
            "protocol.file.allow": "always",
        }.items():
            git(checkout, "config", name, value)

    run = run_action(forge, api, prepare=make_partial, check="false")
    assert run.code == 3, run.log
    assert "git fetch --refetch --no-filter" in run.summary
    assert not list(forge.folder.rglob(PWNED))


@pytest.mark.fault("linked-project", "gate-bypass")
def test_a_project_behind_a_link_is_refused(inner: Forge, api: Api) -> None:
    git(inner.work, "mv", "agents", "other")
    (inner.work / "agents").symlink_to("other")
    commit(inner.work)
    run = run_action(inner, api, project="agents", **GATE)
    assert run.code == 2
    assert "is behind a link" in run.commands()[0]


@pytest.mark.fault("linked-project", "gate-bypass")
def test_a_pack_behind_a_link_is_what_a_build_of_the_checkout_makes_of_it(
    forge: Forge, api: Api
) -> None:
    (forge.work / "packs/demo").rename(forge.work / "templates/kept")
    (forge.work / "packs/demo").symlink_to("../templates/kept")
    text = (forge.work / LOOK).read_text(encoding="utf-8")
    wider = text.replace("list: allow}", "list: allow, execute: allow}")
    (forge.work / LOOK).write_text(wider, encoding="utf-8")
    built = support.call("build", cwd=forge.work).code
    commit(forge.work)
    run = run_action(forge, api, **GATE)
    assert run.code == {0: 1, 3: 3}[built]
    assert (run.outputs["permissions-widened"] == "1") == (built == 0)


@pytest.mark.fault("git-bomb")
def test_content_at_many_paths_is_refused_before_it_is_read(forge: Forge, api: Api) -> None:
    text = b"".join(b"%07d\n" % number for number in range(1 << 17))
    for number in range(70):
        (forge.work / f"packs/demo/f{number}.md").write_bytes(text)
    commit(forge.work)
    run = run_action(forge, api, check="false")
    assert run.code == 3
    assert "the sources are larger than 64 MiB altogether" in run.summary


@pytest.mark.fault("git-bomb")
def test_a_file_that_is_larger_than_a_source_may_be_is_refused(forge: Forge, api: Api) -> None:
    (forge.work / "packs/demo/big.md").write_bytes(b"a" * ((1 << 20) + 1))
    commit(forge.work)
    run = run_action(forge, api, check="false")
    assert run.code == 3
    assert "larger than 1 MiB in git" in run.summary


def test_pictures_beside_the_sources_are_not_read(forge: Forge, api: Api) -> None:
    for number in range(3):
        (forge.work / f"packs/demo/{number}.png").write_bytes(os.urandom(1 << 21))
    widen(forge)
    assert is_gate_closed(run_action(forge, api, **GATE), forge)


@pytest.mark.fault("process-limits")
def test_each_run_of_promptpack_is_limited_by_the_system(forge: Forge, api: Api) -> None:
    script = '#!/bin/sh\necho "limits: $(ulimit -t) $(ulimit -v) $(ulimit -f)"\nexit 4\n'
    run = run_action(forge, api, bin=install(forge.folder, script), check="false")
    assert run.code == 4
    (line,) = [line for line in run.log.splitlines() if line.startswith("limits: ")]
    seconds, memory, size = (int(word) for word in line.split()[1:])
    assert (seconds, memory) == (600, 4 << 20)  # in KiB
    assert size in (1 << 20, 1 << 21)  # in KiB, or in blocks of 512 bytes


@pytest.mark.fault("process-limits", "gate-bypass")
@pytest.mark.parametrize("fail_on", ["none", "permissions"])
def test_a_run_that_needs_more_than_its_limits_fails_the_job(
    forge: Forge, api: Api, fail_on: str
) -> None:
    script = f"#!/bin/sh\nexec {sys.executable} -c 'bytearray(5 << 30)'\n"
    run = run_action(forge, api, bin=install(forge.folder, script), fail_on=fail_on, check="false")
    assert run.code != 0
    assert "MemoryError" in run.log
    assert "No generated output changed" not in run.summary


@pytest.mark.fault(62)
def test_hundreds_of_changed_outputs_fit_with_every_permission_group(
    tmp_path: Path, api: Api
) -> None:
    names = [f"p{number}" for number in range(40)]
    texts = {
        f"templates/policies/{name}.yaml": f"title: {name}\nsummary: Looks.\ndefault: deny\n"
        f"capabilities: {{glob: allow, edit: {{'*': deny, '{name}/**': ask}}}}\n"
        for name in names
    }
    models = [f"m{number}" for number in range(10)]
    model = support.DEMO["templates/models/tiny.yaml"]
    texts |= {f"templates/models/{name}.yaml": model for name in models}
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[look, change]", f"[{', '.join(names)}]")
    pack = pack.replace("{model: tiny, policy: look}", "{model: m0, policy: p0}")
    texts["packs/demo/pack.yaml"] = pack.replace("[tiny]", f"[{', '.join(models)}]")
    forge = Forge(tmp_path, texts)
    forge.branch()
    policies = {path: text for path, text in texts.items() if "policies" in path}
    wider = {path: text.replace("/**': ask", "/**': allow") for path, text in policies.items()}
    role = {"packs/demo/role.md": "You explain a project.\n"}
    support.write_files(forge.work, {**wider, **role})
    commit(forge.work)
    run = run_action(forge, api, **GATE)
    assert (run.code, run.outputs["changed"]) == (1, "400"), run.log
    (comment,) = api.comments
    assert len(comment["body"]) <= 65_536
    assert int(run.outputs["permissions-widened"]) >= len(names)
    for number in range(int(run.outputs["permissions-widened"])):
        for text in (comment["body"], run.summary):
            assert f"- **P{number + 1}** " in text
