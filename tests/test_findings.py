"""Findings as people read them: one shape, whatever the width, with the caret under its place."""

import unicodedata
from typing import Any

import pytest

from promptpack.model import Finding
from promptpack.reporting.findings import Role, format_findings

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def make(message: str = "unknown key 'sectoins'", **parts: Any) -> Finding:
    """Return a finding in a pack; `parts` are what is different about it."""
    path, excerpt = "packs/architect/pack.yaml", "  sectoins:"
    finding = Finding("PP012", "error", path, 10, 3, message, excerpt=excerpt, width=8)
    return finding._replace(**parts)


def render(*findings: Finding, **options: Any) -> str:
    return "\n".join(format_findings(findings, **options))


HINT = "did you mean 'sections'?"
LONG = "add 'optional: true' to the use of the fragment, or give it a policy that allows execute"

CASES = {
    "help beside the caret": (
        [make(hint=HINT)],
        80,
        """\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:3
   10 |   sectoins:
      |   ^^^^^^^^ help: did you mean 'sections'?

1 error""",
    ),
    "help below where the terminal is narrow": (
        [make(hint=HINT)],
        40,
        """\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:3
   10 |   sectoins:
      |   ^^^^^^^^
      = help: did you mean 'sections'?

1 error""",
    ),
    "no narrower than 40 columns": (
        [make(hint=HINT)],
        10,
        """\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:3
   10 |   sectoins:
      |   ^^^^^^^^
      = help: did you mean 'sections'?

1 error""",
    ),
    "a long help text has a hanging indent": (
        [make(hint=LONG)],
        60,
        """\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:3
   10 |   sectoins:
      |   ^^^^^^^^
      = help: add 'optional: true' to the use of the
              fragment, or give it a policy that allows
              execute

1 error""",
    ),
    "a wide terminal has room": (
        [make(hint=LONG)],
        200,
        f"""\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:3
   10 |   sectoins:
      |   ^^^^^^^^ help: {LONG}

1 error""",
    ),
    "code and paths are not broken": (
        [
            make(
                excerpt="",
                hint="the pack's file can't say it: write 'ignore: [PP503]' or "
                '{% if policy.allows("execute") %} or {use: x, with: {count: 2, more: 3}} or '
                "templates/fragments/standards/a-very-long-name-of-a-fragment.md",
            )
        ],
        40,
        """\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:3
      = help: the pack's file can't say
              it: write
              'ignore: [PP503]' or
              {% if policy.allows("execute") %}
              or
              {use: x, with: {count: 2, more: 3}}
              or
              templates/fragments/standards/a-very-long-name-of-a-fragment.md

1 error""",
    ),
    "no excerpt": (
        [make("file is not UTF-8", code="PP001", excerpt="", hint="save it as UTF-8")],
        80,
        """\
error[PP001]: file is not UTF-8
  --> packs/architect/pack.yaml:10:3
      = help: save it as UTF-8

1 error""",
    ),
    "no line": (
        [make("not a file", line=0, column=0, excerpt="")],
        80,
        """\
error[PP012]: not a file
  --> packs/architect/pack.yaml

1 error""",
    ),
    "no column": (
        [make(column=0, hint=HINT)],
        80,
        """\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10
   10 |   sectoins:
      = help: did you mean 'sections'?

1 error""",
    ),
    "no place": (
        [make("unknown target 'x'", path="", line=0, column=0, excerpt="", hint="use 'y'")],
        80,
        """\
error[PP012]: unknown target 'x'
      = help: use 'y'

1 error""",
    ),
    "findings of one line stand close": (
        [make(name, path="", excerpt="") for name in ("one", "two")],
        80,
        """\
error[PP012]: one
error[PP012]: two
2 errors""",
    ),
    "a warning and an error": (
        [make("one", severity="warning"), make("two", path="")],
        80,
        """\
warning[PP012]: one
  --> packs/architect/pack.yaml:10:3
   10 |   sectoins:
      |   ^^^^^^^^

error[PP012]: two

1 error, 1 warning""",
    ),
    "the same in several places": (
        [
            make(path=f"packs/{name}/pack.yaml", line=line, hint=HINT)
            for name, line in zip("abcde", range(8, 13), strict=True)
        ],
        80,
        """\
error[PP012]: unknown key 'sectoins'
  --> packs/a/pack.yaml:8:3
    8 |   sectoins:
      |   ^^^^^^^^
  --> packs/b/pack.yaml:9:3
    9 |   sectoins:
      |   ^^^^^^^^
  --> packs/c/pack.yaml:10:3
   10 |   sectoins:
      |   ^^^^^^^^
  ... and 2 more places
      = help: did you mean 'sections'?

5 errors""",
    ),
    "a long line number": (
        [make(line=1234567, hint=LONG)],
        80,
        """\
error[PP012]: unknown key 'sectoins'
    --> packs/architect/pack.yaml:1234567:3
1234567 |   sectoins:
        |   ^^^^^^^^
        = help: add 'optional: true' to the use of the fragment, or give it a
                policy that allows execute

1 error""",
    ),
    "tabs are one column": (
        [make(excerpt="\t\tsectoins:\t1", hint=HINT)],
        80,
        """\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:3
   10 |   sectoins: 1
      |   ^^^^^^^^ help: did you mean 'sections'?

1 error""",
    ),
    "wide and combining characters": (
        [make(excerpt="\u540d\u524d cafe\u0301: x", column=9, width=1)],
        80,
        """\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:9
   10 | \u540d\u524d cafe\u0301: x
      |          ^

1 error""",
    ),
    "the caret is as wide as what it marks": (
        [make(excerpt="\u540d\u524d: x", column=1, width=2)],
        80,
        """\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:1
   10 | \u540d\u524d: x
      | ^^^^

1 error""",
    ),
    "hidden characters by name": (
        [make("a\u202eb\nc\x1b[31m", excerpt="x\u202ey: 1", column=3, width=1)],
        80,
        """\
error[PP012]: a<U+202E>b<U+000A>c<U+001B>[31m
  --> packs/architect/pack.yaml:10:3
   10 | x<U+202E>y: 1
      |          ^

1 error""",
    ),
    "no secret": (
        [make(f"unknown key '{TOKEN}'", excerpt=f"  {TOKEN}: 1", width=40)],
        80,
        f"""\
error[PP012]: unknown key '{"•" * 40}'
  --> packs/architect/pack.yaml:10:3
   10 |   {"•" * 40}: 1
      |   {"^" * 40}

1 error""",
    ),
    "the start of a long line": (
        [make(excerpt="ab" * 40, column=5, width=100)],
        40,
        f"""\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:5
   10 | {"ab" * 14}a...
      |     {"^" * 25}

1 error""",
    ),
    "the middle of a long line": (
        [make(excerpt=f"{'a' * 300}here{'b' * 300}", column=301, width=4)],
        40,
        f"""\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:301
   10 | ...{"a" * 16}here{"b" * 6}...
      |    {" " * 16}^^^^

1 error""",
    ),
    "the end of a long line": (
        [make(excerpt=f"{'a' * 300}", column=301, width=1)],
        40,
        f"""\
error[PP012]: unknown key 'sectoins'
  --> packs/architect/pack.yaml:10:301
   10 | ...{"a" * 16}
      |    {" " * 16}^

1 error""",
    ),
}


@pytest.mark.parametrize(("findings", "width", "expected"), CASES.values(), ids=CASES)
def test_the_lines_of_findings(findings: list[Finding], width: int, expected: str) -> None:
    assert render(*findings, width=width) == expected


def test_nothing_wrong_is_no_line() -> None:
    assert render() == ""


def test_the_outcome_follows_the_count() -> None:
    assert render(make(path=""), outcome="; nothing was written").endswith(
        "\n1 error; nothing was written"
    )


@pytest.mark.parametrize("all_places", [False, True])
def test_a_mistake_in_120_packs_is_one_error(all_places: bool) -> None:
    findings = [make(path=f"packs/p{number}/pack.yaml", hint=HINT) for number in range(120)]
    text = render(*findings, all_places=all_places)
    assert text.count("error[") == text.count("help:") == 1
    assert text.count("-->") == (120 if all_places else 3)
    assert ("  ... and 117 more places\n" in text) is not all_places
    assert text.endswith("\n\n120 errors")


@pytest.mark.parametrize("part", ["code", "severity", "message", "hint"])
def test_what_differs_is_not_one_finding(part: str) -> None:
    other = make(**{part: "warning" if part == "severity" else "other"})
    text = render(make(), other)
    assert len([line for line in text.splitlines() if "[" in line]) == 2


def test_each_part_has_its_style() -> None:
    def tag(text: str, role: Role) -> str:
        return f"<{role}>{text}</>"

    lines = [*format_findings([make(hint=HINT), make(hint=LONG)], width=80, style=tag)]
    assert lines[:6] == [
        "<error>error[PP012]</><message>: unknown key 'sectoins'</>",
        "<gutter>  --></> packs/architect/pack.yaml:10:3",
        "<gutter>   10 |</>   sectoins:",
        "<gutter>      |</>   <error>^^^^^^^^</> <help>help:</> did you mean 'sections'?",
        "",
        "<error>error[PP012]</><message>: unknown key 'sectoins'</>",
    ]
    assert lines[9].startswith("<gutter>      =</> <help>help:</> add 'optional: true'")


@pytest.mark.parametrize("width", [40, 41, 80, 200])
@pytest.mark.parametrize("column", [1, 2, 30, 33, 99, 198, 201])
@pytest.mark.parametrize("letter", ["a", "\u540d", "e\u0301"])
def test_a_line_is_as_wide_as_the_terminal_and_shows_its_place(
    width: int, column: int, letter: str
) -> None:
    line = (letter * 200)[:200]
    marked = f"{line[: column - 1]}X{line[column - 1 :]}"
    lines = render(make(excerpt=marked, column=column, width=1), width=width).splitlines()
    shown, caret = lines[2], lines[3]
    assert max(columns(shown), columns(caret)) <= width
    assert columns(shown.partition("X")[0]) == caret.index("^")


def columns(text: str) -> int:
    """Return how many columns a terminal gives a text of these tests."""
    wide = [c for c in text if unicodedata.east_asian_width(c) == "W"]
    return len(text) + len(wide) - text.count("\u0301")
