"""What is imported can be installed where it was: the project file that an import writes."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

import support
from promptpack.output.manifest import INSTALLED
from review_cases import commit, git

BODY = "\nYou review changes.\n\n## Rules\n\n- Read the whole file.\n"
HEAD = "name: critic\ndescription: Reviews changes.\n"
CLAUDE, COPILOT = ".claude/agents/critic.md", ".github/agents/critic.agent.md"
OPENCODE, CURSOR = ".opencode/agents/critic.md", ".cursor/agents/critic.md"
GEMINI = ".gemini/agents/critic.md"
PLAIN = f"---\n{HEAD}---\n{BODY}"
READS = f"---\n{HEAD}# kept\ntools: Read\ncolor: red\n---\n{BODY}"
RULE = f"---\ndescription: Our rules\nglobs: src/**\nalwaysApply: false\n---\n{BODY}"

SHAPES: Mapping[str, Mapping[str, str | bytes]] = {
    "one client": {CLAUDE.replace("critic", n): PLAIN.replace("critic", n) for n in "abc"},
    "five folders of copies": dict.fromkeys((CLAUDE, COPILOT, OPENCODE, CURSOR, GEMINI), PLAIN),
    "copies with heads of their own": {
        CLAUDE: READS,
        COPILOT: f"---\ntools: ['read']\n{HEAD}---\n{BODY}",
        OPENCODE: f"---\ndescription: Reviews changes.\npermission: {{edit: deny}}\n---\n{BODY}",
    },
    "nested folders": {
        OPENCODE: PLAIN,
        OPENCODE.replace("critic", "core/one_two"): PLAIN,
        f"shop/api/{CLAUDE}": READS,
    },
    "Claude, Copilot and Cursor rules": {
        CLAUDE: READS,
        COPILOT: f"---\n{HEAD}---\n{BODY}",
        ".cursor/rules/style.mdc": RULE,
        ".github/instructions/style.instructions.md": f"---\napplyTo: 'src/**'\n---\n{BODY}",
    },
    "line ends and marks": {
        CLAUDE: PLAIN.replace("\n", "\r\n"),
        OPENCODE: "\ufeff" + PLAIN.replace("critic", "x"),
    },
}
RECORDS = {INSTALLED, f"shop/api/{INSTALLED}"}


def import_all(repository: Path, files: Mapping[str, str | bytes], *words: str) -> support.Result:
    support.write_files(repository, files)
    git(repository, "init", "--quiet", "--initial-branch=main")
    commit(repository)
    done = support.call("import", ".", "--yes", *words, cwd=repository)
    assert done.code == 0, done.err
    return done


def read_changes(repository: Path) -> set[str]:
    lines = git(repository, "status", "--short", "--untracked-files=all").splitlines()
    return {line[3:] for line in lines}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_import_and_an_installation_are_no_change_for_git(shape: str, tmp_path: Path) -> None:
    import_all(tmp_path, SHAPES[shape])
    assert all(
        path.startswith(("packs/", "templates/", "promptpack.yaml"))
        for path in read_changes(tmp_path)
    )
    commit(tmp_path)
    assert support.call("build", cwd=tmp_path).code == 0
    (tmp_path / ".gitignore").write_text("dist/\n", encoding="utf-8")
    commit(tmp_path)
    done = support.call("install", cwd=tmp_path)
    assert done.code == 0, done.err
    changed = read_changes(tmp_path)
    assert changed
    assert changed <= RECORDS
    assert support.call("check", cwd=tmp_path).code == 0
    recorded = {
        (tmp_path / record).parent.relative_to(tmp_path) / path
        for record in changed
        for path in json.loads((tmp_path / record).read_bytes())["files"]
    }
    assert {path.as_posix() for path in recorded} == {*SHAPES[shape]}


def test_an_edit_of_the_prompt_changes_its_files_alone(tmp_path: Path) -> None:
    import_all(tmp_path, SHAPES["five folders of copies"])
    support.call("install", cwd=tmp_path)
    commit(tmp_path)
    prompt = tmp_path / "packs/critic/prompt.md"
    prompt.write_bytes(prompt.read_bytes().replace(b"whole file", b"whole change"))
    assert support.call("install", cwd=tmp_path).code == 0
    changed = read_changes(tmp_path)
    assert changed == {*SHAPES["five folders of copies"], "packs/critic/prompt.md", INSTALLED}
    added = [
        line
        for line in git(tmp_path, "diff", "--unified=0", "--", ".", f":!{INSTALLED}").splitlines()
        if line.startswith("+") and not line.startswith("+++")
    ]
    assert set(added) == {"+- Read the whole change."}


def test_what_lies_where_nothing_is_installed_stays_out(tmp_path: Path) -> None:
    singular = ".opencode/agent/old.md"
    done = import_all(tmp_path, {CLAUDE: PLAIN, singular: PLAIN.replace("review", "rewrite")})
    assert "writes 1 of 2 files back in place" in done.out
    assert support.call("install", cwd=tmp_path).code == 0
    assert not (tmp_path / ".opencode/agents").exists()
    assert support.call("check", cwd=tmp_path).code == 1  # nothing is built yet
    data = yaml.safe_load((tmp_path / "promptpack.yaml").read_text(encoding="utf-8"))
    assert data["installations"] == [{"into": ".", "packs": ["critic"], "targets": ["claude-code"]}]


def test_a_project_file_that_is_there_is_not_changed(tmp_path: Path) -> None:
    own = "# ours\nname: ours\n"
    done = import_all(tmp_path, {CLAUDE: PLAIN, "promptpack.yaml": own, "packs/.keep": ""})
    assert (tmp_path / "promptpack.yaml").read_text(encoding="utf-8") == own
    _, _, block = done.out.partition("add this to promptpack.yaml:\n\n")
    lines = block.split("\n\n")[0]
    assert yaml.safe_load(lines)["installations"] == [{"into": "."}]
    (tmp_path / "promptpack.yaml").write_text(f"{own}{lines}\n", encoding="utf-8")
    assert support.call("install", cwd=tmp_path).code == 0


def test_files_of_other_folders_are_named_from_the_project(tmp_path: Path) -> None:
    support.write_files(tmp_path, {f"user/{CLAUDE}": PLAIN, f"b/{OPENCODE}": PLAIN})
    done = support.call("import", "user", "b", "--into", "agents", "--yes", cwd=tmp_path)
    assert done.code == 0, done.err
    file = tmp_path / "agents/promptpack.yaml"
    places = [one["into"] for one in yaml.safe_load(file.read_text("utf-8"))["installations"]]
    assert places == ["../b", "../user"]
    inside = tmp_path / "inside"
    support.write_files(inside, {f"user/{CLAUDE}": PLAIN})
    assert support.call("import", "user", "--yes", cwd=inside).code == 0
    text = (inside / "promptpack.yaml").read_text("utf-8")
    assert yaml.safe_load(text)["installations"] == [{"into": "./user"}]
    assert support.call("install", cwd=inside).code == 0


def test_the_data_has_them_too(tmp_path: Path) -> None:
    done = import_all(tmp_path, {CLAUDE: PLAIN}, "--dry-run", "--format", "json")
    assert json.loads(done.out)["installations"] == [{"into": "."}]
    assert not (tmp_path / "promptpack.yaml").exists()
