"""The quick check of input files against pydantic, which is what says what a file may hold."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import promptpack
import support
from promptpack.reading import shapes
from promptpack.reading.file_models import FILE_MODELS
from promptpack.reading.shapes import FileValues, check_shape
from shape_table import format_table, make_table
from test_schema import GOOD

TABLE = Path(promptpack.__file__).parent / "reading/shapes.json"
ACCEPT = bool(os.environ.get("PROMPTPACK_ACCEPT"))
ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = {"ProjectFile.check_permissions"}
"""What only pydantic checks: it looks at two keys at once."""

ODD: list[Any] = [
    *("", " ", "a\n", "a\n\n", "\na", "a\u2028", "a\x85", "\x1c", "\x1ca", "a\u00a0", "\u00a0"),
    *(
        "é",
        "\ud800",
        "a" * 64,
        "a" * 65,
        "a-",
        "./a.md",
        "./a.md\n",
        "./a.head",
        "../a",
        "*",
        "mcp:a",
    ),
    *(
        "PP506",
        "PP506\n",
        "claude.review",
        "all",
        "allow",
        "inherit",
        "1",
        "~x",
        "a\\b",
        "x y z 1 2 3",
    ),
    *(0, 1, -1, 2, 3, 10**9, 10**400, 0.0, 0.5, 2.0, float("inf"), float("nan"), True, False, None),
    *([], {}, [None], ["a", "a"], {"use": "a/b"}, {"use": "a/b", "with": {"x": 1}}, {"a": "b"}),
    *({1: "a"}, {None: 1}, {"*": "allow"}, {"git *": "ask", "*": "deny"}, {"when": {}}, [["a"]]),
]


def same(model: object, entry: object) -> bool:
    """Tell whether a model and what the quick check returned have the same values and types."""
    if isinstance(model, BaseModel):
        names = type(model).model_fields
        return (
            isinstance(entry, FileValues)
            and vars(entry).keys() == names.keys()
            and all(same(getattr(model, name), getattr(entry, name)) for name in names)
        )
    if type(model) is not type(entry):
        return False
    if isinstance(model, dict) and isinstance(entry, dict):
        return list(model) == list(entry) and all(same(model[key], entry[key]) for key in model)
    if isinstance(model, list) and isinstance(entry, list):
        return len(model) == len(entry) and all(map(same, model, entry))
    return repr(model) == repr(entry)


def ask_pydantic(kind: str, data: object) -> BaseModel | None:
    try:
        return FILE_MODELS[kind].model_validate(data)
    except (ValidationError, UnicodeEncodeError):  # the latter of a lone surrogate
        return None


def test_the_table_says_what_the_models_say() -> None:
    table = format_table(make_table())
    if ACCEPT:
        TABLE.write_text(table, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == table, "run: make goldens"


def iter_checks(node: Any) -> Any:
    if isinstance(node, list) and node and node[0] == "checked":
        yield node[1]
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from iter_checks(one)


def test_every_check_of_the_models_is_known() -> None:
    named = set(iter_checks(json.loads(TABLE.read_text(encoding="utf-8"))))
    assert named == {*shapes._FURTHER, *UNKNOWN}


@pytest.mark.parametrize(("kind", "text"), GOOD)
def test_a_valid_file_is_answered_with_the_values_of_its_model(kind: str, text: str) -> None:
    data = yaml.safe_load(text)
    entry, model = check_shape(kind, data), ask_pydantic(kind, data)
    if model is not None and "permissions" not in data:
        assert same(model, entry)


def test_the_reference_packs_are_answered() -> None:
    for path in (ROOT / "packs").glob("*/pack.yaml"):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        model = ask_pydantic("pack", data)
        assert model is not None
        assert same(model, check_shape("pack", data))


def list_places(data: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of each value in data, keys from the top."""
    places = [place]
    items: Any = data.items() if isinstance(data, dict) else ()
    for key, value in enumerate(data) if isinstance(data, list) else items:
        places += list_places(value, (*place, key))
    return places


def put(data: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return data with a value in place of another."""
    if not place:
        return value
    copy = data.copy()
    copy[place[0]] = put(copy[place[0]], place[1:], value)
    return copy


@settings(max_examples=support.count_cases(800))
@given(
    case=st.sampled_from(GOOD),
    changes=st.lists(st.tuples(st.integers(0, 999), st.sampled_from(ODD)), min_size=1, max_size=3),
    key=st.sampled_from(["", "", "extra", "use", "params", "a\n"]),
)
def test_no_file_is_valid_that_pydantic_refuses(
    case: tuple[str, str], changes: list[tuple[int, Any]], key: str
) -> None:
    kind, text = case
    data = yaml.safe_load(text)
    for number, value in changes:
        places = list_places(data)
        data = put(data, places[number % len(places)], value)
    if key and isinstance(data, dict):
        data = {**data, key: "x"}
    entry, model = check_shape(kind, data), ask_pydantic(kind, data)
    assert entry is None or (model is not None and same(model, entry))


def test_a_valid_project_is_built_without_pydantic(tmp_path: Path) -> None:
    project = support.make_project(tmp_path / "project", support.DEMO)
    code = (
        "import sys; from promptpack.cli import main; sys.argv[1:] = ['build']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('pydantic' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        cwd=project,
        env=support.environment({}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "False", done.stdout + done.stderr
