"""In: what promptpack writes. Out: a real formatter would change nothing of it.

A formatter in a commit hook would otherwise make every output a file that was edited by hand.
"""

from pathlib import Path

import pytest

import support
from clients.gate import need_clients
from clients.observation import Files
from clients.sandbox import client, sandbox
from promptpack.source.yaml_writer import write_mapping

pytestmark = pytest.mark.clients

ROOT = Path(__file__).resolve().parents[2]
ODD = {
    "*": "deny",
    "a b": ["x", {"k": "it's", "m": [1, 2.5, [3, ["y"]], {}]}, []],
    "says": 'he says "hi"',
    "both": '"it\'s"',
    "escapes": "\\d: '",
    "lines": "a\nb: 'c' \"d\"\n",
    "controls": "\ta\u2028b\u0085\u200b",
    "empty": "",
    "none": None,
    "flag": True,
    "deep": {"y": {"z": {"no": "yes", "1e3": "08"}}},
    "long": "x " * 200 + ": y",
    "k" * 900: "v",
    "? x": "- y",
    "# c": " lead # no comment",
    "\U0001f600: ": "\U0001f600 #",
}


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients(("node", "prettier"))


def list_changed(files: Files) -> list[str]:
    """Return the files that prettier would write anew, of a folder with these files."""
    with sandbox(files) as box:
        ran = box.run([client("node"), client("prettier"), "--list-different", "."])
    assert ran.code in (0, 1), ran.stderr
    return ran.stdout.splitlines()


def read_files(folder: Path) -> Files:
    """Return the files in a folder by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_file_in_another_form_is_told() -> None:
    files = {
        "a.md": b"---\na: 'b'\n---\n\nx\n",
        ".promptpack.json": b'{\n "a": 1\n}\n',
        "b.md": b"---\na: b\n---\n\nx\n",
    }
    assert sorted(list_changed(files)) == [".promptpack.json", "a.md"]


def test_outputs_of_the_reference_packs_are_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "dist"
    assert support.call("build", "--out", str(out), cwd=ROOT).code == 0
    files = read_files(out)
    assert len(files) > 200
    assert list_changed(files) == []


def test_installed_agents_are_left_alone_in_files_of_others(tmp_path: Path) -> None:
    root = support.built(tmp_path / "p")
    shop = tmp_path / "shop"
    text = "# Shop\n\n- One\n- Two\n"
    support.write_files(shop, {"AGENTS.md": text})
    left_out = {
        "factory",
        "kiro",
        "junie",
        "goose",
        "roo",
    }  # such a policy has to be accepted there
    left_out |= {"cline"}  # no YAML by prettier's reading
    names = [name for name in support.AGENT_TARGETS if name not in left_out]
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", f"[{', '.join(names)}]")
    accepted = pack + support.NO_CURSOR + support.NO_SHELL
    support.write_files(root, {"packs/demo/pack.yaml": accepted})
    targets = [word for name in names for word in ("--target", name)]
    wanted = ("demo", "--variant", "tiny.look", "--into", str(shop), "--yes", *targets)
    done = support.call("install", *wanted, cwd=root)
    assert done.code == 0, done.err
    files = read_files(shop)
    assert {"AGENTS.md", ".promptpack-installed.json"} < {*files}
    assert files["AGENTS.md"].startswith(text.encode())
    assert list_changed(files) == []


def test_odd_values_in_front_matter_are_left_alone() -> None:
    text = write_mapping(ODD)
    files = {"a.yaml": text.encode(), "b.md": f"---\n{text}---\n\nx\n".encode()}
    assert list_changed(files) == []
