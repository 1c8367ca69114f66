"""Strict reading: bytes in, and text or YAML data with its places, or findings, out.

Two oracles decide what may be read as what: PyYAML's own loader (YAML 1.1) and the YAML 1.2 core
schema, written out here. What they read differently has to be a finding.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from promptpack.reporting.characters import reveal_line
from promptpack.source.frontmatter import dump_front_matter, read_lenient, split_front_matter
from promptpack.source.strict_yaml import DEPTH_LIMIT, UNREADABLE_CODES
from promptpack.source.text import FORBIDDEN, PROBLEM_LIMIT, SIZE_LIMIT, Span, decode_source
from promptpack.source.yaml_entries import read_yaml
from support import limit_cpu

relaxed = settings(deadline=None)

HIDDEN = [
    "\x00",
    "\x08",
    "\x0b",
    "\x1b",
    "\x7f",
    "\x85",
    "\u202e",
    "\u2066",
    "\U000f0000",
    "\U00100001",
    "\U000e0041",
    "\U000e0100",
    "\ufffe",
    "\uffff",
]
SURPRISES = """
no No NO n N yes Yes YES y Y on On ON off Off OFF True TRUE False FALSE Null NULL ~ = <<
010 08 00 007 -010 +1 1_000 0_ 0b11 0o17 0x1f 0X1F 1:30 12:30:45 1:2.5 1e3 1E3 1.5e3 1e+5
.inf -.inf +.INF .nan .NaN 1. .5 +.5 1_0.5 2026-01-02 2026-13-45 2001-1-1 2001-01-01T00:00:00Z
1234567890123456789 0.1234567890123456789 1.10 2.50 -0.10
"""
LINE_ENDS = ["\x85", "\u2028", "\u2029"]


def codes(text: str) -> list[str]:
    return [found.code for found in read_yaml(text, "f.yaml").findings]


def read(text: str) -> Any:
    document = read_yaml(text, "f.yaml")
    assert not document.findings, document.findings
    return document.data


@pytest.mark.fault(39)
@pytest.mark.parametrize("value", SURPRISES.split())
def test_surprise_is_a_finding_and_text_when_quoted(value: str) -> None:
    (found,) = read_yaml(f"key: {value}\n", "f.yaml").findings
    assert (found.code, found.line, found.column, found.width) == ("PP004", 1, 6, len(value))
    assert f'write "{value}"' in found.hint
    assert codes(f"{value}: x") == ["PP004"], "as a key, too"
    assert codes(f"[{value}]") == ["PP004"], "in a list, too"
    assert read(f"key: \"{value}\"\nother: '{value}'") == {"key": value, "other": value}


@pytest.mark.fault(39)
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-1", -1),
        ("123456789012345678", 123456789012345678),
        ("0.5", 0.5),
        ("-0.25", -0.25),
        ("2.0", 2.0),
        ("3.11+", "3.11+"),
        ("1.2.3", "1.2.3"),
        ("1,000", "1,000"),
        ("a:b", "a:b"),
        ("note", "note"),
        ("none", "none"),
        ("nothing", "nothing"),
        ("only", "only"),
        ("0x", "0x"),
        ("...x", "...x"),
        ("2026", 2026),
        ("'it''s'", "it's"),
        ('"a\\tb\\n"', "a\tb\n"),
        ('"\\u00e9\\U0001F600"', "é😀"),
    ],
)
def test_plain_values(text: str, value: object) -> None:
    data = read(f"key: {text}\n")
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


@pytest.mark.fault(39)
@relaxed
@given(st.text("0123456789+-.:_eExXobyYnNtTfFuUlLaAiI~=<", min_size=1, max_size=8))
@example("1.10")
@example("0o7")
@example("1_0.0")
def test_nothing_is_read_that_yaml_1_1_and_1_2_read_differently(text: str) -> None:
    document = read_yaml(f"- {text}", "f.yaml")
    assume(not document.findings)
    (ours,) = document.data
    (old,) = yaml.safe_load(f"- {text}")
    assume(not isinstance(ours, (dict, list)))
    for theirs in (old, core_schema(text)):
        assert (type(ours), ours) == (type(theirs), theirs)


CORE_SCHEMA: dict[str, Callable[[str], object]] = {
    r"null|Null|NULL|~|": lambda _: None,
    r"true|True|TRUE": lambda _: True,
    r"false|False|FALSE": lambda _: False,
    r"[-+]?[0-9]+": int,
    r"0o[0-7]+|0x[0-9a-fA-F]+": lambda text: int(text, 0),
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?": float,
    r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)": lambda text: float(text.replace(".", "", 1)),
}


def core_schema(text: str) -> object:
    """Return what a plain scalar is to YAML 1.2."""
    found = (make(text) for form, make in CORE_SCHEMA.items() if re.fullmatch(form, text))
    return next(found, text)


@pytest.mark.fault(37)
def test_five_thousand_digits_are_a_finding_of_one_line() -> None:
    (found,) = read_yaml(f"key: {'1' * 5_000}", "f.yaml").findings
    assert found.code == "PP004"
    assert len(found.message + found.hint) < 300


@pytest.mark.fault(35)
@pytest.mark.parametrize(
    ("text", "line", "column", "first"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1, 1),
        ("{a: 1, a: 2}", 1, 8, 1),
        ("b:\n  - x: 1\n    'x': 2", 3, 5, 2),
        ('a: 1\n"\\u0061": 2', 2, 1, 1),
        ("1: a\n'1': b", 2, 1, 1),
    ],
)
def test_key_given_twice(text: str, line: int, column: int, first: int) -> None:
    (found,) = read_yaml(text, "f.yaml").findings
    assert (found.code, found.line, found.column) == ("PP003", line, column)
    assert found.hint == f"first used on line {first}"


@pytest.mark.fault(36, 38, "merge-key")
@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1",
        "a: &x {b: 1}",
        "&a a: 1",
        "a: *x",
        "a: [*x]",
        "*x : a",
        "a: !!python/object:os.system x",
        "a: !!python/object/apply:os.system [x]",
        "!!python/name:os.system : x",
        "a: !!str 1",
        "a: ! 1",
        "a: !mine x",
        "a: !!binary aGk=",
        "!!set {a, b}",
        "a: !!timestamp 2026-01-01",
        "a: 1\n---\nb: 2",
        "--- a\n--- b",
        "<<: {a: 1}",
        "a: 1\n<<: {b: 2}",
    ],
)
def test_yaml_features_are_findings(text: str) -> None:
    assert {"PP005", "PP004"} & set(codes(text))


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c",
        "a: *",
        "a: @b",
        "a: `b`",
        "a: %b",
        "a: [",
        "a: {b",
        "a: 'b",
        'a: "b',
        'a: "\\q"',
        'a: "\\ud800"',
        "\ta: b",
        "a:\n\tb: c",
        " a: 1\nb: 2",
        "? [a]\n: b",
        "{{ x }}: b",
        "a: {{ x }}",
        "- a\nb: c",
    ],
)
def test_what_is_not_yaml_has_a_place(text: str) -> None:
    document = read_yaml(text, "f.yaml")
    assert {found.code for found in document.findings} == {"PP002"}
    assert all(1 <= found.line <= text.count("\n") + 2 for found in document.findings)


@pytest.mark.fault(37)
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[{a: "])
def test_depth_is_bounded(opening: str) -> None:
    assert codes(opening * 10_000) == ["PP006"]


@pytest.mark.fault(37)
@pytest.mark.parametrize("count", [40, 999, 1_000, 1_001, 10_000])
@pytest.mark.parametrize(
    ("before", "opening", "line", "column"),
    [("", "- ", 1, 65), ("é😀: ", "[", 1, 36), ("- no\n- é: ", "{a: ", 2, 126)],
)
def test_too_much_depth_has_its_place(
    before: str, opening: str, line: int, column: int, count: int
) -> None:
    """It is the first level too many, however far ahead libyaml reads and where it gives up."""
    *others, deep = read_yaml(before + opening * count, "f.yaml").findings
    assert (deep.code, deep.line, deep.column) == ("PP006", line, column)
    assert [found.code for found in others] == ["PP004"] * before.count("no")


def test_the_depth_that_is_allowed() -> None:
    assert codes("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT) == []
    assert codes("[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1)) == ["PP006"]


@pytest.mark.fault(40)
def test_tabs_between_tokens_and_in_text_are_read() -> None:
    assert read("a:\tb\t\nc: 'd\te'") == {"a": "b", "c": "d\te"}


def laughs(entry: str) -> str:
    lines = ["a: &a {k: v}"]
    for before, name in zip("abcdefghijklmnopqrs", "bcdefghijklmnopqrst", strict=True):
        lines.append(f"{name}: &{name} {entry.format(','.join([f'*{before}'] * 9))}")
    return "\n".join(lines)


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    "text",
    [
        laughs("[{0}]"),
        laughs("{{<<: [{0}]}}"),
        "a: &a [*a]",
        "a: &a {b: *a, <<: *a}",
        "a: &a 1\nb: [" + "*a," * 300_000 + "]",
        "- no\n" * 200_000,
        "a: 1\n" * 200_000,
        "- " * 500_000,
        "[" * 1_000_000,
        "a: " + "9" * 1_000_000,
        "'" + "''" * 500_000,
        "? " * 500_000,
        "\u2028" * 300_000,
    ],
    ids=lambda text: repr(text[:14]),
)
def test_bombs_are_refused_quickly(text: str) -> None:
    with limit_cpu():
        found = read_yaml(text, "f.yaml").findings
    assert 0 < len(found) <= PROBLEM_LIMIT + 2


@pytest.mark.fault(43)
def test_a_file_of_hidden_characters_is_refused_quickly() -> None:
    with limit_cpu():
        _, found = decode_source(b"\x01\n" * (SIZE_LIMIT // 2), "f")
    assert len(found) == PROBLEM_LIMIT


def test_too_much_wrong_leaves_nothing_to_validate() -> None:
    assert codes("- no\n" * (PROBLEM_LIMIT - 1)) == ["PP004"] * (PROBLEM_LIMIT - 1)
    assert codes("- no\n" * 5_000)[-1] in UNREADABLE_CODES


@pytest.mark.fault(40)
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"\xef\xbb\xbfa\n", "a\n"),
        (b"a", "a"),
        (b"", ""),
        ("é😀\u200d\t".encode(), "é😀\u200d\t"),
    ],
)
def test_text_is_the_lf_text(data: bytes, text: str) -> None:
    assert decode_source(data, "f") == (text, [])


@pytest.mark.fault(41)
@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"caf\xe9", 1, 4),
        (b"ok\nna\xefve", 2, 3),
        ("a\n".encode("utf-16"), 1, 1),
        (b"\xed\xa0\x80", 1, 1),
        (b"\xc0\x80", 1, 1),
        (b"abc\xf0\x9f", 1, 4),
    ],
)
def test_what_is_not_utf8_has_a_place(data: bytes, line: int, column: int) -> None:
    text, (found,) = decode_source(data, "f")
    assert (text, found.code, found.line, found.column) == ("", "PP001", line, column)


@pytest.mark.fault("huge-source")
def test_size_is_bounded() -> None:
    assert decode_source(b"x" * SIZE_LIMIT, "f")[1] == []
    assert [f.code for f in decode_source(b"x" * (SIZE_LIMIT + 1), "f")[1]] == ["PP001"]


@pytest.mark.fault(43)
@pytest.mark.parametrize("character", HIDDEN, ids=ascii)
def test_hidden_character_is_a_finding_that_does_not_hold_it(character: str) -> None:
    text, (found,) = decode_source(f"one\ntw{character}o\n".encode(), "f")
    assert (found.code, found.line, found.column) == ("PP301", 2, 3)
    assert f"U+{ord(character):04X}" in found.message
    assert character not in "".join(map(str, found))
    assert character not in reveal_line(text)
    assert f"<U+{ord(character):04X}>" in reveal_line(text)


@pytest.mark.fault(43)
@pytest.mark.parametrize(
    "escape",
    ["\\0", "\\x1b", "\\e", "\\N", "\\u202e", "\\u2066", "\\U000E0041", "\\U000f0000", "\\uFFFE"],
)
def test_escape_for_a_hidden_character_is_a_finding(escape: str) -> None:
    assert codes(f'a: "b{escape}"') == ["PP301"]
    assert codes(f'"{escape}": b') == ["PP301"]
    assert read(f"a: 'b{escape}'") == {"a": f"b{escape}"}, "in single quotes it is text"


@pytest.mark.fault("yaml-readers")
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\n\ufeffb: 2\n", 2, 1),
        ("{a: 1,\n\ufeffb: 2}\n", 2, 1),
        ("a: {?b: 1}\n", 1, 6),
        ("a: {b: 1,?c: 1}\n", 1, 11),
        ('a: {?"b": 1}\n', 1, 6),
        ("a: [?b, c]\n", 1, 6),
        ("a: [?[b]]\n", 1, 6),
    ],
)
def test_what_only_some_readers_act_on_is_a_finding(text: str, line: int, column: int) -> None:
    (found, *_) = read_yaml(text, "f.yaml").findings
    assert (found.code, found.line, found.column) == ("PP004", line, column)


@pytest.mark.fault("yaml-readers")
@pytest.mark.parametrize("text", ["? \n", "a: {? : 1}\n", "a: {x: 1, &b : 1}\n"])
def test_a_key_that_is_not_there_is_a_finding(text: str) -> None:
    assert "PP002" in codes(text)
    assert read("'': 1\n") == {"": 1}


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: what?\nb: 1\n", {"a": "what?", "b": 1}),
        ("a: ?b\n", {"a": "?b"}),
        ("? a\n: {? b : 1}\n", {"a": {"b": 1}}),
        ("a: [b?, c]\n", {"a": ["b?", "c"]}),
        ("a: 'x?'\n", {"a": "x?"}),
        ("a: x\ufeffy\n", {"a": "x\ufeffy"}),
    ],
)
def test_a_question_mark_or_a_mark_in_text_is_text(text: str, data: object) -> None:
    assert read(text) == data


@pytest.mark.fault("yaml-readers")
@pytest.mark.fault(40)
@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
@pytest.mark.parametrize("text", ["# a{}b: 1", "a: x{}b: 1", "a: 'x{}y'", "a: |\n  x{}  y"])
def test_a_line_end_of_yaml_1_1_alone_is_a_finding(end: str, text: str) -> None:
    (found, *_) = read_yaml("z: 1\n" + text.format(end), "f.yaml", first_line=11).findings
    assert found.code == "PP004"
    before = text.partition("{")[0]
    assert found.line == 12 + before.count("\n")
    assert found.column == len(before.rpartition("\n")[2]) + 1


@pytest.mark.fault(41)
@pytest.mark.parametrize("text", ["a: \x00", "a: b\x1bc", "a: \ufffe", "a: \ud800", "\x07"])
def test_text_that_no_file_can_hold_is_not_yaml(text: str) -> None:
    assert codes(text)[-1] == "PP002"


@pytest.mark.parametrize("text", ["", "# only\n", "---\n", "---\n...\n"])
def test_no_data(text: str) -> None:
    assert read(text) is None


safe_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn", "Zl", "Zp"]).filter(
        lambda character: not FORBIDDEN.search(character)
    ),
    max_size=20,
)
numbers = st.integers(-(10**18) + 1, 10**18 - 1) | st.floats(-1e6, 1e6).filter(
    lambda number: re.fullmatch(r"-?\d+\.\d{1,18}", repr(number)) is not None
)
json_data = st.recursive(
    st.none()
    | st.booleans()
    | numbers
    | safe_text
    | st.sampled_from(["\t", "\n", *SURPRISES.split()]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(safe_text, inner, max_size=4),
    max_leaves=20,
)


@relaxed
@given(json_data, st.sampled_from([None, 1, 3]))
def test_json_is_read_back(data: object, indent: int | None) -> None:
    assert read(json.dumps(data, ensure_ascii=False, indent=indent)) == data


@pytest.mark.fault(42)
@relaxed
@example({"y": "N", "1e3": "08"}, "", "\n")
@given(
    st.dictionaries(safe_text.filter(bool), json_data, max_size=5),
    safe_text,
    st.sampled_from("\n "),
)
def test_a_written_head_is_read_back(head: dict[str, Any], line: str, end: str) -> None:
    body = f"\n{line}{end}---\n\nmore"
    found, rest, lines = split_front_matter(dump_front_matter(head) + body)
    assert found is not None
    assert read(found) == head
    assert read_lenient(found) == head
    assert (rest, lines) == (body, found.count("\n") + 2)


@pytest.mark.fault(44)
@pytest.mark.parametrize(
    ("head", "keys"),
    [
        ("a: 1\na: 2", {"a": 2}),
        ("a: no\nb: yes", {"a": "no", "b": "yes"}),
        ("a: b: c\nd: true\ne: 0.10\nf: [x]", {"a": "b: c", "d": True, "e": 0.1, "f": ["x"]}),
        ("a: \x01b\nc: d", {"a": "\x01b", "c": "d"}),
        ("a: *\nb: @x", {"a": "*", "b": "@x"}),
        ("- a\n- b", {}),
        ("text", {}),
        ("", {}),
        ("[" * 100, {}),
        ("a: &x [*x]\nb: {<<: *x}", {"a": "&x [*x]", "b": "{<<: *x}"}),
        (
            "a: b: c\np:\n  x: deny\n  y: {'*': ask}",
            {"a": "b: c", "p": {"x": "deny", "y": {"*": "ask"}}},
        ),
        ("p:\n  x: deny\na: b: c\n", {"p": {"x": "deny"}, "a": "b: c"}),
        (
            "a: one\ntwo: x: y\nthree\np: {x: deny}",
            {"a": "one", "two": "x: y\nthree", "p": {"x": "deny"}},
        ),
        ("globs: **/*\np: [x]", {"globs": "**/*", "p": ["x"]}),
        ("name: {{X}}\ng: *", {"name": {"[object Object]": None}, "g": "*"}),
        ("d: |\n  a: b: c\n  p: x\ng: *", {"d": "a: b: c\np: x\n", "g": "*"}),
        ("# d: e: f\n\na: b: c\n# g\np: x # y", {"a": "b: c", "p": "x"}),
        ("p:\r\n  x: deny\r\na: b: c\r\n", {"p": {"x": "deny"}, "a": "b: c"}),
        ("a:\tb: c\np:\t1", {"a": "b: c", "p": 1}),
        ('"p": 1\na: b: c', {"p": 1, "a": "b: c"}),
        ("p: &x {y: 1}\nq: {<<: *x, z: 2}", {"p": {"y": 1}, "q": {"y": 1, "z": 2}}),
        ("p: &x {y: 1}\na: b: c\nq: *x", {"p": {"y": 1}, "a": "b: c", "q": {"y": 1}}),
        ("p: &x {y: 1}\n<<: *x\ny: 2", {"p": {"y": 1}, "y": 2}),
        ("p: 1\na: b: c\np: 2", {"p": 2, "a": "b: c"}),
        (
            "p: True\nq: NULL\nr: 0x10\ns: 1e3\nt: '1'",
            {"p": True, "q": None, "r": 16, "s": 1e3, "t": "1"},
        ),
    ],
)
def test_a_head_in_the_wild_is_read_leniently(head: str, keys: dict[str, Any]) -> None:
    assert read_lenient(head) == keys


@pytest.mark.fault(36)
def test_a_head_that_unfolds_without_end_has_no_keys() -> None:
    """A client reads it, so its permissions count as unknown: as those of a file without any."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 40)]
    assert read_lenient("\n".join(lines[:3]))["a1"] == [["x"] * 8] * 8
    assert read_lenient("\n".join(lines)) == {}


@pytest.mark.parametrize(
    ("text", "head", "body", "lines"),
    [
        ("---\na: 1\n---\nb\n", "a: 1\n", "b\n", 3),
        ("---\r\na: 1\r\n---\r\nb", "a: 1\r\n", "b", 3),
        ("---\n---\nb", "", "b", 2),
        ("--- \na: 1\n---\t\nb", "a: 1\n", "b", 3),
        ("---\na: 1\n---", "a: 1\n", "", 2),
        ("---\na: ---\n---\nb", "a: ---\n", "b", 3),
        ("---\na: 1\n----\n---\nb", "a: 1\n----\n", "b", 4),
        ("---\na: 1\nb", None, "---\na: 1\nb", 0),
        ("\n---\na: 1\n---\n", None, "\n---\na: 1\n---\n", 0),
        ("", None, "", 0),
    ],
)
def test_split(text: str, head: str | None, body: str, lines: int) -> None:
    assert split_front_matter(text) == (head, body, lines)


@st.composite
def outlines(draw: st.DrawFn) -> tuple[str, dict[tuple[str | int, ...], str]]:
    """Return a YAML text, and the word that stands at each path; no word stands there twice."""
    words = (f"{draw(st.sampled_from(['w', 'é', '😀', 'w w']))}{n}." for n in range(1_000))
    places: dict[tuple[str | int, ...], str] = {}

    def block(path: tuple[str | int, ...], indent: str, depth: int) -> list[str]:
        lines = []
        listed = draw(st.booleans())
        for index in range(draw(st.integers(1, 3))):
            word = next(words)
            here = (*path, index if listed else word)
            start = f"{indent}- " if listed else f"{indent}{word}:"
            if not listed:
                places[here] = word
            if depth and draw(st.booleans()):
                lines += [start.rstrip(), *block(here, f"{indent}  ", depth - 1)]
                continue
            value = next(words)
            if listed:
                places[here] = value
            lines.append(f"{start.rstrip()} {value}" + draw(st.sampled_from(["", "  # é"])))
        return lines

    return "\n".join(block((), "", 3)), places


@relaxed
@given(outlines(), st.integers(1, 50))
def test_places_of_keys_and_values(
    outline: tuple[str, dict[tuple[str | int, ...], str]], first: int
) -> None:
    text, places = outline
    document = read_yaml(text, "f.yaml", first)
    assert not document.findings
    lines = text.split("\n")
    for path, word in places.items():
        mark = document.at(path)
        line = lines[mark.line - first]
        assert (line[mark.column - 1 :][: mark.width], mark.width) == (word, len(word))
    assert document.at((*next(iter(places)), "nowhere", 7)) == document.at(next(iter(places)))


def test_place_of_what_is_not_there() -> None:
    document = read_yaml("a:\n  b: [1, 2]", "f.yaml")
    assert document.at(("a", "x", "y")) == Span(1, 1, 1)
    assert document.at(("a", "b", 1)) == Span(2, 10, 1)
    assert document.at(("a", "b", 9)) == Span(2, 3, 1)


def test_a_finding_shows_its_line() -> None:
    (found,) = read_yaml("a: 1\nb: no\n", "f.yaml", first_line=4).findings
    assert (found.path, found.line, found.column, found.excerpt) == ("f.yaml", 5, 4, "b: no")
