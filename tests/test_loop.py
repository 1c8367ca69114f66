"""The files that put promptpack into a repository: the action, hooks, a GitLab job, attributes.

What can be run of them is run; the rest is held against what the two forges and pre-commit ask for.
"""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

import support
from forges import Forge, read_gitlab_job, run_gitlab_job
from hostile_git import plant_repository
from promptpack.cli import COMMANDS
from promptpack.output.gitattributes import add_ignore_lines
from review_cases import commit, edit, git

ROOT = Path(__file__).resolve().parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
LOOK = "templates/policies/look.yaml"
WITHOUT_TOKEN = ("review", "revisions")
"""The scripts that may use promptpack: it reads a checkout, so the step with a token does not."""
PURE = "promptpack.diff.last_run"
"""What the step with a token takes from promptpack: functions on text, which load nothing else."""
SCRIPTS = sorted((ROOT / "action").glob("*.py"))
HOOKS = ROOT / ".pre-commit-hooks.yaml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FRAGMENT = "templates/fragments/standards/small-steps.md"

_INPUT = re.compile(r"\binputs\.([a-z-]+)")
_OUTPUT = re.compile(r"\bsteps\.([a-z]+)\.outputs\.([a-z-]+)")


# --------------------------------------------------------------------------------------- the action


def test_the_action_is_a_composite_one_that_says_what_all_is_for() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for one in (*ACTION["inputs"].values(), *ACTION["outputs"].values()):
        assert one["description"].endswith(".")
    assert all(isinstance(one["default"], str) for one in ACTION["inputs"].values())


def test_every_input_is_used_and_every_one_that_is_used_exists() -> None:
    assert set(_INPUT.findall(json.dumps(ACTION["runs"]))) == set(ACTION["inputs"])


def test_every_output_that_is_used_is_one_of_an_earlier_step() -> None:
    seen: set[str] = set()
    for step in STEPS:
        assert {name for name, _ in _OUTPUT.findall(json.dumps(step))} <= seen
        seen.add(step["id"])
    scripts = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    for _, name in (one for one in _OUTPUT.findall(json.dumps(ACTION)) if one[0] == "review"):
        assert f"{name.replace('-', '_')}=" in scripts


@pytest.mark.parametrize("step", [step for step in STEPS if "run" in step], ids=lambda s: s["id"])
def test_a_script_takes_values_from_its_environment_only(step: dict[str, Any]) -> None:
    assert step["shell"] == "bash"
    assert "${{" not in step["run"]
    assert "eval" not in step["run"].split()
    unquoted = re.sub(r'"[^"]*"', "", step["run"])
    assert "$" not in unquoted


def test_only_the_step_that_comments_has_the_token() -> None:
    holders = [step["id"] for step in STEPS if "token" in json.dumps(step).lower()]
    assert holders == ["comment"]


def test_promptpack_is_installed_from_this_checkout_in_isolation() -> None:
    (install,) = (step["run"] for step in STEPS if step["id"] == "install")
    calls = [shlex.split(line) for line in install.splitlines() if " -m " in line]
    assert [words[1] for words in calls] == ["-I", "-I", "-I"]
    assert [words[-1] for words in calls if "pip" in words] == ["$LOCK", "$GITHUB_ACTION_PATH"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_small_and_needs_python_and_what_the_install_step_gives(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert text.count("\n") <= 300
    modules = set()
    for node in ast.walk(tree):
        modules |= {a.name for a in node.names} if isinstance(node, ast.Import) else set()
        modules |= {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 40, node.name
    names = {module.partition(".")[0] for module in modules - {PURE}}
    others = names - {script.stem for script in SCRIPTS} - sys.stdlib_module_names
    assert others <= ({"promptpack"} if path.stem in WITHOUT_TOKEN else set())


def test_what_the_step_with_a_token_uses_of_promptpack_loads_nothing_else() -> None:
    code = (
        f"import sys; known = set(sys.modules); import {PURE}\n"
        "names = {name for name in set(sys.modules) - known if name[0] != '_'}\n"
        "print(*sorted(one for one in names if one.split('.')[0] not in sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["promptpack", "promptpack.diff", PURE, "promptpack.version"]


def used(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from [value] if key == "uses" else used(value)
    elif isinstance(document, list):
        for value in document:
            yield from used(value)


@pytest.mark.parametrize("path", [ROOT / "action.yml", *WORKFLOWS], ids=lambda path: path.name)
def test_others_actions_are_pinned_to_a_commit_and_say_its_version(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    names = [name for name in used(yaml.safe_load(text)) if name != "./"]
    assert names
    for name in names:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name)
        assert re.search(rf"{name} # v\d+\.\d+\.\d+$", text, re.MULTILINE)


RIGHTS = {
    "nightly.yml": [{"contents": "read"}],
    "newest.yml": [{"contents": "read"}, {"contents": "read"}],
    "release.yml": [{"contents": "read"}, {"id-token": "write", "attestations": "write"}],
    "promptpack.yml": [{"contents": "read", "pull-requests": "write"}],
    "pages.yml": [
        {"contents": "read", "pages": "read"},
        {"pages": "write", "id-token": "write"},
    ],
}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_more_rights_than_it_needs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert "pull_request_target" not in text
    assert workflow["permissions"] == {}
    assert [job["permissions"] for job in workflow["jobs"].values()] == RIGHTS[path.name]
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 15
        for step in job["steps"]:
            if step.get("uses") == "./":
                assert set(step["with"]) <= set(ACTION["inputs"])
            elif "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_the_newest_versions_are_tried_each_week() -> None:
    text = (ROOT / ".github/workflows/newest.yml").read_text(encoding="utf-8")
    workflow = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - text only, so that "on" is no boolean
    asked = {
        name: [step["run"] for step in job["steps"] if "run" in step]
        for name, job in workflow["jobs"].items()
    }
    assert asked == {
        "test": ["make test NEWEST=1", "make lint NEWEST=1"],
        "clients": ["make clients NEWEST=1"],
    }
    (when,) = workflow["on"]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* \d", when["cron"])
    assert "workflow_dispatch" in workflow["on"]


def test_many_more_cases_are_tried_each_night() -> None:
    text = (ROOT / ".github/workflows/nightly.yml").read_text(encoding="utf-8")
    (job,) = yaml.safe_load(text)["jobs"].values()
    assert int(job["env"][support.CASES]) > 1
    assert job["steps"][-1] == {"run": "make properties"}


# --------------------------------------------------------------------------------------- pre-commit


def test_the_hooks_run_commands_that_exist_where_their_files_changed() -> None:
    hooks = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    commands = ["check", "lint", "build"]
    assert [hook["id"] for hook in hooks] == [f"promptpack-{command}" for command in commands]
    for hook in hooks:
        program, command, *_ = hook["entry"].split()
        assert (program, hook["language"], hook["pass_filenames"]) == (
            "promptpack",
            "python",
            False,
        )
        assert command in COMMANDS
        for path in ("packs/a/pack.yaml", "sub/templates/policies/look.yaml", "promptpack.yaml"):
            assert re.search(hook["files"], path)
        for path in ("docs/packs.md", "docs/promptpack.yaml.md"):
            assert not re.search(hook["files"], path)
        for path in ("dist/opencode/m.p/.opencode/agents/a.md", "PERMISSIONS.txt"):
            assert bool(re.search(hook["files"], path)) == (command != "lint")


def test_the_build_hook_fails_once_where_it_changed_something_and_stages_nothing(
    tmp_path: Path,
) -> None:
    """pre-commit itself sees only changes of files that git knows, so the exit code has to tell."""
    hooks = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    (entry,) = [hook["entry"].split() for hook in hooks if hook["id"] == "promptpack-build"]
    folder = support.built(tmp_path, {"promptpack.yaml": "permissions: PERMISSIONS.txt\n"})
    commit(folder, "first")
    changes = {
        "a text": ("packs/demo/role.md", "You answer", "You always answer"),
        "a right": (LOOK, "list: allow}", "list: allow, execute: ask}"),
        "a variant less": ("packs/demo/pack.yaml", "[look, change]", "[look]"),
        "a new name": ("promptpack.yaml", "PERMISSIONS.txt", "RIGHTS.txt"),
    }
    for change in changes.values():
        edit(folder, *change)
        git(folder, "add", change[0])
        staged = git(folder, "diff", "--cached", "--name-only")
        assert [support.call(*entry[1:], cwd=folder).code for _ in range(2)] == [1, 0]
        assert git(folder, "diff", "--cached", "--name-only") == staged
        assert support.call("check", cwd=folder).code == 0


def test_pre_commit_runs_the_hooks_at_a_commit(tmp_path: Path) -> None:
    """With the real pre-commit: only the environment that it would make for a hook is our own."""
    hooks = tmp_path / "hooks"
    support.write_files(
        hooks, {HOOKS.name: HOOKS.read_bytes().replace(b"language: python", b"language: system")}
    )
    for words in (["init", "--quiet"], ["add", "."]):
        git(hooks, *words)
    commit(hooks, "hooks")
    names = [{"id": f"promptpack-{name}"} for name in ("build", "check", "lint")]
    where = {"repo": str(hooks), "rev": git(hooks, "rev-parse", "HEAD").strip(), "hooks": names}
    config = yaml.safe_dump({"repos": [where]})
    folder = support.built(tmp_path / "p", {".pre-commit-config.yaml": config})
    commit(folder, "first")
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = {"PRE_COMMIT_HOME": str(tmp_path / "cache"), "PYTHONWARNINGS": "default"}
    env = support.environment({"PATH": scripts, **home})
    git(folder, "config", "user.name", "a")
    git(folder, "config", "user.email", "a@example.com")
    run = partial(subprocess.run, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert run([sys.executable, "-m", "pre_commit", "install"]).returncode == 0

    edit(folder, "packs/demo/role.md", "You answer", "You always answer")
    git(folder, "add", "packs")
    first = run(["git", "commit", "--message", "edit"])
    assert first.returncode == 1
    assert "- hook id: promptpack-build\n- exit code: 1\n- files were modified" in first.stderr
    assert re.findall(r"promptpack (\w+)\.+(\w+)", first.stderr) == [
        ("build", "Failed"),
        ("check", "Passed"),
        ("lint", "Passed"),
    ]
    assert git(folder, "diff", "--cached", "--name-only").split() == ["packs/demo/role.md"]
    changed = git(folder, "diff", "--name-only").split()
    assert changed
    assert all(path.startswith("dist/") for path in changed)

    git(folder, "add", "--all")
    second = run(["git", "commit", "--message", "edit"])
    assert (second.returncode, second.stderr.count("Passed")) == (0, 3)
    (folder / "README.md").write_text("No source\n")
    git(folder, "add", "--all")
    assert run(["git", "commit", "--message", "other"]).stderr.count("Skipped") == 3


# ------------------------------------------------------------------------------------------- GitLab


def test_the_gitlab_job_uses_every_input_outside_its_scripts() -> None:
    inputs, job = read_gitlab_job()
    text = json.dumps(job)
    assert set(re.findall(r"\$\[\[ inputs\.([a-z-]+) \]\]", text)) == set(inputs)
    assert "$[[" not in json.dumps([job["script"], job["before_script"]])
    assert not any(word == "promptpack" for line in job["before_script"] for word in line.split())
    assert job["artifacts"]["reports"] == {"codequality": "promptpack-quality.json"}


def test_the_gitlab_job_reports_on_source_lines_and_fails_as_asked(tmp_path: Path) -> None:
    forge = Forge(tmp_path)
    forge.branch()
    head = forge.change(
        "templates/policies/look.yaml", "list: allow}", "list: allow, execute: ask}"
    )
    git(forge.work, "push", "--quiet", "origin", "topic")
    checkout = forge.checkout(head)
    code, said = run_gitlab_job(forge, checkout, head)
    assert code == 0, said
    assert "PERMISSIONS WIDENED" in said
    entries = json.loads((checkout / "promptpack-quality.json").read_text(encoding="utf-8"))
    assert entries[0]["location"] == {"path": "templates/policies/look.yaml", "lines": {"begin": 4}}
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    assert (checkout / "promptpack-diff.html").exists()
    assert run_gitlab_job(forge, checkout, head, PROMPTPACK_FAIL_ON="permissions")[0] == 1
    assert run_gitlab_job(forge, checkout, head, PROMPTPACK_ACCEPT="$(touch pwned); x")[0] == 0
    assert not list(tmp_path.rglob("pwned"))


def test_the_gitlab_job_tells_stale_outputs_and_takes_the_target_branch(tmp_path: Path) -> None:
    forge = Forge(tmp_path)
    git(forge.work, "checkout", "--quiet", "main")
    forge.change("packs/demo/role.md", "You answer", "You always answer", build=False)
    forge.branch()
    forge.change(FRAGMENT, "one small step", "one tiny step", build=False)
    merge, _ = forge.merge()
    checkout = forge.checkout(merge)
    target = forge.commit_of("main")
    code, said = run_gitlab_job(forge, checkout, merge, CI_MERGE_REQUEST_TARGET_BRANCH_SHA=target)
    assert code == 1
    assert "To fix it: promptpack build" in said
    assert "always" not in said.partition("opencode/tiny")[0]
    code, _ = run_gitlab_job(forge, checkout, merge, PROMPTPACK_CHECK="false")
    assert code == 0
    assert run_gitlab_job(forge, checkout, merge, CI_MERGE_REQUEST_DIFF_BASE_SHA="1" * 40)[0] == 2


@pytest.mark.fault("gate-bypass", "report-through-link", "linked-project")
def test_the_gitlab_job_keeps_no_report_of_the_change_and_follows_no_link(tmp_path: Path) -> None:
    forge = Forge(tmp_path)
    forge.branch()
    victim = forge.work / "victim"
    victim.mkdir()
    (victim / "kept").write_text("kept")
    (forge.work / "promptpack-diff.html").symlink_to("victim")
    (forge.work / "promptpack-quality.json").symlink_to("victim/kept")
    (forge.work / "linked").symlink_to(".")
    head = forge.change("packs/demo/pack.yaml", "title: Demo", "titel: Demo", build=False)
    git(forge.work, "push", "--quiet", "origin", "topic")
    checkout = forge.checkout(head)
    assert run_gitlab_job(forge, checkout, head)[0] == 3
    assert not [path for path in checkout.iterdir() if path.name.startswith("promptpack-")]
    assert [path.read_text() for path in (checkout / "victim").iterdir()] == ["kept"]
    code, said = run_gitlab_job(forge, checkout, head, PROMPTPACK_PROJECT="linked")
    assert (code, "the project 'linked' is behind a link" in said) == (1, True)


@pytest.mark.fault("gate-bypass", "promisor-remote")
def test_the_gitlab_job_takes_no_folder_of_the_change_for_a_repository(tmp_path: Path) -> None:
    forge = Forge(tmp_path)
    support.make_project(forge.work / "agents")
    base = commit(forge.work)
    edit(forge.work / "agents", LOOK, "list: allow}", "list: allow, execute: allow}")
    plant_repository(forge.work / "agents", base, "../../.git/objects", tmp_path / "pwned")
    head = commit(forge.work)
    git(forge.work, "push", "--quiet", "origin", "HEAD:topic")
    variables = {"PROMPTPACK_PROJECT": "agents", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    options = {**variables, "PROMPTPACK_FAIL_ON": "permissions", "PROMPTPACK_CHECK": "false"}
    code, said = run_gitlab_job(forge, forge.checkout(head), head, **options)
    assert (code, "PERMISSIONS WIDENED" in said) == (1, True)
    assert not (tmp_path / "pwned").exists()


# --------------------------------------------------------------------------------------- attributes


def attributes(root: Path, *paths: str) -> dict[str, set[str]]:
    """Return which attributes git gives to paths."""
    names = ("linguist-generated", "gitlab-generated", "text", "merge")
    found: dict[str, set[str]] = {path: set() for path in paths}
    for line in git(root, "check-attr", *names, "--", *paths).splitlines():
        path, name, value = line.split(": ")
        if value != "unspecified":
            found[path].add(name if value == "set" else f"-{name}")
    return found


GENERATED = {"linguist-generated", "gitlab-generated", "-text", "-merge"}


def every_target(folder: Path) -> Path:
    """Return a built project for every client; what some can't hold is accepted."""
    return support.built(folder, support.EVERY_CLIENT)


def test_all_that_is_built_is_marked_and_nothing_else(tmp_path: Path) -> None:
    root = every_target(tmp_path / "p")
    git(root, "init", "--quiet")
    said = support.call("targets", "--format", "gitattributes", cwd=tmp_path)
    assert said.code == 0
    (root / ".gitattributes").write_text(said.out, encoding="utf-8")
    files = [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()]
    files = [path for path in files if not path.startswith(".git")]
    built = {path for path in files if path.startswith("dist/")}
    assert {path.split("/")[1] for path in built} >= set(support.AGENT_TARGETS)
    by_hand = ["AGENTS.md", ".claude/agents/mine.md", "dist/README.md", "dist/opencode/notes.md"]
    for path, found in attributes(root, *files, *by_hand).items():
        assert found == (GENERATED if path in built else set()), path


def test_where_an_agent_is_installed_only_its_own_files_are_marked(tmp_path: Path) -> None:
    root = every_target(tmp_path / "p")
    shop = tmp_path / "shop"
    shop.mkdir()
    git(shop, "init", "--quiet")
    targets = [word for name in support.AGENT_TARGETS for word in ("--target", name)]
    wanted = ["demo", "--variant", "tiny.look", "--into", str(shop), "--yes", *targets]
    done = support.call("install", *wanted, cwd=root)
    assert done.code == 0, done.err
    words = ("targets", "--format", "gitattributes", "--installed", "demo")
    (shop / ".gitattributes").write_text(support.call(*words, cwd=tmp_path).out, encoding="utf-8")
    files = [p.relative_to(shop).as_posix() for p in shop.rglob("*") if p.is_file()]
    ours = {path for path in files if not path.startswith(".git/") and path != ".gitattributes"}
    assert len(ours) > 5
    for path, found in attributes(shop, *ours, ".claude/agents/mine.md").items():
        shared = path in ("AGENTS.md", ".roomodes", ".claude/agents/mine.md")
        assert found == (set() if shared else GENERATED), path


@pytest.mark.parametrize("installed", [(), ("demo",)])
def test_what_is_ignored_by_formatters_is_what_is_generated(
    tmp_path: Path, installed: tuple[str, ...]
) -> None:
    """`.prettierignore` has the syntax of `.gitignore`, so git is asked what the lines mean."""
    root = every_target(tmp_path / "p")
    if installed:
        targets = [word for name in support.AGENT_TARGETS for word in ("--target", name)]
        wanted = [*installed, "--variant", "tiny.look", "--into", str(root), "--yes", *targets]
        assert support.call("install", *wanted, cwd=root).code == 0
    git(root, "init", "--quiet")
    words = [word for name in installed for word in ("--installed", name)]
    said = support.call("targets", "--format", "prettierignore", *words, cwd=tmp_path)
    assert said.code == 0
    (root / ".gitignore").write_text(said.out, encoding="utf-8")
    files = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    files = {path for path in files if not path.startswith(".git/")} | {"dist/README.md"}
    record = json.loads((root / ".promptpack-installed.json").read_text()) if installed else {}
    generated = (
        {path for path in record["files"] if "#" not in path} | {".promptpack-installed.json"}
        if installed
        else {path for path in files if path.startswith("dist/")} - {"dist/README.md"}
    )
    assert len(generated) > 5
    ignored = git(root, "check-ignore", "--no-index", *sorted(files)).splitlines()
    assert set(ignored) == generated


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("", "/a\n/b\n"),
        ("x", "x\n/a\n/b\n"),
        ("/b\nx\n", "/b\nx\n/a\n"),
        ("/a \r\n/b\r\n", "/a \r\n/b\r\n"),
        ("/b\n/a", "/b\n/a"),
    ],
)
def test_an_ignore_file_gets_the_lines_that_it_lacks(text: str, then: str) -> None:
    assert add_ignore_lines(text, "/a\n/b\n") == then


def test_after_a_merge_that_conflicts_in_outputs_one_build_fixes_them(tmp_path: Path) -> None:
    root = support.built(tmp_path / "p")
    said = support.call("targets", "--format", "gitattributes", cwd=tmp_path)
    (root / ".gitattributes").write_text(said.out, encoding="utf-8")
    commit(root)
    for name, path, old, new in (
        ("ours", FRAGMENT, "- Take", "- Look twice.\n- Take"),
        (
            "theirs",
            "templates/fragments/standards/examples.md",
            "Give {{ params.count }}",
            "Please give {{ params.count }}",
        ),
    ):
        git(root, "checkout", "--quiet", "-B", name, "main")
        edit(root, path, old, new)
        assert support.call("build", cwd=root).code == 0
        commit(root)
    with pytest.raises(subprocess.CalledProcessError):
        git(root, "merge", "--quiet", "ours")
    assert support.call("build", cwd=root).code == 0
    assert support.call("check", cwd=root).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--installed", "demo"), "--installed needs --format gitattributes or prettierignore"),
        (("--format", "json", "--installed", "demo"), "--installed needs --format gitattributes"),
        (("--format", "prettierignore", "--installed", "!x"), "is not a valid agent name"),
        (("--format", "gitattributes", "--installed", "* -diff"), "is not a valid agent name"),
        (("--format", "gitattributes", "--installed", "a\n* x"), "is not a valid agent name"),
    ],
)
def test_attributes_are_asked_for_by_the_names_of_agents(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = support.call("targets", *words, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
