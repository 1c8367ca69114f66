"""YAML as it is written: the form, and that PyYAML reads the same data back from it."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from promptpack.source.yaml_writer import write_mapping, write_text

TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["no", "1e3", "~", "a: b", "- x", "it's", 'say "x"', '"it\'s"', "\\d'", "# x", "? y", "[", "*"]
)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"a": ["b", "c"]}, "a:\n  - b\n  - c\n"),
        ({"*": "deny", "b": {"*.env": "ask"}}, '"*": deny\nb:\n  "*.env": ask\n'),
        ({"a": [{"b": 1, "c": [2]}]}, "a:\n  - b: 1\n    c:\n      - 2\n"),
        ({"a": [["b", []], {}]}, "a:\n  - - b\n    - []\n  - {}\n"),
        ({"a": "it's: so"}, 'a: "it\'s: so"\n'),
        ({"a": ': "x"'}, "a: ': \"x\"'\n"),
        ({"a": ": \\d"}, 'a: ": \\\\d"\n'),
        ({"a": "b\nc"}, 'a: "b\\nc"\n'),
        ({"y": "no", "n": None, "t": True}, '"y": "no"\n"n": null\nt: true\n'),
        ({"k" * 1200: [1]}, f"? {'k' * 1200}\n:\n  - 1\n"),
        ({"a": [{"k" * 1200: 1}]}, f"a:\n  - ? {'k' * 1200}\n    : 1\n"),
        ({}, "{}\n"),
    ],
)
def test_data_is_written_in_this_form(data: dict[str, Any], text: str) -> None:
    assert write_mapping(data) == text
    assert yaml.safe_load(text) == data


def test_what_stands_twice_is_written_twice() -> None:
    shared = ["x"]
    assert write_mapping({"a": shared, "b": shared}) == "a:\n  - x\nb:\n  - x\n"


@given(st.dictionaries(TEXT, DATA, max_size=4))
def test_another_reader_reads_the_same_data(data: dict[str, Any]) -> None:
    assert yaml.safe_load(write_mapping(data)) == data


LONG_TEXT = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["", " ", "\t", "# a", "- b", "  c", "d: e ", "—", "---", "'", '"', "\\"]),
    min_size=1,
    max_size=6,
).map("\n".join)


@given(text=LONG_TEXT, depth=st.integers(1, 4))
def test_a_text_of_several_lines_is_read_back_with_a_line_for_each(text: str, depth: int) -> None:
    escaped = "—“\u200b"
    spelled = write_text(text, escaped)
    lead = "  " * (depth - 1)
    lines = [f"{lead}{line}" if line else "" for line in spelled.split("\n")]
    levels = "".join(f"{'  ' * number}k:\n" for number in range(depth - 1))
    document = levels + f"{lead}k: " + "\n".join(lines).removeprefix(lead) + "\n"
    data = yaml.safe_load(document)
    for _ in range(depth):
        data = data["k"]
    assert data == text
    assert not {*escaped} & {*spelled}
    count = text.removesuffix("\n").count("\n")
    assert spelled.count("\n") == (count + 1 if "\n" in text else 0)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("a", "a"),
        ("a: b", '"a: b"'),
        ("🧪 Test", "🧪 Test"),
        ("🧪: b", '"🧪: b"'),
        ("a\n", "|\n  a"),
        ("# a\n\n- b", "|-\n  # a\n\n  - b"),
        (" a\nb\n", '"\\\n  \\ a\\n\\\n  b\\n"'),
        ("a — b", '"a \\u2014 b"'),
        ("a\n\n", '"\\\n  a\\n\\\n  \\n"'),
    ],
)
def test_a_text_is_written_in_this_form(text: str, spelled: str) -> None:
    assert write_text(text, "—") == spelled
