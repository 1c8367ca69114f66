"""In: the schemas that `promptpack schema` prints. Out: a real language server makes use of them.

It offers names, says what a key is for, and marks what is wrong, in all kinds of input file.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import support
from clients.gate import need_clients
from clients.language_server import Editor, edit
from promptpack.targets import TARGETS

pytestmark = pytest.mark.clients

KINDS = ("pack", "project", "model", "policy", "fragment")
PACK = support.DEMO["packs/demo/pack.yaml"]
GOOD = {
    "pack": PACK,
    "project": "targets: [opencode]\ninstallations:\n  - {into: ., packs: [demo]}\n",
    "model": support.DEMO["templates/models/tiny.yaml"],
    "policy": support.DEMO["templates/policies/look.yaml"],
    "fragment": "title: Small steps\nneeds: [edit]\nparams: {count: 2}\n",
}
WRONG = {
    "pack": [("tags: [A]\n", "pattern"), ("colour: red\n", "colour"), ("mode: all of it\n", "")],
    "project": [("out: 5\n", "string"), ("taggets: []\n", "taggets")],
    "model": [("effort: maybe\n", "boolean"), ("familly: x\n", "familly")],
    "policy": [("defautl: deny\n", "defautl")],
    "fragment": [("summary: []\n", "string"), ("sumary: x\n", "sumary")],
}
OFFERED = {
    "pack": [
        ("targets: [|]\n", {*TARGETS}),
        ("clients:\n  |\n", {"opencode", "codex"}),
        ("clients:\n  opencode:\n    extra:\n      |\n", {"steps", "hidden"}),
        ("variants:\n  model: [|]\n", {"tiny", "claude"}),
        ("variants:\n  policy: [|]\n", {"look", "review"}),
        ("sections:\n  role: |\n", {"standards/small-steps"}),
        ("sections:\n  role: ./role.md\n  |\n", {"scope", "standards"}),
    ],
    "project": [
        ("targets: [|]\n", {*TARGETS}),
        ("installations:\n  - into: .\n    packs: [|]\n", {"demo"}),
    ],
    "model": [("layout: |\n", {"plain", "xml"}), ("ids:\n  |\n", {"opencode"})],
    "policy": [
        ("default: |\n", {"deny", "inherit"}),
        ("capabilities:\n  |\n", {"read", "execute"}),
        ("capabilities:\n  read: |\n", {"allow", "deny"}),
    ],
    "fragment": [("needs: [|]\n", {"execute"})],
}
SAID = {
    "pack": [("descr|iption: x\n", "when to use the agent"), ("vari|ants: {}\n", "combination")],
    "project": [("ou|t: x\n", "output folder")],
    "model": [("ids: {}\nlay|out: x\n", "templates/layouts")],
    "policy": [("capabi|lities: {}\n", "what may be done")],
    "fragment": [("ne|eds: []\n", "makes no sense")],
}


@pytest.fixture(scope="module", params=KINDS)
def editor(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Editor]]:
    need_clients(("node", "yaml-language-server"))
    root = support.make_project(Path(tmp_path_factory.mktemp("editor")))
    schema = json.loads(support.call("schema", request.param, "--project", cwd=root).out)
    with edit(schema) as server:
        yield request.param, server


def test_a_good_file_is_left_alone_and_mistakes_are_marked(editor: tuple[str, Editor]) -> None:
    kind, server = editor
    assert server.open(GOOD[kind]) == []
    for line, said in WRONG[kind]:
        found = server.open(GOOD[kind] + line)
        assert found, line
        assert said in " ".join(found), found


def test_names_are_offered(editor: tuple[str, Editor]) -> None:
    kind, server = editor
    for text, names in OFFERED[kind]:
        offered = server.complete(text)
        assert names <= {*offered, *(one.strip("\"'") for one in offered)}, (text, offered)


def test_it_is_said_what_a_key_is_for(editor: tuple[str, Editor]) -> None:
    kind, server = editor
    for text, said in SAID[kind]:
        assert said in server.hover(text), text
