"""Packs of commands: one source, a file for each client, and no text that a client would run."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import support
from promptpack.build import build_project
from promptpack.model import (
    CAPABILITIES,
    Agent,
    Effect,
    Finding,
    Model,
    PatternRule,
    Policy,
    UserError,
    Variant,
)
from promptpack.policy.lattice import grant_of
from promptpack.reading.project import load_project
from promptpack.rendering.arguments import Arguments, find_unmeant
from promptpack.rendering.variants import resolve_variants
from promptpack.targets import TARGETS
from promptpack.targets.built import COMMAND_TARGETS
from promptpack.targets.claude_code import TOOLS
from promptpack.targets.emit import encode_and_check
from support import call, count_cases

PACK = """\
name: demo
title: Demo
kind: command
description: Says what broke.
argument_hint: "[branch]"
agent: reviewer
targets: [opencode, claude-code]
sections:
  task: ./task.md
variants:
  default: {model: tiny, policy: look}
  model: [tiny]
  policy: [look]
"""
PATH = "packs/demo/pack.yaml"
SINGLE = ("file", "focus")
COMMANDS = {name: one for name, one in TARGETS.items() if one.command}


def make_files(text: str = "Look at {{ arguments }}.\n", pack: str = PACK) -> dict[str, str]:
    shared = {path: text for path, text in support.DEMO.items() if path.startswith("templates/")}
    shared.pop("templates/fragments/standards/small-steps.md")
    return {**shared, PATH: pack, "packs/demo/task.md": text}


def make_single_files(
    text: str = "Look at <{{ argument.file }}> for {{ argument.focus }}.\n",
    names: str = "file, focus",
) -> dict[str, str]:
    """Return the files of a pack with single arguments, for each client that has commands."""
    pack = PACK.replace("agent: reviewer\n", f"arguments: [{names}]\n")
    accept = "accept: [{target: copilot-prompt, capability: all, reason: only for a test}]\n"
    return make_files(text, pack.replace("targets: [opencode, claude-code]\n", "") + accept)


def build(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a built project by target."""
    support.write_files(folder, files)
    return {one.target: one.text for one in build_project(load_project(folder))}


def refuse(folder: Path, files: Mapping[str, str]) -> list[Finding]:
    """Return each error of a project."""
    support.write_files(folder, files)
    with pytest.raises(UserError) as caught:
        build_project(load_project(folder))
    return [*caught.value.findings]


# What is written


def test_a_client_that_is_named_stands_for_its_commands(tmp_path: Path) -> None:
    files = build(tmp_path, make_files())
    assert files.keys() == {"opencode-command", "claude-command"}
    assert "Look at $ARGUMENTS." in files["opencode-command"]
    assert "agent: reviewer\n" in files["opencode-command"]
    assert 'argument-hint: "[branch]"\ncontext: fork\nagent: reviewer\n' in files["claude-command"]


def test_a_command_without_targets_is_for_each_client_that_has_commands(tmp_path: Path) -> None:
    accept = "accept: [{target: copilot-prompt, capability: all, reason: only for a test}]\n"
    pack = PACK.replace("targets: [opencode, claude-code]\n", "") + accept
    files = build(tmp_path, make_files(pack=pack))
    assert files.keys() == COMMANDS.keys()
    for name, text in files.items():
        form = COMMANDS[name].command
        assert form
        assert f"Look at {form.arguments}." in text


def test_of_what_a_project_names_a_pack_takes_what_is_for_its_kind(tmp_path: Path) -> None:
    agent = support.DEMO[PATH].replace("targets: [opencode]\n", "").replace("demo", "other")
    files = make_files(pack=PACK.replace("targets: [opencode, claude-code]\n", ""))
    files |= {path: text for path, text in support.DEMO.items() if path.startswith("templates/")}
    files |= {"packs/other/pack.yaml": agent, "packs/other/role.md": "You ask.\n"}
    files["promptpack.yaml"] = "targets: [system, opencode, claude-command]\n"
    support.write_files(tmp_path, files)
    built = {(one.variant.pack.name, one.target) for one in build_project(load_project(tmp_path))}
    assert built == {
        *(("demo", "opencode-command"), ("demo", "claude-command")),
        *(("other", "opencode"), ("other", "system")),
    }


def test_a_pack_for_whose_kind_a_project_names_nothing_is_an_error(tmp_path: Path) -> None:
    command = PACK.replace("targets: [opencode, claude-code]\n", "")
    files = {**make_files(pack=command), "promptpack.yaml": "targets: [codex]\n"}
    (found,) = refuse(tmp_path, files)
    assert (found.code, found.path) == ("PP040", PATH)
    assert found.message == "nothing is built of this command: it is for none of codex"


def test_a_model_has_its_id_of_the_client_in_commands(tmp_path: Path) -> None:
    files = make_files()
    model = files["templates/models/tiny.yaml"]
    assert "ids: {" in model
    ids = "ids: {claude-code: sonnet-x, opencode-command: a/b, "
    files["templates/models/tiny.yaml"] = re.sub("ids: {(opencode: [^,}]*, )?", ids, model)
    built = build(tmp_path, files)
    assert "model: sonnet-x\n" in built["claude-command"]
    assert "model: a/b\n" in built["opencode-command"]


def test_a_line_of_a_command_has_the_origins_of_its_text_and_values(tmp_path: Path) -> None:
    support.built(tmp_path, make_files())
    path = "dist/claude-command/tiny.look/.claude/commands/demo.md"
    lines = (tmp_path / path).read_text("utf-8").splitlines()
    for start, source in (
        ("argument-hint", f"{PATH}:5"),
        ("agent:", f"{PATH}:6"),
        ("Look at", "packs/demo/task.md:1"),
    ):
        number = next(n for n, line in enumerate(lines, 1) if line.startswith(start))
        done = call("explain", f"{path}:{number}", cwd=tmp_path)
        assert source in done.out, done.out


def test_an_edit_of_a_command_goes_back_into_its_sources(tmp_path: Path) -> None:
    support.built(tmp_path, make_files("Look at {{ arguments }}.\n\nBe brief.\n"))
    file = tmp_path / "dist/opencode-command/tiny.look/.opencode/commands/demo.md"
    file.write_text(file.read_text("utf-8").replace("brief", "quick"), encoding="utf-8")
    done = call("absorb", file.relative_to(tmp_path).as_posix(), "--yes", cwd=tmp_path)
    assert done.code == 0, done.err
    text = (tmp_path / "packs/demo/task.md").read_text("utf-8")
    assert text == "Look at {{ arguments }}.\n\nBe quick.\n"


def test_list_new_and_the_permissions_tell_the_kind(tmp_path: Path) -> None:
    support.write_files(tmp_path, make_files())
    (row,) = json.loads(call("list", "packs", "--format", "json", cwd=tmp_path).out)["packs"]
    assert row["kind"] == "command"
    assert "(command)" in call("list", "packs", cwd=tmp_path).out
    assert call("new", "--kind", "command", "mine", cwd=tmp_path).code == 0
    assert call("new", "--kind", "agent", "ours", cwd=tmp_path).code == 0
    assert "kind: command" in (tmp_path / "packs/mine/pack.yaml").read_text("utf-8")
    assert "kind:" not in (tmp_path / "packs/ours/pack.yaml").read_text("utf-8")
    assert call("build", "--pack", "mine", cwd=tmp_path).code == 0
    wrong = call("new", "--kind", "agent", "--template", "command", "x", cwd=tmp_path)
    assert (wrong.code, "another kind" in wrong.err) == (2, True)


SPELLED = {
    "opencode-command": "Look at <$1> for $2.",
    "claude-command": "Look at <$file> for $focus.",
    "copilot-prompt": "Look at <${input:file}> for ${input:focus}.",
    **dict.fromkeys(
        ("cursor-command", "gemini-command"),
        "Look at <(the first of the words that the user added to this command)> for "
        "(the words that the user added to this command, from the second on).",
    ),
}


def test_single_arguments_are_what_each_client_has_for_them(tmp_path: Path) -> None:
    files = build(tmp_path, make_single_files())
    assert files.keys() == COMMANDS.keys() == SPELLED.keys()
    for target, text in SPELLED.items():
        assert text in files[target]
    assert "\narguments:\n  - file\n  - focus\n" in files["claude-command"]
    assert "focus" not in files["opencode-command"]


def test_a_client_that_knows_no_single_arguments_is_a_loss(tmp_path: Path) -> None:
    support.write_files(tmp_path, make_single_files())
    lost = {
        one.target: [loss.reason for loss in one.losses if loss.subject == "arguments"]
        for one in build_project(load_project(tmp_path))
    }
    assert {name for name, reasons in lost.items() if reasons} == {
        *("cursor-command", "gemini-command")
    }
    (reason,) = lost["gemini-command"]
    assert reason == ("it has no single arguments: the prompt says in words which one is meant")


def test_the_only_argument_is_all_that_a_user_writes(tmp_path: Path) -> None:
    files = make_single_files("Look at <{{ argument.file }}>.\n", "file")
    support.write_files(tmp_path, files)
    artifacts = {one.target: one for one in build_project(load_project(tmp_path))}
    assert "Look at <{{args}}>." in artifacts["gemini-command"].text
    assert "Look at <$1>." in artifacts["opencode-command"].text
    assert not [a for a in artifacts.values() if any(o.subject == "arguments" for o in a.losses)]


def test_a_line_with_an_argument_depends_on_the_list_of_arguments(tmp_path: Path) -> None:
    support.built(tmp_path, make_single_files())
    path = "dist/opencode-command/tiny.look/.opencode/commands/demo.md"
    lines = (tmp_path / path).read_text("utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "$1" in line)
    done = call("explain", f"{path}:{number}", cwd=tmp_path)
    assert "packs/demo/task.md:1" in done.out
    assert f"{PATH}:6" in done.out, done.out
    path = "dist/claude-command/tiny.look/.claude/commands/demo.md"
    lines = (tmp_path / path).read_text("utf-8").splitlines()
    for number in range(lines.index("arguments:") + 1, lines.index("  - focus") + 2):
        assert f"{PATH}:6" in call("explain", f"{path}:{number}", cwd=tmp_path).out


# What is refused


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("kind: command\nde", "arguments: [a]\nde", 3, "'arguments' is for commands"),
        ("agent: reviewer", "agent: x\nmode: all", 7, "a command has no 'mode'"),
        ("kind: command\n", "", 4, "'argument_hint' is for commands"),
        ("claude-code]", "codex]", 7, "OpenAI Codex has no commands"),
        ("claude-code]", "system]", 7, "has no commands"),
        ("sections:", "clients: {opencode: {file: x}}\nsections:", 8, "'opencode' is for agents"),
        *(
            (
                "sections:",
                f"expect: [{{contains: x, when: {{target: {names}}}}}]\nsections:",
                8,
                said,
            )
            for names, said in (
                ("opencode", "'opencode' is for agents"),
                ("[opencode-command, gemini]", "'gemini' is for agents"),
            )
        ),
    ],
)
def test_what_is_for_the_other_kind_is_an_error_at_its_place(
    old: str, new: str, line: int, said: str, tmp_path: Path
) -> None:
    found = refuse(tmp_path, make_files(pack=PACK.replace(old, new)))
    assert any(said in one.message and (one.code, one.line) == ("PP040", line) for one in found)


def test_an_agent_can_not_be_for_a_target_of_commands(tmp_path: Path) -> None:
    agent = support.DEMO[PATH].replace("[opencode]", "[opencode-command]")
    (found,) = refuse(tmp_path, {**support.DEMO, PATH: agent})
    said = ("PP040", 4, "'opencode-command' is for commands")
    assert (found.code, found.line, found.message) == said


@pytest.mark.parametrize("name", ["init", "review", "help"])
def test_a_command_can_not_have_the_name_of_one_of_the_clients_own(
    name: str, tmp_path: Path
) -> None:
    files = {
        path.replace("packs/demo", f"packs/{name}"): text.replace("name: demo", f"name: {name}")
        for path, text in make_files().items()
    }
    messages = [one.message for one in refuse(tmp_path, files)]
    assert f"OpenCode has a command '{name}' of its own" in " ".join(messages)


@pytest.mark.parametrize(
    ("text", "names", "targets", "said"),
    [
        ("{{ argument.a }}", "a, b", {*COMMANDS}, "'{{ argument.b }}' is nowhere in the prompt"),
        ("{{ argument.a }}1", "a", {"opencode-command", "claude-command"}, "the text beside"),
        ("{{ argument.a }}_b", "a", {"claude-command"}, "hides it"),
        ("{{ argument.a }}[0]", "a", {"claude-command"}, "makes '$a[' of it"),
        ("\\{{ argument.a }}", "a", {"claude-command"}, "makes '\\$a' of it"),
        ("{{ argument.a }} in $a", "a", {"claude-command"}, "'$a' stands for arguments in Claude"),
        ("{{ argument.a }} in $ab", "a", set(), ""),
        ("@{{ argument.a }}", "a", {*COMMANDS} - {"copilot-prompt"}, "read the"),
        ("!{{ argument.a }}", "a", {"gemini-command"}, "would run"),
    ],
)
def test_a_text_that_would_take_other_arguments_is_refused(
    text: str, names: str, targets: set[str], said: str, tmp_path: Path
) -> None:
    files = make_single_files(f"{text}\n", names)
    if not targets:
        assert build(tmp_path, files).keys() == COMMANDS.keys()
        return
    messages = [one.message for one in refuse(tmp_path, files)]
    assert {message.split(":")[0] for message in messages} == targets
    assert all(said in message for message in messages), messages


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("a, a", "'a' is listed twice"),
        ("arguments", "'arguments' are all that a user writes"),
        ("a-b", "can't be 'a-b'"),
        (", ".join("abcdefghij"), "a command has at most 9 arguments"),
    ],
)
def test_names_of_arguments_that_no_client_could_take_are_refused(
    names: str, said: str, tmp_path: Path
) -> None:
    messages = [one.message for one in refuse(tmp_path, make_single_files("x\n", names))]
    assert any(said in message for message in messages), messages


def test_an_argument_that_is_not_listed_is_an_undefined_name(tmp_path: Path) -> None:
    found = refuse(tmp_path, make_single_files("{{ argument.fil }} {{ argument.focus }}\n"))
    assert {one.message for one in found} == {"undefined name 'fil' in 'argument'"}
    assert found[0].hint == "did you mean 'file'?"
    found = refuse(tmp_path / "b", make_files("{{ argument.file }}\n"))
    assert found[0].hint == "write its name under 'arguments' in the pack"


def test_an_agent_has_no_arguments(tmp_path: Path) -> None:
    files = {**support.DEMO, "packs/demo/role.md": "Look at {{ arguments }}.\n"}
    found = refuse(tmp_path, files)
    assert {(one.code, one.line) for one in found} == {("PP031", 1)}
    assert "undefined name 'arguments'" in found[0].message
    assert found[0].hint == "only commands have arguments; write 'kind: command' in the pack"


@pytest.mark.fault("command-injection")
@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("Run !`date` first.", {"opencode-command", "claude-command", "cursor-command"}),
        ("```!\ndate\n```", {"opencode-command", "claude-command", "cursor-command"}),
        ("Run !{date} first.", {"gemini-command"}),
        ("Read @{a.md} first.", {*COMMANDS} - {"copilot-prompt"}),
        ("Read @a.md first.", {*COMMANDS} - {"gemini-command"}),
        ("Read [this](a.md) first.", {"copilot-prompt"}),
        ("Read `@a.md` first.", set()),
        ("Write to a@b.c, for $ 5.", set()),
        ("For $5.", {*COMMANDS}),
        ("See $ARGUMENTS.", {*COMMANDS}),
        ("See {{ '{{args}}' }}.", {*COMMANDS}),
        ("Read @{{ arguments }}.", {*COMMANDS} - {"copilot-prompt"}),
        ("Run !{{ arguments }}.", {"gemini-command"}),
        ("See {{ arguments }}[0].", {"claude-command"}),
        ("See \\{{ arguments }}.", {"claude-command"}),
        ("In ${HOME}", {"copilot-prompt"}),
        ("In ${CLAUDE_EFFORT}", {"claude-command", "copilot-prompt"}),
    ],
)
def test_a_text_that_a_client_would_replace_is_refused(
    text: str, targets: set[str], tmp_path: Path
) -> None:
    accept = "accept: [{target: copilot-prompt, capability: all, reason: only for a test}]\n"
    pack = PACK.replace("targets: [opencode, claude-code]\n", "") + accept
    files = make_files(f"{text}\n", pack)
    if not targets:
        assert build(tmp_path, files).keys() == COMMANDS.keys()
        return
    findings = refuse(tmp_path, files)
    assert {one.message.split(":")[0] for one in findings} == targets
    assert {(one.code, one.path) for one in findings} == {("PP201", "packs/demo/task.md")}


# Each client's own way of making a command, as its source has it


def run_opencode(text: str, arguments: str) -> tuple[str, list[str]]:
    """Return the text that OpenCode sends, and what it ran and read for that."""
    numbers = [int(one) for one in re.findall(r"\$(\d+)", text)]
    words = arguments.split()
    text = re.sub(
        r"\$(\d+)",
        lambda m: (
            " ".join(words[int(m[1]) - 1 :])
            if int(m[1]) == max(numbers)
            else " ".join(words[int(m[1]) - 1 : int(m[1])])
        ),
        text,
    )
    text = text.replace("$ARGUMENTS", arguments)
    ran = re.findall(r"!`([^`]+)`", text)
    files = re.findall(r"(?<![\w`])@(\.?[^\s`,.]*(?:\.[^\s`,.]+)*)", text, re.ASCII)
    return text, [*ran, *filter(None, files)]


def run_claude(text: str, arguments: str) -> tuple[str, list[str]]:
    """Return the same for Claude Code, which goes over the text once."""
    words = arguments.split()
    named = dict(zip(SINGLE, words, strict=True))

    def find(match: re.Match[str]) -> str:
        if match["all"]:
            return arguments
        if match["name"]:
            return named[match["name"]]
        number = int(match["item"] or match["number"])
        return words[number] if number < len(words) else match[0]

    text = re.sub(r"(?<!\\)\\\$(?=\d|ARGUMENTS|file|focus)", "\0", text)
    pattern = (
        r"\$ARGUMENTS\[(?P<item>\d+)\]|(?P<all>\$ARGUMENTS)|\$(?P<number>\d+)(?!\w)"
        r"|\$(?P<name>file|focus)(?![\w\[])"
    )
    text = re.sub(pattern, find, text, flags=re.ASCII)
    text = re.sub(r"\$\{CLAUDE_\w+\}", "value", text).replace("\0", "$")
    ran = re.findall(r"!`[^`]+`", text) + re.findall(r"(?m)^[ \t]*(?:`{3,}|~{3,})!", text)
    return text, [*ran, *re.findall(r"(?:^|\s)@(\S+)", text)]


def run_gemini(text: str, arguments: str) -> tuple[str, list[str]]:
    """Return the same for Gemini CLI, which takes what is not closed for a mistake."""
    found = [text[match.start() :] for match in re.finditer(r"[!@]\{", text)]
    return text.replace("{{args}}", arguments), found


RUN: Mapping[str, Callable[[str, str], tuple[str, list[str]]]] = {
    "opencode-command": run_opencode,
    "claude-command": run_claude,
    "gemini-command": run_gemini,
}
PIECES = (
    *("!", "`", "@", "$", "{", "}", "{{", "args", "}}", "ARGUMENTS", "1", "0", "[0]", "\\", " "),
    *("\n", "a.md", "x", "(", "`date`", "!`", "```!", "~/", "${CLAUDE_EFFORT}", "é", "_", ",", "."),
    *("$ARGUMENTS", "{{args}}", "\N{NO-BREAK SPACE}", "<arg>", "<file>", "$file", "focus"),
)


@pytest.mark.fault("command-injection")
@pytest.mark.parametrize("target", RUN)
@settings(max_examples=count_cases(600), deadline=None)
@given(
    parts=st.lists(st.sampled_from(PIECES), max_size=7).flatmap(
        lambda parts: st.permutations([*parts, "<file>", "<focus>"])
    )
)
@example(parts=["<file>", "<focus>", "!", "<arg>"])
@example(parts=["<file>", "<focus>", "@", "<arg>"])
@example(parts=["<file>", "<focus>", "$", "<arg>", "[0]"])
@example(parts=["<file>", "<focus>", "\\", "<arg>"])
@example(parts=["<file>", "<focus>", "1"])
@example(parts=["<file>", "<focus>", "[0]"])
@example(parts=["<file>", "$file", "<focus>"])
@example(parts=["\\", "<file>", "<focus>"])
def test_what_is_not_refused_is_what_a_client_sends(
    target: str, parts: list[str], variant: Variant
) -> None:
    form = TARGETS[target].command
    assert form

    def compose(arguments: Arguments) -> str:
        values = {"<arg>": arguments.whole}
        values |= {f"<{name}>": text for name, text in arguments.single.items()}
        return "".join(values.get(part, part) for part in parts)

    spelled = form.spell_single(SINGLE)
    prompt = compose(Arguments(form.arguments, spelled))
    if [*find_unmeant(compose, variant, target, prompt)]:
        return
    text, done = RUN[target](prompt, "one two")
    words = {"file": "one", "focus": "two"} if form.single else spelled
    assert text == compose(Arguments("one two", words))
    assert done == []


@pytest.fixture(scope="module")
def variant(tmp_path_factory: pytest.TempPathFactory) -> Variant:
    folder = tmp_path_factory.mktemp("command")
    support.write_files(folder, make_single_files())
    return resolve_variants(load_project(folder))[0]


# What Claude Code approves


@settings(max_examples=count_cases(200), deadline=None)
@given(
    grants=st.dictionaries(
        st.sampled_from(CAPABILITIES),
        st.one_of(
            st.sampled_from([grant_of(effect) for effect in Effect]),
            st.just((PatternRule("*", Effect.ALLOW), PatternRule("a*", Effect.ASK))),
        ),
    ),
    default=st.sampled_from([Effect.DENY, Effect.INHERIT]),
)
def test_claude_code_approves_nothing_that_is_not_allowed_whole(
    grants: dict[str, tuple[PatternRule, ...]], default: Effect
) -> None:
    policy = Policy(default, grants)
    agent = Agent("demo", "Says.", "primary", Model(""), None, policy, "Say.\n")
    text, losses, problems = encode_and_check(TARGETS["claude-command"], agent)
    assert problems == []
    approved = set(re.findall(r"^  - (\w+)$", text, re.MULTILINE))
    meant = {"write": grants["edit"], **grants} if "edit" in grants else grants
    allowed = {name for name, grant in meant.items() if grant == grant_of(Effect.ALLOW)}
    assert approved == {tool for name in allowed for tool in TOOLS.get(name, ())}  # type: ignore[call-overload]
    for name, grant in grants.items():
        if Effect.DENY in {rule.effect for rule in grant}:
            assert any(one.subject == name and one.kind == "advisory" for one in losses)


def test_every_target_of_commands_belongs_to_a_client() -> None:
    assert {*COMMAND_TARGETS} <= support.AGENT_TARGETS.keys()
    assert {*COMMAND_TARGETS.values()} == COMMANDS.keys()


# Files that somebody keeps by hand

KEPT = {
    ".claude/commands/git/tidy.md": (
        "---\nallowed-tools: Bash(git add:*)\ndescription: Tidies.\n---\n\n"
        "Now: !`git status`\n\nTidy $ARGUMENTS, see @README.md.\n"
    ),
    ".claude/commands/plain.md": "Look at $1.\n",
    ".opencode/command/test.md": "---\nagent: build\n---\nTest $ARGUMENTS.\n",
    ".github/prompts/do.prompt.md": (
        "---\ndescription: Does.\ntools: [read]\n---\nDo ${input:it}.\n"
    ),
    ".gemini/commands/git/tidy.toml": 'prompt = """\nTidy {{args}}: !{git diff}\n"""\n',
    ".cursor/commands/see.md": "# See\n\nSee it.\n",
    ".claude/agents/plain.md": "---\nname: plain\ndescription: Looks.\n---\nLook at $1.\n",
}


def test_hand_kept_commands_become_packs_that_build_them_to_the_byte(tmp_path: Path) -> None:
    support.write_files(tmp_path / "src", KEPT)
    words = ("import", ".", "--into", "../new", "--yes", "--format", "json")
    done = call(*words, cwd=tmp_path / "src")
    data = json.loads(done.out)
    assert data["refused"] == []
    new = tmp_path / "new"
    assert call("build", cwd=new).code == 0
    files = [file for pack in data["packs"] for file in pack["files"]]
    assert {file["source"] for file in files} == KEPT.keys()
    for file in files:
        assert (new / "dist" / file["artifact"]).read_text("utf-8") == KEPT[file["source"]]
    kinds = {pack.name: pack.kind for pack in load_project(new).packs.values()}
    assert sorted(kinds.values()) == ["agent", *["command"] * 6]


SPELLINGS = {
    ".claude/commands/crlf.md": b"---\r\nallowed-tools: Read\r\n---\r\nTidy $1.\r\n",
    ".claude/commands/mark.md": b"\xef\xbb\xbf---\ndescription: Tidies.\n---\nTidy.\n",
    ".claude/commands/bare.md": b"# Tidy\n\nTidy $ARGUMENTS",
    ".claude/commands/named.md": (
        b"---\ndescription: Says: more\narguments: [file, focus]\nargument-hint: [file] [focus]\n"
        b"---\n\nLook at $file for $focus, !`git log -1`.\n"
    ),
    ".claude/commands/hooked.md": (
        b"---\nallowed-tools: Bash(git:*), mcp__srv__tool\nhooks:\n  PreToolUse: []\n---\nAdd.\n"
    ),
    ".claude/commands/a/b/deep.md": b"---\n---\nDeep.\n",
    ".opencode/command/old.md": (
        b"---\nagent: build\nmodel: a/b\nsubtask: true\n---\n\nTest $1 and $2.\n\n!`git diff`\n"
    ),
    ".opencode/commands/x/nest.md": b"No head $ARGUMENTS\n",
    ".github/prompts/agent.prompt.md": (
        b"---\nagent: agent\ntools: ['search', 'srv/*']\nmodel: GPT-4o\n---\n\nDo it.\n"
    ),
    ".gemini/commands/one.toml": b'description = "One"\nprompt = "Do {{args}} now"\n',
    ".gemini/commands/lit.toml": b"prompt = '''\nLiteral \\n {{args}}\n'''",
    ".gemini/commands/x/y.toml": b'prompt = """Inline {{args}}"""\nextra = 1\n',
    ".cursor/commands/crlf.md": b"# See\r\n\r\nsee\r\n",
}
REFUSED = {
    ".gemini/commands/many.toml": (
        b'prompt = """\nA \\"quoted\\" thing\n"""\n',
        "'prompt' is spelled in a way that promptpack does not write",
    ),
    ".cursor/commands/at.md": (
        b"See @file.\n",
        "cursor-command: Cursor would read the file behind an '@'",
    ),
    ".github/prompts/read.prompt.md": (
        b"---\ntools: [search]\n---\nSee #file:a.md and ${selection}.\n",
        "copilot-prompt would grant more than the policy allows: read",
    ),
}


def test_a_command_of_any_spelling_is_rebuilt_to_the_byte_or_refused(tmp_path: Path) -> None:
    contents = SPELLINGS | {path: content for path, (content, _) in REFUSED.items()}
    for path, content in contents.items():
        file = tmp_path / "src" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    words = ("import", ".", "--into", "../new", "--yes", "--format", "json")
    data = json.loads(call(*words, cwd=tmp_path / "src").out)
    told = {one["source"]: one["reason"] for one in data["refused"]}
    assert told == {path: reason for path, (_, reason) in REFUSED.items()}
    assert call("build", cwd=tmp_path / "new").code == 0
    files = [file for pack in data["packs"] for file in pack["files"]]
    assert {file["source"] for file in files} == SPELLINGS.keys()
    for file in files:
        built = (tmp_path / "new/dist" / file["artifact"]).read_bytes()
        assert built == SPELLINGS[file["source"]], file


@pytest.mark.fault("command-injection")
def test_a_kept_command_may_run_only_what_its_policy_allows(tmp_path: Path) -> None:
    head = "clients: {opencode-command: {head: ./kept.head}}\nsections:"
    pack = PACK.replace("[opencode, claude-code]", "[opencode]").replace("sections:", head)
    files = make_files("Now: !`date`\n", pack)
    files["packs/demo/kept.head"] = "---\ndescription: Says.\n---\n"
    (found, *_) = refuse(tmp_path, files)
    assert (found.code, "execute" in found.message) == ("PP101", True)
    assert "OpenCode would run what stands in the text" in found.hint


def test_the_audit_shows_commands_and_what_approves_tools(tmp_path: Path) -> None:
    support.write_files(tmp_path, KEPT)
    data = json.loads(call("audit", ".", "--format", "json", cwd=tmp_path).out)
    assert {file["path"] for file in data["files"]} == KEPT.keys()
    found = [(one["code"], one["path"], one["line"]) for one in data["findings"]]
    assert ("PP610", ".claude/commands/git/tidy.md", 2) in found


SKILL = "---\nname: demo\ndescription: Asks.\n---\nAsk.\n"
CALLED = "Claude Code calls the skill 'demo' from {} in place of the command of that name"


def test_a_skill_that_is_called_in_place_of_a_command_stops_the_build(tmp_path: Path) -> None:
    agent = support.DEMO[PATH].replace("[opencode]", "[claude-skill]").replace("demo", "other", 1)
    named = agent.replace("sections:", "clients: {claude-skill: {file: demo}}\nsections:", 1)
    files = {path: text for path, text in support.DEMO.items() if path.startswith("templates/")}
    files |= {**make_files(), "packs/other/role.md": "You ask.\n"}
    messages = [
        one.message
        for one in refuse(tmp_path / "a", {**files, "packs/other/pack.yaml": named})
        if one.path == PATH
    ]
    assert messages == [CALLED.format("packs/other/pack.yaml")]
    assert build(tmp_path / "b", {**files, "packs/other/pack.yaml": agent})


def test_the_audit_and_install_tell_of_a_skill_that_is_called_in_place(tmp_path: Path) -> None:
    support.write_files(tmp_path, make_files())
    words = ("install", "demo", "--target", "claude-command", "--into", "there", "--yes")
    there, skill = tmp_path / "there", ".claude/skills/demo/SKILL.md"
    there.mkdir()
    for name, is_there in (("other", False), ("demo", True)):
        support.write_files(there, {f".claude/skills/{name}/SKILL.md": SKILL})
        done = call(*words, cwd=tmp_path)
        assert done.code == 0
        assert (CALLED.format(skill) in done.err) == is_there, done.err
        data = json.loads(call("audit", "there", "--format", "json", cwd=tmp_path).out)
        found = [(one["code"], one["message"]) for one in data["findings"]]
        assert (("PP605", CALLED.format(f"there/{skill}")) in found) == is_there, found


def test_install_tells_of_a_command_whose_place_a_skill_takes(tmp_path: Path) -> None:
    agent = support.DEMO[PATH].replace("[opencode]", "[claude-skill]")
    files = {**support.DEMO, PATH: agent, "there/.claude/commands/demo.md": "Ask.\n"}
    support.write_files(tmp_path, files)
    words = ("install", "demo", "--target", "claude-skill", "--into", "there", "--yes")
    done = call(*words, cwd=tmp_path)
    assert done.code == 0, done.err
    assert CALLED.format(".claude/skills/demo/SKILL.md") in done.err
    linked = tmp_path / "linked/.claude"
    linked.mkdir(parents=True)
    (linked / "skills").symlink_to(tmp_path / "there/.claude/skills")
    support.write_files(tmp_path / "b", make_files())
    words = ("install", "demo", "--target", "claude-command", "--into", "../linked", "--yes")
    done = call(*words, cwd=tmp_path / "b")
    assert done.code == 0, done.err
    assert CALLED.format(".claude/skills/demo/SKILL.md") in done.err


def test_two_commands_of_one_name_are_found_in_every_client(tmp_path: Path) -> None:
    head = "---\nname: demo\n---\n"
    support.write_files(
        tmp_path,
        {
            ".opencode/commands/demo.md": "Ask.\n",
            ".opencode/commands/other.md": f"{head}Ask.\n",
            ".opencode/command/third.md": "Ask.\n",
            ".claude/agents/demo.md": "---\nname: demo\ndescription: Asks.\n---\nAsk.\n",
            ".claude/commands/demo.md": "Ask.\n",
            ".gemini/commands/init.toml": 'prompt = "Ask."\n',
        },
    )
    data = json.loads(call("audit", ".", "--format", "json", cwd=tmp_path).out)
    assert {(o["path"], o["message"]) for o in data["findings"] if o["code"] == "PP605"} == {
        (
            ".opencode/commands/other.md",
            "OpenCode already has a command 'demo' from .opencode/commands/demo.md",
        ),
        (".gemini/commands/init.toml", "Gemini CLI has a command 'init' of its own"),
    }


def test_an_installation_for_a_client_takes_its_commands_too(tmp_path: Path) -> None:
    shared = "name: acme\ninstallations: [{into: ., targets: [claude-code]}]\n"
    support.write_files(tmp_path, {**make_files(), "promptpack.yaml": shared})
    assert call("install", cwd=tmp_path).code == 0
    path = tmp_path / ".claude/commands/demo.md"
    assert not (tmp_path / ".opencode").exists()
    assert call("check", cwd=tmp_path).code in (0, 1)
    path.write_text(path.read_text("utf-8").replace("Look", "Stare"), encoding="utf-8")
    assert call("install", "--check", cwd=tmp_path).code == 1


def test_the_site_says_what_a_command_is_and_how_it_is_called(tmp_path: Path) -> None:
    support.write_files(tmp_path, make_files())
    assert call("docs", "export", "site", cwd=tmp_path).code == 0
    page = (tmp_path / "site/docs/packs/demo/index.md").read_text("utf-8")
    assert "<dt>Kind</dt> <dd>Command</dd>" in page
    assert "<dt>Called by</dt> <dd>&#47;demo &#91;branch&#93;</dd>" in page
    assert "<dt>Run by</dt> <dd>reviewer</dd>" in page
    assert "Command · 1 variant" in (tmp_path / "site/docs/index.md").read_text("utf-8")


def test_another_agent_and_more_approved_tools_are_changes_of_permissions(tmp_path: Path) -> None:
    before = support.make_project(tmp_path / "a", make_files())
    pack = PACK.replace("agent: reviewer", "agent: build").replace(
        "policy: look}", "policy: change}"
    )
    pack = pack.replace("policy: [look]", "policy: [change]")
    support.make_project(tmp_path / "b", make_files(pack=pack))
    path = tmp_path / "b/templates/policies/change.yaml"
    text = path.read_text("utf-8").replace("{glob", "{execute: allow, glob")
    path.write_text(text, encoding="utf-8")
    words = ("diff", "--from-dir", "a", "--to-dir", "b", "--format", "json")
    for name in ("a", "b"):
        assert call("build", cwd=tmp_path / name).code == 0
    assert before
    found = json.loads(call(*words, cwd=tmp_path).out)["permissions"]
    assert {one["kind"] for one in found} == {"unproven"}
    assert {"agent", "allowed-tools"} <= {*re.findall(r"[a-z-]+", json.dumps(found))}


def test_a_command_without_a_description_is_its_prompt(tmp_path: Path) -> None:
    pack = PACK.replace("description: Says what broke.\n", "").replace("agent: reviewer\n", "")
    pack = pack.replace('argument_hint: "[branch]"\n', "").replace("policy: look", "policy: none")
    pack = pack.replace("policy: [look]", "policy: [none]").replace(
        "claude-code", "gemini, claude-code"
    )
    files = make_files("Do it.\n", pack.replace("tiny", "as-written"))
    files["templates/policies/none.yaml"] = (
        "title: None\nsummary: As it is.\ndefault: inherit\ncapabilities: {}\n"
    )
    built = build(tmp_path, files)
    assert built["opencode-command"] == built["claude-command"] == "Do it.\n"
    assert built["gemini-command"] == "prompt = '''\nDo it.\n'''\n"


@pytest.mark.parametrize(
    ("target", "text", "said"),
    [
        (
            "claude-command",
            "---\nallowed-tools: [Read, Foo]\n---\nB\n",
            "'allowed-tools' has 'Foo'",
        ),
        ("claude-command", "---\nhooks: {}\n---\nB\n", "unknown key 'hooks'"),
        ("opencode-command", "---\nsubtask: 1\n---\nB\n", "'subtask' can't be 1"),
        ("opencode-command", "\n", "the prompt is empty"),
        ("copilot-prompt", "---\ntools: [codebase]\n---\nB\n", "unknown tool 'codebase'"),
        ("gemini-command", "prompt = 'B'\nargs = 1\n", "unknown key 'args'"),
        ("gemini-command", "description = 'B'\n", "'prompt' is missing"),
        ("cursor-command", " \n", "the prompt is empty"),
    ],
)
def test_what_would_not_be_written_is_a_problem(target: str, text: str, said: str) -> None:
    assert any(said in one.message for one in TARGETS[target].problems(text))


def test_files_are_read_as_their_clients_read_them() -> None:
    claude = TARGETS["claude-command"].decode("---\nagent: x\nargument-hint: [a]\n---\nB\n", "a/b")
    assert (claude.name, claude.agent, claude.prompt) == ("a/b", None, "B\n")
    opencode = TARGETS["opencode-command"].decode("---\nname: c\nagent: x\n---\nB\n", "a/b")
    assert (opencode.name, opencode.stem, opencode.agent) == ("c", "a/b", "x")
    copilot = TARGETS["copilot-prompt"].decode("---\ntools: [codebase]\n---\nB\n", "a")
    assert copilot.policy.grant("grep") == grant_of(Effect.ALLOW)
    assert copilot.policy.grant("execute") == grant_of(Effect.DENY)
    for name in ("opencode-command", "claude-command", "gemini-command", "cursor-command"):
        policy = TARGETS[name].decode("B\n", "a").policy
        assert {effect for c in CAPABILITIES for _, effect in policy.grant(c)} == {Effect.ALLOW}
