"""Rules and instructions: text files of Cursor and Copilot, with patterns that say when they hold.

The oracles are PyYAML and plain strings: no file is read by the codec that wrote it alone.
"""

import json
from pathlib import Path

import pytest
import yaml

import support
from promptpack import build_project, load_project
from promptpack.importing.audit import audit_paths
from promptpack.importing.places import match_place
from promptpack.model import Agent, Effect, Model, Policy
from promptpack.targets import TARGETS
from promptpack.targets.emit import encode_and_check
from promptpack.targets.extras import list_globs

RULE, INSTRUCTIONS = ".cursor/rules/py.mdc", ".github/instructions/py.instructions.md"
AGENT = ".claude/agents/py.md"
ROOT_FILE = ".github/copilot-instructions.md"
BODY = "Use {{ it }}.\n\n## Style\n\nShort.\n"
TEXTS = ("cursor-rule", "copilot-instructions", "devin-rule")


def encode(target: str, **values: object) -> str:
    extra = {key: value for key, value in values.items() if key != "policy"}
    policy = values.get("policy") or Policy(Effect.INHERIT)
    assert isinstance(policy, Policy)
    agent = Agent("py", "It: helps.", "all", Model(""), None, policy, BODY, extra=extra)
    text, _, problems = encode_and_check(TARGETS[target], agent)
    assert problems == []
    return text


def test_a_rule_has_its_patterns_without_quotes() -> None:
    head = '---\ndescription: "It: helps."\nglobs: **/*.py,src/**\nalwaysApply: false\n---\n\n'
    assert encode("cursor-rule", globs=["**/*.py", "src/**"]) == head + BODY
    assert encode("cursor-rule", globs="**/*.py, src/**") == head + BODY
    always = head.replace("globs: **/*.py,src/**\n", "").replace("false", "true")
    assert encode("cursor-rule", alwaysApply=True) == always + BODY


def test_instructions_are_yaml_that_another_parser_reads() -> None:
    text = encode("copilot-instructions", applyTo="**/*.{ts,tsx}", excludeAgent="code-review")
    assert yaml.safe_load(text.split("---\n")[1]) == {
        "description": "It: helps.",
        "applyTo": "**/*.{ts,tsx}",
        "excludeAgent": "code-review",
    }
    assert text.endswith(f"---\n\n{BODY}")


def test_a_devin_rule_says_when_it_is_used() -> None:
    rule = yaml.safe_load(encode("devin-rule").split("---\n")[1])
    assert rule == {"trigger": "model_decision", "description": "It: helps."}
    text = encode("devin-rule", globs=["**/*.py", "src/**"])
    rule = yaml.safe_load(text.split("---\n")[1])
    assert (rule["trigger"], rule["globs"]) == ("glob", ["**/*.py", "src/**"])


@pytest.mark.parametrize(
    ("description", "extra", "reason"),
    [
        ("d", {"trigger": "manual", "globs": ["a"]}, "can't stand with 'trigger'"),
        (" ", {}, "'description' is missing"),
    ],
)
def test_a_devin_rule_is_refused_where_it_is_not_clear_when_it_is_used(
    description: str, extra: dict[str, object], reason: str
) -> None:
    policy = Policy(Effect.INHERIT)
    agent = Agent("py", description, "all", Model(""), None, policy, BODY, extra=extra)
    (problem,) = encode_and_check(TARGETS["devin-rule"], agent)[2]
    assert reason in problem


@pytest.mark.parametrize("target", TEXTS)
def test_a_text_holds_no_policy_and_says_so(target: str) -> None:
    agent = Agent("py", "d", "all", Model(""), None, Policy(Effect.DENY), BODY)
    _, losses, problems = encode_and_check(TARGETS[target], agent)
    assert problems == []
    assert {loss.kind for loss in losses if not loss.is_field} == {"advisory"}
    assert {loss.reason for loss in losses if not loss.is_field} == {
        "this file is plain text: it states the policy but can't enforce it"
    }


def test_a_prompt_states_the_policy_that_nothing_enforces(tmp_path: Path) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", f"[{', '.join(TEXTS)}]")
    project = load_project(support.make_project(tmp_path, {"packs/demo/pack.yaml": pack}))
    artifacts = [one for one in build_project(project) if one.variant.policy.name == "look"]
    assert {one.target for one in artifacts} == {*TEXTS}
    for artifact in artifacts:
        assert artifact.text.endswith("- Use no other tool.\n")


def test_a_name_that_is_not_the_files_stands_in_the_head() -> None:
    agent = Agent("My rules", "", "all", Model(""), None, Policy(Effect.INHERIT), BODY, stem="py")
    text, _, problems = encode_and_check(TARGETS["copilot-instructions"], agent)
    assert problems == []
    assert text == f"---\nname: My rules\n---\n\n{BODY}"


@pytest.mark.parametrize(
    ("value", "globs"),
    [
        (None, None),
        ("", None),
        ("a", ("a",)),
        (" a , b,", ("a", "b")),
        (["a", "b"], ("a", "b")),
        ("*.{a,b},c", ("*.{a,b}", "c")),
        (5, ("5",)),
    ],
)
def test_patterns_are_cut_at_commas_outside_of_braces(value: object, globs: object) -> None:
    assert list_globs(value) == globs


OLD_RULE = "---\nglobs: {}\ndescription: Py   # kept\nalwaysApply: {}\nmine: 'x'\n---\nHelp."


@pytest.mark.parametrize(
    ("extra", "globs", "always", "expected"),
    [
        ("{}", "**/*.py", "false", ("**/*.py", "false")),
        ("{globs: '**/*.py'}", '["**/*.py"]', "yes", ('["**/*.py"]', "yes")),
        ("{globs: [a/**, b/**]}", "'a/**, b/**'", "", ("'a/**, b/**'", "")),
        ("{globs: [a/**]}", "**/*.py", "false", ("a/**", "false")),
        ("{alwaysApply: false}", "a/**", "", ("a/**", "")),
        ("{alwaysApply: true}", "**/*.py", "false", ("**/*.py", "true")),
    ],
)
def test_a_kept_head_changes_only_where_the_pack_says_otherwise(
    tmp_path: Path, extra: str, globs: str, always: str, expected: tuple[str, str]
) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[cursor-rule]")
    client = f"clients:\n  cursor-rule: {{head: ./rule.head, prompt: ./rule.md, extra: {extra}}}\n"
    description = pack.split("description: ")[1].split("\n")[0]
    files = {
        "packs/demo/pack.yaml": pack.replace(f"description: {description}\n", "") + client,
        "packs/demo/rule.head": OLD_RULE.format(globs, always).removesuffix("Help."),
        "packs/demo/rule.md": "Help.",
    }
    artifacts = build_project(load_project(support.make_project(tmp_path, files)))
    assert {one.text for one in artifacts} == {OLD_RULE.format(*expected)}


def test_texts_are_imported_to_the_byte_with_the_agent_that_they_are_copies_of(
    tmp_path: Path,
) -> None:
    crlf = f"---\napplyTo: **/*.py\ntools: []\n---\n{BODY}".replace("\n", "\r\n")
    files = {
        RULE: f"---\ndescription: Python: how\nglobs: **/*.py\nalwaysApply: false\n---\n{BODY}",
        INSTRUCTIONS: "\ufeff" + crlf,
        AGENT: f"---\nname: py\ndescription: Python.\ntools: Read\n---\n{BODY}",
        ".github/instructions/deep/other.instructions.md": "No head: at all",
        ROOT_FILE: "All.\n",
    }
    repository, project = tmp_path / "repository", tmp_path / "project"
    support.write_files(repository, files)
    done = support.call(
        "import", ".", ROOT_FILE, "--into", project, "--yes", "--format", "json", cwd=repository
    )
    assert done.code == 0, done.err
    data = json.loads(done.out)
    assert data["refused"] == [{"source": ROOT_FILE, "reason": "no target for this path"}]
    assert [len(pack["files"]) for pack in data["packs"]] == [3, 1]
    assert [one for one in data["disagreements"] if one["kind"] == "permission"] == []
    built = support.call("build", cwd=project)
    assert built.code == 0, built.err
    for file in (file for pack in data["packs"] for file in pack["files"]):
        content = (project / "dist" / file["artifact"]).read_bytes()
        assert content == files[file["source"]].encode()
    assert support.call("disagree", cwd=project).out.count("permission") == 0


def test_an_audit_is_about_permissions_and_passes_over_texts(tmp_path: Path) -> None:
    support.write_files(tmp_path, {RULE: BODY, INSTRUCTIONS: f"---\ntools: []\n---\n{BODY}"})
    assert audit_paths([tmp_path]).files == ()
    assert {one.path for one in audit_paths([tmp_path], texts=True).files} == {
        f"{tmp_path}/{RULE}",
        f"{tmp_path}/{INSTRUCTIONS}",
    }
    audit = audit_paths([tmp_path / INSTRUCTIONS], "copilot-instructions")
    assert [(one.code, one.line) for one in audit.findings] == [("PP606", 2)]
    named = support.call("audit", ROOT_FILE, cwd=support.make_project(tmp_path, {ROOT_FILE: "x"}))
    assert (named.code, named.out) == (0, "No agent files found.\n")


@pytest.mark.parametrize(
    ("path", "target", "stem"),
    [
        ("a/.github/instructions/b/c.instructions.md", "copilot-instructions", "c"),
        (".cursor/rules/b/c.mdc", "cursor-rule", "c"),
        (".devin/rules/b/c.md", "devin-rule", "c"),
        ("a/.windsurf/rules/c.md", "devin-rule", "c"),
        (".goose/agents/c.md", "goose", "c"),
        (".agents/agents/c.md", "goose", "c"),
        (".github/instructions/c.md", None, ""),
        (ROOT_FILE, None, ""),
        ("AGENTS.md", None, ""),
    ],
)
def test_the_place_of_a_text_tells_its_client(path: str, target: str | None, stem: str) -> None:
    found = match_place(path, texts=True)
    assert (found and found.target, found.stem if found else "") == (target, stem)
    assert match_place(path) is None


ODD_HEADS = {
    "unknown": "mine: 'x'\nhandoffs: [{label: a, tools: ['*']}]\nmetadata:\n  a: {b: [1]}\n",
    "date": "since: 2026-01-01\nhooks:\n  stop: [{command: x}]\n",
    "flow": "{description: a, globs: [x], applyTo: y}\n",
    "no-description": "applyTo: '**'\nalwaysApply: true\n",
    "long": f"description: {'word ' * 300}\n",
    "broken": 'description: "a\\nb"\n',
    "folded": "description: >-\n  a\n\n  b: c\n",
    "padded": 'description: "  a  "\n',
    "models": "description: a\nmodel: [GPT-4.1, 'gpt-5']\n",
    "model": "description: a\nmodel: GPT-4.1 | 'gpt-5'\n",
    "twice": "applyTo: a\nglobs: *.py, **/x\napplyTo: b\n",
    "empty": "globs:\napplyTo:\ndescription:\n",
    "none": "",
}


@pytest.mark.parametrize("target", TEXTS)
def test_odd_heads_of_texts_are_imported_to_the_byte(tmp_path: Path, target: str) -> None:
    place = TARGETS[target].make_path
    files = {place(name): f"---\n{head}---\n{BODY}" for name, head in ODD_HEADS.items()}
    repository, project = tmp_path / "repository", tmp_path / "project"
    support.write_files(repository, files)
    arguments = ("import", ".", "--into", project, "--yes", "--format", "json")
    done = support.call(*arguments, cwd=repository)
    assert done.code == 0, done.err
    data = json.loads(done.out)
    assert data["refused"] == []
    assert support.call("build", cwd=project).code == 0
    built = {
        file["source"]: (project / "dist" / file["artifact"]).read_text()
        for pack in data["packs"]
        for file in pack["files"]
    }
    assert built == files
    assert "error[" not in support.call("lint", cwd=project).out
