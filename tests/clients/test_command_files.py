"""In: commands as promptpack writes them. Out: the text that real clients send for them.

A file and a command of the shell stand in texts too: what a client reads or runs has to be what the
codec finds, and what it passes over may be found all the same.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from clients import claude_code, opencode
from clients.gate import need_clients
from clients.observation import Files
from load_cases import TWINS
from promptpack.build import build_project
from promptpack.model import Agent, Effect, Model, Policy
from promptpack.policy.lattice import grant_of
from promptpack.reading.project import load_project
from promptpack.rendering.variants import Selection
from promptpack.targets import TARGETS

pytestmark = pytest.mark.clients

SECRET, RAN = "SECRETFILE", "ran42"
WORDS = 'one "two words" 3'
ROOT = Path(__file__).resolve().parents[2]


def send_to_opencode(files: Files) -> str:
    return json.dumps([body["messages"] for body in opencode.call_command(files, "asker", WORDS)])


def send_to_claude(files: Files) -> str:
    bodies = claude_code.call_command(files, f"/asker {WORDS}")
    return json.dumps([body["messages"] for body in bodies])


SEND: Mapping[str, Callable[[Files], str]] = {
    "opencode-command": send_to_opencode,
    "claude-command": send_to_claude,
}
each_client = pytest.mark.parametrize("target", SEND)


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def send(target: str, text: str) -> str:
    path = TARGETS[target].make_path("asker")
    return SEND[target]({path: text.encode(), "a.md": f"{SECRET}\n".encode()})


def make_command(target: str, prompt: str, **values: object) -> Agent:
    form = TARGETS[target].command
    assert form
    policy = Policy(Effect.DENY, {"read": grant_of(Effect.ALLOW)})
    agent = Agent("asker", "Asks.", "primary", Model(""), None, policy, prompt)
    return Agent(**{**vars(agent), **values})


@each_client
def test_a_command_sends_its_text_with_the_arguments(target: str) -> None:
    form = TARGETS[target].command
    assert form
    prompt = (
        f"Start <{form.arguments}> and `@a.md`, $ 5, !x, x@a.md, {{{{ arguments }}}}, `$HOME`.\n"
    )
    told = send(target, TARGETS[target].encode(make_command(target, prompt)))
    said = "and `@a.md`, $ 5, !x, x@a.md, {{ arguments }}, `$HOME`."
    assert "Start <" in told
    assert said in told
    assert "two words" in told.partition("Start <")[2].partition("> and")[0]
    assert form.arguments not in told
    assert SECRET not in told
    assert not form.find_injections(prompt)


@each_client
def test_the_command_of_the_reference_packs_is_sent_whole(target: str) -> None:
    selection = Selection(packs=("review-changes",), targets=(target,))
    artifacts = build_project(load_project(ROOT), selection)
    (artifact,) = (one for one in artifacts if one.variant.is_default)
    form = TARGETS[target].command
    assert form
    text = re.sub("^model: .*\n", "", artifact.text, flags=re.MULTILINE)  # here is no such model
    told = send(target, text)
    expected = artifact.agent.prompt.replace(form.arguments, "one")
    lines = [json.dumps(line, ensure_ascii=False)[1:-1] for line in expected.split("\n") if line]
    assert len(lines) > 20
    assert [line for line in lines if line not in told and "one" not in line] == []
    spoilt = text.replace("Begin with whether", "Begin where")
    assert "Begin with whether" not in send(target, spoilt)


@each_client
def test_what_a_client_runs_or_reads_is_found(target: str) -> None:
    """The spoilt twins of the text above: each does what that one must not do."""
    form = TARGETS[target].command
    assert form
    texts = ["x @a.md y", "@a.md", "`see @a.md`", "x !`echo ran$((40+2))` y"]
    texts += ["```!\necho ran$((40+2))\n```"] if target == "claude-command" else ["x [@a.md, y"]
    head = "allowed-tools: Bash\n" if target == "claude-command" else ""
    for text in texts:
        told = send(target, f"---\ndescription: Asks.\n{head}---\n{text}\n")
        assert SECRET in told or RAN in told, text
        assert form.find_injections(text), text


@each_client
def test_a_client_takes_all_that_stands_for_arguments(target: str) -> None:
    form = TARGETS[target].command
    assert form
    assert form.placeholder
    text = "a($1) b($ARGUMENTS) c($ARGUMENTSx) d(\\$1) e($x) f($ARGUMENTS[1])"
    told = send(target, f"---\ndescription: Asks.\n---\n{text}\n")
    for part in text.split():
        stays = json.dumps(part)[1:-1] in told
        assert stays == (form.placeholder.search(part) is None), part


@each_client
def test_single_arguments_are_the_words_of_the_user_one_by_one(target: str) -> None:
    form = TARGETS[target].command
    assert form
    file, focus = form.spell_single(("file", "focus")).values()
    prompt = f"Start <{file}> ({focus}) [{form.arguments}].\n"
    agent = make_command(target, prompt, arguments=("file", "focus"))
    told = send(target, TARGETS[target].encode(agent))
    assert "Start <one> (two words" in told
    assert "3]." in told
    spoilt = TARGETS[target].encode(agent).replace("- file\n", "- life\n").replace("<$1>", "<$x>")
    assert "Start <one>" not in send(target, spoilt)


def test_claude_code_takes_a_name_as_an_argument_where_it_is_found() -> None:
    form = TARGETS["claude-command"].command
    assert form
    placeholder = form.find_placeholder(("file", "focus"))
    assert placeholder
    ends = [*map(chr, range(33, 127)), "\u00e9", "\u0661", "\u2028"]
    ends = [one for one in ends if one not in "`@"]
    parts = [f"$file{one}." for one in ends]
    parts += ["$$file.", "\\$file.", "${file}.", "x$file.", "$File."]
    text = "".join(f"{{{number}:{part}}}" for number, part in enumerate(parts))
    told = send(
        "claude-command",
        f"---\ndescription: Asks.\narguments: [file, focus]\n---\n{text}\n",
    )
    for number, part in enumerate(parts):
        stays = json.dumps(f"{{{number}:{part}}}")[1:-1] in told
        assert stays or placeholder.search(part), part
        replaced = json.dumps(f"{{{number}:{part.replace('$file', 'one')}}}")[1:-1] in told
        found = placeholder.search(part)
        assert not found or found[0] != "$file" or replaced, part


def test_claude_code_calls_a_skill_in_place_of_a_command_of_its_folders_name() -> None:
    skill = b"---\nname: asker\ndescription: Asks.\n---\nThe skill.\n"
    for folder, called in (("asker", "The skill."), ("other", "The command.")):
        files = {
            ".claude/commands/asker.md": b"The command.\n",
            f".claude/skills/{folder}/SKILL.md": skill,
        }
        told = json.dumps([one["messages"] for one in claude_code.call_command(files, "/asker")])
        assert called in told
        assert ("The skill." in told) != ("The command." in told)


def test_opencode_calls_a_command_and_no_skill_of_its_name() -> None:
    skill = b"---\nname: asker\ndescription: Asks.\n---\nThe skill.\n"
    files = {".opencode/skills/asker/SKILL.md": skill}
    command = {TARGETS["opencode-command"].make_path("asker"): b"The command.\n"}
    for more, called in (({}, "The skill."), (command, "The command.")):
        bodies = opencode.call_command({**files, **more}, "asker", "")
        assert called in json.dumps([one["messages"] for one in bodies])


def test_opencode_runs_a_command_with_its_agent_and_model() -> None:
    agent = make_command("opencode-command", "Ask.\n", agent="plan")
    text = TARGETS["opencode-command"].encode(agent)
    (first, *_) = opencode.call_command(
        {TARGETS["opencode-command"].make_path("asker"): text.encode()}, "asker", ""
    )
    assert "Plan" in json.dumps(first["messages"])


def test_claude_code_runs_a_command_with_its_model() -> None:
    ids = {"claude-command": "claude-haiku-4-5"}
    agent = make_command("claude-command", "Ask.\n", model=Model("m", ids=ids))
    files = {
        ".claude/commands/asker.md": TARGETS["claude-command"].encode(agent).encode(),
    }
    (first, *_) = claude_code.call_command(files, "/asker")
    assert first["model"] == "claude-haiku-4-5"


def test_opencode_takes_each_command_and_refuses_its_spoilt_twin() -> None:
    path = TARGETS["opencode-command"].make_path("asker")
    for twins in TWINS["opencode-command"]:
        assert opencode.call_command({path: twins.good.encode()}, "asker", ""), twins.good
        assert not opencode.call_command({path: twins.spoilt.encode()}, "asker", ""), twins.spoilt


def test_the_commands_that_claude_code_has_are_refused_as_names() -> None:
    assert claude_code.list_own_commands() - {"__remote-workflow"} <= (
        TARGETS["claude-command"].own_agents
    )
