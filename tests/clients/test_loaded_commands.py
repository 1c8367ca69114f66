"""In: commands as promptpack writes them. Out: what a client's own loader makes of them.

Texts of many kinds go through the client: what the check of texts lets pass has to be sent as it
is, with the words of the user in it, and nothing may be run or read. What it refuses may be
harmless.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from clients import file_commands
from clients.file_commands import ClientName, Sent
from clients.gate import need_clients
from load_cases import TWINS
from promptpack.build import build_project
from promptpack.model import Agent, Artifact, Effect, Model, Policy, Variant
from promptpack.policy.lattice import grant_of
from promptpack.reading.project import load_project
from promptpack.rendering.arguments import Arguments, find_unmeant
from promptpack.rendering.variants import resolve_variants
from promptpack.targets import TARGETS
from support import write_files
from test_command_packs import PIECES, SINGLE, make_files, make_single_files

pytestmark = pytest.mark.clients

ROOT = Path(__file__).resolve().parents[2]
CONTENT = "what stands in the file"
WORDS = 'one "two words" 3'
TARGET: dict[ClientName, str] = {"gemini": "gemini-command"}
each_client = pytest.mark.parametrize("name", TARGET)


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def make_agent(prompt: str) -> Agent:
    policy = Policy(Effect.DENY, {"read": grant_of(Effect.ALLOW)})
    return Agent("asker", "Asks.", "primary", Model(""), None, policy, prompt)


def send_texts(name: ClientName, prompts: Sequence[str], words: str = WORDS) -> list[Sent]:
    """Return what the client makes of the files of commands with these prompts."""
    target = TARGETS[TARGET[name]]
    path = target.make_path("asker")
    return file_commands.send(
        name,
        [
            (
                {path: target.encode(make_agent(prompt)).encode(), "a.md": f"{CONTENT}\n".encode()},
                f"/asker {words}",
            )
            for prompt in prompts
        ],
    )


def make_texts(count: int) -> Iterator[tuple[str, ...]]:
    """Yield pieces of texts, half of them with the arguments; the same ones every time."""
    chance = random.Random(0)  # noqa: S311 - for texts, not for secrets
    for number in range(count):
        parts = chance.choices(PIECES, k=chance.randrange(1, 8))
        parts += ["<arg>"] if number % 2 else []
        chance.shuffle(parts)
        yield tuple(parts)


def compose(parts: Sequence[str], arguments: str) -> str:
    text = "".join(arguments if part == "<arg>" else part for part in parts)
    return f"x{text}x\n"  # white space at the ends of a prompt is nothing


@each_client
def test_what_is_not_refused_is_what_the_client_sends(name: ClientName, variant: Variant) -> None:
    form = TARGETS[TARGET[name]].command
    assert form
    texts = [*make_texts(600)]
    passed = [parts for parts in texts if not is_refused(parts, variant, TARGET[name])]
    assert 50 < len(passed) < 550
    seen = send_texts(name, [compose(parts, form.arguments) for parts in passed])
    for parts, sent in zip(passed, seen, strict=True):
        expected = compose(parts, WORDS)
        if form.arguments not in compose(parts, form.arguments):
            expected = f"{expected}\n\n/asker {WORDS}"
        assert (sent.error, sent.runs, sent.notes) == ("", (), ()), parts
        assert sent.text.split() == expected.split(), parts


@pytest.fixture(scope="module")
def variant(tmp_path_factory: pytest.TempPathFactory) -> Variant:
    folder = tmp_path_factory.mktemp("command")
    write_files(folder, make_files())
    return resolve_variants(load_project(folder))[0]


def is_refused(parts: Sequence[str], variant: Variant, target: str) -> bool:
    """Tell whether the build would refuse a text."""
    form = TARGETS[target].command
    assert form

    def fill(arguments: Arguments) -> str:
        return compose(parts, arguments.whole)

    return any(find_unmeant(fill, variant, target, compose(parts, form.arguments)))


@each_client
def test_what_the_client_runs_or_reads_is_found(name: ClientName) -> None:
    """The spoilt twins of the texts above: each does what those must not do."""
    form = TARGETS[TARGET[name]].command
    assert form
    texts = {
        "x @{a.md} y": "read",
        "x @{ a.md } y": "read",
        "x !{rm gone} y": "execute",
        "!{rm {{args}}}": "execute",
        "x !{ y": "execute",
        "x @{ y": "read",
        "x @{gone.md} y": "read",
    }
    for text, sent in zip(texts, send_texts(name, [*texts]), strict=True):
        assert CONTENT in sent.text or sent.runs or sent.error or sent.notes, text
        assert texts[text] in form.list_granted(text), text
    (sent,) = send_texts(name, ["See {{args}}."])
    assert sent.text.strip() == f"See {WORDS}."


@each_client
def test_the_words_of_a_user_run_and_read_nothing(name: ClientName) -> None:
    for sent in send_texts(name, ["See {{args}}.", "See."], "@{a.md} !{rm gone} {{args}} `!{`"):
        assert (sent.error, sent.runs, sent.notes) == ("", (), ())
        assert "@{a.md} !{rm gone}" in sent.text
        assert CONTENT not in sent.text


@each_client
def test_single_arguments_are_named_before_the_words_of_the_user(
    name: ClientName, tmp_path: Path
) -> None:
    write_files(tmp_path, make_single_files())
    files = [a for a in build_project(load_project(tmp_path)) if a.target == TARGET[name]]
    (sent,) = send_artifacts(name, files, "a.md speed and size")
    form = TARGETS[TARGET[name]].command
    assert form
    for text in form.spell_single(SINGLE).values():
        assert text in sent.text
    assert sent.text.rstrip().endswith("/demo a.md speed and size")


def send_artifacts(name: ClientName, artifacts: Sequence[Artifact], words: str) -> list[Sent]:
    """Return what the client makes of emitted files."""
    cases = [
        (
            {one.path.split("/", 2)[2]: one.content},
            f"/{one.agent.stem.replace('/', ':')} {words}",
        )
        for one in artifacts
    ]
    return file_commands.send(name, cases)


def list_emitted(target: str) -> list[Artifact]:
    """Return the files of the project's own packs and of those in the tests, for a target."""
    folders = (ROOT, ROOT / "tests/golden/named/input")
    artifacts = [one for folder in folders for one in build_project(load_project(folder))]
    return [one for one in artifacts if one.target == target]


def check_sent(artifact: Artifact, sent: Sent, words: str) -> None:
    """Check that the client sends the prompt with the words of the user, and nothing else."""
    form = TARGETS[artifact.target].command
    assert form
    assert (sent.error, sent.runs, sent.notes) == ("", (), ())
    (command,) = sent.commands.values()
    assert command["description"] == artifact.agent.description
    prompt = artifact.agent.prompt
    expected = prompt.replace(form.arguments, words)
    if form.arguments not in prompt:
        expected = f"{expected.rstrip()}\n\n\n/{artifact.agent.stem} {words}"
    assert sent.text.strip() == expected.strip()


@each_client
def test_each_emitted_command_is_sent_as_it_is_meant(name: ClientName) -> None:
    artifacts = list_emitted(TARGET[name])
    assert artifacts
    for artifact, sent in zip(artifacts, send_artifacts(name, artifacts, "main"), strict=True):
        check_sent(artifact, sent, "main")


@each_client
def test_the_check_fails_on_spoilt_files(name: ClientName) -> None:
    artifact = next(one for one in list_emitted(TARGET[name]) if b"Caller" in one.content)
    bad = {
        b"description": b"about",
        b"Says": b"Said",
        b"Caller": b"{{args}}",
        b"# Caller": b"# !{rm gone}",
        b"## ": b"## @{gone}",
    }
    path, words = artifact.path.split("/", 2)[2], f"/{artifact.agent.stem} main"
    cases = [({path: artifact.content.replace(old, new, 1)}, words) for old, new in bad.items()]
    for old, sent in zip(bad, file_commands.send(name, cases), strict=True):
        assert old in artifact.content
        with pytest.raises(AssertionError):
            check_sent(artifact, sent, "main")


@each_client
def test_a_client_takes_each_command_and_passes_over_its_spoilt_twin(name: ClientName) -> None:
    target = TARGETS[TARGET[name]]
    path = target.make_path("asker")
    texts = [text for twins in TWINS[TARGET[name]] for text in (twins.good, twins.spoilt)]
    seen = file_commands.send(name, [({path: text.encode()}, "/asker") for text in texts])
    for text, sent in zip(texts, seen, strict=True):
        assert bool(sent.commands) == (target.loads(text) == ""), text
    assert [bool(sent.commands) for sent in seen] == [True, False] * (len(texts) // 2)


@each_client
def test_the_commands_that_a_client_has_are_refused_as_names(name: ClientName) -> None:
    assert file_commands.list_own_commands(name) <= TARGETS[TARGET[name]].own_agents
