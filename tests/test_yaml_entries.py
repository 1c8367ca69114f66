"""YAML that is read key by key says the same, at the same places, as when it is read as a whole."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from promptpack.reading.file_kinds import PACK, POLICY
from promptpack.source import yaml_entries
from promptpack.source.strict_yaml import Document, read_whole_yaml
from promptpack.source.yaml_entries import read_yaml
from support import count_cases
from test_shared_heads import ENTRIES

MORE = (
    "# a comment\n",
    "\n\n",
    "  # indented\n",
    "a: |\n  x\n\n\n",
    "a: |+\n  x\n\n\n",
    "b: >\n  x\n\n  y\n# z\n",
    "c: [x,\nd: y]\n",
    'e: "x\n\n  y"\n',
    "e: 'x\nf: y'\n",
    "f: {a: 1,\n  b: [2, 3]}\n",
    "g:\n  - {a: x, b: [y]}\n\n  - c: z\n    d: 'no'\n",
    "h: y\n",
    "Yes: x\n",
    "i: a plain text, of words; (some) it's / more.\n",
    "j: Null\n",
    "k: x \n",
    "l: \n",
    "m: x - y\n",
    "n: (x)\n",
    "o: x.\n",
    "p: {a: 1, a: 2}\n",
    "q: \xa0x\n",
    "r: é ü\n",
    "s: ?x\n",
    "t: [?x]\n",
    "u: !!str x\n",
    "v-w: x\n",
    "w_x: x  y\n",
    "x:\n  y:\n    z: [1, 2.5, true, null]\n",
    "y: x\ty\n",
    "z: [x,\ry]\n",
    "---\na: b\n",
    "a: " + "x" * 2000 + "\n",
)
texts = st.lists(st.sampled_from((*ENTRIES, *MORE)), max_size=6).map("".join)
CR = "z: [x,\ry]\na: b\n"


def list_contents(document: Document) -> tuple[object, ...]:
    places = [*document.values.items()], [*document.keys.items()]
    nearest = [document.at((*path, "x")) for path in document.values]
    return repr(document.data), places, nearest, document.findings


@settings(max_examples=count_cases(1500), deadline=None)
@given(texts, st.integers(1, 3))
@example(CR, 1)
@example("# x\n\na: b\nc:\n  - d\n", 2)
def test_a_text_says_what_it_says_as_a_whole(text: str, first: int) -> None:
    whole = read_whole_yaml(text, "f.yaml", first)
    assert list_contents(read_yaml(text, "f.yaml", first)) == list_contents(whole)


ODD = (
    *("*a", "&a ", "!!str ", "!x ", "- ", "? ", ": ", ":", "#", " #", "|+", ">-", "|2", "'", '"'),
    *(
        "[",
        "]",
        "{",
        "}",
        ",",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "\r\n",
        "\t",
        "\x85",
        "\u2028",
        "\ufeff",
    ),
    *(
        "\xa0",
        "\u200b",
        "e\u0301",
        "\U0001f600",
        "~",
        "=",
        "<<",
        "null",
        "12:30",
        "0x1",
        "1_0",
        "Null",
    ),
    *(
        "\n",
        "\n\n",
        " ",
        "   ",
        "a: b\n",
        "c:\n",
        "  - e\n",
        "  f: g\n",
        " h\n",
        "'m': n\n",
        "o : p\n",
    ),
)


@settings(max_examples=count_cases(1500), deadline=None)
@given(
    texts, st.lists(st.tuples(st.integers(0, 200), st.sampled_from(ODD)), min_size=1, max_size=4)
)
def test_a_text_with_any_edit_says_what_it_says_as_a_whole(
    text: str, edits: list[tuple[int, str]]
) -> None:
    for place, piece in edits:
        text = f"{text[:place]}{piece}{text[place:]}"
    assert list_contents(read_yaml(text, "f.yaml")) == list_contents(
        read_whole_yaml(text, "f.yaml")
    )


@pytest.mark.parametrize(
    "path",
    sorted((Path(__file__).parents[1]).glob("packs/*/pack.yaml")),
    ids=lambda p: p.parent.name,
)
def test_packs_are_read_by_their_keys(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    document = yaml_entries._read_entries(text, 1)
    assert document is not None
    assert list_contents(document) == list_contents(read_whole_yaml(text, "f.yaml"))


def test_what_was_read_of_one_text_is_not_changed_by_another() -> None:
    first, second = (read_yaml(f"name: {name}\nlist: [a, b]\n", "f.yaml") for name in "cd")
    assert first.data == {"name": "c", "list": ["a", "b"]}
    assert second.data == {"name": "d", "list": ["a", "b"]}
    assert second.findings is not first.findings


def test_what_was_checked_of_an_entry_is_checked_again_for_another_kind_of_file() -> None:
    """`capabilities` is a mapping in a policy, and no key of a pack."""
    text = "title: x\nsummary: x\ndefault: deny\ncapabilities: {read: allow}\n"
    documents = [read_yaml(text, "f.yaml") for _ in range(2)]
    assert documents[0].memos.keys() == {"capabilities"}
    checked = [POLICY.check(one.data, one.memos) for one in documents]
    assert None not in checked
    assert checked[0] == checked[1] == POLICY.check(documents[0].data)
    assert PACK.check(documents[0].data, documents[0].memos) is None


@pytest.mark.parametrize("key", ["targets", "accept", "sections", "vars", "titles"])
def test_an_entry_that_is_wrong_is_wrong_each_time(key: str) -> None:
    texts = [f"name: {name}\n{key}:\n  - {{}}\n" for name in "ab"]
    assert [PACK.check(one.data, one.memos) for one in map(read_entries, texts)] == [None, None]


def read_entries(text: str) -> Document:
    return read_yaml(text, "f.yaml")
