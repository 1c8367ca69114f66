"""Words that a shell completes, asked by click's own protocol for each shell."""

import contextlib
import os
from pathlib import Path

import click
import pytest
from click.shell_completion import get_completion_class

import forked
import support
from promptpack.cli import COMMANDS, program
from promptpack.lint.registry import RULES
from promptpack.targets import TARGETS

VARIANTS = {"tiny.look", "tiny.change"}
OTHER_PACK = support.DEMO["packs/demo/pack.yaml"].replace("name: demo", "name: other")
TWO = {
    "packs/other/pack.yaml": OTHER_PACK.replace("policy: [look, change]", "policy: [look]"),
    "packs/other/role.md": "You help.\n",
}
HOSTILE = ("$(touch pwned)", "a b", "x;y", "new\nline", "\x1b[31mred", "\u202eltr", "it's", "über")


def complete(words: str, folder: Path, shell: str = "bash") -> str:
    """Return what a shell is told of the last of some words, which may be empty."""
    *before, last = words.split(" ")
    asked = {"COMP_WORDS": f"promptpack {words}", "COMP_CWORD": str(len(before) + 1)}
    if shell == "fish":
        asked["COMP_CWORD"] = last
    completion_class = get_completion_class(shell)
    assert completion_class is not None
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        for name, value in asked.items():
            patch.setenv(name, value)
        return completion_class(program, {}, "promptpack", "_PROMPTPACK_COMPLETE").complete()


def list_plain(words: str, folder: Path) -> set[str]:
    """Return the names that are offered, without files."""
    lines = complete(words, folder).splitlines()
    return {line.removeprefix("plain,") for line in lines if line.startswith("plain,")}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("build --pack ", {"demo", "other"}),
        ("build --pack o", {"other"}),
        ("check --target open", {"opencode", "opencode-command"}),
        ("check --policy ch", {"change"}),
        ("build --model t", {"tiny"}),
        ("diff --pack d", {"demo"}),
        ("diff --variant ", VARIANTS),
        ("diff --pack other --variant ", {"tiny.look"}),
        ("diff --target ", {*TARGETS}),
        ("show ", {"demo", "other"}),
        ("show demo ", VARIANTS),
        ("show other ", {"tiny.look"}),
        ("show demo --target age", {"agents-md"}),
        ("install o", {"other"}),
        ("install demo --variant tiny.l", {"tiny.look"}),
        ("install --target cop", {"copilot", "copilot-instructions", "copilot-prompt"}),
        ("disagree demo o", {"other"}),
        ("lint --rule ", {*RULES}),
        ("explain PP10", {code for code in RULES if code.startswith("PP10")}),
        ("explain x:1 --target m", {"messages"}),
        ("impact standards/s", {"standards/small-steps"}),
        ("audit --from gem", {"gemini", "gemini-command"}),
        ("import --from gem", {"gemini", "gemini-command"}),
        ("targets --installed ", {"demo", "other"}),
        ("build --pack x", set()),
    ],
)
def test_names_are_completed(words: str, names: set[str], tmp_path: Path) -> None:
    root = support.make_project(tmp_path, TWO)
    offered = list_plain(words, root)
    assert (names <= offered) if words == "impact standards/s" else (offered == names)


def test_models_and_policies_of_the_library_are_completed(tmp_path: Path) -> None:
    root = support.make_project(tmp_path)
    assert {"tiny", "claude", "gpt"} <= list_plain("build --model ", root)
    assert {"look", "change", "review"} <= list_plain("build --policy ", root)


def test_where_there_is_one_pack_its_variants_need_no_name(tmp_path: Path) -> None:
    assert list_plain("show ", support.make_project(tmp_path)) == {"demo", *VARIANTS}


@pytest.mark.parametrize("words", ["-C p show demo ", "show -C p demo ", "show demo -C p "])
def test_the_project_is_the_one_that_is_named(words: str, tmp_path: Path) -> None:
    support.make_project(tmp_path / "p")
    assert list_plain(words, tmp_path) == VARIANTS


def test_files_are_completed_where_one_can_be_named(tmp_path: Path) -> None:
    root = support.make_project(tmp_path)
    for words in ("explain dist", "impact packs", "absorb dist", "import x", "audit x"):
        assert f"file,{words.split(' ')[-1]}" in complete(words, root).splitlines()


@pytest.mark.parametrize(
    ("shell", "said"),
    [("bash", "plain,demo"), ("zsh", "plain\ndemo\n_"), ("fish", "plain,demo")],
)
def test_each_shell_gets_its_own_form(shell: str, said: str, tmp_path: Path) -> None:
    assert complete("build --pack d", support.make_project(tmp_path), shell) == said


@pytest.mark.parametrize("words", ["show ", "build --pack ", "build --model ", "diff --variant "])
@pytest.mark.parametrize(
    "files",
    [
        {"packs/demo/pack.yaml": "a: [", "packs/demo/role.md": b"\xff"},
        {"packs": "a file"},
        {"x": "no project"},
    ],
)
def test_what_is_wrong_in_a_project_is_not_said_while_typing(
    words: str, files: dict[str, str], tmp_path: Path
) -> None:
    support.write_files(tmp_path, files)
    done = forked.run(
        cwd=tmp_path,
        env={
            "COMP_WORDS": f"promptpack {words}",
            "COMP_CWORD": str(len(words.split(" "))),
            "_PROMPTPACK_COMPLETE": "bash_complete",
        },
    )
    assert (done.code, done.err) == (0, "")
    names = {line for line in done.out.splitlines() if line}
    assert "model" in words or names <= {"plain,demo"}


@pytest.mark.skipif(os.name == "nt", reason="such names can't be made there")
def test_names_that_a_shell_could_take_for_more_are_left_out(tmp_path: Path) -> None:
    hostile = {f"packs/{name}/pack.yaml": "name: x\n" for name in HOSTILE}
    hostile |= {f"templates/models/{name}.yaml": "title: x\n" for name in HOSTILE}
    root = support.make_project(tmp_path, hostile)
    for shell in ("bash", "zsh", "fish"):
        for words in ("build --pack ", "build --model ", "show "):
            said = complete(words, root, shell)
            assert ("tiny" if "model" in words else "demo") in said
            assert not [name for name in HOSTILE if name in said]


def test_every_name_that_a_command_takes_is_completed() -> None:
    named = {"pack", "packs", "variant", "variants", "target", "targets", "codes", "place"}
    named |= {"models", "policies", "installed"}
    context = click.Context(program)
    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        for parameter in command.params:
            if parameter.name in named:
                has_names = parameter._custom_shell_complete is not None
                assert has_names, f"{name} {parameter.name}"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_renders_nothing(shell: str, tmp_path: Path) -> None:
    endless = {"packs/demo/role.md": "{% for a in range(99999999) %}{{ a }}{% endfor %}\n"}
    root = support.make_project(tmp_path, endless)
    with support.limit_cpu():
        assert "tiny.look" in complete("show demo ", root, shell)
