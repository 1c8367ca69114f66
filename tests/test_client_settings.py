"""What a pack says of one client: a reasoning effort, names, extra keys; and what becomes of it."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import support
from extra_cases import EXTRAS, GRANTING
from promptpack.build import build_project, render
from promptpack.model import EFFORTS, Agent, Artifact, Effect, Finding, Model, Policy, UserError
from promptpack.policy.lattice import grant_of
from promptpack.reading.project import load_project
from promptpack.session import Session
from promptpack.site.tree import make_site
from promptpack.targets import TARGETS, Target
from promptpack.targets.emit import encode_and_check
from promptpack.targets.extras import is_same_extra
from test_diff_permissions import kinds

PACK = support.DEMO["packs/demo/pack.yaml"]
MODEL = support.DEMO["templates/models/tiny.yaml"]
PAIRS = [(target, key) for target, keys in EXTRAS.items() for key in keys]
EFFORT_KEYS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "opencode": ("variant", ("low", "medium", "high")),
    "claude-code": ("effort", ("low", "medium", "high", "xhigh", "max")),
    "copilot": ("reasoning-effort", ("minimal", "low", "medium", "high", "xhigh", "max")),
    "codex": ("model_reasoning_effort", EFFORTS),
    "claude-command": ("effort", ("low", "medium", "high", "xhigh", "max")),
}
"""The key of each client that takes a reasoning effort, and the values that it is known to take."""

each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


def make_project(folder: Path, more: str, targets: str = "", model: str = MODEL) -> Path:
    """Write the demo pack with more keys, for some targets or all."""
    pack = PACK.replace("targets: [opencode]\n", f"targets: [{targets}]\n" if targets else "")
    files = {"packs/demo/pack.yaml": pack + more, "templates/models/tiny.yaml": model}
    return support.make_project(folder, files)


def build(folder: Path, more: str, targets: str = "", model: str = MODEL) -> list[Artifact]:
    return list(build_project(load_project(make_project(folder, more, targets, model))))


def find_findings(folder: Path, more: str, targets: str = "opencode") -> list[Finding]:
    """Return what is wrong with the demo pack if it says more."""
    with pytest.raises(UserError) as refused:
        build_project(load_project(make_project(folder, more, targets)))
    return list(refused.value.findings)


def read_head(artifact: Artifact) -> dict[str, Any]:
    """Return the keys of a file as another parser reads them."""
    text = artifact.content.decode()
    if artifact.target == "codex":
        return tomllib.loads(text)
    head: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return head


def make_agent(target: Target, policy: Policy | None = None, **values: Any) -> Agent:
    """Return an agent that may do everything, with values of its own."""
    model = Model("m", ids={target.name: "a/b"})
    policy = policy or Policy(Effect.INHERIT)
    plain = Agent("asker", "An agent.", "primary", model, None, policy, "Say yes or no.\n")
    return replace(plain, **values)


@each_target
@pytest.mark.parametrize("effort", EFFORTS)
def test_an_effort_is_read_back_or_reported_as_lost(target: Target, effort: str) -> None:
    agent = make_agent(target, effort=effort)
    text, losses, problems = encode_and_check(target, agent)
    assert problems == []
    key, taken = EFFORT_KEYS.get(target.name, ("", ()))
    assert target.decode(text, "asker").effort == (effort if effort in taken else None)
    reported = {loss.subject for loss in losses}
    assert ("effort" in reported) == (effort not in taken)
    if effort in taken:
        assert key in text


def test_opencode_has_no_effort_without_a_model_of_the_file() -> None:
    agent = make_agent(TARGETS["opencode"], effort="high", model=Model("m"))
    text, losses, problems = encode_and_check(TARGETS["opencode"], agent)
    assert problems == []
    assert "variant" not in text
    assert "effort" in {loss.subject for loss in losses}


def test_an_override_has_an_effort_of_its_own(tmp_path: Path) -> None:
    more = "  overrides: [{when: {policy: look}, effort: high}]\neffort: low\n"
    look, change = build(tmp_path, more, "opencode")
    assert (read_head(look)["variant"], read_head(change)["variant"]) == ("high", "low")


def test_a_model_without_effort_gets_none_and_says_so(tmp_path: Path) -> None:
    look, _ = build(tmp_path, "effort: low\n", "opencode", model=f"{MODEL}effort: false\n")
    assert "variant" not in read_head(look)
    (loss,) = (loss for loss in look.losses if loss.subject == "effort")
    assert loss.reason == "tiny accepts no effort"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("effort: most\n", "'effort' can't be 'most'"),
        ("effort: true\n", "'effort' can't be true or false"),
        ("  overrides: [{when: {policy: look}}]\n", "an override needs 'drop' or 'effort'"),
        ("  overrides: [{when: {}, drop: []}]\n", "'drop' is empty"),
        ("  overrides: [{when: {}, effort: most}]\n", "'effort' can't be 'most'"),
    ],
)
def test_what_an_effort_can_not_be(tmp_path: Path, more: str, expected: str) -> None:
    (found,) = find_findings(tmp_path, more)
    assert (found.code, found.message) == ("PP010", expected)


def test_a_client_has_a_name_a_description_and_a_model_of_its_own(tmp_path: Path) -> None:
    settings = "{name: Guide me, description: Asks., model: x/y}"
    names = ("opencode", "claude-code", "copilot")
    more = "clients:\n" + "".join(f"  {name}: {settings}\n" for name in names)
    for artifact in build(tmp_path, more + support.NO_CURSOR, f"{', '.join(names)}, gemini, skill"):
        head = read_head(artifact)
        assert artifact.path.endswith(TARGETS[artifact.target].path.format(name="demo"))
        if artifact.target in names:
            values = (head["name"], head["description"], head["model"])
            assert values == ("Guide me", "Asks.", "x/y"), artifact.target
        else:
            assert (head["name"], head.get("model")) == ("demo", None)


def test_what_a_client_has_no_place_for_is_reported(tmp_path: Path) -> None:
    more = "clients:\n  agents-md: {name: Guide, description: D., model: x, }\n"
    artifact = build(tmp_path, more, "agents-md")[0]
    assert "promptpack:begin demo" in artifact.content.decode()
    reported = {loss.subject: loss.reason for loss in artifact.losses if loss.is_field}
    assert reported["name"] == "this file has no name"
    assert reported["description"] == "this file has no description"
    assert reported["model"] == "this format has no model field"


@pytest.mark.parametrize(
    ("target", "name", "expected"),
    [
        ("gemini", "Change Reviewer", "may only contain lower-case letters, digits, - and _"),
        ("claude-code", "a:b", "begins with -, contains : or is longer than 256"),
        ("claude-code", "-a", "begins with -, contains : or is longer than 256"),
        ("claude-code", "Explore", "Claude Code has an agent 'Explore' of its own"),
        ("opencode", "build", "OpenCode has an agent 'build' of its own"),
        ("copilot", "explore", "GitHub Copilot has an agent 'explore' of its own"),
        ("codex", "worker", "OpenAI Codex has an agent 'worker' of its own"),
        ("skill", "other", "is not the name of the skill's folder, 'demo'"),
    ],
)
def test_a_name_that_the_client_would_refuse(
    tmp_path: Path, target: str, name: str, expected: str
) -> None:
    more = f'clients:\n  {target}: {{name: "{name}"}}\n'
    found = [f for f in find_findings(tmp_path, more, target) if f.code == "PP201"]
    assert found
    assert all(expected in one.message for one in found)
    assert all(target in one.message or TARGETS[target].title in one.message for one in found)


def test_a_name_of_a_clients_own_agent_is_free_for_a_pack_with_another_name_there(
    tmp_path: Path,
) -> None:
    files = {
        path.replace("packs/demo/", "packs/build/"): text.replace("name: demo", "name: build")
        for path, text in support.DEMO.items()
    }
    files["packs/build/pack.yaml"] += "clients: {opencode: {name: builder}}\n"
    support.write_files(tmp_path, files)
    artifact = build_project(load_project(tmp_path))[0]
    assert artifact.path == "opencode/tiny.look/.opencode/agents/build.md"
    assert read_head(artifact)["name"] == "builder"


def test_the_samples_are_of_every_extra_key() -> None:
    assert {n: {*t.extras} for n, t in TARGETS.items() if t.extras} == {
        name: {*keys} for name, keys in EXTRAS.items()
    }
    granting = {(n, k) for n, t in TARGETS.items() for k, e in t.extras.items() if e.grants}
    assert granting == {(name, key) for name, keys in GRANTING.items() for key in keys}


@pytest.mark.parametrize(("target", "key"), PAIRS)
def test_an_extra_key_is_written_as_it_is_and_read_back(target: str, key: str) -> None:
    for value in EXTRAS[target][key].good:
        agent = make_agent(TARGETS[target], extra={key: value})
        text, losses, problems = encode_and_check(TARGETS[target], agent)
        assert problems == []
        assert not [loss for loss in losses if loss.kind == "widened"]
        found = TARGETS[target].decode(text, "asker").extra
        assert is_same_extra(TARGETS[target].extras, key, found.get(key), value)
        assert found.keys() <= {key, "alwaysApply"}
        assert TARGETS[target].loads(text) == ""


@pytest.mark.parametrize(("target", "key"), PAIRS)
def test_a_value_that_a_key_does_not_take_is_an_error_at_its_place(
    tmp_path: Path, target: str, key: str
) -> None:
    for number, value in enumerate(EXTRAS[target][key].bad):
        more = f"clients:\n  {target}:\n    extra:\n      {key}: {json.dumps(value)}\n"
        findings = find_findings(tmp_path / str(number), more, target)
        (found,) = (one for one in findings if one.code != "PP040")  # the pack is an agent
        assert (found.code, found.line) == ("PP010", PACK.count("\n") + 4)
        assert found.message == f"'{key}' can't have this value in {TARGETS[target].title}"
        assert found.hint == f"use {TARGETS[target].extras[key].form}"
        agent = make_agent(TARGETS[target], extra={key: value})
        if value is not None:
            assert any(key in one for one in encode_and_check(TARGETS[target], agent)[2])


@pytest.mark.parametrize(
    ("target", "key", "code", "said"),
    [
        ("opencode", "permission", "PP037", "the policy decides what an agent may do"),
        ("opencode", "disable", "PP037", "the policy decides"),
        ("opencode", "options", "PP037", "sent to the model's provider as it is"),
        ("opencode", "colour", "PP012", "did you mean 'color'?"),
        ("claude-code", "tools", "PP037", "the policy decides"),
        ("claude-code", "disallowedTools", "PP037", "the policy decides"),
        ("claude-code", "permissionMode", "PP037", "without asking"),
        ("claude-code", "hooks", "PP037", "a hook runs commands"),
        ("claude-code", "mcpServers", "PP037", "starts a server"),
        ("claude-code", "effort", "PP037", "write 'effort' in the pack"),
        ("claude-code", "name", "PP037", "write 'name' under 'clients: {claude-code: …}'"),
        ("copilot", "mcp-servers", "PP037", "starts a server"),
        ("copilot", "tools", "PP037", "the policy decides"),
        ("copilot", "disable-model-invocation", "PP037", "promptpack writes this key itself"),
        ("codex", "features", "PP037", "the policy decides"),
        ("codex", "sandbox_mode", "PP037", "promptpack writes this key itself"),
        ("codex", "mcp_servers", "PP037", "starts a server"),
        ("gemini", "mcp_servers", "PP037", "starts a server"),
        ("gemini", "max_turn", "PP012", "did you mean 'max_turns'?"),
        ("skill", "allowed-tools", "PP037", "approves tools beforehand"),
        ("cursor", "background", "PP012", "takes no extra key that is known"),
        ("cursor-rule", "glob", "PP012", "did you mean 'globs'?"),
        ("copilot-instructions", "applyto", "PP012", "did you mean 'applyTo'?"),
    ],
)
def test_a_key_that_a_pack_can_not_add(
    tmp_path: Path, target: str, key: str, code: str, said: str
) -> None:
    (found,) = find_findings(tmp_path, f"clients: {{{target}: {{extra: {{{key}: x}}}}}}\n", target)
    assert found.code == code
    assert said in f"{found.message} {found.hint}"
    assert (found.line, found.excerpt[found.column - 1 :][: found.width]) == (
        PACK.count("\n") + 1,
        key,
    )


def test_memory_is_held_against_the_policy(tmp_path: Path) -> None:
    more = "clients:\n  claude-code: {extra: {memory: project}}\n"
    found = find_findings(tmp_path, more + support.NO_CURSOR, "claude-code")
    assert len(found) == 1
    assert "claude-code would grant more than the policy allows: read, edit, write" in (
        found[0].message
    )
    assert "memory gives the agent Read, Edit and Write back" in found[0].hint
    granted = dict.fromkeys(("read", "edit", "write"), grant_of(Effect.ALLOW))
    agent = make_agent(
        TARGETS["claude-code"], Policy(Effect.DENY, granted), extra={"memory": "user"}
    )
    losses = encode_and_check(TARGETS["claude-code"], agent)[1]
    assert not [loss for loss in losses if loss.kind == "widened" and not loss.reader]


def test_diff_takes_harmless_keys_for_harmless_and_memory_for_a_grant() -> None:
    head = "---\nname: a\ndescription: D.\ntools: Grep\n{}---\n\nHelp.\n"
    old = head.format("")
    assert kinds("claude-code", old, head.format("color: blue\nmaxTurns: 2\n")) == {}
    wider = kinds("claude-code", old, head.format("memory: user\n"))
    assert wider == dict.fromkeys(("read", "edit", "write"), "widened")
    unproven = kinds("claude-code", old, head.format("permissionMode: plan\n"))
    assert unproven == {"permissionMode": "unproven"}
    codex = "name = 'a'\ndescription = 'D.'\ndeveloper_instructions = 'B'\n"
    assert kinds("codex", codex, codex + "model_reasoning_effort = 'high'\n") == {}


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ("{opencod: {name: A}}", "PP023", "unknown target 'opencod'"),
        ("{opencode: {nam: A}}", "PP012", "unknown key 'nam'"),
        ("{opencode: {name: 5}}", "PP010", "'name' should be text, not a number"),
        ("{opencode: []}", "PP010", "'opencode' should be a mapping, not a list"),
        ("{opencode: {extra: x}}", "PP010", "'extra' should be a mapping, not text"),
        ("{opencode: {policy: lok}}", "PP022", "unknown policy 'lok'"),
        ("{opencode: {policy: {look: lok}}}", "PP022", "unknown policy 'lok'"),
        ("{opencode: {policy: {other: look}}}", "PP022", "unknown policy 'other'"),
        ("{opencode: {policy: 5}}", "PP010", "'policy' should be text, not a number"),
        ("{opencode: {prompt: ./other.md}}", "PP020", "unknown fragment './other.md'"),
        ("{opencode: {prompt: standards/examples}}", "PP013", "'prompt' can't be"),
    ],
)
def test_mistakes_in_the_settings_of_a_client(
    tmp_path: Path, settings: str, code: str, message: str
) -> None:
    (found,) = find_findings(tmp_path, f"clients: {settings}\n")
    assert found.code == code
    assert found.message.startswith(message)
    assert found.line == PACK.count("\n") + 1


def test_the_policies_and_the_prompt_of_a_client(tmp_path: Path) -> None:
    root = make_project(
        tmp_path,
        "clients:\n  opencode: {policy: change, prompt: ./sub/open.md}\n"
        "  copilot: {policy: {look: change}}\n",
    )
    text = "---\n{% if x %} {{ no.such }}\n"
    support.write_files(root, {"packs/demo/sub/open.md": text})
    project = load_project(root)
    clients = project.packs["demo"].clients
    assert clients["opencode"].policies == {"look": "change", "change": "change"}
    assert clients["copilot"].policies == {"look": "change"}
    assert project.sources[clients["opencode"].prompt] == text
    assert clients["opencode"].prompt not in project.fragments


def test_a_prompt_that_is_a_fragment_too_is_read_as_one(tmp_path: Path) -> None:
    root = make_project(tmp_path, "clients:\n  opencode: {prompt: ./role.md}\n")
    support.write_files(root, {"packs/demo/role.md": "---\ntitel: x\n---\n"})
    with pytest.raises(UserError, match="unknown key 'titel'"):
        load_project(root)


SETTINGS = """\
effort: low
clients:
  copilot:
    name: Guide
    description: Asks.
    model: GPT
    extra:
      argument-hint: a branch
accept: [{target: copilot, capability: skill, reason: it has them anyway}]
"""
OUTPUT = "dist/copilot/tiny.look/.github/agents/demo.agent.md"


def build_settings(folder: Path) -> Path:
    root = make_project(folder, SETTINGS, "opencode, copilot")
    done = support.call("build", cwd=root)
    assert done.code == 0, done.err
    return root


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Guide", "name: Helper"),
        ("description: Asks.", "description: Answers."),
        ("model: GPT", "model: Sonnet"),
        ("argument-hint: a branch", "argument-hint: two branches"),
        ("effort: low", "effort: high"),
    ],
)
def test_an_edited_value_is_absorbed_where_the_pack_has_it(
    tmp_path: Path, old: str, new: str
) -> None:
    root = build_settings(tmp_path)
    path = root / OUTPUT
    path.write_text(path.read_text().replace(old, new))
    edited = path.read_bytes()
    done = support.call("absorb", OUTPUT, "--yes", cwd=root)
    assert done.code == 0, done.err
    assert (root / "packs/demo/pack.yaml").read_text().endswith(SETTINGS.replace(old, new))
    assert support.call("build", cwd=root).code == 0
    assert path.read_bytes() == edited


def test_an_extra_key_that_the_pack_does_not_have_can_not_be_absorbed(tmp_path: Path) -> None:
    root = build_settings(tmp_path)
    path = root / OUTPUT
    path.write_text(path.read_text().replace("model: GPT", "model: GPT\nuser-invocable: true"))
    done = support.call("absorb", OUTPUT, "--yes", cwd=root)
    assert done.code == 1
    assert "'user-invocable' can't be written to packs/demo/pack.yaml" in done.err


def test_the_lines_of_a_file_come_from_the_settings_of_its_client(tmp_path: Path) -> None:
    root = build_settings(tmp_path)
    project = load_project(root)
    source = project.sources["packs/demo/pack.yaml"].split("\n")
    artifact = next(one for one in build_project(project) if one.target == "copilot")
    origins = Session(project).tracer.trace_file(artifact)
    lines = (root / OUTPUT).read_text().split("\n")
    for key, written in {
        "name": "    name: Guide",
        "description": "    description: Asks.",
        "model": "    model: GPT",
        "reasoning-effort": "effort: low",
        "argument-hint": "      argument-hint: a branch",
    }.items():
        number = next(n for n, line in enumerate(lines) if line.startswith(f"{key}: "))
        assert origins[number] == (("packs/demo/pack.yaml", source.index(written) + 1),)


def test_harmless_keys_leave_the_policy_of_a_file_as_it_is() -> None:
    policy = Policy(Effect.DENY, {"read": grant_of(Effect.ALLOW)})
    for name, keys in EXTRAS.items():
        extra = {k: v.good[0] for k, v in keys.items() if k not in GRANTING.get(name, set())}
        plain, more = (
            TARGETS[name].decode(TARGETS[name].encode(agent), "a").policy
            for agent in (
                make_agent(TARGETS[name], policy),
                make_agent(TARGETS[name], policy, extra=extra),
            )
        )
        assert plain == more, name


def test_the_site_shows_the_effort_of_a_pack_and_of_a_model(tmp_path: Path) -> None:
    root = make_project(tmp_path, SETTINGS, "opencode, copilot", f"{MODEL}effort: true\n")
    session = Session(load_project(root))
    pages = make_site(session, render(session)).pages
    pack = next(page for path, page in pages.items() if path.endswith("demo/index.md"))
    text = " ".join(re.sub(r"<[^>]+>", " ", str(pack)).split())
    assert "Reasoning effort low" in text
    model = next(page for path, page in pages.items() if "models/tiny" in path)
    assert "Reasoning effort accepted" in " ".join(re.sub(r"<[^>]+>", " ", str(model)).split())
