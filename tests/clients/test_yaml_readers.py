"""In: front matter with pieces cut out, doubled or replaced. Out: ours says what js-yaml says.

js-yaml is the reader of Gemini CLI, and comes with it; OpenCode has one too. Ours may give up where
it reads something. Where both read keys, the effects and names in them have to be the same: a key
that only we see would be a permission that only we think is denied.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clients.gate import need_clients
from clients.sandbox import client, sandbox
from promptpack.source.client_yaml import read_client_yaml
from promptpack.source.frontmatter import read_mapping
from support import count_cases

pytestmark = [pytest.mark.clients, pytest.mark.fault("yaml-readers")]

SEEDS = (
    "description: d\npermission: {edit: deny, bash: {'*': ask, 'git *': allow}}\n",
    "description: d # as told\npermission:\n  edit: deny\n  bash:\n    '*': ask\n",
    "x: &a {edit: deny, bash: ask}\npermission:\n  <<: *a\n  read: allow\n",
    "tools: [read, edit]\ndescription: >-\n  two\n  lines\npermission: {? edit : deny}\n",
    'description: "d \\u2028"\ntools:\n- read\n- edit\n"permission": {"edit":deny}\n',
)
PIECES = (
    *("\n", " ", "\t", ":", ": ", "?", "? ", "-", "- ", "#", " #", "&a ", "*a", "!", "|\n", ">\n"),
    *("{", "}", "[", "]", ",", "'", '"', "\\", "%", "@", "`", "~", "<<: ", "=", "\r", "\r\n"),
    *(
        "\x85",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\u00a0",
        "\u200b",
        "...\n",
        "---\n",
        "edit: deny",
        "deny",
    ),
)
WORDS = frozenset({"allow", "ask", "deny", "read", "edit"})
ASK = """
import { createRequire } from "node:module"
import { readFileSync } from "node:fs"
const yaml = createRequire(process.argv[1])("js-yaml")
const read = (text) => { try { return yaml.load(text) ?? null } catch { return null } }
const plain = (_, one) => (one instanceof Uint8Array ? null : one)
console.log(JSON.stringify(JSON.parse(readFileSync(process.argv[2], "utf8")).map(read), plain))
"""


def mutate(rng: random.Random) -> str:
    text = rng.choice(SEEDS)
    for _ in range(rng.randint(1, 4)):
        start = rng.randint(0, len(text))
        end = min(len(text), start + rng.choice((0, 0, 1, 2, 8)))
        middle = rng.choice((rng.choice(PIECES), rng.choice(PIECES), text[start:end] * 2, ""))
        text = text[:start] + middle + text[end:]
    return f"{text}\n"


def find_words(data: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where the words of permissions stand."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from find_words(value, (*path, str(key)))
    elif isinstance(data, list):
        for value in data:
            yield from find_words(value, (*path, "[]"))
    elif isinstance(data, str) and data in WORDS:
        yield path, data


def ask_js_yaml(texts: list[str]) -> list[Any]:
    """Return what js-yaml reads in each text, None where it reads nothing."""
    with sandbox({}) as box:
        folder = box.folder("task", {"texts.json": json.dumps(texts).encode()})
        core = str(Path(client("gemini")) / "package.json")
        program = ["--input-type=module", "--eval", ASK, core, str(folder / "texts.json")]
        found: list[Any] = json.loads(box.run([client("node"), *program]).stdout)
    return found


def differs(text: str, theirs: object, *, strict_first: bool = True) -> bool:
    """Tell whether both readers see keys in a text, and other words of permissions there."""
    try:
        ours = read_mapping(text) if strict_first else read_client_yaml(text)
    except ValueError:
        return False
    seen = isinstance(theirs, dict) and isinstance(ours, dict) and ours != {}
    return seen and [*find_words(ours)] != [*find_words(theirs)]


@pytest.mark.parametrize("strict_first", [True, False], ids=["both readers", "the lenient one"])
def test_keys_are_read_as_js_yaml_reads_them(*, strict_first: bool) -> None:
    need_clients()
    rng = random.Random(7)  # noqa: S311 - no secret
    texts = [mutate(rng) for _ in range(count_cases(8_000))]
    answers = ask_js_yaml(texts)
    wrong = [
        t
        for t, one in zip(texts, answers, strict=True)
        if differs(t, one, strict_first=strict_first)
    ]
    assert not wrong
    read = [one for one in answers if isinstance(one, dict)]
    assert len(read) > len(texts) / 10
    assert any("\u2028" in text for text in texts)


def test_a_reading_that_is_not_theirs_is_noticed() -> None:
    need_clients()
    text = "permission: {edit: deny}\n"
    (theirs,) = ask_js_yaml([text])
    assert not differs(text, theirs)
    assert differs(text, {"permission": {"?edit": "deny"}})
